//! Messages that arrive one by one.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::Response;
use crate::call::CallBody;
use crate::metadata::Metadata;
use crate::payload::Payload;
use crate::payloads::Payloads;
use crate::reply::Reply;
use crate::status::{Code, Status};

/// Decodes one message. A message of another type is an error with the given code, which says
/// whose fault that is.
pub type DecodeMessage<T> = fn(Payload, Code) -> Result<T, Status>;

/// The messages of a streamed request or reply, decoded as they are asked for.
///
/// A reply that ends without its trailers ends in an error. Nothing follows an error. Dropping it
/// before its end cancels the rest.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::{Status, Streaming};
///
/// async fn sum(mut numbers: Streaming<i32>) -> Result<i64, Status> {
///     let mut sum = 0;
///     while let Some(number) = numbers.message().await? {
///         sum += i64::from(number);
///     }
///     Ok(sum)
/// }
/// ```
pub struct Streaming<T> {
    payloads: Payloads,
    decode: DecodeMessage<T>,
    /// The code for a message that is of another type.
    code: Code,
}

impl<T> Streaming<T> {
    /// The messages of a request.
    pub fn of_request(body: CallBody, decode: DecodeMessage<T>) -> Self {
        Self { payloads: Payloads::of_request(body), decode, code: Code::InvalidArgument }
    }

    /// The messages of a reply.
    pub fn of_reply(reply: Reply, decode: DecodeMessage<T>) -> Self {
        Self { payloads: Payloads::of_reply(reply), decode, code: Code::Internal }
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

impl<T> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let payload = ready!(Pin::new(&mut self.payloads).poll_next(cx));
        let item = payload.map(|payload| (self.decode)(payload?, self.code));
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

impl<T> Response<Streaming<T>> {
    /// The messages of a reply, and its metadata.
    pub fn of_stream(reply: Reply, decode: DecodeMessage<T>) -> Self {
        let metadata = reply.metadata.clone();
        Self::with_metadata(Streaming::of_reply(reply, decode), metadata)
    }
}

impl<T> Response<T> {
    /// The one message of a reply, whether it came alone or as a stream of one.
    ///
    /// # Errors
    /// The status of the reply; [`Code::Internal`] when it is not one message of this type.
    pub async fn of_reply(reply: Reply, decode: DecodeMessage<T>) -> Result<Self, Status> {
        let (mut stream, metadata) = Response::of_stream(reply, decode).into_parts();
        let message = stream.message().await?.ok_or_else(|| not_one("none"))?;
        if stream.message().await?.is_some() {
            return Err(not_one("several"));
        }
        let mut response = Self::with_metadata(message, metadata);
        if let Some(trailers) = stream.trailers() {
            response.trailers_mut().clone_from(trailers);
        }
        Ok(response)
    }
}

#[cold]
fn not_one(found: &str) -> Status {
    Status::new(Code::Internal, format!("the reply has {found}, where one message was expected"))
}
