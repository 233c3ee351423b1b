//! A call over one connection.

use std::future::{Future, poll_fn};
use std::task::Poll;

use dubhe_core::invoke::Outcome;
use dubhe_core::status::Retry;
use dubhe_core::time::{Deadline, Instant};
use dubhe_core::{Call, CallBody, CallKind, Code, Endpoint, Status};
use dubhe_net::time;

use super::named::CallName;
use super::reply::{self, Replying};
use super::request::Caller;
use super::sender::RequestSender;
use crate::message::Codec;
use crate::message::writer::Writer;
use crate::transport::{ClientStream, Connection, Error, passed};

/// The time that a caller waits.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) since: Instant,
    pub(super) deadline: Option<Deadline>,
    /// The reply has begun.
    pub(super) replied: bool,
}

impl Patience {
    /// The error of a call whose deadline has passed.
    #[cold]
    pub(super) fn too_late(self) -> Status {
        // The time that was given, so that errors of several attempts have one text.
        let end = self.deadline.map_or_else(time::now, Deadline::instant);
        let after = end.saturating_duration_since(self.since);
        if self.replied { Status::cut_short(after) } else { Status::no_reply(after) }
    }

    /// The error of a call that failed with `status`. A peer that knows the deadline gives up as well,
    /// and its answer may be here before our own clock rings.
    pub(super) fn or_too_late(self, status: Status) -> Status {
        let late = self.deadline.is_some_and(|at| at.passed(time::now()));
        let late = late && matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded);
        if late && !status.is_business() { self.too_late() } else { status }
    }
}

/// Sends `call` and waits for its reply. Dropped, it resets the stream.
pub(super) async fn run(
    connection: Connection,
    caller: &Caller,
    endpoint: &Endpoint,
    call: Call,
) -> Outcome {
    let (since, deadline) = (call.head.arrived.unwrap_or_else(time::now), call.head.deadline);
    let patience = Patience { since, deadline, replied: false };
    tokio::select! {
        biased;
        outcome = exchange(connection, caller, endpoint, call, patience) => {
            outcome.map_err(|status| patience.or_too_late(status))
        }
        () = passed(deadline) => Err(patience.too_late()),
    }
}

async fn exchange(
    mut connection: Connection,
    caller: &Caller,
    endpoint: &Endpoint,
    call: Call,
    patience: Patience,
) -> Outcome {
    let Call { head, body } = call;
    let in_flight = connection.begin();
    let codec = Codec::of(&head.method, caller.format.clone());
    let streamed = matches!(head.method.kind, CallKind::ServerStream | CallKind::Bidirectional);
    // For the errors of the stream, which end later than this.
    let named = streamed.then(|| CallName {
        service: head.service.clone(),
        method: head.method.clone(),
        endpoint: endpoint.clone(),
    });
    let limit = caller.limits.message.sent;
    let request = caller.head(&head, time::now())?;
    let unstarted = |error: Error| Status::from(error).with_retry(Retry::Unstarted);
    let (response, sender) = match body {
        CallBody::One(payload) => {
            let mut writer = Writer::new(&codec, caller.encoding, limit).requests(&head.method);
            let (message, _) = writer.one(&payload)?;
            let ClientStream { mut send, response } =
                connection.open(request).map_err(unstarted)?;
            // A peer that has ended the stream already says why in its reply.
            let _ = send.send_last(message);
            (response, RequestSender::Done)
        }
        CallBody::Stream(stream) => {
            let ClientStream { send, response } = connection.open(request).map_err(unstarted)?;
            let encoding = caller.encoding;
            (response, RequestSender::new(send, stream, codec.clone(), head, encoding, limit))
        }
    };
    // From here on the stream alone counts.
    drop(connection);
    let mut replying = Replying { sender, in_flight };
    let mut response = std::pin::pin!(response);
    let response = poll_fn(|cx| {
        replying.sender.poll(cx)?;
        match response.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(Status::from)),
            Poll::Pending => Poll::Pending,
        }
    });
    let (head, body) = response.await?;
    replying.in_flight.answered();
    match named {
        Some(named) => {
            replying.sender.detach();
            reply::many(head, body, replying, codec, caller.limits.clone(), patience, named)
        }
        None => reply::one(head, body, replying, codec, &caller.limits).await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_end_at_the_deadline_is_the_deadlines() {
        let ended = |code: Code| Status::new(code, "the stream ended");
        let patience = |left: Option<u64>| {
            let since = time::now();
            let deadline = left.map(|left| Deadline::after(since, Duration::from_secs(left)));
            Patience { since, deadline, replied: false }
        };
        for code in [Code::Cancelled, Code::DeadlineExceeded] {
            let late = patience(Some(0)).or_too_late(ended(code));
            assert_eq!((late.code(), late.retry()), (Code::DeadlineExceeded, Retry::Unknown));
            assert!(late.message().starts_with("no reply within "), "{late}");
            for left in [Some(9), None] {
                let early = patience(left).or_too_late(ended(code));
                assert_eq!((early.code(), early.message()), (code, "the stream ended"));
            }
        }
        assert_eq!(patience(Some(0)).or_too_late(ended(Code::NotFound)).code(), Code::NotFound);
        let own = Status::business(Code::DeadlineExceeded, "of the business");
        assert!(patience(Some(0)).or_too_late(own).is_business());
    }
}
