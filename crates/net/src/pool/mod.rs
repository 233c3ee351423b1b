//! A pool of connections to one endpoint.
//!
//! A pool keeps [`PoolOptions::connections`] slots. Each connects when it is first wanted and
//! again whenever its connection ends, with full-jitter backoff and never more than one attempt at
//! a time, so that a dead endpoint costs nothing but a timer. Picking is synchronous and
//! allocates nothing: the least loaded of the ready ones, or one nearly so, because calls that are
//! made together leave in one write only when they share a connection.

mod backoff;
mod slot;

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use dubhe_core::random::RandomSource;
use dubhe_core::time::after;
use tokio::sync::watch;

pub use backoff::Backoff;

use crate::{Error, ErrorKind, Result, drain::Scope, time};
use slot::{Pause, Slot};

/// The largest load by which the connection picked last may exceed the least loaded one and still
/// be picked.
pub const LOAD_SLACK: usize = 8;

/// The life after which a connection that ends without an answer was idle rather than bad.
const IDLE_LIFE: Duration = Duration::from_mins(1);

/// The state of a connection or of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// No connection; nobody has asked, or all attempts so far have failed.
    Idle,
    /// An attempt is under way or waits for its time.
    Connecting,
    /// A connection takes work.
    Ready,
    /// A connection stands, but its peer answers nothing; work waits until it does.
    Hung,
    /// A connection takes no more work, but what it has goes on.
    Draining,
    /// The end: the connection or the pool takes no work again.
    Closed,
}

/// A connection that a pool can hold. Clones are the same connection.
pub trait Connection: Clone + Send + Sync + 'static {
    /// The load now, such as the calls in flight; the least loaded connection is picked.
    fn load(&self) -> usize;

    /// Returns true if it takes new work.
    fn is_ready(&self) -> bool;

    /// Returns true while its peer answers nothing: it takes no new work for the moment. Default:
    /// never.
    fn is_hung(&self) -> bool {
        false
    }

    /// Resolves when [`is_hung`](Self::is_hung) is no longer `seen`.
    fn hung_changed(&self, seen: bool) -> impl Future<Output = ()> + Send {
        let _ = seen;
        pending()
    }

    /// Returns true once the peer has answered something: a call or a heartbeat.
    fn has_answered(&self) -> bool;

    /// The error with which it ended. Callers that wait for another connection in vain are told of it
    /// if nothing was answered over this one. Default: none.
    fn failure(&self) -> Option<Error> {
        None
    }

    /// Resolves when it takes no more work, for whatever reason.
    fn draining(&self) -> impl Future<Output = ()> + Send;

    /// Takes no more work; closes when what it has is done, at once with `now`.
    fn close(&self, now: bool);
}

/// Opens connections for a pool.
pub trait MakeConnection: Send + Sync + 'static {
    /// The type of its connections.
    type Conn: Connection;

    /// The endpoint that it connects to, as the log names it: `dubbo://127.0.0.1:20880`.
    fn endpoint(&self) -> impl fmt::Display;

    /// Opens a connection, within a time limit of its own.
    fn connect(&self) -> impl Future<Output = Result<Self::Conn>> + Send;
}

/// The bounds of a pool.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PoolOptions {
    /// The number of connections once all are wanted. Default 1, as Dubbo's `connections`
    /// shared by all services of an address.
    pub connections: usize,
    /// The pauses between attempts. Default from 1 s, times 1.6, to 120 s.
    pub backoff: Backoff,
    /// Logs lost connections at DEBUG alone, for an owner that tells of them itself. Default `false`.
    pub quiet: bool,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { connections: 1, backoff: Backoff::default(), quiet: false }
    }
}

/// Connections to one endpoint. Dropping it closes them.
pub struct Pool<C: MakeConnection> {
    shared: Arc<Shared<C>>,
    tasks: Scope,
    /// The slot picked last.
    last: AtomicUsize,
}

struct Shared<C: MakeConnection> {
    connect: C,
    options: PoolOptions,
    random: Arc<dyn RandomSource>,
    slots: Vec<Slot<C::Conn>>,
    state: watch::Sender<State>,
    /// The log has told that no connection can be made, and not yet that one was.
    lost: AtomicBool,
}

impl<C: MakeConnection> Pool<C> {
    /// A pool that connects when it is first used or warmed up. Must be called within a tokio
    /// runtime.
    pub fn new(connect: C, options: PoolOptions, random: Arc<dyn RandomSource>) -> Self {
        let slots = (0..options.connections.max(1)).map(|_| Slot::default()).collect();
        let shared = Arc::new(Shared {
            connect,
            options,
            random,
            slots,
            state: watch::Sender::new(State::Idle),
            lost: AtomicBool::new(false),
        });
        Self { shared, tasks: Scope::new(), last: AtomicUsize::new(0) }
    }

    /// A ready connection, `None` when there is none: the one picked last while it has at most
    /// [`LOAD_SLACK`] more to do than the least loaded, else that one. Starts to connect what is not
    /// connected, unless the pool is closed.
    pub fn pick(&self) -> Option<C::Conn> {
        let slots = &self.shared.slots;
        let last = self.last.load(Ordering::Relaxed);
        let (mut least, mut at_last, mut missing) = (None::<(usize, usize)>, None, false);
        for (index, slot) in slots.iter().enumerate() {
            match slot.load() {
                Some(load) => {
                    if index == last {
                        at_last = Some(load);
                    }
                    if least.is_none_or(|(_, other)| load < other) {
                        least = Some((index, load));
                    }
                }
                None => missing = true,
            }
        }
        if missing {
            self.warm_up();
        }
        let (index, load) = least?;
        let index = if at_last.is_some_and(|own| own <= load + LOAD_SLACK) { last } else { index };
        self.last.store(index, Ordering::Relaxed);
        slots.get(index)?.ready()
    }

    /// Waits for a ready connection. The pause before the next attempt becomes
    /// [`Backoff::awaited`] at most.
    ///
    /// # Errors
    /// The error of an attempt that failed after this call began, or of the last one when the next
    /// would begin after `deadline` or has not ended by then; a timeout at `deadline` where none has
    /// failed, or the peer answers nothing; or [`ErrorKind::Closed`].
    pub async fn ready(&self, deadline: Option<Instant>) -> Result<C::Conn> {
        let mut state = self.shared.state.subscribe();
        let begun = self.failures();
        let attempt = async {
            loop {
                state.borrow_and_update();
                if let Some(conn) = self.pick() {
                    return Ok(conn);
                }
                if self.state() == State::Closed {
                    return Err(Error::new(ErrorKind::Closed, "the pool is closed"));
                }
                let failed = self.failures() > begun;
                if !failed {
                    // Long pauses spare a peer that nobody calls.
                    self.shared.slots.iter().for_each(Slot::shorten_pause);
                }
                let hopeless = failed || self.pauses_beyond(deadline);
                if let Some(error) = self.last_error().filter(|_| hopeless) {
                    return Err(error);
                }
                if state.changed().await.is_err() {
                    return Err(Error::new(ErrorKind::Closed, "the pool is closed"));
                }
            }
        };
        match deadline {
            None => attempt.await,
            Some(at) => {
                tokio::select! {
                    outcome = attempt => outcome,
                    () = time::sleep_until(at) => {
                        let (kind, why) = match self.last_error() {
                            _ if self.state() == State::Hung => {
                                let why = "; the peer answers nothing, probes included".to_owned();
                                (ErrorKind::Timeout, why)
                            }
                            // Whether the next attempt began before the deadline is chance.
                            Some(error) => (error.kind(), format!("; the last attempt: {error}")),
                            None => (ErrorKind::Timeout, String::new()),
                        };
                        Err(Error::new(kind, format!("no connection was ready in time{why}")))
                    }
                }
            }
        }
    }

    /// Starts to connect every slot that is not connected.
    pub fn warm_up(&self) {
        let mut started = false;
        for (index, slot) in self.shared.slots.iter().enumerate() {
            if !self.shared.is_closed() && slot.start() {
                // Made before the task, which may be dropped before its first poll.
                let restart = Restart { shared: self.shared.clone(), index };
                self.tasks.spawn(async move { restart.shared.keep(index).await });
                started = true;
            }
        }
        // Only news is published: whoever awaits it picks again, which comes back here.
        if started {
            self.shared.publish();
        }
    }

    /// Ends the pauses before the next attempts to connect. Those that follow are as long as they would have
    /// been.
    pub fn reset_backoff(&self) {
        self.shared.slots.iter().for_each(Slot::end_pause);
    }

    /// The state of the pool as a whole: ready when one connection is.
    pub fn state(&self) -> State {
        *self.shared.state.borrow()
    }

    /// Watches changes of [`state`](Self::state), and failed attempts.
    pub fn changes(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// The error of the latest failed attempt, or of a connection that ended without an answer.
    pub fn last_error(&self) -> Option<Error> {
        self.shared.slots.iter().find_map(Slot::error)
    }

    /// Returns true while there is no connection and the last attempt was refused: nobody listens.
    pub fn is_refused(&self) -> bool {
        self.state() == State::Connecting && self.last_error().is_some_and(|e| e.is_refused())
    }

    /// Takes no more work; connections close when what they have is done, at once with `now`.
    pub fn close(&self, now: bool) {
        // First, so that an attempt that succeeds meanwhile closes what it opened.
        self.shared.state.send_replace(State::Closed);
        self.tasks.abort();
        self.shared.slots.iter().filter_map(Slot::take).for_each(|conn| conn.close(now));
    }

    fn failures(&self) -> u64 {
        self.shared.slots.iter().map(Slot::failures).sum()
    }

    /// Returns true if no slot will try again before `deadline`.
    fn pauses_beyond(&self, deadline: Option<Instant>) -> bool {
        deadline.is_some_and(|at| self.shared.slots.iter().all(|slot| slot.pauses_beyond(at)))
    }
}

impl<C: MakeConnection> Shared<C> {
    /// Keeps one slot connected for as long as the pool lives.
    async fn keep(&self, index: usize) {
        let Some(slot) = self.slots.get(index) else { return };
        let mut failures = 0;
        while !self.is_closed() {
            match self.attempt().await {
                Ok(conn) => {
                    let since = time::now();
                    slot.connected(conn.clone());
                    if self.is_closed() {
                        // The pool may have looked at the slot before.
                        conn.close(true);
                        return;
                    }
                    self.tell_connected();
                    self.serve(&conn).await;
                    slot.drain();
                    let lived = time::now().saturating_duration_since(since);
                    // A peer that takes connections and answers nothing is no better than one that
                    // is not there; one that closes connections which nobody used is.
                    let good = conn.has_answered() || lived >= IDLE_LIFE;
                    if good {
                        failures = 0;
                    } else {
                        failures += 1;
                        slot.broke_off(conn.failure());
                    }
                }
                Err(error) => {
                    failures += 1;
                    self.tell_lost(&error);
                    slot.failed(error);
                }
            }
            let backoff = &self.options.backoff;
            if failures > 0 {
                let (now, pause) = (time::now(), backoff.pause(failures, &*self.random));
                let soonest = after(now, backoff.awaited);
                slot.begin_pause(Pause { until: after(now, pause), soonest });
            }
            self.publish();
            slot.end_of_pause().await;
        }
    }

    /// Writes a line to the log for the first failure to connect while there is no connection.
    #[cold]
    fn tell_lost(&self, error: &Error) {
        let alone = self.slots.iter().all(|slot| slot.ready().is_none());
        if alone && !self.lost.swap(true, Ordering::AcqRel) {
            let provider = self.connect.endpoint();
            if self.options.quiet {
                tracing::debug!(endpoint = %provider, %error, "no connection");
            } else {
                tracing::warn!(%provider, %error, "no connection to a provider; trying again");
            }
        }
    }

    fn tell_connected(&self) {
        if self.lost.swap(false, Ordering::AcqRel) {
            let provider = self.connect.endpoint();
            if self.options.quiet {
                tracing::debug!(endpoint = %provider, "connected again");
            } else {
                tracing::info!(%provider, "connected to the provider again");
            }
        }
    }

    /// Waits until a connection takes no more work, and publishes what changes before.
    async fn serve(&self, conn: &C::Conn) {
        let mut draining = pin!(conn.draining());
        loop {
            let hung = conn.is_hung();
            self.publish();
            tokio::select! {
                biased;
                () = &mut draining => return,
                () = conn.hung_changed(hung) => {}
            }
        }
    }

    /// Tries to connect; a panic is a failure like others, with its pause.
    async fn attempt(&self) -> Result<C::Conn> {
        let mut connecting = pin!(async { self.connect.connect().await });
        let poll = |cx: &mut Context<'_>| {
            let poll = AssertUnwindSafe(|| connecting.as_mut().poll(cx));
            catch_unwind(poll).unwrap_or_else(|_| Poll::Ready(Err(panicked())))
        };
        poll_fn(poll).await
    }

    fn is_closed(&self) -> bool {
        *self.state.borrow() == State::Closed
    }

    /// Publishes the sum of the states of the slots. Failures do not change it, but whoever waits
    /// must look at them.
    fn publish(&self) {
        let all = || self.slots.iter();
        // Within the lock, so that of two slots that change at once the later one is right.
        self.state.send_modify(|state| {
            if *state == State::Closed {
                return;
            }
            *state = if all().any(|slot| slot.ready().is_some()) {
                State::Ready
            } else if all().any(Slot::is_hung) {
                State::Hung
            } else if all().any(Slot::is_draining) {
                State::Draining
            } else if all().any(Slot::is_started) {
                State::Connecting
            } else {
                State::Idle
            };
        });
    }
}

/// Starts a slot anew when its task ends while the pool lives: by a panic, such as one of its
/// connection, or with the runtime in which it ran.
struct Restart<C: MakeConnection> {
    shared: Arc<Shared<C>>,
    index: usize,
}

impl<C: MakeConnection> Drop for Restart<C> {
    fn drop(&mut self) {
        if self.shared.is_closed() {
            return;
        }
        let error = if std::thread::panicking() { panicked() } else { runtime_ended() };
        if let Some(slot) = self.shared.slots.get(self.index) {
            slot.restart(error);
        }
        self.shared.publish();
    }
}

#[cold]
fn panicked() -> Error {
    Error::new(ErrorKind::Io, "cannot connect: the attempt panicked; the log says where")
}

#[cold]
fn runtime_ended() -> Error {
    Error::new(ErrorKind::Closed, "the runtime in which the connection was has ended")
}

impl<C: MakeConnection> Drop for Pool<C> {
    fn drop(&mut self) {
        self.close(false);
    }
}

impl<C: MakeConnection> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("connections", &self.shared.slots.len())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
