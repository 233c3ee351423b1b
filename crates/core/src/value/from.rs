//! Conversions from Rust's own types.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use super::{List, Map, Object, Value};

macro_rules! from {
    ($($type:ty => |$v:ident| $make:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($v: $type) -> Self {
                $make
            }
        }
    )*};
}

from! {
    () => |_v| Self::Null;
    bool => |v| Self::Bool(v);
    i8 => |v| Self::Int(v.into());
    i16 => |v| Self::Int(v.into());
    i32 => |v| Self::Int(v);
    i64 => |v| Self::Long(v);
    f32 => |v| Self::Double(v.into());
    f64 => |v| Self::Double(v);
    char => |v| Self::String(v.to_string().into());
    &str => |v| Self::String(v.into());
    String => |v| Self::String(v.into());
    ByteString => |v| Self::String(v);
    &[u8] => |v| Self::Bytes(Bytes::copy_from_slice(v));
    Vec<u8> => |v| Self::Bytes(v.into());
    Bytes => |v| Self::Bytes(v);
    List => |v| Self::List(Arc::new(v));
    Map => |v| Self::Map(Arc::new(v));
    Object => |v| Self::Object(Arc::new(v));
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        List { class: None, items }.into()
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
