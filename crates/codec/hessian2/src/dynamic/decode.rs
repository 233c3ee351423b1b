//! Reading into a [`Value`].
//!
//! Whether a container is shared is known only when a reference to it turns up, which is after it
//! has been built. So a message with references is read twice: the first time tells which
//! containers to name.

use std::collections::HashMap;

use dubhe_core::Value;
use dubhe_core::value::{Label, List, Map, Object};

use crate::decode::{Number, Start};
use crate::{Decode, Decoder, Error, tag};

impl<'de> Decode<'de> for Value {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_value()
    }
}

/// The value that is being read, and the containers within it that are referred to.
struct Root<'a> {
    /// The number of its first container. A reference to an earlier one leads out of the value,
    /// to a copy of what is there.
    first: u32,
    shared: HashMap<u32, Label>,
    labels: &'a mut u32,
}

impl Decoder<'_> {
    /// Reads any value. Labels number the shared containers from 0 in the order of the first
    /// reference to each. What a value shares with values read before it is copied.
    ///
    /// # Errors
    /// When the message is malformed or exceeds a limit.
    pub fn read_value(&mut self) -> Result<Value, Error> {
        self.root(&mut 0)
    }

    fn root(&mut self, labels: &mut u32) -> Result<Value, Error> {
        let start = self.cursor();
        let mut root = Root { first: start.containers, shared: HashMap::new(), labels };
        let value = self.value(&mut root)?;
        if root.shared.is_empty() {
            return Ok(value);
        }
        drop(value);
        self.rewind(start);
        self.value(&mut root)
    }

    fn value(&mut self, root: &mut Root<'_>) -> Result<Value, Error> {
        let start = self.read_start()?;
        let tag = match start {
            Start::Object(class) => return self.object_value(start, class, root),
            Start::Other(tag) => tag,
        };
        Ok(match tag {
            _ if Self::is_str(tag) => Value::String(self.read_shared_str()?),
            _ if Self::is_bytes(tag) => Value::Bytes(self.read_shared_bytes()?),
            tag::NULL => {
                self.read_null()?;
                Value::Null
            }
            tag::TRUE | tag::FALSE => Value::Bool(self.read_bool()?),
            tag::DATE_MS | tag::DATE_MINUTES => Value::Date(self.read_date()?),
            0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST => return self.list_value(tag, root),
            tag::MAP | tag::TYPED_MAP => return self.map_value(tag, root),
            tag::REFERENCE => return self.reference_value(root),
            _ => match self.number("a value")? {
                Number::Int(v) => Value::Int(v),
                Number::Long(v) => Value::Long(v),
                Number::Double(v) => Value::Double(v),
            },
        })
    }

    fn list_value(&mut self, tag: u8, root: &mut Root<'_>) -> Result<Value, Error> {
        let number = self.cursor().containers;
        let list = self.list(tag, |d, class, items| {
            let class = class.and_then(|class| d.type_name(class));
            let mut values = Vec::with_capacity(items.capacity(d));
            while items.next(d)? {
                values.push(d.value(root)?);
            }
            Ok(List { class, items: values })
        })?;
        Ok(root.named(number, list.into()))
    }

    fn map_value(&mut self, tag: u8, root: &mut Root<'_>) -> Result<Value, Error> {
        let number = self.cursor().containers;
        let map = self.map(tag, |d, class, entries| {
            let class = class.and_then(|class| d.type_name(class));
            let mut values = Vec::new();
            while entries.next(d)? {
                let key = d.value(root)?;
                values.push((key, d.value(root)?));
            }
            Ok(Map { class, entries: values })
        })?;
        Ok(root.named(number, map.into()))
    }

    fn object_value(
        &mut self,
        start: Start,
        class: usize,
        root: &mut Root<'_>,
    ) -> Result<Value, Error> {
        let number = self.cursor().containers;
        let names = self.class_names(class);
        let (name, fields) =
            names.as_ref().map_or_else(Default::default, |n| (n.class.clone(), &*n.fields));
        let mut values = Vec::with_capacity(fields.len().min(self.remaining().len()));
        let mut names = fields.iter();
        self.object(start, |d, _| {
            let value = d.value(root)?;
            values.extend(names.next().map(|name| (name.clone(), value)));
            Ok(())
        })?;
        Ok(root.named(number, Object { class: name, fields: values }.into()))
    }

    fn reference_value(&mut self, root: &mut Root<'_>) -> Result<Value, Error> {
        let number = self.read_reference()?;
        if number < root.first {
            return self.replay(number, |d| d.root(root.labels));
        }
        let label = *root.shared.entry(number).or_insert_with(|| {
            let label = Label(*root.labels);
            *root.labels += 1;
            label
        });
        Ok(Value::Ref(label))
    }
}

impl Root<'_> {
    fn named(&self, number: u32, value: Value) -> Value {
        match self.shared.get(&number) {
            Some(label) => Value::Shared(*label, Box::new(value)),
            None => value,
        }
    }
}
