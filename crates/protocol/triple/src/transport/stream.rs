//! A stream of a connection, whichever version of HTTP carries it.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use dubhe_net::rate::MinRate;
use http::{HeaderMap, Response, request};
use http_body::SizeHint;

use super::Error;
use super::body::{ResponseBody, forward};
use super::http1::{Incoming, PendingResponse};
use super::http2;
use super::rate::BodyRate;
use crate::message::writer::BATCH;
use crate::wire::data::Data;

/// A request, and the way to its response. Dropped unanswered, it resets the stream.
pub(crate) struct ServerStream {
    pub(crate) head: request::Parts,
    pub(crate) body: Receiver,
    pub(crate) respond: Responder,
}

/// The data and the trailers of one direction, as they arrive.
pub(crate) struct Receiver {
    incoming: AnyIncoming,
    rate: BodyRate,
    /// A token that is held while the request is not whole and its handler has not begun.
    receiving: Option<Arc<()>>,
}

enum AnyIncoming {
    Http2(http2::Incoming),
    Http1(Box<Incoming>),
}

impl From<http2::Incoming> for Receiver {
    fn from(incoming: http2::Incoming) -> Self {
        Self {
            incoming: AnyIncoming::Http2(incoming),
            rate: BodyRate::new(MinRate::NONE),
            receiving: None,
        }
    }
}

impl From<Incoming> for Receiver {
    fn from(incoming: Incoming) -> Self {
        let incoming = AnyIncoming::Http1(Box::new(incoming));
        Self { incoming, rate: BodyRate::new(MinRate::NONE), receiving: None }
    }
}

impl Receiver {
    /// The same with a least rate for what is expected of the peer.
    pub(crate) fn with_rate(mut self, rate: MinRate) -> Self {
        self.rate = BodyRate::new(rate);
        self
    }

    /// The same; `receiving` is counted until the request is whole or its handler begins.
    pub(crate) fn counted(mut self, receiving: Arc<()>) -> Self {
        self.receiving = Some(receiving);
        self
    }

    /// The handler begins, whatever is still to come.
    pub(crate) fn begin_handler(&mut self) {
        self.receiving = None;
    }

    /// The next bytes, `None` at their end. The peer may send as many again. What is `expected` must
    /// come at the least rate.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
        expected: bool,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        let polled = match &mut self.incoming {
            AnyIncoming::Http2(incoming) => {
                incoming.poll_data(cx).map(|data| data.map(|data| data.map_err(Error::Http2)))
            }
            AnyIncoming::Http1(incoming) => incoming.poll_data(cx),
        };
        match &polled {
            Poll::Ready(Some(Ok(data))) => self.rate.receive(data.len()),
            Poll::Ready(_) => self.receiving = None,
            Poll::Pending if expected => {
                return self.rate.poll(cx).map(|slow| Some(Err(Error::TooSlow(slow))));
            }
            Poll::Pending => self.rate.stop(),
        }
        polled
    }

    /// A message has ended: the time of the next one begins when it is expected.
    pub(crate) fn end_message(&mut self) {
        self.rate.stop();
    }

    /// Returns `true` over HTTP/1.1, where nothing can be said before the body has ended.
    pub(crate) fn is_http1(&self) -> bool {
        matches!(self.incoming, AnyIncoming::Http1(_))
    }

    /// The trailers, once there is no more data.
    pub(crate) fn poll_trailers(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, Error>> {
        match &mut self.incoming {
            AnyIncoming::Http2(incoming) => incoming.poll_trailers(cx).map_err(Error::Http2),
            AnyIncoming::Http1(incoming) => incoming.poll_trailers(cx),
        }
    }

    /// Returns `true` when neither data nor trailers will come.
    pub(crate) fn is_end_stream(&self) -> bool {
        match &self.incoming {
            AnyIncoming::Http2(incoming) => incoming.is_end_stream(),
            AnyIncoming::Http1(incoming) => incoming.is_end_stream(),
        }
    }

    /// The bytes that are still to come, as far as the peer has said.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match &self.incoming {
            AnyIncoming::Http2(_) => SizeHint::default(),
            AnyIncoming::Http1(incoming) => incoming.size_hint(),
        }
    }
}

/// A response that is all there.
pub(crate) struct Whole {
    pub(crate) head: Response<()>,
    pub(crate) data: Option<Data>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Whole {
    /// A response that is a head alone.
    pub(crate) fn head(head: Response<()>) -> Self {
        Self { head, data: None, trailers: None }
    }

    /// Returns `true` when it may be sent without waiting until the peer takes it.
    pub(crate) fn is_small(&self) -> bool {
        self.data.as_ref().is_none_or(|data| data.remaining() <= BATCH)
    }
}

/// The response side of a stream before its head.
pub(crate) enum Responder {
    Http2(http2::SendHead),
    Http1(Arc<PendingResponse>),
}

impl Responder {
    /// Sends the head of a response whose data follows; `None` when the stream has ended.
    pub(crate) fn send_head(&mut self, head: Response<()>) -> Option<Sender> {
        match self {
            Self::Http2(exchange) => exchange.stream(head).map(Sender::Http2),
            Self::Http1(exchange) => {
                exchange.stream(head);
                Some(Sender::Http1(exchange.clone()))
            }
        }
    }

    /// Sends a response without waiting until the peer takes it. Returns `false` when the stream
    /// has ended.
    pub(crate) fn send_now(&mut self, response: Whole) -> bool {
        let Whole { head, data, trailers } = response;
        match self {
            Self::Http2(exchange) => exchange.whole(head, data, trailers),
            Self::Http1(exchange) => {
                exchange.whole(head, data, trailers);
                true
            }
        }
    }

    /// Sends a response as fast as the peer takes its body.
    pub(crate) async fn send_body(self, response: Response<ResponseBody>) {
        match self {
            Self::Http2(_) => forward(self, response).await,
            Self::Http1(exchange) => exchange.body(response),
        }
    }

    /// Resolves when the peer has given up. Over HTTP/1.1 it drops what answers instead.
    pub(crate) async fn gone(&mut self) {
        match self {
            Self::Http2(exchange) => poll_fn(|cx| exchange.poll_reset(cx)).await,
            Self::Http1(_) => pending().await,
        }
    }
}

/// The data and the trailers of one direction on their way out. Dropped before its end, it resets
/// the stream.
pub(crate) enum Sender {
    Http2(http2::Outgoing),
    Http1(Arc<PendingResponse>),
}

impl Sender {
    /// Sends `data` piece by piece as the peer takes it, so that a reader that stops stops the writer,
    /// with one piece waiting. Resolves to `false` when the stream has ended.
    pub(crate) async fn send(&mut self, mut data: Data) -> bool {
        loop {
            let more = match self {
                Self::Http2(outgoing) => {
                    if !outgoing.send_piece(&mut data).await {
                        return false;
                    }
                    data.has_remaining()
                }
                Self::Http1(exchange) => {
                    // `hyper` asks no more once it has the last piece.
                    poll_fn(|cx| exchange.poll_empty(cx)).await;
                    exchange.send(data.split_to(BATCH));
                    data.has_remaining()
                }
            };
            if !more {
                return true;
            }
        }
    }

    /// Sends `data` as the last, without waiting until the peer takes it.
    ///
    /// # Errors
    /// When the stream has ended.
    pub(crate) fn send_last(&mut self, data: Data) -> Result<(), Error> {
        match self {
            Self::Http2(outgoing) => outgoing.send_last(data).map_err(Error::Http2),
            Self::Http1(exchange) => {
                exchange.send(data);
                exchange.end(None);
                Ok(())
            }
        }
    }

    /// Ends the stream. One that has ended needs no end.
    pub(crate) fn end(&mut self, trailers: Option<HeaderMap>) {
        match (self, trailers) {
            (Self::Http2(outgoing), trailers) => outgoing.end(trailers),
            (Self::Http1(exchange), trailers) => exchange.end(trailers),
        }
    }

    /// Breaks the stream off.
    pub(crate) fn reset(&mut self) {
        match self {
            Self::Http2(outgoing) => outgoing.reset(),
            Self::Http1(exchange) => exchange.cut(),
        }
    }

    /// Becomes ready when the peer has given up. Over HTTP/1.1 it drops what sends instead.
    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Http2(outgoing) => outgoing.poll_reset(cx),
            Self::Http1(_) => Poll::Pending,
        }
    }
}
