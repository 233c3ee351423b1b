//! Certificates of clients, which the API server asks for.

use std::fmt::Write as _;
use std::fs;

use dubhe_core::Code;
use dubhe_core::registry::Health;
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::ServiceDiscovery as _;

use crate::server::{Server, endpoint};
use crate::support::{clock, until, until_fresh};

#[tokio::test]
async fn a_client_is_known_by_its_certificate() {
    let server = Server::start().await;
    server.bind("consumer", "dubhe-consumer").await;
    server.service("shop").await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    let ca = server.folder().join("ca.pem");
    fs::write(&ca, server.authority()).unwrap();
    let ca = format!("caCertFile={}", ca.display());
    let [certificate, key] = server.certificate("consumer");
    let registry = |parameters: &str| {
        let url = server.url_of_server(&format!("watchReconnectInterval=200&{ca}&{parameters}"));
        Kubernetes::builder(&url, clock()).unwrap().build().unwrap()
    };

    // In files, and in the URL itself.
    let in_files = format!("clientCertFile={certificate}&clientKeyFile={key}");
    let [certificate_text, key_text] = [&certificate, &key].map(|file| in_url(file));
    let in_url = format!("clientCertData={certificate_text}&clientKeyData={key_text}");
    for parameters in [&in_files, &in_url] {
        let registry = registry(parameters);
        let mut snapshots = registry.subscribe("shop").await.unwrap();
        until_fresh(&mut snapshots, &["10.1.0.1:50051"]).await;
    }

    // Without one nobody knows who asks, and one of somebody else may read nothing.
    let [certificate, key] = server.certificate("stranger");
    for parameters in ["", &format!("clientCertFile={certificate}&clientKeyFile={key}")] {
        let registry = registry(parameters);
        let mut snapshots = registry.subscribe("shop").await.unwrap();
        until(&mut snapshots, "that is stale", |now| now.health == Health::Stale).await;
        let failure = registry.failure("shop").unwrap();
        assert_eq!(failure.code(), Code::PermissionDenied, "{parameters:?}: {failure}");
    }
}

/// The content of a file as a parameter of a URL.
fn in_url(file: &str) -> String {
    fs::read(file).unwrap().iter().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02x}").unwrap();
        text
    })
}
