//! The answer side of what flows.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::end::{End, Ending, Facts, Until, Watch, Watchers};
use crate::metadata::Metadata;
use crate::payload::Payload;
use crate::status::{Code, Status};
use crate::time::{Duration, Timer};

/// The end of a streamed reply.
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
    /// One more message.
    Message(Payload),
    /// The end.
    Trailers(Trailers),
}

/// The content of a reply.
#[derive(Debug)]
pub enum ReplyBody {
    /// One message, and the metadata that follows it. A unary call fails by its `Result` alone.
    One(Payload, Metadata),
    /// Messages that come one by one.
    Stream(ReplyStream),
}

/// The answer to a call whose head has arrived: nothing is retried from here on.
#[derive(Debug)]
pub struct Reply {
    /// Attachments of the reply.
    pub metadata: Metadata,
    /// Its content.
    pub body: ReplyBody,
    /// Those who wait for the end of a unary reply; a stream holds its own.
    watched: Watched,
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
        Self { metadata, body, watched: Watched::default() }
    }

    /// Tells `watch` of the end of the reply: of a unary one when it has been sent or is dropped,
    /// of a stream when its trailers pass or it is dropped. See also [`Reply::on_end`].
    pub fn watch(&mut self, watch: impl Watch + 'static, until: Until) {
        let mut watchers = Watchers::default();
        watchers.push(watch, until);
        self.watch_all(watchers);
    }

    pub(crate) fn watch_all(&mut self, watchers: Watchers) {
        let watched = match &mut self.body {
            ReplyBody::One(payload, trailers) => {
                let watched = &mut self.watched;
                watched.trailers.clone_from(trailers);
                watched.messages = 1;
                watched.bytes = payload.encoded().map_or(0, |encoded| length(encoded.len()));
                watched
            }
            ReplyBody::Stream(stream) => &mut stream.watched,
        };
        watched.metadata.clone_from(&self.metadata);
        watched.watchers.append(watchers);
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
        self.watch(OnEnd { timer, then: Some(then) }, Until::Sent);
    }

    /// Keeps `guard` alive until the reply has been sent or read, or is dropped.
    pub fn hold(&mut self, guard: impl Send + 'static) {
        self.watch(Held(Some(guard)), Until::Sent);
    }

    /// The facts of a reply that has arrived whole.
    pub(crate) fn received(&self) -> Option<Facts<'_>> {
        let ReplyBody::One(payload, trailers) = &self.body else { return None };
        Some(Facts {
            ending: Ending::Ok,
            metadata: &self.metadata,
            trailers,
            messages: 1,
            bytes: payload.encoded().map_or(0, |encoded| length(encoded.len())),
        })
    }

    /// Ends a unary reply: a protocol says that it wrote the message in `bytes` bytes, or why it
    /// did not. A reply that is dropped without a word of this was written.
    pub fn sent(&mut self, outcome: Result<usize, Ending<'_>>) {
        match outcome {
            Ok(bytes) => {
                self.watched.bytes = length(bytes);
                self.watched.end(Ending::Ok);
            }
            Err(ending) => {
                (self.watched.messages, self.watched.bytes) = (0, 0);
                self.watched.end(ending);
            }
        }
    }
}

/// The messages of a streamed reply, then its trailers. Those who watch the reply are told when
/// the trailers pass, or when the stream ends or is dropped without them.
pub struct ReplyStream {
    frames: Pin<Box<dyn Stream<Item = Frame> + Send>>,
    watched: Watched,
}

impl ReplyStream {
    fn new(frames: impl Stream<Item = Frame> + Send + 'static) -> Self {
        Self { frames: Box::pin(frames), watched: Watched::default() }
    }

    /// Lets `change` stand between the stream and those who read or watch it.
    pub fn wrap<S>(mut self, change: impl FnOnce(Self) -> S) -> Self
    where
        S: Stream<Item = Frame> + Send + 'static,
    {
        let watched = std::mem::take(&mut self.watched);
        Self { frames: Box::pin(change(self)), watched }
    }

    /// Counts bytes of messages that were no bytes yet when they passed: a protocol has encoded
    /// them.
    pub fn encoded(&mut self, bytes: usize) {
        self.watched.bytes = self.watched.bytes.saturating_add(length(bytes));
    }
}

impl Stream for ReplyStream {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        let frame = ready!(self.frames.as_mut().poll_next(cx));
        let watched = &mut self.watched;
        match &frame {
            _ if watched.watchers.is_empty() => {}
            Some(Frame::Message(payload)) => {
                watched.messages += 1;
                let bytes = payload.encoded().map_or(0, |encoded| length(encoded.len()));
                watched.bytes = watched.bytes.saturating_add(bytes);
            }
            Some(Frame::Trailers(Trailers { status, metadata })) => {
                watched.trailers.clone_from(metadata);
                watched.end(status.as_ref().map_or(Ending::Ok, Ending::Failed));
            }
            None => watched.end(Ending::Failed(&cut_off())),
        }
        Poll::Ready(frame)
    }
}

impl Drop for ReplyStream {
    fn drop(&mut self) {
        if !self.watched.watchers.is_empty() {
            Facts::without_outcome(|facts| self.watched.end(facts.ending));
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

/// Those who watch a reply, and what has passed of it since the first of them came.
#[derive(Default)]
struct Watched {
    watchers: Watchers,
    /// The attachments when the latest watcher came.
    metadata: Metadata,
    trailers: Metadata,
    messages: u64,
    bytes: u64,
}

impl Watched {
    fn end(&mut self, ending: Ending<'_>) {
        let Self { watchers, metadata, trailers, messages, bytes } = self;
        let (messages, bytes) = (*messages, *bytes);
        watchers.tell(Until::Sent, &Facts { ending, metadata, trailers, messages, bytes });
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // A stream has told its watchers before; a panic is told by the list itself.
        if !self.watchers.is_empty() && !std::thread::panicking() {
            self.end(Ending::Ok);
        }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.watchers.is_empty() { "unwatched" } else { "watched" })
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

struct OnEnd<F> {
    timer: Timer,
    then: Option<F>,
}

impl<F: FnOnce(&End<'_>) + Send> Watch for OnEnd<F> {
    fn elapsed(&self) -> Duration {
        self.timer.elapsed()
    }

    fn end(&mut self, end: &End<'_>) {
        if let Some(then) = self.then.take() {
            then(end);
        }
    }
}

struct Held<G>(Option<G>);

impl<G: Send> Watch for Held<G> {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn end(&mut self, _: &End<'_>) {
        self.0 = None;
    }
}
