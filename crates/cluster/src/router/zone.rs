//! Calls that stay in a zone.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::time::Instant;
use dubhe_core::{CallView, Endpoint};

/// Keeps calls in one zone ([`Instance::zone`](dubhe_core::Instance::zone), Dubbo's parameter
/// `zone` of a provider). When none of those that other routers leave in the zone can be asked, all that
/// they leave remain.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub mod registry { pub use dubhe_core::endpoint::Instance; } pub mod router { pub use dubhe_core::router::Router; pub use dubhe_cluster::router::ZoneAffinity; } pub use dubhe_core::Endpoint; }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::directory::Endpoints;
/// use dubhe::registry::Instance;
/// use dubhe::router::{Router, ZoneAffinity};
/// use dubhe::Endpoint;
///
/// let in_zone = |zone: &'static str| {
///     let instance = Instance { zone: Some(zone.into()), ..Instance::default() };
///     Endpoint::new(Arc::new(instance), Default::default(), Default::default())
/// };
/// let set = Arc::new(Endpoints::new([in_zone("north"), in_zone("south")]));
/// let router = ZoneAffinity::new("north"); // for `ClientBuilder::router`
/// let prepared = router.prepare(&set);
/// # drop(prepared);
/// ```
#[derive(Clone, Debug)]
pub struct ZoneAffinity {
    zone: ByteString,
}

impl ZoneAffinity {
    /// Prefers the providers in `zone`.
    pub fn new(zone: impl Into<ByteString>) -> Self {
        Self { zone: zone.into() }
    }
}

impl Router for ZoneAffinity {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let (mut here, mut providers) = (Bitmap::empty(set.len()), Vec::new());
        for (place, endpoint) in set.iter().enumerate() {
            if endpoint.instance().zone.as_ref() == Some(&self.zone) {
                here.insert(place);
                providers.push((place, endpoint.clone()));
            }
        }
        Box::new(InZone { zone: self.zone.clone(), here, providers })
    }
}

struct InZone {
    zone: ByteString,
    here: Bitmap,
    /// The providers in the zone, with their places in the set.
    providers: Vec<(usize, Endpoint)>,
}

impl PreparedRouter for InZone {
    fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, now: Instant, trace: Option<&mut Trace>) {
        // As a rule the first one. Those that another router took out do not count.
        let asked = self.providers.iter().any(|(place, provider)| {
            set.contains(*place)
                && provider.instance().is_available()
                && !provider.state().is_away(now)
        });
        if asked {
            set.intersect(&self.here);
        }
        if let Some(trace) = trace {
            trace.record("zone", &*self.zone, set);
        }
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::endpoint::{Instance, Offer};
    use dubhe_core::{Call, Head, Method, Payload, ServiceKey, Value};

    use super::*;

    /// The places that are left of providers in these zones, and what the trace says.
    fn left(zones: &[Option<&'static str>]) -> (Vec<usize>, String) {
        let endpoint = |zone: Option<&'static str>| {
            let zone = zone.map(Into::into);
            let instance = Instance { host: "h".into(), zone, ..Instance::default() };
            let offer = Offer { protocol: "dubbo".into(), port: 1 };
            Endpoint::new(Arc::new(instance), offer, Arc::default())
        };
        let set = Arc::new(Endpoints::new(zones.iter().copied().map(endpoint)));
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java("m", "")));
        let call = Call::new(head, Payload::dynamic(Value::Null));
        let (mut left, mut trace) = (Bitmap::full(set.len()), Trace::default());
        let router = ZoneAffinity::new("hz").prepare(&set);
        router.narrow(&CallView::new(&call, None), &mut left, Instant::now(), Some(&mut trace));
        let step = trace.steps().first().map(|step| format!("{} {}", step.rule, step.left.count()));
        (left.iter().collect(), step.unwrap_or_default())
    }

    #[test]
    fn calls_stay_in_the_zone_while_anybody_is_there() {
        assert_eq!(left(&[Some("hz"), Some("sh"), None, Some("hz")]), (vec![0, 3], "hz 2".into()));
        assert_eq!(left(&[Some("sh"), None]), (vec![0, 1], "hz 2".into()));
        assert_eq!(left(&[]), (vec![], "hz 0".into()));
    }

    #[test]
    fn calls_leave_a_zone_of_which_nobody_can_be_asked() {
        let endpoint = |zone: &'static str, port: u16| {
            let instance = Instance { zone: Some(zone.into()), ..Instance::default() };
            let offer = Offer { protocol: "dubbo".into(), port };
            Endpoint::new(Arc::new(instance), offer, Arc::default())
        };
        let set = Arc::new(Endpoints::new([endpoint("hz", 1), endpoint("sh", 2)]));
        let router = ZoneAffinity::new("hz").prepare(&set);
        let now = Instant::now();
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java("m", "")));
        let call = Call::new(head, Payload::dynamic(Value::Null));
        let left = || {
            let mut left = Bitmap::full(set.len());
            router.narrow(&CallView::new(&call, None), &mut left, now, None);
            left.iter().collect::<Vec<_>>()
        };
        assert_eq!(left(), [0]);
        let state = set.get(0).unwrap().state();
        state.eject(now + std::time::Duration::from_secs(1));
        assert_eq!(left(), [0, 1]);
        state.admit();
        assert_eq!(left(), [0]);
    }
}
