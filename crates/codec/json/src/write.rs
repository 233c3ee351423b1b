//! From values to JSON.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dubhe_core::Value;
use dubhe_core::value::Label;
use serde_json::{Map, Number, Value as Json};

use crate::Error;

/// The number of times that shared parts may be written again in one value.
const MOST_REPEATS: usize = 65_536;

/// The treatment of class names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Classes {
    /// Under the key `class`, as Dubbo's generic calls have them.
    #[default]
    Keep,
    /// Not at all.
    Drop,
}

/// The JSON text of `value`.
///
/// # Errors
/// When the value contains itself.
pub fn to_string(value: &Value, classes: Classes) -> Result<String, Error> {
    Ok(to_json(value, classes)?.to_string())
}

/// The JSON form of `value`.
///
/// # Errors
/// When the value contains itself.
pub fn to_json(value: &Value, classes: Classes) -> Result<Json, Error> {
    let mut writer = Writer { classes, shared: HashMap::new(), open: Vec::new(), repeats: 0 };
    writer.find_shared(value);
    writer.write(value)
}

struct Writer<'a> {
    classes: Classes,
    shared: HashMap<Label, &'a Value>,
    open: Vec<Label>,
    repeats: usize,
}

impl<'a> Writer<'a> {
    fn find_shared(&mut self, value: &'a Value) {
        match value {
            Value::Shared(label, inner) => {
                self.shared.insert(*label, inner);
                self.find_shared(inner);
            }
            Value::List(list) => list.items.iter().for_each(|v| self.find_shared(v)),
            Value::Map(map) => map.entries.iter().for_each(|(k, v)| {
                self.find_shared(k);
                self.find_shared(v);
            }),
            Value::Object(o) => o.fields.iter().for_each(|(_, v)| self.find_shared(v)),
            _ => {}
        }
    }

    fn write(&mut self, value: &'a Value) -> Result<Json, Error> {
        Ok(match value {
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(n) => Json::from(*n),
            Value::Long(n) | Value::Date(n) => Json::from(*n),
            Value::Double(d) => double(*d),
            Value::String(s) => Json::String(s.to_string()),
            Value::Bytes(b) => Json::String(STANDARD.encode(b)),
            Value::List(list) => {
                Json::Array(list.items.iter().map(|v| self.write(v)).collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                let mut out = Map::new();
                for (k, v) in &map.entries {
                    out.insert(self.key(k)?, self.write(v)?);
                }
                Json::Object(out)
            }
            Value::Object(object) => {
                let mut out = Map::new();
                if self.classes == Classes::Keep {
                    out.insert("class".into(), Json::String(object.class.to_string()));
                }
                for (name, v) in &object.fields {
                    out.insert(name.to_string(), self.write(v)?);
                }
                Json::Object(out)
            }
            Value::Shared(label, inner) => self.write_labelled(*label, inner)?,
            Value::Ref(label) => {
                self.repeats += 1;
                if self.repeats > MOST_REPEATS {
                    return Err(Error::Repeats(MOST_REPEATS));
                }
                let inner = self.shared.get(label).copied().ok_or(Error::Label(label.0))?;
                self.write_labelled(*label, inner)?
            }
            _ => Json::Null,
        })
    }

    fn write_labelled(&mut self, label: Label, inner: &'a Value) -> Result<Json, Error> {
        if self.open.contains(&label) {
            return Err(Error::Cycle(label.0));
        }
        self.open.push(label);
        let json = self.write(inner)?;
        self.open.pop();
        Ok(json)
    }

    fn key(&mut self, key: &'a Value) -> Result<String, Error> {
        Ok(match self.write(key)? {
            Json::String(s) => s,
            other => other.to_string(),
        })
    }
}

fn double(d: f64) -> Json {
    match Number::from_f64(d) {
        Some(n) => Json::Number(n),
        None if d.is_nan() => Json::from("NaN"),
        None if d > 0.0 => Json::from("Infinity"),
        None => Json::from("-Infinity"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_every_kind() {
        let value: Value = Value::object("a.B")
            .field("id", 1_i64 << 40)
            .field("at", Value::Date(5))
            .field("raw", Value::Bytes(vec![1, 2, 3].into()))
            .field("odd", f64::NAN)
            .field("map", Value::map([(Value::Int(7), Value::from("x"))]))
            .into();
        assert_eq!(
            to_string(&value, Classes::Keep).unwrap(),
            r#"{"class":"a.B","id":1099511627776,"at":5,"raw":"AQID","odd":"NaN","map":{"7":"x"}}"#
        );
        assert!(!to_string(&value, Classes::Drop).unwrap().contains("class"));
    }

    #[test]
    fn shared_parts_are_repeated_and_cycles_refused() {
        let pair = Value::list([Value::list([1]).shared(0), Value::reference(0)]);
        assert_eq!(to_string(&pair, Classes::Keep).unwrap(), "[[1],[1]]");
        let cycle = Value::list([Value::reference(0)]).shared(0);
        assert!(matches!(to_string(&cycle, Classes::Keep), Err(Error::Cycle(0))));
    }

    #[test]
    fn laughing_references_are_stopped() {
        let mut items = vec![Value::list([1]).shared(0)];
        for n in 1..40 {
            items.push(Value::list([Value::reference(n - 1), Value::reference(n - 1)]).shared(n));
        }
        assert!(matches!(to_string(&Value::list(items), Classes::Keep), Err(Error::Repeats(_))));
    }
}
