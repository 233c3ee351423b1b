//! Documents.

use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStates, DocumentStore, Side};
use dubhe_core::endpoint::Health;
use dubhe_core::time::Duration;
use dubhe_zookeeper::ZooKeeperDocuments;
use futures_util::StreamExt;

use super::server::Server;
use super::{client, registry};

const MAPPING: &str = "/dubbo/mapping/demo.Greet";

fn mapping() -> DocumentKey {
    DocumentKey::Mapping { interface: "demo.Greet".into() }
}

async fn until(states: &mut DocumentStates, text: Option<&str>) -> DocumentState {
    let found = async {
        loop {
            let state = states.next().await.expect("the document is followed on");
            let now = state.document.as_ref().map(|document| &*document.text);
            if state.health == Health::Fresh && now == text {
                return state;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(40), found).await.expect("such a state comes")
}

#[tokio::test]
async fn documents_are_written_followed_and_listed() {
    let mut server = Server::start().await;
    let documents = registry(&server, "").documents();
    let definition = DocumentKey::Definition {
        service: ServiceKey::new("demo.Greet", "g1", "1.2.3"),
        side: Side::Provider,
        application: "shop".into(),
    };
    let metadata = DocumentKey::Metadata { application: "shop".into(), revision: "abc".into() };
    let all = [DocumentKey::config("shop.tag-router"), mapping(), metadata, definition.clone()];
    let mut states = documents.watch(&definition);
    until(&mut states, None).await;
    for key in &all {
        assert_eq!(documents.get(key).await.unwrap(), None);
        documents.put(key, "text".into()).await.unwrap();
        assert_eq!(documents.get(key).await.unwrap().unwrap().text, "text");
    }
    assert_eq!(documents.list().await.unwrap(), all);
    until(&mut states, Some("text")).await;
    let peer = client(&server, None).await;
    let path = "/dubbo/metadata/demo.Greet/1.2.3/g1/provider/shop";
    peer.set(path, b"changed").await.unwrap();
    until(&mut states, Some("changed")).await;
    server.kill();
    while states.next().await.unwrap().health != Health::Stale {}
    server.run().await;
    until(&mut states, Some("changed")).await;
    documents.remove(&definition).await.unwrap();
    until(&mut states, None).await;
}

/// Adds an application to a mapping as Java does: reads, appends, compares and writes.
async fn append(documents: &ZooKeeperDocuments, application: &str) -> usize {
    let mut lost = 0;
    loop {
        let known = documents.get(&mapping()).await.unwrap();
        let text = match &known {
            Some(document) => format!("{},{application}", document.text),
            None => application.to_owned(),
        };
        let version = known.map(|document| document.version);
        if documents.replace(&mapping(), text.into(), version).await.unwrap() {
            return lost;
        }
        lost += 1;
    }
}

#[tokio::test]
async fn no_application_is_lost_when_sessions_race_for_a_mapping() {
    let server = Server::start().await;
    let (one, two) = (registry(&server, "").documents(), registry(&server, "").documents());
    let names: Vec<String> = (0..40).map(|n| format!("app-{n}")).collect();
    let race = names
        .iter()
        .enumerate()
        .map(|(n, name)| append(if n % 2 == 0 { &one } else { &two }, name));
    let lost: usize = futures_util::future::join_all(race).await.iter().sum();
    assert!(lost > 0, "the sessions met");
    let peer = client(&server, None).await;
    let (data, stat) = peer.get(MAPPING).await.unwrap();
    let text = String::from_utf8(data.to_vec()).unwrap();
    let mut all: Vec<&str> = text.split(',').collect();
    all.sort_unstable();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(all, names);
    assert_eq!(stat.version, 39);
}
