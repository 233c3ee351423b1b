//! [`Value`](crate::Value): any value, with class names, shared parts and cycles.

mod decode;
mod encode;

pub(crate) use encode::write_elements;

use std::borrow::Cow;

use dubhe_core::Value;
use dubhe_core::memory::MemoryLimit;

use crate::{Decode, Decoder, Encode, Error, JavaType, to_bytes};

impl JavaType for Value {
    fn descriptor() -> Cow<'static, str> {
        Cow::Borrowed("Ljava/lang/Object;")
    }
}

/// Reads a Rust type out of a value.
///
/// # Errors
/// When the value is of another shape than the type.
pub fn from_value<T: for<'de> Decode<'de>>(value: &Value) -> Result<T, Error> {
    read(&to_bytes(value)?)
}

/// The value that a Rust type travels as.
///
/// # Errors
/// Those of [`Encode::encode`].
pub fn to_value<T: Encode + ?Sized>(value: &T) -> Result<Value, Error> {
    read(&to_bytes(value)?)
}

/// Reads what was written here: the memory that it takes is bounded by that of the value.
fn read<T: for<'de> Decode<'de>>(message: &[u8]) -> Result<T, Error> {
    let mut d = Decoder::new(message).memory(MemoryLimit::new(u16::MAX, usize::MAX));
    let value = T::decode(&mut d)?;
    d.end()?;
    Ok(value)
}
