//! Strings.
//!
//! A length counts UTF-16 units. Java encodes each unit on its own, so a character beyond the
//! basic plane is two sequences of three bytes (CESU-8); old writers other than Java used one of
//! four, counting two. A surrogate without its other half, legal in Java, becomes U+FFFD.

use std::borrow::Cow;

use bytestring::ByteString;

use super::Decoder;
use crate::error::{Error, ErrorKind};
use crate::tag;

impl<'de> Decoder<'de> {
    /// Reads a string, borrowed when its bytes are UTF-8 in one chunk. A number or boolean gives
    /// its text, as in Java.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) when no string is there, [`Text`](ErrorKind::Text) when
    /// it is malformed.
    #[inline]
    pub fn read_str(&mut self) -> Result<Cow<'de, str>, Error> {
        match self.ascii_str() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.read_wide_str(),
        }
    }

    /// Reads a string as an owned one.
    ///
    /// # Errors
    /// As [`read_str`](Self::read_str).
    #[inline]
    pub fn read_string(&mut self) -> Result<String, Error> {
        match self.ascii_str() {
            Some(text) => {
                self.charge_block(text.len())?;
                Ok(text.to_owned())
            }
            None => match self.read_wide_str()? {
                Cow::Borrowed(text) => {
                    self.charge_block(text.len())?;
                    Ok(text.to_owned())
                }
                Cow::Owned(text) => Ok(text),
            },
        }
    }

    /// Reads the string that is next if it is short and all ASCII, and so as many bytes as units.
    #[inline]
    fn ascii_str(&mut self) -> Option<&'de str> {
        let rest = self.remaining();
        let (header, units) = match *rest {
            [tag @ 0..=0x1f, ..] => (1, usize::from(tag)),
            [tag @ 0x30..=0x33, low, ..] => (2, usize::from(u16::from_be_bytes([tag - 0x30, low]))),
            _ => return None,
        };
        let text = dubhe_text::ascii(rest.get(header..header + units)?)?;
        self.at.position += header + units;
        Some(text)
    }

    #[cold]
    fn read_wide_str(&mut self) -> Result<Cow<'de, str>, Error> {
        let start = self.at.position;
        if Self::is_str(self.peek()?) {
            let (units, last) = self.chunk_header()?;
            let (len, plain) = self.measure(units)?;
            if last
                && plain
                && let Ok(text) = std::str::from_utf8(self.take(len)?)
            {
                return Ok(Cow::Borrowed(text));
            }
        }
        self.at.position = start;
        let text = self.owned_str()?;
        self.charge_block(text.len())?;
        Ok(Cow::Owned(text))
    }

    /// Reads a string that must be borrowed.
    ///
    /// # Errors
    /// As [`read_str`](Self::read_str), and [`Text`](ErrorKind::Text) when the string arrived in
    /// chunks or with characters beyond the basic plane.
    #[inline]
    pub fn read_borrowed_str(&mut self) -> Result<&'de str, Error> {
        match self.ascii_str() {
            Some(text) => Ok(text),
            None => self.borrow_wide_str(),
        }
    }

    #[cold]
    fn borrow_wide_str(&mut self) -> Result<&'de str, Error> {
        let start = self.at.position;
        match self.read_wide_str()? {
            Cow::Borrowed(text) => Ok(text),
            Cow::Owned(_) => Err(Error::new(
                ErrorKind::Text,
                "the string is in chunks or beyond the basic plane and cannot be borrowed; \
                 declare String or Cow<str>",
            )
            .at(start)),
        }
    }

    /// Reads a string that shares the memory of the message when the decoder was made by
    /// [`shared`](Self::shared) and the string can be borrowed.
    ///
    /// # Errors
    /// As [`read_str`](Self::read_str).
    pub fn read_shared_str(&mut self) -> Result<ByteString, Error> {
        Ok(match (self.read_str()?, self.shared) {
            (Cow::Borrowed(text), Some(all)) => dubhe_text::share(all, text),
            (Cow::Borrowed(text), None) => {
                self.charge_block(text.len())?;
                text.into()
            }
            (Cow::Owned(text), _) => text.into(),
        })
    }

    /// Reads a string as UTF-16 units, lone surrogates included: Java's `char[]`.
    ///
    /// # Errors
    /// As [`read_str`](Self::read_str).
    pub fn read_char_units(&mut self) -> Result<Vec<u16>, Error> {
        if self.realizes() && !Self::is_str(self.peek()?) {
            return self.realize_chars();
        }
        let mut units = Vec::new();
        self.each_unit(&mut |unit| units.push(unit))?;
        self.charge_block(size_of_val(&*units))?;
        Ok(units)
    }

    /// Steps over a string.
    pub(super) fn skip_str(&mut self) -> Result<(), Error> {
        loop {
            let (units, last) = self.chunk_header()?;
            self.at.position += self.measure(units)?.0;
            if last {
                return Ok(());
            }
        }
    }

    /// Returns `true` if a string begins with this tag.
    pub(crate) const fn is_str(tag: u8) -> bool {
        matches!(tag, 0..=0x1f | 0x30..=0x33 | tag::STRING | tag::STRING_CHUNK)
    }

    /// Takes the header of a chunk: its length in units, and whether it is the last.
    fn chunk_header(&mut self) -> Result<(usize, bool), Error> {
        let tag = self.peek()?;
        if !Self::is_str(tag) {
            return Err(self.mismatch("a string"));
        }
        self.at.position += 1;
        let units = match tag {
            0..=0x1f => u16::from(tag),
            0x30..=0x33 => u16::from_be_bytes([tag - 0x30, self.byte()?]),
            _ => u16::from_be_bytes(self.array()?),
        };
        Ok((usize::from(units), tag != tag::STRING_CHUNK))
    }

    /// Counts the bytes that the next `units` take, and tells if they can be read as UTF-8.
    fn measure(&self, units: usize) -> Result<(usize, bool), Error> {
        let rest = self.remaining();
        if rest.get(..units).is_some_and(dubhe_text::is_ascii) {
            return Ok((units, true));
        }
        let (mut at, mut counted, mut plain) = (0, 0, true);
        while counted < units {
            let lead = *rest.get(at).ok_or_else(|| self.truncated())?;
            let (len, more) = match lead {
                0..=0x7f => (1, 1),
                0xc0..=0xdf => (2, 1),
                0xe0..=0xef => {
                    plain &= lead != 0xed || matches!(rest.get(at + 1), Some(0..=0x9f));
                    (3, 1)
                }
                0xf0..=0xf7 => (4, 2),
                _ => return Err(self.malformed(at)),
            };
            at += len;
            counted += more;
        }
        if at > rest.len() {
            return Err(self.truncated());
        }
        if counted > units {
            return Err(self.malformed(at));
        }
        Ok((at, plain))
    }

    #[cold]
    fn owned_str(&mut self) -> Result<String, Error> {
        if !Self::is_str(self.peek()?) {
            return self.text_of_number();
        }
        let mut text = String::new();
        let mut high = None;
        self.each_unit(&mut |unit| {
            let pair = high.take().map(|high| [high, unit]);
            match (pair, unit) {
                (Some(pair), 0xdc00..=0xdfff) => text.push_str(&String::from_utf16_lossy(&pair)),
                (lone, _) => {
                    if lone.is_some() {
                        text.push(char::REPLACEMENT_CHARACTER);
                    }
                    match unit {
                        0xd800..=0xdbff => high = Some(unit),
                        _ => text.push(
                            char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER),
                        ),
                    }
                }
            }
        })?;
        if high.is_some() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        Ok(text)
    }

    /// Reads a string unit by unit, over all its chunks.
    fn each_unit(&mut self, see: &mut impl FnMut(u16)) -> Result<(), Error> {
        loop {
            let (units, last) = self.chunk_header()?;
            let (len, _) = self.measure(units)?;
            let mut bytes = self.take(len)?;
            while !bytes.is_empty() {
                let Some((code, rest)) = next_code(bytes) else {
                    self.at.position -= bytes.len();
                    return Err(self.malformed(0));
                };
                match code {
                    Code::Unit(unit) => see(unit),
                    Code::Wide(c) => c.encode_utf16(&mut [0; 2]).iter().for_each(|u| see(*u)),
                }
                bytes = rest;
            }
            if last {
                return Ok(());
            }
        }
    }

    fn text_of_number(&mut self) -> Result<String, Error> {
        use super::number::Number;
        if self.realizes()
            && let Some(text) = self.decimal_text()?
        {
            return Ok(text.into_owned());
        }
        match self.peek()? {
            tag::TRUE | tag::FALSE => Ok(self.read_bool()?.to_string()),
            tag::NULL => Err(self.mismatch("a string")),
            _ => Ok(match self.number("a string")? {
                Number::Int(v) => v.to_string(),
                Number::Long(v) => v.to_string(),
                Number::Double(v) => format!("{v:?}"),
            }),
        }
    }

    #[cold]
    fn malformed(&self, ahead: usize) -> Error {
        Error::new(ErrorKind::Text, "the string is malformed: its bytes are not UTF-8 nor CESU-8")
            .at(self.at.position + ahead)
    }
}

/// A sequence of bytes: a UTF-16 unit, or a character beyond the basic plane.
enum Code {
    Unit(u16),
    Wide(char),
}

fn next_code(bytes: &[u8]) -> Option<(Code, &[u8])> {
    let low = |b: u8| (b & 0xc0 == 0x80).then_some(u16::from(b & 0x3f));
    Some(match *bytes {
        [a @ 0..=0x7f, ref rest @ ..] => (Code::Unit(a.into()), rest),
        [a @ 0xc0..=0xdf, b, ref rest @ ..] => {
            (Code::Unit(u16::from(a & 0x1f) << 6 | low(b)?), rest)
        }
        [a @ 0xe0..=0xef, b, c, ref rest @ ..] => {
            (Code::Unit(u16::from(a & 0x0f) << 12 | low(b)? << 6 | low(c)?), rest)
        }
        [0xf0..=0xf7, _, _, _, ref rest @ ..] => {
            let text = std::str::from_utf8(bytes.get(..4)?).ok()?;
            (Code::Wide(text.chars().next()?), rest)
        }
        _ => return None,
    })
}
