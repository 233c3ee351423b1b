//! Messages as payloads, and back: the bridge to [`dubhe_core`]'s seams.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dubhe_core::memory::MemoryLimit;
use dubhe_core::payload::Content;
use dubhe_core::status::Origin;
use dubhe_core::{Code, EncodePayload, Encoded, Format, Payload, Sink, Status, Value};

use crate::json::{self, Json, Unknown};
use crate::shape::{self, MessageShape, required};
use crate::unknown::UnknownFields;

/// A protobuf message that also has the JSON form of protocol buffers, and a shape by which its memory
/// is bounded.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::{Message, decode, message, types}; } pub use dubhe_core::Status; }
/// use dubhe::protobuf::{Message, decode, message};
/// use dubhe::protobuf::types::Timestamp;
/// use dubhe::Status;
///
/// /// Sends a message through a payload and back, as a call does.
/// fn copy<T: Message>(value: T) -> Result<T, Status> {
///     decode(message(value))
/// }
///
/// let time = Timestamp { seconds: 1_700_000_000, nanos: 0 };
/// assert_eq!(copy(time.clone())?, time);
/// # Ok::<(), Status>(())
/// ```
pub trait Message: prost::Message + Default + MessageShape + Json + 'static {}
impl<T: prost::Message + Default + MessageShape + Json + 'static> Message for T {}

/// A message on its way out.
struct Typed<T>(T);

impl<T: Message> EncodePayload for Typed<T> {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        let format = sink.format().clone();
        match (sink.encoder::<BytesMut>(), format) {
            (Some(out), Format::Protobuf) => {
                out.reserve(self.0.encoded_len());
                self.0.encode(out).map_err(cannot_write)
            }
            (Some(out), Format::Json) => json::write(&self.0, out).map_err(cannot_write),
            _ => Err(sink.unsupported(std::any::type_name::<T>())),
        }
    }
}

/// Typed content, to be encoded when the protocol is known.
pub fn content(value: impl Message) -> Content {
    Content::Typed(Arc::new(Typed(value)))
}

/// A payload of a message.
pub fn message(value: impl Message) -> Payload {
    Payload::Message(content(value))
}

/// Decodes the message of a payload that is in binary or JSON.
///
/// Fields of type `bytes` share the memory of the payload. Messages nest up to 100 levels deep in
/// binary and 127 in JSON; what is allocated is bounded by the payload's limit of memory. Unknown
/// fields are ignored in both, so that a peer may have a newer schema.
///
/// # Errors
/// [`Code::InvalidArgument`] when the bytes are no such message, or a required field is missing, as in
/// protobuf's Java; [`Code::Internal`] when the
/// payload is in another format.
pub fn decode<T: Message>(payload: Payload) -> Result<T, Status> {
    decode_or(payload, Code::InvalidArgument)
}

/// Decodes as [`decode`] does; bytes that are no such message give an error of `code`. For
/// [`Streaming`](dubhe_core::Streaming) and [`Response::of_reply`](dubhe_core::Response::of_reply).
///
/// # Errors
/// As [`decode`].
pub fn decode_or<T: Message>(payload: Payload, code: Code) -> Result<T, Status> {
    let (format, bytes, memory) = match payload {
        Payload::Message(Content::Encoded(encoded)) => {
            let memory = encoded.memory();
            let (format, bytes) = encoded.into_parts();
            (format, bytes, memory)
        }
        value => (Format::Protobuf, encode(&value)?, MemoryLimit::default()),
    };
    match &format {
        Format::Protobuf => {
            shape::check::<T>(&bytes, memory).map_err(|e| cannot_read::<T>(code, &format, e))?;
            required::check::<T>(&bytes, memory).map_err(|e| cannot_read::<T>(code, &format, e))?;
            T::decode(bytes).map_err(|e| cannot_read::<T>(code, &format, e))
        }
        Format::Json => {
            json::read(&bytes, memory.budget(bytes.len()), Unknown::Ignore).map_err(|error| {
                match error.over_budget() {
                    Some(over) => cannot_read::<T>(code, &format, over),
                    None => cannot_read::<T>(code, &format, error),
                }
            })
        }
        other => Err(Status::new(
            Code::Internal,
            format!("the content is {other}, where protobuf or json was expected"),
        )),
    }
}

impl UnknownFields {
    /// Decodes the fields that `T` has, such as the `Extensions` that `dubhe-build` makes of the
    /// extensions of a message; it passes over the others.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decode<T: Message>(&self) -> Result<T, Status> {
        let bytes = Bytes::copy_from_slice(self.as_bytes());
        decode(Encoded::new(Format::Protobuf, bytes).into())
    }
}

/// The bytes of a payload that exists as a value.
fn encode(payload: &Payload) -> Result<Bytes, Status> {
    let mut out = BytesMut::new();
    match payload {
        Payload::Message(content) => write_content(content, &Format::Protobuf, &mut out)?,
        Payload::Args(_) => {
            return Err(Status::new(
                Code::InvalidArgument,
                "a protobuf method takes one message, not a list of arguments",
            ));
        }
    }
    Ok(out.freeze())
}

/// Appends content to `out` in `format`, which is [`Format::Protobuf`] or [`Format::Json`]; Java's null is a message without
/// fields.
///
/// # Errors
/// [`Code::Internal`] when a value has no form in it; [`Code::InvalidArgument`] for bytes of
/// another format and for dynamic values, which say nothing of field numbers.
pub fn write_content(content: &Content, format: &Format, out: &mut BytesMut) -> Result<(), Status> {
    match content {
        Content::Typed(value) => value.encode(&mut Sink::new(format.clone(), out)),
        Content::Encoded(encoded) if encoded.format() == format => {
            out.extend_from_slice(encoded.bytes());
            Ok(())
        }
        Content::Encoded(encoded) => Err(Status::new(
            Code::InvalidArgument,
            format!("content in {} cannot be sent as {format}", encoded.format()),
        )),
        // No result, as `failsafe` gives it: the message without fields.
        Content::Dynamic(Value::Null) => {
            out.extend_from_slice(if *format == Format::Json { b"{}" } else { b"" });
            Ok(())
        }
        Content::Dynamic(_) => Err(Status::new(
            Code::InvalidArgument,
            format!("a dynamic value cannot be sent as {format}; send a message of its schema"),
        )),
    }
}

fn cannot_write(error: impl std::error::Error + Send + Sync + 'static) -> Status {
    Status::new(Code::Internal, error.to_string()).with_origin(Origin::Caller).with_source(error)
}

fn cannot_read<T>(
    code: Code,
    format: &Format,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Status {
    let name = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    Status::new(code, format!("not a {name} in {format}: {error}")).with_source(error)
}
