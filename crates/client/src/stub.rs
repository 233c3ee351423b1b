//! What generated client code is made of.

pub mod message;

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use dubhe_core::reply::{Frame, ReplyBody, ReplyStream};
use dubhe_core::time::Duration;
use dubhe_core::{ByteString, Code, Method, Payload, Reply, Status};
use dubhe_hessian2::payload::{self, Owned};
use futures_util::Stream;

pub use dubhe_cluster::plan::Options;

use crate::client::Client;
use crate::options::CallOptions;

/// Calls a method and decodes its one result.
///
/// # Errors
/// Those of the call, or [`Code::Internal`] when the result is of another type.
pub async fn unary<T: Owned>(
    client: &Client,
    method: &Arc<Method>,
    arguments: Payload,
    options: &CallOptions,
) -> Result<T, Status> {
    let reply = client.call(method, arguments, options).await?;
    payload::reply(&reply).map_err(|status| told(status, client, method))
}

/// Calls a method that nobody waits for: it is over when the request has been sent.
///
/// # Errors
/// Those of sending.
pub async fn oneway(
    client: &Client,
    method: &Arc<Method>,
    arguments: Payload,
    options: &CallOptions,
) -> Result<(), Status> {
    client.call(method, arguments, options).await.map(drop)
}

/// Calls a method that answers with a stream of messages.
///
/// # Errors
/// Those of the call.
pub async fn server_stream<T: Owned>(
    client: &Client,
    method: &Arc<Method>,
    arguments: Payload,
    options: &CallOptions,
) -> Result<Messages<T>, Status> {
    let reply = client.call(method, arguments, options).await?;
    Ok(Messages { rest: Some(reply), stream: None, message: PhantomData })
}

fn told(status: Status, client: &Client, method: &Method) -> Status {
    status.context(format!("reply of {}.{}", client.service(), method.name))
}

/// The options that an interface gives to one of its methods.
pub fn options(
    method: &'static str,
    timeout_ms: Option<u64>,
    retries: Option<u32>,
) -> (ByteString, Options) {
    let timeout = timeout_ms.map(Duration::from_millis);
    (ByteString::from_static(method), Options { timeout, retries, ..Options::default() })
}

/// The messages of a streamed reply. A stream that ends without its trailers ends in an error.
#[derive(Debug)]
pub struct Messages<T> {
    /// The reply until the stream is first polled; it holds the guards of the call.
    rest: Option<Reply>,
    stream: Option<Frames>,
    message: PhantomData<fn() -> T>,
}

struct Frames(ReplyStream);

impl std::fmt::Debug for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Frames(..)")
    }
}

impl<T: Owned> Stream for Messages<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(reply) = self.rest.take() {
            match reply.body {
                ReplyBody::One(..) => return Poll::Ready(Some(payload::reply(&reply))),
                ReplyBody::Stream(stream) => self.stream = Some(Frames(stream)),
            }
        }
        let Some(Frames(stream)) = &mut self.stream else { return Poll::Ready(None) };
        let item = match std::task::ready!(stream.as_mut().poll_next(cx)) {
            Some(Frame::Message(message)) => {
                return Poll::Ready(Some(payload::reply(&Reply::new(message))));
            }
            Some(Frame::Trailers(trailers)) => trailers.status.map(Err),
            None => {
                Some(Err(Status::new(Code::Unavailable, "the stream was cut off before its end")))
            }
        };
        self.stream = None;
        Poll::Ready(item)
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::{Trailers, Value};
    use futures_util::{StreamExt, stream};

    use super::*;

    fn messages(frames: Vec<Frame>) -> Messages<i32> {
        let reply = Reply::stream(Box::pin(stream::iter(frames)));
        Messages { rest: Some(reply), stream: None, message: PhantomData }
    }

    fn message(n: i32) -> Frame {
        Frame::Message(Payload::dynamic(Value::Int(n)))
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_trailers_or_in_an_error() {
        let whole = vec![message(1), message(2), Frame::Trailers(Trailers::default())];
        let got: Vec<_> = messages(whole).map(Result::unwrap).collect().await;
        assert_eq!(got, [1, 2]);

        let got: Vec<_> = messages(vec![message(1)]).collect().await;
        assert_eq!(*got[0].as_ref().unwrap(), 1);
        assert_eq!(got[1].as_ref().unwrap_err().code(), Code::Unavailable);
        assert_eq!(got.len(), 2);

        let status = Some(Status::new(Code::NotFound, "gone"));
        let failed = Frame::Trailers(Trailers { status, ..Trailers::default() });
        let got: Vec<_> = messages(vec![failed]).collect().await;
        assert_eq!(got[0].as_ref().unwrap_err().code(), Code::NotFound);
    }

    #[tokio::test]
    async fn one_message_is_a_stream_of_one() {
        let reply = Reply::new(Payload::dynamic(Value::Int(7)));
        let mut one: Messages<i32> =
            Messages { rest: Some(reply), stream: None, message: PhantomData };
        assert_eq!(one.next().await.unwrap().unwrap(), 7);
        assert!(one.next().await.is_none());
    }
}
