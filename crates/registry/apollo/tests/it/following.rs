//! Documents that are followed and read.

use std::sync::Arc;
use std::time::Duration;

use dubhe_apollo::Apollo;
use dubhe_core::Code;
use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStates, DocumentStore};
use dubhe_core::random::SplitMix;
use dubhe_core::registry::Health::{self, Fresh, Stale};
use dubhe_net::io::memory::Network;
use dubhe_net::time::TokioClock;
use futures_util::StreamExt;

use crate::server::{Fault, Server};

const URL: &str = "apollo://127.0.0.1:8080?app.id=shop";

fn store(network: &Network, url: &str) -> Apollo {
    let builder = Apollo::builder(url, Arc::new(TokioClock)).unwrap();
    let builder = builder.application("shop-web").max_body(4096).random(Arc::new(SplitMix::new(1)));
    builder.dial(Arc::new(network.clone())).start().unwrap()
}

async fn next(states: &mut DocumentStates) -> (Option<String>, Health) {
    let DocumentState { document, health } = states.next().await.unwrap();
    (document.map(|document| document.text.to_string()), health)
}

fn tags() -> DocumentKey {
    DocumentKey::config("shop.tag-router")
}

#[tokio::test(start_paused = true)]
async fn a_document_is_followed_through_releases() {
    let network = Network::default();
    let server = Server::start(&network, "127.0.0.1:8080");
    let store = store(&network, URL);
    let mut states = store.watch(&tags());
    let mut other = store.watch(&DocumentKey::config("other"));
    assert_eq!(next(&mut states).await, (None, Fresh), "there is no namespace yet");
    assert_eq!(next(&mut other).await, (None, Fresh));

    server.release("dubbo", &[("shop.tag-router", "tags: []")]);
    assert_eq!(next(&mut states).await, (Some("tags: []".into()), Fresh));
    // Longer than a poll is held.
    tokio::time::sleep(Duration::from_secs(200)).await;
    server.release("dubbo", &[("shop.tag-router", "tags: [a]"), ("other", "x")]);
    assert_eq!(next(&mut states).await, (Some("tags: [a]".into()), Fresh));
    assert_eq!(next(&mut other).await, (Some("x".into()), Fresh));
    // Nothing comes for a document that a release leaves as it was.
    server.release("dubbo", &[("shop.tag-router", "tags: [a]")]);
    assert_eq!(next(&mut other).await, (None, Fresh));
    server.release("dubbo", &[]);
    assert_eq!(next(&mut states).await, (None, Fresh));
    // One namespace, one poll: what is read again has changed.
    assert_eq!(server.asked("/configs/"), 5);
    assert!(server.requests.lock().unwrap().iter().any(|(path, _)| path.contains("&messages=%7B")));

    drop((states, other));
    tokio::time::sleep(Duration::from_secs(200)).await;
    let polls = server.asked("/notifications/");
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(server.asked("/notifications/"), polls, "nobody follows");
}

#[tokio::test(start_paused = true)]
async fn namespaces_are_groups_and_whole_ones_are_properties() {
    let network = Network::default();
    let server = Server::start(&network, "127.0.0.1:8080");
    let store = store(&network, URL);
    server.release("dubbo", &[("b", "1"), ("a key", " x=y")]);
    server.release("application", &[("dubbo.application.name", "shop-web")]);
    let key = |group: &str, key: &str| DocumentKey::Config { group: group.into(), key: key.into() };
    let whole = store.get(&key("dubbo", "dubbo.properties")).await.unwrap().unwrap();
    assert_eq!((&*whole.text, &*whole.version), ("a\\ key=\\ x\\=y\nb=1\n", "release-1"));
    let own = store.get(&key("shop-web", "dubbo.properties")).await.unwrap().unwrap();
    assert_eq!(&*own.text, "dubbo.application.name=shop-web\n");
    assert_eq!(store.get(&key("none", "dubbo.properties")).await.unwrap(), None);
    assert_eq!(
        store.list().await.unwrap(),
        [DocumentKey::config("a key"), DocumentKey::config("b")]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_known_stays_through_every_fault() {
    let network = Network::default();
    let server = Server::start(&network, "127.0.0.1:8080");
    let store = store(&network, URL);
    server.release("dubbo", &[("shop.tag-router", "good")]);
    let mut states = store.watch(&tags());
    assert_eq!(next(&mut states).await, (Some("good".into()), Fresh));
    for fault in [Fault::Closes, Fault::Fails, Fault::Garbage, Fault::Endless] {
        server.break_with(Some(fault));
        // The poll that is held ends, and the next one fails.
        assert_eq!(next(&mut states).await, (Some("good".into()), Stale), "{fault:?}");
        assert!(store.get(&tags()).await.is_err(), "{fault:?}");
        let before = server.asked("/");
        tokio::time::sleep(Duration::from_mins(1)).await;
        let asked = server.asked("/") - before;
        assert!((1..200).contains(&asked), "{fault:?}: asked {asked} times in a minute");
        server.break_with(None);
        assert_eq!(next(&mut states).await, (Some("good".into()), Fresh), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_yet_is_stale_and_another_one_is_asked() {
    let network = Network::default();
    let url = "apollo://127.0.0.1:1?app.id=shop&backup=127.0.0.1:8080";
    let store = store(&network, url);
    let mut states = store.watch(&tags());
    assert_eq!(next(&mut states).await, (None, Stale));
    let server = Server::start(&network, "127.0.0.1:8080");
    server.release("dubbo", &[("shop.tag-router", "good")]);
    assert_eq!(next(&mut states).await, (Some("good".into()), Fresh));
    assert_eq!(store.get(&tags()).await.unwrap().unwrap().text, "good");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_refused_leaves_the_others() {
    let network = Network::default();
    let server = Server::start(&network, "127.0.0.1:8080");
    let store = store(&network, URL);
    server.release("z", &[("a", "good")]);
    let key = |group: &str| DocumentKey::Config { group: group.into(), key: "a".into() };
    let mut refused = store.watch(&key("refused"));
    let mut good = store.watch(&key("z"));
    assert_eq!(next(&mut refused).await, (None, Stale));
    assert_eq!(next(&mut good).await, (Some("good".into()), Fresh));
    server.release("z", &[("a", "better")]);
    assert_eq!(next(&mut good).await, (Some("better".into()), Fresh));
}

#[tokio::test(start_paused = true)]
async fn requests_are_signed_with_the_access_key() {
    let network = Network::default();
    let server = Server::start(&network, "127.0.0.1:8080");
    let plain = store(&network, URL);
    let _ = plain.get(&tags()).await;
    let signed = store(&network, "apollo://:s3cret@127.0.0.1:8080?app.id=shop");
    assert_eq!(signed.name(), "apollo://127.0.0.1:8080");
    let _ = signed.get(&tags()).await;
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests[0].1.trim(), "");
    let (timestamp, value) = requests[1].1.split_once(' ').unwrap();
    assert!(timestamp.parse::<u64>().unwrap() > 1_600_000_000_000, "{timestamp}");
    assert!(value.starts_with("Apollo shop:") && value.ends_with('='), "{value}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_and_other_documents_have_no_place() {
    let network = Network::default();
    let _server = Server::start(&network, "127.0.0.1:8080");
    let store = store(&network, URL);
    let mapping = DocumentKey::Mapping { interface: "a.B".into() };
    let errors = [
        store.put(&tags(), "x".into()).await.unwrap_err(),
        store.replace(&tags(), "x".into(), None).await.unwrap_err(),
        store.remove(&tags()).await.unwrap_err(),
        store.get(&mapping).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), Code::Unimplemented);
    }
    let mut states = store.watch(&mapping);
    assert_eq!(next(&mut states).await, (None, Stale));
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_the_store() {
    let network = Network::default();
    let server = Server::start(&network, "127.0.0.1:8080");
    server.release("dubbo", &[("shop.tag-router", "good")]);
    let store = store(&network, URL);
    let mut states = store.watch(&tags());
    next(&mut states).await;
    drop(store);
    assert!(states.next().await.is_none());
}
