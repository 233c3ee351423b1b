//! Random, in proportion to the weights: Dubbo's default.

use std::sync::Arc;

use dubhe_core::CallView;
use dubhe_core::balance::{Balance, Picked, Selection};
use dubhe_core::random::{Random as Source, SplitMix};

/// Picks at random, in proportion to the weights (Dubbo's `random`).
pub struct Random {
    source: Arc<dyn Source>,
}

impl Random {
    /// With this source of randomness.
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self { source }
    }

    /// Seeded by the operating system.
    pub fn from_os() -> Self {
        Self::new(Arc::new(SplitMix::from_os()))
    }
}

impl Balance for Random {
    fn pick(&self, _: &CallView<'_>, from: Selection<'_>) -> Option<Picked> {
        let len = from.len();
        if len < 2 {
            return from.get(0).map(Picked::new);
        }
        let weight = if from.uniform() { 0 } else { from.weight() };
        if weight == 0 {
            let n = self.source.below(len as u64);
            return from.get(usize::try_from(n).ok()?).map(Picked::new);
        }
        let mut left = self.source.below(weight);
        for endpoint in from.iter() {
            let own = u64::from(endpoint.weight());
            if left < own {
                return Some(Picked::new(endpoint));
            }
            left -= own;
        }
        None
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
    use dubhe_core::route::Bitmap;
    use dubhe_core::{Call, Endpoint, Head, Instance, Method, Offer, Payload, ServiceKey, Value};

    use super::*;

    fn endpoint(port: u16, weight: &str) -> Endpoint {
        let params = BTreeMap::from([("weight".into(), weight.into())]);
        Endpoint::new(
            Arc::new(Instance { host: "h".into(), ..Instance::default() }),
            Offer { protocol: "dubbo".into(), port },
            Arc::new(ServiceParams { params }),
        )
    }

    fn picks(set: &Endpoints, only: Option<&Bitmap>) -> BTreeMap<u16, u32> {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java("m", "")));
        let call = Call::new(head, Payload::dynamic(Value::Null));
        let balance = Random::new(Arc::new(SplitMix::new(1)));
        let mut seen = BTreeMap::new();
        for _ in 0..4000 {
            let from = only.map_or(Selection::all(set), |m| Selection::only(set, m));
            let picked = balance.pick(&CallView::new(&call), from).unwrap();
            *seen.entry(picked.endpoint().offer().port).or_default() += 1;
        }
        seen
    }

    #[test]
    fn weights_are_shares() {
        let set = Endpoints::new([endpoint(1, "300"), endpoint(2, "100"), endpoint(3, "0")]);
        let seen = picks(&set, None);
        assert!((2850..3150).contains(&seen[&1]), "{seen:?}");
        assert!(!seen.contains_key(&3));
    }

    #[test]
    fn only_the_selection_is_picked_and_all_zero_weights_share_alike() {
        let set = Endpoints::new([endpoint(1, "0"), endpoint(2, "0"), endpoint(3, "0")]);
        let mut only = Bitmap::empty(3);
        only.insert(0);
        only.insert(2);
        let seen = picks(&set, Some(&only));
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [1, 3]);
        assert!((1850..2150).contains(&seen[&1]), "{seen:?}");
    }

    #[test]
    fn a_pick_counts_as_in_flight_until_dropped() {
        let set = Endpoints::new([endpoint(1, "1")]);
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java("m", "")));
        let call = Call::new(head, Payload::dynamic(Value::Null));
        let picked = Random::from_os().pick(&CallView::new(&call), Selection::all(&set)).unwrap();
        let in_flight = || {
            let state = set.get(0).unwrap().state();
            state.in_flight.load(std::sync::atomic::Ordering::Relaxed)
        };
        assert_eq!(in_flight(), 1);
        drop(picked);
        assert_eq!(in_flight(), 0);
    }
}
