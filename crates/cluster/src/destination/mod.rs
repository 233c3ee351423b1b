//! Destinations: the endpoints that may answer a call, and the choice of one.
//!
//! Everything that depends on the set, or on the rules, is prepared when these change, by a task
//! and not by a caller. A pick then reads one immutable snapshot:
//!
//! ```text
//! routers narrow the set → those that are away are masked → the balancer picks
//! ```

mod parts;
mod pauses;
mod prepared;
mod subset;

use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use dubhe_core::balance::Balance;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Endpoints, TimeoutLimit};
use dubhe_core::plan::{Destination, Picked};
use dubhe_core::router::{Router, Trace};
use dubhe_core::time::{Instant, SharedClock};
use dubhe_core::{CallView, Endpoint, Provider};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::yield_now;

use self::parts::{Parts, Seen};
use self::pauses::Pauses;
use self::prepared::Prepared;
use crate::panicked::{PAUSE, Panicked, until};

/// The endpoints of a directory, narrowed by routers and picked from by a balancer.
pub struct BalancedDestination {
    parts: Parts,
    current: ArcSwap<Prepared>,
    /// The generation of the set that is prepared.
    prepared: watch::Sender<u64>,
    /// The reason why what is prepared is older than the set or the rules.
    failure: Mutex<Option<String>>,
    /// Wakes the task that prepares when a pick finds rules of another generation.
    outdated: Arc<Notify>,
}

impl BalancedDestination {
    /// A destination of these parts, prepared for the present set. Run [`Self::follow`] beside it
    /// unless neither the set nor the rules ever change.
    ///
    /// # Panics
    /// When a part does.
    pub fn new(
        directory: Arc<dyn Directory>,
        routers: Vec<Arc<dyn Router>>,
        balance: Arc<dyn Balance>,
        clock: SharedClock,
    ) -> Arc<Self> {
        Self::with_timeout_limit(directory, routers, balance, clock, TimeoutLimit::default())
    }

    /// The same with another limit of timeouts in a row.
    ///
    /// # Panics
    /// When a part does.
    pub fn with_timeout_limit(
        directory: Arc<dyn Directory>,
        routers: Vec<Arc<dyn Router>>,
        balance: Arc<dyn Balance>,
        clock: SharedClock,
        timeouts: TimeoutLimit,
    ) -> Arc<Self> {
        let changes = Arc::default();
        let parts = Parts { directory, routers, balance, clock, timeouts, changes };
        let current = parts.look().and_then(|seen| parts.prepare(seen));
        let current = current.unwrap_or_else(|panicked| panicked.resume());
        let prepared = watch::Sender::new(current.set().number());
        let current = ArcSwap::from_pointee(current);
        let outdated = Arc::default();
        Arc::new(Self { parts, current, prepared, failure: Mutex::default(), outdated })
    }

    /// Prepares anew whenever the directory or a router has changed, or a pick has found another
    /// generation of the rules, until the destination is dropped. When a part panics, picks go on
    /// from what was prepared before; parts are asked again on the next change, or 3 s later. A part
    /// that tells of a change and has none is asked again after 10 ms, doubling to 1 s; nothing is
    /// prepared for it.
    pub fn follow(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut seen = Some(self.current.load().seen().clone());
        // The time at which parts that panicked are asked again.
        let mut retry = None;
        let mut pauses = Pauses::default();
        let clock = self.parts.clock.clone();
        let this = Arc::downgrade(self);
        let mut alive = self.prepared.subscribe();
        let notify = self.outdated.clone();
        async move {
            loop {
                let changed = {
                    let Some(this) = this.upgrade() else { return };
                    seen.as_ref().map(|seen| this.parts.changed(seen, &pauses))
                };
                let changed = async {
                    match changed {
                        Some(changed) => changed.await.map(Some),
                        None => pending().await,
                    }
                };
                let changed = tokio::select! {
                    changed = changed => changed,
                    () = until(&clock, retry) => Ok(None),
                    () = outdated(&notify, &this, seen.as_ref()) => Ok(None),
                    // Only an error ends the wait: the destination is gone.
                    _ = alive.wait_for(|_| false) => return,
                };
                // A part whose changes never end must not keep the thread.
                yield_now().await;
                let Some(this) = this.upgrade() else { return };
                let failed = match changed {
                    Ok(Some(part)) if seen.as_ref().is_some_and(|seen| this.parts.are(seen)) => {
                        pauses.lengthen(part);
                        continue;
                    }
                    Ok(_) => {
                        pauses.clear();
                        let failed;
                        (seen, failed) = this.try_refresh();
                        failed
                    }
                    Err(panicked) => {
                        this.note(&panicked);
                        seen = None;
                        true
                    }
                };
                retry = failed.then(|| clock.now() + PAUSE);
            }
        }
    }

    /// Prepares for what directory and routers say now. When one of them or the balancer panics,
    /// what was prepared before stays.
    pub fn refresh(&self) {
        self.try_refresh();
    }

    /// Returns what parts have said, and `true` if one of them panicked.
    fn try_refresh(&self) -> (Option<Seen>, bool) {
        let seen = self.parts.look();
        let known = seen.as_ref().ok().cloned();
        let failed = match seen.and_then(|seen| self.parts.prepare(seen)) {
            Ok(prepared) => {
                let number = prepared.set().number();
                self.current.store(Arc::new(prepared));
                *self.failure.lock() = None;
                self.prepared.send_replace(number);
                false
            }
            Err(panicked) => {
                self.note(&panicked);
                true
            }
        };
        (known, failed)
    }

    fn note(&self, panicked: &Panicked) {
        tracing::error!(
            error = %panicked,
            "cannot prepare for the present endpoints; picks go on from those before"
        );
        *self.failure.lock() = Some(panicked.to_string());
    }

    /// Reports which endpoints each router leaves for this call at `now`, and by which rule; they have their
    /// places in [`Destination::snapshot`].
    pub fn trace(&self, call: &CallView<'_>, now: Instant) -> Trace {
        let mut trace = Trace::default();
        self.current.load().narrow(call, now, Some(&mut trace));
        trace
    }
}

/// Resolves once a pick has found rules that are not those of `seen`. Those that were seen, but could
/// not be prepared, wait for the next attempt.
async fn outdated(notify: &Notify, destination: &Weak<BalancedDestination>, seen: Option<&Seen>) {
    loop {
        notify.notified().await;
        let Some(destination) = destination.upgrade() else { return };
        if seen.is_some_and(|seen| destination.parts.is_outdated(seen)) {
            return;
        }
    }
}

impl Destination for BalancedDestination {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.current.load().set().clone()
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut number = self.prepared.subscribe();
        Box::pin(async move {
            // An error means that the destination is gone; then nothing changes any more.
            if number.wait_for(|n| *n != seen).await.is_err() {
                pending::<()>().await;
            }
        })
    }

    fn pick(&self, call: &CallView<'_>, tried: &[Provider], now: Instant) -> Option<Picked> {
        let current = self.current.load();
        if self.parts.is_outdated(current.seen()) {
            self.outdated.notify_one();
        }
        let subset = current.subset(call, &*self.parts.balance, now);
        let changes = &self.parts.changes;
        let seen = changes.count();
        let mut endpoint = subset.pick(call, tried, changes, now)?;
        // Of calls that come when a probe is due, the first that is sent is the probe; others that pick at
        // the same moment pick again. Without such a change all are passed over, so that all are asked.
        if changes.count() != seen && endpoint.state().is_away(now) {
            endpoint = subset.pick(call, tried, changes, now)?;
        }
        Some(self.pick_endpoint(&endpoint))
    }

    fn pick_endpoint(&self, endpoint: &Endpoint) -> Picked {
        Picked::new(endpoint, Some(self.parts.balance.clone()))
    }

    fn candidates(&self, call: &CallView<'_>, now: Instant) -> Vec<Endpoint> {
        self.current.load().subset(call, &*self.parts.balance, now).members().collect()
    }

    fn emptied_by(&self, call: &CallView<'_>, now: Instant) -> Option<(String, usize)> {
        let trace = self.trace(call, now);
        let mut before = self.snapshot().len();
        for step in trace.steps() {
            if step.left.is_empty() {
                return (before > 0).then(|| (format!("{} {}", step.router, step.rule), before));
            }
            before = step.left.count();
        }
        None
    }

    fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }
}

impl std::fmt::Debug for BalancedDestination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BalancedDestination").field(self.current.load().set()).finish()
    }
}
