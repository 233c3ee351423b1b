//! Instances of applications.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_core::endpoint::{Health, Instance};
use dubhe_core::time::Duration;
use dubhe_registry::application::{
    InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance,
};
use futures_util::StreamExt;

use super::server::Server;
use super::{client, registry, stat_until};

const SHOP: &str = "/services/shop";

pub(crate) fn instance(
    application: &'static str,
    port: u16,
    revision: &'static str,
) -> ServiceInstance {
    let instance = Instance {
        host: "127.0.0.1".into(),
        application: application.into(),
        params: [("dubbo.metadata.revision".into(), revision.into())].into(),
        ..Instance::default()
    };
    ServiceInstance { instance: Arc::new(instance), port }
}

/// The next lists until one is fresh and holds.
pub(crate) async fn until(
    snapshots: &mut InstanceSnapshots,
    holds: impl Fn(&InstanceSnapshot) -> bool,
) -> InstanceSnapshot {
    let found = async {
        loop {
            let snapshot = snapshots.next().await.expect("the subscription goes on");
            if snapshot.health == Health::Fresh && holds(&snapshot) {
                return snapshot;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), found).await.expect("such a list comes")
}

fn revisions(snapshot: &InstanceSnapshot) -> Vec<(u16, &str)> {
    snapshot.instances.iter().map(|of| (of.port, of.revision().unwrap())).collect()
}

#[tokio::test]
async fn instances_come_change_and_go() {
    let server = Server::start().await;
    let (ours, theirs) = (registry(&server, "").discovery(), registry(&server, "").discovery());
    let mut seen = theirs.subscribe("shop").await.unwrap();
    until(&mut seen, |now| now.instances.is_empty()).await;
    ours.register(instance("shop", 1, "a")).await.unwrap();
    ours.register(instance("shop", 2, "a")).await.unwrap();
    until(&mut seen, |now| revisions(now) == [(1, "a"), (2, "a")]).await;

    let watcher = client(&server, None).await;
    let node = format!("{SHOP}/127.0.0.1:1");
    let before = watcher.stat(&node).await.unwrap().unwrap();
    ours.register(instance("shop", 1, "b")).await.unwrap();
    let after = watcher.stat(&node).await.unwrap().unwrap();
    assert_eq!((after.ephemeral_owner, after.version), (before.ephemeral_owner, 1));
    until(&mut seen, |now| revisions(now) == [(1, "b"), (2, "a")]).await;
    assert_eq!(theirs.applications().await.unwrap(), ["shop"]);

    ours.unregister(&instance("shop", 1, "b")).await.unwrap();
    until(&mut seen, |now| revisions(now) == [(2, "a")]).await;
}

#[tokio::test]
async fn an_instance_survives_its_session_and_a_restart_within_it() {
    let server = Server::start().await;
    let first = registry(&server, "");
    first.discovery().register(instance("shop", 1, "a")).await.unwrap();
    let watcher = client(&server, None).await;
    let node = format!("{SHOP}/127.0.0.1:1");
    let old = first.client().connected().await.unwrap();

    // Whoever has its id and password may end a session.
    let thief = client(&server, Some(old.clone())).await;
    thief.close().await;
    let renewed = stat_until(&watcher, &node, |stat| {
        stat.is_some_and(|stat| stat.ephemeral_owner != old.id())
    });
    let owner = first.client().connected().await.unwrap().id();
    assert_eq!(renewed.await.unwrap().ephemeral_owner, owner);

    // The next process of the same address does not wait for the end of the last one's session.
    let dead = client(&server, None).await;
    dead.create(&format!("{SHOP}/127.0.0.1:2"), b"{}", true).await.unwrap();
    let second = registry(&server, "");
    let mut seen = second.discovery().subscribe("shop").await.unwrap();
    second.discovery().register(instance("shop", 2, "b")).await.unwrap();
    until(&mut seen, |now| revisions(now) == [(1, "a"), (2, "b")]).await;
    dead.close().await;
    let node = watcher.stat(&format!("{SHOP}/127.0.0.1:2")).await.unwrap().unwrap();
    assert_eq!(node.ephemeral_owner, second.client().connected().await.unwrap().id());
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_loses_no_instance() {
    let mut server = Server::start().await;
    let (ours, theirs) = (registry(&server, "").discovery(), registry(&server, "").discovery());
    ours.register(instance("shop", 1, "a")).await.unwrap();
    let mut seen = theirs.subscribe("shop").await.unwrap();
    until(&mut seen, |now| revisions(now) == [(1, "a")]).await;
    server.kill();
    loop {
        let now = seen.next().await.unwrap();
        assert_eq!(revisions(&now), [(1, "a")]);
        if now.health == Health::Stale {
            break;
        }
    }
    server.run().await;
    until(&mut seen, |now| revisions(now) == [(1, "a")]).await;
    ours.register(instance("shop", 1, "b")).await.unwrap();
    until(&mut seen, |now| revisions(now) == [(1, "b")]).await;
}

#[tokio::test]
async fn a_thousand_instances_are_one_list() {
    let server = Server::start().await;
    let (ours, theirs) = (registry(&server, "").discovery(), registry(&server, "").discovery());
    let register = |port: u16, revision| ours.register(instance("shop", port, revision));
    futures_util::future::try_join_all((1..=1000).map(|port| register(port, "a"))).await.unwrap();
    let mut seen = theirs.subscribe("shop").await.unwrap();
    let first = seen.next().await.unwrap();
    assert_eq!((first.instances.len(), first.health), (1000, Health::Fresh));
    futures_util::future::try_join_all((1..=100).map(|port| register(port, "b"))).await.unwrap();
    let changed =
        |now: &InstanceSnapshot| revisions(now).iter().filter(|(_, of)| *of == "b").count();
    let all = until(&mut seen, |now| changed(now) == 100).await;
    assert_eq!(all.instances.len(), 1000);
}

#[tokio::test]
async fn the_recorded_nodes_of_java_and_go_are_read_beside_junk() {
    let recorded = include_str!("../../../../../tests/vectors/zookeeper_instances.json");
    let recorded: BTreeMap<String, String> = serde_json::from_str(recorded).unwrap();
    let server = Server::start().await;
    let peer = client(&server, None).await;
    peer.create_with_parents(SHOP, b"").await.unwrap();
    for (name, data) in &recorded {
        peer.create(&format!("{SHOP}/{name}"), data.as_bytes(), true).await.unwrap();
    }
    peer.create(&format!("{SHOP}/junk"), b"127.0.0.1", true).await.unwrap();
    let mut seen = registry(&server, "").discovery().subscribe("shop").await.unwrap();
    let snapshot = until(&mut seen, |_| true).await;
    let addresses: Vec<String> = snapshot.instances.iter().map(ServiceInstance::address).collect();
    assert_eq!(addresses, ["127.0.0.1:22880", "127.0.0.1:22990"]);
    assert_eq!(snapshot.excluded.len(), 1);
    assert_eq!(snapshot.excluded[0].instance, "junk");
}
