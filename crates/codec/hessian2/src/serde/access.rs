//! The parts of containers, as serde asks for them.

use std::borrow::Cow;
use std::ops::Range;

use ::serde::de::value::CowStrDeserializer;
use ::serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use ::serde::{Deserialize, Deserializer};

use super::de::FromDecoder;
use crate::decode::Start;
use crate::{Decoder, Entries, Error, Items};

/// The elements of a list.
pub(super) struct Elements<'a, 'de> {
    pub(super) d: &'a mut Decoder<'de>,
    pub(super) items: &'a mut Items,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.items.next(self.d)? {
            // Vectors double when they are full.
            self.d.charge(2 * size_of::<T::Value>())?;
            seed.deserialize(FromDecoder(self.d)).map(Some)
        } else {
            Ok(None)
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.capacity(self.d).min(1024))
    }
}

/// The entries of a map.
pub(super) struct EntriesOf<'a, 'de> {
    pub(super) d: &'a mut Decoder<'de>,
    pub(super) entries: &'a mut Entries,
}

impl<'de> MapAccess<'de> for EntriesOf<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if self.entries.next(self.d)? {
            self.d.charge(2 * size_of::<K::Value>())?;
            seed.deserialize(FromDecoder(self.d)).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.d.charge(2 * size_of::<V::Value>())?;
        seed.deserialize(FromDecoder(self.d))
    }
}

/// The fields of an object.
pub(super) struct FieldsOf<'a, 'de> {
    pub(super) d: &'a mut Decoder<'de>,
    pub(super) start: Start,
    /// The fields that have not been read.
    pub(super) at: &'a mut Range<u16>,
}

impl<'de> MapAccess<'de> for FieldsOf<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(field) = self.at.next() else { return Ok(None) };
        let name = self.d.field_name(self.start, field).clone();
        seed.deserialize(CowStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(FromDecoder(self.d))
    }
}

/// A variant whose name is known and whose content is next.
pub(super) struct Variant<'a, 'de> {
    pub(super) d: &'a mut Decoder<'de>,
    pub(super) variant: Cow<'de, str>,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name = seed.deserialize(CowStrDeserializer::new(self.variant.clone()))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        <()>::deserialize(FromDecoder(self.d))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(FromDecoder(self.d))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        FromDecoder(self.d).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        FromDecoder(self.d).deserialize_map(visitor)
    }
}
