//! Messages that arrive one by one.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use dubhe_core::{Body, Code, Metadata, Payloads, Reply, Status};
use futures_core::Stream;

use crate::payload::{Message, decode_or};
use crate::response::Response;

/// The messages of a streamed request or reply, decoded as they are asked for.
///
/// A reply that ends without its trailers ends in an error. Nothing follows an error.
pub struct Streaming<T> {
    payloads: Payloads,
    /// The code for a message that is of another type: whose fault it is.
    blame: Code,
    message: PhantomData<fn() -> T>,
}

impl<T: Message> Streaming<T> {
    /// The messages of a request.
    pub fn of_request(body: Body) -> Self {
        let payloads = Payloads::of_request(body);
        Self { payloads, blame: Code::InvalidArgument, message: PhantomData }
    }

    /// The messages of a reply, and its metadata.
    pub fn of_reply(reply: Reply) -> Response<Self> {
        let metadata = reply.metadata.clone();
        let payloads = Payloads::of_reply(reply);
        let messages = Self { payloads, blame: Code::Internal, message: PhantomData };
        Response::with_metadata(messages, metadata)
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
        self.payloads.trailers()
    }
}

impl<T: Message> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let payload = ready!(Pin::new(&mut self.payloads).poll_next(cx));
        let item = payload.map(|p| p.and_then(|p| decode_or(self.blame, p)));
        if matches!(item, Some(Err(_))) {
            self.payloads.end();
        }
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streaming")
    }
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
