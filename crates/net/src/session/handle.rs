//! The way into a running connection from other tasks.

use std::{
    borrow::Cow,
    fmt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Waker,
    time::Instant,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{CloseReason, Outbox, SessionOptions};
use crate::io::ConnectionInfo;

/// A connection as other tasks see it: they encode into its queue, ask for ticks, close it and
/// wait for its end. Clones are the same connection; dropping them does not close it.
#[derive(Clone)]
pub struct Handle {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    peer: ConnectionInfo,
    high_water: usize,
    queue: Mutex<Queue>,
    /// Bytes that the driver took from the queue or a session wrote, and that the transport has
    /// not taken yet.
    unsent: AtomicUsize,
    closed: AtomicBool,
    /// The number of callers that await `room`; the driver notifies only when there are any.
    waiting: AtomicUsize,
    room: Notify,
    ended: Notify,
}

#[derive(Default)]
struct Queue {
    out: Outbox,
    /// The number of messages in it.
    messages: usize,
    close: Option<CloseReason>,
    closed: Option<CloseReason>,
    driver: Option<Waker>,
    driver_state: DriverState,
}

/// The state of the driver, which decides if a change of the queue must wake it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum DriverState {
    /// The driver sleeps: any change needs a wake.
    #[default]
    Asleep,
    /// The driver is about to look: no change needs a wake.
    Coming,
    /// The driver waits for the transport to take bytes: only a tick before this moment needs a
    /// wake.
    Blocked(Option<Instant>),
}

impl Queue {
    /// The waker to call for the driver to see what changed, if one is needed.
    fn alarm(&mut self, urgent: bool) -> Option<Waker> {
        let needed = match self.driver_state {
            DriverState::Asleep => true,
            DriverState::Coming => false,
            DriverState::Blocked(armed) => {
                let asked = self.out.tick();
                urgent || asked.is_some_and(|asked| armed.is_none_or(|armed| asked < armed))
            }
        };
        if !needed {
            return None;
        }
        self.driver_state = DriverState::Coming;
        self.driver.clone()
    }
}

/// The reason for which [`Handle::send`] did not take a message. Nothing was encoded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SendError {
    /// The queue is above the high-water mark; await [`Handle::ready`] or refuse work.
    Full {
        /// Bytes that wait.
        queued: usize,
        /// The mark.
        limit: usize,
    },
    /// The connection has ended.
    Closed(CloseReason),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { queued, limit } => write!(
                f,
                "{queued} bytes wait for the peer, above the limit of {limit}: send less, or raise write_high_water"
            ),
            Self::Closed(why) => write!(f, "connection {why}"),
        }
    }
}

impl std::error::Error for SendError {}

impl Handle {
    pub(super) fn new(peer: ConnectionInfo, options: &SessionOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                peer,
                high_water: options.write_high_water,
                queue: Mutex::default(),
                unsent: AtomicUsize::new(0),
                closed: AtomicBool::new(false),
                waiting: AtomicUsize::new(0),
                room: Notify::new(),
                ended: Notify::new(),
            }),
        }
    }

    /// Appends one or more whole frames, which `encode` writes, to the connection's queue; they are
    /// written in one batch with whatever else waits. `encode` runs under the queue's lock: no
    /// waiting, and no call of this handle inside. A deadline for the answer goes in with
    /// [`Outbox::tick_at`].
    ///
    /// # Errors
    /// [`SendError::Full`] above the high-water mark and [`SendError::Closed`] after the end;
    /// `encode` was not called then.
    pub fn send<R>(&self, encode: impl FnOnce(&mut Outbox) -> R) -> Result<R, SendError> {
        let shared = &*self.shared;
        let mut queue = shared.queue.lock();
        if let Some(why) = queue.closed.as_ref().or(queue.close.as_ref()) {
            return Err(SendError::Closed(why.clone()));
        }
        let queued = shared.unsent.load(Ordering::Relaxed) + queue.out.len();
        if queued >= shared.high_water {
            return Err(SendError::Full { queued, limit: shared.high_water });
        }
        let result = encode(&mut queue.out);
        queue.messages += 1;
        let driver = queue.alarm(false);
        drop(queue);
        if let Some(driver) = driver {
            driver.wake();
        }
        Ok(result)
    }

    /// Waits until [`send`](Self::send) would take a message. Others may be faster: on `Full`,
    /// wait again.
    ///
    /// # Errors
    /// The reason, once the connection has ended.
    pub async fn ready(&self) -> Result<(), CloseReason> {
        /// Counts one caller for as long as it waits.
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }

        let shared = &*self.shared;
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&shared.waiting);
        loop {
            let mut room = pin!(shared.room.notified());
            room.as_mut().enable();
            {
                let queue = shared.queue.lock();
                if let Some(why) = queue.closed.as_ref().or(queue.close.as_ref()) {
                    return Err(why.clone());
                }
                if shared.unsent.load(Ordering::SeqCst) + queue.out.len() < shared.high_water {
                    return Ok(());
                }
            }
            room.await;
        }
    }

    /// The number of bytes that wait for the peer.
    pub fn queued(&self) -> usize {
        self.shared.unsent.load(Ordering::Relaxed) + self.shared.queue.lock().out.len()
    }

    /// Asks for a tick at `at`, or earlier; see [`Outbox::tick_at`].
    pub fn tick_at(&self, at: Instant) {
        self.alarm(|queue| queue.out.tick_at(at));
    }

    /// Wakes the driver to poll the session, for something it shares with this caller that changed.
    pub fn wake(&self) {
        self.alarm(|_| {});
    }

    /// Writes what is queued, then closes. The first reason given stays.
    pub fn close(&self, reason: impl Into<Cow<'static, str>>) {
        let reason = reason.into();
        self.alarm(|queue| {
            queue.close.get_or_insert(CloseReason::Local(reason));
        });
    }

    /// Closes at once; what is queued is lost.
    pub fn abort(&self, reason: impl Into<Cow<'static, str>>) {
        let reason = reason.into();
        self.alarm(|queue| queue.close = Some(CloseReason::Aborted(reason)));
    }

    /// Returns true if the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// The reason for the end of the connection, if it has ended.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.shared.queue.lock().closed.clone()
    }

    /// Waits for the end of the connection. It comes when nothing more is read or accepted for
    /// sending; the last writes may still be under way.
    pub async fn closed(&self) -> CloseReason {
        loop {
            let mut ended = pin!(self.shared.ended.notified());
            ended.as_mut().enable();
            if let Some(why) = self.close_reason() {
                return why;
            }
            ended.await;
        }
    }

    /// The two ends of the connection.
    pub fn peer(&self) -> &ConnectionInfo {
        &self.shared.peer
    }

    /// Changes the queue and wakes the driver whatever it said.
    fn alarm(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.shared.queue.lock();
        change(&mut queue);
        let driver = queue.alarm(true);
        drop(queue);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

/// The news for the driver when it takes what is queued.
pub(super) struct QueueNews {
    pub(super) close: Option<CloseReason>,
    /// The driver's task is another than last time: timers must wake it.
    pub(super) moved: bool,
    /// The number of messages that were queued.
    pub(super) messages: usize,
}

/// The driver's side.
impl Shared {
    /// Returns true if other tasks have queued bytes, so that the driver does well to let them
    /// queue more. If so, it must look again without being woken.
    pub(super) fn defer(&self, waker: &Waker) -> bool {
        let mut queue = self.queue.lock();
        let known = queue.driver.as_ref().is_some_and(|old| old.will_wake(waker));
        if !known || queue.out.is_empty() || queue.close.is_some() {
            return false;
        }
        queue.driver_state = DriverState::Coming;
        true
    }

    /// Moves what other tasks queued to the end of `out`.
    pub(super) fn take(&self, waker: &Waker, out: &mut Outbox) -> QueueNews {
        let mut queue = self.queue.lock();
        queue.driver_state = DriverState::Asleep;
        let moved = !queue.driver.as_ref().is_some_and(|old| old.will_wake(waker));
        if moved {
            queue.driver = Some(waker.clone());
        }
        out.append(&mut queue.out);
        // Published before the lock is released, so that no sender misses bytes in between.
        self.unsent.store(out.len(), Ordering::SeqCst);
        let messages = std::mem::take(&mut queue.messages);
        QueueNews { close: queue.close.take(), moved, messages }
    }

    /// Notes that writing has to wait: the transport will wake the driver, senders need not, unless
    /// they want a tick before `armed`.
    pub(super) fn blocked(&self, armed: Option<Instant>) {
        let mut queue = self.queue.lock();
        if queue.out.is_empty() && queue.out.tick().is_none() && queue.close.is_none() {
            queue.driver_state = DriverState::Blocked(armed);
        }
    }

    /// Publishes how much the transport has not taken yet and lets waiting senders go on when that
    /// is below half the mark.
    pub(super) fn publish_unsent(&self, unsent: usize) {
        self.unsent.store(unsent, Ordering::SeqCst);
        if unsent <= self.high_water / 2 && self.waiting.load(Ordering::SeqCst) > 0 {
            self.room.notify_waiters();
        }
    }

    /// Ends the connection for everybody; what was queued goes to `out`.
    pub(super) fn end(&self, why: &CloseReason, out: &mut Outbox) {
        let mut queue = self.queue.lock();
        out.append(&mut queue.out);
        // The session may ask how much never left.
        self.unsent.store(out.len(), Ordering::SeqCst);
        queue.closed = Some(why.clone());
        queue.driver = None;
        drop(queue);
        self.closed.store(true, Ordering::Release);
        self.ended.notify_waiters();
        self.room.notify_waiters();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("peer", &self.shared.peer)
            .field("queued", &self.queued())
            .field("closed", &self.is_closed())
            .finish()
    }
}
