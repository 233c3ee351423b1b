//! A part of many providers for each client.

use std::sync::Arc;

use dubhe_core::endpoint::Endpoints;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::time::Instant;
use dubhe_core::{CallView, Endpoint};

/// The providers of a client by default.
const SIZE: usize = 32;

/// Leaves a client a part of its providers where there are many, so that it does not connect to each of them: those
/// that are drawn by rendezvous hashing, as in gRFC A68. When a provider comes or goes, at most one of the part changes.
///
/// When none of the part can be asked, all remain; with a router before it that leaves none of the part, too. Clients
/// draw different parts, which spread the load as well as there are many clients. Least connections and consistent
/// hashing see the part alone: consumers then do not pick alike.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub mod router { pub use dubhe_core::router::{Bitmap, Router}; pub use dubhe_cluster::router::Subset; } pub use dubhe_core::{Call, CallView, Endpoint, Head, Method, Payload, ServiceKey, Value}; }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::Endpoint;
/// use dubhe::directory::Endpoints;
/// use dubhe::router::{Bitmap, Router, Subset};
/// # use dubhe::{Call, CallView, Head, Method, Payload, ServiceKey, Value};
///
/// let many = (0..1_000).map(|n| Endpoint::of("tri", format!("10.0.{}.{}", n / 250, n % 250), 50051));
/// let set = Arc::new(Endpoints::new(many));
/// let prepared = Subset::default().prepare(&set); // for `ClientBuilder::router`
/// # let head = Head::new(Arc::new(ServiceKey::interface_only("a.B")), Arc::new(Method::java("m", "")));
/// # let call = Call::new(head, Payload::dynamic(Value::Null));
/// # let call = CallView::new(&call, None);
/// let mut left = Bitmap::full(set.len());
/// prepared.narrow(&call, &mut left, Instant::now(), None);
/// assert_eq!(left.count(), 32);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Subset {
    size: usize,
    seed: u64,
}

impl Default for Subset {
    /// A part of 32, drawn for this client.
    fn default() -> Self {
        Self::new(SIZE, &SplitMix::from_os())
    }
}

impl Subset {
    /// A part of `size`, at least 1, of more providers than that, drawn by a number of `random`.
    pub fn new(size: usize, random: &dyn RandomSource) -> Self {
        Self { size: size.max(1), seed: random.next() }
    }

    /// The rank of an endpoint for this client.
    fn rank(self, endpoint: &Endpoint) -> u64 {
        let (protocol, host, port) = endpoint.identity();
        let mut rank = self.seed;
        for byte in protocol.bytes().chain(*b"/").chain(host.bytes()).chain(port.to_be_bytes()) {
            rank = (rank ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        // The finish of SplitMix64, which lets each bit depend on all others.
        SplitMix::new(rank).next()
    }
}

impl Router for Subset {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let mut ranks: Vec<_> =
            set.iter().enumerate().map(|(place, one)| (self.rank(one), place)).collect();
        let mut part = Bitmap::full(set.len());
        let mut members = Vec::new();
        if ranks.len() > self.size {
            ranks.sort_unstable();
            for (_, place) in ranks.iter().skip(self.size) {
                part.remove(*place);
            }
            let of_place = |place: usize| Some((place, set.get(place)?.clone()));
            members = part.iter().filter_map(of_place).collect();
        }
        Box::new(Part { part, members })
    }
}

struct Part {
    part: Bitmap,
    /// The members with their places; none where all are.
    members: Vec<(usize, Endpoint)>,
}

impl PreparedRouter for Part {
    fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, now: Instant, trace: Option<&mut Trace>) {
        let asked = self.members.iter().any(|(place, member)| {
            set.contains(*place) && member.instance().is_available() && !member.state().is_away(now)
        });
        if asked {
            set.intersect(&self.part);
        }
        if let Some(trace) = trace {
            trace.record("subset", "part of many", set);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dubhe_core::time::Duration;
    use dubhe_core::{Call, Head, Method, Payload, ServiceKey, Value};

    use super::*;

    fn set(ports: impl Iterator<Item = u16>) -> Arc<Endpoints> {
        Arc::new(Endpoints::new(ports.map(|port| Endpoint::of("tri", "h", port))))
    }

    /// The ports that are left.
    fn left(router: &Subset, set: &Arc<Endpoints>) -> BTreeSet<u16> {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java("m", "")));
        let call = Call::new(head, Payload::dynamic(Value::Null));
        let mut left = Bitmap::full(set.len());
        let prepared = router.prepare(set);
        prepared.narrow(&CallView::new(&call, None), &mut left, Instant::now(), None);
        left.iter().map(|place| set.get(place).unwrap().offer().port).collect()
    }

    #[test]
    fn one_that_goes_changes_one_of_the_part() {
        let router = Subset::new(20, &SplitMix::new(7));
        let before = left(&router, &set(1..=200));
        assert_eq!(before.len(), 20);
        for gone in 1..=200 {
            let after = left(&router, &set((1..=200).filter(|port| *port != gone)));
            assert_eq!(after.difference(&before).count(), usize::from(before.contains(&gone)));
        }
        assert_eq!(left(&router, &set(1..=20)).len(), 20);
    }

    #[test]
    fn clients_share_the_load() {
        let set = set(1..=100);
        let random = SplitMix::new(1);
        let mut clients = [0_u32; 101];
        for _ in 0..1_000 {
            for port in left(&Subset::new(10, &random), &set) {
                clients[usize::from(port)] += 1;
            }
        }
        // A hundred clients each, give or take.
        assert!(clients[1..].iter().all(|count| (60..140).contains(count)), "{clients:?}");
    }

    #[test]
    fn all_remain_when_none_of_the_part_can_be_asked() {
        let router = Subset::new(3, &SplitMix::new(3));
        let set = set(1..=40);
        let part = left(&router, &set);
        let later = Instant::now() + Duration::from_mins(1);
        for endpoint in set.iter().filter(|one| part.contains(&one.offer().port)) {
            endpoint.state().eject(later);
        }
        assert_eq!(left(&router, &set).len(), 40);
    }
}
