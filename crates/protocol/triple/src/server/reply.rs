//! Sending replies, whatever their protocol.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::task::Poll;

use bytes::Buf as _;
use dubhe_core::end::Ending;
use dubhe_core::reply::{Frame, Reply, ReplyBody, ReplyStream, Trailers};
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Payload, Status};
use dubhe_net::long_replies::LongReplies;
use dubhe_net::memory::ConnectionMemory;
use dubhe_net::poll_watch::{PollKey, PollWatch, watched};
use futures_util::StreamExt;
use http::Response;
use http::header::CONTENT_LENGTH;

use super::protocol::{RequestProtocol, Unary};
use super::run::Caller;
use crate::message::writer::Writer;
use crate::transport::{Responder, Sender, Whole, passed};
use crate::wire::data::Data;

/// The deadline of a reply, and the memory in which it counts while it waits for the caller.
pub(super) struct Late<'a> {
    pub(super) deadline: Option<Deadline>,
    pub(super) memory: &'a ConnectionMemory,
}

/// The watch over the polls of a streamed reply, the caller, for the log, and the memory of long replies.
#[derive(Clone, Copy)]
pub(super) struct StreamWatch<'a> {
    pub(super) watch: Option<&'a PollWatch>,
    pub(super) key: PollKey,
    pub(super) caller: &'a Caller<'a>,
    pub(super) long: &'a LongReplies,
}

impl Late<'_> {
    /// Waits for the deadline, for ever when there is none.
    async fn status(&self) -> Status {
        passed(self.deadline).await;
        Status::not_ended()
    }
}

/// Sends a response that is no reply of a handler.
pub(super) fn send(respond: &mut Responder, response: Whole) -> impl Future<Output = ()> {
    let rest = if response.is_small() {
        // A stream that has ended needs no answer.
        respond.send_now(response);
        None
    } else {
        // Boxed, since the task of every request has room for its future.
        Some(Box::pin(send_later(respond, response)))
    };
    async move {
        if let Some(rest) = rest {
            rest.await;
        }
    }
}

async fn send_later(respond: &mut Responder, response: Whole) {
    let Whole { mut head, data, trailers } = response;
    if let (Some(data), None) = (&data, &trailers) {
        set_length(&mut head, data);
    }
    if let Some(mut send) = respond.send_head(head)
        && let Some(data) = data
        && send.send_all(data).await
    {
        send.end(trailers);
    }
}

/// Sends a reply to its end, or to its deadline where that comes first.
pub(super) async fn write<P: RequestProtocol>(
    protocol: &P,
    respond: &mut Responder,
    mut reply: Reply,
    late: Late<'_>,
    watch: StreamWatch<'_>,
) {
    let metadata = std::mem::take(&mut reply.metadata);
    match reply.body_mut() {
        ReplyBody::One(payload, trailers) => {
            let trailers = std::mem::take(trailers);
            // Handlers make messages, and know how to write them.
            let encode = || protocol.unary(payload, metadata, trailers);
            let length = |unary: &Result<Unary, Status>| unary.as_ref().ok().map(|u| u.length);
            let StreamWatch { key, long, .. } = watch;
            let unary = AssertUnwindSafe(|| long.encode(key, known(payload), encode, length));
            let unary = std::panic::catch_unwind(unary)
                .unwrap_or_else(|panic| Err(watch.caller.panicked(&*panic)));
            match unary {
                Ok(Unary { response, length }) if response.is_small() => {
                    let sent = respond.send_now(response);
                    reply.sent(if sent { Ok(length) } else { Err(Ending::Cancelled) });
                }
                Ok(unary) => Box::pin(large(protocol, respond, reply, unary, late)).await,
                Err(status) => {
                    reply.sent(Err(Ending::Failed(&status)));
                    send(respond, protocol.error(&status)).await;
                }
            }
        }
        ReplyBody::Stream(frames) => match protocol.stream(&metadata) {
            Ok((head, writer)) => {
                let Some(send) = respond.send_head(head) else { return };
                // Boxed, since the task of every request has room for its future.
                Box::pin(stream(protocol, send, frames, writer, late, watch)).await;
            }
            Err(status) => {
                frames.sent(Ending::Failed(&status));
                send(respond, protocol.error(&status)).await;
            }
        },
    }
}

/// Sends a reply of one message that waits until the caller takes it, or until it is late.
async fn large<P: RequestProtocol>(
    protocol: &P,
    respond: &mut Responder,
    reply: Reply,
    unary: Unary,
    late: Late<'_>,
) {
    let mut unsent = UnsentReply(Some(reply));
    let Unary { response: Whole { mut head, data, trailers }, length } = unary;
    let Some(data) = data else { return };
    let _held = late.memory.charge(data.remaining());
    if trailers.is_none() {
        set_length(&mut head, &data);
    }
    if let (None, Some(deadline)) = (&trailers, late.deadline) {
        respond.end_at(deadline.instant());
    }
    let Some(mut send) = respond.send_head(head) else { return };
    tokio::select! {
        biased;
        sent = send.send_all(data) => if sent {
            send.end(trailers);
            unsent.end(Ok(length));
        },
        status = late.status() => {
            match trailers {
                Some(_) => send.end(protocol.stream_end(&Trailers::failed(status.clone())).trailers),
                // What has no trailers cannot say that it is late.
                None => send.cancel(),
            }
            unsent.end(Err(Ending::Failed(&status)));
        }
    }
}

/// Says how long a response will be that has no trailers.
fn set_length(head: &mut Response<()>, data: &Data) {
    head.headers_mut().insert(CONTENT_LENGTH, data.remaining().into());
}

/// A reply that counts as cancelled unless it was sent.
struct UnsentReply(Option<Reply>);

impl UnsentReply {
    fn end(&mut self, outcome: Result<usize, Ending<'_>>) {
        if let Some(mut reply) = self.0.take() {
            reply.sent(outcome);
        }
    }
}

impl Drop for UnsentReply {
    fn drop(&mut self) {
        self.end(Err(Ending::Cancelled));
    }
}

/// Sends the messages of a stream to its end, or to its deadline.
async fn stream<P: RequestProtocol>(
    protocol: &P,
    mut send: Sender,
    frames: &mut ReplyStream,
    writer: Writer<'_>,
    late: Late<'_>,
    watch: StreamWatch<'_>,
) {
    let trailers = tokio::select! {
        biased;
        trailers = messages(&mut send, frames.until_sent(), writer, watch) => trailers,
        status = late.status() => Some(Trailers::failed(status)),
    };
    // Dropped unsent, the stream counts as cancelled.
    let Some(trailers) = trailers else { return };
    let end = protocol.stream_end(&trailers);
    if let Some(data) = end.data
        && !send.send(data).await
    {
        return;
    }
    send.end(end.trailers);
    frames.sent(trailers.status.as_ref().map_or(Ending::Ok, Ending::Failed));
}

/// Sends the messages of a stream; `None` when the caller is gone. Messages that are ready together
/// leave together.
async fn messages(
    send: &mut Sender,
    frames: &mut ReplyStream,
    mut writer: Writer<'_>,
    StreamWatch { watch, key, caller, long }: StreamWatch<'_>,
) -> Option<Trailers> {
    loop {
        let (batch, end) = poll_fn(|cx| {
            loop {
                // Handlers make messages, and know how to write them.
                let next = AssertUnwindSafe(|| {
                    watched(watch, key, || frames.poll_next_unpin(cx)).map(|frame| match frame {
                        Some(Frame::Message(payload)) => {
                            let encode = || writer.add(&payload);
                            let length = |w: &Result<usize, Status>| w.as_ref().ok().copied();
                            let written = long.encode(key, known(&payload), encode, length);
                            match &written {
                                Ok(length) if payload.encoded().is_none() => {
                                    frames.encoded(*length);
                                }
                                Ok(_) => {}
                                Err(_) => frames.unwritable(&payload),
                            }
                            Some(Ok(written.map(drop)))
                        }
                        Some(Frame::Trailers(trailers)) => Some(Err(trailers)),
                        None => None,
                    })
                });
                let end = match std::panic::catch_unwind(next) {
                    Ok(Poll::Ready(Some(Ok(Ok(()))))) if writer.is_full() => None,
                    Ok(Poll::Ready(Some(Ok(Ok(()))))) => continue,
                    Ok(Poll::Ready(Some(Ok(Err(status))))) => Some(Trailers::failed(status)),
                    Ok(Poll::Ready(Some(Err(trailers)))) => Some(trailers),
                    Ok(Poll::Ready(None)) => Some(Trailers::failed(cut_off())),
                    Ok(Poll::Pending) if writer.is_empty() => {
                        return match send.poll_reset(cx) {
                            Poll::Ready(()) => Poll::Ready(None),
                            Poll::Pending => Poll::Pending,
                        };
                    }
                    Ok(Poll::Pending) => None,
                    Err(panic) => Some(Trailers::failed(caller.panicked(&*panic))),
                };
                return Poll::Ready(Some((writer.take(), end)));
            }
        })
        .await?;
        if let Some(batch) = batch
            && !send.send(batch).await
        {
            return None;
        }
        if end.is_some() {
            return end;
        }
    }
}

/// The length of a message as far as it is known before it is written, in bytes.
fn known(payload: &Payload) -> usize {
    payload.encoded().map_or(0, |encoded| encoded.bytes().len())
}

#[cold]
fn cut_off() -> Status {
    Status::new(Code::Internal, "the stream was cut off by its handler")
}
