//! Arguments that are each a message of its own, as one encoder would have written them.

use std::borrow::Cow;

use bytes::Bytes;

use super::is_bound;
use super::renumber::Renumber;
use crate::decode::Cursor;
use crate::{Decoder, Error, Limits};

/// Gives arguments that are each a message of its own one numbering. What is returned is to be
/// written piece after piece.
///
/// It is `arguments` themselves where each of them reads the same behind the others. Otherwise
/// those that do still share their memory, among them the first.
///
/// # Errors
/// When one of them is not exactly one value: its bytes could pass for the next argument, or for
/// the attachments behind.
pub fn join(arguments: &[Bytes]) -> Result<Cow<'_, [Bytes]>, Error> {
    let mut before = Cursor::default();
    for (index, argument) in arguments.iter().enumerate() {
        let mut d = Decoder::new(argument);
        let alike = read(&mut d, before).map_err(|e| e.of_argument(index, arguments.len()))?;
        if !alike {
            return renumber(arguments).map(Cow::Owned);
        }
        before.advance(d.cursor());
    }
    Ok(Cow::Borrowed(arguments))
}

/// Reads one argument to its end, and says that it reads the same behind what has filled the
/// tables up to `before`.
fn read(d: &mut Decoder<'_>, before: Cursor) -> Result<bool, Error> {
    d.skip_value()?;
    d.end()?;
    let end = d.cursor();
    // One encoder names a class and a type once, and not every reader takes them twice.
    let again = end.types > 0 && before.types > 0 || end.classes > 0 && before.classes > 0;
    Ok(!again && !is_bound(d.take_uses(), before))
}

fn renumber(arguments: &[Bytes]) -> Result<Vec<Bytes>, Error> {
    let length = arguments.iter().map(Bytes::len).sum();
    let mut renumber = Renumber::new(Limits::default().unfolded(length));
    let mut pieces = Vec::with_capacity(arguments.len());
    let mut before = Cursor::default();
    for (index, argument) in arguments.iter().enumerate() {
        let mut d = Decoder::new(argument);
        let of_argument = |e: Error| e.of_argument(index, arguments.len());
        if read(&mut d, before).map_err(of_argument)? {
            pieces.extend(renumber.take());
            pieces.push(argument.clone());
            renumber.pass(&d);
        } else {
            d.rewind(Cursor::default());
            renumber.begin_source();
            renumber.value(&mut d).map_err(of_argument)?;
        }
        before.advance(d.cursor());
    }
    pieces.extend(renumber.take());
    Ok(pieces)
}
