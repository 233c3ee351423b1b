//! The run of a handler: its deadline, its panics, its end.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use dubhe_core::invoke::Outcome;
use dubhe_core::printable::Printable;
use dubhe_core::sock_addr::SockAddr;
use dubhe_core::status::panic_message;
use dubhe_core::time::Deadline;
use dubhe_core::{ServiceKey, Status};
use futures_util::FutureExt;
use http::request;

use super::limits::LimitLog;
use super::target::RequestTarget;

use crate::transport::passed;

/// Runs `work` to its end or to the deadline; a panic is an error of this call alone. Pinned by the
/// caller, since a future that is handed over has room in both.
pub(super) async fn guarded(
    work: Pin<&mut impl Future<Output = Outcome>>,
    deadline: Option<Deadline>,
    caller: &Caller<'_>,
) -> Outcome {
    let work = AssertUnwindSafe(work).catch_unwind();
    let outcome = match deadline {
        None => work.await,
        Some(deadline) => tokio::select! {
            biased;
            outcome = work => outcome,
            () = passed(Some(deadline)) => return Err(Status::not_ended()),
        },
    };
    outcome.unwrap_or_else(|panic| Err(caller.panicked(&*panic)))
}

/// The request that a handler answers, and its peer.
pub(super) struct Caller<'a> {
    pub(super) head: &'a request::Parts,
    pub(super) remote: Option<SockAddr>,
    pub(super) limits: &'a LimitLog,
}

impl Caller<'_> {
    fn names(&self) -> (ServiceKey, &str) {
        RequestTarget::of(self.head).map_or_else(|_| <_>::default(), |named| named.names())
    }

    /// Logs the error of a message, or of a reply, if a limit is the reason.
    #[cold]
    pub(super) fn limited(&self, status: &Status) {
        let (service, method) = self.names();
        self.limits.failed(status, self.remote.as_ref(), &service, method);
    }

    /// Logs the error of a handler that has refused its arguments because of a limit.
    #[cold]
    pub(super) fn handler_failed(&self, status: &Status) {
        let (service, method) = self.names();
        self.limits.handler_failed(status, self.remote.as_ref(), &service, method);
    }

    /// Logs the panic of the handler, and returns the error of its call.
    #[cold]
    pub(super) fn panicked(&self, panic: &(dyn Any + Send)) -> Status {
        let (service, method) = self.names();
        let panic = Printable(panic_message(panic));
        let peer = self.remote.as_ref().map(tracing::field::display);
        tracing::error!(%service, method = %Printable(method), peer, %panic, "a handler panicked");
        Status::handler_panicked(&service, method)
    }
}
