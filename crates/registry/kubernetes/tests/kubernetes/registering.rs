//! The writes of a provider.

use std::sync::Arc;

use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::registry::{Registration, Registry as _};
use dubhe_core::{Code, ServiceKey};
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::{
    ApplicationOptions, ApplicationRegistry, InstanceSnapshot, MetadataStorage,
    ServiceDiscovery as _, ServiceInstance,
};
use futures_util::StreamExt as _;
use http::Method;
use serde_json::{Value, json};

use crate::server::{Server, endpoint, eventually};
use crate::support::{PATIENCE, clock, until};

/// An instance of this revision, and what it says of itself.
pub(crate) fn says(revision: &'static str) -> ServiceInstance {
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
    let third = provider("shop-3");
    third.register(says("3c")).await.unwrap();
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

/// The registry of an application over this one, whose metadata is in the metadata centre.
pub(crate) fn application(name: &'static str, kubernetes: Kubernetes) -> ApplicationRegistry {
    let kubernetes = Arc::new(kubernetes);
    let mut options = ApplicationOptions::default();
    options.metadata_storage = MetadataStorage::Remote;
    ApplicationRegistry::builder(name, clock())
        .instances(kubernetes.clone())
        .metadata_center(kubernetes.clone())
        .config_center(kubernetes)
        .options(options)
        .build()
}

#[tokio::test]
async fn the_role_of_a_provider_is_enough_for_all_that_it_writes() {
    let server = Server::start().await;
    server.bind("provider", "dubhe-provider").await;
    server.bind("consumer", "dubhe-consumer").await;
    server.service("shop").await;
    server.pod("shop-1", "5c", json!({})).await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    let provider = server.builder("provider", "").pod("shop-1").build().unwrap();
    let provider = application("shop", provider);
    let service = ServiceKey::new("org.example.Greeter", "", "1.0");
    let registration = Registration {
        service: service.clone(),
        instance: Arc::new(Instance { host: "10.1.0.1".into(), ..Instance::default() }),
        offer: Offer { protocol: "tri".into(), port: 50051 },
        params: Arc::new(ServiceParams::default()),
    };
    eventually("the role is known", async || provider.register(registration.clone()).await.is_ok())
        .await;
    let definition = provider.publish_definition(&service, &"shop".into(), "{}".into());
    definition.await.unwrap();

    // A consumer with its role finds it by the mapping, and its services by the metadata.
    let consumer = application("frontend", server.registry("consumer", "enableRegister=false"));
    let mut snapshots = consumer.subscribe(&service).await.unwrap();
    let found = async {
        loop {
            let now = snapshots.next().await.unwrap();
            if let [one] = &*now.providers {
                return (one.instance.host.clone(), one.offer.clone());
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await.expect("a provider in time");
    assert_eq!(found, ("10.1.0.1".into(), registration.offer.clone()));

    // It watches the mapping: what somebody else makes of it is mended.
    let mapping = DocumentKey::Mapping { interface: "org.example.Greeter".into() };
    let admin = server.registry("admin", "");
    assert_eq!(admin.get(&mapping).await.unwrap().unwrap().text, "shop");
    admin.put(&mapping, "other".into()).await.unwrap();
    eventually("the application is mapped again", async || {
        admin.get(&mapping).await.unwrap().unwrap().text == "other,shop"
    })
    .await;
    let written = admin.list().await.unwrap();
    let of_definition = |key: &DocumentKey| matches!(key, DocumentKey::Definition { .. });
    let of_metadata = |key: &DocumentKey| matches!(key, DocumentKey::Metadata { .. });
    assert_eq!(written.len(), 3, "{written:?}");
    assert!(written.iter().any(of_definition) && written.iter().any(of_metadata), "{written:?}");
    provider.unregister(&registration).await.unwrap();
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
async fn registered(provider: &Kubernetes) {
    eventually("the role is known", async || provider.register(says("1a")).await.is_ok()).await;
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
