//! A request and its response.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dubhe_core::invoke::Outcome;
use dubhe_core::payload::{Content, Encoded};
use dubhe_core::reply::{Frame, Trailers};
use dubhe_core::status::{Origin, Retry};
use dubhe_core::time::{Deadline, Instant, Sleep};
use dubhe_core::{Call, CallBody, Code, Endpoint, Head, Metadata, Payload, Reply, Status};
use dubhe_net::time;
use futures_core::Stream;
use futures_util::StreamExt as _;
use http::header::{HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Incoming;

use crate::message::{FORMAT, Refusal, RequestHead, ResponseHead, format};
use crate::options::HttpOptions;
use crate::pool::{Lease, Pool, RequestBody, within};

/// Makes the exchange of `call` on a connection of `pool`.
pub(crate) async fn run(
    pool: &Pool,
    endpoint: &Endpoint,
    options: &HttpOptions,
    call: Call,
) -> Outcome {
    let Call { mut head, body } = call;
    let Some(request) = head.extensions.remove::<RequestHead>() else {
        let text = "a call over http needs the head of its request; send it by an HttpClient";
        return Err(Status::new(Code::InvalidArgument, text).with_origin(Origin::Caller));
    };
    let since = head.arrived.unwrap_or_else(time::now);
    let (deadline, retry) = (head.deadline, request.retry());
    let mut message = message(&head, request, body, endpoint)?;
    let (lease, response) = loop {
        let mut lease = pool.lease(deadline).await.map_err(|error| {
            let late = deadline.is_some_and(|at| at.passed(time::now())) && error.is_timeout();
            let code = if late { Code::DeadlineExceeded } else { Code::Unavailable };
            Status::new(code, format!("cannot connect: {error}"))
                .with_retry(Retry::Unstarted)
                .with_source(error)
        })?;
        match within(deadline, lease.sender.try_send_request(message)).await {
            Some(Ok(response)) => break (lease, response),
            Some(Err(mut failed)) => match failed.take_message() {
                // Its server had closed it before the request was written.
                Some(unsent) if lease.is_used => message = unsent,
                unsent => {
                    let retry = if unsent.is_some() { Retry::Unstarted } else { retry };
                    return Err(broken(failed.into_error(), retry));
                }
            },
            None => {
                let status = Status::no_reply(waited(since, deadline));
                return Err(status.with_retry(retry));
            }
        }
    };
    received(lease, response, options, Wait { since, deadline }, retry).await
}

/// The time that a caller waits.
#[derive(Clone, Copy)]
struct Wait {
    since: Instant,
    deadline: Option<Deadline>,
}

/// The time that was given to a call.
fn waited(since: Instant, deadline: Option<Deadline>) -> std::time::Duration {
    let end = deadline.map_or_else(time::now, Deadline::instant);
    end.saturating_duration_since(since)
}

fn broken(error: hyper::Error, retry: Retry) -> Status {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    // A stream of the caller's that failed says so itself.
    let own = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<Status>());
    if let Some(own) = own {
        return own.clone().with_origin(Origin::Caller);
    }
    let text = format!("the exchange broke off: {error}{}", cause.unwrap_or_default());
    Status::new(Code::Unavailable, text).with_retry(retry).with_source(error)
}

/// The request on the wire.
fn message(
    head: &Head,
    request: RequestHead,
    body: CallBody,
    endpoint: &Endpoint,
) -> Result<Request<RequestBody>, Status> {
    let RequestHead { method, path, mut headers } = request;
    for (name, value) in head.metadata.iter() {
        let (Ok(name), Some(value)) = (HeaderName::try_from(&**name), value.as_str()) else {
            continue;
        };
        if let (false, Ok(value)) = (headers.contains_key(&name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    if !headers.contains_key(HOST) {
        let host = HeaderValue::try_from(endpoint.address());
        headers.insert(HOST, host.unwrap_or(HeaderValue::from_static("localhost")));
    }
    let mut message = Request::new(body_of(body)?);
    *message.method_mut() = method;
    *message.uri_mut() = Uri::from(path);
    *message.headers_mut() = headers;
    Ok(message)
}

fn body_of(body: CallBody) -> Result<RequestBody, Status> {
    match body {
        CallBody::One(payload) => {
            let bytes = bytes_of(payload)?;
            Ok(if bytes.is_empty() {
                Empty::new().map_err(|never| match never {}).boxed_unsync()
            } else {
                Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
            })
        }
        CallBody::Stream(stream) => {
            let frames =
                stream.map(|payload| payload.and_then(bytes_of).map(http_body::Frame::data));
            Ok(StreamBody::new(frames).boxed_unsync())
        }
    }
}

fn bytes_of(payload: Payload) -> Result<Bytes, Status> {
    match payload {
        Payload::Message(Content::Encoded(encoded)) => Ok(encoded.into_parts().1),
        _ => {
            let text = format!("a body over http is bytes: a payload of the format {FORMAT:?}");
            Err(Status::new(Code::InvalidArgument, text).with_origin(Origin::Caller))
        }
    }
}

/// The reply that a response is, or the error.
async fn received(
    lease: Lease,
    response: Response<Incoming>,
    options: &HttpOptions,
    wait: Wait,
    retry: Retry,
) -> Outcome {
    let (parts, body) = response.into_parts();
    let head = ResponseHead { status: parts.status, headers: parts.headers };
    let mut body = ResponseBody {
        body,
        lease: Some(lease),
        read: VecDeque::new(),
        late: wait.deadline.map(|at| Box::pin(time::sleep_until(at.instant())) as Sleep),
        wait,
    };
    let Some(code) = Refusal::code(head.status) else { return Ok(reply(head, body)) };
    let mut kept = Vec::new();
    loop {
        match body.next().await {
            Some(Ok(Frame::Message(payload))) => {
                let bytes = bytes_of(payload)?;
                if kept.len().saturating_add(bytes.len()) > options.max_refusal {
                    body.read.extend([kept.into(), bytes]);
                    return Ok(reply(head, body));
                }
                kept.extend_from_slice(&bytes);
            }
            Some(Ok(Frame::Trailers(_))) | None => break,
            Some(Err(status)) => return Err(status),
        }
    }
    // A server that says "too busy" has not begun.
    let retry = if code == Code::ResourceExhausted { Retry::Unstarted } else { retry };
    Err(Refusal { head, body: kept.into() }.into_status(code, retry))
}

fn reply(head: ResponseHead, body: ResponseBody) -> Reply {
    let mut reply = Reply::stream(body.map(|frame| match frame {
        Ok(frame) => frame,
        Err(status) => Frame::Trailers(Trailers::failed(status)),
    }));
    reply.metadata = metadata(&head.headers);
    reply.extensions.insert(head);
    reply
}

/// The fields as attachments; what is no text is left out.
fn metadata(headers: &HeaderMap) -> Metadata {
    let texts =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    texts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The body of a response. Read to its end, it gives the connection back; dropped before, it closes
/// it.
struct ResponseBody {
    body: Incoming,
    lease: Option<Lease>,
    /// Bytes that were read before somebody wanted them.
    read: VecDeque<Bytes>,
    late: Option<Sleep>,
    wait: Wait,
}

impl Stream for ResponseBody {
    type Item = Result<Frame, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.lease.is_none() {
            return Poll::Ready(None);
        }
        if let Some(bytes) = this.read.pop_front() {
            return Poll::Ready(Some(Ok(frame(bytes))));
        }
        let late = this.late.as_mut().is_some_and(|late| late.as_mut().poll(cx).is_ready());
        if late {
            this.lease = None;
            let waited = waited(this.wait.since, this.wait.deadline);
            return Poll::Ready(Some(Err(Status::cut_short(waited))));
        }
        let end = |this: &mut Self, trailers| {
            if let Some(lease) = this.lease.take() {
                lease.give_back();
            }
            Poll::Ready(Some(Ok(Frame::Trailers(trailers))))
        };
        loop {
            return match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                None => end(this, Trailers::default()),
                Some(Ok(part)) => match part.into_data() {
                    Ok(bytes) if bytes.is_empty() => continue,
                    Ok(bytes) => Poll::Ready(Some(Ok(frame(bytes)))),
                    Err(part) => {
                        let trailers = part.into_trailers().unwrap_or_default();
                        let metadata = metadata(&trailers);
                        end(this, Trailers { status: None, metadata })
                    }
                },
                Some(Err(error)) => {
                    this.lease = None;
                    Poll::Ready(Some(Err(broken(error, Retry::Never))))
                }
            };
        }
    }
}

fn frame(bytes: Bytes) -> Frame {
    Frame::Message(Encoded::new(format(), bytes).into())
}
