//! The conversion of types of serde to a [`Value`].

use std::sync::Arc;

use ::serde::{Serialize, Serializer};

use super::compound::{Items, Pairs, Struct};
use crate::{Error, ErrorKind, Value};

/// Makes a value of what serde gives it.
#[derive(Clone, Copy)]
pub(super) struct ToValue;

/// Returns `true` if a name of serde is that of a Java class.
pub(super) fn is_class(name: &str) -> bool {
    name.contains('.')
}

/// A map of one entry: how serde tags a variant with content.
pub(super) fn tagged(variant: &'static str, content: Value) -> Value {
    Value::map([(variant, content)])
}

macro_rules! into {
    ($($method:ident($type:ty) $as:ty;)*) => {$(
        fn $method(self, v: $type) -> Result<Value, Error> {
            Ok(<$as>::from(v).into())
        }
    )*};
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Pairs;
    type SerializeStruct = Struct;
    type SerializeStructVariant = Struct;

    into! {
        serialize_bool(bool) bool;
        serialize_i8(i8) i32;
        serialize_i16(i16) i32;
        serialize_i32(i32) i32;
        serialize_i64(i64) i64;
        serialize_u8(u8) i32;
        serialize_u16(u16) i32;
        serialize_u32(u32) i64;
        serialize_f32(f32) f64;
        serialize_f64(f64) f64;
        serialize_char(char) char;
        serialize_str(&str) String;
    }

    fn serialize_u64(self, v: u64) -> Result<Value, Error> {
        i64::try_from(v).map(Value::Long).map_err(|_| {
            Error::new(ErrorKind::Range, "the integer does not fit a long; send java::BigInteger")
        })
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<Value, Error> {
        Ok(v.into())
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<Value, Error> {
        v.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Value, Error> {
        Ok(if is_class(name) { Value::object(name).into() } else { Value::Null })
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, Error> {
        Ok(if is_class(name) { Value::constant(name, variant) } else { variant.into() })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        v: &T,
    ) -> Result<Value, Error> {
        v.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Result<Value, Error> {
        let content = v.serialize(self)?;
        match content {
            Value::Object(mut object) if is_class(variant) => {
                Arc::make_mut(&mut object).class = variant.into();
                Ok(Value::Object(object))
            }
            content => Ok(tagged(variant, content)),
        }
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, Error> {
        Ok(Items::new(None, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Items, Error> {
        Ok(Items::new(None, Some(len)))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, Error> {
        Ok(Items::new(None, Some(len)))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items, Error> {
        Ok(Items::new(Some(variant), Some(len)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Pairs, Error> {
        Ok(Pairs::default())
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Struct, Error> {
        Ok(Struct::new(name, None, len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Struct, Error> {
        Ok(Struct::new(variant, Some(variant), len))
    }
}
