//! The answer side of what flows.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use http::Extensions;

use crate::end::{End, Ending, Facts, Node, Until, Watch, Watchers};
use crate::metadata::Metadata;
use crate::payload::Payload;
use crate::status::{Code, Status};
use crate::time::Timer;

/// The end of a streamed reply.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod payload { pub use dubhe_core::reply::Trailers; } }
/// use dubhe::Status;
/// use dubhe::payload::Trailers;
///
/// let ended = Trailers::default();
/// assert!(ended.status.is_none());
/// let broken = Trailers::failed(Status::unavailable("the disk is full"));
/// assert_eq!(broken.status.unwrap().message(), "the disk is full");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trailers {
    /// The error, `None` for success.
    pub status: Option<Status>,
    /// Metadata that was known only at the end.
    pub metadata: Metadata,
}

impl Trailers {
    /// The end by an error.
    pub fn failed(status: Status) -> Self {
        Self { status: Some(status), metadata: Metadata::new() }
    }
}

/// An element of a reply stream: messages, then one trailer.
#[derive(Debug)]
pub enum Frame {
    /// A further message.
    Message(Payload),
    /// The end.
    Trailers(Trailers),
}

/// The content of a reply.
#[derive(Debug)]
pub enum ReplyBody {
    /// A message, and the metadata that follows it. A unary call fails by its `Result` alone.
    One(Payload, Metadata),
    /// Messages that come one by one.
    Stream(ReplyStream),
}

/// The answer to a call whose head has arrived: nothing is retried from here on.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Payload, Reply, Value}; }
/// use dubhe::{Payload, Reply, Value};
///
/// let mut reply = Reply::new(Payload::dynamic(Value::from("Hello")));
/// reply.metadata.insert("served-by", "cache");
/// assert_eq!(reply.metadata.get_str("served-by"), Some("cache"));
/// ```
#[derive(Debug)]
pub struct Reply {
    /// Attachments of the reply.
    pub metadata: Metadata,
    /// The content of the reply.
    pub body: ReplyBody,
    /// Typed values of the protocol and of filters, as those of [`Head`](crate::Head): over HTTP the
    /// status and the headers of the response.
    pub extensions: Extensions,
    /// The watchers of a unary reply; a stream holds its own.
    watchers: Unary,
}

impl Reply {
    /// A reply of one message.
    pub fn new(payload: Payload) -> Self {
        Self::with_metadata(payload, Metadata::new())
    }

    /// A reply of one message with attachments.
    pub fn with_metadata(payload: Payload, metadata: Metadata) -> Self {
        Self::of(metadata, ReplyBody::One(payload, Metadata::new()))
    }

    /// A reply of many messages. A stream that ends without trailers was cut off.
    pub fn stream(frames: impl Stream<Item = Frame> + Send + 'static) -> Self {
        Self::of(Metadata::new(), ReplyBody::Stream(ReplyStream::new(frames)))
    }

    fn of(metadata: Metadata, body: ReplyBody) -> Self {
        Self { metadata, body, extensions: Extensions::new(), watchers: Unary::default() }
    }

    /// Passes the end of the reply to `watch`: of a unary one when it has been sent or is dropped,
    /// of a stream when its trailers pass or it is dropped. See also [`Reply::on_end`].
    pub fn watch(&mut self, watch: impl Watch + 'static, timer: Timer, until: Until) {
        self.watch_by(Box::new(Node::new(watch, Some(timer), until)));
    }

    fn watch_by(&mut self, node: Box<Node<dyn Watch>>) {
        let mut watchers = Watchers::default();
        watchers.push_outer(node);
        self.watch_all(watchers);
    }

    pub(crate) fn watch_all(&mut self, mut watchers: Watchers) {
        self.body_mut();
        let Self { metadata, body, watchers: unary, .. } = self;
        watchers.advance(|progress| progress.metadata.clone_from(metadata));
        match body {
            ReplyBody::One(payload, trailers) => {
                watchers.advance(|progress| {
                    progress.trailers.clone_from(trailers);
                    (progress.messages, progress.bytes) = (1, encoded(payload));
                });
                unary.0.append(watchers);
            }
            ReplyBody::Stream(stream) => stream.watchers.append(watchers),
        }
    }

    /// Runs `then` at the end of the reply, with the time since `timer` was started:
    ///
    /// ```
    /// # use dubhe_core::{Call, Reply, Status, filter::Next};
    /// async fn timed(call: Call, next: Next) -> Result<Reply, Status> {
    ///     let timer = next.timer();
    ///     let mut reply = next.run(call).await?;
    ///     reply.on_end(timer, |end| println!("{} after {:?}", end.name(), end.latency));
    ///     Ok(reply)
    /// }
    /// ```
    pub fn on_end(&mut self, timer: Timer, then: impl FnOnce(&End<'_>) + Send + 'static) {
        self.watch(OnEnd(Some(then)), timer, Until::Sent);
    }

    /// Keeps `guard` alive until the reply has been sent or read, or is dropped.
    pub fn hold(&mut self, guard: impl Send + 'static) {
        self.watch_by(Box::new(Node::new(Held(Some(guard)), None, Until::Sent)));
    }

    /// The content, for a protocol that writes it: where a filter has put a stream in the place of
    /// a message, those who watched the message watch the stream from here on.
    pub fn body_mut(&mut self) -> &mut ReplyBody {
        let Self { body, watchers: unary, .. } = self;
        if let ReplyBody::Stream(stream) = body
            && !unary.0.is_empty()
        {
            let mut watchers = std::mem::take(&mut unary.0);
            watchers.advance(|progress| (progress.messages, progress.bytes) = (0, 0));
            // They stand nearer to the handler than those who came to the stream.
            watchers.append(std::mem::take(&mut stream.watchers));
            stream.watchers = watchers;
        }
        body
    }

    /// Ends a unary reply that its caller has. A stream ends when it is read to its end.
    pub fn delivered(&mut self) {
        self.watchers.0.end(Ending::Ok);
    }

    /// The facts of a reply that has arrived whole.
    pub(crate) fn received(&self) -> Option<Facts<'_>> {
        let ReplyBody::One(payload, trailers) = &self.body else { return None };
        let (ending, metadata, bytes) = (Ending::Ok, &self.metadata, encoded(payload));
        Some(Facts { ending, metadata, trailers, messages: 1, bytes })
    }

    /// Ends a reply: a protocol reports that it wrote the message of a unary one in `bytes` bytes,
    /// or why it wrote none. A reply that is dropped without this counts as cancelled.
    pub fn sent(&mut self, outcome: Result<usize, Ending<'_>>) {
        if let ReplyBody::Stream(stream) = self.body_mut() {
            return stream.sent(outcome.err().unwrap_or(Ending::Ok));
        }
        self.watchers.sent(outcome);
    }

    /// Lets the reply go, and keeps what a protocol needs to say that it is sent.
    pub fn into_receipt(self) -> Receipt {
        Receipt(self.watchers)
    }
}

/// The duty to report the end of a unary reply. Dropped without it, the reply counts as cancelled.
///
/// ```
/// # mod dubhe { pub mod time { pub use dubhe_core::time::{Clock, SharedClock, Sleep, Timer}; } pub use dubhe_core::{Payload, Reply, Value}; }
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::time::Instant;
/// use dubhe::time::{Clock, SharedClock, Sleep, Timer};
/// use dubhe::{Payload, Reply, Value};
/// # struct Stopped(Instant);
/// # impl Clock for Stopped {
/// #     fn now(&self) -> Instant { self.0 }
/// #     fn sleep_until(&self, _: Instant) -> Sleep { Box::pin(std::future::pending()) }
/// #     fn wall(&self) -> std::time::SystemTime { std::time::UNIX_EPOCH }
/// # }
/// # let clock: SharedClock = Arc::new(Stopped(Instant::now()));
///
/// let sent = Arc::new(AtomicBool::new(false));
/// let mut reply = Reply::new(Payload::dynamic(Value::from("Hello")));
/// let told = sent.clone();
/// reply.on_end(Timer::start(clock), move |end| told.store(end.code().is_none(), Ordering::Relaxed));
///
/// // A protocol encodes the reply, and tells its watchers when the bytes have left.
/// reply.into_receipt().sent(Ok(7));
/// assert!(sent.load(Ordering::Relaxed));
/// ```
#[derive(Debug)]
#[must_use = "dropped, it tells of a cancelled call"]
pub struct Receipt(Unary);

impl Receipt {
    /// Ends the reply, as [`Reply::sent`] does.
    pub fn sent(mut self, outcome: Result<usize, Ending<'_>>) {
        self.0.sent(outcome);
    }
}

/// The watchers of a unary reply: dropped before it is sent, it is cancelled.
#[derive(Debug, Default)]
struct Unary(Watchers);

impl Unary {
    fn sent(&mut self, outcome: Result<usize, Ending<'_>>) {
        let watchers = &mut self.0;
        match outcome {
            Ok(bytes) => {
                watchers.advance(|progress| progress.bytes = length(bytes));
                watchers.end(Ending::Ok);
            }
            Err(ending) => {
                watchers.advance(|progress| (progress.messages, progress.bytes) = (0, 0));
                watchers.end(ending);
            }
        }
    }
}

impl Drop for Unary {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.0.advance(|progress| (progress.messages, progress.bytes) = (0, 0));
            Facts::without_outcome(|facts| self.0.end(facts.ending));
        }
    }
}

/// The messages of a streamed reply, then its trailers. Watchers of the reply learn the end when
/// the trailers pass, or when the stream ends or is dropped without them. A protocol that writes
/// the stream reports itself when that was: see [`ReplyStream::until_sent`].
///
/// ```
/// # mod dubhe { pub mod payload { pub use dubhe_core::reply::{Frame, ReplyBody, ReplyStream}; } pub use dubhe_core::Reply; }
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
/// use dubhe::payload::{Frame, ReplyBody, ReplyStream};
/// use dubhe::Reply;
/// use futures_core::Stream;
///
/// /// Counts the messages of a stream on their way.
/// struct Counted(ReplyStream, u64);
///
/// impl Stream for Counted {
///     type Item = Frame;
///
///     fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
///         let polled = Pin::new(&mut self.0).poll_next(cx);
///         self.1 += u64::from(matches!(polled, Poll::Ready(Some(Frame::Message(_)))));
///         polled
///     }
/// }
///
/// fn count(mut reply: Reply) -> Reply {
///     if let ReplyBody::Stream(stream) = reply.body {
///         // Its watchers stay around what it becomes.
///         reply.body = ReplyBody::Stream(stream.wrap(|inner| Counted(inner, 0)));
///     }
///     reply
/// }
/// ```
pub struct ReplyStream {
    frames: Pin<Box<dyn Stream<Item = Frame> + Send>>,
    watchers: Watchers,
    until_sent: bool,
}

impl ReplyStream {
    fn new(frames: impl Stream<Item = Frame> + Send + 'static) -> Self {
        Self { frames: Box::pin(frames), watchers: Watchers::default(), until_sent: false }
    }

    /// Puts `change` between the stream and those who read or watch it.
    pub fn wrap<S>(mut self, change: impl FnOnce(Self) -> S) -> Self
    where
        S: Stream<Item = Frame> + Send + 'static,
    {
        let watchers = std::mem::take(&mut self.watchers);
        let until_sent = self.until_sent;
        Self { frames: Box::pin(change(self)), watchers, until_sent }
    }

    /// Keeps the watchers of the end of sending ([`Until::Sent`]) until [`ReplyStream::sent`] is
    /// called, since messages may wait for the caller long after they have passed. Dropped before,
    /// the stream counts as cancelled.
    pub fn until_sent(&mut self) -> &mut Self {
        self.until_sent = true;
        self
    }

    /// Ends the stream: a protocol says that all of it was written, or why it was not.
    pub fn sent(&mut self, ending: Ending<'_>) {
        self.watchers.end(ending);
    }

    /// Counts bytes of messages that were no bytes yet when they passed: a protocol has encoded
    /// them.
    pub fn encoded(&mut self, bytes: usize) {
        let bytes = length(bytes);
        self.watchers.advance(|progress| progress.bytes = progress.bytes.saturating_add(bytes));
    }

    /// Takes back the last message that passed: a protocol could not write it.
    pub fn unwritable(&mut self, payload: &Payload) {
        let bytes = encoded(payload);
        self.watchers.advance(|progress| {
            progress.messages = progress.messages.saturating_sub(1);
            progress.bytes = progress.bytes.saturating_sub(bytes);
        });
    }
}

impl Stream for ReplyStream {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        let Self { frames, watchers, until_sent } = &mut *self;
        let at = if *until_sent { Until::Received } else { Until::Sent };
        if watchers.is_empty() {
            return frames.as_mut().poll_next(cx);
        }
        let frame = ready!(watchers.guard(|| frames.as_mut().poll_next(cx)));
        match &frame {
            Some(Frame::Message(payload)) => {
                let bytes = encoded(payload);
                watchers.advance(|progress| {
                    progress.messages += 1;
                    progress.bytes = progress.bytes.saturating_add(bytes);
                });
            }
            Some(Frame::Trailers(Trailers { status, metadata })) => {
                watchers.advance(|progress| {
                    progress.trailers.clone_from(metadata);
                    if let Some(status) = status {
                        progress.trailers.fill_from(status.trailers());
                    }
                });
                watchers.passed(status.as_ref().map_or(Ending::Ok, Ending::Failed), at);
            }
            None => watchers.passed(Ending::Failed(&cut_off()), at),
        }
        Poll::Ready(frame)
    }
}

impl Drop for ReplyStream {
    fn drop(&mut self) {
        if !self.watchers.is_empty() {
            Facts::without_outcome(|facts| self.watchers.end(facts.ending));
        }
    }
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyStream(..)")
    }
}

/// The error of a stream that ended without trailers.
#[cold]
pub(crate) fn cut_off() -> Status {
    Status::new(Code::Unavailable, "the stream was cut off before its end")
}

/// The bytes of a message that is encoded.
fn encoded(payload: &Payload) -> u64 {
    length(payload.encoded_len())
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Runs a function at the end.
pub(crate) struct OnEnd<F>(pub(crate) Option<F>);

impl<F: FnOnce(&End<'_>) + Send> Watch for OnEnd<F> {
    fn end(&mut self, end: &End<'_>) {
        if let Some(then) = self.0.take() {
            then(end);
        }
    }
}

struct Held<G>(Option<G>);

impl<G: Send> Watch for Held<G> {
    fn end(&mut self, _: &End<'_>) {
        self.0 = None;
    }
}
