//! The writes of a provider.

use std::sync::Arc;

use dubhe_core::Code;
use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::endpoint::Instance;
use dubhe_registry::application::{InstanceSnapshot, ServiceDiscovery as _, ServiceInstance};
use http::Method;
use serde_json::{Value, json};

use crate::server::{Server, endpoint};
use crate::support::until;

/// An instance of this revision, and what it says of itself.
fn says(revision: &'static str) -> ServiceInstance {
    let params = [
        ("dubbo.metadata.revision", revision),
        ("dubbo.endpoints", r#"[{"port":50051,"protocol":"tri"}]"#),
        ("timestamp", "1795392758820"),
    ];
    let instance = Instance {
        host: "10.1.0.1".into(),
        application: "shop".into(),
        params: params.map(|(name, value)| (name.into(), value.into())).into(),
        ..Instance::default()
    };
    ServiceInstance { instance: Arc::new(instance), port: 50051 }
}

async fn data(server: &Server) -> Value {
    let path = "/api/v1/namespaces/shop/configmaps/dubhe-metadata-shop";
    let (status, text) = server.ask(Method::GET, path, None).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str::<Value>(&text).unwrap()["data"].take()
}

#[tokio::test]
async fn pods_of_a_template_write_once() {
    let server = Server::start().await;
    server.bind("provider", "dubhe-provider").await;
    server.bind("consumer", "dubhe-consumer").await;
    server.service("shop").await;
    for (pod, template) in [("shop-1", "5c"), ("shop-2", "5c"), ("shop-3", "77")] {
        server.pod(pod, template, json!({})).await;
    }
    let endpoints = [1, 2, 3].map(|at| endpoint(&format!("10.1.0.{at}"), &format!("shop-{at}")));
    server.slice("shop-a", &endpoints).await;
    let provider = |pod: &str| server.builder("provider", "").pod(pod).build().unwrap();
    let registry = server.registry("consumer", "");
    let mut snapshots = registry.subscribe("shop").await.unwrap();

    // Both at once, as pods of a Deployment start.
    let (first, second) = (provider("shop-1"), provider("shop-2"));
    let revision = DocumentKey::Metadata { application: "shop".into(), revision: "1a".into() };
    let (one, two) = tokio::join!(
        async {
            first.put(&revision, "{}".into()).await.unwrap();
            first.register(says("1a")).await
        },
        second.register(says("1a")),
    );
    one.unwrap();
    two.unwrap();
    let expected = r#"{"dubbo.endpoints":"[{\"port\":50051,\"protocol\":\"tri\"}]","dubbo.metadata.revision":"1a"}"#;
    assert_eq!(data(&server).await, json!({"template.5c": expected, "revision.1a": "{}"}));

    // One that says something else has an entry of its own, until it says the same.
    second.register(says("2b")).await.unwrap();
    provider("shop-3").register(says("3c")).await.unwrap();
    let revisions = |now: &InstanceSnapshot| {
        let all = now.instances.iter().map(|of| of.revision().unwrap_or_default().to_owned());
        all.collect::<Vec<_>>()
    };
    until(&mut snapshots, "of all revisions", |now| revisions(now) == ["1a", "2b", "3c"]).await;
    second.register(says("1a")).await.unwrap();
    until(&mut snapshots, "of the template", |now| revisions(now) == ["1a", "1a", "3c"]).await;
    assert!(data(&server).await.get("pod.shop-2").is_none());
    second.register(says("2b")).await.unwrap();
    second.unregister(&says("2b")).await.unwrap();
    assert!(data(&server).await.get("pod.shop-2").is_none());
}

#[tokio::test]
async fn java_finds_the_annotation_of_the_pod() {
    let server = Server::start().await;
    server.bind("provider", "dubhe-provider").await;
    server.pod("shop-1", "5c", json!({})).await;
    let provider = server.builder("provider", "pod-annotation=true").pod("shop-1").build().unwrap();
    let denied = provider.register(says("1a")).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied, "{denied}");
    assert!(denied.message().contains("cannot patch pods"), "{denied}");
    server.bind("provider", "dubhe-provider-annotation").await;
    let annotation = async || {
        let (_, text) = server.ask(Method::GET, "/api/v1/namespaces/shop/pods/shop-1", None).await;
        let pod: Value = serde_json::from_str(&text).unwrap();
        let text =
            pod["metadata"]["annotations"]["io.dubbo/metadata"].as_str().map(ToOwned::to_owned);
        text.map(|text| serde_json::from_str::<Value>(&text).unwrap())
    };
    registered(&provider).await;
    let said = annotation().await.unwrap();
    assert_eq!(said["dubbo.metadata.revision"], "1a");
    assert_eq!(said["timestamp"], "1795392758820");
    provider.unregister(&says("1a")).await.unwrap();
    assert_eq!(annotation().await, None);
}

/// Registers as soon as the role, which servers learn of in a moment, allows it.
async fn registered(provider: &dubhe_kubernetes::Kubernetes) {
    crate::server::eventually("the role is known", async || {
        provider.register(says("1a")).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn who_is_no_pod_is_told_so() {
    let server = Server::start().await;
    server.bind("provider", "dubhe-provider").await;
    let provider = server.builder("provider", "").pod("laptop").build().unwrap();
    let error = provider.register(says("1a")).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.message().contains("HOSTNAME"), "{error}");
    let provider = server.builder("provider", "").pod("").build().unwrap();
    let error = provider.register(says("1a")).await.unwrap_err();
    assert!(error.message().contains("enableRegister=false"), "{error}");
    let finder = server.builder("provider", "enableRegister=false").pod("").build().unwrap();
    assert!(finder.is_read_only());
    finder.register(says("1a")).await.unwrap();
}
