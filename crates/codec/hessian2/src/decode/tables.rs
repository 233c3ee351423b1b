//! The definitions of a message so far.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytestring::ByteString;

use crate::class::Class;

/// A place in the message, and how many entries each table has there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor {
    pub(super) position: usize,
    pub(crate) containers: u32,
    pub(crate) types: u32,
    pub(crate) classes: u16,
}

impl Cursor {
    /// Goes on behind another message that is read up to `end`.
    pub(crate) fn advance(&mut self, end: Self) {
        self.position = self.position.saturating_add(end.position);
        self.containers = self.containers.saturating_add(end.containers);
        self.types = self.types.saturating_add(end.types);
        self.classes = self.classes.saturating_add(end.classes);
    }
}

/// The tables of which an entry was used by its number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Uses {
    pub(crate) containers: bool,
    pub(crate) types: bool,
    pub(crate) classes: bool,
}

#[derive(Default)]
pub(super) struct Tables<'de> {
    pub(super) containers: Vec<Container>,
    pub(super) types: Vec<Type<'de>>,
    pub(super) classes: Vec<WireClass<'de>>,
    /// The field names of all classes; a class owns a range.
    pub(super) fields: Vec<Cow<'de, str>>,
    /// The index of each of `fields` in the Rust type that the class was last read as.
    pub(super) plan: Vec<Slot>,
}

impl Tables<'_> {
    /// Forgets everything, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.containers.clear();
        self.types.clear();
        self.classes.clear();
        self.fields.clear();
        self.plan.clear();
    }
}

/// The index of a wire field in the Rust type; none is skipped.
pub(super) type Slot = Option<u16>;

/// A list, map or object that has been opened.
pub(super) struct Container {
    /// The place of its tag.
    pub(super) position: usize,
    pub(super) types: u32,
    pub(super) classes: u16,
    /// The state of being read: its end has not been reached.
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
    /// The place of its definition, from its tag to the end of its last field's name.
    pub(super) definition: Range<usize>,
    /// The Rust type for which the plan holds.
    pub(super) target: Option<&'static Class>,
    /// The two have the same fields in the same order.
    pub(super) in_order: bool,
    /// The names as shared strings, once a dynamic value has asked for them.
    pub(super) names: Option<Arc<ClassNames>>,
}

/// The names of a class, shared by all its instances.
pub(crate) struct ClassNames {
    pub(crate) class: ByteString,
    pub(crate) fields: Vec<ByteString>,
}
