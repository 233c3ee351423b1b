//! The values that hold values.

use super::{Name, Value};

/// A list, a set or an array.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Value; pub mod value { pub use dubhe_core::value::List; } }
/// use dubhe::Value;
/// use dubhe::value::List;
///
/// // A set, for a method that takes `java.util.Set<String>`.
/// let tags = Value::from(List::new(["red", "blue"]).class("java.util.HashSet"));
/// let Value::List(list) = tags else { unreachable!() };
/// assert_eq!(list.items.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    /// The Java class, when it travels: `java.util.HashSet`, or an array in Hessian's spelling
    /// (`[int`, `[string`, `[[long`, `[org.example.User`). `None` is a plain list.
    pub class: Option<Name>,
    /// The elements, in order.
    pub items: Vec<Value>,
}

/// A map.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Value; pub mod value { pub use dubhe_core::value::Map; } }
/// use dubhe::Value;
/// use dubhe::value::Map;
///
/// let scores = Map::new([("anna", 3), ("ben", 5)]).class("java.util.TreeMap");
/// assert_eq!(scores.get("ben"), Some(&Value::from(5)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// The Java class, when it travels (`java.util.TreeMap`). `None` is a plain map.
    pub class: Option<Name>,
    /// The entries, in the order they were written.
    pub entries: Vec<(Value, Value)>,
}

/// An instance of a class.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Value; }
/// use dubhe::Value;
///
/// let user = Value::object("org.example.User").field("name", "anna").field("age", 41);
/// assert_eq!(user.get("age"), Some(&Value::from(41)));
/// let argument = Value::from(user); // for a generic call
/// # assert!(matches!(argument, Value::Object(_)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The Java class name; nested classes are joined by `$`.
    pub class: Name,
    /// The fields, in the order they were written. A subclass that hides a field of its parent
    /// makes the name appear twice, the parent's value first.
    pub fields: Vec<(Name, Value)>,
}

impl List {
    /// A plain list.
    pub fn new<V: Into<Value>>(items: impl IntoIterator<Item = V>) -> Self {
        Self { class: None, items: items.into_iter().map(Into::into).collect() }
    }

    /// The same elements under a Java class.
    pub fn class(mut self, class: impl Into<Name>) -> Self {
        self.class = Some(class.into());
        self
    }
}

impl Map {
    /// A plain map.
    pub fn new<K: Into<Value>, V: Into<Value>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { class: None, entries }
    }

    /// The same entries under a Java class.
    pub fn class(mut self, class: impl Into<Name>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// The value under a text key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }
}

impl Object {
    /// An instance without fields.
    pub fn new(class: impl Into<Name>) -> Self {
        Self { class: class.into(), fields: Vec::new() }
    }

    /// Adds a field.
    pub fn field(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// The value of a field; of a hidden field, the subclass's.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v)
    }
}
