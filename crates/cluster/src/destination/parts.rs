//! The parts of a destination, and their generations.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::balance::Balance;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Changes, Endpoints, TimeoutLimit};
use dubhe_core::router::Router;
use dubhe_core::time::{Duration, SharedClock, after};
use futures_util::FutureExt as _;
use futures_util::future::select_all;

use super::pauses::Pauses;
use super::prepared::Prepared;
use crate::panicked::{Panicked, guard};

/// The sources that everything is prepared from.
pub(super) struct Parts {
    pub(super) directory: Arc<dyn Directory>,
    pub(super) routers: Vec<Arc<dyn Router>>,
    pub(super) balance: Arc<dyn Balance>,
    pub(super) clock: SharedClock,
    pub(super) timeouts: TimeoutLimit,
    /// Counts whenever an endpoint of the set comes or goes.
    pub(super) changes: Arc<Changes>,
}

/// The set and the generations of the rules at one moment.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) set: Arc<Endpoints>,
    rules: Vec<u64>,
}

impl Seen {
    /// Returns `true` if both have seen the same set and the same rules.
    fn is(&self, other: &Self) -> bool {
        self.set.number() == other.set.number() && self.rules == other.rules
    }
}

impl Parts {
    /// The set and the rules now.
    pub(super) fn look(&self) -> Result<Seen, Panicked> {
        let set = guard(|| self.directory.snapshot(), || "the directory".to_owned())?;
        let generation = |router: &Arc<dyn Router>| guard(|| router.generation(), || named(router));
        let rules = self.routers.iter().map(generation).collect::<Result<_, _>>()?;
        Ok(Seen { set, rules })
    }

    /// Returns `true` if a router has another generation than was seen.
    #[inline]
    pub(super) fn is_outdated(&self, seen: &Seen) -> bool {
        if self.routers.is_empty() {
            return false;
        }
        let differs = || {
            self.routers.iter().zip(&seen.rules).any(|(router, seen)| router.generation() != *seen)
        };
        guard(differs, || "a router, asked for its generation,".to_owned()).unwrap_or(false)
    }

    /// Prepares routers and balancer for what was seen. Rules that change meanwhile are
    /// prepared once more, since their generation was seen before.
    pub(super) fn prepare(&self, seen: Seen) -> Result<Prepared, Panicked> {
        let set = &seen.set;
        for endpoint in set.iter() {
            endpoint.state().set_timeout_limit(self.timeouts);
            endpoint.state().follow(&self.changes);
        }
        let prepare = |router: &Arc<dyn Router>| guard(|| router.prepare(set), || named(router));
        let routers = self.routers.iter().map(prepare).collect::<Result<_, _>>()?;
        let (balance, now) = (&*self.balance, self.clock.now());
        guard(
            || Prepared::new(seen.clone(), routers, balance, now),
            || format!("the balancer {}", balance.name()),
        )
    }

    /// Returns `true` if the set and the rules are those of `seen`.
    pub(super) fn are(&self, seen: &Seen) -> bool {
        self.look().is_ok_and(|now| now.is(seen))
    }

    /// Resolves once a part says that the set or the rules are others than `seen`, with the number
    /// of that part. Parts that said so in vain are asked after their pause.
    pub(super) fn changed(
        &self,
        seen: &Seen,
        pauses: &Pauses,
    ) -> impl Future<Output = Result<usize, Panicked>> + Send + use<> {
        let whose = || "the directory or a router, asked for its changes,".to_owned();
        let waits = guard(
            || {
                let set = self.directory.changed(seen.set.number());
                let rules = self.routers.iter().zip(&seen.rules);
                let rules = rules.map(|(router, seen)| router.changed(*seen));
                let all = rules.chain([set]).enumerate();
                select_all(all.map(|(part, changed)| self.after(pauses.of(part), changed)))
            },
            whose,
        );
        async move {
            let waiting = AssertUnwindSafe(waits?).catch_unwind().await;
            waiting.map(|((), part, _)| part).map_err(|panic| Panicked::new(whose(), panic))
        }
    }

    fn after(&self, pause: Duration, changed: Changed) -> Changed {
        if pause.is_zero() {
            return changed;
        }
        let clock = self.clock.clone();
        Box::pin(async move {
            clock.sleep_until(after(clock.now(), pause)).await;
            changed.await;
        })
    }
}

type Changed = Pin<Box<dyn Future<Output = ()> + Send>>;

fn named(router: &Arc<dyn Router>) -> String {
    format!("the router {}", router.name())
}
