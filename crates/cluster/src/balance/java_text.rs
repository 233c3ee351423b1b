//! Values as Java prints them (`String.valueOf`).

use std::fmt::{self, Write};

use dubhe_core::Value;
use dubhe_core::java_number::{write_double, write_float};

/// The levels of lists and maps in each other that are printed.
const DEPTH: usize = 32;

/// Writes `value` as Java's `String.valueOf` prints the argument that it is, of the type `descriptor` where that is known.
/// An object prints its class and fields, where Java without a `toString` prints an address.
pub(super) fn write(
    out: &mut dyn Write,
    value: &Value,
    descriptor: Option<&str>,
    depth: usize,
) -> fmt::Result {
    if depth > DEPTH {
        return Ok(());
    }
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Long(value) | Value::Date(value) => write!(out, "{value}"),
        Value::Double(value) => match descriptor {
            #[allow(clippy::cast_possible_truncation, reason = "it came from a float")]
            Some("F" | "Ljava/lang/Float;") => write_float(out, *value as f32),
            _ => write_double(out, *value),
        },
        Value::String(value) => out.write_str(value),
        Value::Bytes(value) => value.iter().try_for_each(|byte| write!(out, "{byte:02x}")),
        Value::List(list) => {
            out.write_char('[')?;
            for (n, item) in list.items.iter().enumerate() {
                out.write_str(if n > 0 { ", " } else { "" })?;
                write(out, item, None, depth + 1)?;
            }
            out.write_char(']')
        }
        Value::Map(map) => {
            out.write_char('{')?;
            for (n, (key, value)) in map.entries.iter().enumerate() {
                out.write_str(if n > 0 { ", " } else { "" })?;
                write(out, key, None, depth + 1)?;
                out.write_char('=')?;
                write(out, value, None, depth + 1)?;
            }
            out.write_char('}')
        }
        Value::Object(object) => match &*object.fields {
            // A constant of an enum, and numbers of any size, which travel as text.
            [(name, Value::String(text))] if matches!(&**name, "name" | "value") => {
                out.write_str(text)
            }
            fields => {
                write!(out, "{}{{", object.class)?;
                for (n, (name, value)) in fields.iter().enumerate() {
                    write!(out, "{}{name}=", if n > 0 { ", " } else { "" })?;
                    write(out, value, None, depth + 1)?;
                }
                out.write_char('}')
            }
        },
        Value::Shared(_, value) => write(out, value, descriptor, depth + 1),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::value::List;

    use super::*;

    fn text(value: impl Into<Value>, descriptor: Option<&str>) -> String {
        let mut text = String::new();
        write(&mut text, &value.into(), descriptor, 0).unwrap();
        text
    }

    #[test]
    fn values_print_as_in_java() {
        assert_eq!(text(Value::Null, None), "null");
        assert_eq!(text(true, None), "true");
        assert_eq!(text(-7_i64, None), "-7");
        assert_eq!(text("ä", None), "ä");
        for (value, printed) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.001, "0.001"),
            (0.000_99, "9.9E-4"),
            (9_999_999.5, "9999999.5"),
            (1e7, "1.0E7"),
            (1.25e-9, "1.25E-9"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(value, None), printed);
        }
        assert_eq!(text(f64::from(0.1_f32), Some("F")), "0.1");
        let list = List::new(vec![Value::from(1), Value::from("a"), Value::Null]);
        assert_eq!(text(list, None), "[1, a, null]");
        let map = Value::map([("a", Value::from(1)), ("b", Value::list(["x"]))]);
        assert_eq!(text(map, None), "{a=1, b=[x]}");
        assert_eq!(text(Value::constant("org.example.Color", "RED"), None), "RED");
    }
}
