//! Rules of an application in config centres.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use dubhe::config::{ConfigSnapshot, ConfigWatcher, Keys, RuleKind};
use dubhe::documents::{DocumentKey, DocumentStore as _};
use dubhe::prelude::*;
use dubhe::registry::{Instance, Memory, MemoryDocuments, Offer, Registration, Registry as _};
use dubhe::time::TokioClock;

/// Waits until all of `keys` are followed, or none of them is.
async fn followed(config: &ConfigWatcher, keys: &[DocumentKey], expected: bool) {
    let mut updates = config.updates();
    let all = |snapshot: &Arc<ConfigSnapshot>| {
        keys.iter().all(|key| snapshot.document(key).is_some() == expected)
    };
    updates.wait_for(all).await.unwrap();
}

#[tokio::test]
async fn an_application_follows_its_start_up_configuration() {
    let center = MemoryDocuments::new();
    let app = App::builder("shop").config_center_instance(center.clone()).build().unwrap();
    let config = app.config().unwrap();
    let [all, own] = Keys::start_up("shop");
    center.put(&all, "dubbo.consumer.timeout=3000\ndubbo.consumer.retries=1".into()).await.unwrap();
    center.put(&own, "dubbo.consumer.timeout=500".into()).await.unwrap();
    let mut updates = config.updates();
    let both = |snapshot: &Arc<ConfigSnapshot>| {
        snapshot.start_up(&all).is_some() && snapshot.start_up(&own).is_some()
    };
    let snapshot = updates.wait_for(both).await.unwrap().clone();
    let value = |key| snapshot.setting("shop", key).map(|setting| &*setting.value);
    assert_eq!(value("dubbo.consumer.timeout"), Some("500"));
    assert_eq!(value("dubbo.consumer.retries"), Some("1"));
}

/// A text of each kind of rule that the consumers of an application follow.
const PROVIDER_RULES: [(RuleKind, &str); 5] = [
    (RuleKind::Condition, "conditions: [\"=> region=hz\"]"),
    (RuleKind::Tag, "tags: [{name: gray, addresses: [\"10.0.0.1:20880\"]}]"),
    (RuleKind::Script, "type: javascript\nscript: \"x\""),
    (RuleKind::Affinity, "configVersion: v3.1\naffinityAware: {key: region, ratio: 20}"),
    (
        RuleKind::Mesh,
        "kind: DestinationRule\nmetadata: {name: users}\nspec: {host: users, subsets: []}",
    ),
];

#[tokio::test]
async fn a_client_follows_the_rules_of_the_applications_that_provide_its_service() {
    let (center, registry) = (MemoryDocuments::new(), Memory::new());
    let provider = |application: &str, port: u16| Registration {
        service: ServiceKey::interface_only("org.example.Users"),
        instance: Arc::new(Instance {
            host: "127.0.0.1".into(),
            application: application.into(),
            ..Instance::default()
        }),
        offer: Offer { protocol: "dubbo".into(), port },
        params: Arc::default(),
    };
    // More than those that come and go: a set that shrinks by half would be held.
    for port in 1..=3 {
        registry.register(provider("users", port)).await.unwrap();
    }
    let app = App::builder("shop")
        .config_center_instance(center.clone())
        .registry_instance(registry.clone())
        .build()
        .unwrap();
    let config = app.config().unwrap();
    let users = app.generic("org.example.Users").build().unwrap();
    followed(config, &Keys::providers_of("users"), true).await;
    assert!(config.snapshot().document(&RuleKind::Tag.key("accounts")).is_none());

    for (kind, text) in PROVIDER_RULES {
        let key = kind.key("users");
        center.put(&key, text.into()).await.unwrap();
        let mut updates = config.updates();
        updates.wait_for(|snapshot| snapshot.rule(&key).is_some()).await.unwrap();
    }
    let snapshot = config.snapshot();
    assert!(snapshot.condition("users").is_some() && snapshot.tag("users").is_some());
    assert!(snapshot.script("users").is_some() && snapshot.affinity("users").is_some());
    assert!(snapshot.mesh("users").is_some());

    // Applications come and go.
    registry.register(provider("accounts", 9)).await.unwrap();
    followed(config, &Keys::providers_of("accounts"), true).await;
    registry.unregister(&provider("accounts", 9)).await.unwrap();
    followed(config, &Keys::providers_of("accounts"), false).await;
    followed(config, &Keys::providers_of("users"), true).await;
    drop(users);
    followed(config, &Keys::providers_of("users"), false).await;
}

#[dubhe::interface("org.example.Users")]
trait Users {
    async fn get_user(&self, id: i64) -> Result<String, Status>;
}

struct Nobody;

impl Users for Nobody {
    async fn get_user(&self, _: i64) -> Result<String, Status> {
        Err(Status::not_found("nobody"))
    }
}

#[tokio::test]
async fn a_server_follows_the_configurators_of_its_services() {
    let center = MemoryDocuments::new();
    let app = App::builder("shop").config_center_instance(center.clone()).build().unwrap();
    let config = app.config().unwrap();
    let server = Server::builder()
        .application("accounts")
        .config(config.clone())
        .service(UsersServer::new(Nobody))
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let service = ServiceKey::interface_only("org.example.Users");
    let second = ServiceKey::new("org.example.Users", "north", "1.0");
    // One snapshot has the rules of both.
    for keys in [Keys::own("shop"), Keys::own("accounts"), Keys::provided(&service)] {
        followed(config, &keys, true).await;
    }
    let text = "key: org.example.Users\nconfigs: [{side: provider, parameters: {weight: 50}}]";
    let key = RuleKind::Configurator.key("org.example.Users::");
    center.put(&key, text.into()).await.unwrap();
    let mut updates = config.updates();
    let there = |snapshot: &Arc<ConfigSnapshot>| {
        snapshot.configurators("org.example.Users::").is_some_and(|rule| rule.overrides.len() == 1)
    };
    updates.wait_for(there).await.unwrap();

    let export = Export::new(UsersServer::new(Nobody)).group("north").version("1.0");
    server.add(export).await.unwrap();
    followed(config, &Keys::provided(&second), true).await;
    server.remove(&second).await.unwrap();
    followed(config, &Keys::provided(&second), false).await;
    assert!(config.snapshot().document(&key).is_some());

    server.stop().await;
    let [_, start_up] = Keys::start_up("accounts");
    for keys in [vec![start_up], Keys::provided(&service)] {
        followed(config, &keys, false).await;
    }
    followed(config, &Keys::own("shop"), true).await;
}

#[tokio::test]
async fn a_process_without_an_app_has_a_config_center_of_its_own() {
    let documents = dubhe::config_center_at("memory://", "accounts").unwrap();
    let config = ConfigWatcher::start(vec![documents], Arc::new(TokioClock)).map(Arc::new).unwrap();
    let server = Server::builder()
        .config(config.clone())
        .service(UsersServer::new(Nobody))
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let service = ServiceKey::interface_only("org.example.Users");
    followed(&config, &Keys::provided(&service), true).await;
    // A server without a name has no rules but those of its services.
    assert_eq!(config.snapshot().documents().count(), Keys::provided(&service).len());
    server.stop().await;
    assert!(dubhe::config_center_at("dns://h:1", "accounts").is_err());
}

#[tokio::test]
async fn an_application_follows_its_rules_and_those_of_its_services() {
    let center = MemoryDocuments::new();
    let app = App::builder("shop").config_center_instance(center.clone()).build().unwrap();
    let config = app.config().unwrap();
    let mut updates = config.updates();
    let own = DocumentKey::config("shop.configurators");
    let of_service = DocumentKey::config("org.example.Users:1.0:.condition-router");
    updates.wait_for(|snapshot| snapshot.document(&own).is_some()).await.unwrap();
    assert!(config.snapshot().document(&of_service).is_none());

    let users = app.generic("org.example.Users").version("1.0").url("dubbo://127.0.0.1:1");
    let users = users.build().unwrap();
    updates.wait_for(|snapshot| snapshot.document(&of_service).is_some()).await.unwrap();
    let text = "configVersion: v3.0\nconditions:\n  - \"method=hello => host=10.0.0.1\"\n";
    center.put(&of_service, text.into()).await.unwrap();
    updates.wait_for(|snapshot| snapshot.rule(&of_service).is_some()).await.unwrap();

    // One that cannot be read leaves the last good one.
    center.put(&of_service, "conditions: [".into()).await.unwrap();
    let refused = |snapshot: &ConfigSnapshot| snapshot.document(&of_service)?.refused.clone();
    updates.wait_for(|snapshot| refused(snapshot).is_some()).await.unwrap();
    assert!(config.snapshot().rule(&of_service).is_some());

    // Nobody needs the rules of a service without clients.
    drop(users);
    updates.wait_for(|snapshot| snapshot.document(&of_service).is_none()).await.unwrap();
}

#[tokio::test]
async fn a_config_center_must_hold_documents() {
    let app = |url: &str| App::builder("shop").config_center(url).build();
    assert!(app("memory://").is_ok());
    let error = app("static://127.0.0.1:1?protocol=tri").unwrap_err();
    assert!(error.message().contains("no config centre"), "{error}");
    assert!(App::builder("shop").build().unwrap().config().is_none());
}
