//! Payloads as messages, and back.

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::{Args, Content};
use dubhe_core::{CallKind, Code, Encoded, Format, Method, Payload, Status, descriptor};
use dubhe_hessian2::{Encoder, payload as hessian};
use dubhe_protobuf::write_content;

use crate::metadata::Names;
use crate::wrapper::{self, HESSIAN, RequestWrapper, ResponseWrapper, WrapperError};
use crate::write::Side;

/// How the messages of a method are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As they are, in this format.
    Plain(Format),
    /// Hessian in a wrapper.
    Wrapper,
}

impl Shape {
    /// How the metadata beside such messages is called.
    pub(crate) fn names(&self) -> Names {
        match self {
            Self::Plain(_) => Names::Grpc,
            Self::Wrapper => Names::Dubbo,
        }
    }
}

/// The message that `payload` is already, in bytes.
///
/// # Errors
/// When it is bytes of another format than the method's.
pub(crate) fn encoded(shape: &Shape, payload: &Payload) -> Result<Option<Bytes>, Status> {
    let (Shape::Plain(format), Some(encoded)) = (shape, payload.encoded()) else { return Ok(None) };
    if encoded.format() == format {
        return Ok(Some(encoded.contiguous()));
    }
    let text = format!("content in {} cannot be sent as {format}", encoded.format());
    Err(Status::new(Code::Internal, text))
}

/// Appends the message of `payload` to `out`.
pub(crate) fn write(
    shape: &Shape,
    side: Side<'_>,
    payload: &Payload,
    out: &mut BytesMut,
) -> Result<(), Status> {
    match (shape, side) {
        (Shape::Plain(format), _) => plain(format, payload, out),
        (Shape::Wrapper, Side::Reply) => wrap(payload, out),
        (Shape::Wrapper, Side::Request(method)) => wrap_request(payload, method, out),
    }
}

/// A message of a plain method.
///
/// Typed values are handed the [`BytesMut`] as their encoder.
pub(crate) fn plain(format: &Format, payload: &Payload, out: &mut BytesMut) -> Result<(), Status> {
    match payload {
        Payload::Encoded(encoded) => write_content(&Content::Encoded(encoded.clone()), format, out),
        Payload::Message(content) => write_content(content, format, out),
        Payload::Args(_) => {
            let text = format!("a list of arguments cannot be sent as {format}; send one message");
            Err(Status::new(Code::InvalidArgument, text))
        }
    }
}

/// A result in its wrapper.
fn wrap(payload: &Payload, out: &mut BytesMut) -> Result<(), Status> {
    let mut encoder = Encoder::new();
    match payload {
        Payload::Args(Args { values, .. }) => hessian::write_content(values, &mut encoder)?,
        Payload::Message(content) => hessian::write_content(content, &mut encoder)?,
        Payload::Encoded(encoded) => {
            hessian::write_content(&Content::Encoded(encoded.clone()), &mut encoder)?;
        }
    }
    wrapper::write_response(&encoder.into_buffer(), out);
    Ok(())
}

/// A result that is Hessian already, in its wrapper.
pub(crate) fn wrap_bytes(data: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    wrapper::write_response(data, &mut out);
    out
}

/// The arguments in a wrapper, undecoded, and their descriptors.
pub(crate) fn unwrap_request(message: Bytes) -> Result<(Payload, String), Status> {
    let wrapper = RequestWrapper::decode(message).map_err(not_a_wrapper)?;
    refuse_other(&wrapper.serialize_type)?;
    let carried = wrapper.arg_types.iter().filter(|name| **name != wrapper::OBSERVER);
    let types = carried.map(|name| descriptor::of_name(name)).collect();
    Ok((Payload::Encoded(Encoded::from_chunks(Format::Hessian2, wrapper.args)), types))
}

/// Arguments in their wrapper, each encoded alone.
fn wrap_request(payload: &Payload, method: &Method, out: &mut BytesMut) -> Result<(), Status> {
    let args = match (payload.encoded(), payload) {
        (Some(encoded), _) if *encoded.format() == Format::Hessian2 => {
            encoded.chunks().filter(|chunk| !chunk.is_empty()).cloned().collect()
        }
        (_, Payload::Args(Args { values, .. })) => {
            let mut encoder = Encoder::separate();
            hessian::write_content(values, &mut encoder)?;
            encoder.into_arguments()
        }
        (_, Payload::Message(content)) => {
            let mut encoder = Encoder::new();
            hessian::write_content(content, &mut encoder)?;
            vec![encoder.into_buffer().freeze()]
        }
        (_, Payload::Encoded(encoded)) => {
            let text = format!("content in {} cannot be sent as hessian2", encoded.format());
            return Err(Status::new(Code::InvalidArgument, text));
        }
    };
    let types = descriptor::parameters(method.descriptor.as_deref().unwrap_or_default()).flatten();
    let mut arg_types: Vec<_> = types.map(|one| descriptor::class_name(one).into()).collect();
    if method.kind == CallKind::ServerStream {
        arg_types.push(wrapper::OBSERVER.into());
    }
    RequestWrapper { serialize_type: HESSIAN.into(), args, arg_types }.write(out);
    Ok(())
}

/// The result, or the exception, in a wrapper, undecoded.
pub(crate) fn unwrap_response(message: Bytes) -> Result<Bytes, Status> {
    let wrapper = ResponseWrapper::decode(message).map_err(not_a_wrapper)?;
    refuse_other(&wrapper.serialize_type)?;
    Ok(wrapper.data)
}

fn refuse_other(serialize_type: &str) -> Result<(), Status> {
    if wrapper::is_hessian(serialize_type) {
        return Ok(());
    }
    let text = format!("serialization {serialize_type} is not spoken; set serialization=hessian2");
    Err(Status::new(Code::Unimplemented, text))
}

fn not_a_wrapper(error: WrapperError) -> Status {
    Status::new(Code::Internal, error.to_string()).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_names_the_observer_of_a_server_stream_and_sends_none() {
        let arguments = hessian::args(("w".to_owned(),));
        let count = Method::java("count", "Ljava/lang/String;").kind(CallKind::ServerStream);
        let mut message = BytesMut::new();
        wrap_request(&arguments, &count, &mut message).unwrap();
        let wrapper = RequestWrapper::decode(message.clone().freeze()).unwrap();
        assert_eq!(wrapper.arg_types, ["java.lang.String", wrapper::OBSERVER]);
        assert_eq!(wrapper.args, [&b"\x01w"[..]]);
        assert_eq!(unwrap_request(message.freeze()).unwrap().1, "Ljava/lang/String;");
    }
}
