//! JSON as generated code reads it.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// A JSON value whose numbers are numbers to its reader.
///
/// With its feature `arbitrary_precision`, which [`Value`]s with every digit of a `BigDecimal`
/// need, `serde_json` hands out a fraction as a map with one text in it. Only its own types know
/// that map; messages would refuse `1.5`.
#[derive(Debug)]
pub struct Json(pub Value);

impl IntoDeserializer<'_, Error> for Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Json {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., Some(value)) => visitor.visit_f64(value),
                _ => Err(Error::custom(format_args!("number {number} is out of range"))),
            },
            Value::String(value) => visitor.visit_string(value),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Self));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Object(entries) => {
                let entries = entries.into_iter().map(|(name, value)| (name, Self(value)));
                let mut entries = MapDeserializer::new(entries);
                let value = visitor.visit_map(&mut entries)?;
                entries.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn numbers_are_numbers_wherever_they_stand() {
        #[derive(Deserialize, PartialEq, Debug)]
        #[serde(untagged)]
        enum Any {
            Integer(i64),
            Fraction(f64),
            List(Vec<Any>),
        }
        let read = |text| Any::deserialize(Json(serde_json::from_str(text).unwrap()));
        let expected = vec![Any::Integer(-1), Any::Fraction(1.5), Any::Fraction(1e300)];
        assert_eq!(read("[-1, 1.5, 1e300]").unwrap(), Any::List(expected));
        assert!(read("1e999").unwrap_err().to_string().contains("out of range"));
        assert_eq!(Option::<u8>::deserialize(Json(Value::Null)).unwrap(), None);
    }
}
