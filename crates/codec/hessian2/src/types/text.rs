//! Strings.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use bytestring::ByteString;

use crate::{Decode, Decoder, Encode, Encoder, Error, JavaType};

impl Encode for str {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_str(self);
        Ok(())
    }
}

impl JavaType for str {
    fn descriptor() -> Cow<'static, str> {
        Cow::Borrowed("Ljava/lang/String;")
    }
}

macro_rules! owned_text {
    ($($type:ty),*) => {$(
        impl Encode for $type {
            #[inline]
            fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
                e.write_str(self);
                Ok(())
            }
        }

        impl JavaType for $type {
            fn descriptor() -> Cow<'static, str> {
                str::descriptor()
            }
        }
    )*};
}

owned_text!(String, ByteString);

impl<'de> Decode<'de> for String {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_string()
    }
}

impl<'de> Decode<'de> for ByteString {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_shared_str()
    }
}

impl<'de> Decode<'de> for &'de str {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_borrowed_str()
    }
}

impl<'de: 'a, 'a> Decode<'de> for Cow<'a, str> {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_str()
    }
}

macro_rules! boxed_text {
    ($($type:ty),*) => {$(
        impl<'de> Decode<'de> for $type {
            fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
                let text = d.read_str()?;
                d.charge_block(text.len())?;
                Ok(Self::from(&*text))
            }
        }
    )*};
}

boxed_text!(Box<str>, Arc<str>, Rc<str>);
