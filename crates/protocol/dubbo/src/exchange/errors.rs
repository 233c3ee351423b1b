//! The errors of calls that the connection itself ends. Cold, and worded for the caller.

use std::fmt;
use std::time::Instant;

use dubhe_core::sock_addr::SockAddr;
use dubhe_core::status::{Origin, Retry};
use dubhe_core::{Code, Head, Method, ServiceKey, Status};
use dubhe_net::session::CloseReason;

use super::calls::Waiting;

/// `service.method on provider`.
pub(super) struct CallLabel<'a> {
    pub(super) service: &'a ServiceKey,
    pub(super) method: &'a Method,
    pub(super) peer: &'a SockAddr,
}

impl fmt::Display for CallLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} on {}", self.service, self.method.name, self.peer.url("dubbo"))
    }
}

impl<'a> CallLabel<'a> {
    pub(super) fn of(head: &'a Head, peer: &'a SockAddr) -> Self {
        Self { service: &head.service, method: &head.method, peer }
    }

    pub(super) fn waiting(waiting: &'a Waiting, peer: &'a SockAddr) -> Self {
        Self { service: &waiting.service, method: &waiting.method, peer }
    }

    /// The deadline passed before the call was queued.
    #[cold]
    pub(super) fn too_late(&self, why: &str) -> Status {
        Status::new(
            Code::DeadlineExceeded,
            format!("{self}: the deadline passed before the call was sent{why}; raise the timeout"),
        )
        .with_retry(Retry::Unstarted)
    }

    /// The deadline passed after it.
    #[cold]
    pub(super) fn timed_out(&self, waiting: &Waiting, now: Instant) -> Status {
        // The time that was given, so that errors of several attempts have one text.
        let end = waiting.deadline.unwrap_or(now);
        let after = end.saturating_duration_since(waiting.began);
        Status::no_reply(after).context(self)
    }

    /// The connection ended; `written` says whether any byte of the call may have left.
    #[cold]
    pub(super) fn lost(&self, why: &CloseReason, written: bool) -> Status {
        let (retry, sent) = if written {
            (Retry::Unknown, "the reply is lost")
        } else {
            (Retry::Unstarted, "the call was not sent")
        };
        Status::new(Code::Unavailable, format!("{self}: connection {why}; {sent}"))
            .with_retry(retry)
    }

    /// The error of a call above the limit of those that wait on the connection.
    #[cold]
    pub(super) fn full(&self, most: usize) -> Status {
        Status::new(
            Code::ResourceExhausted,
            format!("{self}: {most} calls wait for replies; raise connections or max_calls, or call less"),
        )
        .with_retry(Retry::Unstarted)
    }

    /// The request is above the payload limit.
    #[cold]
    pub(super) fn too_large(&self, length: usize, limit: usize) -> Status {
        Status::new(
            Code::ResourceExhausted,
            format!(
                "{self}: the request has {length} bytes, the limit is {limit}; \
                 raise payload on consumer and provider, or send less"
            ),
        )
        .with_origin(Origin::Caller)
    }

    /// The reply is above the payload limit and was skipped. The call has run.
    #[cold]
    pub(super) fn refused(&self, why: &str) -> Status {
        Status::new(Code::ResourceExhausted, format!("{self}: {why}"))
    }

    /// The peer broke the protocol in its reply.
    #[cold]
    pub(super) fn bad_reply(&self, why: impl fmt::Display) -> Status {
        Status::new(Code::Internal, format!("{self}: the reply cannot be read: {why}"))
            .with_origin(Origin::RemoteFramework)
    }
}
