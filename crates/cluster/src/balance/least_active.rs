//! The fewest calls in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::time::Instant;
use dubhe_core::{CallView, End, Endpoint};

use super::methods::{Table, Tables, kept};
use super::reservoir::least;

/// Picks the endpoint with the fewest calls of the method in flight, of several one at random by weight (Dubbo's
/// `leastactive`). Calls of all clients of the service that balance so count; a pick looks at every endpoint.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Balance, Selection}; pub use dubhe_cluster::balance::LeastActive; } pub use dubhe_core::Endpoint; pub mod random { pub use dubhe_core::random::SplitMix; } }
/// use std::sync::Arc;
/// use dubhe::balance::{Balance, LeastActive};
/// use dubhe::Endpoint;
/// use dubhe::random::SplitMix;
///
/// let balance = LeastActive::new(Arc::new(SplitMix::new(7))); // a seed, for a test
/// let endpoint = Endpoint::of("dubbo", "10.0.0.7", 20880);
/// balance.began(&endpoint, "greet"); // what a client tells it of each attempt
/// ```
pub struct LeastActive {
    random: Arc<dyn RandomSource>,
    tables: Tables<Active>,
}

/// The calls of a method in flight to an endpoint.
#[derive(Default)]
struct Active(AtomicU32);

impl LeastActive {
    /// Draws among equals by this source of randomness.
    pub fn new(random: Arc<dyn RandomSource>) -> Self {
        Self { random, tables: Tables::default() }
    }
}

impl Default for LeastActive {
    /// Draws by a generator that the operating system seeds.
    fn default() -> Self {
        Self::new(Arc::new(SplitMix::from_os()))
    }
}

/// Counts one less. An attempt that began before the balancer was in use was not counted.
pub(super) fn less(count: &AtomicU32) {
    let less = |count: u32| count.checked_sub(1);
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
}

struct Prepared {
    random: Arc<dyn RandomSource>,
    table: Arc<Table<Active>>,
}

impl Balance for LeastActive {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        Box::new(Prepared { random: self.random.clone(), table: self.tables.of(set.set()) })
    }

    fn began(&self, endpoint: &Endpoint, method: &str) {
        kept::<Active>(endpoint, method).0.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self, endpoint: &Endpoint, method: &str, _: &End<'_>) {
        less(&kept::<Active>(endpoint, method).0);
    }
}

impl Pick for Prepared {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        _: Instant,
    ) -> Option<&'a Endpoint> {
        let method = call.method_name();
        let row = self.table.of(method);
        least(from, method, &*self.random, |place| {
            row.get(place).map_or(0, |active| active.0.load(Ordering::Relaxed).into())
        })
    }
}

impl std::fmt::Debug for LeastActive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LeastActive")
    }
}
