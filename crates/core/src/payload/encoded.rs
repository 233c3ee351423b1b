//! Bytes in a named format.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;

use super::limits::{DecodeLimits, Tag};
use crate::memory::MemoryLimit;

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
    /// A format that only its two ends know; rare, and so in a box: a format is moved with every
    /// call.
    Other(Box<ByteString>),
}

impl Format {
    /// The format of this name.
    pub fn other(name: impl Into<ByteString>) -> Self {
        Self::Other(Box::new(name.into()))
    }
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

/// A message as bytes, shared and never copied on a clone. The arguments of a call are
/// [`EncodedArgs`](super::EncodedArgs).
///
/// ```
/// # mod dubhe { pub mod payload { pub use dubhe_core::{Encoded, Format}; } }
/// use dubhe::payload::{Encoded, Format};
///
/// // What a gateway passes on as it came.
/// let encoded = Encoded::new(Format::Json, r#"{"name":"Dubhe"}"#.into());
/// assert_eq!(encoded.len(), 16);
/// let (format, bytes) = encoded.into_parts();
/// assert_eq!(format, Format::Json);
/// assert_eq!(&bytes[..1], b"{");
/// ```
#[derive(Clone)]
pub struct Encoded {
    tag: Tag,
    delimited: bool,
    limits: DecodeLimits,
    bytes: Bytes,
}

impl Encoded {
    /// A message as it came, or as somebody wrote it.
    pub fn new(format: Format, bytes: Bytes) -> Self {
        let (tag, limits) = DecodeLimits::default().of_format(format);
        Self { tag, delimited: false, limits, bytes }
    }

    /// A message whose end was found by reading: `bytes` are exactly one value. A protocol that
    /// writes values one behind the other does not look for the end again.
    pub fn delimited(format: Format, bytes: Bytes) -> Self {
        Self { delimited: true, ..Self::new(format, bytes) }
    }

    /// The same message with other limits of decoding it.
    #[must_use]
    pub fn with_limits(mut self, limits: DecodeLimits) -> Self {
        let format = self.format().clone();
        (self.tag, self.limits) = limits.of_format(format);
        self
    }

    /// The limits of decoding it.
    pub fn limits(&self) -> &DecodeLimits {
        &self.limits
    }

    /// The limit of the memory that decoding it may take.
    pub fn memory(&self) -> MemoryLimit {
        self.limits.memory()
    }

    /// The format of the bytes.
    pub fn format(&self) -> &Format {
        self.limits.format(self.tag)
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The format and the bytes.
    pub fn into_parts(self) -> (Format, Bytes) {
        (self.format().clone(), self.bytes)
    }

    /// Returns `true` if the bytes are known to be exactly one value.
    pub fn is_delimited(&self) -> bool {
        self.delimited
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns `true` if there is no byte.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Equality of format and bytes.
impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.format() == other.format() && self.bytes == other.bytes
    }
}

impl Eq for Encoded {}

impl fmt::Debug for Encoded {
    // Contents may be secret; only the length is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoded({}, {} bytes)", self.format(), self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_no_content() {
        let encoded = Encoded::new(Format::other("x"), Bytes::from("secret"));
        assert_eq!(format!("{encoded:?}"), "Encoded(x, 6 bytes)");
    }

    #[test]
    fn the_same_bytes_are_equal_however_their_end_is_known() {
        let bytes = Bytes::from("N");
        let delimited = Encoded::delimited(Format::Hessian2, bytes.clone());
        assert_eq!(delimited, Encoded::new(Format::Hessian2, bytes.clone()));
        assert_ne!(delimited, Encoded::delimited(Format::Json, bytes));
    }
}
