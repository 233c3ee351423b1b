//! The connection's one timer. It is moved only to an earlier moment: a deadline that went away
//! lets it ring in vain, which is cheaper than moving it for each call.

use std::{future::Future, pin::Pin, task::Context, time::Instant};

use tokio::time::{Sleep, sleep_until};

pub(super) struct Timer {
    sleep: Pin<Box<Sleep>>,
    armed: Option<Instant>,
}

impl Timer {
    /// A timer that fires only once it is armed.
    pub(super) fn new(now: Instant) -> Self {
        Self { sleep: Box::pin(sleep_until(now.into())), armed: None }
    }

    /// The moment for which it is armed.
    pub(super) fn armed(&self) -> Option<Instant> {
        self.armed
    }

    /// Forgets a moment that has passed, or that another task waits for.
    pub(super) fn refresh(&mut self, now: Instant, moved: bool) {
        if moved || self.armed.is_some_and(|at| at <= now) {
            self.armed = None;
        }
    }

    /// Makes sure that the task is woken at `at` or earlier.
    pub(super) fn arm(&mut self, at: Option<Instant>, cx: &mut Context<'_>) {
        let Some(at) = at else { return };
        if self.armed.is_some_and(|armed| armed <= at) {
            return;
        }
        self.sleep.as_mut().reset(at.into());
        self.armed = Some(at);
        if self.sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}
