//! Bytes in a named format.

use std::fmt;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

/// The name of a payload format.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Hessian 2.0.
    Hessian2,
    /// Protocol buffers.
    Protobuf,
    /// JSON text.
    Json,
    /// A format that only its two ends know.
    Other(ByteString),
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hessian2 => "hessian2",
            Self::Protobuf => "protobuf",
            Self::Json => "json",
            Self::Other(name) => name,
        })
    }
}

/// Encoded content: one or more chunks of bytes, shared and never copied on a clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    format: Format,
    first: Bytes,
    rest: Vec<Bytes>,
}

impl Encoded {
    /// Content of one chunk.
    pub fn new(format: Format, bytes: Bytes) -> Self {
        Self { format, first: bytes, rest: Vec::new() }
    }

    /// Content of several chunks, in order.
    pub fn from_chunks(format: Format, chunks: impl IntoIterator<Item = Bytes>) -> Self {
        let mut chunks = chunks.into_iter();
        let first = chunks.next().unwrap_or_default();
        Self { format, first, rest: chunks.collect() }
    }

    /// The format of the bytes.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The chunks, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The length of all chunks, in bytes.
    pub fn len(&self) -> usize {
        self.chunks().map(Bytes::len).sum()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes in one piece, as [`Encoded::contiguous`], without sharing them.
    pub fn into_contiguous(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.contiguous() }
    }

    /// All bytes in one piece; copies only when there are several chunks.
    pub fn contiguous(&self) -> Bytes {
        if self.rest.is_empty() {
            return self.first.clone();
        }
        let mut all = BytesMut::with_capacity(self.len());
        self.chunks().for_each(|c| all.extend_from_slice(c));
        all.freeze()
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoded({}, {} bytes)", self.format, self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_join_in_order() {
        let e = Encoded::from_chunks(Format::Json, [Bytes::from("[1"), Bytes::from(",2]")]);
        assert_eq!(e.len(), 5);
        assert_eq!(e.contiguous(), "[1,2]");
        assert_eq!(format!("{e:?}"), "Encoded(json, 5 bytes)");
    }
}
