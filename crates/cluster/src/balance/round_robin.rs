//! Turns in proportion to the weights.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::time::Instant;
use dubhe_core::{CallView, Endpoint};

use super::methods::{Table, Tables};

/// Picks in turn, in proportion to the weights (Dubbo's `roundrobin`): nobody gets two calls in a row that could be
/// spread, and the turns are those of Dubbo Java's `RoundRobinLoadBalance` and of nginx.
///
/// Each method has turns of its own, which all clients of a service in an application share. A pick looks at every
/// endpoint; simultaneous picks may get the same one, and turns even out with the next.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Balance, Selection}; pub use dubhe_cluster::balance::RoundRobin; } pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub use dubhe_core::{Call, CallView, Endpoint, Head, Method, Payload, ServiceKey, Value}; }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::balance::{Balance, RoundRobin, Selection};
/// use dubhe::directory::Endpoints;
/// # use dubhe::{Call, CallView, Head, Method, Payload, ServiceKey, Value};
/// use dubhe::Endpoint;
///
/// let set = Endpoints::new([1, 2].map(|port| Endpoint::of("dubbo", "10.0.0.1", port)));
/// let (set, now) = (Selection::new(&Arc::new(set), None, Instant::now()), Instant::now());
/// let turns = RoundRobin::default().prepare(&set);
/// # let head = Head::new(Arc::new(ServiceKey::interface_only("a.B")), Arc::new(Method::java("m", "")));
/// # let call = Call::new(head, Payload::dynamic(Value::Null));
/// # let call = CallView::new(&call, None);
/// let ports = [(); 4].map(|()| turns.pick(&call, &set, now).map(|picked| picked.offer().port));
/// assert_eq!(ports.map(Option::unwrap), [1, 2, 1, 2]);
/// ```
#[derive(Default)]
pub struct RoundRobin {
    tables: Tables<Turn>,
}

/// The turn of an endpoint: what it has been given less than its share.
#[derive(Default)]
struct Turn {
    weight: AtomicU32,
    current: AtomicI64,
}

impl Turn {
    /// Gives it its share of one more call. A weight that has changed begins anew.
    fn advance(&self, weight: u32) -> i64 {
        if self.weight.swap(weight, Ordering::Relaxed) != weight {
            self.current.store(0, Ordering::Relaxed);
        }
        let weight = i64::from(weight);
        self.current.fetch_add(weight, Ordering::Relaxed).saturating_add(weight)
    }
}

struct Turns(Arc<Table<Turn>>);

impl Balance for RoundRobin {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        Box::new(Turns(self.tables.of(set.set())))
    }
}

impl Pick for Turns {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        _: Instant,
    ) -> Option<&'a Endpoint> {
        if from.len() < 2 {
            return from.get(0);
        }
        let method = call.method_name();
        let (weights, turns) = (from.weights(method), self.0.of(method));
        let (mut sum, mut most, mut chosen) = (0, i64::MIN, None);
        for n in 0..from.len() {
            let Some(turn) = from.place(n).and_then(|place| turns.get(place)) else { continue };
            let weight = weights.of(n);
            let current = turn.advance(weight);
            sum += i64::from(weight);
            if current > most {
                (most, chosen) = (current, Some((n, turn)));
            }
        }
        let (n, turn) = chosen?;
        turn.current.fetch_sub(sum, Ordering::Relaxed);
        from.get(n)
    }
}

impl std::fmt::Debug for RoundRobin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RoundRobin")
    }
}
