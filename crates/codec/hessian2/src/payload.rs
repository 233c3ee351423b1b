//! Typed values as payloads of a call, and back: the bridge to [`dubhe_core`]'s seams.

mod arguments;
mod thrown;
mod values;

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::payload::{Args, Content, DecodeLimits};
use dubhe_core::reply::ReplyBody;
use dubhe_core::status::{Exception, Origin};
use dubhe_core::{Code, Encoded, Format, Payload, Reply, Sink, Status, Value};

use crate::{Decode, Decoder, Encode, Encoder, Error, Form, JavaType, Limits};
pub use arguments::{
    OwnedArguments, args, arguments, arguments_with_memory, elements, separate, shared, write_args,
};
pub use thrown::{thrown, thrown_bytes};
pub use values::values;

/// A value that borrows nothing from the message.
pub trait Owned: for<'de> Decode<'de> {}
impl<T: for<'de> Decode<'de>> Owned for T {}

/// A value of a Rust type on its way out.
struct Typed<T>(T);

impl<T: Encode + Send + Sync> dubhe_core::EncodePayload for Typed<T> {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        match sink.encoder::<Encoder>() {
            Some(encoder) => self.0.encode(encoder).map_err(cannot_write),
            None => Err(sink.unsupported(std::any::type_name::<T>())),
        }
    }
}

/// Refuses a type of an argument that cannot travel; the error stands where the call does.
#[inline]
pub const fn check_argument<T: Encode + JavaType + for<'de> Decode<'de>>() {}

/// Refuses a type of a result that cannot travel; the error stands where the call does.
#[inline]
pub const fn check_result<T: Encode + for<'de> Decode<'de>>() {}

/// Typed content, to be encoded when the protocol is known.
pub fn content(value: impl Encode + Send + Sync + 'static) -> Content {
    Content::Typed(Arc::new(Typed(value)))
}

/// A message of a typed value.
pub fn message(value: impl Encode + Send + Sync + 'static) -> Payload {
    Payload::Message(content(value))
}

/// Decodes the one message of a reply.
///
/// # Errors
/// [`Code::Internal`] when it is of another type, or the reply is a stream.
pub fn reply<T: Owned>(reply: &Reply) -> Result<T, Status> {
    match &reply.body {
        ReplyBody::One(payload, _) => decode(payload, Code::Internal),
        ReplyBody::Stream(_) => Err(Status::new(
            Code::Internal,
            "the reply is a stream, where one message was expected",
        )),
    }
}

/// Decodes a message; a value of another type is an error of `code`. For
/// [`Streaming`](dubhe_core::Streaming).
///
/// # Errors
/// [`Code::Internal`] when the content is in another format.
pub fn decode_or<T: Owned>(payload: Payload, code: Code) -> Result<T, Status> {
    decode(&payload, code)
}

/// The message of a reply as a dynamic value, to be
/// [generalized](fn@crate::java::generalize) for a caller who gets it in `form`: a `float` is the
/// number that it prints as. Otherwise as [`reply`].
///
/// # Errors
/// As [`reply`].
pub fn generic_reply(reply: &Reply, form: Form) -> Result<Value, Status> {
    match &reply.body {
        ReplyBody::One(payload, _) => {
            decode_bytes(bytes(payload, Encoder::for_form(form))?, Code::Internal)
        }
        ReplyBody::Stream(_) => self::reply(reply),
    }
}

fn decode<T: Owned>(payload: &Payload, code: Code) -> Result<T, Status> {
    decode_bytes(bytes(payload, Encoder::new())?, code)
}

fn decode_bytes<T: Owned>((bytes, limits): (Bytes, DecodeLimits), code: Code) -> Result<T, Status> {
    T::decode(&mut decoder(&bytes, &limits))
        .map_err(|e| Status::new(code, e.to_string()).with_source(e))
}

/// The Hessian bytes of a message: those it holds, or those its value is written as; and the limits
/// of decoding them.
fn bytes(payload: &Payload, mut encoder: Encoder) -> Result<(Bytes, DecodeLimits), Status> {
    match payload {
        Payload::Message(Content::Encoded(encoded)) => {
            expect_hessian(encoded.format())?;
            return Ok((encoded.bytes().clone(), encoded.limits().clone()));
        }
        Payload::Message(content) => write_content(content, &mut encoder)?,
        Payload::Args(args) => match args {
            Args::Encoded(encoded) if let Some(only) = encoded.only() => {
                expect_hessian(only.format())?;
                return Ok((only.bytes().clone(), only.limits().clone()));
            }
            args if args.count() == 1 => write_args(args, &mut encoder)?,
            args => return Err(not_one(args.count())),
        },
    }
    Ok((encoder.into_buffer().freeze(), DecodeLimits::default()))
}

/// The decoder of a message that has these limits.
fn decoder<'a>(bytes: &'a Bytes, limits: &DecodeLimits) -> Decoder<'a> {
    Decoder::shared_with_limits(bytes, Limits::of(limits)).memory(limits.memory())
}

/// The bytes of a message that is sent on as it is.
///
/// # Errors
/// [`Code::InvalidArgument`] when they are of another format.
pub fn forwarded(encoded: &Encoded) -> Result<&Bytes, Status> {
    can_forward(encoded.format())?;
    Ok(encoded.bytes())
}

/// Writes one message.
///
/// # Errors
/// [`Code::Internal`] when a value has no form in Hessian; [`Code::InvalidArgument`] for bytes of
/// another format.
pub fn write_content(content: &Content, encoder: &mut Encoder) -> Result<(), Status> {
    match content {
        Content::Typed(value) => value.encode(&mut Sink::new(Format::Hessian2, encoder)),
        Content::Dynamic(value) => value.encode(encoder).map_err(cannot_write),
        Content::Encoded(encoded) => {
            encoder.buffer_mut().extend_from_slice(forwarded(encoded)?);
            Ok(())
        }
    }
}

fn cannot_write(error: Error) -> Status {
    Status::new(Code::Internal, error.to_string()).with_origin(Origin::Caller).with_source(error)
}

/// Makes sure that content to be decoded is Hessian.
fn expect_hessian(format: &Format) -> Result<(), Status> {
    if *format == Format::Hessian2 {
        return Ok(());
    }
    let text = format!("the content is {format}, where hessian2 was expected");
    Err(Status::new(Code::Internal, text))
}

/// Makes sure that content to be sent is Hessian.
fn can_forward(format: &Format) -> Result<(), Status> {
    if *format == Format::Hessian2 {
        return Ok(());
    }
    let text = format!("content in {format} cannot be sent as hessian2; decode it first");
    Err(Status::new(Code::InvalidArgument, text).with_origin(Origin::Caller))
}

/// The error of arguments that are used as one message.
#[cold]
fn not_one(count: usize) -> Status {
    let text = format!("a list of {count} arguments is not a message");
    Status::new(Code::InvalidArgument, text)
}

/// A typed view of a Java exception that came with a status.
///
/// `None` when there is none, or its content is not known as a value; an error when it is of
/// another shape than `T`.
pub fn exception<T: Owned>(status: &Status) -> Option<Result<T, Error>> {
    let bytes = exception_bytes(status.java()?)?;
    Some(T::decode(&mut Decoder::new(&bytes)))
}

/// A Java exception as a message; `None` when its content is not known as a value.
pub fn exception_bytes(exception: &Exception) -> Option<Bytes> {
    content_bytes(exception.content())
}

fn content_bytes(content: &Content) -> Option<Bytes> {
    let mut encoder = Encoder::new();
    write_content(content, &mut encoder).ok()?;
    Some(encoder.into_buffer().freeze())
}
