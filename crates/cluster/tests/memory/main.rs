//! The memory of directories and of picks, in a program of its own: what other tests allocate would count.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

mod picks;

use std::alloc::System;
use std::sync::{Arc, Mutex};

use dubhe_cluster::{Channels, Directories, RegistryDirectory};
use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::{Registering, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::{Endpoint, Instance, Offer, ServiceKey, Status};
use dubhe_net::time::TokioClock;
use futures_util::{StreamExt as _, stream};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::sync::mpsc;
use tokio::time::{Duration, sleep};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The bytes for each endpoint that a process may have, whatever it shares with others.
const MOST: usize = 2 * 1024;

/// The parameters that Dubbo Java 3.3 publishes for a provider.
const PARAMS: &[(&str, &str)] = &[
    ("anyhost", "true"),
    ("application", "shop-orders"),
    ("background", "false"),
    ("deprecated", "false"),
    ("dubbo", "2.0.2"),
    ("dynamic", "true"),
    ("generic", "false"),
    ("interface", "org.example.orders.OrderService"),
    ("methods", "find,findAll,place,cancel,history"),
    ("pid", "1"),
    ("prefer.serialization", "hessian2,fastjson2"),
    ("release", "3.3.6"),
    ("service-name-mapping", "true"),
    ("side", "provider"),
    ("timestamp", "1764460800000"),
];

/// A registry that makes the providers of a service when it is asked, as one that has read them does.
#[derive(Clone)]
struct Made {
    /// The instances, which services share.
    instances: Arc<[Arc<Instance>]>,
    facts: Facts,
    senders: Arc<Mutex<Vec<mpsc::UnboundedSender<Snapshot>>>>,
}

impl Made {
    fn snapshot(&self, service: &ServiceKey) -> Snapshot {
        let texts = || PARAMS.iter().map(|(k, v)| (k.to_string().into(), v.to_string().into()));
        let make = || Arc::new(ServiceParams::new(&texts().collect()));
        let shared = make();
        let one = |instance: &Arc<Instance>| {
            let (instance, params) = match self.facts {
                Facts::Shared => (instance.clone(), shared.clone()),
                Facts::Own => (Arc::new(Instance::clone(instance)), make()),
            };
            let offer = Offer { protocol: "dubbo".into(), port: 20880 };
            Registration { service: service.clone(), instance, offer, params }
        };
        Snapshot { providers: self.instances.iter().map(one).collect(), ..Snapshot::default() }
    }

    /// Tells every subscriber of all providers again, as made anew.
    fn tell_all(&self, service: &ServiceKey) {
        for sender in self.senders.lock().unwrap().iter() {
            let _ = sender.send(self.snapshot(service));
        }
    }
}

impl Registry for Made {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = sender.send(self.snapshot(service));
        self.senders.lock().unwrap().push(sender);
        let snapshots = stream::unfold(receiver, |mut receiver| async {
            Some((receiver.recv().await?, receiver))
        });
        Box::pin(async { Ok(snapshots.boxed()) })
    }
}

struct Never;

impl Connect for Never {
    fn protocol(&self) -> &'static str {
        "dubbo"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint).with_params(endpoint, &["payload", "connections"])
    }

    fn connect(&self, _: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        Err(Status::unavailable("nobody calls"))
    }
}

/// The facts that providers say of themselves.
#[derive(Clone, Copy)]
enum Facts {
    /// All say the same of a service, and an instance is one for all services: at the application level.
    Shared,
    /// Each has its own parameters and its own instance: at the interface level.
    Own,
}

/// The bytes for each endpoint of directories of `services`, each with `instances`; what is shared, what a
/// registry gave and what is on the way included.
async fn bytes(services: usize, instances: u16, facts: Facts) -> usize {
    let region = Region::new(ALLOCATOR);
    let all = (0..instances).map(|n| Arc::new(instance(n))).collect();
    let registry = Made { instances: all, facts, senders: Arc::default() };
    let channels = Arc::new(Channels::new(vec![Arc::new(Never)]));
    let (clock, random) = (Arc::new(TokioClock), Arc::new(SplitMix::new(1)));
    let directories = Directories::new(vec![Arc::new(registry.clone())], channels, clock, random);
    let follow = |n| {
        let service = ServiceKey::interface_only(format!("org.example.Service{n}"));
        directories.directory(&service, Vec::new())
    };
    let all: Vec<Arc<RegistryDirectory>> = (0..services).map(follow).collect();
    sleep(Duration::from_secs(1)).await;
    // Once more, so that what the sets before left behind counts.
    registry.tell_all(&ServiceKey::interface_only("org.example.Service0"));
    sleep(Duration::from_secs(1)).await;
    let count: usize = all.iter().map(|directory| directory.snapshot().len()).sum();
    assert_eq!(count, services * usize::from(instances));
    let used = region.change();
    let bytes = (used.bytes_allocated - used.bytes_deallocated) / count;
    drop((all, directories));
    // Its tasks end.
    sleep(Duration::from_secs(1)).await;
    bytes
}

fn instance(n: u16) -> Instance {
    Instance {
        host: format!("10.20.{}.{}", n / 250, n % 250).into(),
        application: "shop-orders".into(),
        ..Instance::default()
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_takes_at_most_2_kib_and_a_pick_nothing() {
    // One test, since what another one allocates would count.
    picks::allocate_nothing();
    for facts in [Facts::Shared, Facts::Own] {
        for (services, instances) in [(1, 10_000), (500, 20)] {
            let bytes = bytes(services, instances, facts).await;
            println!(
                "{services} services with {instances} instances each: {bytes} bytes an endpoint"
            );
            assert!(bytes <= MOST, "{services} × {instances}: {bytes}");
        }
    }
}
