//! The conversion of JSON to values.
//!
//! Values are built while the text is read, and charged to its budget.

use std::fmt;

use bytes::Bytes;
use dubhe_core::memory::{BLOCK, Budget};
use dubhe_core::value::{List, Map, Object};
use dubhe_core::{ByteString, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use crate::number::{self, Numbers, integer};
use crate::{Error, Limits};

/// The key of the map as which `serde_json` hands out a number that is no integer of 64 bits, with
/// its feature `arbitrary_precision`, which another crate of the program may have switched on.
const NUMBER: &str = "$serde_json::private::Number";

/// The value of a JSON text.
///
/// # Errors
/// As [`from_slice`].
pub fn from_str(text: &str) -> Result<Value, Error> {
    from_slice(text.as_bytes())
}

/// The value of a JSON text in UTF-8, within the default [`Limits`].
///
/// # Errors
/// When the text is not one JSON value, has a number beyond a double, or exceeds a limit.
pub fn from_slice(text: &[u8]) -> Result<Value, Error> {
    let limits = Limits::default();
    read(text, None, limits, &mut limits.memory.budget(text.len()))
}

/// The value of a JSON text in UTF-8. Strings without escapes share the memory of `text`, and so
/// keep all of it as long as they live.
///
/// # Errors
/// As [`from_slice`].
pub fn from_bytes(text: &Bytes, limits: Limits) -> Result<Value, Error> {
    from_bytes_charged(text, limits, &mut limits.memory.budget(text.len()))
}

/// The value of a JSON text that is a part of a message: its memory is charged to `budget`, which all
/// parts share, in place of one by [`Limits::memory`]. Otherwise as [`from_bytes`].
///
/// # Errors
/// As [`from_slice`].
pub fn from_bytes_charged(
    text: &Bytes,
    limits: Limits,
    budget: &mut Budget,
) -> Result<Value, Error> {
    read(text, Some(text), limits, budget)
}

fn read(
    text: &[u8],
    shared: Option<&Bytes>,
    limits: Limits,
    budget: &mut Budget,
) -> Result<Value, Error> {
    let mut state = State {
        shared,
        budget,
        depth_limit: limits.depth.min(Limits::MOST_DEPTH),
        depth: 0,
        failure: None,
        keys: Vec::new(),
        numbers: Numbers::new(text),
    };
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = Next(&mut state).deserialize(&mut json).and_then(|value| {
        json.end()?;
        Ok(value)
    });
    value.map_err(|error| match state.failure.take() {
        Some(failure) => failure,
        None if state.depth == Limits::MOST_DEPTH && is_recursion(&error) => {
            Error::Depth(Limits::MOST_DEPTH)
        }
        None if is_beyond_double(&error) => Error::Number,
        None => Error::Syntax(error),
    })
}

/// Returns `true` for the error of a number that no double holds, which has no kind of its own.
fn is_beyond_double(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

/// Returns `true` for the error of what nests deeper than `serde_json` goes, which has no kind of its
/// own. It comes before the visitor sees the container.
fn is_recursion(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
}

/// The value of a parsed JSON value.
///
/// # Errors
/// When it has a number beyond a double.
pub fn from_json(json: Json) -> Result<Value, Error> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(b),
        Json::Number(n) => match n.as_i64() {
            Some(n) => integer(n),
            None => number::value(&n.to_string())?,
        },
        Json::String(s) => Value::String(s.into()),
        Json::Array(items) => {
            let items = items.into_iter().map(from_json);
            List { class: None, items: items.collect::<Result<_, _>>()? }.into()
        }
        Json::Object(fields) => {
            let entries = fields.into_iter().map(|(k, v)| Ok((Value::from(k), from_json(v)?)));
            Map { class: None, entries: entries.collect::<Result<_, Error>>()? }.into()
        }
    })
}

struct State<'a> {
    shared: Option<&'a Bytes>,
    budget: &'a mut Budget,
    depth_limit: u16,
    depth: u16,
    /// The reason of an error that is not one of syntax.
    failure: Option<Error>,
    /// Keys that were met last: objects of a list mostly have the same.
    keys: Vec<ByteString>,
    numbers: Numbers<'a>,
}

/// The most keys that are remembered.
const KEYS: usize = 16;

impl State<'_> {
    /// Ends the reading.
    #[cold]
    fn fail<E: serde::de::Error>(&mut self, error: Error) -> E {
        let text = error.to_string();
        self.failure = Some(error);
        E::custom(text)
    }

    fn charge<E: serde::de::Error>(&mut self, bytes: usize) -> Result<(), E> {
        self.budget.charge(bytes).map_err(|over| self.fail(Error::Memory(over)))
    }

    fn room<T, E: serde::de::Error>(&mut self, items: &mut Vec<T>) -> Result<(), E> {
        self.budget.grow(items).map_err(|over| self.fail(Error::Memory(over)))
    }

    /// Charges a container without its elements, and enters it.
    fn open<T, E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth >= self.depth_limit {
            return Err(self.fail(Error::Depth(self.depth_limit)));
        }
        self.depth += 1;
        self.charge(size_of::<T>() + 2 * size_of::<usize>() + BLOCK)
    }

    fn text<E: serde::de::Error>(&mut self, text: &str) -> Result<ByteString, E> {
        if text.is_empty() {
            return Ok(ByteString::new());
        }
        self.charge(text.len() + BLOCK)?;
        Ok(text.into())
    }

    /// Text that lies in the message.
    fn borrowed<E: serde::de::Error>(&mut self, text: &str) -> Result<ByteString, E> {
        match self.shared {
            Some(all) => Ok(dubhe_text::share(all, text)),
            None => self.text(text),
        }
    }

    /// The value of a number that is no `long`.
    fn number<E: serde::de::Error>(&mut self, text: Option<&str>) -> Result<Value, E> {
        let value = text.ok_or(Error::Number).and_then(number::value);
        let value = value.map_err(|error| self.fail(error))?;
        if let Value::Object(_) = value {
            self.charge(size_of::<Object>() + size_of::<(Value, Value)>() + 4 * BLOCK)?;
            self.charge(text.map_or(0, str::len))?;
        }
        Ok(value)
    }

    fn key<E: serde::de::Error>(&mut self, key: &str) -> Result<ByteString, E> {
        if let Some(known) = self.keys.iter().find(|known| **known == key) {
            return Ok(known.clone());
        }
        let key = self.text(key)?;
        if self.keys.len() < KEYS {
            self.keys.push(key.clone());
        }
        Ok(key)
    }
}

/// The value that is next.
struct Next<'a, 'b>(&'a mut State<'b>);

impl<'de> DeserializeSeed<'de> for Next<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Next<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        self.0.numbers.skip();
        Ok(integer(v))
    }

    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Value, E> {
        if let Ok(v) = i64::try_from(v) {
            return self.visit_i64(v);
        }
        let state = self.0;
        let text = state.numbers.next();
        state.number(text)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        let state = self.0;
        let text = state.numbers.next();
        state.number(text)
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, v: &'de str) -> Result<Value, E> {
        self.0.borrowed(v).map(Value::String)
    }

    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Value, E> {
        self.0.text(v).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let state = self.0;
        state.open::<List, _>()?;
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(Next(state))? {
            state.room(&mut items)?;
            items.push(item);
        }
        state.depth -= 1;
        Ok(List { class: None, items }.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let state = self.0;
        let mut key = object.next_key_seed(Key(state))?;
        if key.as_ref().is_some_and(|key| key == NUMBER) {
            let _: String = object.next_value()?;
            // It has another form of the exponent than the text.
            let text = state.numbers.next();
            return state.number(text);
        }
        state.open::<Map, _>()?;
        let mut entries = Vec::new();
        while let Some(name) = key {
            state.room(&mut entries)?;
            entries.push((Value::String(name), object.next_value_seed(Next(state))?));
            key = object.next_key_seed(Key(state))?;
        }
        state.depth -= 1;
        Ok(Map { class: None, entries }.into())
    }
}

/// The key that is next.
struct Key<'a, 'b>(&'a mut State<'b>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = ByteString;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<ByteString, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = ByteString;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<ByteString, E> {
        self.0.key(v)
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::memory::MemoryLimit;

    use super::*;

    #[test]
    fn integers_take_the_narrowest_java_type() {
        let text = r#"[1, 2147483648, 1.5, 1.50, "x", null, true, {"k": []}, -7, "\u0041", ""]"#;
        let expected = Value::list([
            Value::Int(1),
            Value::Long(2_147_483_648),
            Value::Double(1.5),
            Value::object("java.math.BigDecimal").field("value", "1.50").into(),
            Value::from("x"),
            Value::Null,
            Value::Bool(true),
            Value::map([("k", Value::list::<Value>([]))]),
            Value::Int(-7),
            Value::from("A"),
            Value::from(""),
        ]);
        assert_eq!(from_str(text).unwrap(), expected);
        assert_eq!(from_bytes(&Bytes::from(text), Limits::default()).unwrap(), expected);
        // What serde_json has read has the digits of a double.
        let parsed = serde_json::from_str(&text.replace("1.50", "2.5")).unwrap();
        let expected = from_str(&text.replace("1.50", "2.5")).unwrap();
        assert_eq!(from_json(parsed).unwrap(), expected);
    }

    #[test]
    fn rejects_what_is_not_json() {
        for text in ["{", "", "1 2", "[1,]", r#"{"a":1"#, r"{1:2}"] {
            assert!(matches!(from_str(text), Err(Error::Syntax(_))), "{text}");
        }
        assert!(from_str(&"[".repeat(10_000)).is_err());
    }

    #[test]
    fn numbers_beyond_a_double_are_refused() {
        for text in ["1e400", "-1e400", "[1, 1e999999999]", r#"{"a": 1.8e308}"#] {
            assert!(matches!(from_str(text), Err(Error::Number)), "{text}");
        }
        assert!(matches!(from_str(&"9".repeat(100_000)), Err(Error::Number)));
        assert_eq!(from_str("1e-400").unwrap().as_f64(), Some(0.0));
        assert_eq!(from_str("1.7976931348623157e308").unwrap(), Value::Double(f64::MAX));
    }

    #[test]
    fn depth_is_an_option() {
        let nested = |n: usize| Bytes::from("[".repeat(n) + &"]".repeat(n));
        let read = |n, depth| from_bytes(&nested(n), Limits::default().depth(depth));
        assert!(read(127, 127).is_ok());
        for depth in [127, 128, u16::MAX] {
            assert!(matches!(read(128, depth), Err(Error::Depth(127))), "{depth}");
        }
        // An error of syntax at that depth stays one.
        let cut = Bytes::from("[".repeat(127));
        assert!(matches!(from_bytes(&cut, Limits::default()), Err(Error::Syntax(_))));
        let text = read(4, 3).unwrap_err().to_string();
        assert!(text.contains("deeper than 3;") && text.contains("triple.json_depth"), "{text}");
        assert!(read(3, 3).is_ok());
        assert!(matches!(read(4, 3), Err(Error::Depth(3))));
        let beside = Bytes::from_static(b"[[], {}, [[]]]");
        assert!(from_bytes(&beside, Limits::default().depth(3)).is_ok());
    }

    #[test]
    fn memory_is_bounded_by_the_length_of_the_text() {
        let list = |element: &str, bytes: usize| {
            let count = bytes / (element.len() + 1);
            Bytes::from(format!("[{}]", vec![element; count].join(",")))
        };
        let read = |text: &Bytes, memory| from_bytes(text, Limits::default().memory(memory));
        let usual = MemoryLimit::default();
        // Four MiB of objects, of text; a hundred thousand of anything.
        assert!(read(&list(r#"{"id":1,"name":"x"}"#, 4 << 20), usual).is_ok());
        assert!(read(&list(r#""some text of a line""#, 4 << 20), usual).is_ok());
        assert!(read(&Bytes::from(format!("\"{}\"", "a".repeat(4 << 20))), usual).is_ok());
        for element in ["1", "null", "true", "[]", "1.5", r#""""#] {
            let text = list(element, 100_000 * (element.len() + 1));
            assert!(read(&text, usual).is_ok(), "{element}");
            assert!(from_slice(&text).is_ok(), "{element}");
        }
        for element in ["1", "[]", "{}"] {
            let text = list(element, 8 << 20);
            assert!(matches!(read(&text, usual), Err(Error::Memory(_))), "{element}");
        }
        // Room for 1,638 elements and less than as many again.
        let small = MemoryLimit::new(64, 64 << 10);
        assert!(read(&list("1", 2_000), small).is_ok());
        assert!(matches!(read(&list("1", 4_000), small), Err(Error::Memory(_))));
    }
}
