//! Documents.

use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStates, DocumentStore as _};
use dubhe_core::registry::Health;
use futures_util::StreamExt as _;

use super::nacos;
use super::server::Server;

async fn next(states: &mut DocumentStates) -> (Option<String>, Health) {
    let next = tokio::time::timeout(std::time::Duration::from_mins(1), states.next()).await;
    let DocumentState { document, health } = next.expect("a state comes").expect("it goes on");
    (document.map(|document| document.text.to_string()), health)
}

pub(crate) async fn documents_are_written_and_followed(server: &Server) {
    let (ours, other) = (nacos(server, ""), nacos(server, ""));
    let (store, reader) = (ours.documents(), other.documents());
    let rule = DocumentKey::config("shop.tag-router");
    let mut states = reader.watch(&rule);
    assert_eq!(next(&mut states).await, (None, Health::Fresh));
    assert_eq!(store.get(&rule).await.unwrap(), None);

    store.put(&rule, "enabled: true\n".into()).await.unwrap();
    assert_eq!(next(&mut states).await, (Some("enabled: true\n".into()), Health::Fresh));
    let read = store.get(&rule).await.unwrap().unwrap();
    // The MD5 of the text.
    assert_eq!(read.version, "c992c6c2943becc7320a32e402e7e4f8");
    // From the other side, what replaces it.
    let mut mine = store.watch(&rule);
    assert_eq!(next(&mut mine).await, (Some("enabled: true\n".into()), Health::Fresh));
    reader.put(&rule, "enabled: false\n".into()).await.unwrap();
    assert_eq!(next(&mut mine).await, (Some("enabled: false\n".into()), Health::Fresh));
    assert_eq!(next(&mut states).await, (Some("enabled: false\n".into()), Health::Fresh));

    let metadata = DocumentKey::Metadata {
        application: "shop".into(),
        revision: "ebfa6caf653f9606186fb7764b2f34d7".into(),
    };
    store.put(&metadata, "{}".into()).await.unwrap();
    let listed = store.list().await.unwrap();
    for key in [&rule, &metadata] {
        assert!(listed.contains(key), "{key} is not in {listed:?}");
    }

    store.remove(&rule).await.unwrap();
    store.remove(&rule).await.unwrap();
    assert_eq!(next(&mut states).await, (None, Health::Fresh));
    let error = store.put(&rule, "".into()).await.unwrap_err();
    assert!(error.message().contains("cannot write dubbo/shop.tag-router"), "{error}");
    ours.close().await;
    other.close().await;
    assert!(states.next().await.is_none());
}

/// Replaces documents, which only who knows the present text can.
pub(crate) async fn documents_are_compared(server: &Server) {
    let (ours, other) = (nacos(server, ""), nacos(server, ""));
    let (store, reader) = (ours.documents(), other.documents());
    let mapping = DocumentKey::Mapping { interface: "demo.Outer$Greet".into() };
    let mut mapped = reader.watch(&mapping);
    assert_eq!(next(&mut mapped).await, (None, Health::Fresh));
    assert!(store.replace(&mapping, "a".into(), None).await.unwrap());
    assert!(!store.replace(&mapping, "b".into(), None).await.unwrap());
    assert_eq!(next(&mut mapped).await, (Some("a".into()), Health::Fresh));
    let known = reader.get(&mapping).await.unwrap().unwrap().version;
    assert!(store.replace(&mapping, "a,b".into(), Some(known.clone())).await.unwrap());
    assert!(!store.replace(&mapping, "a,c".into(), Some(known.clone())).await.unwrap());
    assert_eq!(next(&mut mapped).await, (Some("a,b".into()), Health::Fresh));
    assert!(store.list().await.unwrap().contains(&mapping));

    store.remove(&mapping).await.unwrap();
    assert_eq!(next(&mut mapped).await, (None, Health::Fresh));
    assert!(!store.replace(&mapping, "x".into(), Some(known)).await.unwrap());
    ours.close().await;
    other.close().await;
}
