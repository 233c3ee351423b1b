//! One call over one connection.

use std::future::{Future, poll_fn};
use std::task::Poll;

use dubhe_core::invoke::Outcome;
use dubhe_core::status::Retry;
use dubhe_core::time::Deadline;
use dubhe_core::{Body, Call, CallKind, Code, Status};
use dubhe_net::time;

use super::connection::Conn;
use super::pump::Pump;
use super::reply::{self, Replying};
use super::request::{self, Caller};
use crate::status;
use crate::timeout::passed;
use crate::write::Writer;

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
pub(super) async fn run(conn: Conn, caller: &Caller, call: Call) -> Outcome {
    let deadline = call.head.deadline;
    tokio::select! {
        biased;
        outcome = exchange(conn, caller, call) => {
            outcome.map_err(|status| or_too_late(status, deadline))
        }
        () = passed(deadline) => Err(too_late()),
    }
}

async fn exchange(mut conn: Conn, caller: &Caller, call: Call) -> Outcome {
    let Call { head, body } = call;
    let in_flight = conn.begin();
    let shape = request::shape(&head);
    let (kind, deadline) = (head.method.kind, head.deadline);
    let limit = caller.limit;
    let request = caller.head(&head, time::now())?;
    let unstarted = |error| status::of_h2(error).with_retry(Retry::Unstarted);
    let (response, pump) = match body {
        Body::One(payload) => {
            let mut writer = Writer::new(&shape, caller.encoding, limit).requests(&head.method);
            let message = writer.one(&payload)?;
            let (response, mut send) = conn.send.send_request(request, false).map_err(unstarted)?;
            send.send_data(message, true).map_err(status::of_h2)?;
            (response, Pump::Done)
        }
        Body::Stream(stream) => {
            let (response, send) = conn.send.send_request(request, false).map_err(unstarted)?;
            (response, Pump::new(send, stream, shape.clone(), head, caller.encoding, limit))
        }
    };
    // From here on the stream alone counts.
    drop(conn);
    let mut replying = Replying { pump, in_flight };
    let mut response = std::pin::pin!(response);
    let response = poll_fn(|cx| {
        replying.pump.poll(cx)?;
        match response.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(status::of_h2)),
            Poll::Pending => Poll::Pending,
        }
    });
    let (parts, recv) = response.await?.into_parts();
    let streamed = matches!(kind, CallKind::ServerStream | CallKind::Bidirectional);
    if streamed {
        replying.pump.detach();
        reply::many(parts, recv, replying, shape, limit, deadline)
    } else {
        reply::one(parts, recv, replying, shape, limit).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_reset_at_the_deadline_is_the_deadlines() {
        let reset = || status::of_h2(h2::Reason::CANCEL.into());
        let at = |left: u64| Some(Deadline::after(time::now(), Duration::from_secs(left)));
        assert_eq!(or_too_late(reset(), at(0)).code(), Code::DeadlineExceeded);
        assert_eq!(or_too_late(reset(), at(9)).code(), Code::Cancelled);
        assert_eq!(or_too_late(reset(), None).code(), Code::Cancelled);
        let other = Status::new(Code::NotFound, "");
        assert_eq!(or_too_late(other, at(0)).code(), Code::NotFound);
    }
}
