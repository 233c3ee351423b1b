//! The way to a place in a message, in the words of those who wrote JSON: `lines[0].price`.
//!
//! It is found only once something failed, by reading the arguments again up to that place.

use std::fmt::Write as _;

use super::{Decoder, Start};
use crate::error::Error;
use crate::tag;

impl Decoder<'_> {
    /// The number of the argument in which the byte at `offset` lies, from 0, and the way to the value
    /// that begins there, empty for the argument itself. `None` when it lies nowhere.
    pub(crate) fn path_to(&mut self, offset: usize, count: usize) -> Option<(usize, String)> {
        let mut path = String::new();
        for argument in 0..count {
            if self.walk(offset, &mut path).ok()? {
                return Some((argument, path));
            }
        }
        None
    }

    /// Steps over a value; returns `true` and leaves the way in `path` if the offset lies in it.
    fn walk(&mut self, offset: usize, path: &mut String) -> Result<bool, Error> {
        let begin = self.at.position;
        let (start, len) = (self.read_start()?, path.len());
        let mut found = false;
        match start {
            Start::Object(_) => self.object(start, |d, field| {
                if !found {
                    let name = d.field_name(start, field).clone().into_owned();
                    push_name(path, &name);
                    found = d.walk(offset, path)?;
                    reset(path, len, found);
                    return Ok(());
                }
                d.skip_value()
            })?,
            Start::Other(tag @ (0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST)) => {
                self.list(tag, |d, _, items| {
                    let mut index = 0;
                    while !found && items.next(d)? {
                        // Writing to a String does not fail.
                        let _ = write!(path, "[{index}]");
                        found = d.walk(offset, path)?;
                        reset(path, len, found);
                        index += 1;
                    }
                    Ok(())
                })?;
            }
            Start::Other(tag @ (tag::MAP | tag::TYPED_MAP)) => {
                self.map(tag, |d, _, entries| {
                    while !found && entries.next(d)? {
                        let key = d.at.position;
                        let name = d.look_ahead(|d| {
                            Ok(d.decimal_text()?.map(std::borrow::Cow::into_owned))
                        });
                        match name? {
                            Some(name) => push_name(path, &name),
                            None => path.push_str("[key]"),
                        }
                        d.skip_value()?;
                        if (key..d.at.position).contains(&offset) {
                            found = true;
                            d.skip_value()?;
                        } else {
                            found = d.walk(offset, path)?;
                        }
                        reset(path, len, found);
                    }
                    Ok(())
                })?;
            }
            Start::Other(_) => self.skip_value()?,
        }
        Ok(found || (begin..self.at.position).contains(&offset))
    }
}

fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let _ = write!(path, "{}", crate::error::Short(name));
}

fn reset(path: &mut String, len: usize, found: bool) {
    if !found {
        path.truncate(len);
    }
}
