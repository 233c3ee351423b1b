//! Documents in ConfigMaps.

use std::sync::Arc;

use dubhe_core::Code;
use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStates, DocumentStore as _};
use dubhe_core::registry::Health;
use futures_util::StreamExt as _;
use serde_json::json;

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
