//! What a message has defined so far.

use std::borrow::Cow;
use std::sync::Arc;

use bytestring::ByteString;

use crate::class::Class;

/// A place in the message, and how many entries each table has there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor {
    pub(super) position: usize,
    pub(crate) containers: u32,
    pub(super) types: u32,
    pub(super) classes: u16,
}

#[derive(Default)]
pub(super) struct Tables<'de> {
    pub(super) containers: Vec<Container>,
    pub(super) types: Vec<Type<'de>>,
    pub(super) classes: Vec<WireClass<'de>>,
    /// The field names of all classes; a class owns a range.
    pub(super) fields: Vec<Cow<'de, str>>,
    /// For each of `fields`, its index in the Rust type that the class was last read as.
    pub(super) plan: Vec<Slot>,
}

/// The index of a wire field in the Rust type; none is skipped.
pub(super) type Slot = Option<u16>;

/// A list, map or object that has been opened.
pub(super) struct Container {
    /// Where its tag stands.
    pub(super) position: usize,
    pub(super) types: u32,
    pub(super) classes: u16,
    /// Whether its end has not been reached.
    pub(super) open: bool,
}

pub(super) struct Type<'de> {
    pub(super) text: Cow<'de, str>,
    /// The same as a shared string, once a dynamic value has asked for it.
    pub(super) name: Option<ByteString>,
}

pub(super) struct WireClass<'de> {
    pub(super) name: Cow<'de, str>,
    /// The index of its first field in [`Tables::fields`].
    pub(super) start: usize,
    pub(super) len: u16,
    /// The Rust type for which the plan holds.
    pub(super) target: Option<&'static Class>,
    /// Whether both have the same fields in the same order.
    pub(super) in_order: bool,
    /// Its names as shared strings, once a dynamic value has asked for them.
    pub(super) names: Option<Arc<Names>>,
}

/// The names of a class, shared by all its instances.
pub(crate) struct Names {
    pub(crate) class: ByteString,
    pub(crate) fields: Vec<ByteString>,
}
