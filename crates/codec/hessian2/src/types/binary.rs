//! Bytes.

use std::borrow::Cow;

use bytes::Bytes;
use dubhe_core::definition::TypeDefinitions;

use crate::{Decode, Decoder, Encode, Encoder, Error, JavaType};

impl Encode for Bytes {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_bytes(self);
        Ok(())
    }
}

impl JavaType for Bytes {
    fn descriptor() -> Cow<'static, str> {
        Cow::Borrowed("[B")
    }

    fn define(types: &mut TypeDefinitions) -> String {
        u8::define_list(types)
    }
}

impl<'de> Decode<'de> for Bytes {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_shared_bytes()
    }
}

impl<'de> Decode<'de> for &'de [u8] {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_borrowed_bytes()
    }
}

impl<'de: 'a, 'a> Decode<'de> for Cow<'a, [u8]> {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_bytes()
    }
}
