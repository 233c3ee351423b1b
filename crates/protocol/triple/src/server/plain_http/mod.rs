//! Plain HTTP: calls of unary methods, a body in and a body out.
//!
//! | dialect | spoken to | arguments | errors |
//! | --- | --- | --- | --- |
//! | Connect | a protobuf method | the message, in JSON or protobuf | `{"code","message","details"}` |
//! | Java | a method of an interface | a JSON array, or the only argument | `{"message","status"}` |
//! | Go | who sends `triple-protocol-version` | as above, or a wrapper in protobuf | as Connect, other HTTP statuses |
//!
//! The error of a service or method that is missing has the fields of Connect and of Java.

mod accept;
mod dialect;

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::DecodeLimits;
use dubhe_core::status::Retry;
use dubhe_core::{Code, Format, Metadata, Method, Payload, Status};
use dubhe_json::Limits;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::Value as Json;

use super::protocol::{Decoded, Framing, RequestProtocol, Unary};
use super::target::Overloaded;
use crate::message::codec::Side;
use crate::message::{Codec, json};
use crate::transport::Whole;
use crate::wire::compression::{Encoding, GZIP, gzip};
use crate::wire::data::Data;
use crate::wire::frame::FrameError;
use crate::wire::metadata::BinaryNames;
use crate::wire::status::of_frame;
use dialect::Dialect;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROTO: HeaderValue = HeaderValue::from_static("application/proto");

/// A call in plain HTTP.
#[derive(Clone)]
pub(super) struct PlainHttp {
    dialect: Dialect,
    content: BodyCodec,
    limit: usize,
    limits: DecodeLimits,
    /// The compression of the reply.
    encoding: Encoding,
}

/// The content of both bodies.
#[derive(Clone)]
enum BodyCodec {
    /// A message.
    Message(Codec),
    /// Arguments of an interface in JSON, then its result. The path may tell the initials of the
    /// types.
    Json { initials: Option<String> },
}

impl RequestProtocol for PlainHttp {
    const FRAMING: Framing = Framing::Whole;

    fn binary_names(&self) -> BinaryNames {
        match &self.content {
            BodyCodec::Message(codec) => codec.binary_names(),
            BodyCodec::Json { .. } => BinaryNames::Dubbo,
        }
    }

    fn decode(&self, message: Bytes, method: &Method) -> Result<Decoded, Status> {
        match &self.content {
            BodyCodec::Message(codec) => {
                // No body is an empty message, in JSON as well.
                let empty = message.is_empty() && *codec == Codec::Message(Format::Json);
                let message = if empty { Bytes::from_static(b"{}") } else { message };
                let (payload, types) = codec.request(message, self.limits.clone())?;
                Ok(Decoded { payload, overload: types.map(Overloaded::Types) })
            }
            BodyCodec::Json { initials } => {
                let args = json::arguments(&message, method, Limits::of(&self.limits))?;
                let overload = match initials {
                    Some(initials) => Overloaded::Initials(initials.clone()),
                    None => Overloaded::Count(args.count()),
                };
                Ok(Decoded { payload: args.into(), overload: Some(overload) })
            }
        }
    }

    fn compresses(&self) -> bool {
        self.encoding != Encoding::Identity
    }

    fn unary(
        &self,
        payload: &Payload,
        metadata: Metadata,
        trailers: Metadata,
    ) -> Result<Unary, Status> {
        let (kind, body, length) = match &self.content {
            BodyCodec::Message(codec) => {
                let json = *codec == Codec::Message(Format::Json);
                let mut out = BytesMut::new();
                let length = codec.write(Side::Reply, payload, &mut out)?;
                (if json { JSON } else { PROTO }, out.freeze(), length)
            }
            BodyCodec::Json { .. } => {
                let body = json::result(payload, Limits::of(&self.limits))?;
                let length = body.len();
                (JSON, body, length)
            }
        };
        if body.len() > self.limit {
            let (length, limit) = (body.len(), self.limit);
            return Err(of_frame(FrameError::TooLargeToSend { length, limit }));
        }
        let mut headers = HeaderMap::new();
        self.dialect.metadata(&metadata, &trailers, &mut headers);
        headers.insert(CONTENT_TYPE, kind);
        let body = match self.encoding {
            Encoding::Identity => body,
            Encoding::Gzip => {
                headers.insert(CONTENT_ENCODING, GZIP);
                let mut packed = BytesMut::new();
                gzip(&body, &mut packed);
                packed.freeze()
            }
        };
        Ok(Unary { response: response(StatusCode::OK, headers, body), length })
    }

    fn error(&self, status: &Status) -> Whole {
        error(self.dialect, status, self.dialect.http_status(status))
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: Bytes) -> Whole {
    let mut head = Response::new(());
    *head.status_mut() = status;
    *head.headers_mut() = headers;
    Whole { head, data: Some(Data::framed(body)), trailers: None }
}

fn error(dialect: Dialect, status: &Status, http: StatusCode) -> Whole {
    failure(dialect, status, http, &dialect.error(status, http))
}

fn failure(dialect: Dialect, status: &Status, http: StatusCode, body: &Json) -> Whole {
    let mut headers = HeaderMap::new();
    dialect.metadata(status.headers(), status.trailers(), &mut headers);
    headers.insert(CONTENT_TYPE, JSON);
    response(http, headers, body.to_string().into())
}

/// The error of a service or method that is missing.
fn not_found(dialect: Dialect, status: Status) -> Whole {
    // One that was removed is elsewhere.
    let (status, http) = if status.retry() == Retry::Unstarted {
        let http = dialect.http_status(&status);
        (status, http)
    } else {
        (status.with_code(Code::Unimplemented), StatusCode::NOT_FOUND)
    };
    failure(dialect, &status, http, &dialect.not_found(&status, http))
}

/// The error of a body that is no arguments. Connect's has no body, since none may be in a codec that
/// the client does not know.
fn unsupported(dialect: Dialect, text: String) -> Whole {
    let status = Status::new(Code::InvalidArgument, text);
    let http = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let (mut whole, accepted) = match dialect {
        Dialect::Connect => {
            (response(http, HeaderMap::new(), Bytes::new()), "application/json, application/proto")
        }
        Dialect::Go => (error(dialect, &status, http), "application/json, application/proto"),
        Dialect::Java => (error(dialect, &status, http), "application/json"),
    };
    let accepted = HeaderValue::from_static(accepted);
    whole.head.headers_mut().insert("accept-post", accepted);
    whole
}

/// The error of a body that is compressed where none may be (RFC 7694, 3).
fn unsupported_encoding(dialect: Dialect, status: &Status) -> Whole {
    let mut whole = error(dialect, status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let accepted = HeaderValue::from_static("identity");
    whole.head.headers_mut().insert(ACCEPT_ENCODING, accepted);
    whole
}

/// The methods of HTTP that calls are made with: GET where a method of an interface may have no
/// arguments.
fn allowed(status: StatusCode, dialect: Dialect) -> Whole {
    let mut headers = HeaderMap::new();
    let allowed = match dialect {
        Dialect::Java => "POST, GET, OPTIONS",
        Dialect::Connect | Dialect::Go => "POST, OPTIONS",
    };
    headers.insert(ALLOW, HeaderValue::from_static(allowed));
    response(status, headers, Bytes::new())
}
