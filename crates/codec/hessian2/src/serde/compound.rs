//! Lists, maps and objects on their way from serde to a [`Value`].

use ::serde::Serialize;
use ::serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use dubhe_core::value::{Map, Name, Object};

use super::ser::{ToValue, is_class, tagged};
use crate::{Error, Value};

/// A list, perhaps the content of a variant.
pub(super) struct Items {
    variant: Option<&'static str>,
    items: Vec<Value>,
}

impl Items {
    pub(super) fn new(variant: Option<&'static str>, len: Option<usize>) -> Self {
        Self { variant, items: Vec::with_capacity(len.unwrap_or(0)) }
    }

    fn push<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Error> {
        self.items.push(v.serialize(ToValue)?);
        Ok(())
    }

    fn finish(self) -> Value {
        match self.variant {
            Some(variant) => tagged(variant, self.items.into()),
            None => self.items.into(),
        }
    }
}

macro_rules! list {
    ($($part:ident $method:ident;)*) => {$(
        impl $part for Items {
            type Ok = Value;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Error> {
                self.push(v)
            }

            fn end(self) -> Result<Value, Error> {
                Ok(self.finish())
            }
        }
    )*};
}

list! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// A map.
#[derive(Default)]
pub(super) struct Pairs {
    key: Value,
    entries: Vec<(Value, Value)>,
}

impl SerializeMap for Pairs {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = key.serialize(ToValue)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        self.entries.push((key, v.serialize(ToValue)?));
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Map { class: None, entries: self.entries }.into())
    }
}

/// A struct, perhaps the content of a variant.
pub(super) struct Struct {
    name: &'static str,
    variant: Option<&'static str>,
    fields: Vec<(Name, Value)>,
}

impl Struct {
    pub(super) fn new(name: &'static str, variant: Option<&'static str>, len: usize) -> Self {
        Self { name, variant, fields: Vec::with_capacity(len) }
    }

    fn push<T: Serialize + ?Sized>(&mut self, name: &'static str, v: &T) -> Result<(), Error> {
        self.fields.push((Name::from_static(name), v.serialize(ToValue)?));
        Ok(())
    }

    fn finish(self) -> Value {
        if is_class(self.name) {
            return Object { class: self.name.into(), fields: self.fields }.into();
        }
        let entries = self.fields.into_iter().map(|(name, v)| (Value::String(name), v)).collect();
        let map = Map { class: None, entries }.into();
        match self.variant {
            Some(variant) => tagged(variant, map),
            None => map,
        }
    }
}

macro_rules! fields {
    ($($part:ident)*) => {$(
        impl $part for Struct {
            type Ok = Value;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                v: &T,
            ) -> Result<(), Error> {
                self.push(name, v)
            }

            fn end(self) -> Result<Value, Error> {
                Ok(self.finish())
            }
        }
    )*};
}

fields!(SerializeStruct SerializeStructVariant);
