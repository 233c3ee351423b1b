//! The run of a handler: its deadline, its panics, its end.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use dubhe_core::invoke::Outcome;
use dubhe_core::time::{Deadline, Instant};
use dubhe_core::{Code, Status};
use dubhe_net::time;
use futures_util::FutureExt;

use crate::transport::passed;

/// Runs `work` to its end or to the deadline; a panic is an error of this call alone. Pinned by the
/// caller, since a future that is handed over has room in both.
pub(super) async fn guarded(
    work: Pin<&mut impl Future<Output = Outcome>>,
    deadline: Option<Deadline>,
    arrived: Instant,
) -> Outcome {
    let work = AssertUnwindSafe(work).catch_unwind();
    let outcome = match deadline {
        None => work.await,
        Some(deadline) => tokio::select! {
            biased;
            outcome = work => outcome,
            () = passed(Some(deadline)) => return Err(too_late(arrived)),
        },
    };
    outcome.unwrap_or_else(|_| Err(panicked()))
}

#[cold]
pub(super) fn too_late(arrived: Instant) -> Status {
    let after = time::now().saturating_duration_since(arrived);
    Status::new(Code::DeadlineExceeded, format!("no reply was ready within {after:.1?}"))
}

#[cold]
pub(super) fn panicked() -> Status {
    Status::new(Code::Internal, "the handler panicked; the provider's log says where")
}
