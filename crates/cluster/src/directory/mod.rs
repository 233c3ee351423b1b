//! Directories: a fixed list, or one that follows a registry.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Endpoints, States};
use dubhe_core::registry::{Health, Snapshot};
use tokio::sync::watch;

/// A directory whose set is replaced as a registry tells.
pub struct Followed {
    current: ArcSwap<Endpoints>,
    states: States,
    number: watch::Sender<u64>,
}

impl Followed {
    /// No endpoint yet, and not current.
    pub fn new() -> Self {
        let empty = Endpoints::new([]).with_health(Health::Stale);
        Self {
            current: ArcSwap::from_pointee(empty),
            states: States::default(),
            number: watch::Sender::new(0),
        }
    }

    /// Takes over what a registry says. `rank` says how much a protocol is preferred, 0 most, and
    /// `None` for one that cannot be used; of several protocols on one port the most preferred
    /// stays, so that a provider that offers two does not count twice. Endpoints that stay keep
    /// their state and their connections.
    pub fn update(&self, snapshot: &Snapshot, rank: impl Fn(&str) -> Option<usize>) {
        let number = *self.number.borrow() + 1;
        let mut best = HashMap::new();
        let mut usable = Vec::new();
        for provider in &snapshot.providers {
            let Some(rank) = rank(&provider.offer.protocol) else { continue };
            let address = (&provider.instance.host, provider.offer.port);
            let least = best.entry(address).or_insert(rank);
            *least = rank.min(*least);
            usable.push((provider, address, rank));
        }
        let endpoints =
            usable.into_iter().filter(|(_, address, rank)| best.get(address) == Some(rank)).map(
                |(p, ..)| self.states.adopt(p.instance.clone(), p.offer.clone(), p.params.clone()),
            );
        let set = Endpoints::new(endpoints).generation(number).with_health(snapshot.health);
        self.current.store(Arc::new(set));
        self.number.send_replace(number);
    }
}

impl Default for Followed {
    fn default() -> Self {
        Self::new()
    }
}

impl Directory for Followed {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.current.load_full()
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut number = self.number.subscribe();
        Box::pin(async move {
            // An error means the directory is gone; then nothing changes any more.
            if number.wait_for(|n| *n != seen).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

impl std::fmt::Debug for Followed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Followed").field(&self.current.load()).finish()
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::registry::Registration;
    use dubhe_core::{Instance, Offer, ServiceKey};

    use super::*;

    fn snapshot(ports: &[u16]) -> Snapshot {
        let provider = |port: &u16| Registration {
            service: ServiceKey::interface_only("a.B"),
            instance: Arc::new(Instance { host: "h".into(), ..Instance::default() }),
            offer: Offer { protocol: if *port == 9 { "x" } else { "dubbo" }.into(), port: *port },
            params: Arc::default(),
        };
        Snapshot { providers: ports.iter().map(provider).collect(), health: Health::Fresh }
    }

    fn rank(protocol: &str) -> Option<usize> {
        ["dubbo", "tri"].iter().position(|known| *known == protocol)
    }

    #[test]
    fn of_two_protocols_on_a_port_the_preferred_stays() {
        let mut snapshot = snapshot(&[1, 2]);
        let mut triple = snapshot.providers[0].clone();
        triple.offer.protocol = "tri".into();
        snapshot.providers.insert(0, triple.clone());
        triple.offer.port = 3;
        snapshot.providers.push(triple);
        let directory = Followed::new();
        directory.update(&snapshot, rank);
        let set = directory.snapshot();
        let offers: Vec<_> = set.iter().map(ToString::to_string).collect();
        assert_eq!(offers, ["dubbo://h:1", "dubbo://h:2", "tri://h:3"]);
    }

    #[tokio::test]
    async fn a_new_set_keeps_the_state_of_who_stays() {
        let directory = Followed::new();
        assert_eq!(directory.snapshot().health(), Health::Stale);
        directory.update(&snapshot(&[1, 2, 9]), rank);
        let before = directory.snapshot();
        assert_eq!((before.len(), before.number()), (2, 1));
        let changed = directory.changed(1);
        directory.update(&snapshot(&[2, 3]), rank);
        changed.await;
        let after = directory.snapshot();
        let state = |set: &Endpoints, port| {
            set.iter().find(|e| e.offer().port == port).unwrap().state().clone()
        };
        assert!(Arc::ptr_eq(&state(&before, 2), &state(&after, 2)));
        assert_eq!(after.iter().map(|e| e.offer().port).collect::<Vec<_>>(), [2, 3]);
    }
}
