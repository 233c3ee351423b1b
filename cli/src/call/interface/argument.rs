//! Arguments as they are typed.

use std::sync::Arc;

use dubhe::value::{List, Map};
use dubhe::{JavaArgument, Value, hessian2, java, json};

use super::{convert, java_type};
use crate::call::input::Text;
use crate::call::shortened;

/// An argument and, where it was given, its Java type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Argument {
    java_type: Option<String>,
    pub(super) value: Value,
}

impl Argument {
    /// The argument that `text` is: `TYPE:VALUE` or `VALUE`.
    pub(super) fn parse(text: &Text) -> Result<Self, String> {
        if let Some((name, value)) = text.text.split_once(':')
            && let Some(java_type) = java_type::resolve(name)
        {
            return Self::typed(java_type, &Text { place: text.place.clone(), text: value.into() });
        }
        let value = read(&text.text).map_err(|what| format!("{}: {what}", text.place))?;
        Ok(Self { java_type: None, value })
    }

    /// The argument of this type that `text` is.
    pub(super) fn typed(java_type: String, Text { place, text }: &Text) -> Result<Self, String> {
        let value = if java_type == "java.lang.String" {
            Ok(string(text))
        } else {
            read(text).and_then(|value| convert::to_java(value, &java_type))
        };
        match value {
            Ok(value) => Ok(Self { java_type: Some(java_type), value }),
            Err(what) => Err(format!("{place}, {java_type}:{}: {what}", shortened(text))),
        }
    }

    /// Returns true if no type was given.
    pub(super) fn is_untyped(&self) -> bool {
        self.java_type.is_none()
    }

    /// The argument with its type, which follows from the value where none was given.
    pub(super) fn into_typed(self) -> JavaArgument {
        match self.java_type {
            Some(java_type) => JavaArgument::new(java_type, self.value),
            None => JavaArgument::infer(self.value),
        }
    }
}

/// JSON, or else a text. What begins as arrays, objects and quoted strings do is JSON or wrong, and so is
/// a number.
fn read(text: &str) -> Result<Value, String> {
    let is_text = || !text.trim_start().starts_with(['{', '[', '"']);
    match json::from_str(text) {
        Ok(value) => Ok(with_integers(value)),
        Err(json::Error::Syntax(_)) if is_text() => Ok(text.into()),
        Err(json::Error::Number) if is_text() && !is_number(text) => Ok(text.into()),
        Err(error) => Err(format!("{error}; a text is written String:TEXT")),
    }
}

/// Returns true for a number to its end. A UUID may begin as one beyond a double: `123e4567-..`.
fn is_number(text: &str) -> bool {
    let text = text.trim();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    mantissa.split('.').all(digits) && digits(exponent)
}

/// The value with integers beyond a `long` as such: Java makes no `BigInteger` of a `BigDecimal` without loss.
fn with_integers(value: Value) -> Value {
    match value {
        Value::Object(object) if &*object.class == "java.math.BigDecimal" => {
            let digits = object.get("value").and_then(Value::as_str);
            let integer = digits.and_then(|digits| digits.parse::<java::BigInteger>().ok());
            let integer = integer.and_then(|integer| hessian2::to_value(&integer).ok());
            integer.unwrap_or(Value::Object(object))
        }
        Value::List(list) => {
            let List { class, items } = Arc::unwrap_or_clone(list);
            List { class, items: items.into_iter().map(with_integers).collect() }.into()
        }
        Value::Map(map) => {
            let Map { class, entries } = Arc::unwrap_or_clone(map);
            let entries = entries.into_iter().map(|(key, value)| (key, with_integers(value)));
            Map { class, entries: entries.collect() }.into()
        }
        other => other,
    }
}

/// The text that a string in JSON is, null, or else the text itself: digits and objects are texts too.
fn string(text: &str) -> Value {
    match json::from_str(text) {
        Ok(value @ (Value::String(_) | Value::Null)) => value,
        _ => text.into(),
    }
}

/// All arguments, of the types that `types` gives them all.
pub(super) fn parse_all(texts: &[Text], types: Option<&[String]>) -> Result<Vec<Argument>, String> {
    let Some(types) = types else {
        return texts.iter().map(Argument::parse).collect();
    };
    if types.len() != texts.len() {
        return Err(format!(
            "--types names {} types for {} arguments; name one for each",
            types.len(),
            texts.len()
        ));
    }
    let pairs = types.iter().zip(texts);
    pairs.map(|(name, text)| Argument::typed(java_type::named(name)?, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text { place: "argument 1".into(), text: text.into() }
    }

    fn one(text: &str) -> (Option<String>, Value) {
        let argument = Argument::parse(&self::text(text)).unwrap();
        (argument.java_type, argument.value)
    }

    fn typed(java_type: &str, value: impl Into<Value>) -> (Option<String>, Value) {
        (Some(java_type.to_owned()), value.into())
    }

    #[test]
    fn values_without_a_type_are_json_or_text() {
        let decimal = Value::object("java.math.BigDecimal").field("value", "1.50");
        let integer = "123456789012345678901".parse::<java::BigInteger>().unwrap();
        let integer = hessian2::to_value(&integer).unwrap();
        for (text, value) in [
            ("42", Value::Int(42)),
            ("-1.5", Value::Double(-1.5)),
            ("1.50", decimal.into()),
            ("[123456789012345678901]", Value::list([integer])),
            ("true", Value::Bool(true)),
            ("null", Value::Null),
            ("\"42\"", Value::from("42")),
            ("Ada", Value::from("Ada")),
            ("12 apples", Value::from("12 apples")),
            ("123e4567-e89b", Value::from("123e4567-e89b")),
            ("1e999x", Value::from("1e999x")),
            ("http://x", Value::from("http://x")),
            ("host:80", Value::from("host:80")),
            ("", Value::from("")),
            ("{\"a\":[1]}", Value::map([("a", Value::list([1]))])),
        ] {
            assert_eq!(one(text), (None, value), "{text}");
        }
    }

    #[test]
    fn broken_json_is_no_text() {
        for (wrong, place) in [
            ("{\"a\":1", "line 1 column 6"),
            ("{\"a\":1} x", "line 1 column 9"),
            ("[1,\n2,]", "line 2 column 3"),
            ("\"a\" \"b\"", "line 1 column 5"),
            (" [1", "line 1 column 3"),
            ("1e400", "beyond a double"),
            ("long[]:[1", "line 1 column 2"),
        ] {
            let error = Argument::parse(&text(wrong)).unwrap_err();
            assert!(error.contains(place) && error.starts_with("argument 1"), "{wrong}: {error}");
        }
        assert_eq!(one("String:{\"a\":1"), typed("java.lang.String", "{\"a\":1"));
    }

    #[test]
    fn a_type_may_stand_in_front() {
        assert_eq!(one("long:42"), typed("long", 42_i64));
        assert_eq!(one("String:42"), typed("java.lang.String", "42"));
        assert_eq!(one("String:{\"a\":1}"), typed("java.lang.String", "{\"a\":1}"));
        assert_eq!(one("String:null"), typed("java.lang.String", Value::Null));
        assert_eq!(one("java.lang.String:\"x\""), typed("java.lang.String", "x"));
        let user = Value::map([("class", Value::from("a.User")), ("id", Value::Int(1))]);
        assert_eq!(one("a.User:{\"id\":1}"), typed("a.User", user));
    }

    #[test]
    fn types_may_be_given_together() {
        let texts = [text("7"), text("7")];
        let types = ["long".to_owned(), "String".to_owned()];
        let all = parse_all(&texts, Some(&types)).unwrap();
        assert_eq!(all[0].value, Value::Long(7));
        assert_eq!(all[1].value, Value::from("7"));
        assert!(parse_all(&texts, Some(&types[..1])).unwrap_err().contains("one for each"));
        let wrong = ["long".to_owned(), "x".to_owned()];
        assert!(parse_all(&texts, Some(&wrong)).unwrap_err().contains("not a Java type"));
    }

    #[test]
    fn inferred_types_are_java_s() {
        let typed = Argument::parse(&text("4000000000")).unwrap().into_typed();
        assert_eq!(typed, JavaArgument::new("long", 4_000_000_000_i64));
    }
}
