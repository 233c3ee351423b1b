//! The place where handlers run: the connection's task while they are quick, their own tasks while
//! they are not, so that one slow handler does not hold up the other calls of its connection, and
//! several of them use several cores.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use dubhe_core::invoke::Outcome;
use dubhe_core::{Code, Invoking, Status};
use dubhe_net::poll_watch::{PollKey, PollWatch, watched};
use dubhe_net::work;
use parking_lot::Mutex;
use std::future::poll_fn;
use tokio::task::JoinHandle;

/// A handler that keeps the connection's task this long between two waits is slow. A task of its
/// own costs about a hundredth of it.
const SLOW_POLL: Duration = Duration::from_micros(100);

/// The number of calls that get tasks of their own before the connection's task is tried again.
const OFFLOADED_CALLS: u32 = 64;

/// The number of replies that may be ready in tasks before the connection takes one, unless an option
/// says otherwise; it takes none while too much waits for its peer. Above it handlers in tasks do not go
/// on.
pub(crate) const MAX_READY: usize = 16;

/// Watches how long the handlers of a connection keep its task.
#[derive(Debug)]
pub(super) struct Offload {
    left: u32,
    ready: Arc<ReadyReplies>,
}

impl Offload {
    /// No slow handler yet; at most `most` replies in tasks, but one at least.
    pub(super) fn new(most: usize) -> Self {
        let ready = ReadyReplies { most: most.max(1), ..ReadyReplies::default() };
        Self { left: 0, ready: Arc::new(ready) }
    }

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

    /// Runs `begin` and what it gives in a task that ends with the returned value. `begin` decodes
    /// `bytes`; when they are many, other tasks go on meanwhile.
    pub(super) fn spawn(
        &self,
        watch: Option<Arc<PollWatch>>,
        key: PollKey,
        bytes: usize,
        begin: impl FnOnce() -> Invoking + Send + 'static,
    ) -> Invoking {
        let ready = self.ready.clone();
        Invoking::boxed(Spawned(tokio::spawn(async move {
            poll_fn(|cx| ready.poll_room(cx)).await;
            let watch = watch.as_deref();
            let mut invoking = watched(watch, key, || work::give_way(bytes, begin));
            let outcome = poll_fn(|cx| {
                ready!(ready.poll_room(cx));
                watched(watch, key, || Pin::new(&mut invoking).poll(cx))
            });
            let outcome = outcome.await;
            (outcome, ready.enter())
        })))
    }
}

/// Replies of handlers in tasks that the connection has not taken yet.
#[derive(Debug, Default)]
struct ReadyReplies {
    most: usize,
    count: AtomicUsize,
    /// The tasks that wait for room.
    waiting: Mutex<Vec<Waker>>,
}

impl ReadyReplies {
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        let mut waiting = self.waiting.lock();
        // A reply that is taken from here on wakes whoever is in the list.
        if self.has_room() {
            return Poll::Ready(());
        }
        waiting.push(cx.waker().clone());
        Poll::Pending
    }

    fn has_room(&self) -> bool {
        self.count.load(Ordering::Acquire) < self.most
    }

    fn enter(self: Arc<Self>) -> ReadyReply {
        self.count.fetch_add(1, Ordering::AcqRel);
        ReadyReply(self)
    }
}

/// Counts one reply until it is taken, or lost with its call.
struct ReadyReply(Arc<ReadyReplies>);

impl Drop for ReadyReply {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == self.0.most {
            let waiting = std::mem::take(&mut *self.0.waiting.lock());
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

struct Spawned(JoinHandle<(Outcome, ReadyReply)>);

impl Future for Spawned {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok((outcome, _)) => outcome,
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
        let (mut offload, begin) = (Offload::new(MAX_READY), Instant::now());
        offload.observe(begin, begin + SLOW_POLL * 16, 16);
        assert!(!offload.next(100));
        offload.observe(begin, begin + SLOW_POLL * 2, 1);
        assert_eq!((0..200).filter(|_| offload.next(100)).count(), OFFLOADED_CALLS as usize);
    }

    #[test]
    fn replies_in_tasks_have_a_limit_of_one_at_least() {
        for (option, most) in [(0, 1), (1, 1), (3, 3)] {
            let ready = Offload::new(option).ready;
            let mut cx = Context::from_waker(Waker::noop());
            let mut taken: Vec<_> = (1..most).map(|_| ready.clone().enter()).collect();
            assert!(ready.poll_room(&mut cx).is_ready(), "{option}");
            taken.push(ready.clone().enter());
            assert!(ready.poll_room(&mut cx).is_pending(), "{option}");
            assert_eq!(ready.waiting.lock().len(), 1);
            // One above, of a task that went on before.
            let above = ready.clone().enter();
            drop(taken.pop());
            assert!(ready.poll_room(&mut cx).is_pending(), "{option}");
            drop(above);
            assert!(ready.waiting.lock().is_empty(), "those that wait are woken");
            assert!(ready.poll_room(&mut cx).is_ready(), "{option}");
        }
    }

    #[test]
    fn a_large_request_is_decoded_apart() {
        let mut offload = Offload::new(MAX_READY);
        assert!(!offload.next(work::LONG));
        assert!(offload.next(work::LONG + 1));
        assert!(!offload.next(work::LONG));
    }
}
