//! Where handlers run: in the connection's task while they are quick, in tasks of their own while
//! they are not, so that one slow handler does not hold up the other calls of its connection, and
//! several of them use several cores.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use dubhe_core::invoke::Outcome;
use dubhe_core::{Code, Invoking, Status};
use tokio::task::JoinHandle;

/// A handler that keeps the connection's task this long between two waits is slow. A task of its
/// own costs about a hundredth of it.
const SLOW: Duration = Duration::from_micros(100);

/// How many calls get tasks of their own before the connection's task is tried again.
const APART: u32 = 64;

/// Watches how long the handlers of a connection keep its task.
#[derive(Debug, Default)]
pub(super) struct Pace {
    apart: u32,
}

impl Pace {
    /// `polls` handlers were polled one after the other since `begin`.
    pub(super) fn observe(&mut self, begin: Instant, now: Instant, polls: u32) {
        if now.saturating_duration_since(begin) > SLOW * polls {
            self.apart = APART;
        }
    }

    /// Whether the next call gets a task of its own.
    pub(super) fn apart(&mut self) -> bool {
        let apart = self.apart > 0;
        self.apart = self.apart.saturating_sub(1);
        apart
    }
}

/// Runs `begin` and what it gives in a task that ends with the returned value.
pub(super) fn apart(begin: impl FnOnce() -> Invoking + Send + 'static) -> Invoking {
    Invoking::boxed(Apart(tokio::spawn(async move { begin().await })))
}

struct Apart(JoinHandle<Outcome>);

impl Future for Apart {
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

impl Drop for Apart {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_handlers_run_apart_for_a_while() {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        pace.observe(begin, begin + SLOW * 16, 16);
        assert!(!pace.apart());
        pace.observe(begin, begin + SLOW * 2, 1);
        assert_eq!((0..200).filter(|_| pace.apart()).count(), APART as usize);
    }
}
