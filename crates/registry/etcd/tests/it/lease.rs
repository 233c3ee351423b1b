//! The lease, and the keys that have it.

use dubhe_core::registry::Registry;
use dubhe_core::time::Duration;
use dubhe_core::{Code, Status};
use dubhe_etcd::client::ClientState;
use dubhe_registry::application::ServiceDiscovery;
use tokio::time::Instant;

use super::fake::Fake;
use super::support::{PROVIDERS, instance, join, provider, register};

#[tokio::test(start_paused = true)]
async fn a_lease_is_kept_alive_three_times_in_its_life_and_revoked_at_the_end() {
    let fake = Fake::new();
    let ours = fake.registry("");
    ours.client().connected().await.unwrap();
    assert_eq!(fake.store.lock().count("LeaseGrant"), 0, "nothing needs a lease");
    register(&ours, provider(1, &[])).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let kept = fake.store.lock().count("keep alive");
    assert!((30..=32).contains(&kept), "{kept}");
    assert_eq!(fake.store.lock().count("LeaseGrant"), 1);
    ours.close().await;
    let store = fake.store.lock();
    assert_eq!((store.keys().len(), store.count("LeaseRevoke")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_is_replaced_and_everything_put_again() {
    let fake = Fake::new();
    let ours = fake.registry("");
    register(&ours, provider(1, &[])).await.unwrap();
    join(&ours, instance(1, &[])).await.unwrap();
    let before = fake.store.lock().keys();
    assert_eq!(before.len(), 2);
    // That of the instance twice, for consumers of dubbo-go.
    let puts = fake.store.lock().count("Put");
    assert_eq!(puts, 3);
    fake.store.lock().expire();
    assert_eq!(fake.store.lock().keys().len(), 0);
    let lost = Instant::now();
    fake.until("all is back", |store| store.keys() == before).await;
    // Two seconds at most to ask after the lease, and none to put the keys.
    assert!(lost.elapsed() < Duration::from_secs(3), "{:?}", lost.elapsed());
    let store = fake.store.lock();
    assert!(store.entries.values().all(|kv| kv.lease == 2), "{:?}", store.keys());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ended_while_the_server_was_away_is_replaced() {
    let mut fake = Fake::new();
    let ours = fake.registry("");
    register(&ours, provider(1, &[])).await.unwrap();
    let before = fake.store.lock().keys();
    fake.close().await;
    fake.store.lock().expire();
    tokio::time::sleep(Duration::from_mins(2)).await;
    fake.open();
    fake.until("the provider is back", |store| store.keys() == before).await;
    // One that lived through an absence stays.
    fake.close().await;
    fake.open();
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(fake.store.lock().count("LeaseGrant"), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_that_others_remove_or_take_are_put_again_at_once() {
    let fake = Fake::new();
    let ours = fake.registry("");
    register(&ours, provider(1, &[])).await.unwrap();
    let key = fake.store.lock().keys()[0].clone();
    let owned = |store: &super::fake::Store| store.entries.values().any(|kv| kv.lease == 1);
    for steal in [None, Some(("", 77))] {
        fake.store.lock().change(&[(key.clone(), steal)]);
        let gone = Instant::now();
        fake.until("the key is ours again", owned).await;
        assert!(gone.elapsed() <= Duration::from_millis(200), "{:?}", gone.elapsed());
        // Long after that nobody else is thought to want it.
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    // What stands is not written again.
    let revision = fake.store.lock().revision;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(fake.store.lock().revision, revision);
}

#[tokio::test(start_paused = true)]
async fn what_is_registered_again_outlives_a_withdrawal_that_was_late() {
    let mut fake = Fake::new();
    let ours = fake.registry("");
    join(&ours, instance(1, &[])).await.unwrap();
    let before = fake.store.lock().keys();
    fake.close().await;
    let mut states = ours.client().states();
    states.wait_for(|state| matches!(state, ClientState::Connecting { .. })).await.unwrap();
    // It is taken back once that can be done, and wanted again before.
    ServiceDiscovery::unregister(&ours, &instance(1, &[])).await.unwrap_err();
    let again = tokio::spawn({
        let ours = ours.clone();
        async move { join(&ours, instance(1, &[])).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    fake.open();
    again.await.unwrap().unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(fake.store.lock().keys(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_late_does_not_take_the_next_one_along() {
    let mut fake = Fake::new();
    fake.close().await;
    let ours = fake.registry("timeout=2000");
    let began = |weight: &'static str| {
        let ours = ours.clone();
        tokio::spawn(async move { register(&ours, provider(1, &[("weight", weight)])).await })
    };
    let first = began("1");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = began("2");
    first.await.unwrap().unwrap_err();
    fake.open();
    second.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let keys = fake.store.lock().keys();
    assert!(keys.len() == 1 && keys[0].contains("weight%3D2"), "{keys:?}");
}

#[tokio::test(start_paused = true)]
async fn what_etcd_refuses_is_an_error_of_registering() {
    let fake = Fake::new();
    let ours = fake.registry("");
    let denied = Status::new(Code::PermissionDenied, "etcdserver: permission denied");
    fake.store.lock().instead.entry("Put").or_default().push_back(Err(denied));
    let error = register(&ours, provider(1, &[])).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    for part in ["cannot register g1/demo.Greet:1.2.3", "etcd://10.0.0.1:2379", "permission denied"]
    {
        assert!(error.message().contains(part), "{error}");
    }
    // It is not announced later.
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(fake.store.lock().keys().len(), 0);
    register(&ours, provider(1, &[])).await.unwrap();
    assert!(fake.store.lock().keys()[0].starts_with(PROVIDERS));
    Registry::unregister(&ours, &provider(1, &[])).await.unwrap();
    assert_eq!(fake.store.lock().keys().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_etcd_refuses_leaves_the_instance_as_it_was() {
    let fake = Fake::new();
    let ours = fake.registry("");
    ServiceDiscovery::register(&ours, instance(1, &[("a", "1")])).await.unwrap();
    let values =
        || fake.store.lock().entries.values().map(|kv| kv.value.clone()).collect::<Vec<_>>();
    let before = values();
    let denied = Status::new(Code::PermissionDenied, "etcdserver: permission denied");
    fake.store.lock().instead.entry("Put").or_default().push_back(Err(denied));
    let updating = ServiceDiscovery::register(&ours, instance(1, &[("a", "2")]));
    assert_eq!(updating.await.unwrap_err().code(), Code::PermissionDenied);
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(values(), before);
    ServiceDiscovery::register(&ours, instance(1, &[("a", "3")])).await.unwrap();
    assert_ne!(values(), before);
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_a_server_costs_few_dials_and_lines() {
    let mut fake = Fake::new();
    let (lines, _guard) =
        dubhe_testkit::log::Lines::from_level_of_this_thread(tracing::Level::WARN);
    fake.close().await;
    let ours = fake.registry("session=60000");
    tokio::time::sleep(Duration::from_hours(1)).await;
    let dials = fake.store.lock().dials;
    assert!((500..1_500).contains(&dials), "{dials}");
    assert!(lines.take().len() <= 12, "{:?}", lines.take());
    fake.open();
    register(&ours, provider(1, &[])).await.unwrap();
}
