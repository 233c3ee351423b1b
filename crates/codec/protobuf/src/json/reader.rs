//! A deserializer around that of `serde_json`.

use std::fmt;

use serde::de::{Deserializer, Visitor};

use super::TextBudget;
use super::access::{Charged, Shape};

/// A JSON value that is next, and the budget of the text around it.
///
/// With its feature `arbitrary_precision`, which values with every digit of a `BigDecimal` need,
/// `serde_json` hands out a fraction as a map with one text in it. Only its own types know that map;
/// messages would refuse `1.5`. Here it is a number.
pub struct Reader<'a, D> {
    pub(super) json: D,
    pub(super) memory: &'a TextBudget,
}

impl<D> fmt::Debug for Reader<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<'a, D> Reader<'a, D> {
    fn charged<V>(&self, visitor: V, shape: Shape) -> Charged<'a, V> {
        Charged { visitor, memory: self.memory, shape }
    }
}

macro_rules! forward {
    ($($method:ident($($arg:ident: $type:ty),*) $shape:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.charged(visitor, Shape::$shape);
            self.json.$method($($arg,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Reader<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any() Any;
        deserialize_bool() Any;
        deserialize_i8() Any;
        deserialize_i16() Any;
        deserialize_i32() Any;
        deserialize_i64() Any;
        deserialize_i128() Any;
        deserialize_u8() Any;
        deserialize_u16() Any;
        deserialize_u32() Any;
        deserialize_u64() Any;
        deserialize_u128() Any;
        deserialize_f32() Any;
        deserialize_f64() Any;
        deserialize_char() Any;
        deserialize_str() Any;
        deserialize_string() Any;
        deserialize_bytes() Any;
        deserialize_byte_buf() Any;
        deserialize_option() Any;
        deserialize_unit() Any;
        deserialize_unit_struct(name: &'static str) Any;
        deserialize_newtype_struct(name: &'static str) Any;
        deserialize_seq() Any;
        deserialize_tuple(len: usize) Any;
        deserialize_tuple_struct(name: &'static str, len: usize) Any;
        deserialize_map() Any;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) Struct;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) Any;
        deserialize_identifier() Any;
        deserialize_ignored_any() Any;
    }
}
