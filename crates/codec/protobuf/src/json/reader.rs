//! The parser: one value after the other, charged to the budget of the text.

use std::borrow::Cow;

use dubhe_core::memory::{BLOCK, Budget};

use super::string::unescape;
use super::{Error, Types, Unknown};

/// The depth to which arrays and objects nest.
pub(super) const MAX_DEPTH: u8 = 127;

/// A JSON text that is being read.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Error, Json, Reader, Writer, from_str};
///
/// /// A text that may not be empty.
/// #[derive(Debug, Default)]
/// struct Name(String);
///
/// impl Json for Name {
///     fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         self.0.write(out)
///     }
///
///     fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
///         self.0.read(json)
///     }
/// }
///
/// assert_eq!(from_str::<Name>("\"Ada\"")?.0, "Ada");
/// assert!(from_str::<Name>("7").is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
    budget: Budget,
    pub(super) types: &'static Types,
    pub(super) unknown: Unknown,
    /// A flag: the next object is the content of an `Any`, with `@type` in it.
    pub(super) in_any: bool,
}

impl<'de> Reader<'de> {
    pub(super) fn new(
        text: &'de str,
        budget: Budget,
        types: &'static Types,
        unknown: Unknown,
    ) -> Self {
        Self { text, at: 0, depth: 0, budget, types, unknown, in_any: false }
    }

    // ---- memory

    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        Ok(self.budget.charge(bytes)?)
    }

    /// Charges one allocation of `bytes`.
    pub(super) fn block(&mut self, bytes: usize) -> Result<(), Error> {
        if bytes == 0 { Ok(()) } else { self.charge(bytes.saturating_add(BLOCK)) }
    }

    /// Charges an element of a list, which has room to grow; the content of a large one, a message,
    /// is charged for itself.
    pub(super) fn element<T>(&mut self) -> Result<(), Error> {
        const SMALL: usize = 32;
        self.charge(size_of::<T>() + size_of::<T>().min(SMALL))
    }

    // ---- tokens

    fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The byte that begins the next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
        None
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn word(&mut self, word: &str) -> bool {
        let taken = self.peek().is_some() && self.rest().starts_with(word.as_bytes());
        if taken {
            self.at += word.len();
        }
        taken
    }

    /// Takes `null`, if it is next.
    ///
    /// # Errors
    /// At the end of the text.
    #[inline]
    pub(super) fn null(&mut self) -> Result<bool, Error> {
        match self.peek() {
            Some(b'n') if self.word("null") => Ok(true),
            Some(_) => Ok(false),
            None => Err(self.error("the text ends where a value is due")),
        }
    }

    pub(super) fn bool(&mut self) -> Result<bool, Error> {
        match self.peek() {
            Some(b't') if self.word("true") => Ok(true),
            Some(b'f') if self.word("false") => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// The text of a number.
    pub(super) fn number(&mut self) -> Result<&'de str, Error> {
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.expected("a number"));
        }
        let begin = self.at;
        let length = super::number::length(self.rest())
            .ok_or_else(|| self.error("a number that is not one of JSON"))?;
        self.at += length;
        Ok(self.text.get(begin..self.at).unwrap_or_default())
    }

    pub(super) fn string(&mut self) -> Result<Cow<'de, str>, Error> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a string"));
        }
        let begin = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = begin;
        let mut escaped = false;
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                Some(found) if rest.get(found) == Some(&b'\\') => {
                    escaped = true;
                    end += found + 2;
                }
                Some(found) => {
                    end += found;
                    break;
                }
                None => return Err(self.error("a string without an end")),
            }
        }
        let raw = self.text.get(begin..end).unwrap_or_default();
        if raw.bytes().any(|byte| byte < b' ') {
            return Err(
                self.error("a control character in a string; write it as \\u and four digits")
            );
        }
        let text = if escaped {
            let text = unescape(raw).ok_or_else(|| {
                self.error("an escape of a string that is none of JSON, or half of a pair")
            })?;
            Cow::Owned(text)
        } else {
            Cow::Borrowed(raw)
        };
        self.at = end + 1;
        Ok(text)
    }

    // ---- arrays and objects

    fn enter(&mut self, open: u8, what: &str) -> Result<(), Error> {
        if self.peek() != Some(open) {
            return Err(self.expected(what));
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error(&format!("recursion limit: it nests deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Returns true if another element follows; the container ends otherwise.
    fn more(&mut self, first: bool, close: u8) -> Result<bool, Error> {
        if self.take(close) {
            self.depth -= 1;
            return Ok(false);
        }
        if first || self.take(b',') {
            return Ok(true);
        }
        let close = char::from(close);
        Err(self.expected(&format!("`,` or `{close}`")))
    }

    /// Reads an array, each element by `read`.
    pub(super) fn array(
        &mut self,
        read: &mut dyn FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.enter(b'[', "an array")?;
        let mut index = 0;
        while self.more(index == 0, b']')? {
            read(self).map_err(|error| error.at(index))?;
            index += 1;
        }
        Ok(())
    }

    /// Reads an object, the value of each key by `read`.
    pub(super) fn object(
        &mut self,
        read: &mut dyn FnMut(&mut Self, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.enter(b'{', "an object")?;
        let mut first = true;
        while self.more(first, b'}')? {
            first = false;
            let key = self.string()?;
            if !self.take(b':') {
                return Err(self.expected("`:`"));
            }
            read(self, &key).map_err(|error| error.within(&key))?;
        }
        Ok(())
    }

    /// Passes over the value that is next.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'{') => self.object(&mut |json, _| json.skip()),
            Some(b'[') => self.array(&mut Self::skip),
            Some(b'"') => self.string().map(drop),
            Some(b't' | b'f') => self.bool().map(drop),
            Some(b'n') if self.word("null") => Ok(()),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => Err(self.expected("a value")),
        }
    }

    /// Looks ahead by `look`, and returns to here. The bytes that it passed are charged, for another
    /// reader passes them again.
    pub(super) fn ahead<T>(
        &mut self,
        look: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (at, depth) = (self.at, self.depth);
        let seen = look(self)?;
        self.charge(self.at - at)?;
        (self.at, self.depth) = (at, depth);
        Ok(seen)
    }

    /// Checks that nothing follows.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("more follows behind the value")),
        }
    }

    // ---- errors

    /// The error here.
    #[cold]
    pub(super) fn error(&self, what: &str) -> Error {
        Error::new(format!("{what} (at byte {})", self.at))
    }

    /// The error of finding something else here.
    #[cold]
    pub(super) fn expected(&mut self, what: &str) -> Error {
        let found = match self.peek() {
            None => "the end of the text",
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b'-' | b'0'..=b'9') => "a number",
            Some(b't' | b'f') => "true or false",
            Some(b'n') => "null",
            Some(_) => "what is no JSON",
        };
        self.error(&format!("expected {what}, found {found}"))
    }
}
