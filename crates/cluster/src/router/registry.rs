//! Calls to the providers of one of several registries.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::random::RandomSource;
use dubhe_core::registry::Origin;
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::time::Instant;
use dubhe_core::{CallView, Endpoint, Head};

/// The attachment with the zone of a call (Dubbo Java `RegistryConstants.REGISTRY_ZONE`).
const ZONE: &str = "registry_zone";
/// The attachment by which a call is for its zone only (`REGISTRY_ZONE_FORCE`).
const ZONE_FORCE: &str = "registry_zone_force";

/// Chooses one of several registries for each call, as Dubbo Java's `ZoneAwareClusterInvoker` does, by
/// their [traits](dubhe_core::registry::RegistryTraits):
///
/// 1. one that is preferred;
/// 2. one in the zone of the call: its attachment `registry_zone`, else the zone of the caller;
/// 3. with the attachment `registry_zone_force=true` none else;
/// 4. any, at random by weight.
///
/// Registries count of which a provider can be asked that other routers left; while there is none, all
/// providers remain. A client of an application with such registries has this router as its last one.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub mod random { pub use dubhe_core::random::SplitMix; } pub mod router { pub use dubhe_core::router::Router; pub use dubhe_cluster::router::RegistryChoice; } }
/// use std::sync::Arc;
/// use dubhe::directory::Endpoints;
/// use dubhe::random::SplitMix;
/// use dubhe::router::{RegistryChoice, Router};
///
/// let router = RegistryChoice::new(Arc::new(SplitMix::from_os())).zone("north");
/// let prepared = router.prepare(&Arc::new(Endpoints::new([])));
/// # drop(prepared);
/// ```
#[derive(Clone)]
pub struct RegistryChoice {
    random: Arc<dyn RandomSource>,
    zone: Option<ByteString>,
}

impl RegistryChoice {
    /// Chooses by weight with `random`.
    pub fn new(random: Arc<dyn RandomSource>) -> Self {
        Self { random, zone: None }
    }

    /// Sets the zone of calls that name none.
    pub fn zone(mut self, zone: impl Into<ByteString>) -> Self {
        self.zone = Some(zone.into()).filter(|zone: &ByteString| !zone.is_empty());
        self
    }
}

impl Router for RegistryChoice {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let mut registries: Vec<Registry> = Vec::new();
        for (place, endpoint) in set.iter().enumerate() {
            for origin in endpoint.origins() {
                let known = registries.iter().position(|one| Arc::ptr_eq(&one.origin, origin));
                let known = known.unwrap_or_else(|| {
                    let (origin, all) = (origin.clone(), Bitmap::empty(set.len()));
                    registries.push(Registry { origin, all, providers: Vec::new() });
                    registries.len() - 1
                });
                if let Some(registry) = registries.get_mut(known) {
                    registry.all.insert(place);
                    registry.providers.push((place, endpoint.clone()));
                }
            }
        }
        Box::new(Prepared { choice: self.clone(), registries })
    }
}

struct Prepared {
    choice: RegistryChoice,
    /// The registries that know an endpoint of the set.
    registries: Vec<Registry>,
}

struct Registry {
    origin: Arc<Origin>,
    /// The places of its providers.
    all: Bitmap,
    providers: Vec<(usize, Endpoint)>,
}

impl Registry {
    /// Returns `true` if one of its providers that are in `set` can be asked; as a rule the first.
    fn is_available(&self, set: &Bitmap, now: Instant) -> bool {
        self.providers.iter().any(|(place, provider)| {
            set.contains(*place)
                && provider.instance().is_available()
                && !provider.state().is_away(now)
        })
    }
}

/// The registry of a call.
enum Chosen<'a> {
    One(&'a Registry),
    /// No registry in the zone that the call insists on.
    Nobody,
    /// No registry of which anybody can be asked.
    Any,
}

/// The zone that a call names.
fn zone(head: &Head) -> Option<&str> {
    head.metadata.get_str(ZONE).filter(|zone| !zone.is_empty())
}

/// The zone that a call names, if it insists on it.
pub(crate) fn insisted_zone(head: &Head) -> Option<&str> {
    let force = head.metadata.get_str(ZONE_FORCE)?;
    zone(head).filter(|_| force.eq_ignore_ascii_case("true"))
}

impl Prepared {
    fn choose(&self, call: &CallView<'_>, set: &Bitmap, now: Instant) -> Chosen<'_> {
        let available = |one: &&Registry| one.is_available(set, now);
        let of = |which: &dyn Fn(&Registry) -> bool| {
            self.registries.iter().filter(|one| which(one)).find(available)
        };
        if let Some(preferred) = of(&|one| one.origin.traits.preferred) {
            return Chosen::One(preferred);
        }
        let asked = zone(call.head());
        if let Some(zone) = asked.or(self.choice.zone.as_deref())
            && let Some(near) = of(&|one| one.origin.traits.zone.as_deref() == Some(zone))
        {
            return Chosen::One(near);
        }
        if insisted_zone(call.head()).is_some() {
            return Chosen::Nobody;
        }
        let all: Vec<&Registry> = self.registries.iter().filter(available).collect();
        let weight = |one: &Registry| u64::from(one.origin.traits.weight);
        let sum = all.iter().map(|one| weight(one)).sum();
        let mut at = self.choice.random.below(sum);
        let by_weight = all.iter().find(|one| {
            let within = at < weight(one);
            at = at.saturating_sub(weight(one));
            within
        });
        by_weight.or(all.first()).map_or(Chosen::Any, |one| Chosen::One(one))
    }
}

impl PreparedRouter for Prepared {
    fn narrow(
        &self,
        call: &CallView<'_>,
        set: &mut Bitmap,
        now: Instant,
        trace: Option<&mut Trace>,
    ) {
        let rule = match self.choose(call, set, now) {
            Chosen::One(one) => {
                set.intersect(&one.all);
                &*one.origin.name
            }
            Chosen::Nobody => {
                set.intersect(&Bitmap::empty(0));
                "none in the zone"
            }
            Chosen::Any => "any",
        };
        if let Some(trace) = trace {
            trace.record("registry", rule, set);
        }
    }
}
