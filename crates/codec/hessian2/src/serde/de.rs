//! The conversion of bytes to types of serde.

use std::borrow::Cow;

use ::serde::Deserializer;
use ::serde::de::Visitor;
use ::serde::de::value::{BorrowedStrDeserializer, StringDeserializer};

use super::access::{Elements, EntriesOf, FieldsOf, Variant};
use crate::decode::{Number, Start};
use crate::{Decoder, Error, tag};

/// Reads the next value.
pub(super) struct FromDecoder<'a, 'de>(pub(super) &'a mut Decoder<'de>);

macro_rules! read {
    ($($method:ident $visit:ident |$d:ident| $read:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let $d = self.0;
            visitor.$visit($read)
        }
    )*};
}

impl<'de> Deserializer<'de> for FromDecoder<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let d = self.0;
        let start = d.read_start()?;
        let tag = match start {
            Start::Object(_) => return object(d, start, visitor),
            Start::Other(tag) => tag,
        };
        match tag {
            _ if Decoder::is_str(tag) => text(d, visitor),
            _ if Decoder::is_bytes(tag) => bytes(d, visitor),
            tag::NULL => {
                d.read_null()?;
                visitor.visit_unit()
            }
            tag::TRUE | tag::FALSE => visitor.visit_bool(d.read_bool()?),
            tag::DATE_MS | tag::DATE_MINUTES => visitor.visit_i64(d.read_date()?),
            0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST => list(d, visitor),
            tag::MAP | tag::TYPED_MAP => map(d, tag, visitor),
            tag::REFERENCE => d.follow(|d| FromDecoder(d).deserialize_any(visitor)),
            _ => match d.number("a value")? {
                Number::Int(v) => visitor.visit_i32(v),
                Number::Long(v) => visitor.visit_i64(v),
                Number::Double(v) => visitor.visit_f64(v),
            },
        }
    }

    read! {
        deserialize_bool visit_bool |d| d.read_bool()?;
        deserialize_i8 visit_i8 |d| d.read_small("a byte")?;
        deserialize_i16 visit_i16 |d| d.read_small("a short")?;
        deserialize_i32 visit_i32 |d| d.read_i32()?;
        deserialize_u8 visit_u8 |d| d.read_small("u8")?;
        deserialize_u16 visit_u16 |d| d.read_small("u16")?;
        deserialize_u32 visit_i64 |d| d.read_i64()?;
        deserialize_u64 visit_i64 |d| d.read_i64()?;
        deserialize_f32 visit_f64 |d| d.read_f64()?;
        deserialize_f64 visit_f64 |d| d.read_f64()?;
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let date = matches!(self.0.peek()?, tag::DATE_MS | tag::DATE_MINUTES);
        visitor.visit_i64(if date { self.0.read_date()? } else { self.0.read_i64()? })
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        text(self.0, visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        text(self.0, visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        text(self.0, visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        text(self.0, visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        bytes(self.0, visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        bytes(self.0, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.read_null()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.skip_value()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.peek()? {
            // A `Vec<u8>` that does not go through `serde_bytes`.
            tag if Decoder::is_bytes(tag) => {
                let bytes = self.0.read_byte_vec()?;
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(bytes.into_iter()))
            }
            _ => list(self.0, visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let d = self.0;
        match d.read_start()? {
            start @ Start::Object(_) => object(d, start, visitor),
            Start::Other(tag @ (tag::MAP | tag::TYPED_MAP)) => map(d, tag, visitor),
            Start::Other(tag::REFERENCE) => d.follow(|d| FromDecoder(d).deserialize_map(visitor)),
            Start::Other(_) => Err(d.mismatch("a map or an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let d = self.0;
        let tag = match d.read_start()? {
            Start::Object(class) => {
                let class = d.class_name(class);
                // A variant that is named like the class is a subclass.
                return match variants.iter().find(|variant| **variant == class) {
                    Some(variant) => visitor.visit_enum(Variant { d, variant: (*variant).into() }),
                    None => constant(d, name, variants, visitor),
                };
            }
            Start::Other(tag) => tag,
        };
        match tag {
            tag::REFERENCE => {
                d.follow(|d| FromDecoder(d).deserialize_enum(name, variants, visitor))
            }
            tag::MAP | tag::TYPED_MAP => d.map(tag, |d, _, entries| {
                if !entries.next(d)? {
                    return Err(d.mismatch("the name of a variant"));
                }
                let variant = d.read_str()?;
                visitor.visit_enum(Variant { d, variant })
            }),
            _ => constant(d, name, variants, visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.skip_value()?;
        visitor.visit_unit()
    }
}

fn text<'de, V: Visitor<'de>>(d: &mut Decoder<'de>, visitor: V) -> Result<V::Value, Error> {
    match d.read_str()? {
        Cow::Borrowed(text) => {
            // Most visitors copy it.
            d.charge_block(text.len())?;
            visitor.visit_borrowed_str(text)
        }
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

fn bytes<'de, V: Visitor<'de>>(d: &mut Decoder<'de>, visitor: V) -> Result<V::Value, Error> {
    match d.read_bytes()? {
        Cow::Borrowed(bytes) => {
            d.charge_block(bytes.len())?;
            visitor.visit_borrowed_bytes(bytes)
        }
        Cow::Owned(bytes) => visitor.visit_byte_buf(bytes),
    }
}

fn constant<'de, V: Visitor<'de>>(
    d: &mut Decoder<'de>,
    name: &str,
    variants: &[&'static str],
    visitor: V,
) -> Result<V::Value, Error> {
    match d.read_constant_of(name, variants)? {
        Cow::Borrowed(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
        Cow::Owned(name) => visitor.visit_enum(StringDeserializer::new(name)),
    }
}

fn list<'de, V: Visitor<'de>>(d: &mut Decoder<'de>, visitor: V) -> Result<V::Value, Error> {
    // The value itself may be in a box.
    d.charge_block(size_of::<V::Value>())?;
    d.read_list(|d, items| visitor.visit_seq(Elements { d, items }))
}

fn map<'de, V: Visitor<'de>>(d: &mut Decoder<'de>, tag: u8, visitor: V) -> Result<V::Value, Error> {
    d.charge_block(size_of::<V::Value>())?;
    d.map(tag, |d, _, entries| visitor.visit_map(EntriesOf { d, entries }))
}

fn object<'de, V: Visitor<'de>>(
    d: &mut Decoder<'de>,
    start: Start,
    visitor: V,
) -> Result<V::Value, Error> {
    d.charge_block(size_of::<V::Value>())?;
    d.object_with(start, |d, fields| {
        let mut at = 0..fields;
        let value = visitor.visit_map(FieldsOf { d, start, at: &mut at })?;
        at.try_for_each(|_| d.skip_value())?;
        Ok(value)
    })
}
