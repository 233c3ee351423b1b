//! The snapshots of subscribers.

use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStore};
use dubhe_core::registry::{Health, Registry, Snapshots};
use dubhe_core::time::Duration;
use dubhe_core::{Code, Status};
use dubhe_etcd::Etcd;
use futures_util::{FutureExt, StreamExt};

use super::fake::{Fake, Store};
use super::support::{PROVIDERS, ports, service, subscribe, until};
use crate::generated::etcd::{ResponseHeader, WatchResponse};

/// The key of a provider on this port.
pub(crate) fn key(port: u16) -> String {
    format!("{PROVIDERS}dubbo%3A%2F%2Fh%3A{port}%2Fdemo.Greet%3Fgroup%3Dg1%26version%3D1.2.3")
}

/// A registry for finding alone, and a subscription that has seen `ports`.
async fn stage(fake: &Fake, ports: &[u16]) -> (Etcd, Snapshots) {
    for port in ports {
        fake.store.lock().put(key(*port));
    }
    let registry = fake.registry("register=false");
    let mut seen = subscribe(&registry).await;
    until(&mut seen, Health::Fresh, ports).await;
    fake.until("it is watched", |store| !store.starts.is_empty()).await;
    (registry, seen)
}

#[tokio::test(start_paused = true)]
async fn changes_together_give_one_set() {
    let fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = tokio::time::Instant::now();
    for port in 2..=50 {
        fake.store.lock().put(key(port));
    }
    fake.store.lock().delete(key(1));
    let next = seen.next().await.unwrap();
    assert_eq!(ports(&next.providers), (2..=50).collect::<Vec<u16>>());
    assert!((100..200).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(seen.next().now_or_never().is_none(), "there was nothing more to tell");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_the_present_set_alone() {
    let fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1]).await;
    for _ in 0..200 {
        for port in 2..=20 {
            fake.store.lock().put(key(port));
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
        for port in 3..=20 {
            fake.store.lock().delete(key(port));
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ports(&seen.next().await.unwrap().providers), [1, 2]);
    assert!(seen.next().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_goes_on_behind_the_last_revision() {
    let mut fake = Fake::new();
    let (registry, mut seen) = stage(&fake, &[1, 2]).await;
    fake.store.lock().put(key(3));
    until(&mut seen, Health::Fresh, &[1, 2, 3]).await;
    let last = fake.store.lock().revision;
    let reads = fake.store.lock().count("Range");
    fake.close().await;
    until(&mut seen, Health::Stale, &[1, 2, 3]).await;
    let failure = Registry::failure(&registry, &service()).unwrap();
    assert!(failure.message().contains("10.0.0.1:2379"), "{failure}");
    {
        let mut store = fake.store.lock();
        store.delete(key(1));
        store.put(key(4));
        // What is known already is sent again: its deletions must not count.
        store.repeats = true;
        store.history.push(Store::deletion_of(&key(2), 2));
    }
    fake.open();
    // The set of before, said to be current, never comes.
    let next = until(&mut seen, Health::Fresh, &[2, 3, 4]).await;
    assert_eq!(next.excluded, []);
    let store = fake.store.lock();
    assert_eq!(store.starts.last(), Some(&(last + 1)));
    assert_eq!(store.count("Range"), reads + 1, "only to greet the server");
    assert_eq!(Registry::failure(&registry, &service()).map(|e| e.to_string()), None);
}

#[tokio::test(start_paused = true)]
async fn a_notice_of_progress_moves_the_revision_on() {
    let fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1]).await;
    let far = 1_000;
    fake.store.lock().revision = far;
    fake.store.lock().broadcast(|watch_id| WatchResponse {
        header: Some(ResponseHeader { revision: far }),
        watch_id,
        ..WatchResponse::default()
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    // All before it may be compacted now.
    fake.store.lock().compacted = far;
    fake.cut();
    until(&mut seen, Health::Stale, &[1]).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    assert_eq!(fake.store.lock().starts, [3, far + 1]);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_told_of_is_found() {
    let fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1]).await;
    fake.store.lock().silent = true;
    fake.store.lock().put(key(2));
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    fake.store.lock().delete(key(1));
    until(&mut seen, Health::Fresh, &[2]).await;
    // What is told later is heard.
    fake.store.lock().silent = false;
    fake.store.lock().put(key(3));
    until(&mut seen, Health::Fresh, &[2, 3]).await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_never_was_does_not_hide_changes() {
    let fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1]).await;
    fake.store.lock().broadcast(|watch_id| WatchResponse {
        header: Some(ResponseHeader { revision: 1 << 40 }),
        watch_id,
        ..WatchResponse::default()
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    fake.store.lock().put(key(2));
    until(&mut seen, Health::Fresh, &[1, 2]).await;
}

#[tokio::test(start_paused = true)]
async fn after_compaction_the_range_is_read_anew() {
    let mut fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1, 2]).await;
    fake.close().await;
    until(&mut seen, Health::Stale, &[1, 2]).await;
    {
        let mut store = fake.store.lock();
        store.delete(key(1));
        store.put(key(3));
        store.compacted = store.revision;
        store.history.clear();
    }
    fake.open();
    until(&mut seen, Health::Fresh, &[2, 3]).await;
    fake.store.lock().put(key(4));
    until(&mut seen, Health::Fresh, &[2, 3, 4]).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lost_all_its_data_is_read_anew() {
    let mut fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1, 2]).await;
    for port in 3..=9 {
        fake.store.lock().put(key(port));
    }
    until(&mut seen, Health::Fresh, &(1..=9).collect::<Vec<_>>()).await;
    fake.close().await;
    until(&mut seen, Health::Stale, &(1..=9).collect::<Vec<_>>()).await;
    // Its revisions begin anew: what is watched from the old ones on will not come for long.
    fake.store.lock().wipe();
    fake.store.lock().put(key(3));
    fake.open();
    until(&mut seen, Health::Fresh, &[3]).await;
    fake.store.lock().put(key(4));
    until(&mut seen, Health::Fresh, &[3, 4]).await;
}

#[tokio::test(start_paused = true)]
async fn watches_that_a_slow_server_creates_one_by_one_are_waited_for() {
    let fake = Fake::new();
    fake.store.lock().put(key(1));
    fake.store.lock().slowness = Duration::from_millis(500);
    let registry = fake.registry("register=false");
    let mut all = Vec::new();
    for _ in 0..40 {
        all.push(subscribe(&registry).await);
    }
    for seen in &mut all {
        until(seen, Health::Fresh, &[1]).await;
    }
    fake.until("all are watched", |store| store.watching() == 40).await;
    let store = fake.store.lock();
    assert_eq!((store.count("Watch"), store.dials), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_watch_is_created_again() {
    let fake = Fake::new();
    let (registry, mut seen) = stage(&fake, &[1]).await;
    fake.store.lock().cancel("etcdserver: no leader");
    until(&mut seen, Health::Stale, &[1]).await;
    let failure = Registry::failure(&registry, &service()).unwrap();
    assert!(failure.message().contains("no leader"), "{failure}");
    fake.store.lock().put(key(2));
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    assert!(Registry::failure(&registry, &service()).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_fragments_of_one_revision_are_told_together() {
    let fake = Fake::new();
    let (_registry, mut seen) = stage(&fake, &[1]).await;
    fake.store.lock().fragments = true;
    let all = (2..=9).map(|port| (key(port), Some(("", 0)))).collect::<Vec<_>>();
    fake.store.lock().change(&all);
    let next = seen.next().await.unwrap();
    assert_eq!(ports(&next.providers), (1..=9).collect::<Vec<u16>>());
}

#[tokio::test(start_paused = true)]
async fn all_subscriptions_share_one_stream_and_end_their_watches() {
    let fake = Fake::new();
    let (registry, seen) = stage(&fake, &[1]).await;
    let mut more = Vec::new();
    for _ in 0..20 {
        let mut next = subscribe(&registry).await;
        until(&mut next, Health::Fresh, &[1]).await;
        more.push(next);
    }
    fake.until("all are watched", |store| store.watching() == 21).await;
    assert_eq!(fake.store.lock().count("Watch"), 1);
    drop((seen, more));
    fake.until("none is watched", |store| store.watching() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_range_that_is_too_large_is_an_error_and_not_a_part_of_it() {
    let fake = Fake::new();
    let registry = fake.registry("register=false&max.frame=4096");
    for port in 1..=10 {
        fake.store.lock().put(key(port));
    }
    let mut seen = subscribe(&registry).await;
    until(&mut seen, Health::Fresh, &(1..=10).collect::<Vec<_>>()).await;
    fake.until("it is watched", |store| store.watching() == 1).await;
    for port in 11..=40 {
        fake.store.lock().put(key(port));
    }
    super::support::next_that(&mut seen, |now| now.health == Health::Stale).await;
    let failure = Registry::failure(&registry, &service()).unwrap();
    assert_eq!(failure.code(), Code::ResourceExhausted);
    assert!(failure.message().contains("max.frame"), "{failure}");
    for port in 6..=40 {
        fake.store.lock().delete(key(port));
    }
    until(&mut seen, Health::Fresh, &[1, 2, 3, 4, 5]).await;
}

#[tokio::test(start_paused = true)]
async fn a_document_is_watched_through_outages() {
    let mut fake = Fake::new();
    fake.close().await;
    let registry = fake.registry("");
    let mut states = registry.watch(&DocumentKey::config("shop.tag-router"));
    assert_eq!(states.next().await, Some(DocumentState::default()));
    fake.open();
    let absent = DocumentState { document: None, health: Health::Fresh };
    assert_eq!(states.next().await, Some(absent));
    let put = [("/dubbo/config/dubbo/shop.tag-router".to_owned(), Some(("force: true", 0)))];
    fake.store.lock().change(&put);
    let state = states.next().await.unwrap();
    assert_eq!(state.document.unwrap().text, "force: true");
    fake.close().await;
    let state = states.next().await.unwrap();
    assert_eq!((state.document.unwrap().text, state.health), ("force: true".into(), Health::Stale));
    let error = registry.get(&DocumentKey::config("x")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    registry.close().await;
    assert!(states.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_lost_the_others_is_left() {
    let fake = Fake::new();
    let (registry, mut seen) = stage(&fake, &[1]).await;
    let no_leader = || Err(Status::unavailable("etcdserver: no leader"));
    fake.store.lock().instead.entry("Range").or_default().extend([no_leader(), no_leader()]);
    registry.client().get("x").await.unwrap_err();
    until(&mut seen, Health::Stale, &[1]).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    assert!(fake.store.lock().dials >= 3);
}
