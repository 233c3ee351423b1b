//! The types of `google/protobuf/*.proto`, with their JSON forms.

use bytes::Bytes;

pub use prost_types::{
    Any, Duration, FieldMask, ListValue, NullValue, Struct, Timestamp, Value, value,
};

/// A message without fields.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::types; } pub use dubhe_core::{Request, Response, Status}; }
/// use dubhe::protobuf::types::Empty;
/// use dubhe::{Request, Response, Status};
///
/// /// A method `rpc Ping(google.protobuf.Empty) returns (google.protobuf.Empty)`.
/// async fn ping(_: Request<Empty>) -> Result<Response<Empty>, Status> {
///     Ok(Response::new(Empty {}))
/// }
/// # let _ = ping(Request::new(Empty {}));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Empty {}

macro_rules! wrappers {
    ($($name:ident $holds:literal $type:ty, [$($prost:tt)*];)*) => {$(
        #[doc = concat!("A message of one ", $holds, ", which JSON has as it is.")]
        ///
        /// ```
        /// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::types; } }
        #[doc = concat!("use dubhe::protobuf::types::", stringify!($name), ";")]
        ///
        /// // A field that may be left out, and is told from its default then:
        #[doc = concat!("let present: Option<", stringify!($name), "> = Some(Default::default());")]
        /// assert!(present.is_some());
        /// ```
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
