//! The set of a directory, replaced as registries tell.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use bytestring::ByteString;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::printable::Printable;
use dubhe_core::registry::{Health, MAX_EXCLUDED, Origin, Registration};
use dubhe_core::time::SharedClock;
use dubhe_core::{Endpoint, ServiceKey};
use tokio::sync::watch;

use super::adopting::Adopted;
use super::changes::{self, Told};
use super::join::{Joined, Known, Registries};
use super::keys::Keys;
use super::observed::{Observed, Unusable};
use crate::channels::Channels;

/// The endpoints that can be used, of all that registries know.
pub(super) struct Usable {
    /// The protocols that may be used; any when there is none.
    pub(super) protocols: Vec<ByteString>,
    pub(super) channels: Arc<Channels>,
    /// The reasons that the directories of the service have told.
    pub(super) told: Arc<Told>,
    /// The registries by their places, where calls choose between them; otherwise none.
    pub(super) origins: Vec<Arc<Origin>>,
}

impl Usable {
    /// The preference of a protocol, 0 for most; `None` when it cannot be used.
    fn rank(&self, protocol: &str) -> Option<usize> {
        let admitted = self.protocols.is_empty() || self.protocols.iter().any(|p| p == protocol);
        if admitted { self.channels.rank(protocol) } else { None }
    }
}

impl Usable {
    /// The reason why none of these providers can be used.
    fn refusal(&self, joined: &Joined<'_>) -> String {
        let offered: BTreeSet<_> =
            joined.providers.iter().map(|p| &*p.registration.offer.protocol).collect();
        let offered = offered.into_iter().collect::<Vec<_>>().join(", ");
        let usable = if self.protocols.is_empty() {
            "of the protocols that the application speaks".to_owned()
        } else {
            format!("of {}, which this client uses", self.protocols.join(", "))
        };
        let count = joined.providers.len();
        format!("the {count} registered for it offer {offered}, and none {usable}")
    }

    /// The registries that know a provider.
    fn origins(&self, registries: Registries) -> Arc<[Arc<Origin>]> {
        let all = self.origins.iter().enumerate();
        all.filter(|(place, _)| registries.contain(*place)).map(|(_, one)| one.clone()).collect()
    }

    /// The account of a provider that cannot be used.
    fn excluded(&self, provider: &Known<'_>) -> Unusable {
        let Registration { instance, offer, .. } = provider.registration;
        let endpoint = Endpoint::new(instance.clone(), offer.clone(), Arc::default());
        let protocol = Printable(&offer.protocol);
        let who = match self.channels.rank(&offer.protocol) {
            Some(_) => "client does not use",
            None => "application does not speak",
        };
        let why = format!("it offers {protocol}, which this {who}");
        let instance = endpoint.to_string().into();
        Unusable { instance, why: why.into(), registries: provider.registries }
    }
}

/// A set that is replaced whole, and its number.
pub(super) struct ChangingSet {
    current: ArcSwap<Endpoints>,
    adopted: Adopted,
    number: watch::Sender<u64>,
    usable: Usable,
    service: ServiceKey,
    /// Sets may outlive the directory, and registries are not kept for them.
    observed: Weak<Observed>,
}

/// Lets a set tell what is known of its registries, and which of them know each of its endpoints.
fn observed_by(set: Endpoints, observed: &Weak<Observed>, known: Vec<Registries>) -> Endpoints {
    let (failure, explain) = (observed.clone(), observed.clone());
    let set = set.with_failure(move || failure.upgrade()?.text());
    set.with_explanation(move |set| {
        explain.upgrade().map(|observed| observed.explain(set, &known)).unwrap_or_default()
    })
}

impl ChangingSet {
    /// A set of endpoints of `service`, without any and not current. `observed` is what is known of the
    /// registries.
    pub(super) fn new(
        service: &ServiceKey,
        usable: Usable,
        clock: SharedClock,
        observed: &Arc<Observed>,
    ) -> Self {
        let observed = Arc::downgrade(observed);
        let empty = Endpoints::new([]).with_health(Health::Stale);
        Self {
            current: ArcSwap::from_pointee(observed_by(empty, &observed, Vec::new())),
            observed,
            adopted: Adopted::new(usable.channels.clone(), clock),
            number: watch::Sender::new(0),
            usable,
            service: service.clone(),
        }
    }

    /// Takes over what registries say. Of several protocols on one port the most preferred stays,
    /// so that a provider that offers two does not count twice. Endpoints that stay keep their state
    /// and their connections. The log tells what changed.
    pub(super) fn update(&self, joined: &Joined<'_>) {
        let mut best = HashMap::new();
        let (mut usable, mut unusable) = (Vec::new(), Vec::new());
        for known in &joined.providers {
            let provider = known.registration;
            let Some(rank) = self.usable.rank(&provider.offer.protocol) else {
                if unusable.len() < MAX_EXCLUDED {
                    unusable.push(self.usable.excluded(known));
                }
                continue;
            };
            let address = (&provider.instance.host, provider.offer.port, &provider.service);
            let least = best.entry(address).or_insert(rank);
            *least = rank.min(*least);
            usable.push((known, address, rank));
        }
        let preferred = usable.into_iter().filter(|(_, at, rank)| best.get(at) == Some(rank));
        let mut keys = self.service.is_pattern().then(|| Keys::of(&self.current.load()));
        let mut origins = HashMap::new();
        let mut known_to = Vec::new();
        let endpoints = preferred.map(|(known, ..)| {
            known_to.push(known.registries);
            let p = known.registration;
            let mut endpoint = Endpoint::new(p.instance.clone(), p.offer.clone(), p.params.clone());
            if !self.usable.origins.is_empty() {
                let make = || self.usable.origins(known.registries);
                endpoint = endpoint
                    .with_origins(origins.entry(known.registries).or_insert_with(make).clone());
            }
            match &mut keys {
                // One that a registry did not name by its own service.
                Some(keys) if p.service.is_pattern() => keys.give_own(endpoint, &self.service),
                Some(keys) => keys.give(endpoint, p.service.clone()),
                None => endpoint,
            }
        });
        let mut set = Endpoints::new(self.adopted.adopt(endpoints)).with_health(joined.health);
        if set.is_empty() && !joined.providers.is_empty() {
            set = set.with_unusable(self.usable.refusal(joined));
        }
        if let Some(observed) = self.observed.upgrade() {
            observed.see_unusable(unusable);
        }
        let before = self.publish(observed_by(set, &self.observed, known_to));
        let Usable { protocols, told, .. } = &self.usable;
        changes::log(&self.service, protocols, told, &before, &self.current.load());
        // It holds states.
        drop(before);
        self.adopted.prune();
    }

    /// The endpoint of a provider that is not in the set, with the state that it would have there; `None` when
    /// it cannot be used.
    pub(super) fn endpoint(&self, provider: &Registration) -> Option<Endpoint> {
        let Registration { instance, offer, params, .. } = provider;
        self.usable.rank(&offer.protocol)?;
        let endpoint = Endpoint::new(instance.clone(), offer.clone(), params.clone());
        self.adopted.adopt(std::iter::once(endpoint)).pop()
    }

    /// Keeps the endpoints, which nobody follows from now on.
    pub(super) fn end(&self) {
        self.usable.told.forget(&self.usable.protocols);
        let set = Endpoints::clone(&self.current.load());
        self.publish(set.with_health(Health::Stale).with_failure(|| {
            Some("the runtime that followed it has ended; build the client again".to_owned())
        }));
    }

    /// Replaces the set by one with the next number, and returns it.
    fn publish(&self, set: Endpoints) -> Arc<Endpoints> {
        let number = *self.number.borrow() + 1;
        let before = self.current.swap(Arc::new(set.with_number(number)));
        self.number.send_replace(number);
        before
    }

    pub(super) fn told(&self) -> &Arc<Told> {
        &self.usable.told
    }

    pub(super) fn snapshot(&self) -> Arc<Endpoints> {
        self.current.load_full()
    }

    pub(super) fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut number = self.number.subscribe();
        Box::pin(async move {
            // An error means the directory is gone; then nothing changes any more.
            if number.wait_for(|n| *n != seen).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::{Instance, Offer};
    use dubhe_net::time::TokioClock;

    use super::super::join::join;
    use super::super::source::Source;
    use super::*;
    use crate::channels::tests::Silent;

    #[test]
    fn the_states_of_providers_that_are_gone_are_forgotten() {
        let channels = Arc::new(Channels::new(vec![Arc::new(Silent)]));
        let service = ServiceKey::interface_only("a.B");
        let usable =
            Usable { protocols: Vec::new(), channels, told: Arc::default(), origins: Vec::new() };
        let clock: SharedClock = Arc::new(TokioClock);
        let observed = Arc::new(Observed::new(&[], &service, clock.clone()));
        let set = ChangingSet::new(&service, usable, clock, &observed);
        for port in 1..=100 {
            let provider = Registration {
                service: service.clone(),
                instance: Arc::new(Instance::default()),
                offer: Offer { protocol: "test".into(), port },
                params: Arc::default(),
            };
            let source =
                Source { providers: vec![provider], health: Health::Fresh, ..Source::default() };
            set.update(&join([source].iter()));
        }
        assert_eq!(set.snapshot().len(), 1);
        assert_eq!(format!("{:?}", set.adopted.states).matches("(Weak)").count(), 1);
    }
}
