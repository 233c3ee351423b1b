//! JSON as the value of a given Java type.

use std::sync::Arc;

use dubhe::value::{List, Map};
use dubhe::{Value, hessian2, java};
use serde_json::Value as Json;

/// The value of `java_type` that `json` describes. Types that are not known here are classes: an
/// object becomes a map with the class under `class`, as generic calls have it, and the provider
/// makes of it what its method needs.
pub(super) fn to_java(json: Json, java_type: &str) -> Result<Value, String> {
    if let Some(element) = java_type.strip_suffix("[]") {
        return array(json, element);
    }
    let primitive = !java_type.contains('.');
    if json.is_null() {
        return if primitive { Err(no("null", java_type)) } else { Ok(Value::Null) };
    }
    let name = java_type.strip_prefix("java.lang.").unwrap_or(java_type);
    let json = if SCALARS.contains(&name) { unquoted(json) } else { json };
    match name {
        "boolean" | "Boolean" => {
            json.as_bool().map(Value::Bool).ok_or_else(|| wrong(&json, java_type))
        }
        "byte" | "Byte" => integer::<i8>(&json, java_type),
        "short" | "Short" => integer::<i16>(&json, java_type),
        "int" | "Integer" => integer::<i32>(&json, java_type),
        "long" | "Long" => json.as_i64().map(Value::Long).ok_or_else(|| wrong(&json, java_type)),
        "float" | "Float" | "double" | "Double" => {
            json.as_f64().map(Value::Double).ok_or_else(|| wrong(&json, java_type))
        }
        "char" | "Character" => match json.as_str() {
            Some(text) if text.encode_utf16().count() == 1 => Ok(Value::from(text)),
            _ => Err(wrong(&json, java_type)),
        },
        "String" => json.as_str().map(Value::from).ok_or_else(|| wrong(&json, java_type)),
        "java.math.BigDecimal" => parsed::<java::BigDecimal>(&json, java_type),
        "java.math.BigInteger" => parsed::<java::BigInteger>(&json, java_type),
        "java.util.UUID" => parsed::<java::Uuid>(&json, java_type),
        // Texts pass, for providers that know how to read one.
        "java.util.Date" => {
            json.as_i64().map_or_else(|| untyped(json), |millis| Ok(Value::Date(millis)))
        }
        _ => object(json, java_type),
    }
}

/// The types that Java takes as text, too.
const SCALARS: [&str; 14] = [
    "boolean", "Boolean", "byte", "Byte", "short", "Short", "int", "Integer", "long", "Long",
    "float", "Float", "double", "Double",
];

/// The number or the boolean of a text.
fn unquoted(json: Json) -> Json {
    let inner = json.as_str().and_then(|text| serde_json::from_str(text.trim()).ok());
    inner.filter(|inner: &Json| inner.is_number() || inner.is_boolean()).unwrap_or(json)
}

fn no(what: &str, java_type: &str) -> String {
    format!("{what} is not a valid {java_type}")
}

fn wrong(json: &Json, java_type: &str) -> String {
    no(&json.to_string(), java_type)
}

/// A number of the width of `T`.
fn integer<T>(json: &Json, java_type: &str) -> Result<Value, String>
where
    T: TryFrom<i64> + Into<i32>,
{
    let number = json.as_i64().and_then(|n| T::try_from(n).ok());
    number.map(|n| Value::Int(n.into())).ok_or_else(|| wrong(json, java_type))
}

/// A value that Java makes of a text, from a JSON number or text, so that every digit counts.
fn parsed<T>(json: &Json, java_type: &str) -> Result<Value, String>
where
    T: std::str::FromStr + hessian2::Encode,
{
    let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let value: T = text.parse().map_err(|_| wrong(json, java_type))?;
    hessian2::to_value(&value).map_err(|error| error.to_string())
}

/// A Java array. Hessian sends `byte[]` as binary and `char[]` as text.
fn array(json: Json, element: &str) -> Result<Value, String> {
    let items = match json {
        Json::Null => return Ok(Value::Null),
        // Base64 for bytes, which the provider takes as such.
        Json::String(text) if matches!(element, "char" | "byte") => return Ok(text.into()),
        Json::Array(items) => items,
        other => return Err(no(&other.to_string(), &format!("{element}[]"))),
    };
    if element == "byte" {
        let byte = |json: &Json| {
            let number = json.as_i64()?;
            let signed = i8::try_from(number).ok().map(i8::cast_unsigned);
            signed.or_else(|| u8::try_from(number).ok())
        };
        let bytes: Option<Vec<u8>> = items.iter().map(byte).collect();
        return bytes.map(Value::from).ok_or_else(|| "a byte is from -128 to 255".to_owned());
    }
    let items = items.into_iter().map(|item| to_java(item, element));
    let list = List::new(items.collect::<Result<Vec<_>, _>>()?);
    let class = match element {
        "java.lang.String" => Some("[string".to_owned()),
        primitive if !primitive.contains(['.', '[']) => Some(format!("[{primitive}")),
        _ => None,
    };
    Ok(match class {
        Some(class) => list.class(class).into(),
        None => list.into(),
    })
}

fn untyped(json: Json) -> Result<Value, String> {
    dubhe::json::from_json(json).map_err(|error| error.to_string())
}

fn object(json: Json, class: &str) -> Result<Value, String> {
    Ok(match untyped(json)? {
        Value::Map(map) if !class.starts_with("java.") && map.get("class").is_none() => {
            let class = (Value::from("class"), Value::from(class));
            let entries = std::iter::once(class).chain(Arc::unwrap_or_clone(map).entries).collect();
            Map { class: None, entries }.into()
        }
        Value::List(list) if class.ends_with("Set") => {
            Arc::unwrap_or_clone(list).class("java.util.HashSet").into()
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_take_the_width_that_is_asked_for() {
        assert_eq!(to_java(json!(7), "long"), Ok(Value::Long(7)));
        assert_eq!(to_java(json!(7), "java.lang.Integer"), Ok(Value::Int(7)));
        assert_eq!(to_java(json!(7), "double"), Ok(Value::Double(7.0)));
        assert_eq!(to_java(json!("7"), "long"), Ok(Value::Long(7)));
        assert_eq!(to_java(json!("true"), "boolean"), Ok(Value::Bool(true)));
        assert_eq!(to_java(json!(5), "java.util.Date"), Ok(Value::Date(5)));
        assert_eq!(to_java(json!(null), "java.lang.Long"), Ok(Value::Null));
        let decimal = Value::object("java.math.BigDecimal").field("value", "1.50").into();
        assert_eq!(to_java(json!("1.50"), "java.math.BigDecimal"), Ok(decimal));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (json, java_type) in [
            (json!(128), "byte"),
            (json!(1.5), "int"),
            (json!("x"), "long"),
            (json!(null), "int"),
            (json!("ab"), "char"),
            (json!(1), "boolean"),
            (json!("x"), "java.math.BigInteger"),
            (json!(7), "int[]"),
            (json!([256]), "byte[]"),
            (json!(["x"]), "int[]"),
        ] {
            let error = to_java(json.clone(), java_type).unwrap_err();
            assert!(!error.is_empty(), "{json} as {java_type}");
        }
    }

    #[test]
    fn arrays_and_sets_keep_their_class() {
        let list = |class: &str, items| Value::from(List { class: Some(class.into()), items });
        let two = || vec![Value::Int(1), Value::Int(2)];
        assert_eq!(to_java(json!([1, 2]), "int[]"), Ok(list("[int", two())));
        assert_eq!(to_java(json!([1, 2]), "java.util.Set"), Ok(list("java.util.HashSet", two())));
        assert_eq!(to_java(json!([1, -1]), "byte[]"), Ok(Value::from(vec![1, 255])));
        assert_eq!(to_java(json!("ab"), "char[]"), Ok(Value::from("ab")));
        let rows = Value::list([list("[int", two())]);
        assert_eq!(to_java(json!([[1, 2]]), "int[][]"), Ok(rows));
    }

    #[test]
    fn an_object_may_name_a_subclass_itself() {
        let admin = Value::map([("class", "a.Admin")]);
        assert_eq!(to_java(json!({"class": "a.Admin"}), "a.User"), Ok(admin));
        let map = Value::map([("k", 1)]);
        assert_eq!(to_java(json!({"k": 1}), "java.util.Map"), Ok(map));
    }
}
