//! The decoding of a [`Value`].
//!
//! Whether a container is shared is known only when a reference to it turns up, which is after it
//! has been built. So a message with references is read twice: the first time tells which
//! containers to name.
//!
//! A reference that leads out of the value, to one that was read before, is read as a value of its
//! own, once for the whole message: all values that refer to it share it.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_core::Value;
use dubhe_core::memory::BLOCK;
use dubhe_core::value::{Label, List, Map, Name, Object};

use crate::decode::{Copied, Number, Start};
use crate::{Decode, Decoder, Error, tag};

impl<'de> Decode<'de> for Value {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_value()
    }
}

/// The value that is being read, and the containers within it that are referred to.
struct Root {
    /// The number of its first container. A reference to an earlier one leads out of the value.
    first: u32,
    shared: BTreeMap<u32, Label>,
}

impl Decoder<'_> {
    /// Reads any value. Labels number the shared containers of all values of a message from 0, in
    /// the order of the first reference to each. What a value shares with values read before it
    /// is there as if it was written twice, and takes memory once.
    ///
    /// # Errors
    /// When the message is malformed or exceeds a limit.
    pub fn read_value(&mut self) -> Result<Value, Error> {
        let (start, position) = (self.cursor(), self.position());
        let (budget, replay, kept) = (self.budget(), self.replay_left(), self.kept());
        let mut root = Root { first: start.containers, shared: BTreeMap::new() };
        let mut value = self.value(&mut root)?;
        if !root.shared.is_empty() {
            drop(value);
            self.rewind(start);
            self.restore(budget, replay);
            self.charge(self.kept() - kept)?;
            value = self.value(&mut root)?;
        }
        if self.cursor().containers > root.first && self.references_follow() {
            let read = self.position().saturating_sub(position);
            let bytes = read + replay.saturating_sub(self.replay_left());
            self.keep(root.first, &value, bytes)?;
        }
        Ok(value)
    }

    /// Keeps the value of a container for those that refer to it.
    fn keep(&mut self, number: u32, value: &Value, bytes: usize) -> Result<(), Error> {
        self.charge(2 * size_of::<(u32, Copied)>() + BLOCK)?;
        let copied = Copied { value: value.clone(), bytes, height: height(value) };
        self.dynamic().copies.insert(number, copied);
        Ok(())
    }

    fn value(&mut self, root: &mut Root) -> Result<Value, Error> {
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

    fn list_value(&mut self, tag: u8, root: &mut Root) -> Result<Value, Error> {
        let number = self.cursor().containers;
        let list = self.list(tag, |d, class, items| {
            let class = class.map(|class| d.type_name(class)).transpose()?.flatten();
            let mut values = items.vec(d)?;
            while items.next(d)? {
                d.make_room(&mut values)?;
                values.push(d.value(root)?);
            }
            Ok(List { class, items: values })
        })?;
        let list = if list.class.is_none() && list.items.is_empty() {
            self.dynamic().empty.get_or_insert_default().clone()
        } else {
            self.charge(shared_block::<List>())?;
            Arc::new(list)
        };
        Ok(root.named(number, Value::List(list)))
    }

    fn map_value(&mut self, tag: u8, root: &mut Root) -> Result<Value, Error> {
        let number = self.cursor().containers;
        self.charge(shared_block::<Map>())?;
        let map = self.map(tag, |d, class, entries| {
            let class = class.map(|class| d.type_name(class)).transpose()?.flatten();
            let mut values = Vec::new();
            while entries.next(d)? {
                d.make_room(&mut values)?;
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
        root: &mut Root,
    ) -> Result<Value, Error> {
        let number = self.cursor().containers;
        let names = self.class_names(class)?;
        // A field has at least one byte.
        let room = names.fields.len().min(self.remaining().len());
        let mut values = Vec::new();
        self.charge(shared_block::<Object>() + room * size_of::<(Name, Value)>())?;
        values.reserve_exact(room);
        let mut fields = names.fields.iter();
        self.object(start, |d, _| {
            let value = d.value(root)?;
            values.extend(fields.next().map(|name| (name.clone(), value)));
            Ok(())
        })?;
        Ok(root.named(number, Object { class: names.class.clone(), fields: values }.into()))
    }

    fn reference_value(&mut self, root: &mut Root) -> Result<Value, Error> {
        let number = self.read_reference()?;
        if number < root.first {
            return self.outside(number);
        }
        if let Some(label) = root.shared.get(&number) {
            return Ok(Value::Ref(*label));
        }
        // The value will be in a box, behind its label.
        self.charge(2 * size_of::<(u32, Label)>() + size_of::<Value>() + BLOCK)?;
        let labels = &mut self.dynamic().labels;
        let label = Label(*labels);
        *labels += 1;
        root.shared.insert(number, label);
        Ok(Value::Ref(label))
    }

    /// The value of a container that was read before the present value began.
    fn outside(&mut self, number: u32) -> Result<Value, Error> {
        if let Some(Copied { value, bytes, height }) = self.dynamic().copies.get(&number) {
            let (value, bytes, height) = (value.clone(), *bytes, *height);
            self.check_depth(height)?;
            // Memory is shared, but whoever looks at the whole value sees it once more.
            self.unfold(bytes)?;
            return Ok(value);
        }
        let (budget, kept) = (self.budget(), self.kept());
        // It is kept, since the reference to it is behind it.
        let value = self.replay(number, Self::read_value)?;
        let taken = budget.left().saturating_sub(self.budget().left());
        self.dynamic().kept = kept + taken;
        Ok(value)
    }
}

/// The memory of a container in an [`Arc`], without its elements.
const fn shared_block<T>() -> usize {
    size_of::<T>() + 2 * size_of::<usize>() + BLOCK
}

/// The number of containers that nest in a value, itself included.
fn height(value: &Value) -> u16 {
    let most = |values: &mut dyn Iterator<Item = &Value>| values.map(height).max().unwrap_or(0) + 1;
    match value {
        Value::List(list) => most(&mut list.items.iter()),
        Value::Map(map) => most(&mut map.entries.iter().flat_map(|(k, v)| [k, v])),
        Value::Object(object) => most(&mut object.fields.iter().map(|(_, v)| v)),
        Value::Shared(_, inner) => height(inner),
        _ => 0,
    }
}

impl Root {
    fn named(&self, number: u32, value: Value) -> Value {
        match self.shared.get(&number) {
            Some(label) => Value::Shared(*label, Box::new(value)),
            None => value,
        }
    }
}
