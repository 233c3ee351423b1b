//! Services and applications.

use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::endpoint::{Instance, Offer};
use dubhe_core::registry::{Health, Registration, Registry as _, Snapshots};
use dubhe_registry::application::{InstanceSnapshot, ServiceDiscovery as _, ServiceInstance};
use futures_util::StreamExt as _;

use super::nacos;
use super::server::Server;
use super::support::{ports, provider, service, subscribe, until};

/// The next snapshots until `holds`.
async fn snapshot_until<S: futures_util::Stream + Unpin>(
    snapshots: &mut S,
    holds: impl Fn(&S::Item) -> bool,
) -> S::Item {
    let found = async {
        loop {
            let snapshot = snapshots.next().await.expect("the subscription goes on");
            if holds(&snapshot) {
                return snapshot;
            }
        }
    };
    let patience = std::time::Duration::from_mins(1);
    tokio::time::timeout(patience, found).await.expect("the snapshot comes")
}

pub(crate) async fn providers_come_and_go(server: &Server) {
    let (ours, other) = (nacos(server, ""), nacos(server, ""));
    let mut seen = subscribe(&other.registry()).await;
    until(&mut seen, Health::Fresh, &[]).await;

    let registry = ours.registry();
    registry.register(provider(1, &[("weight", "200"), ("methods", "greet,say")])).await.unwrap();
    let first = until(&mut seen, Health::Fresh, &[1]).await;
    let params = &first.providers[0].params;
    assert_eq!((params.get("weight"), params.get("methods")), (Some("200"), Some("greet,say")));
    assert_eq!(first.providers[0].instance.application, "shop");

    // Another port, and another protocol at the same port, of one service over one connection.
    let tri = |mut registration: Registration| {
        registration.offer.protocol = "tri".into();
        registration
    };
    registry.register(provider(2, &[])).await.unwrap();
    registry.register(tri(provider(2, &[]))).await.unwrap();
    let all = until(&mut seen, Health::Fresh, &[1, 2, 2]).await;
    let mut protocols: Vec<&str> = all.providers.iter().map(|p| &*p.offer.protocol).collect();
    protocols.sort_unstable();
    assert_eq!(protocols, ["dubbo", "dubbo", "tri"]);
    // With other parameters it is the same provider.
    registry.register(provider(1, &[("weight", "7")])).await.unwrap();
    snapshot_until(&mut seen, |snapshot| {
        let first = snapshot.providers.iter().find(|one| one.offer.port == 1);
        first.is_some_and(|one| one.params.get("weight") == Some("7"))
    })
    .await;

    registry.unregister(&provider(2, &[])).await.unwrap();
    registry.unregister(&provider(1, &[])).await.unwrap();
    let left = until(&mut seen, Health::Fresh, &[2]).await;
    assert_eq!(left.providers[0].offer.protocol, "tri");
    // All that is left goes with the connection.
    ours.close().await;
    until(&mut seen, Health::Fresh, &[]).await;
    assert!(registry.failure(&service()).unwrap().message().contains("closed"));
    other.close().await;
    assert!(seen.next().await.is_none());
}

pub(crate) async fn several_groups_and_versions_are_found(server: &Server) {
    let ours = nacos(server, "");
    let registry = ours.registry();
    let of = |port, group: &'static str, version: &'static str| Registration {
        service: ServiceKey::new("demo.Outer$Many", group, version),
        ..provider(port, &[])
    };
    registry.register(of(1, "a", "1")).await.unwrap();
    registry.register(of(2, "b", "2")).await.unwrap();
    registry.register(of(3, "", "1")).await.unwrap();
    for (group, version, expected) in [
        ("*", "*", &[1, 2, 3][..]),
        ("a,b", "*", &[1, 2]),
        ("a", "1", &[1]),
        ("", "1", &[3]),
        ("*", "1", &[1, 3]),
    ] {
        let wanted = ServiceKey::new("demo.Outer$Many", group, version);
        let mut seen: Snapshots = registry.subscribe(&wanted).await.unwrap();
        until(&mut seen, Health::Fresh, expected).await;
    }
    let services = registry.services().await.unwrap();
    for (group, version) in [("a", "1"), ("b", "2"), ("", "1")] {
        let service = ServiceKey::new("demo.Outer$Many", group, version);
        assert!(services.contains(&service), "{service} is not in {services:?}");
    }
    ours.close().await;
}

pub(crate) async fn what_somebody_changes_in_nacos_is_honoured(server: &Server) {
    let ours = nacos(server, "");
    let registry = ours.registry();
    registry.register(provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&registry).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    let change = |change: &str| {
        let name = "serviceName=providers%3Ademo.Greet%3A1.2.3%3Ag1&groupName=DEFAULT_GROUP";
        let instance =
            format!("namespaceId=public&{name}&ip=127.0.0.1&port=1&ephemeral=true&{change}");
        let answer = server.http("PUT", "/nacos/v3/admin/ns/instance", &instance);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    change("weight=2.5&enabled=true&metadata=");
    snapshot_until(&mut seen, |snapshot| {
        snapshot.providers.first().is_some_and(|one| one.params.get("weight") == Some("250"))
    })
    .await;
    change("weight=1&enabled=false&metadata=");
    snapshot_until(&mut seen, |snapshot| snapshot.providers.is_empty()).await;
    change("weight=1&enabled=true&metadata=");
    until(&mut seen, Health::Fresh, &[1]).await;
    ours.close().await;
}

/// An instance of the application `shop` on this port, of this revision.
fn instance(port: u16, revision: &'static str) -> ServiceInstance {
    let endpoints = [Offer { protocol: "tri".into(), port }];
    let mut instance =
        Instance { host: "127.0.0.1".into(), application: "shop".into(), ..Instance::default() };
    let storage = dubhe_registry::application::MetadataStorage::Local;
    ServiceInstance::describe(&mut instance, &endpoints, revision, storage);
    ServiceInstance { instance: Arc::new(instance), port }
}

fn revisions(snapshot: &InstanceSnapshot) -> Vec<(u16, &str)> {
    snapshot.instances.iter().map(|one| (one.port, one.revision().unwrap_or("none"))).collect()
}

pub(crate) async fn applications_come_and_go(server: &Server) {
    let (ours, other) = (nacos(server, "nacos.group=apps"), nacos(server, "nacos.group=apps"));
    let discovery = other.discovery();
    let mut seen = discovery.subscribe("shop").await.unwrap();
    assert_eq!(snapshot_until(&mut seen, |_| true).await, InstanceSnapshot::default());

    let mine = ours.discovery();
    mine.register(instance(1, "r1")).await.unwrap();
    let one = snapshot_until(&mut seen, |snapshot| !snapshot.instances.is_empty()).await;
    assert_eq!(one.instances[0].endpoints(), [Offer { protocol: "tri".into(), port: 1 }]);
    mine.register(instance(2, "r1")).await.unwrap();
    mine.register(instance(1, "r2")).await.unwrap();
    snapshot_until(&mut seen, |snapshot| revisions(snapshot) == [(1, "r2"), (2, "r1")]).await;

    // An instance of Spring Cloud, which has nothing of Dubbo.
    let spring = "namespaceId=public&groupName=apps&serviceName=shop&ip=10.9.8.7&port=8080&ephemeral=true\
                  &metadata=%7B%22preserved.register.source%22%3A%22SPRING_CLOUD%22%2C%22k%22%3A%22v%22%7D";
    server.register_by_http(spring);
    let all = snapshot_until(&mut seen, |snapshot| snapshot.instances.len() == 3).await;
    let boot = all.instances.iter().find(|one| one.port == 8080).unwrap();
    assert_eq!((boot.revision(), boot.endpoints().len()), (None, 0));
    assert_eq!(boot.instance.params.get("k"), Some("v"));
    assert_eq!(discovery.applications().await.unwrap(), ["shop"]);

    mine.unregister(&instance(2, "r1")).await.unwrap();
    snapshot_until(&mut seen, |snapshot| snapshot.instances.iter().all(|one| one.port != 2)).await;
    ours.close().await;
    snapshot_until(&mut seen, |snapshot| snapshot.instances.iter().all(|one| one.port == 8080))
        .await;
    other.close().await;
}

pub(crate) async fn consumers_are_registered_on_request(server: &Server) {
    let ours = nacos(server, "register-consumer-url=true");
    let registry = ours.registry();
    let mut seen = subscribe(&registry).await;
    until(&mut seen, Health::Fresh, &[]).await;
    let list = "/nacos/v3/admin/ns/instance/list?namespaceId=public&groupName=DEFAULT_GROUP\
                &serviceName=consumers%3Ademo.Greet%3A1.2.3%3Ag1";
    let shown = |text: &str| server.http("GET", list, "").contains(text);
    let mut tries = 0;
    while !shown("\"category\":\"consumers\"") {
        tries += 1;
        assert!(tries < 300, "{}", server.http("GET", list, ""));
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(shown("\"application\":\"tests\""));
    ours.close().await;
}

pub(crate) async fn a_restarted_server_knows_everything_again(server: &mut Server) {
    let (ours, other) = (nacos(server, ""), nacos(server, ""));
    ours.registry().register(provider(1, &[])).await.unwrap();
    ours.discovery().register(instance(1, "r1")).await.unwrap();
    let mut services = subscribe(&other.registry()).await;
    let mut applications = other.discovery().subscribe("shop").await.unwrap();
    until(&mut services, Health::Fresh, &[1]).await;
    snapshot_until(&mut applications, |snapshot| revisions(snapshot) == [(1, "r1")]).await;

    server.kill();
    let stale = services.next().await.unwrap();
    assert_eq!((stale.health, ports(&stale.providers)), (Health::Stale, vec![1]));
    let stale = applications.next().await.unwrap();
    assert_eq!((stale.health, revisions(&stale)), (Health::Stale, vec![(1, "r1")]));
    // It is told as soon as an attempt has failed.
    let registry = other.registry();
    let status = registry.failure(&service());
    assert!(status.is_some_and(|status| status.message().contains("nacos://")));
    // What is registered meanwhile is registered then.
    let late = nacos(server, "check=false");
    late.registry().register(provider(2, &[])).await.unwrap();

    server.run().await;
    until(&mut services, Health::Fresh, &[1, 2]).await;
    snapshot_until(&mut applications, |snapshot| {
        snapshot.health == Health::Fresh && revisions(snapshot) == [(1, "r1")]
    })
    .await;
    assert!(registry.failure(&service()).is_none());
    for nacos in [ours, other, late] {
        nacos.close().await;
    }
}
