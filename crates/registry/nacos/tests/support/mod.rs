//! Parts that all tests of this crate share.

use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::registry::{Health, Registration, Registry as _, Snapshot, Snapshots};
use dubhe_core::time::{Duration, SharedClock};
use dubhe_nacos::NacosRegistry;
use dubhe_net::time::TokioClock;
use futures_util::StreamExt as _;

/// The clock of the runtime, which some tests pause.
pub(crate) fn clock() -> SharedClock {
    Arc::new(TokioClock)
}

/// The service that the tests announce.
pub(crate) fn service() -> ServiceKey {
    ServiceKey::new("demo.Greet", "g1", "1.2.3")
}

/// A provider of it on this port, with these parameters.
pub(crate) fn provider(port: u16, params: &[(&'static str, &'static str)]) -> Registration {
    Registration {
        service: service(),
        instance: Arc::new(Instance {
            host: "127.0.0.1".into(),
            application: "shop".into(),
            ..Instance::default()
        }),
        offer: Offer { protocol: "dubbo".into(), port },
        params: Arc::new(ServiceParams::new(
            &params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        )),
    }
}

/// The ports of providers, sorted.
pub(crate) fn ports(providers: &[Registration]) -> Vec<u16> {
    let mut ports: Vec<u16> = providers.iter().map(|p| p.offer.port).collect();
    ports.sort_unstable();
    ports
}

/// Subscribes to the test's service.
pub(crate) async fn subscribe(registry: &NacosRegistry) -> Snapshots {
    registry.subscribe(&service()).await.unwrap()
}

/// The next snapshots until one is of this health and these ports.
pub(crate) async fn until(snapshots: &mut Snapshots, health: Health, expected: &[u16]) -> Snapshot {
    let mut seen = Vec::new();
    let found = async {
        loop {
            let snapshot = snapshots.next().await.expect("the subscription goes on");
            if snapshot.health == health && ports(&snapshot.providers) == expected {
                return snapshot;
            }
            seen.push((snapshot.health, ports(&snapshot.providers)));
        }
    };
    let patience = Duration::from_mins(1);
    let found = tokio::time::timeout(patience, found).await;
    found.unwrap_or_else(|_| panic!("no {health:?} snapshot of {expected:?} but {seen:?}"))
}
