//! Visitors and the parts of arrays and objects, charged as they pass by.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};

use super::reader::Reader;
use super::{TextBudget, fraction};

/// The key of the map as which `serde_json` hands out a number.
const NUMBER: &str = "$serde_json::private::Number";

/// The form that a reader gives a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A struct has its fields within itself.
    Struct,
    Any,
}

/// A visitor whose values are charged.
pub(super) struct Charged<'a, V> {
    pub(super) visitor: V,
    pub(super) memory: &'a TextBudget,
    pub(super) shape: Shape,
}

macro_rules! scalars {
    ($($method:ident($type:ty);)*) => {$(
        fn $method<E: serde::de::Error>(self, v: $type) -> Result<V::Value, E> {
            self.visitor.$method(v)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident($type:ty);)*) => {$(
        fn $method<E: serde::de::Error>(self, v: $type) -> Result<V::Value, E> {
            self.memory.block(v.len())?;
            self.visitor.$method(v)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Charged<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    scalars! {
        visit_bool(bool);
        visit_i64(i64);
        visit_i128(i128);
        visit_u64(u64);
        visit_u128(u128);
        visit_f64(f64);
        visit_char(char);
    }

    texts! {
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Reader { json, memory: self.memory })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, json: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Reader { json, memory: self.memory })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.memory.block(size_of::<V::Value>())?;
        self.visitor.visit_seq(Items { items, memory: self.memory })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<V::Value, A::Error> {
        let first: Option<Cow<'de, str>> = entries.next_key_seed(Key)?;
        if first.as_deref() == Some(NUMBER) {
            let text: String = entries.next_value()?;
            return self.visitor.visit_f64(fraction(&text)?);
        }
        self.memory.block(size_of::<V::Value>())?;
        let Self { memory, shape, .. } = self;
        self.visitor.visit_map(Entries { first, object: entries, memory, shape })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(data)
    }
}

/// A key, as text.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(v.to_owned()))
    }
}

/// A value that is next, of an array or an object.
struct Next<'a, S> {
    seed: S,
    memory: &'a TextBudget,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Next<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Reader { json, memory: self.memory })
    }
}

/// The elements of an array.
struct Items<'a, A> {
    items: A,
    memory: &'a TextBudget,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let next = self.items.next_element_seed(Next { seed, memory: self.memory })?;
        if next.is_some() {
            self.memory.element::<S::Value, A::Error>()?;
        }
        Ok(next)
    }
}

/// The entries of an object.
struct Entries<'a, 'de, A> {
    /// The first key, which was read to see what the object is.
    first: Option<Cow<'de, str>>,
    object: A,
    memory: &'a TextBudget,
    shape: Shape,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let key = match self.first.take() {
            Some(first) => Some(first),
            None => self.object.next_key_seed(Key)?,
        };
        let Some(key) = key else { return Ok(None) };
        if self.shape != Shape::Struct {
            self.memory.block(key.len())?;
            self.memory.charge(2 * size_of::<S::Value>())?;
        }
        seed.deserialize(CowStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        if self.shape != Shape::Struct {
            self.memory.charge(2 * size_of::<S::Value>())?;
        }
        self.object.next_value_seed(Next { seed, memory: self.memory })
    }
}
