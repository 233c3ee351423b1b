//! An orderly stop: a signal with phases, guards that count what is still going on, and scopes
//! whose tasks end with their owner.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use dubhe_core::time::after;
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    task::{JoinError, JoinSet},
};

use crate::time;

/// The longest time for which peers are not told because a listener is still open: its task may be stuck
/// behind a handler that blocks a thread.
const CLOSING: Duration = Duration::from_millis(100);

/// The progress of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Normal service.
    Running,
    /// Listeners close; those who are connected do not know yet, so that nobody connects anew to an
    /// address that is about to be closed.
    Closing,
    /// No new work; what has begun may end until the given moment.
    Draining {
        /// The end of patience.
        until: Instant,
    },
    /// The end of all work, now.
    Forced,
}

/// Starts a shutdown and waits for its end; the owner's side.
#[derive(Debug)]
pub struct Trigger {
    phase: watch::Sender<Phase>,
    counter: Arc<Counter>,
    listeners: Arc<Counter>,
}

/// Learns of a shutdown; everybody else's side. Cheap to clone.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Io; pub use dubhe_net::drain::{Phase, Shutdown}; } }
/// use dubhe::net::{Io, Phase, Shutdown};
/// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
///
/// /// A connection of a protocol of your own, which echoes until the server stops.
/// async fn echo(mut io: Io, mut shutdown: Shutdown) -> std::io::Result<()> {
///     let _guard = shutdown.guard(); // the server waits for it
///     let mut buffer = [0; 1024];
///     while shutdown.phase() == Phase::Running {
///         let read = tokio::select! {
///             read = io.read(&mut buffer) => read?,
///             _ = shutdown.draining() => break,
///         };
///         if read == 0 {
///             break;
///         }
///         io.write_all(&buffer[..read]).await?;
///     }
///     io.shutdown().await
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Shutdown {
    phase: watch::Receiver<Phase>,
    counter: Arc<Counter>,
    listeners: Arc<Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    live: AtomicUsize,
    none: Notify,
}

/// Work that is still going on; a shutdown waits until all of it is dropped.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::drain::{DrainGuard, Shutdown}; } }
/// use dubhe::net::{DrainGuard, Shutdown};
///
/// /// Runs work that a server waits for before it ends.
/// fn work(shutdown: &Shutdown, job: impl Future<Output = ()> + Send + 'static) {
///     let guard: DrainGuard = shutdown.guard();
///     tokio::spawn(async move {
///         job.await;
///         drop(guard);
///     });
/// }
/// ```
#[derive(Debug)]
pub struct DrainGuard(Arc<Counter>);

impl Default for Trigger {
    fn default() -> Self {
        Self::new()
    }
}

impl Trigger {
    /// A signal in [`Phase::Running`]. Dropping it forces the end.
    pub fn new() -> Self {
        let phase = watch::Sender::new(Phase::Running);
        Self { phase, counter: Arc::default(), listeners: Arc::default() }
    }

    /// The other side of the signal, which shows the phase and makes guards.
    pub fn shutdown(&self) -> Shutdown {
        let (counter, listeners) = (self.counter.clone(), self.listeners.clone());
        Shutdown { phase: self.phase.subscribe(), counter, listeners }
    }

    /// The number of guards that are alive.
    pub fn live(&self) -> usize {
        self.counter.live.load(Ordering::Acquire)
    }

    /// Waits until the listeners are closed, asks for no new work, waits until all guards are dropped or
    /// `until` has come, then forces the end. Returns how many guards were left then.
    pub async fn drain(&self, until: Instant) -> usize {
        self.phase.send_replace(Phase::Closing);
        tokio::select! {
            biased;
            () = self.listeners.emptied() => {}
            () = time::sleep_until(until.min(after(time::now(), CLOSING))) => {}
        }
        self.phase.send_replace(Phase::Draining { until });
        let emptied = self.emptied();
        tokio::select! {
            () = emptied => {}
            () = time::sleep_until(until) => {}
        }
        let left = self.live();
        self.phase.send_replace(Phase::Forced);
        left
    }

    /// Forces the end at once.
    pub fn force(&self) {
        self.phase.send_replace(Phase::Forced);
    }

    /// Wakes the tasks that wait for the shutdown, for something they share with this owner that
    /// changed. The phase stays.
    pub fn wake(&self) {
        self.phase.send_modify(|_| {});
    }

    /// Waits until all guards are dropped.
    pub async fn emptied(&self) {
        self.counter.emptied().await;
    }
}

impl Counter {
    fn guard(self: &Arc<Self>) -> DrainGuard {
        self.live.fetch_add(1, Ordering::AcqRel);
        DrainGuard(self.clone())
    }

    async fn emptied(&self) {
        loop {
            let mut none = std::pin::pin!(self.none.notified());
            none.as_mut().enable();
            if self.live.load(Ordering::Acquire) == 0 {
                return;
            }
            none.await;
        }
    }
}

impl Shutdown {
    /// The phase of the shutdown.
    pub fn phase(&self) -> Phase {
        if self.phase.has_changed().is_err() { Phase::Forced } else { *self.phase.borrow() }
    }

    /// Waits until no new work is wanted; returns when patience ends.
    pub async fn draining(&mut self) -> Phase {
        let drains = |phase: &Phase| !matches!(phase, Phase::Running | Phase::Closing);
        match self.phase.wait_for(drains).await {
            Ok(phase) => *phase,
            Err(_) => Phase::Forced,
        }
    }

    /// Waits until nothing more should be accepted.
    pub async fn closing(&mut self) {
        // An error means that the owner is gone.
        let _ = self.phase.wait_for(|phase| *phase != Phase::Running).await;
    }

    /// Waits until everything must end.
    pub async fn forced(&mut self) {
        // An error means that the owner is gone, which forces as well.
        let _ = self.phase.wait_for(|phase| *phase == Phase::Forced).await;
    }

    /// Counts something that is going on.
    pub fn guard(&self) -> DrainGuard {
        self.counter.guard()
    }

    /// Counts a listener; peers are told of the shutdown once all of them are closed and their guards
    /// dropped.
    pub fn listener(&self) -> DrainGuard {
        self.listeners.guard()
    }
}

impl Drop for DrainGuard {
    fn drop(&mut self) {
        if self.0.live.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

/// Tasks that belong to an owner; dropping it aborts those that still run.
#[derive(Default)]
pub struct Scope(Mutex<JoinSet<()>>);

impl Scope {
    /// No task yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `task` until it ends or the scope does. Must be called within a tokio runtime. A task
    /// that panics ends alone; the log has an error by the next `spawn` or `join`.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock();
        // What has ended is let go here, so that a long-lived scope does not grow.
        while let Some(ended) = tasks.try_join_next() {
            report(ended);
        }
        tasks.spawn(task);
    }

    /// Aborts all tasks and waits until they are gone, with everything they held.
    pub async fn join(self) {
        let mut tasks = self.0.into_inner();
        tasks.abort_all();
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    }

    /// Aborts all tasks.
    pub fn abort(&self) {
        self.0.lock().abort_all();
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a task panicked");
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({} tasks)", self.0.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn draining_waits_for_guards_but_not_for_ever() {
        let trigger = Trigger::new();
        let mut shutdown = trigger.shutdown();
        let (quick, stuck) = (shutdown.guard(), shutdown.guard());
        let started = time::now();
        let until = started + Duration::from_secs(10);
        let waiter = tokio::spawn(async move {
            assert_eq!(shutdown.draining().await, Phase::Draining { until });
            drop(quick);
            shutdown.forced().await;
        });
        assert_eq!(trigger.drain(until).await, 1);
        assert_eq!(time::now(), until);
        waiter.await.unwrap();
        drop(stuck);
        trigger.emptied().await;
    }

    #[tokio::test(start_paused = true)]
    async fn draining_ends_with_the_last_guard() {
        let trigger = Trigger::new();
        let guard = trigger.shutdown().guard();
        let start = time::now();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(guard);
        });
        assert_eq!(trigger.drain(start + Duration::from_secs(10)).await, 0);
        assert_eq!(time::now(), start + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn peers_are_told_once_listeners_are_closed_or_a_moment_later() {
        for (closes_after, told_after) in [(30, 30), (5_000, 100)] {
            let trigger = Trigger::new();
            let (mut listener, mut peer) = (trigger.shutdown(), trigger.shutdown());
            let (open, start) = (listener.listener(), time::now());
            tokio::spawn(async move {
                listener.closing().await;
                tokio::time::sleep(Duration::from_millis(closes_after)).await;
                drop(open);
            });
            let told = tokio::spawn(async move {
                peer.draining().await;
                time::now()
            });
            assert_eq!(trigger.drain(start + Duration::from_secs(10)).await, 0);
            assert_eq!(told.await.unwrap(), start + Duration::from_millis(told_after));
        }
    }

    #[tokio::test]
    async fn a_waiting_task_is_woken_and_waits_on() {
        let trigger = Trigger::new();
        let (mut shutdown, mut polls) = (trigger.shutdown(), 0);
        let mut draining = std::pin::pin!(shutdown.draining());
        let mut waits = std::pin::pin!(std::future::poll_fn(|cx| {
            polls += 1;
            match draining.as_mut().poll(cx) {
                std::task::Poll::Pending if polls == 2 => std::task::Poll::Ready(()),
                pending => pending.map(|phase| panic!("it is {phase:?}")),
            }
        }));
        tokio::select! {
            biased;
            () = &mut waits => panic!("nobody woke it"),
            () = std::future::ready(()) => {}
        }
        trigger.wake();
        waits.await;
    }

    #[tokio::test]
    async fn a_dropped_trigger_forces_and_a_dropped_scope_aborts() {
        let trigger = Trigger::new();
        let mut shutdown = trigger.shutdown();
        drop(trigger);
        shutdown.forced().await;
        assert_eq!(shutdown.phase(), Phase::Forced);

        let scope = Scope::new();
        let (alive, ended) = tokio::sync::oneshot::channel::<()>();
        scope.spawn(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        drop(scope);
        assert!(ended.await.is_err());
    }
}
