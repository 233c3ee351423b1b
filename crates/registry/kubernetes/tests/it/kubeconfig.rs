//! Credentials and contexts of a kubeconfig, and several clusters.

use std::fs;

use dubhe_core::registry::Health;
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::ServiceDiscovery as _;

use crate::replay::{Answer, Replay};
use crate::support::{clock, recorded, until, until_fresh};

const SLICES: &str = "endpointslices";

/// A kubeconfig of these contexts, in a folder that goes with it.
struct Kubeconfig(std::path::PathBuf);

impl Kubeconfig {
    fn write(name: &str, contexts: &[(&str, &Replay)]) -> Self {
        let file =
            std::env::temp_dir().join(format!("dubhe-kubeconfig-{}-{name}", std::process::id()));
        let all = contexts.iter().map(|(name, replay)| {
            let server = replay.server();
            (
                serde_json::json!({"name": name, "cluster": {"server": server}}),
                serde_json::json!({"name": name, "context": {"cluster": name, "user": "me", "namespace": "shop"}}),
            )
        });
        let (clusters, contexts): (Vec<_>, Vec<_>) = all.unzip();
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "clusters": clusters, "contexts": contexts,
            "users": [{"name": "me", "user": {"token": "secret"}}], "current-context": contexts[0]["name"],
        });
        fs::write(&file, config.to_string()).unwrap();
        Self(file)
    }

    fn registry(&self, parameters: &str) -> Result<Kubernetes, dubhe_core::Status> {
        let url = format!(
            "kubernetes://?kubeconfig={}&watchReconnectInterval=20&{parameters}",
            self.0.display()
        );
        Kubernetes::builder(&url, clock())?.build()
    }
}

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A cluster with one page of the recorded list.
async fn cluster(page: usize) -> Replay {
    let mut page = recorded("pages").remove(page);
    page.lines[0]["metadata"]["continue"] = "".into();
    Replay::start(vec![Answer::list(SLICES, &page)]).await
}

#[tokio::test]
async fn clusters_of_several_contexts_are_one() {
    let (north, south) = (cluster(0).await, cluster(1).await);
    let file = Kubeconfig::write("several", &[("north", &north), ("south", &south)]);
    let registry = file.registry("contexts=north,south").unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    let expected = ["10.1.0.1:50051", "10.1.0.2:50051", "10.1.0.3:50051", "10.1.0.4:50051"];
    let snapshot = until_fresh(&mut snapshots, &expected).await;
    let clusters: Vec<_> =
        snapshot.instances.iter().map(|of| of.instance.cluster.clone().unwrap()).collect();
    assert_eq!(clusters, ["north", "north", "south", "south"]);
    // The current context, in the namespace that it names.
    let alone = file.registry("").unwrap();
    assert!(format!("{alone:?}").contains("namespace=shop"));
    assert!(!format!("{alone:?}").contains("secret"));
    let mut snapshots = alone.subscribe("shop").await.unwrap();
    let one = until(&mut snapshots, "that is fresh", |now| now.health == Health::Fresh).await;
    assert!(one.instances.iter().all(|of| of.instance.cluster.is_none()));
}

#[tokio::test]
async fn one_cluster_that_is_away_leaves_the_other() {
    let north = cluster(0).await;
    let away = Replay::start(Vec::new()).await;
    let file = Kubeconfig::write("away", &[("north", &north), ("south", &away)]);
    drop(away);
    let registry = file.registry("contexts=north,south").unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    let snapshot = until(&mut snapshots, "of the north", |now| !now.instances.is_empty()).await;
    assert_eq!((snapshot.health, snapshot.instances.len()), (Health::Stale, 2));
    assert!(registry.failure("shop").unwrap().message().contains("127.0.0.1"));
}

#[tokio::test]
async fn what_a_kubeconfig_lacks_is_said() {
    let north = cluster(0).await;
    let file = Kubeconfig::write("lacks", &[("north", &north)]);
    let error = file.registry("context=west").unwrap_err();
    for part in ["west", "kubeconfig", "context=NAME"] {
        assert!(error.message().contains(part), "{part}: {error}");
    }
    let missing = Kubernetes::builder("kubernetes://?kubeconfig=/nowhere/config", clock()).unwrap();
    let error = missing.build().unwrap_err();
    assert!(error.message().contains("/nowhere/config"), "{error}");
    for (parameter, part) in [
        ("caCertFile=/nowhere/ca", "/nowhere/ca"),
        ("caCertData=x", "no certificate"),
        ("clientCertFile=/nowhere/c", "clientCertFile"),
    ] {
        let url = format!("kubernetes://127.0.0.1:1/?{parameter}");
        let error = Kubernetes::builder(&url, clock()).unwrap().build().unwrap_err();
        assert!(error.message().contains(part), "{error}");
    }
}
