//! Lists and maps.

use dubhe_core::memory::BLOCK;

use super::tables::Type;
use super::{Decoder, Start};
use crate::error::{Error, ErrorKind};
use crate::tag;

/// The elements of a list that is being read.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Decoder, Error, to_bytes}; } }
/// use dubhe::hessian2::{Decoder, Error, to_bytes};
///
/// /// Sums a list without keeping it.
/// fn sum(d: &mut Decoder<'_>) -> Result<i32, Error> {
///     d.read_list(|d, items| {
///         let mut sum = 0;
///         while items.next(d)? {
///             sum += d.read_i32()?;
///         }
///         Ok(sum)
///     })
/// }
///
/// let list = to_bytes(&vec![1, 2, 3])?;
/// assert_eq!(sum(&mut Decoder::new(&list))?, 6);
/// # Ok::<(), Error>(())
/// ```
pub struct Items {
    left: Length,
}

/// The entries of a map that is being read.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Decoder, Error, to_bytes}; } }
/// use std::collections::BTreeMap;
/// use dubhe::hessian2::{Decoder, Error, to_bytes};
///
/// /// The keys of a map of numbers.
/// fn keys(d: &mut Decoder<'_>) -> Result<Vec<String>, Error> {
///     d.read_map(|d, entries| {
///         let mut keys = Vec::new();
///         while entries.next(d)? {
///             keys.push(d.read_string()?);
///             d.read_i32()?;
///         }
///         Ok(keys)
///     })
/// }
///
/// let map = to_bytes(&BTreeMap::from([("anna".to_owned(), 3), ("ben".to_owned(), 5)]))?;
/// assert_eq!(keys(&mut Decoder::new(&map))?, ["anna", "ben"]);
/// # Ok::<(), Error>(())
/// ```
pub struct Entries {
    ended: bool,
}

#[derive(Clone, Copy)]
enum Length {
    Known(usize),
    /// The length is not known: a byte ends the container.
    Open,
}

impl Items {
    /// Returns `true` if there is another element: if so, read it before asking again.
    ///
    /// # Errors
    /// [`Truncated`](ErrorKind::Truncated) at the end of the message.
    #[inline]
    pub fn next(&mut self, d: &mut Decoder<'_>) -> Result<bool, Error> {
        match &mut self.left {
            Length::Known(0) => Ok(false),
            Length::Known(left) => {
                *left -= 1;
                Ok(true)
            }
            Length::Open => {
                let end = d.read_end()?;
                if end {
                    self.left = Length::Known(0);
                }
                Ok(!end)
            }
        }
    }

    /// The number of elements that are left, unless only the end of the list says so.
    pub(crate) fn known(&self) -> Option<usize> {
        match self.left {
            Length::Known(left) => Some(left),
            Length::Open => None,
        }
    }

    /// A capacity worth reserving for the elements that are left. It never exceeds what the bytes
    /// at hand can hold, whatever the message declares.
    pub fn capacity(&self, d: &Decoder<'_>) -> usize {
        match self.left {
            Length::Known(left) => left.min(d.remaining().len()),
            Length::Open => 0,
        }
    }

    /// A vector with room for the elements that are left, charged to the
    /// [budget](Decoder::memory). Before pushing one, call [`Decoder::make_room`], since only
    /// the end of some lists says how many there are.
    ///
    /// # Errors
    /// [`Limit`](ErrorKind::Limit) when the budget has less.
    #[inline]
    pub fn vec<T>(&self, d: &mut Decoder<'_>) -> Result<Vec<T>, Error> {
        let capacity = self.capacity(d);
        if capacity > 0 {
            d.charge(capacity.saturating_mul(size_of::<T>()).saturating_add(BLOCK))?;
        }
        Ok(Vec::with_capacity(capacity))
    }
}

impl Entries {
    /// Returns `true` if there is another entry: if so, read its key and its value before asking again.
    ///
    /// # Errors
    /// [`Truncated`](ErrorKind::Truncated) at the end of the message.
    #[inline]
    pub fn next(&mut self, d: &mut Decoder<'_>) -> Result<bool, Error> {
        self.ended = self.ended || d.read_end()?;
        Ok(!self.ended)
    }
}

impl Decoder<'_> {
    /// Reads a list, set or array of any class. `read` asks [`Items::next`] and reads each
    /// element; what it leaves is skipped.
    ///
    /// # Errors
    /// Those of `read`; [`Mismatch`](ErrorKind::Mismatch) when no list is there.
    #[inline]
    pub fn read_list<T>(
        &mut self,
        read: impl FnOnce(&mut Self, &mut Items) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self.peek()? {
            tag @ (0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST) => {
                self.list(tag, |d, _, items| read(d, items))
            }
            tag::REFERENCE => self.follow(|d| d.read_list(read)),
            tag::CLASS | tag::OBJECT | 0x60..=0x6f => self.list_in_handle(read),
            _ => Err(self.mismatch("a list")),
        }
    }

    /// Reads a map of any class. `read` asks [`Entries::next`] and reads each key and value; the
    /// entries that it leaves are skipped.
    ///
    /// # Errors
    /// Those of `read`; [`Mismatch`](ErrorKind::Mismatch) when no map is there.
    #[inline]
    pub fn read_map<T>(
        &mut self,
        read: impl FnOnce(&mut Self, &mut Entries) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self.peek()? {
            tag @ (tag::MAP | tag::TYPED_MAP) => self.map(tag, |d, _, entries| read(d, entries)),
            tag::REFERENCE => self.follow(|d| d.read_map(read)),
            _ => Err(self.mismatch("a map")),
        }
    }

    /// Reads the list that begins with `tag`, which is next. `read` also gets the number of its
    /// type.
    #[inline]
    pub(crate) fn list<T>(
        &mut self,
        tag: u8,
        read: impl FnOnce(&mut Self, Option<usize>, &mut Items) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.container(|d| {
            d.at.position += 1;
            let class = match tag {
                0x70..=0x77 | tag::TYPED_LIST_OPEN | tag::TYPED_LIST => Some(d.read_type()?),
                _ => None,
            };
            let left = match tag {
                0x70..=0x7f => Length::Known(usize::from(tag & 7)),
                tag::TYPED_LIST | tag::LIST => Length::Known(d.read_small("a length")?),
                _ => Length::Open,
            };
            let mut items = Items { left };
            let read = read(d, class, &mut items)?;
            while items.next(d)? {
                d.skip_value()?;
            }
            Ok(read)
        })
    }

    /// Reads the map that begins with `tag`, which is next.
    #[inline]
    pub(crate) fn map<T>(
        &mut self,
        tag: u8,
        read: impl FnOnce(&mut Self, Option<usize>, &mut Entries) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.container(|d| {
            d.at.position += 1;
            let class = if tag == tag::TYPED_MAP { Some(d.read_type()?) } else { None };
            let mut entries = Entries { ended: false };
            let read = read(d, class, &mut entries)?;
            while entries.next(d)? {
                d.skip_value()?;
                d.skip_value()?;
            }
            Ok(read)
        })
    }

    /// Opens the container whose tag is next, and closes it after `read`.
    #[inline]
    pub(crate) fn container<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (number, was_open) = self.open()?;
        self.depth += 1;
        let read = read(self)?;
        self.depth -= 1;
        self.close(number, was_open);
        Ok(read)
    }

    #[inline]
    fn read_end(&mut self) -> Result<bool, Error> {
        let end = self.peek()? == tag::END;
        self.at.position += usize::from(end);
        Ok(end)
    }

    /// Reads the type of a list or map: text, or the number of a type read before.
    pub(super) fn read_type(&mut self) -> Result<usize, Error> {
        let number = self.at.types as usize;
        if !Self::is_str(self.peek()?) {
            let start = self.at.position;
            return match self.read_small::<u32>("the number of a type")? {
                n if n < self.at.types => {
                    self.uses.types = true;
                    Ok(n as usize)
                }
                n => Err(Error::new(
                    ErrorKind::Reference,
                    format!("type {n} is used before it is named; the message is corrupt"),
                )
                .at(start)),
            };
        }
        self.at.types += 1;
        if number < self.tables.types.len() {
            self.skip_str()?;
        } else {
            let text = self.read_str()?;
            self.charge(2 * size_of::<Type<'_>>())?;
            self.tables.types.push(Type { text, name: None });
        }
        Ok(number)
    }

    /// An `EnumSet` travels as an object that holds its elements in an array.
    #[cold]
    fn list_in_handle<T>(
        &mut self,
        read: impl FnOnce(&mut Self, &mut Items) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let start = self.at.position;
        let class = self.read_start()?;
        if !matches!(class, Start::Object(number) if self.class_name(number).ends_with(".EnumSetHandler"))
        {
            self.at.position = start;
            return Err(self.mismatch("a list"));
        }
        let (mut read, mut found) = (Some(read), None);
        self.object(class, |d, field| {
            match (&**d.field_name(class, field), read.take()) {
                ("objects", Some(read)) => found = Some(d.read_list(read)?),
                (_, left) => {
                    read = left;
                    d.skip_value()?;
                }
            }
            Ok(())
        })?;
        found.ok_or_else(|| Error::missing_field("EnumSetHandler", "objects"))
    }
}
