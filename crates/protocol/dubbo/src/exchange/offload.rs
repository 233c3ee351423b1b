//! The place where handlers run: the connection's task while they are quick, their own tasks while
//! they are not, so that one slow handler does not hold up the other calls of its connection, and
//! several of them use several cores.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use dubhe_core::invoke::Outcome;
use dubhe_core::{Code, Invoking, Status};
use dubhe_net::work;
use tokio::task::JoinHandle;

/// A handler that keeps the connection's task this long between two waits is slow. A task of its
/// own costs about a hundredth of it.
const SLOW_POLL: Duration = Duration::from_micros(100);

/// The number of calls that get tasks of their own before the connection's task is tried again.
const OFFLOADED_CALLS: u32 = 64;

/// Watches how long the handlers of a connection keep its task.
#[derive(Debug, Default)]
pub(super) struct Offload {
    left: u32,
}

impl Offload {
    /// `polls` handlers were polled one after the other since `begin`.
    pub(super) fn observe(&mut self, begin: Instant, now: Instant, polls: u32) {
        if now.saturating_duration_since(begin) > SLOW_POLL * polls {
            self.left = OFFLOADED_CALLS;
        }
    }

    /// Returns `true` if the next call, which has `bytes` to decode, gets a task of its own.
    pub(super) fn next(&mut self, bytes: usize) -> bool {
        let offloads = self.left > 0;
        self.left = self.left.saturating_sub(1);
        offloads || work::is_long(bytes)
    }
}

/// Runs `begin` and what it gives in a task that ends with the returned value. `begin` decodes
/// `bytes`; when they are many, other tasks go on meanwhile.
pub(super) fn spawned(bytes: usize, begin: impl FnOnce() -> Invoking + Send + 'static) -> Invoking {
    Invoking::boxed(Spawned(tokio::spawn(async move { work::give_way(bytes, begin).await })))
}

struct Spawned(JoinHandle<Outcome>);

impl Future for Spawned {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(outcome) => outcome,
            // Whoever polls this treats it as a panic of the handler, which it is.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Status::new(Code::Cancelled, "the server's runtime is shutting down")),
        })
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_handlers_run_apart_for_a_while() {
        let (mut offload, begin) = (Offload::default(), Instant::now());
        offload.observe(begin, begin + SLOW_POLL * 16, 16);
        assert!(!offload.next(100));
        offload.observe(begin, begin + SLOW_POLL * 2, 1);
        assert_eq!((0..200).filter(|_| offload.next(100)).count(), OFFLOADED_CALLS as usize);
    }
    #[test]
    fn a_large_request_is_decoded_apart() {
        let mut offload = Offload::default();
        assert!(!offload.next(work::LONG));
        assert!(offload.next(work::LONG + 1));
        assert!(!offload.next(work::LONG));
    }
}
