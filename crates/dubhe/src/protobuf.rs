//! Messages of protocol buffers. [`Message`] is a message of a service; [`ProstMessage`] has the
//! methods to encode and decode one.

/// An error of [`ProstMessage::decode`]: the bytes are no such message.
///
/// ```
/// use dubhe::protobuf::{DecodeError, ProstMessage as _, types::Timestamp};
///
/// let error: DecodeError = Timestamp::decode(&[0x08][..]).unwrap_err();
/// println!("{error}");
/// ```
pub use dubhe_protobuf::prost::DecodeError;
/// An error of [`ProstMessage::encode`]: the buffer is too short.
///
/// ```
/// use dubhe::protobuf::{EncodeError, ProstMessage as _, types::Timestamp};
///
/// let time = Timestamp { seconds: 1_700_000_000, nanos: 0 };
/// let mut room = [0; 2];
/// let error: EncodeError = time.encode(&mut &mut room[..]).unwrap_err();
/// assert_eq!(error.required_capacity(), time.encoded_len());
/// ```
pub use dubhe_protobuf::prost::EncodeError;
/// The methods that encode and decode a message, to keep one in a file or a cache.
///
/// ```
/// use dubhe::protobuf::{DecodeError, ProstMessage as _, types::Timestamp};
///
/// let time = Timestamp { seconds: 1_700_000_000, nanos: 0 };
/// let bytes = time.encode_to_vec();
/// assert_eq!(Timestamp::decode(&bytes[..])?, time);
/// # Ok::<(), DecodeError>(())
/// ```
pub use dubhe_protobuf::prost::Message as ProstMessage;
/// The full name of a message.
///
/// ```
/// use dubhe::protobuf::{ProstName as _, types::Timestamp};
///
/// assert_eq!(Timestamp::full_name(), "google.protobuf.Timestamp");
/// ```
pub use dubhe_protobuf::prost::Name as ProstName;
/// An error of the conversion of a number to an enum that has no such number.
///
/// ```
/// use dubhe::protobuf::{UnknownEnumValue, types::NullValue};
///
/// assert_eq!(NullValue::try_from(7), Err(UnknownEnumValue(7)));
/// ```
pub use dubhe_protobuf::prost::UnknownEnumValue;
pub use dubhe_protobuf::{
    Message, MessageShape, UnknownFields, decode, detail, details, json, message, method,
};

/// The messages of `google/protobuf/*.proto`, with their JSON forms.
pub mod types {
    /// A message of any type, with the name of the type; in JSON an object with `@type`.
    ///
    /// ```
    /// use dubhe::protobuf::types::{Any, Timestamp};
    ///
    /// let any = Any::from_msg(&Timestamp { seconds: 1_700_000_000, nanos: 0 })?;
    /// assert_eq!(any.type_url, "type.googleapis.com/google.protobuf.Timestamp");
    /// assert_eq!(any.to_msg::<Timestamp>()?.seconds, 1_700_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub use dubhe_protobuf::types::Any;
    /// A span of time; in JSON a text such as `"1.500s"`.
    ///
    /// ```
    /// use dubhe::protobuf::{json, types::Duration};
    ///
    /// let duration = Duration::try_from(std::time::Duration::from_millis(1_500))?;
    /// assert_eq!(json::to_string(&duration)?, "\"1.500s\"");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub use dubhe_protobuf::types::Duration;
    /// The paths of fields; in JSON one text, with commas between.
    ///
    /// ```
    /// use dubhe::protobuf::{json, types::FieldMask};
    ///
    /// let mask = FieldMask { paths: vec!["name".into(), "home_address.city".into()] };
    /// assert_eq!(json::to_string(&mask)?, "\"name,homeAddress.city\"");
    /// # Ok::<(), json::Error>(())
    /// ```
    pub use dubhe_protobuf::types::FieldMask;
    /// An array of JSON.
    ///
    /// ```
    /// use dubhe::protobuf::{json, types::ListValue};
    ///
    /// let list: ListValue = json::from_str("[1, true, null]")?;
    /// assert_eq!(list.values.len(), 3);
    /// # Ok::<(), json::Error>(())
    /// ```
    pub use dubhe_protobuf::types::ListValue;
    /// An object of JSON.
    ///
    /// ```
    /// use dubhe::protobuf::{json, types::Struct};
    ///
    /// let user: Struct = json::from_str(r#"{"name": "Ada", "age": 36}"#)?;
    /// assert!(user.fields.contains_key("age"));
    /// # Ok::<(), json::Error>(())
    /// ```
    pub use dubhe_protobuf::types::Struct;
    /// A point in time; in JSON a text such as `"2023-11-14T22:13:20Z"`.
    ///
    /// ```
    /// use dubhe::protobuf::{json, types::Timestamp};
    ///
    /// let now = Timestamp::from(std::time::SystemTime::now());
    /// assert!(now.seconds > 1_700_000_000);
    /// let time: Timestamp = json::from_str("\"2023-11-14T22:13:20Z\"")?;
    /// assert_eq!(time.seconds, 1_700_000_000);
    /// # Ok::<(), json::Error>(())
    /// ```
    pub use dubhe_protobuf::types::Timestamp;
    /// Any value of JSON.
    ///
    /// ```
    /// use dubhe::protobuf::{json, types::{Value, value::Kind}};
    ///
    /// let value: Value = json::from_str("1.5")?;
    /// assert_eq!(value.kind, Some(Kind::NumberValue(1.5)));
    /// # Ok::<(), json::Error>(())
    /// ```
    pub use dubhe_protobuf::types::Value;
    pub use dubhe_protobuf::types::{
        BoolValue, BytesValue, DoubleValue, Empty, FloatValue, Int32Value, Int64Value, NullValue,
        StringValue, UInt32Value, UInt64Value, value,
    };
}
