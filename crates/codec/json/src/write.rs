//! The conversion of values to JSON.
//!
//! The text is written as the value is walked, so that its length bounds the work. Work that writes
//! little or nothing is charged besides: entries that are met again, or whose key is taken.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dubhe_core::Value;
use dubhe_core::memory::{Budget, OverBudget};
use dubhe_core::value::{Label, Object};
use serde_json::{Number, Value as Json};

use crate::number::{DECIMAL, is_number};
use crate::{Error, Limits};

/// The bytes that an entry is charged where its text does not pay for it: the room that it takes while
/// the last value of its key is looked for.
const ENTRY: usize = 64;

/// The bytes that a reference is charged.
const REFERENCE: usize = 16;

/// The treatment of class names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Classes {
    /// The name is written under the key `class`, as in Dubbo's generic calls.
    #[default]
    Keep,
    /// The name is left out, as are entries that are null, and bytes are an array of signed numbers, as
    /// in the JSON of Dubbo Java.
    Drop,
}

/// The JSON text of `value`, within the default [`Limits`].
///
/// # Errors
/// As [`to_string_within`].
pub fn to_string(value: &Value, classes: Classes) -> Result<String, Error> {
    to_string_within(value, classes, Limits::default())
}

/// The JSON text of `value`.
///
/// # Errors
/// When the value contains itself, or shared parts make the text exceed a limit.
pub fn to_string_within(value: &Value, classes: Classes, limits: Limits) -> Result<String, Error> {
    let mut own = Own { shared: HashMap::new(), bytes: 0 };
    own.add(value);
    let out = Text { bytes: Vec::new(), budget: limits.memory.budget(own.bytes) };
    let (shared, depth) = (own.shared, limits.depth);
    let mut writer =
        Writer { classes, shared, open: Vec::new(), again: false, depth, most: depth, out };
    writer.write(value)?;
    String::from_utf8(writer.out.bytes)
        .map_err(|error| Error::Syntax(serde::ser::Error::custom(error)))
}

/// The JSON form of `value`, within the default [`Limits`].
///
/// # Errors
/// As [`to_string_within`].
pub fn to_json(value: &Value, classes: Classes) -> Result<Json, Error> {
    Ok(serde_json::from_str(&to_string(value, classes)?)?)
}

/// The parts of a value, each seen where it stands.
struct Own<'a> {
    shared: HashMap<Label, &'a Value>,
    /// The bytes that they take, by and large.
    bytes: usize,
}

impl<'a> Own<'a> {
    fn add(&mut self, value: &'a Value) {
        self.bytes += size_of::<Value>();
        match value {
            Value::Shared(label, inner) => {
                self.shared.insert(*label, inner);
                self.add(inner);
            }
            Value::String(text) => self.bytes += text.len(),
            Value::Bytes(bytes) => self.bytes += bytes.len(),
            Value::List(list) => list.items.iter().for_each(|v| self.add(v)),
            Value::Map(map) => map.entries.iter().for_each(|(k, v)| {
                self.add(k);
                self.add(v);
            }),
            Value::Object(o) => o.fields.iter().for_each(|(_, v)| self.add(v)),
            _ => {}
        }
    }
}

/// A text of bounded length.
struct Text {
    bytes: Vec<u8>,
    budget: Budget,
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.budget.charge(bytes.len()).map_err(io::Error::other)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Writer<'a> {
    classes: Classes,
    shared: HashMap<Label, &'a Value>,
    open: Vec<Label>,
    /// The value stands in a container that is referred to, and has been walked at its first place.
    again: bool,
    /// The containers that may still nest.
    depth: u16,
    most: u16,
    out: Text,
}

impl<'a> Writer<'a> {
    fn write(&mut self, value: &'a Value) -> Result<(), Error> {
        match value {
            Value::Bool(b) => self.put(b),
            Value::Int(n) => self.put(n),
            Value::Long(n) | Value::Date(n) => self.put(n),
            Value::Double(d) => self.put(&double(*d)),
            Value::String(s) => self.put(&**s),
            Value::Bytes(b) if self.classes == Classes::Drop => self.signed(b),
            Value::Bytes(b) => {
                let text = self.base64(b)?;
                self.put(&text)
            }
            Value::List(list) => self.nested("[", "]", |this| {
                list.items.iter().enumerate().try_for_each(|(index, v)| {
                    this.comma(index)?;
                    this.write(v)
                })
            }),
            Value::Map(map) => {
                self.visit(map.entries.len())?;
                let entries = map.entries.iter().map(|(k, v)| Ok((self.key(k)?, v)));
                let entries = entries.collect::<Result<Vec<_>, Error>>()?;
                self.object(None, &entries)
            }
            Value::Object(object) => {
                if let Some(number) = decimal(object) {
                    return self.raw(number);
                }
                self.visit(object.fields.len())?;
                let fields = object.fields.iter();
                let entries: Vec<_> = fields.map(|(name, v)| (Cow::Borrowed(&**name), v)).collect();
                let class = (self.classes == Classes::Keep).then_some(&*object.class);
                self.object(class, &entries)
            }
            Value::Shared(label, inner) => self.labelled(*label, inner),
            Value::Ref(label) => {
                self.out.budget.charge(REFERENCE)?;
                let inner = self.shared.get(label).copied().ok_or(Error::Label(label.0))?;
                let before = std::mem::replace(&mut self.again, true);
                self.labelled(*label, inner)?;
                self.again = before;
                Ok(())
            }
            _ => self.raw("null"),
        }
    }

    /// Charges the entries of a container that has been walked before.
    fn visit(&mut self, entries: usize) -> Result<(), Error> {
        let bytes = if self.again { entries.saturating_mul(ENTRY) } else { 0 };
        Ok(self.out.budget.charge(bytes)?)
    }

    /// Writes an object. Of several values under one key the last counts, where the first stands.
    fn object(
        &mut self,
        class: Option<&str>,
        entries: &[(Cow<'a, str>, &'a Value)],
    ) -> Result<(), Error> {
        let mut last: HashMap<&str, &'a Value> = HashMap::with_capacity(entries.len());
        for (key, value) in entries {
            if last.insert(key, value).is_some() {
                // Nothing is written for it.
                self.out.budget.charge(ENTRY.saturating_add(key.len()))?;
            }
        }
        self.nested("{", "}", |this| {
            let mut written = 0;
            if let Some(class) = class.filter(|_| !last.contains_key("class")) {
                this.put("class")?;
                this.raw(":")?;
                this.put(class)?;
                written = 1;
            }
            for (key, _) in entries {
                // Taken where its key stands first.
                let Some(value) = last.remove(&**key) else { continue };
                if this.drops(value) {
                    continue;
                }
                this.comma(written)?;
                this.put(&**key)?;
                this.raw(":")?;
                this.write(value)?;
                written += 1;
            }
            Ok(())
        })
    }

    /// Returns `true` for an entry that is left out.
    fn drops(&self, value: &Value) -> bool {
        self.classes == Classes::Drop && value.is_null()
    }

    fn nested(
        &mut self,
        begin: &str,
        end: &str,
        content: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.depth = self.depth.checked_sub(1).ok_or(Error::Depth(self.most))?;
        self.raw(begin)?;
        content(self)?;
        self.depth += 1;
        self.raw(end)
    }

    fn labelled(&mut self, label: Label, inner: &'a Value) -> Result<(), Error> {
        if self.open.contains(&label) {
            return Err(Error::Cycle(label.0));
        }
        // A name may name a name; so deep nothing else is open.
        if self.open.len() > usize::from(self.most) {
            return Err(Error::Depth(self.most));
        }
        self.open.push(label);
        self.write(inner)?;
        self.open.pop();
        Ok(())
    }

    /// The text of a key: that of a string, or the JSON of anything else.
    fn key(&mut self, key: &'a Value) -> Result<Cow<'a, str>, Error> {
        match key {
            Value::String(text) => return Ok(Cow::Borrowed(&**text)),
            // Strings in JSON, too.
            Value::Bytes(bytes) => return Ok(self.base64(bytes)?.into()),
            _ => {}
        }
        let start = self.out.bytes.len();
        self.write(key)?;
        let text = self.out.bytes.split_off(start);
        let text = String::from_utf8_lossy(&text);
        // A number that JSON has not is a string; keys need no second pair of quotes.
        Ok(text.trim_matches('"').to_owned().into())
    }

    /// The text of bytes, charged before it is made.
    fn base64(&mut self, bytes: &[u8]) -> Result<String, Error> {
        self.out.budget.charge(bytes.len())?;
        Ok(STANDARD.encode(bytes))
    }

    /// Bytes as Java's JSON has them, fastjson2's and Gson's: an array of signed numbers.
    fn signed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.raw("[")?;
        for (index, byte) in bytes.iter().enumerate() {
            self.comma(index)?;
            self.put(&byte.cast_signed())?;
        }
        self.raw("]")
    }

    fn comma(&mut self, index: usize) -> Result<(), Error> {
        if index > 0 { self.raw(",") } else { Ok(()) }
    }

    fn raw(&mut self, text: &str) -> Result<(), Error> {
        self.out.budget.charge(text.len())?;
        self.out.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn put<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(&mut self.out, value).map_err(|error| {
            // Nothing else can fail in memory.
            if error.is_io() { Error::Memory(OverBudget) } else { Error::Syntax(error) }
        })
    }
}

/// The text of a `java.math.BigDecimal` that JSON has as a number.
fn decimal(object: &Object) -> Option<&str> {
    let [(_, value)] = object.fields.as_slice() else { return None };
    value.as_str().filter(|text| *object.class == *DECIMAL && is_number(text))
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
    use dubhe_core::memory::MemoryLimit;

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
        assert!(matches!(to_string(&Value::list(items), Classes::Keep), Err(Error::Memory(_))));
    }

    /// A text that is referred to `times` times.
    fn repeated(text: usize, times: usize) -> Value {
        let first = Value::list(["x".repeat(text)]).shared(0);
        Value::list(std::iter::once(first).chain(vec![Value::reference(0); times]))
    }

    #[test]
    fn the_length_of_the_text_is_bounded_by_the_value() {
        // 13 KB that would print 70 MB.
        let written = to_string(&repeated(12_000, 6_000), Classes::Keep);
        assert!(matches!(written, Err(Error::Memory(_))));
        assert!(to_string(&repeated(12_000, 40), Classes::Keep).is_ok());
        let few = Limits::default().memory(MemoryLimit::new(64, 64 << 10));
        let write = |times| to_string_within(&repeated(1_000, times), Classes::Keep, few);
        assert!(write(60).is_ok());
        assert!(matches!(write(70), Err(Error::Memory(_))));
        // What is written once always fits.
        let control = Value::list(vec!["\u{1}"; 100_000]);
        assert_eq!(to_string(&control, Classes::Keep).unwrap().len(), 900_001);
    }

    /// A container, and `times` references to it.
    fn met_again(container: Value, times: usize) -> Value {
        let first = std::iter::once(container.shared(0));
        Value::list(first.chain(vec![Value::reference(0); times]))
    }

    /// A map of `entries` entries under one key.
    fn one_key(entries: usize) -> Value {
        Value::map(vec![("", Value::Null); entries])
    }

    #[test]
    fn entries_under_a_key_that_is_taken_are_charged() {
        // 4 KiB on the wire: 30 KB of text, and a million entries to look at.
        let written = to_string(&met_again(one_key(1_024), 1_024), Classes::Keep);
        assert!(matches!(written, Err(Error::Memory(_))));
        let fields = |mut object: Object| {
            object.fields = vec![("x".into(), Value::Null); 1_000];
            Value::from(object)
        };
        let object = fields(Value::object("a.B"));
        let written = to_string(&met_again(object.clone(), 15_000), Classes::Keep);
        assert!(matches!(written, Err(Error::Memory(_))));
        // As many objects of one class, none of them shared.
        let written = to_string(&Value::list(vec![object; 2_000]), Classes::Keep);
        assert!(matches!(written, Err(Error::Memory(_))));
        // The bound: each but the first of a key, a name of 100 bytes and what is written.
        let few = Limits::default().memory(MemoryLimit::new(1, 64 << 10));
        let key = "k".repeat(100);
        let write = |entries| {
            let map = Value::map(vec![(&*key, Value::Null); entries]);
            to_string_within(&map, Classes::Keep, few)
        };
        let taken = (64 << 10) / (ENTRY + key.len());
        assert_eq!(write(taken).unwrap().len(), 109);
        assert!(matches!(write(taken + 1), Err(Error::Memory(_))));
    }

    #[test]
    fn entries_that_are_met_again_are_charged() {
        let few = Limits::default().memory(MemoryLimit::new(1, 64 << 10));
        let write = |times| {
            let map = Value::map((0..10).map(|n| (n, Value::Null)));
            to_string_within(&met_again(map, times), Classes::Keep, few)
        };
        // Its text has 91 bytes, and a key is written twice.
        let each = 10 * (ENTRY + 1) + REFERENCE + 92;
        let times = ((64 << 10) - 103) / each;
        assert!(write(times).is_ok());
        assert!(matches!(write(times + 1), Err(Error::Memory(_))));
    }

    #[test]
    fn keys_that_are_bytes_are_charged_even_if_taken() {
        let few = Limits::default().memory(MemoryLimit::new(1, 64 << 10));
        let write = |entries| {
            let key = Value::Bytes(vec![0; 1_000].into());
            let map = Value::map(vec![(key, Value::Null); entries]);
            to_string_within(&map, Classes::Keep, few)
        };
        assert!(write(20).is_ok());
        assert!(matches!(write(40), Err(Error::Memory(_))));
    }

    #[test]
    fn many_small_objects_and_maps_shared_a_few_times_are_written() {
        // About 4 MiB on the wire.
        let object = Value::from(Value::object("a.User").field("id", 1).field("name", "Ada"));
        let written = to_string(&Value::list(vec![object; 600_000]), Classes::Keep).unwrap();
        assert!(written.len() > 20_000_000);
        let map = Value::map((0..50_000).map(|n| (format!("key{n}"), Value::Int(n))));
        assert!(to_string(&met_again(map, 8), Classes::Keep).is_ok());
        let user = Value::map([("id", 1), ("age", 36)]);
        assert!(to_string(&met_again(user, 100_000), Classes::Keep).is_ok());
    }

    #[test]
    fn references_nest_no_deeper_than_containers() {
        let mut items = vec![Value::list([1]).shared(0)];
        for n in 1..100_000 {
            items.push(Value::list([Value::reference(n - 1)]).shared(n));
        }
        items.reverse();
        assert!(matches!(to_string(&Value::list(items), Classes::Keep), Err(Error::Depth(127))));
    }

    #[test]
    fn of_equal_keys_the_last_value_counts() {
        let hidden = Value::from(Value::object("a.B").field("x", 1).field("y", 2).field("x", 3));
        assert_eq!(to_string(&hidden, Classes::Drop).unwrap(), r#"{"x":3,"y":2}"#);
        let classed = Value::from(Value::object("a.B").field("class", "c"));
        assert_eq!(to_string(&classed, Classes::Keep).unwrap(), r#"{"class":"c"}"#);
        let keys = Value::map([
            (Value::Double(f64::NAN), Value::Null),
            (Value::from("a\"b"), Value::Null),
            (Value::list([1]), Value::Null),
        ]);
        assert_eq!(
            to_string(&keys, Classes::Keep).unwrap(),
            r#"{"NaN":null,"a\"b":null,"[1]":null}"#
        );
        assert_eq!(to_json(&hidden, Classes::Drop).unwrap(), serde_json::json!({"x": 3, "y": 2}));
    }
}
