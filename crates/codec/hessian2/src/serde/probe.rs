//! The Java type of a type of serde, found by seeing what it asks a deserializer for.

use std::borrow::Cow;

use ::serde::de::Visitor;
use ::serde::{Deserialize, Deserializer};

use super::ser::is_class;
use crate::{Error, ErrorKind, descriptor};

const OBJECT: &str = "Ljava/lang/Object;";

pub(super) fn descriptor<T: Deserialize<'static>>() -> Cow<'static, str> {
    let mut found = None;
    // The probe reads nothing, so it always ends in an error.
    drop(T::deserialize(Probe { found: &mut found, boxed: false }));
    found.unwrap_or(Cow::Borrowed(OBJECT))
}

struct Probe<'a> {
    found: &'a mut Option<Cow<'static, str>>,
    /// The type is inside an `Option`, where Java needs an object.
    boxed: bool,
}

impl Probe<'_> {
    fn found<T>(self, descriptor: impl Into<Cow<'static, str>>) -> Result<T, Error> {
        *self.found = Some(descriptor.into());
        Err(Error::new(ErrorKind::Unsupported, "only the type was asked for"))
    }

    fn class<T>(self, name: &'static str, other: &'static str) -> Result<T, Error> {
        if is_class(name) { self.found(descriptor::of_class(name)) } else { self.found(other) }
    }
}

macro_rules! is {
    ($($method:ident $descriptor:literal $boxed:literal;)*) => {$(
        fn $method<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Error> {
            let descriptor = if self.boxed { $boxed } else { $descriptor };
            self.found(descriptor)
        }
    )*};
}

impl Deserializer<'static> for Probe<'_> {
    type Error = Error;

    is! {
        deserialize_any "Ljava/lang/Object;" "Ljava/lang/Object;";
        deserialize_ignored_any "Ljava/lang/Object;" "Ljava/lang/Object;";
        deserialize_identifier "Ljava/lang/Object;" "Ljava/lang/Object;";
        deserialize_bool "Z" "Ljava/lang/Boolean;";
        deserialize_i8 "B" "Ljava/lang/Byte;";
        deserialize_i16 "S" "Ljava/lang/Short;";
        deserialize_i32 "I" "Ljava/lang/Integer;";
        deserialize_i64 "J" "Ljava/lang/Long;";
        deserialize_u8 "I" "Ljava/lang/Integer;";
        deserialize_u16 "I" "Ljava/lang/Integer;";
        deserialize_u32 "J" "Ljava/lang/Long;";
        deserialize_u64 "J" "Ljava/lang/Long;";
        deserialize_f32 "F" "Ljava/lang/Float;";
        deserialize_f64 "D" "Ljava/lang/Double;";
        deserialize_char "C" "Ljava/lang/Character;";
        deserialize_str "Ljava/lang/String;" "Ljava/lang/String;";
        deserialize_string "Ljava/lang/String;" "Ljava/lang/String;";
        deserialize_bytes "[B" "[B";
        deserialize_byte_buf "[B" "[B";
        deserialize_unit "V" "Ljava/lang/Void;";
        deserialize_seq "Ljava/util/List;" "Ljava/util/List;";
        deserialize_map "Ljava/util/Map;" "Ljava/util/Map;";
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(Self { boxed: true, ..self })
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        _: V,
    ) -> Result<V::Value, Error> {
        self.class(name, OBJECT)
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'static>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        self.found("Ljava/util/List;")
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Error> {
        self.found("Ljava/util/List;")
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.class(name, "Ljava/util/Map;")
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.class(name, OBJECT)
    }
}
