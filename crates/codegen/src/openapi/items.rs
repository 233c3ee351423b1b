//! Rust types and methods before they are written.

use std::collections::BTreeSet;

/// A type of Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Unit,
    Bool,
    I32,
    I64,
    F32,
    F64,
    Text,
    Bytes,
    /// Any JSON.
    Any,
    List(Box<Ty>),
    Map(Box<Ty>),
    /// An item of the file.
    Named(String),
    Option(Box<Ty>),
    Boxed(Box<Ty>),
}

impl Ty {
    pub(super) fn optional(self) -> Self {
        match self {
            Self::Option(_) => self,
            other => Self::Option(Box::new(other)),
        }
    }

    /// The items that a value of this type holds in place: lists and maps are elsewhere.
    pub(super) fn held(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Option(of) => of.held(),
            _ => None,
        }
    }

    /// The item of a value, or of the elements of a list.
    pub(super) fn element(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::List(of) | Self::Option(of) | Self::Boxed(of) => of.element(),
            _ => None,
        }
    }

    /// Puts the item that is held in place into a box.
    pub(super) fn boxed(self) -> Self {
        match self {
            Self::Option(of) => Self::Option(Box::new(of.boxed())),
            other => Self::Boxed(Box::new(other)),
        }
    }

    /// The items that it names.
    pub(crate) fn named(&self, found: &mut BTreeSet<String>) {
        match self {
            Self::Named(name) => {
                found.insert(name.clone());
            }
            Self::List(of) | Self::Map(of) | Self::Option(of) | Self::Boxed(of) => of.named(found),
            _ => {}
        }
    }
}

/// An item of the file.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) doc: Option<String>,
    pub(super) deprecated: bool,
    pub(super) kind: ItemKind,
}

#[derive(Clone, Debug)]
pub(super) enum ItemKind {
    Struct {
        fields: Vec<Field>,
        rest: Option<Ty>,
    },
    /// Names in Rust and on the wire.
    Enum(Vec<(String, String)>),
    Union {
        tag: Option<String>,
        variants: Vec<Variant>,
    },
    Alias(Ty),
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) wire: String,
    pub(super) ty: Ty,
    /// `true` if the object may lack it.
    pub(super) may_lack: bool,
    pub(super) doc: Option<String>,
    pub(super) deprecated: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Variant {
    pub(super) name: String,
    /// The values of the tag that it has; the first one is written.
    pub(super) tags: Vec<String>,
    pub(super) ty: Ty,
    /// The difference from others, where there is no tag.
    pub(super) told: Told,
}

/// The difference of the values of a form from those of others without a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    /// The properties of this struct, in a list as well; with `true` it takes others too.
    Properties(String, bool),
    /// An enum that has an `Other` of its own, or a list of it: to be read as that says nothing.
    Enum {
        name: String,
        is_list: bool,
        /// The properties of all its forms.
        properties: Vec<String>,
        /// `true` if one of its forms takes others too.
        takes_others: bool,
    },
    /// Order in which it is tried to read them, the lesser number first: what a `f64` takes, an `i64` may keep better.
    Read(u8),
}

/// The operations of a tag.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) doc: Option<String>,
    pub(super) operations: Vec<Operation>,
}

#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) verb: String,
    /// The path as the document has it, with what is before all paths.
    pub(super) path: Vec<Segment>,
    pub(super) label: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) result: Ty,
    pub(super) reads: Media,
    /// The media types that are asked for.
    pub(super) accept: String,
    pub(super) doc: Option<String>,
    pub(super) deprecated: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Segment {
    Text(String),
    /// The parameter of that name on the wire.
    Parameter(String),
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) wire: String,
    pub(super) ty: Ty,
    pub(super) required: bool,
    pub(super) doc: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    /// `true` if each item of a list is a parameter of its own.
    Query(bool),
    Header,
}

#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) required: bool,
    pub(super) media: Media,
    /// The media type that is sent, with its parameters.
    pub(super) content_type: String,
}

/// Kind of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    Plain,
    Bytes,
    /// No body.
    Nothing,
}
