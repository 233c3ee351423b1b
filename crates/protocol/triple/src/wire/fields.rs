//! Protobuf's wire format, as far as wrappers and error details need it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes that are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The fields of a message, one by one.
pub(crate) struct Fields(Bytes);

impl Fields {
    pub(crate) fn new(message: Bytes) -> Self {
        Self(message)
    }

    /// The next field that holds bytes, with its number; other fields are skipped.
    pub(crate) fn next_bytes(&mut self) -> Result<Option<(u64, Bytes)>, Malformed> {
        while !self.0.is_empty() {
            let tag = self.varint()?;
            if tag >> 3 == 0 {
                return Err(Malformed);
            }
            match tag & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.take(8)?),
                2 => {
                    let length = usize::try_from(self.varint()?);
                    let length = length.map_err(|_| Malformed)?;
                    return Ok(Some((tag >> 3, self.take(length)?)));
                }
                5 => drop(self.take(4)?),
                // Groups, which proto3 does not have.
                _ => return Err(Malformed),
            }
        }
        Ok(None)
    }

    fn take(&mut self, length: usize) -> Result<Bytes, Malformed> {
        if length > self.0.len() {
            return Err(Malformed);
        }
        Ok(self.0.split_to(length))
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.0.first() else { return Err(Malformed) };
            self.0.advance(1);
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(Malformed)
    }
}

/// Appends a varint.
fn put_varint(mut n: usize, out: &mut BytesMut) {
    while n >= 0x80 {
        out.put_u8(u8::try_from(n & 0x7f).unwrap_or_default() | 0x80);
        n >>= 7;
    }
    out.put_u8(u8::try_from(n).unwrap_or_default());
}

/// Appends a field that is a number.
pub(crate) fn put_number(field: usize, n: usize, out: &mut BytesMut) {
    put_varint(field << 3, out);
    put_varint(n, out);
}

/// Appends a field of bytes.
pub(crate) fn put(field: usize, bytes: &[u8], out: &mut BytesMut) {
    put_varint(field << 3 | 2, out);
    put_varint(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends a field of bytes, unless it is empty and so the default.
pub(crate) fn put_some(field: usize, bytes: &[u8], out: &mut BytesMut) {
    if !bytes.is_empty() {
        put(field, bytes, out);
    }
}
