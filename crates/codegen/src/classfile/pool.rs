//! The constant pool: names and types are indices into it.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::Error;
use super::bytes::Bytes;

/// A constant, as far as declarations refer to it.
enum Constant<'a> {
    /// A text, which is decoded when it is first asked for. Whoever refers to it shares it: a class file
    /// may name one long text thousands of times.
    Utf8(&'a [u8], OnceCell<Arc<str>>),
    /// The index of the name of a class.
    Class(u16),
    /// Any other one, the second half of a number of eight bytes, and the place 0.
    Other,
}

/// The constants of a class file.
pub(super) struct Pool<'a> {
    constants: Vec<Constant<'a>>,
    /// The bytes of all texts that were decoded.
    decoded: Cell<usize>,
}

impl<'a> Pool<'a> {
    pub(super) fn read(bytes: &mut Bytes<'a>) -> Result<Self, Error> {
        bytes.part("constant pool");
        let count = bytes.u16()?;
        let mut constants = bytes.room(count, 3);
        constants.push(Constant::Other);
        while constants.len() < usize::from(count) {
            let tag = bytes.u8()?;
            let constant = match tag {
                1 => {
                    let len = bytes.u16()?;
                    Constant::Utf8(bytes.take(usize::from(len))?, OnceCell::new())
                }
                7 => Constant::Class(bytes.u16()?),
                8 | 16 | 19 | 20 => skip(bytes, 2)?,
                15 => skip(bytes, 3)?,
                3 | 4 | 9..=12 | 17 | 18 => skip(bytes, 4)?,
                5 | 6 => {
                    // JVMS 4.4.5: such a constant takes two places.
                    constants.push(Constant::Other);
                    skip(bytes, 8)?
                }
                _ => return Err(bytes.error(format!("{tag} is no tag of a constant"))),
            };
            constants.push(constant);
        }
        Ok(Self { constants, decoded: Cell::new(0) })
    }

    /// The bytes of all texts that were decoded, each once.
    pub(super) fn decoded(&self) -> usize {
        self.decoded.get()
    }

    /// The text at the index that `bytes` has next.
    pub(super) fn text(&self, bytes: &mut Bytes<'_>) -> Result<Arc<str>, Error> {
        let before = *bytes;
        let index = bytes.u16()?;
        self.utf8(index).ok_or_else(|| before.error(format!("constant {index} is no text")))
    }

    /// The internal name of the class at the index that `bytes` has next; none where that is 0.
    pub(super) fn class(&self, bytes: &mut Bytes<'_>) -> Result<Option<Arc<str>>, Error> {
        let before = *bytes;
        let index = bytes.u16()?;
        let name = match self.constants.get(usize::from(index)) {
            _ if index == 0 => return Ok(None),
            Some(Constant::Class(name)) => self.utf8(*name),
            _ => None,
        };
        name.map(Some).ok_or_else(|| before.error(format!("constant {index} is no class")))
    }

    fn utf8(&self, index: u16) -> Option<Arc<str>> {
        match self.constants.get(usize::from(index)) {
            Some(Constant::Utf8(bytes, text)) => {
                let text = text.get_or_init(|| {
                    let text = decode(bytes);
                    self.decoded.set(self.decoded.get().saturating_add(text.len()));
                    text
                });
                Some(text.clone())
            }
            _ => None,
        }
    }
}

fn skip<'a>(bytes: &mut Bytes<'a>, len: usize) -> Result<Constant<'a>, Error> {
    bytes.take(len).map(|_| Constant::Other)
}

/// Decodes modified UTF-8 (JVMS 4.4.7): zero takes two bytes, and a character beyond the basic plane is
/// two surrogates of three bytes each. What is none becomes U+FFFD.
fn decode(bytes: &[u8]) -> Arc<str> {
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| bytes.is_ascii()) {
        return text.into();
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let low =
            |at: usize| after.get(at).filter(|b| **b & 0xC0 == 0x80).map(|b| u16::from(b & 0x3F));
        let (unit, len) = match (first, low(0), low(1)) {
            (0x01..=0x7F, ..) => (u16::from(*first), 0),
            (0xC0..=0xDF, Some(second), _) => (u16::from(first & 0x1F) << 6 | second, 1),
            (0xE0..=0xEF, Some(second), Some(third)) => {
                (u16::from(first & 0x0F) << 12 | second << 6 | third, 2)
            }
            _ => (0xFFFD, 0),
        };
        units.push(unit);
        rest = after.get(len..).unwrap_or_default();
    }
    String::from_utf16_lossy(&units).into()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn modified_utf8_is_decoded() {
        assert_eq!(&*decode(b"java/lang/Object"), "java/lang/Object");
        assert_eq!(&*decode("Größe/中".as_bytes()), "Größe/中");
        assert_eq!(&*decode(b"a\xC0\x80b"), "a\0b");
        assert_eq!(&*decode(b"\xED\xA0\xBD\xED\xB8\x80!"), "\u{1F600}!");
    }

    #[test]
    fn what_is_none_is_replaced() {
        assert_eq!(&*decode(b"a\xFFb\0\xED\xA0\xBD\xE4"), "a\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}");
        assert_eq!(&*decode(b"\xC3"), "\u{FFFD}");
    }
}
