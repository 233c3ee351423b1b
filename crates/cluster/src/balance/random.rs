//! Random, in proportion to the weights: Dubbo's default.

use std::sync::Arc;

use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::time::Instant;
use dubhe_core::{CallView, Endpoint};

/// Picks at random, in proportion to the weights (Dubbo's `random`).
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Balance, Selection}; pub use dubhe_cluster::balance::Random; } pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub mod random { pub use dubhe_core::random::SplitMix; } pub use dubhe_core::Endpoint; }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::balance::{Balance, Random, Selection};
/// use dubhe::directory::Endpoints;
/// use dubhe::random::SplitMix;
/// use dubhe::Endpoint;
///
/// let set = Endpoints::new([Endpoint::of("dubbo", "10.0.0.1", 20880)]);
/// let selection = Selection::new(&Arc::new(set), None, Instant::now());
/// // A seed makes the choices of a test repeatable; `Random::from_os` is the default of a client.
/// let random = Random::new(Arc::new(SplitMix::new(7)));
/// let pick = random.prepare(&selection);
/// # drop(pick);
/// ```
#[derive(Clone)]
pub struct Random {
    source: Arc<dyn RandomSource>,
}

impl Random {
    /// Picks by this source of randomness.
    pub fn new(source: Arc<dyn RandomSource>) -> Self {
        Self { source }
    }

    /// Picks by a generator that the operating system seeds.
    pub fn from_os() -> Self {
        Self::new(Arc::new(SplitMix::from_os()))
    }
}

impl Balance for Random {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(self.clone())
    }
}

impl Pick for Random {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        _: Instant,
    ) -> Option<&'a Endpoint> {
        if from.len() < 2 {
            return from.get(0);
        }
        from.get(from.weights(call.method_name()).draw(&*self.source))
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dubhe_core::endpoint::{Endpoints, ServiceParams};
    use dubhe_core::router::Bitmap;
    use dubhe_core::{Call, Head, Instance, Method, Offer, Payload, ServiceKey, Value};

    use super::*;

    fn endpoint(port: u16, weight: &str) -> Endpoint {
        let params = BTreeMap::from([("weight".into(), weight.into())]);
        Endpoint::new(
            Arc::new(Instance { host: "h".into(), ..Instance::default() }),
            Offer { protocol: "dubbo".into(), port },
            Arc::new(ServiceParams::new(&params)),
        )
    }

    fn picks(weights: [&str; 3], only: Option<&Bitmap>) -> BTreeMap<u16, u32> {
        let set = (1..).zip(weights).map(|(port, weight)| endpoint(port, weight));
        let set = Arc::new(Endpoints::new(set));
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java("m", "")));
        let call = Call::new(head, Payload::dynamic(Value::Null));
        let balance = Random::new(Arc::new(SplitMix::new(1)));
        let now = Instant::now();
        let from = Selection::new(&set, only, now);
        let prepared = balance.prepare(&from);
        let mut seen = BTreeMap::new();
        for _ in 0..4000 {
            let picked = prepared.pick(&CallView::new(&call, None), &from, now).unwrap();
            *seen.entry(picked.offer().port).or_default() += 1;
        }
        seen
    }

    #[test]
    fn weights_are_shares() {
        let seen = picks(["300", "100", "0"], None);
        assert!((2850..3150).contains(&seen[&1]), "{seen:?}");
        assert!(!seen.contains_key(&3));
    }

    #[test]
    fn only_the_selection_is_picked_and_all_zero_weights_share_alike() {
        let mut only = Bitmap::empty(3);
        only.insert(0);
        only.insert(2);
        let seen = picks(["0", "0", "0"], Some(&only));
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [1, 3]);
        assert!((1850..2150).contains(&seen[&1]), "{seen:?}");
    }
}
