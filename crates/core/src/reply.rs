//! The answer side of what flows.

use std::any::Any;
use std::fmt;
use std::pin::Pin;

use futures_core::Stream;

use crate::metadata::Metadata;
use crate::payload::Payload;
use crate::status::Status;

/// What ends a reply.
#[derive(Clone, Debug, Default)]
pub struct Trailers {
    /// `None` is success.
    pub status: Option<Status>,
    /// Metadata that was known only at the end.
    pub metadata: Metadata,
}

/// An element of a reply stream: messages, then one trailer.
#[derive(Debug)]
pub enum Frame {
    /// One more message.
    Message(Payload),
    /// The end.
    Trailers(Trailers),
}

/// The frames of a streamed reply. A stream that ends without trailers was cut off.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Frame> + Send>>;

/// The content of a reply.
pub enum ReplyBody {
    /// One message and the end.
    One(Payload, Trailers),
    /// Messages that come one by one.
    Stream(ReplyStream),
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(p, t) => f.debug_tuple("One").field(p).field(t).finish(),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}

/// The answer to a call whose head has arrived: nothing is retried from here on.
#[derive(Debug)]
pub struct Reply {
    /// Attachments of the reply.
    pub metadata: Metadata,
    /// Its content.
    pub body: ReplyBody,
    guards: Vec<Guard>,
}

struct Guard(#[allow(dead_code, reason = "held for its drop")] Box<dyn Any + Send>);

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Reply {
    /// A reply of one message.
    pub fn new(payload: Payload) -> Self {
        Self::with_metadata(payload, Metadata::new())
    }

    /// A reply of one message with attachments.
    pub fn with_metadata(payload: Payload, metadata: Metadata) -> Self {
        Self { metadata, body: ReplyBody::One(payload, Trailers::default()), guards: Vec::new() }
    }

    /// A reply of many messages.
    pub fn stream(stream: ReplyStream) -> Self {
        Self { metadata: Metadata::new(), body: ReplyBody::Stream(stream), guards: Vec::new() }
    }

    /// Keeps `guard` alive until the body has been read or dropped, so that a stream counts as
    /// in flight until it ends.
    pub fn attach(&mut self, guard: impl Any + Send) {
        match &mut self.body {
            ReplyBody::One(..) => self.guards.push(Guard(Box::new(guard))),
            ReplyBody::Stream(stream) => {
                let inner = std::mem::replace(stream, Box::pin(Empty));
                *stream = Box::pin(Guarded { inner, _guard: Box::new(guard) });
            }
        }
    }
}

struct Empty;

impl Stream for Empty {
    type Item = Frame;

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Frame>> {
        std::task::Poll::Ready(None)
    }
}

struct Guarded {
    inner: ReplyStream,
    _guard: Box<dyn Any + Send>,
}

impl Stream for Guarded {
    type Item = Frame;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Frame>> {
        self.inner.as_mut().poll_next(cx)
    }
}
