//! `google.protobuf.Any`, whose JSON form spells out the messages of the suite.

use bytes::Bytes;
use dubhe::protobuf::{Message, MessageShape, ProstName};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::proto::{
    BidiStreamRequest, ClientStreamRequest, ServerStreamRequest, UnaryRequest,
    conformance_payload::RequestInfo,
};

/// A message of any type.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) value: Bytes,
}

impl MessageShape for Any {}

impl Any {
    /// The message in its pack.
    pub(crate) fn pack<M: Message + ProstName>(message: &M) -> Self {
        Self { type_url: M::type_url(), value: message.encode_to_vec().into() }
    }

    /// The message out of its pack.
    ///
    /// # Errors
    /// When it is another one.
    pub(crate) fn unpack<M: Message + ProstName>(&self) -> crate::Result<M> {
        match self.name() == M::full_name() {
            true => Ok(M::decode(self.value.clone())?),
            false => Err(format!("{} came for {}", self.name(), M::full_name()).into()),
        }
    }

    fn name(&self) -> &str {
        self.type_url.rsplit('/').next().unwrap_or_default()
    }
}

fn fields<M: Message>(bytes: Bytes) -> crate::Result<Map<String, Value>> {
    match serde_json::to_value(M::decode(bytes)?)? {
        Value::Object(fields) => Ok(fields),
        other => Err(format!("{other} is no message").into()),
    }
}

fn bytes<M: Message>(fields: Map<String, Value>) -> crate::Result<Bytes> {
    Ok(serde_json::from_value::<M>(fields.into())?.encode_to_vec().into())
}

/// Runs `$what` with the type of the name `$name`.
macro_rules! by_name {
    ($name:expr, $what:ident($argument:expr), $($message:ty),*) => {
        match $name {
            $(name if name == <$message>::full_name() => $what::<$message>($argument),)*
            other => Err(format!("{other} is no message of the suite").into()),
        }
    };
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.value.clone();
        let fields = by_name!(
            self.name(),
            fields(value),
            UnaryRequest,
            ServerStreamRequest,
            ClientStreamRequest,
            BidiStreamRequest,
            RequestInfo
        );
        let mut fields = fields.map_err(S::Error::custom)?;
        fields.insert("@type".to_owned(), self.type_url.clone().into());
        fields.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        let Some(Value::String(type_url)) = fields.remove("@type") else {
            return Err(D::Error::missing_field("@type"));
        };
        let mut any = Self { type_url, value: Bytes::new() };
        let value = by_name!(
            any.name(),
            bytes(fields),
            UnaryRequest,
            ServerStreamRequest,
            ClientStreamRequest,
            BidiStreamRequest,
            RequestInfo
        );
        any.value = value.map_err(D::Error::custom)?;
        Ok(any)
    }
}
