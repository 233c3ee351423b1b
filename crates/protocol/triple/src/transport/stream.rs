//! A stream of a connection, whichever version of HTTP carries it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use dubhe_core::time::after;
use dubhe_net::memory::ConnectionMemory;
use dubhe_net::rate::MinRate;
use dubhe_net::time;
use http::{HeaderMap, Response, Version, request};
use http_body::SizeHint;
use tokio::time::{Sleep, sleep};

use super::body::{ResponseBody, forward};
use super::polled::Sending;
use super::rate::BodyRate;
use super::version::{Each, ReceiveHalf, RespondHalf, SendHalf, Sent, each};
use super::{Error, hosted, http1, http2};
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
    half: AnyReceive,
    rate: BodyRate,
    /// A token that is held while the request is not whole and its handler has not begun.
    receiving: Option<Arc<()>>,
}

/// The receiving half of any version, in a box where it is larger than that of HTTP/2.
type AnyReceive = Each<Box<http1::Incoming>, http2::Incoming, Box<hosted::Incoming>>;
type AnyRespond = Each<http1::Responding, http2::Responding, hosted::Responding>;
type AnySend = Each<Sending, http2::Sending, Sending>;

impl From<AnyReceive> for Receiver {
    fn from(half: AnyReceive) -> Self {
        Self { half, rate: BodyRate::new(MinRate::NONE), receiving: None }
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
        let polled = each!(&mut self.half, half => half.poll_data(cx));
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

    /// The version of HTTP.
    pub(crate) fn version(&self) -> Version {
        each!(&self.half, half => half.version())
    }

    /// The trailers, once there is no more data.
    pub(crate) fn poll_trailers(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, Error>> {
        each!(&mut self.half, half => half.poll_trailers(cx))
    }

    /// Returns `true` when neither data nor trailers will come.
    pub(crate) fn is_end_stream(&self) -> bool {
        each!(&self.half, half => half.is_end_stream())
    }

    /// The bytes that are still to come, as far as the peer has said.
    pub(crate) fn size_hint(&self) -> SizeHint {
        each!(&self.half, half => half.size_hint())
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

    /// Returns `true` when it is worth a try to send it at once, without a future that waits.
    pub(crate) fn is_small(&self) -> bool {
        self.data.as_ref().is_none_or(|data| data.remaining() <= BATCH)
    }
}

/// The response side of a stream before its head.
pub(crate) struct Responder {
    half: AnyRespond,
    stall: Duration,
}

impl From<AnyRespond> for Responder {
    fn from(half: AnyRespond) -> Self {
        Self { half, stall: Duration::ZERO }
    }
}

impl Responder {
    /// The same, whose peer may let a response wait for so long and take none of it; zero for no limit.
    /// For versions whose streams are polled while the peer takes nothing.
    pub(crate) fn with_stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Ends the stream at `at` if the response is not sent by then, where its connection has to do
    /// that; elsewhere what sends is polled, and sees to it.
    pub(crate) fn end_at(&mut self, at: Instant) {
        each!(&mut self.half, half => half.end_at(at));
    }

    /// Sends the head of a response whose data follows; `None` when the stream has ended.
    pub(crate) fn send_head(&mut self, head: Response<()>) -> Option<Sender> {
        let stall = self.stall;
        self.half.send_head(head).map(|half| Sender { half, stall })
    }

    /// Sends a response if the peer takes it at once; else its head alone. What waits for the peer
    /// counts in `memory`.
    #[inline]
    pub(crate) fn send_now(&mut self, response: Whole, memory: &ConnectionMemory) -> Sent<Sender> {
        let stall = self.stall;
        self.half.send_whole(response, memory).map(|half| Sender { half, stall })
    }

    /// Sends a response as fast as the peer takes its body.
    pub(crate) async fn send_body(mut self, response: Response<ResponseBody>) {
        if let Some(response) = each!(&mut self.half, half => half.send_body(response)) {
            forward(self, response).await;
        }
    }

    /// Resolves when the peer has given up, unless what answers is dropped then.
    pub(crate) async fn gone(&mut self) {
        poll_fn(|cx| each!(&mut self.half, half => half.poll_reset(cx))).await;
    }
}

/// The data and the trailers of one direction on their way out. Dropped before its end, it resets
/// the stream.
pub(crate) struct Sender {
    half: AnySend,
    stall: Duration,
}

impl From<AnySend> for Sender {
    fn from(half: AnySend) -> Self {
        Self { half, stall: Duration::ZERO }
    }
}

impl Sender {
    /// Sends a message of a stream piece by piece as the peer takes it, so that a reader that stops
    /// stops the writer, with one piece waiting, for as long as it likes. Resolves to `false` when the
    /// stream has ended.
    pub(crate) fn send(&mut self, data: Data) -> impl Future<Output = bool> + '_ {
        self.send_within(Duration::ZERO, data)
    }

    /// Sends all the data of a response in the same way. Resolves to `false` also when the peer took
    /// nothing for too long.
    pub(crate) fn send_all(&mut self, data: Data) -> impl Future<Output = bool> + '_ {
        self.send_within(self.stall, data)
    }

    async fn send_within(&mut self, stall: Duration, mut data: Data) -> bool {
        // Boxed and made when it is needed, since the task of every request has room for it.
        let mut timer: Option<Pin<Box<Sleep>>> = None;
        let mut taken = false;
        loop {
            let half = &mut self.half;
            let mut stalled = false;
            let sent = poll_fn(|cx| {
                let polled = each!(half, half => half.poll_send(cx, &mut data));
                if polled.is_pending() && !stall.is_zero() {
                    let timer = timer.get_or_insert_with(|| Box::pin(sleep(stall)));
                    if std::mem::take(&mut taken) {
                        // The time begins anew with each piece that is taken.
                        timer.as_mut().reset(after(time::now(), stall).into());
                    }
                    stalled = timer.as_mut().poll(cx).is_ready();
                }
                if stalled { Poll::Ready(false) } else { polled }
            });
            if !sent.await {
                if stalled {
                    tracing::debug!(?stall, "a peer takes nothing of a reply; its stream is reset");
                    self.cancel();
                }
                return false;
            }
            if !data.has_remaining() {
                return true;
            }
            taken = true;
        }
    }

    /// Sends `data` as the last, without waiting until the peer takes it.
    ///
    /// # Errors
    /// When the stream has ended.
    pub(crate) fn send_last(&mut self, data: Data) -> Result<(), Error> {
        each!(&mut self.half, half => half.send_last(data))
    }

    /// Ends the stream. One that has ended needs no end.
    pub(crate) fn end(&mut self, trailers: Option<HeaderMap>) {
        each!(&mut self.half, half => half.end(trailers));
    }

    /// Breaks the stream off: it has failed.
    pub(crate) fn reset(&mut self) {
        each!(&mut self.half, half => half.reset());
    }

    /// Breaks the stream off: nobody waits for the rest.
    pub(crate) fn cancel(&mut self) {
        each!(&mut self.half, half => half.cancel());
    }

    /// Becomes ready when the peer has given up, unless what sends is dropped then.
    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        each!(&mut self.half, half => half.poll_reset(cx))
    }
}
