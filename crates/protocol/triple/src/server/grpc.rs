//! gRPC: framed messages, and the status in trailers (gRPC over HTTP/2).

use bytes::Bytes;
use dubhe_core::payload::DecodeLimits;
use dubhe_core::reply::Trailers;
use dubhe_core::status::{Retry, marks};
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Format, Metadata, Method, Payload, Status};
use dubhe_hessian2::payload::thrown_bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Response, StatusCode};

use super::exchange::RequestContext;
use super::protocol::{Accepted, Decoded, Framing, RequestProtocol, StreamEnd, Unary};
use super::target::{Overloaded, ResolvedTarget, message_limits};
use crate::message::Codec;
use crate::message::payload::wrap_bytes;
use crate::message::writer::Writer;
use crate::options::{Exceptions, MessageLimits};
use crate::transport::Whole;
use crate::wire::compression::{
    Accepted as Encodings, Encoding, GRPC_ACCEPT_ENCODING, GRPC_ENCODING, GZIP,
};
use crate::wire::data::Data;
use crate::wire::headers::{EXCEPTION_CODE, TIMEOUT};
use crate::wire::metadata::{self, BinaryNames};
use crate::wire::{content, status, timeout};

/// The kind of an exception of the service (Dubbo Java `RpcException.BIZ_EXCEPTION`).
const BUSINESS: u16 = 3;

/// A gRPC request.
#[derive(Clone)]
pub(super) struct Grpc {
    codec: Codec,
    limit: usize,
    limits: DecodeLimits,
    /// Java exceptions are sent in place of results.
    exceptions: bool,
    /// The compression of the reply.
    encoding: Encoding,
    accepted: Encodings,
}

impl Grpc {
    /// Reads the headers of a request whose messages are in `format`, or refuses it.
    pub(super) fn accept<'a>(
        request: &RequestContext<'a>,
        target: Result<ResolvedTarget<'a>, Status>,
        format: Format,
    ) -> Result<Accepted<'a, Self>, Box<Whole>> {
        if request.head.method != http::Method::POST {
            let mut head = Response::new(());
            *head.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            head.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return Err(Whole::head(head).into());
        }
        let headers = &request.head.headers;
        let options = request.options();
        let accepted = options.accepted();
        let understood = || {
            let deadline = match headers.get(TIMEOUT) {
                Some(header) => {
                    let parsed =
                        header.to_str().ok().and_then(timeout::parse).ok_or_else(|| {
                            Status::new(Code::Internal, "grpc-timeout is malformed")
                        })?;
                    Some(Deadline::after(request.at, parsed))
                }
                None => None,
            };
            let encoding = accepted.encoding(headers, &GRPC_ENCODING)?;
            // A method that is missing is to gRPC what a missing service is.
            Ok((deadline, encoding, target.map_err(missing)?))
        };
        let (deadline, encoding, target) = understood()
            .map_err(|status| Box::new(refusal(content::of_format(&format), &status, accepted)))?;
        let MessageLimits { received, sent } = message_limits(&target.target, options);
        let protocol = Self {
            codec: Codec::of(&target.target.method, format),
            limit: sent,
            limits: request.decode(),
            exceptions: java_exceptions(options.exceptions, headers),
            encoding: options.compress.reply(encoding, headers, &GRPC_ACCEPT_ENCODING),
            accepted,
        };
        Ok(Accepted { target, deadline, encoding, limit: received, protocol })
    }

    fn writer(&self) -> Writer<'_> {
        Writer::new(&self.codec, self.encoding, self.limit)
    }

    fn kind(&self) -> HeaderValue {
        match &self.codec {
            Codec::Message(format) => content::of_format(format),
            Codec::Wrapper => HeaderValue::from_static(content::GRPC),
        }
    }

    fn head(&self, metadata: &Metadata) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(4 + metadata.len().min(metadata::MAX_HEADERS));
        headers.insert(CONTENT_TYPE, self.kind());
        if self.encoding == Encoding::Gzip {
            headers.insert(GRPC_ENCODING, GZIP);
        }
        metadata::write(metadata, &mut headers);
        headers
    }

    /// The Java exception that `status` is, where the caller gets one in place of a result.
    fn exception(&self, status: &Status) -> Option<Whole> {
        let thrown = status.java().is_some() || status.is_business();
        if self.codec != Codec::Wrapper || !self.exceptions || !thrown {
            return None;
        }
        let bytes = thrown_bytes(&marks::on_wire(status))?;
        let data = Data::message(wrap_bytes(&bytes).freeze(), self.limit).ok()?;
        let mut headers = self.head(&Metadata::new());
        headers.insert(EXCEPTION_CODE, BUSINESS.into());
        status::mark_exception(status, &mut headers);
        // Java reads the attachments of a reply out of its trailers.
        let mut trailers = status.trailers().clone();
        trailers.fill_from(status.headers());
        let trailers = Some(status::trailers(None, &trailers));
        Some(Whole { head: ok(headers), data: Some(data), trailers })
    }
}

impl RequestProtocol for Grpc {
    const FRAMING: Framing = Framing::Prefixed;

    fn binary_names(&self) -> BinaryNames {
        self.codec.binary_names()
    }

    fn decode(&self, message: Bytes, _: &Method) -> Result<Decoded, Status> {
        let (payload, types) = self.codec.request(message, self.limits.clone())?;
        Ok(Decoded { payload, overload: types.map(Overloaded::Types) })
    }

    fn compresses(&self) -> bool {
        self.encoding != Encoding::Identity
    }

    fn unary(
        &self,
        payload: &Payload,
        metadata: Metadata,
        mut trailers: Metadata,
    ) -> Result<Unary, Status> {
        let (message, length) = self.writer().one(payload)?;
        let headers = match self.codec {
            Codec::Message(_) => self.head(&metadata),
            Codec::Wrapper => {
                // Java reads the attachments of a reply out of its trailers.
                trailers.fill_from(&metadata);
                self.head(&Metadata::new())
            }
        };
        let trailers = Some(status::trailers(None, &trailers));
        Ok(Unary { response: Whole { head: ok(headers), data: Some(message), trailers }, length })
    }

    fn error(&self, status: &Status) -> Whole {
        if let Some(thrown) = self.exception(status) {
            return thrown;
        }
        // Java reads the attachments of a reply out of its trailers.
        if status.headers().is_empty() || self.codec == Codec::Wrapper {
            return trailers_only(self.kind(), status, self.accepted);
        }
        // What goes before the reply stays apart from what goes after it.
        let trailers = Some(status::trailers(Some(status), &Metadata::new()));
        Whole { head: ok(self.head(status.headers())), data: None, trailers }
    }

    fn refusal(&self, status: &Status) -> Whole {
        self.exception(status).unwrap_or_else(|| refusal(self.kind(), status, self.accepted))
    }

    fn stream(&self, metadata: &Metadata) -> Result<(Response<()>, Writer<'_>), Status> {
        Ok((ok(self.head(metadata)), self.writer()))
    }

    fn stream_end(&self, trailers: &Trailers) -> StreamEnd {
        let trailers = status::trailers(trailers.status.as_ref(), &trailers.metadata);
        StreamEnd { data: None, trailers: Some(trailers) }
    }
}

/// The error of a target that was not found. One that was removed is elsewhere.
fn missing(status: Status) -> Status {
    if status.retry() == Retry::Unstarted { status } else { status.with_code(Code::Unimplemented) }
}

/// An error before the call has begun.
#[cold]
fn refusal(kind: HeaderValue, status: &Status, accepted: Encodings) -> Whole {
    let mut refusal = trailers_only(kind, status, accepted);
    status::mark_refusal(status, refusal.head.headers_mut());
    refusal
}

/// An error before any message.
#[cold]
fn trailers_only(kind: HeaderValue, status: &Status, accepted: Encodings) -> Whole {
    let mut headers = status::trailers(Some(status), status.headers());
    headers.insert(CONTENT_TYPE, kind);
    if status.code() == Code::Unimplemented {
        // Perhaps because of the compression of the request.
        headers.insert(GRPC_ACCEPT_ENCODING, accepted.header());
    }
    Whole::head(ok(headers))
}

fn ok(headers: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    response
}

/// Returns `true` when a caller with these headers is answered with Java's exceptions.
fn java_exceptions(style: Exceptions, headers: &HeaderMap) -> bool {
    let go = || headers.get(USER_AGENT).is_some_and(|v| v.as_bytes().starts_with(b"grpc-go"));
    match style {
        Exceptions::Java => true,
        Exceptions::Status => false,
        Exceptions::ByPeer => !go(),
    }
}
