//! The handlers that run in a connection's own task: futures in slots that wake by number.
//!
//! A slot keeps its waker, so that a call which ends at its first poll costs no allocation, and
//! one that waits costs none once as many have waited before.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use dubhe_core::Invoking;
use dubhe_core::invoke::Outcome;
use dubhe_net::poll_watch::{PollKey, PollWatch, watched};
use parking_lot::Mutex;

use super::calls::remember;

/// The end of a handler: an outcome, or a panic.
pub(super) type HandlerResult = Result<Outcome, HandlerPanic>;

/// The panic of a handler.
#[derive(Debug)]
pub(super) struct HandlerPanic(pub(super) Box<dyn Any + Send>);

/// Handlers that run, each with a ticket of type `T`.
pub(super) struct HandlerSet<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    woken: Arc<Woken>,
    /// The slots that `woken` collected, until they are dealt with.
    batch: VecDeque<usize>,
    /// The watch over polls, where there is a watchdog.
    watch: Option<Arc<PollWatch>>,
    /// The bytes of the requests whose handlers run.
    bytes: usize,
}

struct Slot<T> {
    alarm: Arc<Alarm>,
    waker: Waker,
    task: Option<RunningHandler<T>>,
}

struct RunningHandler<T> {
    invoking: Invoking,
    ticket: T,
    key: PollKey,
    bytes: usize,
}

/// The slots to poll, and the task to wake for it.
#[derive(Default)]
struct Woken(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    slots: Vec<usize>,
    driver: Option<Waker>,
}

struct Alarm {
    slot: usize,
    /// The slot is in the queue already.
    queued: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let driver = {
            let mut queue = self.woken.0.lock();
            queue.slots.push(self.slot);
            queue.driver.take()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

impl<T> HandlerSet<T> {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            woken: Arc::default(),
            batch: VecDeque::new(),
            watch: None,
            bytes: 0,
        }
    }

    /// Reports the polls to `watch`.
    pub(super) fn watch(&mut self, watch: Option<Arc<PollWatch>>) {
        self.watch = watch;
    }

    /// The number of handlers that run.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The bytes of the requests whose handlers run.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Runs what `begin` gives up to its first wait. `None` says that it goes on, with `ticket`
    /// kept until [`poll`](Self::poll) ends it. `key` is what the watch over polls is told, `bytes` the
    /// length of the request.
    pub(super) fn start(
        &mut self,
        key: PollKey,
        bytes: usize,
        begin: impl FnOnce() -> Invoking,
        ticket: T,
    ) -> Option<(HandlerResult, T)> {
        let index = self.free.last().copied().unwrap_or_else(|| self.add());
        let Some(slot) = self.slots.get_mut(index) else {
            return Some((Err(HandlerPanic(Box::new("no slot"))), ticket));
        };
        let mut cx = Context::from_waker(&slot.waker);
        let mut waits = None;
        let first = guarded(self.watch.as_deref(), key, || {
            let mut invoking = begin();
            let first = Pin::new(&mut invoking).poll(&mut cx);
            if first.is_pending() {
                waits = Some(invoking);
            }
            first
        });
        match first {
            Ok(Poll::Ready(outcome)) => Some((Ok(outcome), ticket)),
            Ok(Poll::Pending) => {
                slot.task = waits.map(|invoking| RunningHandler { invoking, ticket, key, bytes });
                self.bytes += bytes;
                self.free.pop();
                None
            }
            Err(panicked) => Some((Err(panicked), ticket)),
        }
    }

    fn add(&mut self) -> usize {
        let slot = self.slots.len();
        let alarm =
            Arc::new(Alarm { slot, queued: AtomicBool::new(false), woken: self.woken.clone() });
        self.slots.push(Slot { waker: Waker::from(alarm.clone()), alarm, task: None });
        self.free.push(slot);
        slot
    }

    /// Returns `true` if there is something to poll.
    pub(super) fn has_woken(&self) -> bool {
        !self.batch.is_empty() || !self.woken.0.lock().slots.is_empty()
    }

    /// Polls the handlers that were woken and hands over those that ended, until `ended` has enough
    /// and returns `false`: the rest is polled next time. Gives the number of polls.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut ended: impl FnMut(HandlerResult, T) -> bool,
    ) -> u32 {
        let mut polls = 0;
        {
            let mut queue = self.woken.0.lock();
            self.batch.extend(queue.slots.drain(..));
            remember(&mut queue.driver, cx);
        }
        while let Some(index) = self.batch.pop_front() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            slot.alarm.queued.store(false, Ordering::Release);
            // Woken by something that outlived the handler: there is nothing to poll.
            let Some(RunningHandler { invoking, key, .. }) = &mut slot.task else { continue };
            let mut cx = Context::from_waker(&slot.waker);
            polls += 1;
            let watch = self.watch.as_deref();
            let end = match guarded(watch, *key, || Pin::new(invoking).poll(&mut cx)) {
                Ok(Poll::Pending) => continue,
                Ok(Poll::Ready(outcome)) => Ok(outcome),
                Err(panicked) => Err(panicked),
            };
            if let Some(RunningHandler { invoking, ticket, key, bytes }) = slot.task.take() {
                self.free.push(index);
                self.bytes -= bytes;
                let _ = guarded(watch, key, || drop(invoking));
                if !ended(end, ticket) {
                    break;
                }
            }
        }
        polls
    }

    /// Drops the handlers whose ticket `is_over`, which cancels them, and hands over the tickets.
    pub(super) fn cancel_where(
        &mut self,
        mut is_over: impl FnMut(&T) -> bool,
        mut cancelled: impl FnMut(T),
    ) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.task.as_ref().is_some_and(|running| is_over(&running.ticket))
                && let Some(RunningHandler { invoking, ticket, key, bytes }) = slot.task.take()
            {
                self.free.push(index);
                self.bytes -= bytes;
                let _ = guarded(self.watch.as_deref(), key, || drop(invoking));
                cancelled(ticket);
            }
        }
    }
}

/// Runs a piece of a handler, which `watch` is told of; its panic is its own.
fn guarded<R>(
    watch: Option<&PollWatch>,
    key: PollKey,
    run: impl FnOnce() -> R,
) -> Result<R, HandlerPanic> {
    // Whatever a panic left half done is dropped with the handler, or shared by its own choice.
    catch_unwind(AssertUnwindSafe(|| watched(watch, key, run))).map_err(HandlerPanic)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use dubhe_core::{Code, Payload, Reply, Status, Value};
    use tokio::sync::oneshot;

    use super::*;

    const KEY: PollKey = PollKey::NONE;
    const BYTES: usize = 100;

    fn done() -> Reply {
        Reply::new(Payload::dynamic(Value::Null))
    }

    fn waits(on: oneshot::Receiver<()>) -> Invoking {
        Invoking::boxed(async move {
            on.await.map_err(|_| Status::new(Code::Cancelled, "dropped"))?;
            Ok(done())
        })
    }

    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll(handlers: &mut HandlerSet<u8>, waker: &Waker) -> Vec<(bool, u8)> {
        let mut ended = Vec::new();
        handlers.poll(&mut Context::from_waker(waker), |end, t| {
            ended.push((end.is_ok(), t));
            true
        });
        ended
    }

    #[test]
    fn handlers_end_in_the_order_they_wake_and_wake_the_driver_once() {
        let mut handlers = HandlerSet::new();
        let counts = Arc::new(Counts::default());
        let waker = Waker::from(counts.clone());
        let (a, on_a) = oneshot::channel();
        let (b, on_b) = oneshot::channel();
        assert!(handlers.start(KEY, BYTES, || waits(on_a), 1).is_none());
        assert!(handlers.start(KEY, BYTES, || waits(on_b), 2).is_none());
        assert!(matches!(
            handlers.start(KEY, BYTES, || Invoking::ready(Ok(done())), 3),
            Some((Ok(Ok(_)), 3))
        ));
        assert_eq!(handlers.bytes(), 2 * BYTES);
        assert_eq!(poll(&mut handlers, &waker), []);
        b.send(()).unwrap();
        a.send(()).unwrap();
        assert_eq!(counts.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut handlers, &waker), [(true, 2), (true, 1)]);
        assert_eq!((handlers.len(), handlers.slots.len(), handlers.bytes()), (0, 3, 0));
    }

    #[test]
    fn who_has_enough_gets_the_rest_next_time() {
        let mut handlers = HandlerSet::new();
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
        for (on, ticket) in receivers.into_iter().zip(0_u8..) {
            assert!(handlers.start(KEY, BYTES, || waits(on), ticket).is_none());
        }
        for go in senders {
            go.send(()).unwrap();
        }
        for ticket in 0..3 {
            assert!(handlers.has_woken());
            let mut ended = Vec::new();
            handlers.poll(&mut Context::from_waker(Waker::noop()), |_, t| {
                ended.push(t);
                false
            });
            assert_eq!((ended, handlers.len()), (vec![ticket], 2 - usize::from(ticket)));
        }
        assert!(!handlers.has_woken());
    }

    #[test]
    fn a_panic_ends_one_handler_at_any_poll() {
        let mut handlers = HandlerSet::new();
        assert!(matches!(
            handlers.start(KEY, BYTES, || panic!("in invoke"), 1),
            Some((Err(HandlerPanic(_)), 1))
        ));
        let (go, on) = oneshot::channel::<()>();
        let late = Invoking::boxed(async move {
            let _ = on.await;
            panic!("after a wait")
        });
        assert!(handlers.start(KEY, BYTES, || late, 2).is_none());
        go.send(()).unwrap();
        assert_eq!(poll(&mut handlers, Waker::noop()), [(false, 2)]);
        assert_eq!((handlers.len(), handlers.bytes()), (0, 0));
    }

    #[test]
    fn cancelling_drops_the_handler() {
        let mut handlers = HandlerSet::new();
        let (mut gone, on) = oneshot::channel();
        assert!(handlers.start(KEY, BYTES, || waits(on), 1).is_none());
        let mut cancelled = Vec::new();
        handlers.cancel_where(|t| *t == 1, |t| cancelled.push(t));
        assert_eq!(cancelled, [1]);
        assert!(gone.poll_closed(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!((handlers.len(), handlers.bytes()), (0, 0));
    }
}
