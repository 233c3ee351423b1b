//! Users and their tokens.

use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::registry::{Health, Registry};
use dubhe_core::time::Duration;

use tokio::time::Instant;

use super::fake::Fake;
use super::following::key;
use super::support::{provider, register, service, subscribe, until};

const URL: &str = "etcd://shop:secret@10.0.0.1:2379?session=6000&timeout=20000";

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_known_any_more_is_renewed_once_for_all() {
    let fake = Fake::new();
    fake.store.lock().token = Some("one");
    let ours = fake.registry_at(URL);
    register(&ours, provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&ours).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    assert_eq!(fake.store.lock().count("Authenticate"), 1);

    fake.store.lock().token = Some("two");
    let client = ours.client();
    let all = tokio::join!(client.get("a"), client.get("b"), client.get("c"));
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok(), "{all:?}");
    assert_eq!(fake.store.lock().count("Authenticate"), 2);

    // A watch that is refused for its token comes back with another.
    fake.store.lock().token = Some("three");
    fake.store.lock().cancel("etcdserver: invalid auth token");
    fake.store.lock().put(key(2));
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    assert_eq!(fake.store.lock().count("Authenticate"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_and_not_shown() {
    let fake = Fake::new();
    fake.store.lock().token = Some("one");
    let ours = fake.registry_at(&URL.replace("secret", "wr0ng"));
    let error = register(&ours, provider(1, &[])).await.unwrap_err();
    assert!(error.message().contains("check username and password"), "{error}");
    assert!(!format!("{error:?} {ours:?}").contains("wr0ng"), "{error:?}");
    let failure = Registry::failure(&ours, &service()).unwrap();
    assert!(failure.message().contains("invalid user ID or password"), "{failure}");
    tokio::time::sleep(Duration::from_mins(10)).await;
    let asked = fake.store.lock().count("Authenticate");
    assert!(asked < 1_000, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_the_first_try_to_connect_and_for_no_other() {
    let mut fake = Fake::new();
    let ours = fake.registry("");
    let key = DocumentKey::config("shop.tag-router");
    ours.put(&key, "key: shop".into()).await.unwrap();
    assert_eq!(ours.get(&key).await.unwrap().unwrap().text, "key: shop");

    fake.close().await;
    let late = fake.registry("");
    let began = Instant::now();
    let error = late.put(&key, "key: shop".into()).await.unwrap_err();
    assert!(!error.message().contains("not connected yet"), "{error}");
    late.put(&key, "key: shop".into()).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
