//! Answers, and when two of them are equal.

use std::fmt;

use dubhe::hessian2::from_value;
use dubhe::java::BigInteger;
use dubhe::value::{List, Map};
use dubhe::{Value, json};

use super::Form;

/// An answer: what equal answers have in common.
#[derive(Debug)]
pub(super) enum Answer {
    Value(Value),
    /// An error, whose text is for people only: each side has its own words.
    Refused(String),
}

impl Answer {
    /// The answer in a form, which is JSON in all but one.
    pub(super) fn of(form: Form, answer: Result<Value, String>) -> Self {
        let parsed = answer.and_then(|answer| match (form, &answer) {
            (Form::Http | Form::Gson, Value::String(text)) => {
                json::from_str(&quoted(text)).map_err(|error| error.to_string())
            }
            _ => Ok(answer),
        });
        parsed.map_or_else(Self::Refused, |value| Self::Value(normal(value, form)))
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(a), Self::Value(b)) => a.same(b),
            (Self::Refused(_), Self::Refused(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 160;
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Refused(text) => {
                let line: String = text.chars().take(MAX_CHARS).collect();
                write!(f, "an error ({})", line.replace('\n', " "))
            }
        }
    }
}

/// The value without what makes no difference: the order of fields, the class of a collection, the ways
/// to write the same number, and what `java.math.BigInteger` has computed of itself. In `generic=true`
/// fields that are null are as good as left out: Java has those of getters and not public ones.
fn normal(value: Value, form: Form) -> Value {
    match value {
        Value::Map(map) => {
            let kept = |v: &Value| form != Form::Typed || !v.is_null();
            let entries = map.entries.iter().filter(|(_, v)| kept(v));
            let entries = entries.map(|(k, v)| (normal(k.clone(), form), normal(v.clone(), form)));
            Map { class: None, entries: entries.collect() }.into()
        }
        Value::List(list) => {
            let class = list.class.clone().filter(|class| class.contains("Set"));
            let items = list.items.iter().map(|item| normal(item.clone(), form)).collect();
            List { class, items }.into()
        }
        Value::Object(object) if object.class == "java.math.BigDecimal" => {
            let text = object.get("value").and_then(Value::as_str).unwrap_or_default();
            // Java writes 1.0E100 for a double, which JSON has in other ways too.
            match text.parse::<f64>() {
                Ok(double) if text.contains(['e', 'E']) => Value::Double(double),
                _ => Value::Object(object),
            }
        }
        Value::Object(object) if object.class == "java.math.BigInteger" => {
            let value = Value::Object(object);
            from_value::<BigInteger>(&value).map_or(value, |integer| integer.to_string().into())
        }
        Value::Long(v) => i32::try_from(v).map_or(Value::Long(v), Value::Int),
        other => other,
    }
}

/// The text with quotes around the first key of a map: Java writes `{5:"x"}` for a map whose keys are numbers, which is no
/// JSON.
fn quoted(text: &str) -> String {
    let (mut out, mut in_string, mut in_key) = (String::new(), false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if in_key && c == ':' {
            out.push('"');
            in_key = false;
        }
        out.push(c);
        match c {
            '\\' if in_string => out.extend(chars.next()),
            '"' => in_string = !in_string,
            '{' if !in_string && chars.peek().is_some_and(|c| c.is_ascii_digit() || *c == '-') => {
                out.push('"');
                in_key = true;
            }
            _ => {}
        }
    }
    out
}
