//! The seam for versions of HTTP. One that is added
//!
//! 1. implements [`ReceiveHalf`], [`RespondHalf`] and [`SendHalf`] for its streams;
//! 2. gets a variant of [`Each`], and of [`Error`] for the errors of its library;
//! 3. serves connections by a function like the other `serve`, which makes
//!    [`ServerStream`](super::ServerStream)s, and, where clients speak it, gives them the types that
//!    `http2` gives.
//!
//! Two places else ask for a version, by comparison: gRPC is served from HTTP/2 on, where there are
//! trailers (`server/exchange.rs`), and a body of HTTP/1.1 tells of its end late (`transport/body.rs`).
//! Both hold for any version above 2.

use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use dubhe_net::memory::ConnectionMemory;
use http::{HeaderMap, Response, Version};
use http_body::SizeHint;

use super::body::ResponseBody;
use super::{Error, Whole};
use crate::wire::data::Data;

/// The data and the trailers of one direction, as they arrive. The peer may send as many bytes again
/// as are taken.
pub(super) trait ReceiveHalf {
    /// The version of HTTP.
    fn version(&self) -> Version;

    /// The next bytes, `None` at their end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>>;

    /// The trailers, once there is no more data.
    fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<HeaderMap>, Error>>;

    /// Returns `true` when neither data nor trailers will come.
    fn is_end_stream(&self) -> bool;

    /// The bytes that are still to come, as far as the peer has said.
    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// The response side of a stream before its head. Dropped, it resets the stream.
pub(super) trait RespondHalf {
    /// The rest of the response.
    type Send: SendHalf;

    /// Sends the head of a response whose data follows; `None` when the stream has ended.
    fn send_head(&mut self, head: Response<()>) -> Option<Self::Send>;

    /// Sends a response if the peer takes it at once; else its head alone.
    /// What waits for the peer counts in `memory`.
    fn send_whole(&mut self, response: Whole, memory: &ConnectionMemory) -> Sent<Self::Send>;

    /// Sends a response whose body the connection polls; gives it back where no connection does.
    fn send_body(&mut self, response: Response<ResponseBody>) -> Option<Response<ResponseBody>> {
        Some(response)
    }

    /// Becomes ready when the peer has given up. Where that drops what answers, it need not be.
    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Ends the stream at `at` if the response is not sent by then, where the connection has to do
    /// that: what sends is not polled while the peer takes nothing.
    fn end_at(&mut self, _at: Instant) {}
}

/// The data and the trailers of one direction on their way out. Dropped before its end, it resets the
/// stream.
pub(super) trait SendHalf {
    /// Sends the first piece of `data`, as much as the peer takes; `false` when the stream has ended.
    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Data) -> Poll<bool>;

    /// Sends `data` as the last, without waiting until the peer takes it.
    ///
    /// # Errors
    /// When the stream has ended.
    fn send_last(&mut self, data: Data) -> Result<(), Error>;

    /// Ends the stream. One that has ended needs no end.
    fn end(&mut self, trailers: Option<HeaderMap>);

    /// Breaks the stream off: it has failed.
    fn reset(&mut self);

    /// Breaks the stream off: nobody waits for the rest.
    fn cancel(&mut self);

    /// Becomes ready when the peer has given up. Where that drops what sends, it need not be.
    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// The outcome of a response that is sent without waiting.
pub(crate) enum Sent<S> {
    /// All of it is sent.
    All,
    /// The stream has ended.
    Ended,
    /// The head is sent. The peer has no room for the data now.
    Head(Box<Unsent<S>>),
}

/// The part of a response behind its head.
pub(crate) struct Unsent<S> {
    pub(crate) send: S,
    pub(crate) data: Data,
    pub(crate) trailers: Option<HeaderMap>,
}

impl<S> Sent<S> {
    #[inline]
    pub(super) fn map<T>(self, send: impl FnOnce(S) -> T) -> Sent<T> {
        match self {
            Self::All => Sent::All,
            Self::Ended => Sent::Ended,
            Self::Head(unsent) => {
                let Unsent { send: half, data, trailers } = *unsent;
                Sent::Head(Box::new(Unsent { send: send(half), data, trailers }))
            }
        }
    }
}

/// A half of a stream of any version, told apart by a branch and not by a virtual call. Streams of
/// other servers, whatever their version, are one of these.
pub(super) enum Each<H1, H2, H> {
    Http1(H1),
    Http2(H2),
    Hosted(H),
}

/// Does the same with a half of whichever version.
macro_rules! each {
    ($half:expr, $name:ident => $call:expr) => {
        match $half {
            $crate::transport::version::Each::Http1($name) => $call,
            $crate::transport::version::Each::Http2($name) => $call,
            $crate::transport::version::Each::Hosted($name) => $call,
        }
    };
}

pub(super) use each;

/// The sending half of what answers by any version.
type EachSend<R1, R2, R> =
    Each<<R1 as RespondHalf>::Send, <R2 as RespondHalf>::Send, <R as RespondHalf>::Send>;

impl<R1: RespondHalf, R2: RespondHalf, R: RespondHalf> Each<R1, R2, R> {
    /// Sends the head of a response whose data follows; `None` when the stream has ended.
    pub(super) fn send_head(&mut self, head: Response<()>) -> Option<EachSend<R1, R2, R>> {
        match self {
            Self::Http1(half) => half.send_head(head).map(Each::Http1),
            Self::Http2(half) => half.send_head(head).map(Each::Http2),
            Self::Hosted(half) => half.send_head(head).map(Each::Hosted),
        }
    }

    /// Sends a response if the peer takes it at once; else its head alone.
    /// What waits for the peer counts in `memory`.
    #[inline]
    pub(super) fn send_whole(
        &mut self,
        response: Whole,
        memory: &ConnectionMemory,
    ) -> Sent<EachSend<R1, R2, R>> {
        match self {
            Self::Http1(half) => half.send_whole(response, memory).map(Each::Http1),
            Self::Http2(half) => half.send_whole(response, memory).map(Each::Http2),
            Self::Hosted(half) => half.send_whole(response, memory).map(Each::Hosted),
        }
    }
}
