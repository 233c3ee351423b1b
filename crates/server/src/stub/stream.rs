//! Replies of many messages.
//!
//! The stream that a handler returns may borrow the service and the arguments. So the reply does
//! not hold that stream but the future that owns all three: the future passes one message after the
//! other to a [`ReplySender`], and [`Messages`] polls it for the next.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, ready};

use dubhe_core::context::Context;
use dubhe_core::inherit;
use dubhe_core::reply::{Frame, Trailers};
use dubhe_core::{Call, Invoking, Metadata, Payload, Reply, Status};
use dubhe_hessian2::Encode;
use dubhe_hessian2::payload::{self, OwnedArguments};
use futures_util::{Stream, StreamExt as _};

use super::accept;

/// Decodes the arguments of `call`, runs `handler` with them, and sends the messages that it gives to
/// its [`ReplySender`].
///
/// The reply begins when the handler calls [`ReplySender::send_all`]; an earlier error is the error
/// of the call, a later one ends the stream.
pub fn server_stream<A, H, F>(call: Call, handler: H) -> Invoking
where
    A: OwnedArguments,
    H: FnOnce(Arc<Context>, A, ReplySender) -> F,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let (ctx, arguments) = match accept::<A>(call) {
        Ok(accepted) => accepted,
        Err(status) => return Invoking::ready(Err(status)),
    };
    answer(ctx.clone(), |replies| handler(ctx, arguments, replies))
}

/// Runs a handler whose reply is the messages that it gives to its [`ReplySender`].
pub(super) fn answer<H, F>(ctx: Arc<Context>, handler: H) -> Invoking
where
    H: FnOnce(ReplySender) -> F,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let slot = Arc::<Slot>::default();
    let inherited = ctx.inherited();
    let work = handler(ReplySender(slot.clone()));
    let work: Work = if inherited.is_empty() {
        Box::pin(work)
    } else {
        Box::pin(inherit::scope(inherited, work))
    };
    Invoking::boxed(async move {
        let mut messages =
            Messages { work: Some(work), slot, ctx, first: true, failed: None, ended: false };
        let mut metadata = messages.begin().await?;
        metadata.fill_from(&messages.ctx.take_reply_attachments());
        let mut reply = Reply::stream(messages);
        reply.metadata = metadata;
        Ok(reply)
    })
}

type Work = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// The sender of the messages of a reply. The handler itself must await the futures that it returns,
/// one at a time: they keep no waker.
pub struct ReplySender(Arc<Slot>);

#[derive(Default)]
struct Slot(Mutex<State>);

#[derive(Default)]
struct State {
    /// The metadata that goes before the messages, once the reply has begun.
    begun: Option<Metadata>,
    message: Option<Payload>,
    /// The metadata that goes after the messages.
    trailers: Metadata,
}

impl Slot {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ReplySender {
    /// Begins the reply and sends the messages of `stream` up to its end or its first error.
    ///
    /// # Errors
    /// The error of the stream.
    pub async fn send_all<T, E>(
        self,
        stream: impl Stream<Item = Result<T, E>>,
    ) -> Result<(), Status>
    where
        T: Encode + Send + Sync + 'static,
        E: Into<Status>,
    {
        self.send(Metadata::new(), stream.map(|item| item.map(payload::message))).await
    }

    /// Begins the reply with the metadata of `response`, sends the messages of its stream up to its
    /// end or its first error, and ends it with the trailers.
    ///
    /// # Errors
    /// The error of the stream.
    #[cfg(feature = "protobuf")]
    pub async fn respond<T: dubhe_protobuf::Message>(
        self,
        mut response: dubhe_core::Response<impl Stream<Item = Result<T, Status>>>,
    ) -> Result<(), Status> {
        let trailers = std::mem::take(response.trailers_mut());
        self.0.with(|state| state.trailers = trailers);
        let (stream, metadata) = response.into_parts();
        self.send(metadata, stream.map(|item| item.map(dubhe_protobuf::message))).await
    }

    async fn send<E: Into<Status>>(
        self,
        metadata: Metadata,
        stream: impl Stream<Item = Result<Payload, E>>,
    ) -> Result<(), Status> {
        self.0.with(|state| state.begun = Some(metadata));
        let mut stream = pin!(stream);
        std::future::poll_fn(|cx| match ready!(stream.as_mut().poll_next(cx)) {
            Some(Ok(message)) => {
                self.0.with(|state| state.message = Some(message));
                // No waker is kept: whoever takes the message polls for the next.
                Poll::Pending
            }
            Some(Err(error)) => Poll::Ready(Err(error.into())),
            None => Poll::Ready(Ok(())),
        })
        .await
    }
}

impl std::fmt::Debug for ReplySender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplySender")
    }
}

/// The frames of the reply. Dropping it cancels the handler.
struct Messages {
    /// The handler, until it has ended.
    work: Option<Work>,
    slot: Arc<Slot>,
    ctx: Arc<Context>,
    /// `true` until the first poll: the handler may have sent a message when it began its reply.
    first: bool,
    /// The error of a handler that failed as it began its reply.
    failed: Option<Status>,
    ended: bool,
}

impl Messages {
    /// Runs the handler until it begins its reply, or fails. An error right after metadata is the end
    /// of the reply; one without any, or with trailers alone, is the error of the call, which needs no
    /// head.
    async fn begin(&mut self) -> Result<Metadata, Status> {
        std::future::poll_fn(|cx| {
            let outcome = self.poll_work(cx);
            let begun = self.slot.with(|state| state.begun.take());
            match (outcome, begun) {
                (Poll::Pending, None) => Poll::Pending,
                (Poll::Ready(Err(status)), Some(metadata)) if !metadata.is_empty() => {
                    self.failed = Some(status);
                    Poll::Ready(Ok(metadata))
                }
                (Poll::Ready(Err(status)), begun) => Poll::Ready(Err(match begun {
                    Some(_) => {
                        let mut trailers = self.end_metadata();
                        trailers.fill_from(status.trailers());
                        status.with_trailers(trailers)
                    }
                    None => status,
                })),
                (_, begun) => Poll::Ready(Ok(begun.unwrap_or_default())),
            }
        })
        .await
    }

    /// The metadata that goes after the messages.
    fn end_metadata(&self) -> Metadata {
        let mut metadata = self.ctx.take_reply_attachments();
        metadata.fill_from(&self.slot.with(|state| std::mem::take(&mut state.trailers)));
        metadata
    }

    fn poll_work(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), Status>> {
        let Some(work) = &mut self.work else { return Poll::Ready(Ok(())) };
        let outcome = ready!(work.as_mut().poll(cx));
        self.work = None;
        Poll::Ready(outcome)
    }

    fn next_message(&self) -> Option<Frame> {
        self.slot.with(|state| state.message.take()).map(Frame::Message)
    }
}

impl Stream for Messages {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Option<Frame>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut self.first)
            && let Some(message) = self.next_message()
        {
            return Poll::Ready(Some(message));
        }
        let outcome = match self.failed.take() {
            Some(status) => Err(status),
            None => match self.poll_work(cx) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => {
                    return self.next_message().map_or(Poll::Pending, |m| Poll::Ready(Some(m)));
                }
            },
        };
        self.ended = true;
        let (status, metadata) = (outcome.err(), self.end_metadata());
        Poll::Ready(Some(Frame::Trailers(Trailers { status, metadata })))
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context as Task, Waker};

    use dubhe_core::reply::ReplyBody;
    use dubhe_core::{Code, Head, Method, Response, ServiceKey};
    use dubhe_protobuf::types;
    use futures_util::{FutureExt as _, stream};

    use super::*;

    fn call() -> Call {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        Call::new(Head::new(service, Arc::new(Method::java("count", "I"))), payload::args((3,)))
    }

    async fn frames(invoking: Invoking) -> Result<Vec<Result<i32, Option<Code>>>, Status> {
        let ReplyBody::Stream(stream) = invoking.await?.body else { panic!("not a stream") };
        let frames = stream.map(|frame| match frame {
            Frame::Message(m) => Ok(payload::reply::<i32>(&Reply::new(m)).unwrap()),
            Frame::Trailers(t) => Err(t.status.map(|s| s.code())),
        });
        Ok(frames.collect().await)
    }

    #[tokio::test]
    async fn messages_may_borrow_what_the_handler_owns_and_wait() {
        let counted = server_stream(call(), |_, (upto,): (i32,), out| async move {
            let upto = &upto;
            let slow = stream::iter(1..=*upto).then(|n| async move {
                tokio::task::yield_now().await;
                Ok::<_, Status>(n * *upto)
            });
            out.send_all(slow).await
        });
        assert_eq!(frames(counted).await.unwrap(), [Ok(3), Ok(6), Ok(9), Err(None)]);
    }

    #[tokio::test]
    async fn an_error_before_the_stream_is_the_calls_and_one_in_it_ends_it() {
        let refused = server_stream(call(), |_, (_,): (i32,), _| async {
            Err(Status::new(Code::NotFound, "no"))
        });
        assert_eq!(frames(refused).await.unwrap_err().code(), Code::NotFound);

        let broken = server_stream(call(), |_, (n,): (i32,), out| async move {
            let items = [Ok(n), Err(Status::new(Code::DataLoss, "cut")), Ok(n)];
            out.send_all(stream::iter(items)).await
        });
        assert_eq!(frames(broken).await.unwrap(), [Ok(3), Err(Some(Code::DataLoss))]);
    }

    #[tokio::test]
    async fn a_stream_that_fails_at_once_keeps_its_metadata() {
        let failing = |headers: Metadata| {
            answer(Arc::new(Context::new(call().head)), move |replies| {
                let items = [Err::<types::Timestamp, _>(Status::new(Code::NotFound, "no"))];
                let mut response = Response::with_metadata(stream::iter(items), headers);
                response.trailers_mut().insert("after", "2");
                replies.respond(response)
            })
        };
        let (before, after) = ([("before", "1")], [("after", "2")]);
        let mut reply = failing(before.into_iter().collect()).await.unwrap();
        assert_eq!(reply.metadata, before.into_iter().collect());
        let ReplyBody::Stream(frames) = reply.body_mut() else { panic!("not a stream") };
        let Some(Frame::Trailers(end)) = frames.next().await else { panic!("no trailers") };
        assert_eq!(end.status.unwrap().code(), Code::NotFound);
        assert_eq!(end.metadata, after.into_iter().collect());
        assert!(frames.next().await.is_none());

        let status = failing(Metadata::new()).await.unwrap_err();
        assert_eq!(
            (status.code(), status.trailers()),
            (Code::NotFound, &after.into_iter().collect())
        );
    }

    #[tokio::test]
    async fn an_empty_stream_is_only_its_trailers() {
        let empty = server_stream(call(), |_, (_,): (i32,), out| {
            out.send_all(stream::empty::<Result<i32, Status>>())
        });
        assert_eq!(frames(empty).await.unwrap(), [Err(None)]);
    }

    #[test]
    fn dropping_the_reply_cancels_the_handler() {
        let held = Arc::new(());
        let watched = Arc::downgrade(&held);
        let endless = server_stream(call(), |_, (_,): (i32,), out| async move {
            out.send_all(stream::pending::<Result<i32, Status>>()).await?;
            drop(held);
            Ok(())
        });
        let ReplyBody::Stream(mut stream) = endless.now_or_never().unwrap().unwrap().body else {
            panic!("not a stream")
        };
        assert!(Pin::new(&mut stream).poll_next(&mut Task::from_waker(Waker::noop())).is_pending());
        assert!(watched.upgrade().is_some());
        drop(stream);
        assert!(watched.upgrade().is_none());
    }
}
