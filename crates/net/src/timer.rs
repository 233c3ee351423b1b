//! A timer of a connection, which is polled far more often than it rings.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use crate::time;

/// A timer that registers its task once and is moved as a rule to an earlier moment only: a deadline
/// that went away lets it ring in vain, which is cheaper than to move it for each call. A poll of tokio's costs some 400 instructions, and a
/// connection is polled several times a call.
#[derive(Debug)]
pub struct EarliestTimer {
    sleep: Pin<Box<Sleep>>,
    /// The moment at which it rings, until it has.
    due: Option<Instant>,
    /// The task that it wakes, while it is registered.
    waker: Option<Waker>,
}

impl Default for EarliestTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl EarliestTimer {
    /// A timer that is not set.
    pub fn new() -> Self {
        Self { sleep: Box::pin(sleep_until(time::now().into())), due: None, waker: None }
    }

    /// The moment at which it rings, until it has.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Forgets the moment if it has passed at `now`, or if another task waits for it (`moved`).
    pub fn refresh(&mut self, now: Instant, moved: bool) {
        if moved || self.due.is_some_and(|at| at <= now) {
            (self.due, self.waker) = (None, None);
        }
    }

    /// Makes sure that the task is woken at `at`, if any, or earlier.
    pub fn arm(&mut self, at: Option<Instant>, cx: &mut Context<'_>) {
        let Some(at) = at else { return };
        if self.due.is_some_and(|due| due <= at) {
            return;
        }
        self.reset(at);
        if self.poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    /// Sets the moment at which it rings.
    pub fn reset(&mut self, due: Instant) {
        self.sleep.as_mut().reset(due.into());
        (self.due, self.waker) = (Some(due), None);
    }

    /// Sets the moment, unless it rings earlier.
    pub fn advance(&mut self, due: Instant) {
        if self.due.is_none_or(|earlier| due < earlier) {
            self.reset(due);
        }
    }

    /// Resolves at that moment, once.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
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

    #[tokio::test(start_paused = true)]
    async fn it_is_armed_for_the_earliest_moment_and_forgets_what_has_passed() {
        let start = time::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut timer = EarliestTimer::new();
        let woken = tokio::time::timeout(
            Duration::from_mins(1),
            poll_fn(|cx| {
                if time::now() > start {
                    return Poll::Ready(());
                }
                for at in [None, Some(after(5)), Some(after(9))] {
                    timer.arm(at, cx);
                }
                Poll::Pending
            }),
        );
        woken.await.unwrap();
        assert_eq!((time::now(), timer.due()), (after(5), Some(after(5))));
        timer.refresh(after(4), false);
        assert_eq!(timer.due(), Some(after(5)));
        timer.refresh(after(5), false);
        assert_eq!(timer.due(), None);
        timer.reset(after(9));
        timer.refresh(after(5), true);
        assert_eq!(timer.due(), None);
    }
}
