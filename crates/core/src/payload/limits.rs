//! The limits of decoding, which travel with bytes that nobody has decoded yet.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::Format;
use crate::memory::MemoryLimit;

/// The limits with which bytes are decoded: of the memory of their values, and those that codecs have
/// besides, each found by its type.
///
/// A protocol makes them of its options once a connection; payloads share them. The default ones take
/// no memory.
///
/// ```
/// use dubhe_core::memory::MemoryLimit;
/// use dubhe_core::payload::DecodeLimits;
///
/// #[derive(Debug, PartialEq)]
/// struct Depth(u16);
///
/// let limits = DecodeLimits::new(MemoryLimit::new(16, 1 << 20)).with(Depth(7));
/// assert_eq!(limits.memory().factor(), 16);
/// assert_eq!(limits.get(), Some(&Depth(7)));
/// assert_eq!(limits.get::<u16>(), None);
/// ```
#[derive(Clone, Default)]
pub struct DecodeLimits(Option<Arc<Carried>>);

#[derive(Clone, Default)]
struct Carried {
    memory: MemoryLimit,
    codecs: Vec<Arc<dyn Any + Send + Sync>>,
    /// The format of the bytes, where it has no [`Tag`] of its own.
    format: Option<Format>,
}

impl DecodeLimits {
    /// Limits of the memory alone.
    pub fn new(memory: MemoryLimit) -> Self {
        if memory == MemoryLimit::default() {
            return Self::default();
        }
        Self(Some(Arc::new(Carried { memory, ..Carried::default() })))
    }

    /// The same limits and those of a codec, which finds them by their type.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(self, limits: T) -> Self {
        let mut carried = self.0.unwrap_or_default();
        let own = Arc::make_mut(&mut carried);
        own.codecs.retain(|known| !known.is::<T>());
        own.codecs.push(Arc::new(limits));
        Self(Some(carried))
    }

    /// The limit of the memory that decoding may take.
    pub fn memory(&self) -> MemoryLimit {
        self.0.as_ref().map_or_else(MemoryLimit::default, |carried| carried.memory)
    }

    /// The limits of a codec; `None` for its default ones.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.codecs.iter().find_map(|limits| limits.downcast_ref())
    }

    /// The same limits for bytes of `format`, and its tag.
    pub(super) fn of_format(mut self, format: Format) -> (Tag, Self) {
        let tag = match format {
            Format::Hessian2 => Tag::Hessian2,
            Format::Protobuf => Tag::Protobuf,
            Format::Json => Tag::Json,
            other @ Format::Other(_) => {
                let mut carried = self.0.unwrap_or_default();
                Arc::make_mut(&mut carried).format = Some(other);
                self = Self(Some(carried));
                Tag::Other
            }
        };
        (tag, self)
    }

    /// The format of bytes that have this tag.
    pub(super) fn format(&self, tag: Tag) -> &Format {
        match tag {
            Tag::Hessian2 => &HESSIAN2,
            Tag::Protobuf => &PROTOBUF,
            Tag::Json => &JSON,
            Tag::Other => {
                self.0.as_ref().and_then(|carried| carried.format.as_ref()).unwrap_or(&HESSIAN2)
            }
        }
    }
}

/// Equality of limits that were made together.
impl PartialEq for DecodeLimits {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        }
    }
}

impl fmt::Debug for DecodeLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeLimits").field("memory", &self.memory()).finish_non_exhaustive()
    }
}

/// The format of bytes, in one of its own: with the whole [`Format`] payloads would not fit a cache
/// line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Hessian2,
    Protobuf,
    Json,
    /// Another one, which is with the limits.
    Other,
}

static HESSIAN2: Format = Format::Hessian2;
static PROTOBUF: Format = Format::Protobuf;
static JSON: Format = Format::Json;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_has_its_last_limits_and_the_default_ones_take_nothing() {
        assert!(DecodeLimits::new(MemoryLimit::default()).0.is_none());
        let one = DecodeLimits::default().with(1_u8).with(2_u16);
        let two = one.clone().with(3_u8);
        assert_eq!((one.get::<u8>(), one.get::<u16>()), (Some(&1), Some(&2)));
        assert_eq!((two.get::<u8>(), two.get::<u16>()), (Some(&3), Some(&2)));
        assert_eq!(two.memory(), MemoryLimit::default());
    }

    #[test]
    fn a_format_without_a_tag_is_with_the_limits() {
        let limits = DecodeLimits::new(MemoryLimit::new(1, 1 << 20));
        for format in [Format::Hessian2, Format::Protobuf, Format::Json, Format::other("x")] {
            let (tag, own) = limits.clone().of_format(format.clone());
            assert_eq!((own.format(tag), own.memory()), (&format, limits.memory()));
        }
    }
}
