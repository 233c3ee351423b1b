//! Streams of messages, each answered as it comes.

use std::collections::VecDeque;
use std::fmt::Display;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::limit::Limit;
use crate::payload::Data;
use crate::report::{CallerReport, Clock};
use crate::{Error, Load};

/// The messages that a stream sends.
#[derive(Debug)]
pub struct Outgoing(UnboundedReceiver<Bytes>);

impl Stream for Outgoing {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.poll_recv(cx)
    }
}

/// Keeps streams full and prints the report. `open` is asked for each stream by its number, so
/// that streams can be dealt out over connections.
///
/// # Errors
/// When a stream cannot be opened. What fails on an open stream is counted.
pub async fn streams<O, F, S, R, E>(
    kind: &str,
    load: &Load,
    open: impl Fn(usize) -> O,
) -> Result<(), Error>
where
    O: FnOnce(Outgoing) -> F,
    F: Future<Output = Result<S, E>>,
    S: Stream<Item = Result<R, E>> + Send + 'static,
    R: AsRef<[u8]> + Send + 'static,
    E: Display + Send + 'static,
{
    let data = Data::new(load.size);
    let mut opened = Vec::new();
    for number in 0..load.concurrency {
        let (send, outgoing) = unbounded_channel();
        // Some clients wait for the head of the reply, which some servers send with a message.
        send.send(data.of(0))?;
        let stream = open(number)(Outgoing(outgoing)).await.map_err(|error| error.to_string())?;
        opened.push((send, stream));
    }

    let (clock, limit, seen) = (Clock::start()?, load.limit(), CallerReport::new()?);
    let readers: Vec<_> = opened
        .into_iter()
        .map(|(send, stream)| {
            let sender = Sender { send: Some(send), data: data.clone(), waiting: VecDeque::new() };
            tokio::spawn(keep_full(stream, sender, load.ahead, limit, seen.clone()))
        })
        .collect();
    let mut all = Vec::new();
    for reader in readers {
        all.push(reader.await?);
    }
    clock.report(kind, all)
}

struct Sender {
    send: Option<UnboundedSender<Bytes>>,
    data: Data,
    /// The times at which the messages without a reply were sent.
    waiting: VecDeque<Instant>,
}

impl Sender {
    fn send(&mut self, number: u64, now: Instant) {
        self.waiting.push_back(now);
        if let Some(send) = &self.send {
            // Without a receiver the stream has failed, which its reader will see.
            let _ = send.send(self.data.of(number));
        }
    }
}

async fn keep_full<S, R, E>(
    replies: S,
    mut sender: Sender,
    ahead: usize,
    limit: Limit,
    mut seen: CallerReport,
) -> CallerReport
where
    S: Stream<Item = Result<R, E>>,
    R: AsRef<[u8]>,
    E: Display,
{
    let mut replies = pin!(replies);
    let mut now = Instant::now();
    // The message with which the stream was opened is the first.
    sender.waiting.push_back(now);
    let (mut begun, mut answered) = (1, 0);
    for _ in 1..ahead {
        if limit.allows(now, begun) {
            sender.send(begun, now);
            begun += 1;
        }
    }
    while let Some(reply) = replies.next().await {
        now = Instant::now();
        let failed = reply.is_err();
        let latency = sender.waiting.pop_front().map(|sent| now - sent);
        seen.reply(reply, &sender.data.of(answered), latency.unwrap_or_default());
        answered += 1;
        if failed {
            break;
        }
        if limit.allows(now, begun) {
            sender.send(begun, now);
            begun += 1;
        } else {
            sender.send = None;
        }
    }
    if answered != begun {
        seen.error(format!("{begun} messages were sent, {answered} were answered"));
    }
    seen
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn replies_of(change: impl Fn(Bytes) -> Option<Result<Bytes, String>>) -> String {
        let (send, mut outgoing) = unbounded_channel();
        send.send(Data::new(4).of(0)).unwrap();
        let sender = Sender { send: Some(send), data: Data::new(4), waiting: VecDeque::new() };
        let replies = stream::poll_fn(move |cx| outgoing.poll_recv(cx));
        let replies = replies.filter_map(move |data| std::future::ready(change(data)));
        let seen = CallerReport::new().unwrap();
        format!("{:?}", keep_full(replies, sender, 3, Limit::count(10), seen).await.outcome())
    }

    #[tokio::test]
    async fn every_reply_is_looked_at() {
        assert_eq!(replies_of(|data| Some(Ok(data))).await, "(10, 0, None)");
        let wrong = replies_of(|data| Some(Ok(if data[0] == 4 { Bytes::new() } else { data })));
        assert_eq!(wrong.await, r#"(9, 1, Some("a wrong reply of 0 bytes"))"#);
        let lost = replies_of(|data| (data[0] != 9).then_some(Ok(data)));
        assert_eq!(lost.await, r#"(9, 1, Some("10 messages were sent, 9 were answered"))"#);
    }

    #[test]
    fn time_ends_a_limit_too() {
        assert!(!Limit::Until(Instant::now()).allows(Instant::now(), 0));
    }
}
