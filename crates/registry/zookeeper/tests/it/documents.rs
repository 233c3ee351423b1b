//! Documents: read, written, compared and followed.

use dubhe_core::ServiceKey;
use dubhe_core::documents::{
    Document, DocumentKey, DocumentState, DocumentStates, DocumentStore, Side, UrlCategory,
};
use dubhe_core::endpoint::Health;
use dubhe_core::time::Duration;
use dubhe_testkit::log::Lines;
use futures_util::StreamExt;
use tokio::time::Instant;
use tracing::Level;

use super::tree::Tree;

const RULE: &str = "/dubbo/config/dubbo/shop.tag-router";

fn rule() -> DocumentKey {
    DocumentKey::config("shop.tag-router")
}

fn mapping() -> DocumentKey {
    DocumentKey::Mapping { interface: "a.B".into() }
}

fn document(text: &'static str, version: &'static str) -> Document {
    Document { text: text.into(), version: version.into() }
}

fn state(document: Option<Document>, health: Health) -> DocumentState {
    DocumentState { document, health }
}

async fn next(states: &mut DocumentStates) -> DocumentState {
    states.next().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn documents_are_written_and_read() {
    let mut tree = Tree::new();
    let documents = tree.registry("").documents();
    assert_eq!(documents.get(&rule()).await.unwrap(), None);
    documents.put(&rule(), "a: 1".into()).await.unwrap();
    let node = tree.node(RULE).unwrap();
    assert_eq!((&*node.data, node.owner), ("a: 1", 0));
    assert_eq!(tree.node("/dubbo/config").unwrap().data, "");
    assert_eq!(documents.get(&rule()).await.unwrap(), Some(document("a: 1", "0")));
    documents.put(&rule(), "a: 2".into()).await.unwrap();
    assert_eq!(documents.get(&rule()).await.unwrap(), Some(document("a: 2", "1")));
    documents.remove(&rule()).await.unwrap();
    documents.remove(&rule()).await.unwrap();
    assert_eq!(tree.node(RULE), None);

    let error = documents.get(&DocumentKey::config("..")).await.unwrap_err();
    assert!(error.message().starts_with("cannot read the document dubbo/..:"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn metadata_of_dubbo_go_are_read_where_it_writes_them() {
    let mut tree = Tree::new();
    let documents = tree.registry("").documents();
    let key = DocumentKey::Metadata { application: "shop".into(), revision: "abc".into() };
    tree.put("/dubbo/shop/abc", "go", 0);
    assert_eq!(documents.get(&key).await.unwrap().unwrap().text, "go");
    documents.put(&key, "java".into()).await.unwrap();
    assert_eq!(documents.get(&key).await.unwrap().unwrap().text, "java");
    assert_eq!(tree.node("/dubbo/metadata/shop/abc").unwrap().data, "java");
}

#[tokio::test(start_paused = true)]
async fn replacing_compares_versions() {
    let mut tree = Tree::new();
    let documents = tree.registry("").documents();
    let key = mapping();
    let replace = |text: &'static str, version: Option<&'static str>| {
        documents.replace(&key, text.into(), version.map(Into::into))
    };
    assert!(!replace("x", Some("0")).await.unwrap(), "there is none");
    assert!(replace("shop", None).await.unwrap());
    assert!(!replace("stock", None).await.unwrap(), "there is one");
    assert!(replace("shop,stock", Some("0")).await.unwrap());
    assert!(!replace("late", Some("0")).await.unwrap());
    for foreign in ["-1", "", "etcd-9"] {
        assert!(!replace("x", Some(foreign)).await.unwrap(), "{foreign}");
    }
    assert_eq!(tree.node("/dubbo/mapping/a.B").unwrap().data, "shop,stock");
}

#[tokio::test(start_paused = true)]
async fn a_document_is_followed_from_before_it_exists_until_after() {
    let mut tree = Tree::new();
    let documents = tree.registry("").documents();
    let mut states = documents.watch(&rule());
    assert_eq!(next(&mut states).await, state(None, Health::Fresh));
    tree.put(RULE, "1", 0);
    assert_eq!(next(&mut states).await, state(Some(document("1", "0")), Health::Fresh));
    tree.put(RULE, "2", 0);
    assert_eq!(next(&mut states).await, state(Some(document("2", "1")), Health::Fresh));
    tree.remove(RULE);
    assert_eq!(next(&mut states).await, state(None, Health::Fresh));
    tree.put(RULE, "3", 0);
    assert_eq!(next(&mut states).await, state(Some(document("3", "0")), Health::Fresh));

    // Stale while the store is away, also when what is not said any more has changed.
    tree.disconnect(true);
    assert_eq!(next(&mut states).await, state(Some(document("3", "0")), Health::Stale));
    tree.put(RULE, "4", 0);
    tree.open();
    while next(&mut states).await != state(Some(document("4", "1")), Health::Fresh) {}
    tree.expire();
    tree.put(RULE, "5", 0);
    while next(&mut states).await != state(Some(document("5", "2")), Health::Fresh) {}
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_in_the_beginning_is_stale() {
    let mut tree = Tree::new();
    tree.disconnect(true);
    let documents = tree.registry("timeout=2000").documents();
    let mut states = documents.watch(&rule());
    assert_eq!(next(&mut states).await, state(None, Health::Stale));
    let start = Instant::now();
    let error = documents.get(&rule()).await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert!(error.message().contains("not done within 2s"), "{error}");
    tree.open();
    tree.put(RULE, "1", 0);
    assert_eq!(next(&mut states).await, state(Some(document("1", "0")), Health::Fresh));
    // Reading waits for a connection.
    tree.disconnect(false);
    assert_eq!(documents.get(&rule()).await.unwrap(), Some(document("1", "0")));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_tried_again() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let mut tree = Tree::new();
    tree.put(RULE, "1", 0);
    tree.refuse(RULE, true);
    let documents = tree.registry("").documents();
    let mut states = documents.watch(&rule());
    assert_eq!(next(&mut states).await, state(None, Health::Stale));
    let pending = tokio::time::timeout(Duration::from_mins(10), next(&mut states)).await;
    assert!(pending.is_err());
    let lines = warnings.with("cannot read a document; trying again").len();
    assert!((8..=12).contains(&lines), "{lines}");
    tree.refuse(RULE, false);
    assert_eq!(next(&mut states).await, state(Some(document("1", "0")), Health::Fresh));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_no_path_is_not_followed() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let mut tree = Tree::new();
    let documents = tree.registry("").documents();
    let mut states = documents.watch(&DocumentKey::config("a/../b"));
    assert_eq!(next(&mut states).await, state(None, Health::Stale));
    let pending = tokio::time::timeout(Duration::from_mins(10), next(&mut states)).await;
    assert!(pending.is_err());
    assert_eq!(warnings.with("a document is not followed").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_without_register() {
    let mut tree = Tree::new();
    let documents = tree.registry("register=false").documents();
    for error in [
        documents.put(&rule(), "1".into()).await.unwrap_err(),
        documents.replace(&rule(), "1".into(), None).await.unwrap_err(),
        documents.remove(&rule()).await.unwrap_err(),
    ] {
        assert!(error.message().contains("register=false"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_documents_are_listed() {
    let mut tree = Tree::new();
    let documents = tree.registry("group=fleet&namespace=ops").documents();
    assert_eq!(documents.list().await.unwrap(), []);
    let definition = DocumentKey::Definition {
        service: ServiceKey::new("a.B", "north", "1.0"),
        side: Side::Provider,
        application: "shop".into(),
    };
    let metadata = DocumentKey::Metadata { application: "shop".into(), revision: "abc".into() };
    let all = [rule(), DocumentKey::config("x/y"), mapping(), metadata, definition];
    for key in &all {
        documents.put(key, "text".into()).await.unwrap();
    }
    tree.put("/fleet/metadata/a.C/provider", "", 0);
    tree.put("/ops/config/empty", "", 0);
    assert_eq!(documents.list().await.unwrap(), all);
    assert!(tree.node("/ops/config/dubbo/shop.tag-router").is_some());
    assert!(tree.node("/fleet/mapping/a.B").is_some());
}

#[tokio::test(start_paused = true)]
async fn rules_that_are_urls_are_followed_as_they_come_and_go() {
    let mut tree = Tree::new();
    let documents = tree.registry("").documents();
    let service = ServiceKey::new("a.B", "g", "1.0");
    let key = DocumentKey::Urls { service, category: UrlCategory::Configurators };
    let mut states = documents.watch(&key);
    assert_eq!(next(&mut states).await, state(None, Health::Fresh));
    assert_eq!(documents.get(&key).await.unwrap(), None);

    // A node of all of them, which is there without any, as subscribers leave it.
    tree.put("/dubbo/a.B/configurators", "", 0);
    tree.put("/dubbo/a.B/configurators/override%3A%2F%2F0.0.0.0%2Fa.B%3Ftimeout%3D1", "", 0);
    let one = document("override://0.0.0.0/a.B?timeout=1", "");
    assert_eq!(next(&mut states).await, state(Some(one.clone()), Health::Fresh));
    tree.put("/dubbo/a.B/configurators/absent%3A%2F%2F0.0.0.0%2Fa.B%3Fx%3D%0A2", "", 0);
    let two = document("absent://0.0.0.0/a.B?x=%0A2\noverride://0.0.0.0/a.B?timeout=1", "");
    assert_eq!(next(&mut states).await, state(Some(two.clone()), Health::Fresh));
    assert_eq!(documents.get(&key).await.unwrap(), Some(two.clone()));
    tree.disconnect(true);
    assert_eq!(next(&mut states).await, state(Some(two.clone()), Health::Stale));
    tree.open();
    assert_eq!(next(&mut states).await, state(Some(two), Health::Fresh));
    tree.remove("/dubbo/a.B/configurators/absent%3A%2F%2F0.0.0.0%2Fa.B%3Fx%3D%0A2");
    assert_eq!(next(&mut states).await, state(Some(one), Health::Fresh));
    tree.remove("/dubbo/a.B/configurators/override%3A%2F%2F0.0.0.0%2Fa.B%3Ftimeout%3D1");
    assert_eq!(next(&mut states).await, state(None, Health::Fresh));

    for refused in [
        documents.put(&key, "x".into()).await.unwrap_err(),
        documents.replace(&key, "x".into(), None).await.unwrap_err(),
        documents.remove(&key).await.unwrap_err(),
    ] {
        assert!(refused.message().contains("read alone"), "{refused}");
    }
    assert!(tree.node("/dubbo/a.B/configurators").is_some());
}
