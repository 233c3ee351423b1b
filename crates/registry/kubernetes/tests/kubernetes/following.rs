//! Instances as the API server tells of them.

use dubhe_core::Code;
use dubhe_core::registry::Health;
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::{InstanceSnapshot, ServiceDiscovery as _};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::server::{SLICES, Server, endpoint};
use crate::support::{addresses, clock, until, until_fresh};

/// A consumer with the role that it is given, and no more.
async fn consumer(server: &Server) -> Kubernetes {
    server.bind("consumer", "dubhe-consumer").await;
    server.registry("consumer", "enableRegister=false")
}

#[tokio::test]
async fn instances_change_and_go() {
    let server = Server::start().await;
    let registry = consumer(&server).await;
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    until_fresh(&mut snapshots, &[]).await;
    let failure = registry.failure("shop").unwrap();
    assert_eq!(failure.code(), Code::NotFound, "{failure}");
    assert!(failure.message().contains("no Service \"shop\""), "{failure}");

    server.service("shop").await;
    let metadata = r#"{"dubbo.metadata.revision":"1a","timestamp":"1795392758820"}"#;
    server.pod("shop-1", "5c", json!({"io.dubbo/metadata": metadata})).await;
    server.pod("shop-2", "5c", json!({})).await;
    server.slice("shop-a", &[endpoint("10.1.0.2", "shop-2"), endpoint("10.1.0.1", "shop-1")]).await;
    let both = ["10.1.0.1:50051", "10.1.0.2:50051"];
    let told = |now: &InstanceSnapshot| {
        addresses(now) == both && now.instances[0].revision() == Some("1a")
    };
    let snapshot = until(&mut snapshots, "with the annotation", told).await;
    assert!(registry.failure("shop").is_none());
    let first = &snapshot.instances[0].instance;
    assert_eq!(first.zone.as_deref(), Some("north-a"));
    assert_eq!(first.region.as_deref(), Some("north"));
    assert_eq!(first.node.as_deref(), Some("node-1"));
    assert!(first.is_available() && first.started.is_some());
    // What its port says, where the pod says nothing.
    let second = &snapshot.instances[1];
    let offers: Vec<_> =
        second.endpoints().iter().map(|of| (of.protocol.to_string(), of.port)).collect();
    assert_eq!(offers, [("tri".to_owned(), 50051)]);
    assert_eq!(registry.applications().await.unwrap(), ["shop"]);

    // A pod that terminates, and one that is not ready, stay visible.
    let mut leaving = endpoint("10.1.0.1", "shop-1");
    leaving["conditions"] = json!({"ready": false, "serving": true, "terminating": true});
    let mut starting = endpoint("10.1.0.2", "shop-2");
    starting["conditions"] = json!({"ready": false, "serving": false});
    server.slice("shop-a", &[leaving, starting]).await;
    let snapshot = until(&mut snapshots, "of conditions", |now| {
        now.instances.first().is_some_and(|first| first.instance.terminating)
    })
    .await;
    assert_eq!(addresses(&snapshot), both);
    let facts = |at: usize| {
        let instance = &snapshot.instances[at].instance;
        (instance.ready, instance.serving, instance.terminating)
    };
    assert_eq!((facts(0), facts(1)), ((false, true, true), (false, false, false)));

    // Scaled to zero.
    server.slice("shop-a", &[]).await;
    until_fresh(&mut snapshots, &[]).await;
    server.slice("shop-a", &[endpoint("10.1.0.3", "shop-3")]).await;
    until_fresh(&mut snapshots, &["10.1.0.3:50051"]).await;
    server.delete(&format!("{SLICES}/shop-a")).await;
    until_fresh(&mut snapshots, &[]).await;
}

#[tokio::test]
async fn what_is_forbidden_is_said_and_asked_for_again() {
    let server = Server::start().await;
    server.service("shop").await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    let registry = server.registry("consumer", "");
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    let first = snapshots.next().await.unwrap();
    assert_eq!((first.health, addresses(&first)), (Health::Stale, Vec::new()));
    let failure = registry.failure("shop").unwrap();
    assert_eq!(failure.code(), Code::PermissionDenied);
    for part in
        ["cannot list endpointslices", "\"shop\"", "consumer", "deploy/kubernetes/roles.yaml"]
    {
        assert!(failure.message().contains(part), "{part}: {failure}");
    }
    // With the role it goes on, without a new start.
    server.bind("consumer", "dubhe-consumer").await;
    until_fresh(&mut snapshots, &["10.1.0.1:50051"]).await;

    // A server that the URL names: its authority is known, or it is not; and so is the token.
    let named = |parameters: &str| {
        let url = server.url_of_server(parameters);
        Kubernetes::builder(&url, clock()).unwrap().build().unwrap()
    };
    let trusted = format!("caCertData={}", server.authority_in_url());
    let right = named(&format!("oauthToken=admin-token&{trusted}"));
    until_fresh(&mut right.subscribe("shop").await.unwrap(), &["10.1.0.1:50051"]).await;
    for (parameters, code, part) in [
        (format!("oauthToken=wrong&{trusted}"), Code::Unauthenticated, "credentials"),
        ("oauthToken=wrong&trustCerts=true".to_owned(), Code::Unauthenticated, "credentials"),
        ("oauthToken=admin-token".to_owned(), Code::Unavailable, "certificate"),
    ] {
        let wrong = named(&parameters);
        let mut snapshots = wrong.subscribe("shop").await.unwrap();
        assert_eq!(snapshots.next().await.unwrap().health, Health::Stale);
        let failure = wrong.failure("shop").unwrap();
        assert_eq!(failure.code(), code, "{failure}");
        assert!(failure.message().contains(part), "{failure}");
    }
}

#[tokio::test]
async fn instances_of_other_clusters_are_imported() {
    let server = Server::start().await;
    server.import_kind().await;
    server.bind("consumer", "dubhe-consumer").await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    let labels = json!({
        "multicluster.kubernetes.io/service-name": "shop",
        "multicluster.kubernetes.io/source-cluster": "south",
    });
    let imported = json!({
        "metadata": {"name": "imported-shop-south", "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "tri", "port": 50051}],
        "endpoints": [endpoint("10.2.0.1", "shop-1"), endpoint("10.1.0.1", "shop-1")],
    });
    server.put(SLICES, imported).await;
    let registry = server.registry("consumer", "cluster=north&multicluster=true");
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    let first = snapshots.next().await.unwrap();
    assert_eq!(first.health, Health::Stale, "no role for ServiceImports yet");
    server.bind("consumer", "dubhe-multicluster").await;
    let snapshot = until_fresh(&mut snapshots, &["10.1.0.1:50051", "10.2.0.1:50051"]).await;
    let clusters = snapshot.instances.iter().map(|of| of.instance.cluster.clone().unwrap());
    assert_eq!(clusters.collect::<Vec<_>>(), ["north", "south"]);

    // Without slices, the address of the set stands for all.
    server.delete(&format!("{SLICES}/imported-shop-south")).await;
    until_fresh(&mut snapshots, &["10.1.0.1:50051"]).await;
    let import = json!({
        "apiVersion": "multicluster.x-k8s.io/v1alpha1",
        "kind": "ServiceImport",
        "metadata": {"name": "shop"},
        "spec": {"type": "ClusterSetIP", "ips": ["10.9.0.1"], "ports": [{"name": "tri", "port": 50051, "protocol": "TCP"}]},
    });
    server.put("/apis/multicluster.x-k8s.io/v1alpha1/namespaces/shop/serviceimports", import).await;
    until_fresh(&mut snapshots, &["10.1.0.1:50051", "10.9.0.1:50051"]).await;
    // Without the option they are none of ours.
    let alone = server.registry("consumer", "");
    let mut snapshots = alone.subscribe("shop").await.unwrap();
    until_fresh(&mut snapshots, &["10.1.0.1:50051"]).await;
}
