//! The encoding of the messages of a method.

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::DecodeLimits;
use dubhe_core::{Code, Encoded, Format, Method, Payload, Status};

use super::payload::{self, unwrap_request, unwrap_response, write_message};
use crate::wire::metadata::BinaryNames;

/// The encoding of the messages of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Messages as they are, in this format.
    Message(Format),
    /// Hessian in Triple's wrapper.
    Wrapper,
}

/// The direction of messages: those of requests name the types of the method's arguments.
#[derive(Clone, Copy)]
pub(crate) enum Side<'a> {
    Request(&'a Method),
    Reply,
}

impl Codec {
    /// The codec of this method, whose messages are in `format` unless it has a Java descriptor.
    pub(crate) fn of(method: &Method, format: Format) -> Self {
        match method.descriptor {
            Some(_) => Self::Wrapper,
            None => Self::Message(format),
        }
    }

    /// The naming of binary metadata beside such messages.
    pub(crate) fn binary_names(&self) -> BinaryNames {
        match self {
            Self::Message(_) => BinaryNames::Grpc,
            Self::Wrapper => BinaryNames::Dubbo,
        }
    }

    /// The message that `payload` is already, in bytes.
    ///
    /// # Errors
    /// When it is bytes of another format than the method's.
    pub(crate) fn encoded(&self, payload: &Payload) -> Result<Option<Bytes>, Status> {
        let (Self::Message(format), Some(encoded)) = (self, payload.encoded()) else {
            return Ok(None);
        };
        if encoded.format() == format {
            return Ok(Some(encoded.bytes().clone()));
        }
        let text = format!("content in {} cannot be sent as {format}", encoded.format());
        Err(Status::new(Code::Internal, text))
    }

    /// Appends the message of `payload` to `out`. Returns its length in bytes, without the wrapper of
    /// a reply.
    pub(crate) fn write(
        &self,
        side: Side<'_>,
        payload: &Payload,
        out: &mut BytesMut,
    ) -> Result<usize, Status> {
        let at = out.len();
        match (self, side) {
            (Self::Message(format), _) => write_message(format, payload, out)?,
            (Self::Wrapper, Side::Reply) => return payload::wrap(payload, out),
            (Self::Wrapper, Side::Request(method)) => payload::wrap_request(payload, method, out)?,
        }
        Ok(out.len() - at)
    }

    /// The payload of a message of a request and, in a wrapper, the descriptors of its arguments.
    pub(crate) fn request(
        &self,
        message: Bytes,
        limits: DecodeLimits,
    ) -> Result<(Payload, Option<String>), Status> {
        Ok(match self {
            Self::Message(format) => {
                (Encoded::new(format.clone(), message).with_limits(limits).into(), None)
            }
            Self::Wrapper => {
                let (payload, types) = unwrap_request(message, limits)?;
                (payload, Some(types))
            }
        })
    }

    /// The payload of a message of a reply.
    pub(crate) fn reply(&self, message: Bytes, limits: DecodeLimits) -> Result<Payload, Status> {
        let encoded = match self {
            Self::Message(format) => Encoded::new(format.clone(), message),
            Self::Wrapper => Encoded::new(Format::Hessian2, unwrap_response(message)?),
        };
        Ok(encoded.with_limits(limits).into())
    }
}
