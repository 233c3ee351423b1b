//! Sending replies, whatever their protocol.

use std::panic::AssertUnwindSafe;
use std::task::Poll;

use bytes::Buf as _;
use dubhe_core::end::Ending;
use dubhe_core::reply::{Frame, Reply, ReplyBody, ReplyStream, Trailers};
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Status};
use dubhe_net::long_replies::LongReplies;
use dubhe_net::memory::ConnectionMemory;
use dubhe_net::poll_watch::{PollKey, PollWatch, watched};
use futures_util::StreamExt;
use http::Response;
use http::header::CONTENT_LENGTH;

use super::protocol::{RequestProtocol, Unary};
use super::run::Caller;
use crate::message::writer::Writer;
use crate::transport::{Responder, Sender, Sent, Turn, Unsent, Whole, passed};
use crate::wire::data::Data;

/// The deadline of a reply, and the memory in which it counts while it waits for the caller.
pub(super) struct Late<'a> {
    pub(super) deadline: Option<Deadline>,
    pub(super) memory: &'a ConnectionMemory,
}

/// The watch over a reply that is written, the caller, for the log, and the memory of long replies.
#[derive(Clone, Copy)]
pub(super) struct ReplyWatch<'a> {
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
pub(super) fn send<'a>(
    respond: &'a mut Responder,
    response: Whole,
    memory: &'a ConnectionMemory,
) -> impl Future<Output = ()> {
    let rest = if response.is_small() {
        match respond.send_now(response, memory) {
            // A stream that has ended needs no answer.
            Sent::All | Sent::Ended => None,
            Sent::Head(unsent) => Some(*unsent),
        }
    } else {
        let Whole { mut head, data, trailers } = response;
        if let (Some(data), None) = (&data, &trailers) {
            set_length(&mut head, data);
        }
        respond.send_head(head).zip(data).map(|(send, mut data)| {
            data.charge(memory);
            Unsent { send, data, trailers }
        })
    };
    // Boxed, since the task of every request has room for its future.
    let rest = rest.map(|unsent| Box::pin(rest_of(unsent)));
    async move {
        if let Some(rest) = rest {
            rest.await;
        }
    }
}

async fn rest_of(unsent: Unsent<Sender>) {
    let Unsent { mut send, data, trailers } = unsent;
    if send.send_all(data).await {
        send.end(trailers);
    }
}

/// Sends a reply to its end, or to its deadline where that comes first.
pub(super) async fn write<P: RequestProtocol>(
    protocol: &P,
    respond: &mut Responder,
    mut reply: Reply,
    late: Late<'_>,
    watch: ReplyWatch<'_>,
) {
    let metadata = std::mem::take(&mut reply.metadata);
    match reply.body_mut() {
        ReplyBody::One(payload, trailers) => {
            let trailers = std::mem::take(trailers);
            // Handlers make messages, and know how to write them.
            let encode = || {
                let watch_over = watch.watch.filter(|_| protocol.compresses());
                watched(watch_over, watch.key, || protocol.unary(payload, metadata, trailers))
            };
            let length = |unary: &Result<Unary, Status>| unary.as_ref().ok().map(|u| u.length);
            let (key, long) = (watch.key, watch.long);
            let unary =
                AssertUnwindSafe(|| long.encode(key, payload.encoded_len(), encode, length));
            let unary = std::panic::catch_unwind(unary)
                .unwrap_or_else(|panic| Err(watch.caller.panicked(&*panic)));
            match unary {
                Ok(Unary { response, length }) if response.is_small() => {
                    match respond.send_now(response, late.memory) {
                        Sent::All => reply.sent(Ok(length)),
                        Sent::Ended => reply.sent(Err(Ending::Cancelled)),
                        Sent::Head(unsent) => {
                            Box::pin(wait(protocol, reply, *unsent, length, late)).await;
                        }
                    }
                }
                Ok(unary) => {
                    let length = unary.length;
                    if let Some(unsent) = begin(respond, unary.response, &late) {
                        Box::pin(wait(protocol, reply, unsent, length, late)).await;
                    } else {
                        reply.sent(Err(Ending::Cancelled));
                    }
                }
                Err(status) => {
                    watch.caller.limited(&status);
                    reply.sent(Err(Ending::Failed(&status)));
                    send(respond, protocol.error(&status), late.memory).await;
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
                send(respond, protocol.error(&status), late.memory).await;
            }
        },
    }
}

/// Sends the head of a reply of one message; `None` when the stream has ended.
fn begin(respond: &mut Responder, response: Whole, late: &Late<'_>) -> Option<Unsent<Sender>> {
    let Whole { mut head, data, trailers } = response;
    let mut data = data?;
    data.charge(late.memory);
    if trailers.is_none() {
        set_length(&mut head, &data);
    }
    if let (None, Some(deadline)) = (&trailers, late.deadline) {
        respond.end_at(deadline.instant());
    }
    let send = respond.send_head(head)?;
    Some(Unsent { send, data, trailers })
}

/// Sends the rest of a reply of one message of `length` bytes as the caller takes it, until it is late.
async fn wait<P: RequestProtocol>(
    protocol: &P,
    reply: Reply,
    rest: Unsent<Sender>,
    length: usize,
    late: Late<'_>,
) {
    let mut unsent = UnsentReply(Some(reply));
    let Unsent { mut send, data, trailers } = rest;
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
    watch: ReplyWatch<'_>,
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
    ReplyWatch { watch, key, caller, long }: ReplyWatch<'_>,
) -> Option<Trailers> {
    let mut turn = Turn::default();
    loop {
        let polled = turn.poll(|turn, cx| {
            loop {
                // Handlers make messages, and know how to write them.
                let next = AssertUnwindSafe(|| {
                    watched(watch, key, || frames.poll_next_unpin(cx)).map(|frame| match frame {
                        Some(Frame::Message(payload)) => {
                            let encode = || writer.add(&payload);
                            let length = |w: &Result<usize, Status>| w.as_ref().ok().copied();
                            let written = long.encode(key, payload.encoded_len(), encode, length);
                            match &written {
                                Ok(length) if payload.encoded().is_none() => {
                                    frames.encoded(*length);
                                }
                                Ok(_) => {}
                                Err(status) => {
                                    caller.limited(status);
                                    frames.unwritable(&payload);
                                }
                            }
                            Some(Ok(written.map(drop)))
                        }
                        Some(Frame::Trailers(trailers)) => Some(Err(trailers)),
                        None => None,
                    })
                });
                let end = match std::panic::catch_unwind(next) {
                    Ok(Poll::Ready(Some(Ok(Ok(()))))) if writer.is_full() || turn.is_over() => None,
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
        });
        let (batch, end) = polled.await?;
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

#[cold]
fn cut_off() -> Status {
    Status::new(Code::Internal, "the stream was cut off by its handler")
}
