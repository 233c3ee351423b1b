//! A call over one connection.

use std::future::{Future, poll_fn};
use std::task::Poll;

use dubhe_core::invoke::Outcome;
use dubhe_core::status::Retry;
use dubhe_core::time::Deadline;
use dubhe_core::{Call, CallBody, CallKind, Code, Format, Status};
use dubhe_net::time;

use super::reply::{self, Replying};
use super::request::Caller;
use super::sender::RequestSender;
use crate::message::Codec;
use crate::message::writer::Writer;
use crate::transport::{ClientStream, Connection, Error, passed};

#[cold]
pub(super) fn too_late() -> Status {
    let text = "no reply within the deadline; raise the timeout or look at the provider";
    Status::new(Code::DeadlineExceeded, text).with_retry(Retry::Unknown)
}

/// The error of a call with this deadline. A peer that knows the deadline gives up as well, and its
/// reset may be here before our own clock rings.
pub(super) fn or_too_late(status: Status, deadline: Option<Deadline>) -> Status {
    let late = deadline.is_some_and(|at| at.passed(time::now()));
    if late && status.code() == Code::Cancelled { too_late() } else { status }
}

/// Sends `call` and waits for its reply. Dropped, it resets the stream.
pub(super) async fn run(connection: Connection, caller: &Caller, call: Call) -> Outcome {
    let deadline = call.head.deadline;
    tokio::select! {
        biased;
        outcome = exchange(connection, caller, call) => {
            outcome.map_err(|status| or_too_late(status, deadline))
        }
        () = passed(deadline) => Err(too_late()),
    }
}

async fn exchange(mut connection: Connection, caller: &Caller, call: Call) -> Outcome {
    let Call { head, body } = call;
    let in_flight = connection.begin();
    let codec = Codec::of(&head.method, Format::Protobuf);
    let (kind, deadline) = (head.method.kind, head.deadline);
    let limit = caller.limits.message;
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
    let streamed = matches!(kind, CallKind::ServerStream | CallKind::Bidirectional);
    if streamed {
        replying.sender.detach();
        reply::many(head, body, replying, codec, caller.limits, deadline)
    } else {
        reply::one(head, body, replying, codec, caller.limits).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_reset_at_the_deadline_is_the_deadlines() {
        let reset = || Status::new(Code::Cancelled, "the stream ended");
        let at = |left: u64| Some(Deadline::after(time::now(), Duration::from_secs(left)));
        assert_eq!(or_too_late(reset(), at(0)).code(), Code::DeadlineExceeded);
        assert_eq!(or_too_late(reset(), at(9)).code(), Code::Cancelled);
        assert_eq!(or_too_late(reset(), None).code(), Code::Cancelled);
        let other = Status::new(Code::NotFound, "");
        assert_eq!(or_too_late(other, at(0)).code(), Code::NotFound);
    }
}
