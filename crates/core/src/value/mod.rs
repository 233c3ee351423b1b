//! A dynamic value: what a generic call, an attachment or a rule sees when no Rust type is known.
//!
//! ```
//! use dubhe_core::Value;
//!
//! let user = Value::object("org.example.User").field("id", 42_i64).field("name", "Ada");
//! assert_eq!(user.get("name").and_then(Value::as_str), Some("Ada"));
//! ```

mod access;
mod container;
mod display;
mod from;
mod same;

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

pub use container::{List, Map, Object};

/// The name of a class or a field. Cloning shares the text.
pub type Name = ByteString;

/// A value as Hessian 2 sees it, with class names, shared parts and cycles kept.
///
/// Java's `byte` and `short` are [`Int`](Self::Int), `char` is a [`String`](Self::String) and
/// `float` a [`Double`](Self::Double), as on the wire.
///
/// Sharing works as YAML's anchors do: [`Shared`](Self::Shared) names a container that is used
/// again, [`Ref`](Self::Ref) stands for the container of that name. A `Ref` inside the container
/// it names is a cycle. A label means something within one value only.
///
/// Clones share their containers: a clone copies no element, and [`Arc::make_mut`] changes one
/// without changing the other.
///
/// `==` compares entries in order and labels by number; [`same`](Self::same) compares what the
/// values mean.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Java's `null`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A 32-bit integer.
    Int(i32),
    /// A 64-bit integer.
    Long(i64),
    /// A double.
    Double(f64),
    /// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
    Date(i64),
    /// Text.
    String(ByteString),
    /// Java's `byte[]`.
    Bytes(Bytes),
    /// A list, a set or an array.
    List(Arc<List>),
    /// A map.
    Map(Arc<Map>),
    /// An instance of a class.
    Object(Arc<Object>),
    /// A container that is used again, under the name of a label.
    Shared(Label, Box<Value>),
    /// The container of that label, once more.
    Ref(Label),
}

/// The name of a shared container within one [`Value`].
///
/// ```
/// # mod dubhe { pub use dubhe_core::Value; pub mod value { pub use dubhe_core::value::Label; } }
/// use dubhe::Value;
/// use dubhe::value::Label;
///
/// // One list that stands twice in an argument, and arrives in Java as one object.
/// let list = Value::list(["a", "b"]).shared(1);
/// let twice = Value::list([list, Value::reference(1)]);
/// let Value::List(list) = twice else { unreachable!() };
/// assert_eq!(list.items[1], Value::Ref(Label(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub u32);

impl Value {
    /// An untyped list: Java reads a `java.util.ArrayList`.
    pub fn list<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        List::new(items).into()
    }

    /// An untyped map: Java reads a `java.util.HashMap`.
    pub fn map<K: Into<Self>, V: Into<Self>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Map::new(entries).into()
    }

    /// An instance of `class` without fields; [`Object::field`] adds them, `into()` ends it.
    pub fn object(class: impl Into<Name>) -> Object {
        Object::new(class)
    }

    /// A constant of a Java enum: an object whose only field is `name`.
    pub fn constant(class: impl Into<Name>, name: impl Into<ByteString>) -> Self {
        Object::new(class).field("name", name.into()).into()
    }

    /// This container, named so that [`Value::Ref`] can stand for it.
    pub fn shared(self, label: u32) -> Self {
        Self::Shared(Label(label), Box::new(self))
    }

    /// The container of that label, once more.
    pub fn reference(label: u32) -> Self {
        Self::Ref(Label(label))
    }
}
