//! The providers of a service as they change.

use std::future::pending;

use dubhe_core::ServiceKey;
use dubhe_core::registry::{Health, MAX_EXCLUDED, Registration, Snapshot};
use dubhe_core::time::{Duration, Sleep, after};
use dubhe_registry::keeping::{Kept, keep};
use dubhe_registry::matching::{matches, newest};
use dubhe_registry::provider_url;
use futures_util::future::select_all;
use tokio::sync::watch;

use super::{NacosRegistry, instance, names};
use crate::client::LinkState;
use crate::naming::{Service, ServiceLease};
use crate::wire::Instance;

/// The time between two lists of all services, for consumers of several groups or versions: Nacos tells
/// of no new service (Dubbo Java `NacosRegistry.LOOKUP_INTERVAL`).
const LIST_PERIOD: Duration = Duration::from_secs(30);

/// A subscription to the providers of a service, which may be of several groups and versions.
pub(super) struct Subscription {
    registry: NacosRegistry,
    wanted: ServiceKey,
    states: watch::Receiver<LinkState>,
    leases: Vec<ServiceLease>,
    listing: Option<Listing>,
    last: Option<Snapshot>,
    /// This consumer, where it is registered.
    consumer: Option<Kept<Instance>>,
}

/// The search for the services of several groups or versions.
#[derive(Default)]
struct Listing {
    /// The moment of the next; at once for none.
    next: Option<Sleep>,
    /// The services are known.
    answered: bool,
    failures: u32,
}

impl Subscription {
    pub(super) fn new(registry: NacosRegistry, wanted: ServiceKey) -> Self {
        let naming = registry.0.naming();
        let listing = wanted.is_pattern().then(Listing::default);
        let leases = match listing {
            Some(_) => Vec::new(),
            None => registry
                .services_of(&wanted, registry.0.options.subscribe_legacy)
                .iter()
                .map(|service| naming.subscribe(service))
                .collect(),
        };
        let states = naming.link().states();
        Self { registry, wanted, states, leases, listing, last: None, consumer: None }
    }

    /// The next set that differs from the last; `None` once the link is closed.
    pub(super) async fn next(&mut self) -> Option<Snapshot> {
        loop {
            let generation = match &*self.states.borrow_and_update() {
                LinkState::Closed => return None,
                LinkState::Connecting { .. } => None,
                LinkState::Connected(session) => Some(session.generation),
            };
            self.announce();
            let due = self.listing.as_ref().is_some_and(|listing| listing.next.is_none());
            if due && generation.is_some() {
                self.list().await;
            }
            let (snapshot, answered) = self.snapshot(generation);
            if answered && self.last.as_ref() != Some(&snapshot) {
                self.last = Some(snapshot.clone());
                return Some(snapshot);
            }
            self.change().await;
        }
    }

    /// The present set, and whether all of it is known.
    fn snapshot(&mut self, generation: Option<u64>) -> (Snapshot, bool) {
        let listed = self.listing.as_ref().is_none_or(|listing| listing.answered);
        let (mut fresh, mut answered) = (generation.is_some() && listed, listed);
        let mut providers: Vec<Registration> = Vec::new();
        let mut excluded = Vec::new();
        for lease in &mut self.leases {
            let state = lease.state.borrow_and_update();
            fresh &= Some(state.generation) == generation;
            let Some(info) = &state.info else {
                answered = false;
                continue;
            };
            excluded.extend(info.unreadable.iter().cloned());
            for host in &info.hosts {
                match instance::registration(host, self.wanted.interface()) {
                    Ok(provider) if matches(&self.wanted, &provider) => providers.push(provider),
                    Ok(_) => {}
                    Err(reason) => excluded.push(reason),
                }
            }
        }
        excluded.truncate(MAX_EXCLUDED);
        let providers = newest(providers.iter());
        let health = if fresh { Health::Fresh } else { Health::Stale };
        (Snapshot { providers, health, excluded, ..Snapshot::default() }, answered)
    }

    /// Waits until something may have changed.
    async fn change(&mut self) {
        let leases = self.leases.iter_mut().map(|lease| Box::pin(lease.state.changed()));
        let leases: Vec<_> = leases.collect();
        let told =
            async { if leases.is_empty() { pending().await } else { select_all(leases).await } };
        let next = self.listing.as_mut().and_then(|listing| listing.next.as_mut());
        let due = async {
            match next {
                Some(next) => next.await,
                None => pending().await,
            }
        };
        tokio::select! {
            // An error says that the link is gone; the next look at its state says so too.
            _ = self.states.changed() => {}
            _ = told => {}
            () = due => {
                if let Some(listing) = &mut self.listing {
                    listing.next = None;
                }
            }
        }
    }

    /// Finds the services, and follows those that are new.
    async fn list(&mut self) {
        let inner = self.registry.0.clone();
        let naming = inner.naming();
        let Some(listing) = &mut self.listing else { return };
        let mut pause = LIST_PERIOD;
        match naming.services(&inner.options.group).await {
            Ok(names) => {
                inner.list_errors.lock().remove(&self.wanted);
                (listing.answered, listing.failures) = (true, 0);
                let found: Vec<Service> = names
                    .into_iter()
                    .filter(|name| names::parse(name).is_some_and(|one| self.wanted.takes(&one)))
                    .map(|name| self.registry.service(name))
                    .collect();
                self.leases.retain(|lease| found.contains(lease.key()));
                for service in found {
                    if !self.leases.iter().any(|lease| *lease.key() == service) {
                        self.leases.push(naming.subscribe(&service));
                    }
                }
            }
            Err(error) => {
                listing.failures += 1;
                pause = naming.link().pause(listing.failures);
                let service = &self.wanted;
                tracing::warn!(%service, %error, ?pause, "cannot list the services; trying again");
                inner.list_errors.lock().insert(service.clone(), error);
            }
        }
        listing.next = Some(inner.clock.sleep_until(after(inner.clock.now(), pause)));
    }

    /// Registers this consumer, as soon as its address is known.
    fn announce(&mut self) {
        let inner = &*self.registry.0;
        let wanted = inner.options.register && inner.options.register_consumers;
        if !wanted || self.consumer.is_some() {
            return;
        }
        let naming = inner.naming();
        let Some(local) = naming.link().local() else { return };
        let application = &inner.options.application;
        let url = provider_url::consumer(&self.wanted, local, application, inner.now_ms());
        let instance = instance::consumer(url);
        let service = self.registry.service(names::name(names::CONSUMERS, &self.wanted));
        let (kept, keeper) = keep(instance);
        naming.publish(&service, keeper);
        self.consumer = Some(kept);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.registry.0.list_errors.lock().remove(&self.wanted);
    }
}
