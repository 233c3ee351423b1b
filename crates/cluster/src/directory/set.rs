//! The set of a directory, replaced as registries tell.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytestring::ByteString;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::registry::Health;
use dubhe_core::time::SharedClock;
use dubhe_core::{Endpoint, ServiceKey};
use tokio::sync::watch;

use super::adopting::Adopted;
use super::changes::{self, Told};
use super::join::Joined;
use super::keys::Keys;
use crate::channels::Channels;

/// The endpoints that can be used, of all that registries know.
pub(super) struct Usable {
    /// The protocols that may be used; any when there is none.
    pub(super) protocols: Vec<ByteString>,
    pub(super) channels: Arc<Channels>,
    /// The reasons that the directories of the service have told.
    pub(super) told: Arc<Told>,
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
        let offered: BTreeSet<_> = joined.providers.iter().map(|p| &*p.offer.protocol).collect();
        let offered = offered.into_iter().collect::<Vec<_>>().join(", ");
        let usable = if self.protocols.is_empty() {
            "of the protocols that the application speaks".to_owned()
        } else {
            format!("of {}, which this client uses", self.protocols.join(", "))
        };
        let count = joined.providers.len();
        format!("the {count} registered for it offer {offered}, and none {usable}")
    }
}

/// A set that is replaced whole, and its number.
pub(super) struct ChangingSet {
    current: ArcSwap<Endpoints>,
    adopted: Adopted,
    number: watch::Sender<u64>,
    usable: Usable,
    service: ServiceKey,
    failure: Failure,
}

/// Returns the last errors of registries.
pub(super) type Failure = Arc<dyn Fn() -> Option<String> + Send + Sync>;

fn with_failure(set: Endpoints, failure: &Failure) -> Endpoints {
    let failure = failure.clone();
    set.with_failure(move || failure())
}

impl ChangingSet {
    /// A set of endpoints of `service`, without any and not current. `failure` returns the last errors
    /// of the registries.
    pub(super) fn new(
        service: &ServiceKey,
        usable: Usable,
        clock: SharedClock,
        failure: Failure,
    ) -> Self {
        let empty = Endpoints::new([]).with_health(Health::Stale);
        Self {
            current: ArcSwap::from_pointee(with_failure(empty, &failure)),
            failure,
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
        let mut usable = Vec::new();
        for provider in &joined.providers {
            let Some(rank) = self.usable.rank(&provider.offer.protocol) else { continue };
            let address = (&provider.instance.host, provider.offer.port, &provider.service);
            let least = best.entry(address).or_insert(rank);
            *least = rank.min(*least);
            usable.push((provider, address, rank));
        }
        let preferred = usable.into_iter().filter(|(_, at, rank)| best.get(at) == Some(rank));
        let mut keys = self.service.is_pattern().then(|| Keys::of(&self.current.load()));
        let endpoints = preferred.map(|(p, ..)| {
            let endpoint = Endpoint::new(p.instance.clone(), p.offer.clone(), p.params.clone());
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
        let before = self.publish(with_failure(set, &self.failure));
        let Usable { protocols, told, .. } = &self.usable;
        changes::log(&self.service, protocols, told, &before, &self.current.load());
        // It holds states.
        drop(before);
        self.adopted.prune();
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
    use dubhe_core::registry::Registration;
    use dubhe_core::{Instance, Offer};
    use dubhe_net::time::TokioClock;

    use super::*;
    use crate::channels::tests::Silent;

    #[test]
    fn the_states_of_providers_that_are_gone_are_forgotten() {
        let channels = Arc::new(Channels::new(vec![Arc::new(Silent)]));
        let usable = Usable { protocols: Vec::new(), channels, told: Arc::default() };
        let service = ServiceKey::interface_only("a.B");
        let set = ChangingSet::new(&service, usable, Arc::new(TokioClock), Arc::new(|| None));
        for port in 1..=100 {
            let provider = Registration {
                service: service.clone(),
                instance: Arc::new(Instance::default()),
                offer: Offer { protocol: "test".into(), port },
                params: Arc::default(),
            };
            set.update(&Joined { providers: vec![&provider], health: Health::Fresh });
        }
        assert_eq!(set.snapshot().len(), 1);
        assert_eq!(format!("{:?}", set.adopted.states).matches("(Weak)").count(), 1);
    }
}
