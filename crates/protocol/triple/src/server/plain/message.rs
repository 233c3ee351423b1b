//! Messages of protobuf methods as bodies.

use bytes::{Bytes, BytesMut};
use dubhe_core::{Encoded, Format, Payload, Status};
use http::HeaderValue;

use super::{JSON, PROTO};
use crate::payload::plain;

/// The message that a body is. No body is an empty message, in JSON as well.
pub(super) fn payload(bytes: Bytes, proto: bool) -> Payload {
    let format = if proto { Format::Protobuf } else { Format::Json };
    let bytes = if bytes.is_empty() && !proto { Bytes::from_static(b"{}") } else { bytes };
    Encoded::new(format, bytes).into()
}

/// The body of a message, and its content type.
pub(super) fn body(payload: &Payload, proto: bool) -> Result<(HeaderValue, Bytes), Status> {
    let (kind, format) = if proto { (PROTO, Format::Protobuf) } else { (JSON, Format::Json) };
    let mut out = BytesMut::new();
    plain(&format, payload, &mut out)?;
    Ok((kind, out.freeze()))
}
