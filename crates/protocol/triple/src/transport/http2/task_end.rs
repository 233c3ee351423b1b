//! The end of the task that drives a connection of a client, for reasons beside the connection's own.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;

/// A reason to end that only grows, and the one task that waits for it. The task looks each time it
/// is woken, at least twice a call, so a look is one load and one comparison of wakers.
#[derive(Debug, Default)]
pub(super) struct TaskEnd {
    reason: AtomicU8,
    waker: AtomicWaker,
}

impl TaskEnd {
    /// The end after the last use of the connection.
    pub(super) const UNUSED: u8 = 1;
    /// The end at once.
    pub(super) const CLOSED: u8 = 2;

    /// Sets the reason, unless there is a stronger one.
    pub(super) fn set(&self, reason: u8) {
        self.reason.fetch_max(reason, Ordering::Release);
        self.waker.wake();
    }

    /// Waits for this reason or a stronger one. One task may wait at a time.
    pub(super) async fn reaches(&self, reason: u8) {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.reason.load(Ordering::Acquire) >= reason {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}
