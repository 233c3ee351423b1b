//! Looking into a value.

use bytes::Bytes;

use super::{List, Map, Name, Object, Value};

impl Value {
    /// Returns the value itself, without the label of a shared one.
    pub fn unshared(&self) -> &Self {
        match self {
            Self::Shared(_, inner) => inner.unshared(),
            other => other,
        }
    }

    /// Returns `true` if this is Java's `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The 32-bit integer, or a long that fits.
    pub fn as_i32(&self) -> Option<i32> {
        self.as_i64().and_then(|v| i32::try_from(v).ok())
    }

    /// The integer of either size.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(v) => Some(i64::from(*v)),
            Self::Long(v) => Some(*v),
            _ => None,
        }
    }

    /// The number of any kind. A long beyond 2⁵³ is rounded, and so is a `java.math.BigDecimal`, which a
    /// number of JSON is that no double holds as it stands.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(v) => Some(f64::from(*v)),
            Self::Long(v) => Some(*v as f64),
            Self::Double(v) => Some(*v),
            Self::Object(object) if object.class == "java.math.BigDecimal" => {
                object.get("value")?.as_str()?.parse().ok()
            }
            _ => None,
        }
    }

    /// The date, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn as_date(&self) -> Option<i64> {
        match self {
            Self::Date(v) => Some(*v),
            _ => None,
        }
    }

    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(b) => Some(b),
            _ => None,
        }
    }

    /// The list, set or array.
    pub fn as_list(&self) -> Option<&List> {
        match self.unshared() {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The map.
    pub fn as_map(&self) -> Option<&Map> {
        match self.unshared() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The object.
    pub fn as_object(&self) -> Option<&Object> {
        match self.unshared() {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The name of the class, of a container that carries one.
    pub fn class(&self) -> Option<&Name> {
        match self.unshared() {
            Self::List(list) => list.class.as_ref(),
            Self::Map(map) => map.class.as_ref(),
            Self::Object(object) => Some(&object.class),
            _ => None,
        }
    }

    /// The field of an object, or the entry of a map under a text key.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self.unshared() {
            Self::Object(object) => object.get(name),
            Self::Map(map) => map.get(name),
            _ => None,
        }
    }

    /// The elements of a list, set or array; none for anything else.
    pub fn items(&self) -> &[Self] {
        self.as_list().map_or(&[], |list| &list.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_entries_and_items_are_found_through_a_shared_name() {
        let object = Value::from(Value::object("a.B").field("x", 1).field("x", 2)).shared(0);
        assert_eq!(object.get("x"), Some(&Value::Int(2)));
        assert_eq!(object.class().map(|name| &**name), Some("a.B"));
        let map = Value::map([("k", "v")]);
        assert_eq!(map.get("k").and_then(Value::as_str), Some("v"));
        assert_eq!(map.get("other"), None);
        assert_eq!(Value::list([1, 2]).items(), [Value::Int(1), Value::Int(2)]);
    }

    #[test]
    fn numbers_widen_and_never_wrap() {
        assert_eq!(Value::Long(1 << 40).as_i32(), None);
        assert_eq!(Value::Long(-7).as_i32(), Some(-7));
        assert_eq!(Value::Int(3).as_f64(), Some(3.0));
        assert_eq!(Value::Double(3.0).as_i64(), None);
    }
}
