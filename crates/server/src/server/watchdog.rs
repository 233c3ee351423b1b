//! The watchdog of a server: it sees handlers that block their thread, keeps the other threads at
//! work, and says which handler it is.
//!
//! Of the workers of a tokio runtime that have nothing to do, one waits for the sockets and the others
//! for it to share. If it gets one task and that blocks, nobody waits for the sockets, and connections
//! stand still that other workers could serve. A task that comes from outside wakes one of them, which
//! waits for the sockets when it is done: the watchdog spawns one while a handler is polled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use dubhe_core::log::OncePerSecond;
use dubhe_net::poll_watch::{PollUnderWay, PollWatch};
use dubhe_net::time;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;
use tracing::dispatcher;

use crate::table::ServiceTable;

/// The time between two looks.
const TICK: Duration = Duration::from_millis(10);

/// A thread that ends with its owner.
#[derive(Debug)]
pub(super) struct Watchdog {
    ended: Arc<AtomicBool>,
    thread: Thread,
}

impl Watchdog {
    /// Watches over the polls of the handlers of `services`, and warns of one that lasts for
    /// `threshold`. Must be called within the runtime of the connections. `None` if the system gives
    /// no thread.
    pub(super) fn start(
        watch: Arc<PollWatch>,
        services: Arc<ServiceTable>,
        threshold: Duration,
    ) -> Option<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let mut rounds = Rounds::new(watch, services, threshold);
        // A subscriber of the caller alone sees the warnings too.
        let subscriber = dispatcher::get_default(Clone::clone);
        let until = ended.clone();
        let run = move || {
            dispatcher::with_default(&subscriber, || {
                while !until.load(Ordering::Acquire) {
                    thread::park_timeout(TICK);
                    rounds.look();
                }
            });
        };
        match thread::Builder::new().name("dubhe-watchdog".into()).spawn(run) {
            Ok(started) => Some(Self { ended, thread: started.thread().clone() }),
            Err(error) => {
                tracing::warn!(%error, "no watchdog: handlers that block their thread are not told of");
                None
            }
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// A poll that is watched.
struct Watched {
    poll: PollUnderWay,
    /// The tick at which it was seen first.
    since: u64,
    warning: Warning,
}

/// The warning of a poll that lasts long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Warning {
    NotDue,
    /// The line waits for its turn: there is one a second.
    Due,
    Logged,
}

/// The looks at the polls, one after the other.
struct Rounds {
    watch: Arc<PollWatch>,
    services: Arc<ServiceTable>,
    runtime: Handle,
    threshold: Duration,
    /// Ticks so far.
    now: u64,
    found: Vec<PollUnderWay>,
    /// The polls of the last look.
    polls: Vec<Watched>,
    nudge: Nudge,
    /// The last warnings while workers were free, and while none was.
    logs: [OncePerSecond; 2],
}

impl Rounds {
    fn new(watch: Arc<PollWatch>, services: Arc<ServiceTable>, threshold: Duration) -> Self {
        Self {
            watch,
            services,
            runtime: Handle::current(),
            threshold,
            now: 0,
            found: Vec::new(),
            polls: Vec::new(),
            nudge: Nudge::default(),
            logs: Default::default(),
        }
    }

    fn look(&mut self) {
        self.now += 1;
        self.watch.look(&mut self.found);
        self.polls.retain(|watched| self.found.contains(&watched.poll));
        for poll in &self.found {
            if !self.polls.iter().any(|known| known.poll == *poll) {
                let (poll, since, warning) = (*poll, self.now, Warning::NotDue);
                self.polls.push(Watched { poll, since, warning });
            }
        }
        if self.polls.is_empty() {
            return;
        }
        let none_free = !self.nudge.again(&self.runtime, self.now);
        let mut polls = std::mem::take(&mut self.polls);
        for Watched { poll, since, warning } in &mut polls {
            let lasts = self.lasts(*since);
            if *warning != Warning::Logged && lasts >= self.threshold {
                let events = u64::from(*warning == Warning::NotDue);
                let logged = self.warn(*poll, lasts, none_free, events);
                *warning = if logged { Warning::Logged } else { Warning::Due };
            }
        }
        self.polls = polls;
    }

    /// The time that a poll seen first at the tick `since` has lasted at least.
    fn lasts(&self, since: u64) -> Duration {
        TICK * u32::try_from(self.now - since).unwrap_or(u32::MAX)
    }

    /// Warns of a poll, for which `events` are counted. Returns `false` if there was a line less than a
    /// second ago.
    #[cold]
    fn warn(&self, poll: PollUnderWay, lasts: Duration, none_free: bool, events: u64) -> bool {
        let [some, none] = &self.logs;
        let log = if none_free { none } else { some };
        let Some(handlers) = log.count_all(events, time::now()) else { return false };
        let method = self.services.name_of(poll.key());
        let method = method.unwrap_or_else(|| "a mounted service or another dispatch".into());
        let workers = self.runtime.metrics().num_workers();
        if none_free {
            tracing::warn!(
                %method, ?lasts, workers, handlers,
                "a handler blocks its thread and no worker of the runtime is free: all connections \
                 wait; run what blocks in tokio::task::spawn_blocking, or export the service isolated"
            );
        } else {
            tracing::warn!(
                %method, ?lasts, workers, handlers,
                "a handler blocks its thread, and the other calls of its connection wait; run what \
                 blocks in tokio::task::spawn_blocking, or export the service isolated"
            );
        }
        true
    }
}

/// A task from outside, which runs as soon as a worker is free.
#[derive(Default)]
struct Nudge {
    last: Option<JoinHandle<()>>,
    /// The tick of its start.
    since: u64,
}

impl Nudge {
    /// Wakes a worker. False if none was free since the last look.
    fn again(&mut self, runtime: &Handle, now: u64) -> bool {
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            // The only thread is the one that is looked at.
            return false;
        }
        if self.last.as_ref().is_some_and(|last| !last.is_finished()) {
            return now - self.since < 2;
        }
        self.last = Some(runtime.spawn(async {}));
        self.since = now;
        true
    }
}

impl Drop for Nudge {
    fn drop(&mut self) {
        if let Some(last) = &self.last {
            last.abort();
        }
    }
}
