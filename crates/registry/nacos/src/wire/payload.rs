//! The envelope of every message: Nacos' `nacos_grpc_service.proto`.

use std::collections::BTreeMap;

use bytes::Bytes;
use dubhe_core::printable::Shown;
use prost::Message;
use serde::Serialize;

use super::Malformed;

/// Headers of a request, by name.
pub(crate) type Headers = BTreeMap<String, String>;

#[derive(Clone, PartialEq, Message)]
struct Envelope {
    #[prost(message, optional, tag = "2")]
    metadata: Option<Metadata>,
    #[prost(message, optional, tag = "3")]
    body: Option<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(string, tag = "3")]
    kind: String,
    #[prost(btree_map = "string, string", tag = "7")]
    headers: Headers,
    #[prost(string, tag = "8")]
    client_ip: String,
}

/// `google.protobuf.Any`, of which Nacos fills the value alone.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

/// A message: the name of its Java class without package, and its JSON.
///
/// ```
/// use bytes::Bytes;
/// use dubhe_nacos::wire::Payload;
///
/// // The answer to a health check, as it comes.
/// let bytes = b"\x12\x15\x1a\x13HealthCheckResponse\x1a\x14\x12\x12{\"resultCode\":200}";
/// let payload = Payload::decode(Bytes::from_static(bytes))?;
/// assert_eq!(payload.kind, "HealthCheckResponse");
/// assert_eq!(payload.body, r#"{"resultCode":200}"#);
/// # Ok::<(), dubhe_nacos::wire::Malformed>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The name, such as `NotifySubscriberRequest`.
    pub kind: String,
    /// The JSON.
    pub body: Bytes,
}

impl Payload {
    /// Reads a message.
    ///
    /// # Errors
    /// When the bytes are no protobuf message of this shape, or name no type.
    pub fn decode(bytes: Bytes) -> Result<Self, Malformed> {
        let envelope = Envelope::decode(bytes).map_err(|error| {
            Malformed::new(format!("a payload is no protobuf message: {error}"))
        })?;
        let kind = envelope.metadata.unwrap_or_default().kind;
        if kind.is_empty() {
            return Err(Malformed::new("a payload names no type".into()));
        }
        Ok(Self { kind, body: envelope.body.unwrap_or_default().value })
    }

    /// Reads its JSON.
    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, Malformed> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Malformed::new(format!("{} is not as expected: {error}", Shown(&self.kind)))
        })
    }
}

/// Writes a message.
pub(crate) fn encode(
    kind: &str,
    headers: Headers,
    client_ip: &str,
    body: &impl Serialize,
) -> Result<Bytes, Malformed> {
    let json = serde_json::to_vec(body)
        .map_err(|error| Malformed::new(format!("cannot write {kind}: {error}")))?;
    let metadata = Metadata { kind: kind.to_owned(), headers, client_ip: client_ip.to_owned() };
    let envelope = Envelope { metadata: Some(metadata), body: Some(Any { value: json.into() }) };
    Ok(envelope.encode_to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let headers = Headers::from([("app".to_owned(), "shop".to_owned())]);
        let bytes = encode("ServerCheckRequest", headers, "10.0.0.7", &serde_json::json!({"a": 1}));
        let payload = Payload::decode(bytes.unwrap()).unwrap();
        assert_eq!((&*payload.kind, &*payload.body), ("ServerCheckRequest", &br#"{"a":1}"#[..]));
    }

    #[test]
    fn the_bytes_are_those_of_the_proto_file() {
        let headers = Headers::from([("k".to_owned(), "v".to_owned())]);
        let bytes = encode("T", headers, "i", &serde_json::json!({})).unwrap();
        // 2: metadata {3: type, 7: {1: key, 2: value}, 8: clientIp}; 3: body {2: value}.
        let expected = b"\x12\x0e\x1a\x01T\x3a\x06\x0a\x01k\x12\x01v\x42\x01i\x1a\x04\x12\x02{}";
        assert_eq!(&*bytes, expected);
    }

    #[test]
    fn what_is_no_payload_is_an_error() {
        for (bytes, why) in
            [(&b"\xff"[..], "no protobuf"), (b"", "no type"), (b"\x12\x00", "no type")]
        {
            let error = Payload::decode(Bytes::from_static(bytes)).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
