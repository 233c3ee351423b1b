//! Objects that no Rust type holds.

use std::borrow::Cow;

use dubhe::Value;
use dubhe::hessian2::{Decode, Decoder, Encode, Encoder, Error, JavaType};

/// Any object. Besides values it holds text with lone surrogates, which Java's strings may have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Any {
    Value(Value),
    /// UTF-16 units that are no Unicode.
    Units(Vec<u16>),
}

impl Encode for Any {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        match self {
            Self::Value(value) => value.encode(e),
            Self::Units(units) => {
                e.write_char_units(units);
                Ok(())
            }
        }
    }
}

impl<'de> Decode<'de> for Any {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        // The first bytes of a string.
        if !matches!(d.peek()?, 0x00..=0x1f | 0x30..=0x33 | b'R' | b'S') {
            return Value::decode(d).map(Self::Value);
        }
        let units = d.read_char_units()?;
        Ok(match String::from_utf16(&units) {
            Ok(text) => Self::Value(text.into()),
            Err(_) => Self::Units(units),
        })
    }
}

impl JavaType for Any {
    fn descriptor() -> Cow<'static, str> {
        Value::descriptor()
    }
}
