//! [`Value`](crate::Value): any value, with class names, shared parts and cycles.

mod decode;
mod encode;

use std::borrow::Cow;

use dubhe_core::Value;

use crate::{Decode, Encode, Error, JavaType, from_bytes, to_bytes};

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
    from_bytes(&to_bytes(value)?)
}

/// The value that a Rust type travels as.
///
/// # Errors
/// Those of [`Encode::encode`].
pub fn to_value<T: Encode + ?Sized>(value: &T) -> Result<Value, Error> {
    from_bytes(&to_bytes(value)?)
}
