//! Documents in ConfigMaps.

use std::sync::Arc;

use dubhe::App;
use dubhe::config::{ConfigSnapshot, Keys, RuleKind};
use dubhe_core::Code;
use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStates, DocumentStore as _};
use dubhe_core::registry::Health;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::sync::watch;

use crate::server::{Server, eventually};
use crate::support::PATIENCE;

async fn next(states: &mut DocumentStates) -> DocumentState {
    tokio::time::timeout(PATIENCE, states.next()).await.expect("a state in time").unwrap()
}

#[tokio::test]
async fn documents_are_written_watched_and_removed() {
    let server = Server::start().await;
    server.bind("provider", "dubhe-config-editor").await;
    server.bind("consumer", "dubhe-consumer").await;
    let (writer, reader) = (server.registry("provider", ""), server.registry("consumer", ""));
    let key = DocumentKey::Config { group: "DUBBO_MIGRATION".into(), key: "a/b:*".into() };
    let other = DocumentKey::Config { group: "DUBBO_MIGRATION".into(), key: "other".into() };
    let mut states = reader.watch(&key);
    assert_eq!(next(&mut states).await, DocumentState { document: None, health: Health::Fresh });
    eventually("the role is known", async || writer.put(&key, "one".into()).await.is_ok()).await;
    let first = next(&mut states).await.document.unwrap();
    assert_eq!(first.text, "one");
    assert_eq!(reader.get(&key).await.unwrap().unwrap(), first);

    // Another key of the same ConfigMap is no change of this one.
    writer.put(&other, "x".into()).await.unwrap();
    assert!(writer.replace(&key, "two".into(), Some(first.version.clone())).await.unwrap());
    assert_eq!(next(&mut states).await.document.unwrap().text, "two");
    assert!(!writer.replace(&key, "three".into(), Some(first.version)).await.unwrap());
    assert!(!writer.replace(&key, "three".into(), None).await.unwrap());
    assert_eq!(writer.list().await.unwrap(), [key.clone(), other]);
    writer.remove(&key).await.unwrap();
    assert_eq!(next(&mut states).await.document, None);
    writer.remove(&key).await.unwrap();

    let denied = reader.put(&key, "four".into()).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied, "{denied}");
    let large = writer.put(&key, "x".repeat(2 * 1024 * 1024).into()).await.unwrap_err();
    assert_eq!(large.code(), Code::InvalidArgument, "{large}");
    assert!(large.message().contains("1 MiB"), "{large}");
}

#[tokio::test]
async fn what_people_write_is_read() {
    let server = Server::start().await;
    server.bind("consumer", "dubhe-consumer").await;
    let reader = server.registry("consumer", "");
    let mut states = reader.watch(&DocumentKey::config("shop.tag-router"));
    assert_eq!(next(&mut states).await.document, None);
    // As `kubectl create configmap dubhe-config-dubbo --from-file=shop.tag-router` does.
    let object = json!({"metadata": {"name": "dubhe-config-dubbo"}, "data": {"shop.tag-router": "force: true"}});
    server.put("/api/v1/namespaces/shop/configmaps", object).await;
    assert_eq!(next(&mut states).await.document.unwrap().text, "force: true");
    server.delete("/api/v1/namespaces/shop/configmaps/dubhe-config-dubbo").await;
    assert_eq!(next(&mut states).await.document, None);
}

#[tokio::test]
async fn rules_of_people_arrive_in_an_application() {
    let server = Server::start().await;
    server.bind("consumer", "dubhe-consumer").await;
    let app = App::builder("shop").config_center(&server.url("consumer", ""));
    let app = app.build().unwrap();
    let client = app.generic("org.example.Greeter").url("tri://127.0.0.1:1").build().unwrap();
    let mut updates = app.config().unwrap().updates();
    let of_application = RuleKind::Condition.key("shop");
    let of_service = RuleKind::Configurator.key("org.example.Greeter::");
    let migration = Keys::migration("shop");

    // As `kubectl apply` does it: both of one group in one ConfigMap.
    let maps = "/api/v1/namespaces/shop/configmaps";
    let condition = "configVersion: v3.0\nscope: application\nkey: shop\nconditions:\n  - \"=> host = 10.0.0.1\"\n";
    let configurator = "configVersion: v3.0\nscope: service\nkey: org.example.Greeter\n\
                        configs:\n  - side: consumer\n    parameters:\n      timeout: 6000\n";
    let object = |condition: &str| {
        json!({
            "metadata": {"name": "dubhe-config-dubbo"},
            "data": {
                "shop.condition-router": condition,
                "org.example.Greeter_3A_3A.configurators": configurator,
            },
        })
    };
    server.put(maps, object(condition)).await;
    let both = |now: &ConfigSnapshot| {
        now.rule(&of_application).is_some() && now.rule(&of_service).is_some()
    };
    seen(&mut updates, "both rules", both).await;

    // One that cannot be read is refused with its line, and the last good one stays.
    server.put(maps, object("configVersion: v3.0\nconditions: many\n")).await;
    let refused = |now: &ConfigSnapshot| now.document(&of_application)?.refused.clone();
    let now = seen(&mut updates, "the refusal", |now| refused(now).is_some()).await;
    let refused = refused(&now).unwrap();
    assert!(refused.line.is_some(), "{refused:?}");
    assert!(both(&now));

    // That of a group whose name no object can have, by our own hand.
    let admin = server.registry("admin", "");
    let text = "key: shop\nstep: FORCE_APPLICATION\n";
    admin.put(&migration, text.into()).await.unwrap();
    seen(&mut updates, "the migration", |now| now.rule(&migration).is_some()).await;
    server.delete(&format!("{maps}/dubhe-config-dubbo")).await;
    seen(&mut updates, "the end of both", |now| {
        now.rule(&of_application).is_none() && now.rule(&of_service).is_none()
    })
    .await;
    drop(client);
}

/// The first of the next snapshots that is as `holds` wants it.
async fn seen(
    updates: &mut watch::Receiver<Arc<ConfigSnapshot>>,
    what: &str,
    holds: impl Fn(&ConfigSnapshot) -> bool,
) -> Arc<ConfigSnapshot> {
    let found = tokio::time::timeout(PATIENCE, updates.wait_for(|now| holds(now))).await;
    found.unwrap_or_else(|_| panic!("not in time: {what}")).unwrap().clone()
}

#[tokio::test]
async fn of_many_who_append_none_is_lost() {
    let server = Server::start().await;
    server.bind("provider", "dubhe-provider").await;
    let key = DocumentKey::Mapping { interface: "org.example.Greeter".into() };
    let store = Arc::new(server.registry("provider", ""));
    eventually("the role is known", async || store.get(&key).await.is_ok()).await;
    let appended = (0..8).map(|at| {
        let (store, key) = (store.clone(), key.clone());
        async move {
            loop {
                let now = store.get(&key).await.unwrap();
                let text = match &now {
                    Some(now) => format!("{},app-{at}", now.text),
                    None => format!("app-{at}"),
                };
                let version = now.map(|now| now.version);
                if store.replace(&key, text.into(), version).await.unwrap() {
                    return;
                }
            }
        }
    });
    futures_util::future::join_all(appended).await;
    let text = store.get(&key).await.unwrap().unwrap().text;
    let mut all: Vec<_> = text.split(',').collect();
    all.sort_unstable();
    let expected: Vec<_> = (0..8).map(|at| format!("app-{at}")).collect();
    assert_eq!(all, expected);
}
