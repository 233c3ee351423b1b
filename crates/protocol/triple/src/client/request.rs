//! Requests: their headers, and sending their messages.

use std::time::Instant;

use bytes::Bytes;
use dubhe_core::payload::PayloadStream;
use dubhe_core::{Code, Endpoint, Format, Head, Payload, Status};
use futures_util::StreamExt;
use h2::{Reason, SendStream};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE, USER_AGENT};
use http::uri::{self, Authority, PathAndQuery, Scheme, Uri};
use http::{Method, Request};

use crate::frame::{Framed, frame, nothing};
use crate::payload::{Shape, plain, wrap_request};
use crate::{content, metadata, outbound, status, timeout};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("dubhe/", env!("CARGO_PKG_VERSION")));
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// How the messages of a call to this method are written.
pub(super) fn shape(head: &Head) -> Shape {
    match head.method.descriptor {
        Some(_) => Shape::Wrapper,
        None => Shape::Plain(Format::Protobuf),
    }
}

/// What the requests to one endpoint share.
pub(super) struct Caller {
    scheme: Scheme,
    authority: Authority,
    application: Option<HeaderValue>,
    /// Bytes in a message.
    pub(super) limit: usize,
}

fn bad(what: &str) -> Status {
    Status::new(Code::InvalidArgument, format!("{what} cannot be sent"))
}

impl Caller {
    pub(super) fn new(
        scheme: Scheme,
        endpoint: &Endpoint,
        application: &str,
        limit: usize,
    ) -> Result<Self, Status> {
        let authority = endpoint.address().try_into();
        let authority = authority.map_err(|_| bad("the address of the endpoint"))?;
        let application = match application {
            "" => None,
            name => Some(HeaderValue::from_str(name).map_err(|_| bad("the application"))?),
        };
        Ok(Self { scheme, authority, application, limit })
    }

    /// The head of a request.
    pub(super) fn head(&self, head: &Head, now: Instant) -> Result<Request<()>, Status> {
        let mut request = Request::new(());
        *request.uri_mut() = self.uri(head)?;
        *request.method_mut() = Method::POST;
        *request.headers_mut() = self.headers(head, now)?;
        Ok(request)
    }

    fn uri(&self, head: &Head) -> Result<Uri, Status> {
        let path = format!("/{}/{}", head.service.interface(), head.method.name);
        let path = PathAndQuery::from_maybe_shared(Bytes::from(path));
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.map_err(|_| bad("the name of service or method"))?);
        Uri::from_parts(parts).map_err(|_| bad("the name of service or method"))
    }

    fn headers(&self, head: &Head, now: Instant) -> Result<HeaderMap, Status> {
        let mut headers = HeaderMap::with_capacity(6 + head.metadata.len());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content::GRPC));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(USER_AGENT, AGENT);
        if let Some(deadline) = head.deadline {
            let left = timeout::format(deadline.left(now));
            headers.insert(TIMEOUT, HeaderValue::try_from(left).map_err(|_| bad("the timeout"))?);
        }
        for (name, text) in [
            ("tri-service-version", head.service.version()),
            ("tri-service-group", head.service.group()),
        ] {
            if !text.is_empty() {
                headers.insert(name, HeaderValue::from_str(text).map_err(|_| bad(name))?);
            }
        }
        if let Some(name) = &self.application {
            headers.insert("tri-consumer-appname", name.clone());
        }
        metadata::write(&head.metadata, &mut headers);
        Ok(headers)
    }
}

/// A message, ready to be sent.
pub(super) fn message(shape: &Shape, head: &Head, payload: &Payload) -> Result<Bytes, Status> {
    match shape {
        Shape::Plain(format) => plain(format, payload),
        Shape::Wrapper => wrap_request(payload, head.method.descriptor.as_deref()),
    }
}

/// Sends the messages of a stream, as fast as the peer takes them.
pub(super) async fn pump(
    mut send: SendStream<Framed>,
    mut stream: PayloadStream,
    shape: Shape,
    head: Head,
    limit: usize,
) -> Result<(), Status> {
    while let Some(payload) = stream.next().await {
        let message = payload.and_then(|payload| message(&shape, &head, &payload));
        let framed = message.and_then(|message| {
            Ok((frame(message.clone(), limit).map_err(status::of_frame)?, message))
        });
        let (framed, message) = match framed {
            Ok(framed) => framed,
            Err(status) => {
                send.send_reset(Reason::CANCEL);
                return Err(status);
            }
        };
        // A peer that has ended the stream has said why in its reply.
        if !outbound::room(&mut send, &message).await || send.send_data(framed, false).is_err() {
            return Ok(());
        }
    }
    let _ = send.send_data(nothing(), true);
    Ok(())
}
