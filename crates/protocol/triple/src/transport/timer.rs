//! A timer of a connection, which is polled far more often than it rings.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use dubhe_net::time;
use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

/// A timer that registers its task once. A poll of tokio's costs some 400 instructions, and a
/// connection is polled several times a call.
pub(crate) struct EarliestTimer {
    sleep: Pin<Box<Sleep>>,
    /// The moment at which it rings, until it has.
    due: Option<Instant>,
    /// The task that it wakes, while it is registered.
    waker: Option<Waker>,
}

impl EarliestTimer {
    /// A timer that is not set.
    pub(crate) fn new() -> Self {
        Self { sleep: Box::pin(sleep_until(time::now().into())), due: None, waker: None }
    }

    /// Sets the moment at which it rings.
    pub(crate) fn reset(&mut self, due: Instant) {
        self.sleep.as_mut().reset(due.into());
        (self.due, self.waker) = (Some(due), None);
    }

    /// Sets the moment, unless it rings earlier.
    pub(crate) fn advance(&mut self, due: Instant) {
        if self.due.is_none_or(|earlier| due < earlier) {
            self.reset(due);
        }
    }

    /// Resolves at that moment, once.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let registered = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if self.due.is_none() || registered && !self.sleep.is_elapsed() {
            return Poll::Pending;
        }
        let polled = self.sleep.as_mut().poll(cx);
        // A timer that the budget of its task has stopped is not registered.
        let registered = polled.is_pending() && coop::has_budget_remaining();
        self.waker = registered.then(|| cx.waker().clone());
        if polled.is_ready() {
            self.due = None;
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_rings_at_the_last_moment_that_was_set_in_whichever_task() {
        let start = time::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut timer = EarliestTimer::new();
        timer.reset(after(5));
        timer.advance(after(9));
        // Registered by a task that gives up.
        assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut timer = tokio::spawn(async move {
            poll_fn(|cx| timer.poll(cx)).await;
            timer
        })
        .await
        .unwrap();
        assert_eq!(time::now(), after(5));
        timer.reset(after(9));
        assert!(poll_fn(|cx| Poll::Ready(timer.poll(cx))).await.is_pending());
        timer.advance(after(7));
        poll_fn(|cx| timer.poll(cx)).await;
        assert_eq!(time::now(), after(7));
    }
}
