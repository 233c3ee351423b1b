//! Destinations: who may answer a call, and who does.
//!
//! Everything that depends on the set, or on the rules, is prepared when these change, by a task
//! and not by a caller. A pick then reads one immutable snapshot:
//!
//! ```text
//! routers narrow the set → those that are away are masked → the balancer picks
//! ```

mod prepared;
mod subset;

use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use dubhe_core::balance::Balance;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Changes, Endpoints};
use dubhe_core::plan::{Destination, Picked};
use dubhe_core::router::{Router, Trace};
use dubhe_core::time::{Instant, SharedClock};
use dubhe_core::{CallView, Endpoint};
use futures_util::future::select_all;
use tokio::sync::watch;

use prepared::Prepared;

/// The endpoints of a directory, narrowed by routers and picked from by a balancer.
pub struct BalancedDestination {
    parts: Parts,
    current: ArcSwap<Prepared>,
    /// The generation of the set that is prepared.
    prepared: watch::Sender<u64>,
}

/// The sources that everything is prepared from.
struct Parts {
    directory: Arc<dyn Directory>,
    routers: Vec<Arc<dyn Router>>,
    balance: Arc<dyn Balance>,
    clock: SharedClock,
    /// Counts whenever an endpoint of the set comes or goes.
    changes: Arc<Changes>,
}

impl Parts {
    fn prepare(&self) -> Prepared {
        Prepared::new(
            self.directory.snapshot(),
            &self.routers,
            &*self.balance,
            &self.changes,
            self.clock.now(),
        )
    }
}

impl BalancedDestination {
    /// A destination of these parts, prepared for the present set. Run [`Self::follow`] beside it
    /// unless neither the set nor the rules ever change.
    pub fn new(
        directory: Arc<dyn Directory>,
        routers: Vec<Arc<dyn Router>>,
        balance: Arc<dyn Balance>,
        clock: SharedClock,
    ) -> Arc<Self> {
        let parts = Parts { directory, routers, balance, clock, changes: Arc::default() };
        let current = parts.prepare();
        let prepared = watch::Sender::new(current.set().number());
        Arc::new(Self { parts, current: ArcSwap::from_pointee(current), prepared })
    }

    /// Prepares anew whenever the directory or a router has changed, until the destination is
    /// dropped.
    pub fn follow(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static + use<> {
        let this = Arc::downgrade(self);
        let mut alive = self.prepared.subscribe();
        async move {
            loop {
                let changed = {
                    let Some(this) = this.upgrade() else { return };
                    let current = this.current.load();
                    let set = this.parts.directory.changed(current.set().number());
                    let rules = this.parts.routers.iter().zip(current.generations());
                    let rules = rules.map(|(router, seen)| router.changed(seen));
                    select_all(rules.chain([set]))
                };
                tokio::select! {
                    _ = changed => {}
                    // Only an error ends the wait: the destination is gone.
                    _ = alive.wait_for(|_| false) => return,
                }
                let Some(this) = this.upgrade() else { return };
                this.refresh();
            }
        }
    }

    /// Prepares for what directory and routers say now.
    pub fn refresh(&self) {
        let prepared = self.parts.prepare();
        let number = prepared.set().number();
        self.current.store(Arc::new(prepared));
        self.prepared.send_replace(number);
    }

    /// Tells how many endpoints each router leaves for this call, and by which rule.
    pub fn trace(&self, call: &CallView<'_>) -> Trace {
        let mut trace = Trace::default();
        self.current.load().narrow(call, Some(&mut trace));
        trace
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
                std::future::pending::<()>().await;
            }
        })
    }

    fn pick(&self, call: &CallView<'_>, tried: &[Endpoint], now: Instant) -> Option<Picked> {
        let current = self.current.load();
        let subset = current.subset(call, &*self.parts.balance, now);
        let endpoint = subset.pick(call, tried, &self.parts.changes, now)?;
        Some(Picked::new(&endpoint, Some(self.parts.balance.clone())))
    }

    fn candidates(&self, call: &CallView<'_>) -> Vec<Endpoint> {
        let current = self.current.load();
        current.subset(call, &*self.parts.balance, self.parts.clock.now()).members().collect()
    }
}

impl std::fmt::Debug for BalancedDestination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BalancedDestination").field(self.current.load().set()).finish()
    }
}
