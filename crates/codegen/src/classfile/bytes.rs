//! A cursor over the bytes of a class file.

use super::Error;

/// Reads big-endian numbers from a part of a class file.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    /// The place of `rest` in the file.
    offset: usize,
    /// The part of the file that is being read, for errors.
    part: &'static str,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0, part: "header" }
    }

    /// Names the part that comes next.
    pub(super) fn part(&mut self, part: &'static str) {
        self.part = part;
    }

    pub(super) fn error(&self, what: impl Into<String>) -> Error {
        Error { what: what.into(), offset: self.offset, part: self.part }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            let has = self.rest.len();
            return Err(self.error(format!("{len} bytes are expected, {has} are left")));
        };
        self.rest = rest;
        self.offset += len;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        self.take(1).map(|bytes| bytes.first().copied().unwrap_or_default())
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.take(2).map(|bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.take(4).map(|bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    }

    /// The next `len` bytes as a cursor of their own.
    pub(super) fn sub(&mut self, len: usize, part: &'static str) -> Result<Self, Error> {
        let offset = self.offset;
        self.take(len).map(|rest| Self { rest, offset, part })
    }

    /// An empty list with room for `count` items of at least `least` bytes, as far as they can be there.
    pub(super) fn room<T>(&self, count: u16, least: usize) -> Vec<T> {
        Vec::with_capacity(usize::from(count).min(self.rest.len() / least))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
