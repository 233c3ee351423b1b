//! Credentials of a pod and of a kubeconfig, contexts, and several clusters.

use std::fs;

use dubhe_core::Code;
use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::registry::Health;
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::ServiceDiscovery as _;
use dubhe_testkit::Folder;
use dubhe_testkit::certs::Authority;
use serde_json::json;

use crate::following::LISTED;
use crate::replay::{Answer, Replay};
use crate::support::{Exchange, alone, clock, is_alone, recorded, until, until_fresh};

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
    let registry = file.registry("contexts=north,south&region=here").unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    let expected = ["10.1.0.1:50051", "10.1.0.2:50051", "10.1.0.3:50051", "10.1.0.4:50051"];
    let snapshot = until_fresh(&mut snapshots, &expected).await;
    // It is that of the first: where the other is nobody said.
    let regions: Vec<_> =
        snapshot.instances.iter().map(|of| of.instance.region.as_deref()).collect();
    assert_eq!(regions, [Some("here"), Some("here"), None, None]);
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
async fn metadata_is_read_in_the_cluster_that_has_it() {
    let answer = |status: u16, body: serde_json::Value| {
        let lines = vec![body];
        let exchange = Exchange { target: String::new(), metadata_only: false, status, lines };
        Answer::list("configmaps/dubhe-metadata-shop", &exchange)
    };
    let missing = || answer(404, json!({"message": "not found"}));
    let map = || answer(200, json!({"metadata": {"name": "x"}, "data": {"revision.1a": "{}"}}));
    let north = Replay::start(vec![missing(), missing()]).await;
    let south = Replay::start(vec![map(), missing(), map()]).await;
    let file = Kubeconfig::write("metadata", &[("north", &north), ("south", &south)]);
    let registry = file.registry("contexts=north,south").unwrap();
    let key = DocumentKey::Metadata { application: "shop".into(), revision: "1a".into() };
    assert_eq!(registry.get(&key).await.unwrap().unwrap().text, "{}");
    assert_eq!(registry.get(&key).await.unwrap(), None);
    // One that is away may be the one that has it.
    drop(north);
    assert_eq!(registry.get(&key).await.unwrap().unwrap().text, "{}");
    let error = registry.get(&key).await.unwrap_err();
    assert!(error.message().contains("cannot read"), "{error}");
    // Rules are those of the first alone.
    let error = registry.get(&DocumentKey::config("shop.tag-router")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(south.requests("configmaps/dubhe-config-dubbo").is_empty());
}

/// The folder of the service account of a test.
const ACCOUNT: &str = "DUBHE_TEST_ACCOUNT";

#[tokio::test]
async fn a_pod_uses_its_service_account() {
    if is_alone() {
        return in_pod().await;
    }
    let authority = Authority::new().unwrap();
    let answers = recorded("pages").iter().map(|page| Answer::list(SLICES, page)).collect();
    let server = Replay::start_tls(answers, &authority.issue("127.0.0.1").unwrap());
    let folder = Folder::new().unwrap();
    for (name, text) in [("ca.crt", &*authority.pem()), ("namespace", "shop\n"), ("token", "t1")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let port = server.address().port().to_string();
    let environment = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", &port),
        (ACCOUNT, folder.path().to_str().unwrap()),
    ];
    alone("kubeconfig::a_pod_uses_its_service_account", &environment).await;
    assert_eq!(server.credentials(), ["Bearer t1"]);
    let requests = server.requests(SLICES);
    assert!(requests[0].contains("/namespaces/shop/"), "{requests:?}");
}

/// The test above in a process with the environment of a pod.
async fn in_pod() {
    let account = std::path::PathBuf::from(std::env::var_os(ACCOUNT).unwrap());
    let pod = |account: &std::path::Path| {
        Kubernetes::builder("kubernetes://", clock()).unwrap().service_account(account).build()
    };
    let registry = pod(&account).unwrap();
    until_fresh(&mut registry.subscribe("shop").await.unwrap(), &LISTED).await;
    // Without a part of it, nothing else is tried.
    for name in ["token", "ca.crt", "namespace"] {
        fs::remove_file(account.join(name)).unwrap();
        let error = pod(&account).unwrap_err();
        for part in [name, "this is a pod", "automountServiceAccountToken"] {
            assert!(error.message().contains(part), "{part}: {error}");
        }
    }
}

#[tokio::test]
async fn what_a_kubeconfig_lacks_is_said() {
    let north = cluster(0).await;
    let file = Kubeconfig::write("lacks", &[("north", &north)]);
    let error = file.registry("context=west").unwrap_err();
    for part in ["west", "kubeconfig", "context=NAME"] {
        assert!(error.message().contains(part), "{part}: {error}");
    }
    let mut config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file.0).unwrap()).unwrap();
    config["clusters"][0]["cluster"]["proxy-url"] = "http://proxy.example.org:3128".into();
    fs::write(&file.0, config.to_string()).unwrap();
    let error = file.registry("").unwrap_err();
    for part in ["proxy.example.org", "proxy-url", "not supported"] {
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
