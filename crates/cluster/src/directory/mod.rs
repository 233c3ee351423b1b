//! Directories: a fixed list, or one that follows a registry.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Endpoints, ServiceParams, States};
use dubhe_core::registry::{Health, Snapshot};
use dubhe_core::time::{Duration, SharedClock, SystemTime};
use tokio::sync::watch;

/// A directory whose set is replaced as a registry tells.
pub struct Followed {
    current: ArcSwap<Endpoints>,
    states: States,
    number: watch::Sender<u64>,
    clock: SharedClock,
}

impl Followed {
    /// No endpoint yet, and not current.
    pub fn new(clock: SharedClock) -> Self {
        let empty = Endpoints::new([]).with_health(Health::Stale);
        Self {
            current: ArcSwap::from_pointee(empty),
            states: States::default(),
            number: watch::Sender::new(0),
            clock,
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
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let preferred = usable.into_iter().filter(|(_, at, rank)| best.get(at) == Some(rank));
        let endpoints = preferred.map(|(p, ..)| {
            let endpoint = self.states.adopt(p.instance.clone(), p.offer.clone(), p.params.clone());
            if let Some(at) = age(&p.params, wall).and_then(|age| now.checked_sub(age)) {
                endpoint.state().set_started(at);
            }
            endpoint
        });
        let set = Endpoints::new(endpoints).generation(number).with_health(snapshot.health);
        self.current.store(Arc::new(set));
        self.states.prune();
        self.number.send_replace(number);
    }
}

/// The age of a provider by its parameter `timestamp`, the time of its start: in milliseconds, as
/// Java writes it, or in seconds, as dubbo-go does (`server/action.go`). One that is to start in
/// future has no age yet.
fn age(params: &ServiceParams, wall: SystemTime) -> Option<Duration> {
    /// Taken for milliseconds, a number below this is before 1974; for seconds, above it is after
    /// the year 5000.
    const MILLIS: u64 = 100_000_000_000;
    let number: u64 = params.get("timestamp")?.parse().ok().filter(|number| *number > 0)?;
    let since_epoch =
        if number < MILLIS { Duration::from_secs(number) } else { Duration::from_millis(number) };
    let started = SystemTime::UNIX_EPOCH.checked_add(since_epoch)?;
    Some(wall.duration_since(started).unwrap_or_default())
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
    use dubhe_core::time::{Clock, Instant, Sleep};
    use dubhe_core::{Instance, Offer, ServiceKey};

    use super::*;

    struct Fixed(Instant, SystemTime);

    impl Clock for Fixed {
        fn now(&self) -> Instant {
            self.0
        }

        fn sleep_until(&self, _: Instant) -> Sleep {
            Box::pin(std::future::pending())
        }

        fn wall(&self) -> SystemTime {
            self.1
        }
    }

    fn clock() -> SharedClock {
        Arc::new(Fixed(Instant::now(), SystemTime::now()))
    }

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
        let directory = Followed::new(clock());
        directory.update(&snapshot, rank);
        let set = directory.snapshot();
        let offers: Vec<_> = set.iter().map(ToString::to_string).collect();
        assert_eq!(offers, ["dubbo://h:1", "dubbo://h:2", "tri://h:3"]);
    }

    #[tokio::test]
    async fn a_new_set_keeps_the_state_of_who_stays() {
        let directory = Followed::new(clock());
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

    #[test]
    fn providers_that_have_just_started_warm_up_whoever_wrote_the_time() {
        let epoch = Duration::from_secs(1_700_000_000);
        let clock = Arc::new(Fixed(
            Instant::now() + Duration::from_hours(1),
            SystemTime::UNIX_EPOCH + epoch + Duration::from_mins(5),
        ));
        for (timestamp, weight) in [
            ("1700000000000", 50),
            ("1700000000", 50),
            ("1800000000000", 1),
            ("0", 100),
            ("?", 100),
        ] {
            let mut snapshot = snapshot(&[1]);
            let params = [("timestamp".into(), timestamp.into())].into_iter().collect();
            snapshot.providers[0].params = Arc::new(ServiceParams { params });
            let directory = Followed::new(clock.clone());
            directory.update(&snapshot, rank);
            let set = directory.snapshot();
            assert_eq!(set.get(0).unwrap().weight(clock.now()), weight, "{timestamp}");
        }
    }
}
