//! Typed values as payloads of a call, and back: the bridge to [`dubhe_core`]'s seams.

mod messages;
mod values;

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::payload::{Args, Content};
use dubhe_core::reply::ReplyBody;
use dubhe_core::status::Origin;
use dubhe_core::{Code, Format, Payload, Reply, Sink, Status};

use crate::{Arguments, Decode, DecodeArguments, Decoder, Encode, Encoder, Error};
pub use messages::Messages;
pub use values::values;

/// Arguments that borrow nothing from the message.
pub trait OwnedArguments: for<'de> DecodeArguments<'de> {}
impl<T: for<'de> DecodeArguments<'de>> OwnedArguments for T {}

/// A value that borrows nothing from the message.
pub trait Owned: for<'de> Decode<'de> {}
impl<T: for<'de> Decode<'de>> Owned for T {}

/// A value of a Rust type on its way out.
struct Typed<T>(T);

impl<T: Encode + Send + Sync> dubhe_core::Encode for Typed<T> {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        match sink.encoder::<Encoder>() {
            Some(encoder) => self.0.encode(encoder).map_err(cannot_write),
            None => Err(sink.unsupported(std::any::type_name::<T>())),
        }
    }
}

/// Arguments of Rust types on their way out.
struct TypedArguments<T>(T);

impl<T: Arguments + Send + Sync> dubhe_core::Encode for TypedArguments<T> {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        match sink.encoder::<Encoder>() {
            Some(encoder) => self.0.encode_arguments(encoder).map_err(cannot_write),
            None => Err(sink.unsupported(std::any::type_name::<T>())),
        }
    }
}

/// Typed content, to be encoded when the protocol is known.
pub fn content(value: impl Encode + Send + Sync + 'static) -> Content {
    Content::Typed(Arc::new(Typed(value)))
}

/// A message of a typed value.
pub fn message(value: impl Encode + Send + Sync + 'static) -> Payload {
    Payload::Message(content(value))
}

/// Arguments, as a tuple.
pub fn args<T: Arguments + Send + Sync + 'static>(values: T) -> Payload {
    let values = Content::Typed(Arc::new(TypedArguments(values)));
    Payload::Args(Args { count: T::COUNT, values })
}

/// Decodes arguments into a tuple. Chunks of encoded content, where there are several, are messages
/// of their own, one an argument.
///
/// # Errors
/// [`Code::InvalidArgument`] when they are not of these types.
pub fn arguments<T: OwnedArguments>(payload: &Payload) -> Result<T, Status> {
    let several = payload.encoded().is_some_and(|encoded| encoded.chunks().nth(1).is_some());
    let bytes = bytes(payload)?;
    let decoder = Decoder::shared(&bytes);
    T::decode_arguments(&mut if several { decoder.separate() } else { decoder })
        .map_err(|e| Status::new(Code::InvalidArgument, e.to_string()).with_source(e))
}

/// Decodes the one message of a reply.
///
/// # Errors
/// [`Code::Internal`] when it is of another type, or the reply is a stream.
pub fn reply<T: Owned>(reply: &Reply) -> Result<T, Status> {
    match &reply.body {
        ReplyBody::One(payload, _) => T::decode(&mut Decoder::shared(&bytes(payload)?))
            .map_err(|e| Status::new(Code::Internal, e.to_string()).with_source(e)),
        ReplyBody::Stream(_) => Err(Status::new(
            Code::Internal,
            "the reply is a stream, where one message was expected",
        )),
    }
}

/// The Hessian bytes of a payload: those it holds, or those its values are written as.
fn bytes(payload: &Payload) -> Result<Bytes, Status> {
    if let Some(encoded) = payload.encoded() {
        return match encoded.format() {
            Format::Hessian2 => Ok(encoded.contiguous()),
            other => Err(Status::new(
                Code::Internal,
                format!("the content is {other}, where hessian2 was expected"),
            )),
        };
    }
    let mut encoder = Encoder::new();
    match payload {
        Payload::Args(Args { values, .. }) => write_content(values, &mut encoder)?,
        Payload::Message(content) => write_content(content, &mut encoder)?,
        Payload::Encoded(_) => {}
    }
    Ok(encoder.into_buffer().freeze())
}

/// Writes content that exists as values.
///
/// # Errors
/// [`Code::Internal`] when a value has no form in Hessian; [`Code::InvalidArgument`] for bytes of
/// another format.
pub fn write_content(content: &Content, encoder: &mut Encoder) -> Result<(), Status> {
    match content {
        Content::Typed(value) => value.encode(&mut Sink::new(Format::Hessian2, encoder)),
        Content::Dynamic(value) => {
            value.encode(encoder).map(|()| encoder.end_argument()).map_err(cannot_write)
        }
        Content::Values(values) => {
            let mut each = values.iter();
            each.try_for_each(|v| v.encode(encoder).map(|()| encoder.end_argument()))
                .map_err(cannot_write)
        }
        Content::Encoded(encoded) if *encoded.format() == Format::Hessian2 => {
            encoded.chunks().for_each(|c| encoder.buffer_mut().extend_from_slice(c));
            Ok(())
        }
        Content::Encoded(encoded) => Err(Status::new(
            Code::InvalidArgument,
            format!("content in {} cannot be sent as hessian2", encoded.format()),
        )),
    }
}

fn cannot_write(error: Error) -> Status {
    Status::new(Code::Internal, error.to_string()).with_origin(Origin::Caller).with_source(error)
}

/// A typed view of a Java exception that came with a status.
///
/// `None` when there is none, or its content is not known as a value; an error when it is of
/// another shape than `T`.
pub fn exception<T: Owned>(status: &Status) -> Option<Result<T, Error>> {
    let content = status.java()?.content();
    let mut encoder = Encoder::new();
    write_content(content, &mut encoder).ok()?;
    let bytes = encoder.into_buffer();
    Some(T::decode(&mut Decoder::new(&bytes)))
}
