//! Replies: their head, their messages, their end.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dubhe_core::invoke::Outcome;
use dubhe_core::payload::DecodeLimits;
use dubhe_core::reply::{Frame, Reply, ReplyBody, Trailers};
use dubhe_core::status::Origin;
use dubhe_core::{Code, Metadata, Status};
use dubhe_hessian2::java::Throwable;
use dubhe_hessian2::{Decode as _, Decoder};
use dubhe_net::memory::ConnectionMemory;
use futures_util::stream;
use http::response::Parts;

use super::call::Patience;
use super::named::CallName;
use super::request::Limits;
use super::sender::RequestSender;
use crate::message::Codec;
use crate::message::payload::unwrap_response;
use crate::transport::{InFlight, Messages, Receiver, malformed, no_message, passed};
use crate::wire::compression::{Accepted, Encoding, GRPC_ENCODING};
use crate::wire::headers::EXCEPTION_CODE;
use crate::wire::metadata::BinaryNames;
use crate::wire::{content, metadata, status};

/// The work that goes on while a reply is received.
pub(super) struct Replying {
    pub(super) sender: RequestSender,
    #[allow(dead_code, reason = "held for its count")]
    pub(super) in_flight: InFlight,
}

/// The beginning of a reply.
enum Begun {
    /// The metadata of its head, and the compression of what follows.
    Head(Metadata, Encoding),
    /// Trailers only, of success: no message follows.
    Ended(Metadata),
}

/// Judges a head: an error that it tells of comes back with its metadata. A status counts only where it
/// ends the stream (gRPC over HTTP/2, "Trailers-Only").
fn head(parts: &Parts, body: &Receiver, codec: &Codec, limits: &Limits) -> Result<Begun, Status> {
    let names = codec.binary_names();
    if body.is_end_stream()
        && let Some(outcome) = status::read(&parts.headers, names, &limits.decode)
    {
        return match outcome {
            Ok(()) => Ok(Begun::Ended(metadata::read(&parts.headers, names))),
            // They are the head of an error as well.
            Err(status) => {
                let metadata = status.trailers().clone();
                Err(status.with_headers(metadata))
            }
        };
    }
    if parts.status != http::StatusCode::OK {
        return Err(status::from_http(parts.status));
    }
    let kind = content::of(&parts.headers);
    if kind.and_then(content::format).is_none() {
        let kind = kind.unwrap_or("none");
        let text = format!("the server answered with content-type {kind}, not as gRPC");
        return Err(Status::new(Code::Unknown, text).with_origin(Origin::RemoteFramework));
    }
    let encoding = encoding(parts, limits.accepted)?;
    Ok(Begun::Head(metadata::read(&parts.headers, names), encoding))
}

fn is_exception(parts: &Parts) -> bool {
    parts.headers.get(EXCEPTION_CODE).is_some_and(|code| code != "0")
}

/// The compression of a reply. One that was not offered is an error of the server (gRPC compression,
/// "Compression Method Asymmetry Between Peers").
fn encoding(parts: &Parts, accepted: Accepted) -> Result<Encoding, Status> {
    accepted
        .encoding(&parts.headers, &GRPC_ENCODING)
        .map_err(|status| status.with_code(Code::Internal).with_origin(Origin::RemoteFramework))
}

/// The reply of one message.
pub(super) async fn one(
    parts: Parts,
    body: Receiver,
    mut replying: Replying,
    codec: Codec,
    limits: &Limits,
) -> Outcome {
    let (mut headers, encoding) = match head(&parts, &body, &codec, limits)? {
        Begun::Head(headers, encoding) => (headers, encoding),
        Begun::Ended(metadata) => return Err(no_message().with_headers(metadata)),
    };
    let names = codec.binary_names();
    let mut messages = Messages::new(body, limits.message.received, encoding);
    let mut read = pin!(async {
        let message = messages.only(&ConnectionMemory::UNCOUNTED).await?;
        let trailers = poll_fn(|cx| messages.poll_trailers(cx)).await?;
        Ok((message, end(trailers, names, &limits.decode)?))
    });
    let read = poll_fn(|cx| {
        replying.sender.poll(cx)?;
        read.as_mut().poll(cx)
    });
    let (message, mut trailers) =
        read.await.map_err(|s: Status| s.with_headers(headers.clone()))?;
    let message = message.ok_or_else(no_message)?;
    if codec == Codec::Wrapper {
        // Java sends the attachments of a reply at its end.
        headers.fill_from(&std::mem::take(&mut trailers));
        if is_exception(&parts) {
            let status = exception(message, &limits.decode)?;
            let status = status::of_exception(status, &parts.headers, &limits.decode);
            return Err(status.with_headers(headers));
        }
    }
    let mut reply = Reply::with_metadata(codec.reply(message, limits.decode.clone())?, headers);
    if let ReplyBody::One(_, end) = &mut reply.body {
        *end = trailers;
    }
    Ok(reply)
}

/// The reply of many messages.
pub(super) fn many(
    parts: Parts,
    body: Receiver,
    replying: Replying,
    codec: Codec,
    limits: Limits,
    patience: Patience,
    named: CallName,
) -> Outcome {
    let (headers, encoding) = match head(&parts, &body, &codec, &limits)? {
        Begun::Head(headers, encoding) => (headers, encoding),
        Begun::Ended(metadata) => {
            let end = Frame::Trailers(Trailers { status: None, metadata });
            return Ok(Reply::stream(stream::iter([end])));
        }
    };
    let patience = Patience { replied: true, ..patience };
    let mut open = Some((Messages::new(body, limits.message.received, encoding), replying));
    let mut late = patience.deadline.map(|deadline| Box::pin(passed(Some(deadline))));
    let frames = stream::poll_fn(move |cx| {
        let Some((messages, replying)) = &mut open else { return Poll::Ready(None) };
        let mut frame = if late.as_mut().is_some_and(|late| late.as_mut().poll(cx).is_ready()) {
            failed(patience.too_late())
        } else {
            match next(messages, &codec, &limits.decode, cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => match replying.sender.poll(cx) {
                    Ok(()) => return Poll::Pending,
                    Err(status) => failed(status),
                },
            }
        };
        if let Frame::Trailers(Trailers { status, .. }) = &mut frame {
            *status = status.take().map(|status| named.add_to(patience.or_too_late(status)));
            // Resets the stream, unless it has ended, and lets go of the request.
            open = None;
        }
        Poll::Ready(Some(frame))
    });
    let mut reply = Reply::stream(frames);
    reply.metadata = headers;
    Ok(reply)
}

fn next(
    messages: &mut Messages,
    codec: &Codec,
    limits: &DecodeLimits,
    cx: &mut Context<'_>,
) -> Poll<Frame> {
    let message = match ready!(messages.poll_message(cx, &ConnectionMemory::UNCOUNTED)) {
        Some(message) => message.and_then(|message| codec.reply(message, limits.clone())),
        None => {
            let outcome = ready!(messages.poll_trailers(cx))
                .and_then(|trailers| end(trailers, codec.binary_names(), limits));
            return Poll::Ready(match outcome {
                Ok(metadata) => Frame::Trailers(Trailers { status: None, metadata }),
                Err(status) => failed(status),
            });
        }
    };
    Poll::Ready(message.map_or_else(failed, Frame::Message))
}

fn failed(status: Status) -> Frame {
    Frame::Trailers(Trailers { status: Some(status), metadata: Metadata::new() })
}

/// The outcome in the trailers.
fn end(
    trailers: Option<http::HeaderMap>,
    names: BinaryNames,
    limits: &DecodeLimits,
) -> Result<Metadata, Status> {
    let trailers = trailers.unwrap_or_default();
    match status::read(&trailers, names, limits) {
        Some(outcome) => outcome.map(|()| metadata::read(&trailers, names)),
        None => Err(status::from_http(http::StatusCode::OK)),
    }
}

/// The error that a thrown Java exception is.
fn exception(message: Bytes, limits: &DecodeLimits) -> Result<Status, Status> {
    let data = unwrap_response(message)?;
    let own = dubhe_hessian2::Limits::of(limits);
    let mut decoder = Decoder::with_limits(&data, own).memory(limits.memory());
    let thrown = Throwable::decode(&mut decoder);
    let thrown = thrown.map_err(|e| malformed("the exception cannot be read").with_source(e))?;
    Ok(Status::from(thrown))
}
