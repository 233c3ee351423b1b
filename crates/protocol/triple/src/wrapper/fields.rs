//! As much of protobuf's wire format as the wrappers need.

use bytes::{Buf, Bytes, BytesMut};

use super::{WrapperError, put_varint};

/// The fields of a message, one by one.
pub(super) struct Fields(Bytes);

impl Fields {
    pub(super) fn new(message: Bytes) -> Self {
        Self(message)
    }

    /// The next field that holds bytes, with its number; other fields are skipped.
    pub(super) fn next_bytes(&mut self) -> Result<Option<(u64, Bytes)>, WrapperError> {
        while !self.0.is_empty() {
            let tag = self.varint()?;
            if tag >> 3 == 0 {
                return Err(WrapperError::Malformed);
            }
            match tag & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.take(8)?),
                2 => {
                    let length = usize::try_from(self.varint()?);
                    let length = length.map_err(|_| WrapperError::Malformed)?;
                    return Ok(Some((tag >> 3, self.take(length)?)));
                }
                5 => drop(self.take(4)?),
                // Groups, which proto3 does not have.
                _ => return Err(WrapperError::Malformed),
            }
        }
        Ok(None)
    }

    fn take(&mut self, length: usize) -> Result<Bytes, WrapperError> {
        if length > self.0.len() {
            return Err(WrapperError::Malformed);
        }
        Ok(self.0.split_to(length))
    }

    fn varint(&mut self) -> Result<u64, WrapperError> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.0.first() else { return Err(WrapperError::Malformed) };
            self.0.advance(1);
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(WrapperError::Malformed)
    }
}

/// Appends a field of bytes, unless it is empty and may be left out, as only the arguments may not.
pub(super) fn put(number: usize, bytes: &[u8], out: &mut BytesMut) {
    if bytes.is_empty() && number != 2 {
        return;
    }
    put_varint(number << 3 | 2, out);
    put_varint(bytes.len(), out);
    out.extend_from_slice(bytes);
}
