//! Parts that all tests of this crate share.

use std::sync::Arc;

use dubhe_core::endpoint::{Instance, Offer, Params, ServiceParams};
use dubhe_core::registry::{Health, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::time::{Duration, SharedClock};
use dubhe_core::{ServiceKey, Status};
use dubhe_etcd::Etcd;
use dubhe_net::time::TokioClock;
use dubhe_registry::application::{
    InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance,
};
use futures_util::{Stream, StreamExt};

/// The prefix of the providers.
pub(crate) const PROVIDERS: &str = "/dubbo/demo.Greet/providers/";

/// The clock of the runtime, which some tests pause.
pub(crate) fn clock() -> SharedClock {
    Arc::new(TokioClock)
}

/// The service that the tests announce.
pub(crate) fn service() -> ServiceKey {
    ServiceKey::new("demo.Greet", "g1", "1.2.3")
}

fn params(params: &[(&'static str, &'static str)]) -> Params {
    params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// A provider of it on this port, with these parameters.
pub(crate) fn provider(port: u16, all: &[(&'static str, &'static str)]) -> Registration {
    Registration {
        service: service(),
        instance: Arc::new(Instance {
            host: "127.0.0.1".into(),
            application: "shop".into(),
            ..Instance::default()
        }),
        offer: Offer { protocol: "dubbo".into(), port },
        params: Arc::new(ServiceParams::new(&params(all))),
    }
}

/// An instance of the application `shop` on this port, with this metadata.
pub(crate) fn instance(port: u16, all: &[(&'static str, &'static str)]) -> ServiceInstance {
    let instance = Instance {
        host: "127.0.0.1".into(),
        application: "shop".into(),
        params: params(all).into(),
        ..Instance::default()
    };
    ServiceInstance { instance: Arc::new(instance), port }
}

/// The ports of providers, sorted.
pub(crate) fn ports(providers: &[Registration]) -> Vec<u16> {
    let mut ports: Vec<u16> = providers.iter().map(|p| p.offer.port).collect();
    ports.sort_unstable();
    ports
}

/// Announces a provider.
pub(crate) async fn register(registry: &Etcd, provider: Registration) -> Result<(), Status> {
    Registry::register(registry, provider).await
}

/// Announces an instance.
pub(crate) async fn join(registry: &Etcd, instance: ServiceInstance) -> Result<(), Status> {
    ServiceDiscovery::register(registry, instance).await
}

/// Follows the test's service.
pub(crate) async fn subscribe(registry: &Etcd) -> Snapshots {
    Registry::subscribe(registry, &service()).await.unwrap()
}

/// Follows the application `shop`.
pub(crate) async fn follow(registry: &Etcd) -> InstanceSnapshots {
    ServiceDiscovery::subscribe(registry, "shop").await.unwrap()
}

/// The next items until one is as `holds` wants it.
pub(crate) async fn next_that<T: std::fmt::Debug>(
    items: &mut (impl Stream<Item = T> + Unpin),
    holds: impl Fn(&T) -> bool,
) -> T {
    let mut seen = Vec::new();
    let found = async {
        loop {
            let item = items.next().await.expect("the subscription goes on");
            if holds(&item) {
                return item;
            }
            seen.push(format!("{item:?}"));
        }
    };
    let patience = Duration::from_secs(40);
    let found = tokio::time::timeout(patience, found).await;
    found.unwrap_or_else(|late| panic!("{late}; before came {seen:#?}"))
}

/// The next snapshots until one is of this health and these ports.
pub(crate) async fn until(seen: &mut Snapshots, health: Health, expected: &[u16]) -> Snapshot {
    next_that(seen, |now| now.health == health && ports(&now.providers) == expected).await
}

/// The next snapshots until one is of this health and these ports.
pub(crate) async fn until_instances(
    seen: &mut InstanceSnapshots,
    health: Health,
    expected: &[u16],
) -> InstanceSnapshot {
    let ports = |now: &InstanceSnapshot| now.instances.iter().map(|i| i.port).collect::<Vec<_>>();
    next_that(seen, |now| now.health == health && ports(now) == expected).await
}
