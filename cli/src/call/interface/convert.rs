//! Values of JSON as those of a given Java type.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dubhe::payload::DecodeLimits;
use dubhe::value::{List, Map, Object};
use dubhe::{Payload, Value, java, json};
use dubhe_hessian2::payload::{Owned, arguments, elements};
use dubhe_hessian2::{Encode, Form, to_value};

/// The value of `java_type` that `value` describes. Types that are not known here are classes: an
/// object becomes a map with the class under `class`, as generic calls have it, and the provider
/// makes of it what its method needs.
pub(super) fn to_java(value: Value, java_type: &str) -> Result<Value, String> {
    if let Some(element) = java_type.strip_suffix("[]") {
        return array(value, element);
    }
    let primitive = !java_type.contains('.');
    if value.is_null() {
        return if primitive { Err(no("null", java_type)) } else { Ok(Value::Null) };
    }
    let name = java_type.strip_prefix("java.lang.").unwrap_or(java_type);
    let value = if SCALARS.contains(&name) { unquoted(value) } else { value };
    match name {
        "boolean" | "Boolean" => {
            value.as_bool().map(Value::Bool).ok_or_else(|| wrong(&value, java_type))
        }
        "byte" | "Byte" => integer::<i8>(&value, java_type),
        "short" | "Short" => integer::<i16>(&value, java_type),
        "int" | "Integer" => integer::<i32>(&value, java_type),
        "long" | "Long" => value.as_i64().map(Value::Long).ok_or_else(|| wrong(&value, java_type)),
        "float" | "Float" | "double" | "Double" => {
            value.as_f64().map(Value::Double).ok_or_else(|| wrong(&value, java_type))
        }
        "char" | "Character" => match value.as_str() {
            Some(text) if text.encode_utf16().count() == 1 => Ok(Value::from(text)),
            _ => Err(wrong(&value, java_type)),
        },
        "String" => match value {
            Value::String(_) => Ok(value),
            other => Err(wrong(&other, java_type)),
        },
        _ => match parser(name) {
            Some(parse) => parse(value),
            None => Ok(object(value, java_type)),
        },
    }
}

/// The types that Java takes as text, too.
const SCALARS: [&str; 14] = [
    "boolean", "Boolean", "byte", "Byte", "short", "Short", "int", "Integer", "long", "Long",
    "float", "Float", "double", "Double",
];

/// The function that makes a value of a Java type out of a text or a number, as providers of Dubhe do; those
/// of Java do not for all of them.
fn parser(java_type: &str) -> Option<fn(Value) -> Result<Value, String>> {
    Some(match java_type {
        "java.math.BigDecimal" => realized::<java::BigDecimal>,
        "java.math.BigInteger" => realized::<java::BigInteger>,
        "java.util.UUID" => realized::<java::Uuid>,
        "java.util.Date" => realized::<java::Date>,
        "java.util.Calendar" => realized::<java::Calendar>,
        "java.util.Currency" => realized::<java::Currency>,
        "java.util.Locale" => realized::<java::Locale>,
        "java.sql.Date" => realized::<java::SqlDate>,
        "java.sql.Time" => realized::<java::SqlTime>,
        "java.sql.Timestamp" => realized::<java::Timestamp>,
        "java.time.Instant" => realized::<java::Instant>,
        "java.time.LocalDate" => realized::<java::LocalDate>,
        "java.time.LocalTime" => realized::<java::LocalTime>,
        "java.time.LocalDateTime" => realized::<java::LocalDateTime>,
        "java.time.OffsetDateTime" => realized::<java::OffsetDateTime>,
        "java.time.OffsetTime" => realized::<java::OffsetTime>,
        "java.time.ZonedDateTime" => realized::<java::ZonedDateTime>,
        "java.time.ZoneId" => realized::<java::ZoneId>,
        "java.time.ZoneOffset" => realized::<java::ZoneOffset>,
        "java.time.Duration" => realized::<java::Duration>,
        "java.time.Period" => realized::<java::Period>,
        "java.time.Year" => realized::<java::Year>,
        "java.time.YearMonth" => realized::<java::YearMonth>,
        "java.time.MonthDay" => realized::<java::MonthDay>,
        _ => return None,
    })
}

/// The value as `T`, as an argument of a generic call becomes one, and back.
fn realized<T: Owned + Encode>(value: Value) -> Result<Value, String> {
    let limits = DecodeLimits::default();
    let typed = elements(&[value], Form::Json, &limits)
        .and_then(|value| arguments::<(T,)>(&Payload::from(value)))
        .map_err(|status| status.message().to_owned())?;
    to_value(&typed.0).map_err(|error| error.to_string())
}

/// The number or the boolean of a text.
fn unquoted(value: Value) -> Value {
    let inner = value.as_str().and_then(|text| json::from_str(text.trim()).ok());
    let plain = |inner: &Value| inner.as_f64().is_some() || inner.as_bool().is_some();
    inner.filter(plain).unwrap_or(value)
}

fn no(what: &str, java_type: &str) -> String {
    format!("{what} is not a valid {java_type}")
}

fn wrong(value: &Value, java_type: &str) -> String {
    let text = json::to_string(value, json::Classes::Drop).unwrap_or_else(|_| value.to_string());
    no(&text, java_type)
}

/// A number of the width of `T`.
fn integer<T>(value: &Value, java_type: &str) -> Result<Value, String>
where
    T: TryFrom<i64> + Into<i32>,
{
    let number = value.as_i64().and_then(|n| T::try_from(n).ok());
    number.map(|n| Value::Int(n.into())).ok_or_else(|| wrong(value, java_type))
}

/// A Java array. Hessian sends `byte[]` as binary and `char[]` as text.
fn array(value: Value, element: &str) -> Result<Value, String> {
    let items = match value {
        Value::Null => return Ok(Value::Null),
        Value::String(text) if element == "char" => return Ok(text.into()),
        Value::String(text) if element == "byte" => {
            let bytes = STANDARD.decode(text.as_bytes());
            return bytes.map(Value::from).map_err(|error| format!("not base64: {error}"));
        }
        Value::List(list) => Arc::unwrap_or_clone(list).items,
        other => return Err(wrong(&other, &format!("{element}[]"))),
    };
    if element == "byte" {
        let byte = |value: &Value| {
            let number = value.as_i64()?;
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

fn object(value: Value, class: &str) -> Value {
    match value {
        Value::Map(map) if !class.starts_with("java.") && map.get("class").is_none() => {
            let class = (Value::from("class"), Value::from(class));
            let entries = std::iter::once(class).chain(Arc::unwrap_or_clone(map).entries).collect();
            Map { class: None, entries }.into()
        }
        Value::List(list) if class.ends_with("Set") => {
            Arc::unwrap_or_clone(list).class("java.util.HashSet").into()
        }
        other => other,
    }
}

/// The value with an object in place of each map that names its class: what methods take that are not called
/// as generic ones.
pub(super) fn with_objects(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            let Map { class, entries } = Arc::unwrap_or_clone(map);
            let named = entries.iter().position(|(key, _)| key.as_str() == Some("class"));
            let named = named.and_then(|at| Some((at, entries.get(at)?.1.as_str()?.to_owned())));
            let Some((at, name)) = named else {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| (with_objects(key), with_objects(value)))
                    .collect();
                return Map { class, entries }.into();
            };
            let mut fields = Vec::new();
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if let Value::String(key) = key
                    && index != at
                {
                    fields.push((key, with_objects(value)));
                }
            }
            Object { class: name.into(), fields }.into()
        }
        Value::List(list) => {
            let List { class, items } = Arc::unwrap_or_clone(list);
            List { class, items: items.into_iter().map(with_objects).collect() }.into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, java_type: &str) -> Result<Value, String> {
        to_java(json::from_str(text).unwrap(), java_type)
    }

    #[test]
    fn numbers_take_the_width_that_is_asked_for() {
        for (text, java_type, value) in [
            ("7", "long", Value::Long(7)),
            ("7", "java.lang.Integer", Value::Int(7)),
            ("7", "double", Value::Double(7.0)),
            ("1.50", "double", Value::Double(1.5)),
            ("\"7\"", "long", Value::Long(7)),
            ("\"true\"", "boolean", Value::Bool(true)),
            ("null", "java.lang.Long", Value::Null),
        ] {
            assert_eq!(read(text, java_type), Ok(value), "{text} as {java_type}");
        }
    }

    #[test]
    fn texts_and_numbers_become_java_s_own_types() {
        let decimal = || Value::object("java.math.BigDecimal").field("value", "1.50").into();
        for (text, java_type, value) in [
            ("5", "java.util.Date", Value::Date(5)),
            ("\"1970-01-01 00:00:00.005\"", "java.util.Date", Value::Date(5)),
            ("\"1.50\"", "java.math.BigDecimal", decimal()),
            ("1.50", "java.math.BigDecimal", decimal()),
            ("\"AQI=\"", "byte[]", Value::from(vec![1, 2])),
        ] {
            assert_eq!(read(text, java_type), Ok(value), "{text} as {java_type}");
        }
        let day: Value = read("\"2024-02-29\"", "java.time.LocalDate").unwrap();
        let back = dubhe::hessian2::from_value::<java::LocalDate>(&day).unwrap();
        assert_eq!(back.to_string(), "2024-02-29");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (text, java_type) in [
            ("128", "byte"),
            ("1.5", "int"),
            ("\"x\"", "long"),
            ("null", "int"),
            ("\"ab\"", "char"),
            ("1", "boolean"),
            ("\"x\"", "java.math.BigInteger"),
            ("\"yesterday\"", "java.util.Date"),
            ("7", "int[]"),
            ("[256]", "byte[]"),
            ("\"?\"", "byte[]"),
            ("[\"x\"]", "int[]"),
        ] {
            let error = read(text, java_type).unwrap_err();
            assert!(!error.is_empty(), "{text} as {java_type}");
        }
    }

    #[test]
    fn arrays_and_sets_keep_their_class() {
        let list = |class: &str, items| Value::from(List { class: Some(class.into()), items });
        let two = || vec![Value::Int(1), Value::Int(2)];
        assert_eq!(read("[1,2]", "int[]"), Ok(list("[int", two())));
        assert_eq!(read("[1,2]", "java.util.Set"), Ok(list("java.util.HashSet", two())));
        assert_eq!(read("[1,-1]", "byte[]"), Ok(Value::from(vec![1, 255])));
        assert_eq!(read("\"ab\"", "char[]"), Ok(Value::from("ab")));
        let rows = Value::list([list("[int", two())]);
        assert_eq!(read("[[1,2]]", "int[][]"), Ok(rows));
    }

    #[test]
    fn an_object_may_name_a_subclass_itself() {
        let admin = Value::map([("class", "a.Admin")]);
        assert_eq!(read(r#"{"class":"a.Admin"}"#, "a.User"), Ok(admin));
        let map = Value::map([("k", 1)]);
        assert_eq!(read(r#"{"k":1}"#, "java.util.Map"), Ok(map));
    }

    #[test]
    fn maps_that_name_their_class_become_objects() {
        let value = json::from_str(r#"[{"class":"a.User","name":{"class":"a.Name","last":"L"}}]"#);
        let name = Value::object("a.Name").field("last", "L");
        let user = Value::from(Value::object("a.User").field("name", name));
        assert_eq!(with_objects(value.unwrap()), Value::list([user]));
    }
}
