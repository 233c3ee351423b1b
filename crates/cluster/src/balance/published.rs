//! The balancer of a client that names none: the one that providers ask for.

use std::sync::atomic::{AtomicBool, Ordering};

use dubhe_core::Endpoint;
use dubhe_core::balance::{Balance, Pick, Selection};

use super::Random;

/// Picks as providers ask for with their parameter `loadbalance`, of the service or of a method.
///
/// Of Dubbo's names only `random` is there: any other is one warning in the log for each client, and
/// picks are random by weight.
pub struct Published {
    random: Random,
    warned: AtomicBool,
}

impl Published {
    /// Picks by `random`, whatever is asked for.
    pub fn new(random: Random) -> Self {
        Self { random, warned: AtomicBool::new(false) }
    }

    fn warn(&self, set: &Selection) {
        let unknown = |endpoint: &Endpoint| {
            let name = endpoint.call_defaults()?.balancers().find(|name| &***name != "random")?;
            Some(name.clone())
        };
        if self.warned.load(Ordering::Relaxed) {
            return;
        }
        let Some((provider, name)) = set.iter().find_map(|e| Some((e, unknown(e)?))) else {
            return;
        };
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %provider, loadbalance = ?&*name,
                "a provider asks for a balancer that is not there; picks are random by weight, unless \
                 balance(..) sets another"
            );
        }
    }
}

impl Balance for Published {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        self.warn(set);
        self.random.prepare(set)
    }
}

impl std::fmt::Debug for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Published")
    }
}
