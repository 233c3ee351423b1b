//! The arguments of a call, and the two layouts of encoded ones.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::limits::{DecodeLimits, Tag};
use super::{EncodePayload, Encoded, Format};
use crate::memory::MemoryLimit;
use crate::value::Value;

/// The arguments of a call: any number of values, whose types the method knows.
#[derive(Clone)]
pub enum Args {
    /// Values of Rust types that know how to write themselves, one after the other. A retry
    /// encodes them again.
    Typed {
        /// The number of arguments.
        count: usize,
        /// The values.
        values: Arc<dyn EncodePayload>,
    },
    /// Dynamic values, one an argument.
    Values(Arc<[Value]>),
    /// Bytes: received and not decoded yet, or forwarded untouched.
    Encoded(EncodedArgs),
}

impl Args {
    /// The number of arguments.
    pub fn count(&self) -> usize {
        match self {
            Self::Typed { count, .. } => *count,
            Self::Values(values) => values.len(),
            Self::Encoded(encoded) => encoded.count(),
        }
    }
}

impl fmt::Debug for Args {
    // Arguments may be secret; only the kind is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed { count, .. } => write!(f, "Typed({count} arguments)"),
            Self::Values(values) => write!(f, "Values({} arguments)", values.len()),
            Self::Encoded(encoded) => encoded.fmt(f),
        }
    }
}

/// The arguments of a call as bytes, and their layout. Shared and never copied on a clone.
///
/// Protocols of Dubbo lay the same arguments out in two ways. Whoever forwards a call passes them
/// on as they are; the protocol that sends them converts them if its layout is the other one.
///
/// ```
/// use bytes::Bytes;
/// use dubhe_core::payload::{ArgsLayout, EncodedArgs};
/// use dubhe_core::Format;
///
/// // f(1, "a") as a dubbo body and as Triple's wrapper have it.
/// let dubbo = EncodedArgs::shared(Format::Hessian2, 2, Bytes::from_static(b"\x91\x01a"));
/// let chunks = [Bytes::from_static(b"\x91"), Bytes::from_static(b"\x01a")];
/// let triple = EncodedArgs::separate(Format::Hessian2, chunks);
/// assert_eq!((dubbo.count(), triple.count()), (2, 2));
/// assert!(matches!(triple.layout(), ArgsLayout::Separate([_, second]) if second == "\x01a"));
/// ```
#[derive(Clone)]
pub struct EncodedArgs {
    tag: Tag,
    limits: DecodeLimits,
    layout: Layout,
}

// The count is short for the sake of the size.
#[derive(Clone)]
enum Layout {
    Shared {
        count: u16,
        bytes: Bytes,
    },
    /// A single argument, without an allocation.
    One(Bytes),
    Separate(Arc<[Bytes]>),
}

/// The layout of [`EncodedArgs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgsLayout<'a> {
    /// A single piece with one argument after the other, written by one encoder: the class
    /// definitions, type names and back references of Hessian are numbered over all of them. The
    /// dubbo protocol's.
    Shared {
        /// The number of arguments.
        count: usize,
        /// The bytes of exactly these arguments.
        bytes: &'a Bytes,
    },
    /// A piece for each argument, with a numbering of its own that begins at 0. The layout of
    /// Triple's wrapper.
    Separate(&'a [Bytes]),
}

impl EncodedArgs {
    /// `count` arguments in one piece. `bytes` must be exactly these: a protocol that writes
    /// something behind them does not look for their end again. More than 65,535 count as that
    /// many; a method of Java takes at most 255.
    pub fn shared(format: Format, count: usize, bytes: Bytes) -> Self {
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        Self::new(format, Layout::Shared { count, bytes })
    }

    /// Arguments that are each a piece of its own.
    pub fn separate(format: Format, pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let mut pieces = pieces.into_iter();
        let layout = match (pieces.next(), pieces.next()) {
            (Some(bytes), None) => Layout::One(bytes),
            (first, second) => {
                Layout::Separate(first.into_iter().chain(second).chain(pieces).collect())
            }
        };
        Self::new(format, layout)
    }

    fn new(format: Format, layout: Layout) -> Self {
        let (tag, limits) = DecodeLimits::default().of_format(format);
        Self { tag, limits, layout }
    }

    /// The same arguments with other limits of decoding all of them together.
    #[must_use]
    pub fn with_limits(mut self, limits: DecodeLimits) -> Self {
        let format = self.format().clone();
        (self.tag, self.limits) = limits.of_format(format);
        self
    }

    /// The limits of decoding all of them together.
    pub fn limits(&self) -> &DecodeLimits {
        &self.limits
    }

    /// The limit of the memory that decoding all of them may take.
    pub fn memory(&self) -> MemoryLimit {
        self.limits.memory()
    }

    /// The format of the bytes.
    pub fn format(&self) -> &Format {
        self.limits.format(self.tag)
    }

    /// The layout, with the bytes.
    pub fn layout(&self) -> ArgsLayout<'_> {
        match &self.layout {
            Layout::Shared { count, bytes } => {
                ArgsLayout::Shared { count: usize::from(*count), bytes }
            }
            Layout::One(bytes) => ArgsLayout::Separate(std::slice::from_ref(bytes)),
            Layout::Separate(pieces) => ArgsLayout::Separate(pieces),
        }
    }

    /// The number of arguments.
    pub fn count(&self) -> usize {
        match self.layout() {
            ArgsLayout::Shared { count, .. } => count,
            ArgsLayout::Separate(pieces) => pieces.len(),
        }
    }

    /// The length of all arguments, in bytes.
    pub fn len(&self) -> usize {
        match self.layout() {
            ArgsLayout::Shared { bytes, .. } => bytes.len(),
            ArgsLayout::Separate(pieces) => pieces.iter().map(Bytes::len).sum(),
        }
    }

    /// Returns `true` if there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The only argument as a message; `None` when there are none or several.
    pub fn only(&self) -> Option<Encoded> {
        let only = match self.layout() {
            ArgsLayout::Shared { count: 1, bytes } => {
                Encoded::delimited(self.format().clone(), bytes.clone())
            }
            ArgsLayout::Separate([only]) => Encoded::new(self.format().clone(), only.clone()),
            _ => return None,
        };
        Some(only.with_limits(self.limits.clone()))
    }
}

/// Equality of format, layout and bytes.
impl PartialEq for EncodedArgs {
    fn eq(&self, other: &Self) -> bool {
        self.format() == other.format() && self.layout() == other.layout()
    }
}

impl Eq for EncodedArgs {}

impl fmt::Debug for EncodedArgs {
    // Arguments may be secret; only their number and length are printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = match self.layout() {
            ArgsLayout::Shared { .. } => "shared",
            ArgsLayout::Separate(_) => "separate",
        };
        let (count, format, len) = (self.count(), self.format(), self.len());
        write!(f, "Encoded({count} arguments, {layout}, {format}, {len} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(count: usize) -> Vec<Bytes> {
        (0..count).map(|n| Bytes::from(vec![0x90; n + 1])).collect()
    }

    #[test]
    fn separate_arguments_are_the_pieces_given() {
        for count in [0, 1, 2, 7] {
            let args = EncodedArgs::separate(Format::Hessian2, pieces(count));
            assert_eq!(args.layout(), ArgsLayout::Separate(&pieces(count)));
            assert_eq!((args.count(), args.is_empty()), (count, count == 0));
        }
    }

    #[test]
    fn only_one_argument_is_a_message() {
        let bytes = Bytes::from("NN");
        let shared = |count| EncodedArgs::shared(Format::Hessian2, count, bytes.clone()).only();
        assert!(shared(1).is_some_and(|one| one.is_delimited() && *one.bytes() == bytes));
        assert_eq!([shared(0), shared(2)], [None, None]);
        let separate = |count| EncodedArgs::separate(Format::Hessian2, pieces(count)).only();
        assert!(separate(1).is_some_and(|one| !one.is_delimited()));
        assert_eq!([separate(0), separate(2)], [None, None]);
    }

    #[test]
    fn what_is_printed_is_no_content() {
        let args = Args::Encoded(EncodedArgs::shared(Format::Hessian2, 2, Bytes::from("NN")));
        assert_eq!(format!("{args:?}"), "Encoded(2 arguments, shared, hessian2, 2 bytes)");
        let values = Args::Values([Value::from("secret")].into());
        assert_eq!(format!("{values:?}"), "Values(1 arguments)");
    }
}
