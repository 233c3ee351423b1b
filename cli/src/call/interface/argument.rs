//! Arguments as they are typed.

use dubhe::{JavaArgument, Value};
use serde_json::Value as Json;

use super::{convert, java_type};

/// An argument and, where it was given, its Java type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Argument {
    java_type: Option<String>,
    pub(super) value: Value,
}

impl Argument {
    /// The argument that `text` is: `TYPE:VALUE` or `VALUE`.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some((name, value)) = text.split_once(':')
            && let Some(java_type) = java_type::resolve(name)
        {
            return Self::typed(java_type, value);
        }
        let value = dubhe::json::from_json(read(text)).map_err(|e| e.to_string())?;
        Ok(Self { java_type: None, value })
    }

    fn typed(java_type: String, text: &str) -> Result<Self, String> {
        let json = match read(text) {
            // The digits of a number are the text of a string.
            Json::Number(_) | Json::Bool(_) if java_type == "java.lang.String" => text.into(),
            json => json,
        };
        let value = convert::to_java(json, &java_type)
            .map_err(|what| format!("argument {java_type}:{text}: {what}"))?;
        Ok(Self { java_type: Some(java_type), value })
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

/// JSON, or else a text.
fn read(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// All arguments, of the types that `types` gives them all.
pub(super) fn parse_all(
    texts: &[String],
    types: Option<&[String]>,
) -> Result<Vec<Argument>, String> {
    let Some(types) = types else {
        return texts.iter().map(|text| Argument::parse(text)).collect();
    };
    if types.len() != texts.len() {
        return Err(format!(
            "--types names {} types for {} arguments; name one for each",
            types.len(),
            texts.len()
        ));
    }
    let pairs = types.iter().zip(texts);
    pairs
        .map(|(name, text)| {
            let java_type = java_type::resolve(name).ok_or_else(|| {
                format!("--types: {name:?} is not a Java type; write long or org.example.User")
            })?;
            Argument::typed(java_type, text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> (Option<String>, Value) {
        let argument = Argument::parse(text).unwrap();
        (argument.java_type, argument.value)
    }

    fn typed(java_type: &str, value: impl Into<Value>) -> (Option<String>, Value) {
        (Some(java_type.to_owned()), value.into())
    }

    #[test]
    fn values_without_a_type_are_json_or_text() {
        for (text, value) in [
            ("42", Value::Int(42)),
            ("-1.5", Value::Double(-1.5)),
            ("true", Value::Bool(true)),
            ("null", Value::Null),
            ("\"42\"", Value::from("42")),
            ("Ada", Value::from("Ada")),
            ("http://x", Value::from("http://x")),
            ("host:80", Value::from("host:80")),
            ("", Value::from("")),
            ("{\"a\":[1]}", Value::map([("a", Value::list([1]))])),
        ] {
            assert_eq!(one(text), (None, value), "{text}");
        }
    }

    #[test]
    fn a_type_may_stand_in_front() {
        assert_eq!(one("long:42"), typed("long", 42_i64));
        assert_eq!(one("String:42"), typed("java.lang.String", "42"));
        assert_eq!(one("java.lang.String:\"x\""), typed("java.lang.String", "x"));
        let user = Value::map([("class", Value::from("a.User")), ("id", Value::Int(1))]);
        assert_eq!(one("a.User:{\"id\":1}"), typed("a.User", user));
    }

    #[test]
    fn types_may_be_given_together() {
        let texts = ["7".to_owned(), "7".to_owned()];
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
        let typed = Argument::parse("4000000000").unwrap().into_typed();
        assert_eq!(typed, JavaArgument::new("long", 4_000_000_000_i64));
    }
}
