//! Entries and answers that are not as they should be.

use bytes::Bytes;
use dubhe_core::Code;
use dubhe_core::registry::{Health, Registry};
use dubhe_core::time::Duration;
use futures_util::FutureExt;
use futures_util::StreamExt;

use super::fake::Fake;
use super::following::key;
use super::support::{PROVIDERS, follow, next_that, service, subscribe, until, until_instances};
use crate::generated::etcd::{Event, KeyValue, RangeResponse, ResponseHeader, WatchResponse};
use dubhe_protobuf::prost::Message as _;

#[tokio::test(start_paused = true)]
async fn entries_that_cannot_be_used_are_told_with_the_reasons() {
    let fake = Fake::new();
    for name in ["x", "empty%3A%2F%2Fh%3A1%2Fdemo.Greet"] {
        fake.store.lock().put(format!("{PROVIDERS}{name}"));
    }
    fake.store.lock().put(key(1));
    fake.store.lock().put(key(2) + "%26enabled%3Dfalse");
    let ours = fake.registry("register=false");
    let now = until(&mut subscribe(&ours).await, Health::Fresh, &[1]).await;
    let why: Vec<&str> = now.excluded.iter().map(|excluded| &*excluded.why).collect();
    assert_eq!(why, ["it is disabled", "its key is no provider URL"]);
    assert_eq!(now.excluded[1].instance, "x");

    for (at, value) in [
        ("a:1", "{"),
        ("b:1", r#"{"Port":1}"#),
        ("c:1", r#"{"Host":"c","Port":70000}"#),
        ("d:1", r#"{"Host":"d","Port":1,"Enable":false}"#),
        ("e:1", r#"{"Host":"e","Port":1,"Metadata":[]}"#),
        (
            "f:1",
            r#"{"serviceName":"shop","host":"f","port":1,"enabled":true,"metadata":{"x":"y"}}"#,
        ),
        ("f:2", r#"{"Host":"f","Port":2,"Healthy":false,"Tag":"grey","Weight":7,"Metadata":null}"#),
    ] {
        fake.store.lock().change(&[(format!("/services/shop/{at}"), Some((value, 0)))]);
    }
    let now = until_instances(&mut follow(&ours).await, Health::Fresh, &[1, 2]).await;
    let why: Vec<&str> = now.excluded.iter().map(|excluded| &*excluded.why).collect();
    let expected = [
        "its value is no JSON object",
        "it has no host",
        "it has no port",
        "it is disabled",
        "its metadata is no JSON object",
    ];
    assert_eq!(why, expected);
    assert_eq!(now.excluded[0].instance, "a:1");
    let [java, go] = &now.instances[..] else { panic!("{now:?}") };
    assert_eq!((java.instance.params.get("x"), java.instance.ready), (Some("y"), true));
    let param = |name| go.instance.params.get(name);
    assert_eq!((param("dubbo.tag"), param("weight")), (Some("grey"), Some("7")));
    assert!(!go.instance.ready);
}

#[tokio::test(start_paused = true)]
async fn answers_that_make_no_sense_are_errors_until_they_do() {
    let fake = Fake::new();
    fake.store.lock().put(key(1));
    let stray = KeyValue { key: "/elsewhere".into(), ..KeyValue::default() };
    let header = Some(ResponseHeader { revision: 2 });
    let bad = [
        (Bytes::from_static(b"\xff\xff"), "RangeResponse"),
        (RangeResponse::default().encode_to_vec().into(), "without a revision"),
        (
            RangeResponse { header, kvs: vec![stray], more: false }.encode_to_vec().into(),
            "/elsewhere",
        ),
        (RangeResponse { header, kvs: vec![], more: true }.encode_to_vec().into(), "empty page"),
    ];
    let ours = fake.registry("register=false");
    ours.client().connected().await.unwrap();
    for (bytes, _) in &bad {
        fake.store.lock().instead.entry("Range").or_default().push_back(Ok(bytes.clone()));
    }
    let mut seen = subscribe(&ours).await;
    let mut told = Vec::new();
    // The first set comes once an answer is good.
    let first = loop {
        if let Some(first) = seen.next().now_or_never() {
            break first.unwrap();
        }
        if let Some(failure) = Registry::failure(&ours, &service())
            && told.last() != Some(&failure.message().to_owned())
        {
            assert_eq!(failure.code(), Code::Internal, "{failure}");
            told.push(failure.message().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(first.health, Health::Fresh);
    assert_eq!(told.len(), bad.len(), "{told:?}");
    for (told, (_, named)) in told.iter().zip(&bad) {
        assert!(told.contains(named), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_watches_that_makes_no_sense_harms_nothing() {
    let fake = Fake::new();
    fake.store.lock().put(key(1));
    let ours = fake.registry("register=false");
    let mut seen = subscribe(&ours).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    fake.until("it is watched", |store| store.watching() == 1).await;
    // Nobody's watch, no key, another's key, and a key that was gone long ago.
    let event = |key: String, mod_revision| {
        let kv = KeyValue { key: key.into(), mod_revision, ..KeyValue::default() };
        Event { r#type: 0, kv: Some(kv) }
    };
    let events = vec![
        Event { r#type: 9, kv: None },
        event("/elsewhere".to_owned(), 50),
        event(key(7), 0),
        event(key(8), -5),
    ];
    for watch_id in [1, 99, -1] {
        let events = events.clone();
        fake.store.lock().broadcast(|_| WatchResponse {
            watch_id,
            events: events.clone(),
            ..WatchResponse::default()
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    fake.store.lock().put(key(2));
    let now = next_that(&mut seen, |_| true).await;
    assert_eq!(super::support::ports(&now.providers), [1, 2]);

    // What is no answer at all ends the stream, and another one goes on.
    fake.store.lock().garbage();
    until(&mut seen, Health::Stale, &[1, 2]).await;
    fake.store.lock().put(key(3));
    until(&mut seen, Health::Fresh, &[1, 2, 3]).await;
}
