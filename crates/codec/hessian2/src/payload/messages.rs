//! Values that arrive one by one.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use dubhe_core::{Body, Code, Metadata, Payload, Payloads, Reply, Status};
use futures_core::Stream;

use super::{Owned, bytes};
use crate::Decoder;

/// The values of a streamed request or reply, decoded as they are asked for.
///
/// A reply that ends without its trailers ends in an error. Nothing follows an error. Dropping it
/// before its end cancels the rest.
pub struct Messages<T> {
    payloads: Payloads,
    /// The code for a value that is of another type: whose fault it is.
    blame: Code,
    value: PhantomData<fn() -> T>,
}

impl<T: Owned> Messages<T> {
    /// The values of a request.
    pub fn of_request(body: Body) -> Self {
        let payloads = Payloads::of_request(body);
        Self { payloads, blame: Code::InvalidArgument, value: PhantomData }
    }

    /// The values of a reply.
    pub fn of_reply(reply: Reply) -> Self {
        let payloads = Payloads::of_reply(reply);
        Self { payloads, blame: Code::Internal, value: PhantomData }
    }

    /// The next value, or `None` after the last.
    ///
    /// # Errors
    /// The status that ended the stream. A value of another type is [`Code::InvalidArgument`] in a
    /// request and [`Code::Internal`] in a reply.
    pub async fn message(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// The attachments that came at the end of a reply; `None` before the end, and for a request.
    pub fn trailers(&self) -> Option<&Metadata> {
        self.payloads.trailers()
    }

    fn decode(&self, payload: &Payload) -> Result<T, Status> {
        let bytes = bytes(payload)?;
        T::decode(&mut Decoder::shared(&bytes))
            .map_err(|e| Status::new(self.blame, e.to_string()).with_source(e))
    }
}

impl<T: Owned> Stream for Messages<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let payload = ready!(Pin::new(&mut self.payloads).poll_next(cx));
        let item = payload.map(|p| p.and_then(|p| self.decode(&p)));
        if matches!(item, Some(Err(_))) {
            self.payloads.end();
        }
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for Messages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Messages")
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::reply::Frame;
    use dubhe_core::{Trailers, Value};
    use futures_util::{FutureExt as _, stream};

    use super::*;

    fn reply(frames: Vec<Frame>) -> Messages<i32> {
        Messages::of_reply(Reply::stream(stream::iter(frames)))
    }

    fn value(value: impl Into<Value>) -> Payload {
        Payload::dynamic(value.into())
    }

    fn end(status: Option<Status>) -> Frame {
        Frame::Trailers(Trailers { status, metadata: [("cost", "3")].into_iter().collect() })
    }

    fn next(messages: &mut Messages<i32>) -> Result<Option<i32>, Code> {
        messages.message().now_or_never().unwrap().map_err(|status| status.code())
    }

    #[test]
    fn a_reply_ends_with_its_trailers() {
        let mut whole = reply(vec![Frame::Message(value(1)), Frame::Message(value(2)), end(None)]);
        assert_eq!([next(&mut whole), next(&mut whole)], [Ok(Some(1)), Ok(Some(2))]);
        assert_eq!(whole.trailers(), None);
        assert_eq!(next(&mut whole), Ok(None));
        assert_eq!(whole.trailers().unwrap().get_str("cost"), Some("3"));
    }

    #[test]
    fn or_in_an_error_and_then_stays_so() {
        let gone = end(Some(Status::new(Code::NotFound, "gone")));
        for (frames, code) in [
            (vec![], Code::Unavailable),
            (vec![gone], Code::NotFound),
            (vec![Frame::Message(value("one")), end(None)], Code::Internal),
        ] {
            let mut broken = reply(frames);
            assert_eq!(next(&mut broken), Err(code));
            assert_eq!(next(&mut broken), Ok(None));
        }
    }

    #[test]
    fn one_is_a_stream_of_one() {
        let mut one = Messages::of_reply(Reply::new(value(7)));
        assert_eq!([next(&mut one), next(&mut one)], [Ok(Some(7)), Ok(None)]);
        let mut wrong = Messages::of_request(Body::One(value("one")));
        assert_eq!(next(&mut wrong), Err(Code::InvalidArgument));
    }
}
