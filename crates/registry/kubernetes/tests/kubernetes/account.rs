//! The service account of a pod.

use std::fs;
use std::path::Path;

use dubhe_core::Code;
use dubhe_core::registry::Health;
use dubhe_core::time::Duration;
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::ServiceDiscovery as _;
use dubhe_testkit::Folder;

use crate::server::{Server, endpoint};
use crate::support::{addresses, alone, clock, is_alone, until};

/// The folder of the account.
const ACCOUNT: &str = "DUBHE_TEST_ACCOUNT";

#[tokio::test]
async fn a_token_is_read_again() {
    if is_alone() {
        return in_pod(Path::new(&std::env::var_os(ACCOUNT).unwrap())).await;
    }
    let server = Server::start().await;
    server.bind("consumer", "dubhe-consumer").await;
    server.service("shop").await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    let folder = Folder::new().unwrap();
    let file = |name| folder.path().join(name);
    fs::write(file("ca.crt"), server.authority()).unwrap();
    fs::write(file("namespace"), "shop").unwrap();
    fs::write(file("token"), "nobody-token").unwrap();
    let port = server.port().to_string();
    let environment = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", &port),
        (ACCOUNT, folder.path().to_str().unwrap()),
    ];
    alone("account::a_token_is_read_again", &environment).await;
}

/// The test above in a process with the environment of a pod.
async fn in_pod(account: &Path) {
    let builder = Kubernetes::builder("kubernetes://?watchReconnectInterval=200", clock());
    let registry = builder.unwrap().service_account(account).build().unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    let first = until(&mut snapshots, "that is stale", |now| now.health == Health::Stale).await;
    assert!(addresses(&first).is_empty());
    assert_eq!(registry.failure("shop").unwrap().code(), Code::PermissionDenied);
    // As the kubelet puts a new one there. It is read within a minute.
    fs::write(account.join("token"), "consumer-token").unwrap();
    let followed = async {
        while registry.failure("shop").is_some() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), followed).await.expect("the new token is used");
    until(&mut snapshots, "that is fresh", |now| addresses(now) == ["10.1.0.1:50051"]).await;
}
