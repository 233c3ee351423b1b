//! Sending the messages of a streamed request while its reply is awaited and received.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use dubhe_core::payload::PayloadStream;
use dubhe_core::{Code, Head, Status};
use futures_util::StreamExt;
use tokio::task::JoinHandle;

use crate::message::Codec;
use crate::message::writer::Writer;
use crate::transport::{Sender, Turn};
use crate::wire::compression::Encoding;

type Sending = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// Sends the messages of a stream. Dropped, it stops.
///
/// Until the reply begins it is polled with it; from then on it is a task, since whoever has the
/// reply may not read it for a while.
pub(super) enum RequestSender {
    /// The end: no message is left to send.
    Done,
    Inline(Sending),
    Task(OwnTask),
}

/// A task that ends with its owner.
pub(super) struct OwnTask(JoinHandle<Result<(), Status>>);

impl Drop for OwnTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RequestSender {
    pub(super) fn new(
        send: Sender,
        stream: PayloadStream,
        codec: Codec,
        head: Head,
        encoding: Encoding,
        limit: usize,
    ) -> Self {
        Self::Inline(Box::pin(send_all(send, stream, codec, head, encoding, limit)))
    }

    /// Goes on without being polled. Must be called within a tokio runtime.
    pub(super) fn detach(&mut self) {
        if let Self::Inline(sending) = std::mem::replace(self, Self::Done) {
            *self = Self::Task(OwnTask(tokio::spawn(sending)));
        }
    }

    /// Sends what can be sent; fails when the request does.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        let polled = match self {
            Self::Done => return Ok(()),
            Self::Inline(sending) => sending.as_mut().poll(cx),
            Self::Task(task) => Pin::new(&mut task.0).poll(cx).map(|ended| {
                let panicked = |_| Err(Status::new(Code::Internal, "the request stream panicked"));
                ended.unwrap_or_else(panicked)
            }),
        };
        match polled {
            Poll::Pending => Ok(()),
            Poll::Ready(outcome) => {
                *self = Self::Done;
                outcome
            }
        }
    }
}

/// Sends messages as fast as the peer takes them; those that are ready together leave together.
async fn send_all(
    mut send: Sender,
    mut stream: PayloadStream,
    codec: Codec,
    head: Head,
    encoding: Encoding,
    limit: usize,
) -> Result<(), Status> {
    let mut writer = Writer::new(&codec, encoding, limit).requests(&head.method);
    let (mut ended, mut turn) = (false, Turn::default());
    while !ended {
        // Who reads the reply learns of an error, and resets the stream by letting go of it.
        ended = turn.poll(|turn, cx| fill(&mut writer, &mut stream, turn, cx)).await?;
        // A peer that has ended the stream has said why in its reply.
        if let Some(batch) = writer.take()
            && !send.send(batch).await
        {
            return Ok(());
        }
    }
    send.end(None);
    Ok(())
}

/// Takes what is ready, at least one message; `true` when the stream has ended.
fn fill(
    writer: &mut Writer<'_>,
    stream: &mut PayloadStream,
    turn: &Turn,
    cx: &mut Context<'_>,
) -> Poll<Result<bool, Status>> {
    while !writer.is_full() {
        let next = match stream.poll_next_unpin(cx) {
            Poll::Pending if writer.is_empty() => return Poll::Pending,
            Poll::Pending => break,
            Poll::Ready(next) => next,
        };
        match next {
            Some(payload) => {
                writer.add(&payload?)?;
                if turn.is_over() {
                    break;
                }
            }
            None => return Poll::Ready(Ok(true)),
        }
    }
    Poll::Ready(Ok(false))
}
