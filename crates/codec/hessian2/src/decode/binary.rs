//! Binary.

use std::borrow::Cow;

use bytes::Bytes;

use super::Decoder;
use crate::error::{Error, ErrorKind};
use crate::tag;

impl<'de> Decoder<'de> {
    /// Reads a `byte[]`, borrowed when it is one chunk.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) when no `byte[]` is there.
    pub fn read_bytes(&mut self) -> Result<Cow<'de, [u8]>, Error> {
        if self.realizes() && !Self::is_bytes(self.peek()?) {
            return self.realize_bytes().map(Cow::Owned);
        }
        let (first, mut last) = self.binary_chunk()?;
        if last {
            return Ok(Cow::Borrowed(first));
        }
        let mut all = first.to_vec();
        while !last {
            let chunk;
            (chunk, last) = self.binary_chunk()?;
            all.extend_from_slice(chunk);
        }
        self.charge_block(all.len())?;
        Ok(Cow::Owned(all))
    }

    /// Reads a `byte[]` as an owned one.
    ///
    /// # Errors
    /// As [`read_bytes`](Self::read_bytes).
    pub fn read_byte_vec(&mut self) -> Result<Vec<u8>, Error> {
        match self.read_bytes()? {
            Cow::Borrowed(bytes) => {
                self.charge_block(bytes.len())?;
                Ok(bytes.to_vec())
            }
            Cow::Owned(bytes) => Ok(bytes),
        }
    }

    /// Reads a `byte[]`; one in a single chunk shares the memory of the message when the decoder
    /// was made by [`shared`](Self::shared).
    ///
    /// # Errors
    /// As [`read_bytes`](Self::read_bytes).
    pub fn read_shared_bytes(&mut self) -> Result<Bytes, Error> {
        Ok(match (self.read_bytes()?, self.shared) {
            (Cow::Borrowed(bytes), Some(all)) => all.slice_ref(bytes),
            (Cow::Borrowed(bytes), None) => {
                self.charge_block(bytes.len())?;
                Bytes::copy_from_slice(bytes)
            }
            (Cow::Owned(bytes), _) => Bytes::from(bytes),
        })
    }

    /// Reads a `byte[]` that must be borrowed.
    ///
    /// # Errors
    /// As [`read_bytes`](Self::read_bytes), and [`Unsupported`](ErrorKind::Unsupported) when it
    /// arrived in chunks.
    pub fn read_borrowed_bytes(&mut self) -> Result<&'de [u8], Error> {
        let start = self.at.position;
        match self.read_bytes()? {
            Cow::Borrowed(bytes) => Ok(bytes),
            Cow::Owned(_) => Err(Error::new(
                ErrorKind::Unsupported,
                "the byte[] is in chunks and cannot be borrowed; declare Vec<u8> or Cow<[u8]>",
            )
            .at(start)),
        }
    }

    /// Steps over a `byte[]`.
    pub(super) fn skip_bytes(&mut self) -> Result<(), Error> {
        while !self.binary_chunk()?.1 {}
        Ok(())
    }

    /// Returns `true` if a `byte[]` begins with this tag.
    pub(crate) const fn is_bytes(tag: u8) -> bool {
        matches!(tag, 0x20..=0x2f | 0x34..=0x37 | tag::BINARY | tag::BINARY_CHUNK)
    }

    /// Reads a chunk, and says whether it is the last.
    #[inline]
    fn binary_chunk(&mut self) -> Result<(&'de [u8], bool), Error> {
        let tag = self.peek()?;
        if !Self::is_bytes(tag) {
            return Err(self.mismatch("a byte[]"));
        }
        self.at.position += 1;
        let len = match tag {
            0x20..=0x2f => u16::from(tag - 0x20),
            0x34..=0x37 => u16::from_be_bytes([tag - 0x34, self.byte()?]),
            _ => u16::from_be_bytes(self.array()?),
        };
        Ok((self.take(usize::from(len))?, tag != tag::BINARY_CHUNK))
    }
}
