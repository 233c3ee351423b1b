//! Writing replies.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;

use bytes::Bytes;
use dubhe_core::reply::{Frame, Reply, ReplyBody, ReplyStream, Trailers};
use dubhe_core::{Code, Metadata, Payload, Status};
use dubhe_hessian2::java::Throwable;
use futures_util::{FutureExt, StreamExt};
use h2::SendStream;
use h2::server::SendResponse;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::frame::{Framed, frame};
use crate::payload::{Shape, plain, wrap, wrap_bytes};
use crate::{content, metadata, outbound, status};

/// Says that the message is an exception, and of which kind; the message has the rest.
const EXCEPTION_CODE: HeaderName = HeaderName::from_static("tri-exception-code");
/// The kind of an exception of the service (Dubbo Java `RpcException.BIZ_EXCEPTION`).
const BUSINESS: u16 = 3;

/// How the replies of one call are written.
pub(super) struct Way {
    pub(super) shape: Shape,
    pub(super) limit: usize,
    /// Whether Java exceptions are sent in place of results.
    pub(super) exceptions: bool,
}

/// An answer to what is no gRPC request.
pub(super) fn refuse(respond: &mut SendResponse<Framed>, status: StatusCode) {
    let mut response = Response::new(());
    *response.status_mut() = status;
    // A stream that has ended needs no answer, here and below.
    let _ = respond.send_response(response, true);
}

/// An error before any message: trailers only.
pub(super) fn fail(respond: &mut SendResponse<Framed>, status: &Status) {
    let mut headers = status::trailers(Some(status), status.headers());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content::GRPC));
    let _ = respond.send_response(response(headers), true);
}

fn response(headers: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    response
}

impl Way {
    /// Answers with an error.
    pub(super) fn fail(&self, respond: &mut SendResponse<Framed>, status: &Status) {
        if self.shape != Shape::Wrapper || !self.exceptions || status.java().is_none() {
            return fail(respond, status);
        }
        // Its fields are written anew: Java needs all that a throwable has, stack and cause too.
        let bytes = Throwable::of(status).and_then(|t| dubhe_hessian2::to_bytes(&t).ok());
        match bytes.and_then(|bytes| frame(wrap_bytes(bytes), self.limit).ok()) {
            Some(message) => {
                let mut head = head(status.headers());
                head.insert(EXCEPTION_CODE, BUSINESS.into());
                let trailers = status::trailers(None, status.trailers());
                whole(respond, head, message, trailers);
            }
            None => fail(respond, status),
        }
    }

    /// Sends a reply to its end, or with the status of `late` where that comes first.
    pub(super) async fn send(
        &self,
        respond: &mut SendResponse<Framed>,
        mut reply: Reply,
        late: impl Future<Output = Status>,
    ) {
        let metadata = std::mem::take(&mut reply.metadata);
        match &mut reply.body {
            ReplyBody::One(payload, Trailers { status: None, metadata: extra }) => {
                let message = self
                    .message(payload)
                    .and_then(|message| frame(message, self.limit).map_err(status::of_frame));
                match (message, &self.shape) {
                    (Err(status), _) => fail(respond, &status),
                    (Ok(message), Shape::Plain(_)) => {
                        whole(respond, head(&metadata), message, status::trailers(None, extra));
                    }
                    (Ok(message), Shape::Wrapper) => {
                        // Java reads the attachments of a reply out of its trailers.
                        extra.fill_from(&metadata);
                        let head = head(&Metadata::new());
                        whole(respond, head, message, status::trailers(None, extra));
                    }
                }
            }
            ReplyBody::One(_, Trailers { status: Some(status), .. }) => self.fail(respond, status),
            ReplyBody::Stream(stream) => {
                let head = response(head(&metadata));
                let Ok(mut send) = respond.send_response(head, false) else { return };
                let mut late = pin!(late);
                let trailers = tokio::select! {
                    biased;
                    trailers = self.messages(&mut send, stream) => trailers,
                    status = &mut late => {
                        Some(Trailers { status: Some(status), metadata: Metadata::new() })
                    }
                };
                if let Some(Trailers { status, metadata }) = trailers {
                    let _ = send.send_trailers(status::trailers(status.as_ref(), &metadata));
                }
            }
        }
    }

    /// Sends the messages of a stream; `None` when the caller is gone.
    async fn messages(
        &self,
        send: &mut SendStream<Framed>,
        stream: &mut ReplyStream,
    ) -> Option<Trailers> {
        let failed = |status| Some(Trailers { status: Some(status), metadata: Metadata::new() });
        loop {
            let next = AssertUnwindSafe(stream.next()).catch_unwind();
            let next = tokio::select! {
                biased;
                next = next => next,
                _ = poll_fn(|cx| send.poll_reset(cx)) => return None,
            };
            let payload = match next {
                Ok(Some(Frame::Message(payload))) => payload,
                Ok(Some(Frame::Trailers(trailers))) => return Some(trailers),
                Ok(None) => return failed(internal("the stream was cut off by its handler")),
                Err(_) => return failed(internal("the handler panicked")),
            };
            let message = match self.message(&payload) {
                Ok(message) => message,
                Err(status) => return failed(status),
            };
            if !outbound::room(send, &message).await {
                return None;
            }
            match frame(message, self.limit) {
                Ok(framed) => send.send_data(framed, false).ok()?,
                Err(error) => return failed(status::of_frame(error)),
            }
        }
    }

    fn message(&self, payload: &Payload) -> Result<Bytes, Status> {
        match &self.shape {
            Shape::Plain(format) => plain(format, payload),
            Shape::Wrapper => wrap(payload),
        }
    }
}

fn head(metadata: &Metadata) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2 + metadata.len());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content::GRPC));
    metadata::write(metadata, &mut headers);
    headers
}

/// A reply of one message.
fn whole(
    respond: &mut SendResponse<Framed>,
    head: HeaderMap,
    message: Framed,
    trailers: HeaderMap,
) {
    if let Ok(mut send) = respond.send_response(response(head), false) {
        // Queued within the message's own limit, so it need not wait for the caller's window.
        let _ = send.send_data(message, false).and_then(|()| send.send_trailers(trailers));
    }
}

fn internal(what: &'static str) -> Status {
    Status::new(Code::Internal, what)
}
