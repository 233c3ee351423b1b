//! Documents: written, watched, compared.

use dubhe_core::documents::{Document, DocumentKey, DocumentState, DocumentStore, Side};
use dubhe_core::registry::Health;
use dubhe_core::{Code, ServiceKey};
use dubhe_etcd::Etcd;

use super::registry;
use super::server::Server;
use super::support::next_that;

fn text(state: &DocumentState) -> Option<&str> {
    state.document.as_ref().map(|document| &*document.text)
}

#[tokio::test]
async fn a_document_is_written_watched_and_removed() {
    let server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    let keys = [
        DocumentKey::config("shop.tag-router"),
        DocumentKey::Mapping { interface: "a.B".into() },
        DocumentKey::Metadata { application: "shop".into(), revision: "17".into() },
        DocumentKey::Definition {
            service: ServiceKey::new("a.B", "g", "1.0"),
            side: Side::Consumer,
            application: "shop".into(),
        },
    ];
    ours.client().connected().await.unwrap();
    theirs.client().connected().await.unwrap();
    for key in &keys {
        let mut states = theirs.watch(key);
        let absent = DocumentState { document: None, health: Health::Fresh };
        next_that(&mut states, |state| *state == absent).await;
        ours.put(key, "one".into()).await.unwrap();
        let first = next_that(&mut states, |state| text(state) == Some("one")).await;
        assert_eq!((theirs.get(key).await.unwrap(), first.health), (first.document, Health::Fresh));
        ours.put(key, "two".into()).await.unwrap();
        next_that(&mut states, |state| text(state) == Some("two")).await;
    }
    let mut sorted = keys.to_vec();
    sorted.sort();
    assert_eq!(theirs.list().await.unwrap(), sorted);
    for key in &keys {
        let mut states = theirs.watch(key);
        ours.remove(key).await.unwrap();
        ours.remove(key).await.unwrap();
        next_that(&mut states, |state| state.document.is_none() && state.health == Health::Fresh)
            .await;
    }
    assert_eq!(theirs.list().await.unwrap(), []);
}

#[tokio::test]
async fn metadata_in_the_place_of_java_is_found_too() {
    let server = Server::start().await;
    let ours = registry(&server, "");
    ours.client().connected().await.unwrap();
    ours.client().put("/dubbo/metadata/shop/17", "{}", 0).await.unwrap();
    let key = DocumentKey::Metadata { application: "shop".into(), revision: "17".into() };
    assert_eq!(ours.get(&key).await.unwrap().unwrap().text, "{}");
    next_that(&mut ours.watch(&key), |state| text(state) == Some("{}")).await;
    assert_eq!(ours.list().await.unwrap(), [key]);
}

/// Adds applications to a mapping, however often somebody else is faster; returns how often.
async fn add(store: Etcd, names: Vec<String>) -> usize {
    let key = DocumentKey::Mapping { interface: "a.B".into() };
    let mut lost = 0;
    for name in names {
        loop {
            let known: Option<Document> = store.get(&key).await.unwrap();
            let text =
                known.as_ref().map_or(name.clone(), |known| format!("{},{name}", known.text));
            if store.replace(&key, text.into(), known.map(|known| known.version)).await.unwrap() {
                break;
            }
            lost += 1;
        }
    }
    lost
}

#[tokio::test]
async fn two_that_race_for_a_mapping_lose_nothing() {
    let server = Server::start().await;
    let stores = [registry(&server, ""), registry(&server, "")];
    for store in &stores {
        store.client().connected().await.unwrap();
    }
    let names = |of: &str| (0..50).map(|n| format!("{of}{n}")).collect::<Vec<_>>();
    let [a, b] = stores.clone();
    let (x, y) = tokio::join!(tokio::spawn(add(a, names("x"))), tokio::spawn(add(b, names("y"))));
    assert!(x.unwrap() + y.unwrap() > 0, "there was no race");
    let key = DocumentKey::Mapping { interface: "a.B".into() };
    let mapping = stores[0].get(&key).await.unwrap().unwrap().text;
    let mut all: Vec<&str> = mapping.split(',').collect();
    all.sort_unstable();
    let mut expected = [names("x"), names("y")].concat();
    expected.sort();
    assert_eq!(all, expected);

    let stale = stores[0].replace(&key, "z".into(), Some("1".into())).await.unwrap();
    let absent = stores[0].replace(&key, "z".into(), None).await.unwrap();
    assert_eq!((stale, absent), (false, false));
    let error = stores[0].replace(&key, "z".into(), Some("x".into())).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}
