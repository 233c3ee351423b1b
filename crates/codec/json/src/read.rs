//! From JSON to values.

use dubhe_core::Value;
use serde_json::Value as Json;

use crate::Error;

/// The value of a JSON text.
///
/// # Errors
/// When the text is not one JSON value, or nests deeper than 128.
pub fn from_str(text: &str) -> Result<Value, Error> {
    from_slice(text.as_bytes())
}

/// The value of a JSON text in UTF-8.
///
/// # Errors
/// As [`from_str`].
pub fn from_slice(text: &[u8]) -> Result<Value, Error> {
    Ok(from_json(serde_json::from_slice(text)?))
}

/// The value of a parsed JSON value.
pub fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(b),
        Json::Number(n) => match n.as_i64() {
            Some(n) => i32::try_from(n).map_or(Value::Long(n), Value::Int),
            None => Value::Double(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::String(s.into()),
        Json::Array(items) => Value::list(items.into_iter().map(from_json)),
        Json::Object(fields) => {
            Value::map(fields.into_iter().map(|(k, v)| (Value::from(k), from_json(v))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_the_narrowest_java_type() {
        let value = from_str(r#"[1, 2147483648, 1.5, 1e2, "x", null, true, {"k": []}]"#).unwrap();
        let expected = Value::list([
            Value::Int(1),
            Value::Long(2_147_483_648),
            Value::Double(1.5),
            Value::Double(100.0),
            Value::from("x"),
            Value::Null,
            Value::Bool(true),
            Value::map([("k", Value::list::<Value>([]))]),
        ]);
        assert_eq!(value, expected);
    }

    #[test]
    fn rejects_what_is_not_json() {
        assert!(from_str("{").is_err());
        assert!(from_str(&"[".repeat(10_000)).is_err());
    }
}
