//! The types of `google/protobuf/*.proto`, with their JSON forms.

use bytes::Bytes;

pub use prost_types::{
    Any, Duration, FieldMask, ListValue, NullValue, Struct, Timestamp, Value, value,
};

/// A message without fields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Empty {}

macro_rules! wrappers {
    ($($name:ident $holds:literal $type:ty, [$($prost:tt)*];)*) => {$(
        #[doc = concat!("A message of one ", $holds, ", which JSON has as it is.")]
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct $name {
            /// The value.
            #[prost($($prost)*, tag = "1")]
            pub value: $type,
        }

        impl From<$type> for $name {
            fn from(value: $type) -> Self {
                Self { value }
            }
        }

        impl From<$name> for $type {
            fn from(wrapper: $name) -> Self {
                wrapper.value
            }
        }
    )*};
}

wrappers! {
    BoolValue "boolean" bool, [bool];
    BytesValue "`bytes`" Bytes, [bytes = "bytes"];
    DoubleValue "`double`" f64, [double];
    FloatValue "`float`" f32, [float];
    Int32Value "`int32`" i32, [int32];
    Int64Value "`int64`" i64, [int64];
    StringValue "string" String, [string];
    UInt32Value "`uint32`" u32, [uint32];
    UInt64Value "`uint64`" u64, [uint64];
}

macro_rules! names {
    ($($name:ident)*) => {$(
        impl prost::Name for $name {
            const NAME: &'static str = stringify!($name);
            const PACKAGE: &'static str = "google.protobuf";
        }
    )*};
}

names! {
    BoolValue BytesValue DoubleValue Empty FloatValue Int32Value Int64Value StringValue UInt32Value
    UInt64Value
}
