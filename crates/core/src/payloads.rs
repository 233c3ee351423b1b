//! The messages of one direction of a call, one by one.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::call::CallBody;
use crate::metadata::Metadata;
use crate::payload::{Payload, PayloadStream};
use crate::reply::{Frame, Reply, ReplyBody, ReplyStream, Trailers, cut_off};
use crate::status::Status;

/// The messages of a request or a reply, whether one or many, undecoded.
///
/// A reply that ends without its trailers ends in an error. Nothing follows an error.
///
/// ```
/// # mod dubhe { pub mod payload { pub use dubhe_core::Payloads; } pub use dubhe_core::{Payload, Reply, Status}; }
/// use dubhe::payload::Payloads;
/// use dubhe::{Payload, Reply, Status};
/// use futures_core::Stream;
///
/// /// The messages of a reply, one or many.
/// async fn read(reply: Reply) -> Result<Vec<Payload>, Status> {
///     let mut messages = Payloads::of_reply(reply);
///     let mut all = Vec::new();
///     while let Some(message) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut messages).poll_next(cx)).await {
///         all.push(message?);
///     }
///     Ok(all)
/// }
/// ```
pub struct Payloads {
    source: Source,
    trailers: Option<Metadata>,
}

enum Source {
    One(Payload),
    Request(PayloadStream),
    /// A whole reply until it is first polled, because it holds the guards of the call.
    Reply(Box<Reply>),
    Frames(ReplyStream),
    Ended,
}

impl Payloads {
    /// The messages of a request.
    pub fn of_request(body: CallBody) -> Self {
        Self::over(match body {
            CallBody::One(payload) => Source::One(payload),
            CallBody::Stream(stream) => Source::Request(stream),
        })
    }

    /// The messages of a reply.
    pub fn of_reply(reply: Reply) -> Self {
        Self::over(Source::Reply(Box::new(reply)))
    }

    fn over(source: Source) -> Self {
        Self { source, trailers: None }
    }

    /// The metadata that came at the end of a reply; `None` before the end, and for a request.
    pub fn trailers(&self) -> Option<&Metadata> {
        self.trailers.as_ref()
    }

    /// Ends the stream before its end: what is not read yet is dropped.
    pub fn end(&mut self) {
        self.source = Source::Ended;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Payload, Status>>> {
        loop {
            match &mut self.source {
                Source::Request(stream) => return stream.as_mut().poll_next(cx),
                Source::Frames(stream) => {
                    return Poll::Ready(match ready!(Pin::new(stream).poll_next(cx)) {
                        Some(Frame::Message(payload)) => Some(Ok(payload)),
                        Some(Frame::Trailers(trailers)) => self.ended_by(trailers),
                        None => Some(Err(cut_off())),
                    });
                }
                Source::One(_) | Source::Reply(_) | Source::Ended => {}
            }
            match std::mem::replace(&mut self.source, Source::Ended) {
                Source::One(payload) => return Poll::Ready(Some(Ok(payload))),
                Source::Reply(mut reply) => {
                    // All who watch the reply go with its stream.
                    reply.body_mut();
                    match reply.body {
                        ReplyBody::Stream(stream) => self.source = Source::Frames(stream),
                        ReplyBody::One(payload, trailers) => {
                            self.trailers = Some(trailers);
                            return Poll::Ready(Some(Ok(payload)));
                        }
                    }
                }
                _ => return Poll::Ready(None),
            }
        }
    }

    fn ended_by(&mut self, trailers: Trailers) -> Option<Result<Payload, Status>> {
        self.trailers = Some(trailers.metadata);
        trailers.status.map(Err)
    }
}

impl Stream for Payloads {
    type Item = Result<Payload, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.poll(cx));
        if !matches!(item, Some(Ok(_))) {
            self.end();
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for Payloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payloads")
    }
}
