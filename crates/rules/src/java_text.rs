//! Values as Java prints them, which is what conditions compare.

use std::borrow::Cow;
use std::fmt::Write as _;

use dubhe_core::Value;
use dubhe_core::java_number::{write_double, write_float};
use dubhe_core::value::{List, Object};

/// The nesting up to which a value is printed.
const MAX_DEPTH: usize = 64;

/// Returns what Java's `String.valueOf` makes of an argument whose parameter has this JVM descriptor, where it is
/// known; `None` for what says nothing of the value, such as an array or an object without a text of its own.
pub(crate) fn text<'a>(value: &'a Value, descriptor: Option<&str>) -> Option<Cow<'a, str>> {
    match (value.unshared(), descriptor) {
        (Value::String(text), _) => Some(Cow::Borrowed(text)),
        (Value::Double(number), Some("F" | "Ljava/lang/Float;")) => {
            let mut out = String::new();
            #[allow(clippy::cast_possible_truncation, reason = "it was a float")]
            write_float(&mut out, *number as f32).ok()?;
            Some(out.into())
        }
        (value, _) => {
            let mut out = String::new();
            write(&mut out, value, 0)?;
            Some(out.into())
        }
    }
}

/// The number that an argument is, or whose text it is (`Double.valueOf(input.toString())`).
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value.unshared() {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

fn write(out: &mut String, value: &Value, depth: usize) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value.unshared() {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => write!(out, "{value}").ok()?,
        Value::Int(value) => write!(out, "{value}").ok()?,
        Value::Long(value) => write!(out, "{value}").ok()?,
        Value::Double(value) => write_double(out, *value).ok()?,
        Value::String(value) => out.push_str(value),
        Value::List(list) if !is_array(list) => {
            joined(out, ['[', ']'], &list.items, |out, item| write(out, item, depth + 1))?;
        }
        Value::Map(map) => joined(out, ['{', '}'], &map.entries, |out, (key, value)| {
            write(out, key, depth + 1)?;
            out.push('=');
            write(out, value, depth + 1)
        })?,
        Value::Object(object) => out.push_str(of_object(object)?),
        // A date depends on the zone of the machine; all else prints its identity.
        _ => return None,
    }
    Some(())
}

fn joined<T>(
    out: &mut String,
    [open, close]: [char; 2],
    parts: &[T],
    one: impl Fn(&mut String, &T) -> Option<()>,
) -> Option<()> {
    out.push(open);
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            out.push_str(", ");
        }
        one(out, part)?;
    }
    out.push(close);
    Some(())
}

/// Hessian names the type of an array by its element: `[int`, `[string`.
fn is_array(list: &List) -> bool {
    list.class.as_ref().is_some_and(|class| class.starts_with('['))
}

/// The text of a constant of an enum, which on the wire has its name alone, and of a number of any size.
fn of_object(object: &Object) -> Option<&str> {
    match &*object.fields {
        [(name, value)] if &**name == "name" => value.as_str(),
        [(name, value)] if &**name == "value" && object.class.starts_with("java.math.") => {
            value.as_str()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_in_java() {
        let date = Value::Date(0);
        let array = Value::from(List::new(["a"]).class("[string"));
        let constant = Value::constant("a.Color", "RED");
        for (value, expected) in [
            (Value::Null, Some("null")),
            (Value::Bool(true), Some("true")),
            (Value::Int(-5), Some("-5")),
            (Value::Long(5_000_000_000), Some("5000000000")),
            (Value::Double(1.5), Some("1.5")),
            (Value::Double(1.0), Some("1.0")),
            (Value::Double(-0.0), Some("-0.0")),
            (Value::Double(0.001), Some("0.001")),
            (Value::Double(1e-4), Some("1.0E-4")),
            (Value::Double(9_999_999.0), Some("9999999.0")),
            (Value::Double(1e7), Some("1.0E7")),
            (Value::Double(1.25e300), Some("1.25E300")),
            (Value::Double(f64::NEG_INFINITY), Some("-Infinity")),
            (Value::from("two words"), Some("two words")),
            (Value::list(["a", "b"]), Some("[a, b]")),
            (Value::list([Value::list([1, 2]), Value::Null]), Some("[[1, 2], null]")),
            (Value::map([("k", "v")]), Some("{k=v}")),
            (constant, Some("RED")),
            (Value::from(Value::object("a.B").field("id", 1)), None),
            (array, None),
            (date, None),
            (Value::list([Value::reference(1)]), None),
        ] {
            assert_eq!(text(&value, None).as_deref(), expected, "{value}");
        }
        let float = Value::Double(f64::from(1.1_f32));
        assert_eq!(text(&float, Some("F")).as_deref(), Some("1.1"));
    }

    #[test]
    fn a_deep_value_has_no_text() {
        let mut deep = Value::Null;
        for _ in 0..1000 {
            deep = Value::list([deep]);
        }
        assert_eq!(text(&deep, None), None);
    }
}
