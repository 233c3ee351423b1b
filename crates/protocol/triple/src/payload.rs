//! Payloads as messages, and back.

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::{Args, Content};
use dubhe_core::{Code, Encoded, Format, Payload, Sink, Status};
use dubhe_hessian2::Encoder;
use dubhe_hessian2::payload::write_content;

use crate::wrapper::{
    self, HESSIAN, RequestWrapper, ResponseWrapper, WrapperError, descriptor_of_names,
    names_of_descriptor,
};

/// How the messages of a method are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As they are, in this format.
    Plain(Format),
    /// Hessian in a wrapper.
    Wrapper,
}

/// A message of a plain method, from its payload.
///
/// Typed values are handed a [`BytesMut`] as their encoder.
pub(crate) fn plain(format: &Format, payload: &Payload) -> Result<Bytes, Status> {
    if let Some(encoded) = payload.encoded() {
        if encoded.format() == format {
            return Ok(encoded.contiguous());
        }
        let text = format!("content in {} cannot be sent as {format}", encoded.format());
        return Err(Status::new(Code::Internal, text));
    }
    match payload {
        Payload::Message(Content::Typed(value)) => {
            let mut out = BytesMut::new();
            value.encode(&mut Sink::new(format.clone(), &mut out))?;
            Ok(out.freeze())
        }
        _ => {
            let text = format!("values of no type cannot be sent as {format}; encode them first");
            Err(Status::new(Code::Internal, text))
        }
    }
}

/// A result in its wrapper.
pub(crate) fn wrap(payload: &Payload) -> Result<Bytes, Status> {
    let mut encoder = Encoder::new();
    match payload {
        Payload::Args(Args { values, .. }) => write_content(values, &mut encoder)?,
        Payload::Message(content) => write_content(content, &mut encoder)?,
        Payload::Encoded(encoded) => {
            write_content(&Content::Encoded(encoded.clone()), &mut encoder)?;
        }
    }
    Ok(wrap_bytes(encoder.into_buffer().freeze()))
}

/// A result that is Hessian already, in its wrapper. Its declared type is not known here, and Java
/// consumers take that of their interface.
pub(crate) fn wrap_bytes(data: Bytes) -> Bytes {
    let data_type = "java.lang.Object".into();
    ResponseWrapper { serialize_type: HESSIAN.into(), data, data_type }.encode()
}

/// The arguments in a wrapper, undecoded, and their descriptors.
pub(crate) fn unwrap_request(message: Bytes) -> Result<(Payload, String), Status> {
    let wrapper = RequestWrapper::decode(message).map_err(not_a_wrapper)?;
    refuse_other(&wrapper.serialize_type)?;
    let descriptor = descriptor_of_names(&wrapper.arg_types);
    Ok((Payload::Encoded(Encoded::from_chunks(Format::Hessian2, wrapper.args)), descriptor))
}

/// Arguments in their wrapper, each encoded alone.
pub(crate) fn wrap_request(payload: &Payload, descriptor: Option<&str>) -> Result<Bytes, Status> {
    let args = match (payload.encoded(), payload) {
        (Some(encoded), _) if *encoded.format() == Format::Hessian2 => {
            encoded.chunks().filter(|chunk| !chunk.is_empty()).cloned().collect()
        }
        (_, Payload::Args(Args { values, .. })) => {
            let mut encoder = Encoder::separate();
            write_content(values, &mut encoder)?;
            encoder.into_arguments()
        }
        (_, Payload::Message(content)) => {
            let mut encoder = Encoder::new();
            write_content(content, &mut encoder)?;
            vec![encoder.into_buffer().freeze()]
        }
        (_, Payload::Encoded(encoded)) => {
            let text = format!("content in {} cannot be sent as hessian2", encoded.format());
            return Err(Status::new(Code::InvalidArgument, text));
        }
    };
    let arg_types = descriptor.map(names_of_descriptor).unwrap_or_default();
    Ok(RequestWrapper { serialize_type: HESSIAN.into(), args, arg_types }.encode())
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
