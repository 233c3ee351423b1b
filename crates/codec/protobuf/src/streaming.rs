//! Messages that arrive one by one.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use dubhe_core::payload::PayloadStream;
use dubhe_core::reply::{Frame, ReplyBody, ReplyStream};
use dubhe_core::{Body, Code, Metadata, Payload, Reply, Status, Trailers};
use futures_core::Stream;

use crate::payload::{Message, decode_or};
use crate::response::Response;

/// The messages of a streamed request or reply, decoded as they are asked for.
///
/// A reply that ends without its trailers ends in an error. Nothing follows an error.
pub struct Streaming<T> {
    source: Source,
    trailers: Option<Metadata>,
    /// The code for a message that is of another type: whose fault it is.
    blame: Code,
    message: PhantomData<fn() -> T>,
}

enum Source {
    One(Payload),
    Request(PayloadStream),
    /// Whole until it is first polled, because it holds the guards of the call.
    Reply(Box<Reply>),
    Frames(ReplyStream),
    Ended,
}

impl<T: Message> Streaming<T> {
    /// The messages of a request.
    pub fn of_request(body: Body) -> Self {
        let source = match body {
            Body::One(payload) => Source::One(payload),
            Body::Stream(stream) => Source::Request(stream),
        };
        Self::over(source, Code::InvalidArgument)
    }

    /// The messages of a reply, and its metadata.
    pub fn of_reply(reply: Reply) -> Response<Self> {
        let metadata = reply.metadata.clone();
        let source = Source::Reply(Box::new(reply));
        Response::with_metadata(Self::over(source, Code::Internal), metadata)
    }

    fn over(source: Source, blame: Code) -> Self {
        Self { source, trailers: None, blame, message: PhantomData }
    }

    /// The next message, or `None` after the last.
    ///
    /// # Errors
    /// The status that ended the stream. A message of another type is [`Code::InvalidArgument`]
    /// in a request and [`Code::Internal`] in a reply.
    pub async fn message(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// The metadata that came at the end of a reply; `None` before the end, and for a request.
    pub fn trailers(&self) -> Option<&Metadata> {
        self.trailers.as_ref()
    }

    fn poll_payload(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Payload, Status>>> {
        loop {
            match &mut self.source {
                Source::Request(stream) => return stream.as_mut().poll_next(cx),
                Source::Frames(stream) => {
                    return Poll::Ready(match ready!(stream.as_mut().poll_next(cx)) {
                        Some(Frame::Message(payload)) => Some(Ok(payload)),
                        Some(Frame::Trailers(trailers)) => self.end(trailers),
                        None => Some(Err(cut_off())),
                    });
                }
                Source::One(_) | Source::Reply(_) | Source::Ended => {}
            }
            match std::mem::replace(&mut self.source, Source::Ended) {
                Source::One(payload) => return Poll::Ready(Some(Ok(payload))),
                Source::Reply(reply) => match reply.body {
                    ReplyBody::Stream(stream) => self.source = Source::Frames(stream),
                    ReplyBody::One(payload, trailers) => {
                        let status = self.end(trailers);
                        return Poll::Ready(status.or(Some(Ok(payload))));
                    }
                },
                _ => return Poll::Ready(None),
            }
        }
    }

    fn end(&mut self, trailers: Trailers) -> Option<Result<Payload, Status>> {
        self.trailers = Some(trailers.metadata);
        trailers.status.map(Err)
    }
}

impl<T: Message> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let payload = ready!(self.poll_payload(cx));
        let item = payload.map(|p| p.and_then(|p| decode_or(self.blame, &p)));
        if !matches!(item, Some(Ok(_))) {
            self.source = Source::Ended;
        }
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streaming")
    }
}

fn cut_off() -> Status {
    Status::new(Code::Unavailable, "the stream was cut off before its end")
}

impl<T: Message> Response<T> {
    /// The one message of a reply, whether it came alone or as a stream of one.
    ///
    /// # Errors
    /// The status of the reply; [`Code::Internal`] when it is not one message of this type.
    pub async fn of_reply(reply: Reply) -> Result<Self, Status> {
        let (mut stream, mut metadata) = Streaming::<T>::of_reply(reply).into_parts();
        let message = stream.message().await?.ok_or_else(|| not_one("none"))?;
        if stream.message().await?.is_some() {
            return Err(not_one("several"));
        }
        metadata.fill_from(stream.trailers().unwrap_or(&Metadata::new()));
        Ok(Self::with_metadata(message, metadata))
    }
}

fn not_one(found: &str) -> Status {
    Status::new(Code::Internal, format!("the reply has {found}, where one message was expected"))
}
