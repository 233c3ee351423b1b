//! Directories that follow registries, and who shares them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use dubhe_cluster::Channels;
use dubhe_cluster::directory::AdoptingDirectory;
use dubhe_core::Instance;
use dubhe_core::backoff::FullJitter;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{EndpointState, Endpoints};
use dubhe_core::registry::Health;
use dubhe_core::time::{Clock as _, Duration};
use dubhe_net::time::TokioClock;

use crate::fakes::{
    Scripted, directories, directories_of, provider, service, settle, with_params, yield_to_tasks,
};
use crate::support::{Changing, Shared, endpoint, on};

fn addresses(set: &Endpoints) -> Vec<String> {
    set.iter().map(ToString::to_string).collect()
}

fn state(set: &Endpoints, port: u16) -> Arc<EndpointState> {
    set.iter().find(|e| e.offer().port == port).unwrap().state().clone()
}

#[tokio::test]
async fn all_who_ask_share_one_subscription_which_ends_with_the_last_of_them() {
    let registry = Scripted::default();
    let directories = directories(&[&registry]);
    let one = directories.directory(&service(), Vec::new());
    let other = directories.directory(&service(), Vec::new());
    assert!(Arc::ptr_eq(&one, &other));
    yield_to_tasks().await;
    registry.tell(&[provider("dubbo", 1)]);
    yield_to_tasks().await;
    assert_eq!((registry.asked(), registry.alive()), (1, 1));
    assert_eq!(addresses(&other.snapshot()), ["dubbo://h:1"]);

    drop(one);
    yield_to_tasks().await;
    assert_eq!(registry.alive(), 1);
    drop(other);
    // The registry says nothing more.
    yield_to_tasks().await;
    assert_eq!(registry.alive(), 0);

    let again = directories.directory(&service(), Vec::new());
    yield_to_tasks().await;
    assert_eq!((registry.asked(), registry.alive()), (2, 1));
    assert!(again.snapshot().is_empty());
}

#[tokio::test]
async fn those_who_ask_for_other_protocols_have_their_own() {
    let registry = Scripted::default();
    let directories = directories(&[&registry]);
    let any = directories.directory(&service(), Vec::new());
    let triple = directories.directory(&service(), vec!["tri".into()]);
    let both = directories.directory(&service(), vec!["tri".into(), "dubbo".into()]);
    let same = directories.directory(&service(), vec!["dubbo".into(), "tri".into()]);
    assert!(Arc::ptr_eq(&both, &same));
    yield_to_tasks().await;
    assert_eq!(registry.alive(), 3);
    registry.tell(&[provider("dubbo", 1), provider("tri", 2), provider("rest", 3)]);
    yield_to_tasks().await;
    for (directory, expected) in [
        (&any, &["dubbo://h:1", "tri://h:2"][..]),
        (&triple, &["tri://h:2"]),
        (&both, &["dubbo://h:1", "tri://h:2"]),
    ] {
        assert_eq!(addresses(&directory.snapshot()), expected);
    }
}

#[tokio::test]
async fn nothing_is_kept_of_directories_that_are_gone() {
    let registry = Scripted::default();
    let directories = directories(&[&registry]);
    for n in 0..100 {
        let directory = directories.directory(&service(), vec![format!("p{n}").into()]);
        assert_eq!(format!("{directories:?}"), "Directories(1 shared)");
        drop(directory);
    }
}

#[tokio::test(start_paused = true)]
async fn the_reason_why_no_registered_provider_can_be_used_names_the_protocols() {
    let registry = Scripted::default();
    let directories = directories(&[&registry]);
    let any = directories.directory(&service(), Vec::new());
    let triple = directories.directory(&service(), vec!["tri".into()]);
    settle().await;
    registry.tell(&[provider("dubbo", 1), provider("rest", 3)]);
    settle().await;
    assert_eq!(any.snapshot().unusable(), None);
    let set = triple.snapshot();
    let why = "the 2 registered for it offer dubbo, rest, and none of tri, which this client uses";
    assert_eq!(set.unusable(), Some(why));
    registry.tell(&[]);
    settle().await;
    assert_eq!(triple.snapshot().unusable(), None);
}

#[test]
fn a_directory_whose_runtime_has_ended_is_not_shared() {
    let registry = Scripted::default();
    let directories = directories(&[&registry]);
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let first = runtime();
    let one = first.block_on(async {
        let one = directories.directory(&service(), Vec::new());
        yield_to_tasks().await;
        registry.tell(&[provider("dubbo", 7)]);
        yield_to_tasks().await;
        one
    });
    assert_eq!(one.snapshot().health(), Health::Fresh);
    drop(first);
    // What it knew stays, and says that it is old.
    let old = one.snapshot();
    assert_eq!((addresses(&old), old.health()), (vec!["dubbo://h:7".to_owned()], Health::Stale));
    assert!(old.failure().unwrap().contains("runtime"));
    runtime().block_on(async {
        let other = directories.directory(&service(), Vec::new());
        assert!(!Arc::ptr_eq(&one, &other));
        yield_to_tasks().await;
        registry.tell(&[provider("dubbo", 1)]);
        yield_to_tasks().await;
        assert_eq!(addresses(&other.snapshot()), ["dubbo://h:1"]);
    });
}

#[tokio::test]
async fn of_two_protocols_on_a_port_the_preferred_stays() {
    let registry = Scripted::default();
    let directory = directories(&[&registry]).directory(&service(), Vec::new());
    yield_to_tasks().await;
    registry.tell(&[
        provider("tri", 1),
        provider("dubbo", 1),
        provider("dubbo", 2),
        provider("tri", 3),
    ]);
    yield_to_tasks().await;
    let offers = addresses(&directory.snapshot());
    assert_eq!(offers, ["dubbo://h:1", "dubbo://h:2", "tri://h:3"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_set_keeps_the_states_of_those_who_stay() {
    let registry = Scripted::default();
    let directory = directories(&[&registry]).directory(&service(), Vec::new());
    assert_eq!(directory.snapshot().health(), Health::Stale);
    settle().await;
    registry.tell(&[provider("dubbo", 1), provider("dubbo", 2)]);
    settle().await;
    let before = directory.snapshot();
    assert_eq!((before.len(), before.number(), before.health()), (2, 1, Health::Fresh));
    let changed = directory.changed(1);
    registry.tell(&[provider("dubbo", 2), provider("dubbo", 3)]);
    changed.await;
    let after = directory.snapshot();
    assert!(Arc::ptr_eq(&state(&before, 2), &state(&after, 2)));
    assert_eq!(addresses(&after), ["dubbo://h:2", "dubbo://h:3"]);
    // Its connections would be others now.
    registry.tell(&[with_params(provider("dubbo", 2), &[("payload", "9"), ("weight", "1")])]);
    directory.changed(2).await;
    assert!(!Arc::ptr_eq(&state(&after, 2), &state(&directory.snapshot(), 2)));
}

#[tokio::test(start_paused = true)]
async fn the_providers_of_all_registries_are_joined() {
    let registries = [Scripted::default(), Scripted::default()];
    let directory =
        directories(&[&registries[0], &registries[1]]).directory(&service(), Vec::new());
    settle().await;
    // The second answers first.
    registries[1].tell(&(4..=10_000).map(|port| provider("tri", port)).collect::<Vec<_>>());
    settle().await;
    assert_eq!(directory.snapshot().len(), 9_997);
    let all: Vec<_> = (1..=9_000).map(|port| provider("tri", port)).collect();
    registries[0].tell(&all);
    settle().await;
    assert_eq!(directory.snapshot().len(), 10_000);
    registries[0].tell(&[]);
    // Three of them answer, though no registry knows them any more.
    settle().await;
    assert_eq!(directory.snapshot().len(), 10_000);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(directory.snapshot().len(), 9_997);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_fails_is_asked_again() {
    let registry = Scripted::default();
    registry.failures.store(2, Ordering::Relaxed);
    let directory = directories(&[&registry]).directory(&service(), Vec::new());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((registry.asked(), registry.alive()), (3, 1));
    registry.tell(&[provider("dubbo", 1)]);
    yield_to_tasks().await;
    registry.cut();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((registry.asked(), registry.alive()), (4, 1));
    assert_eq!(addresses(&directory.snapshot()), ["dubbo://h:1"], "kept meanwhile");
    assert_eq!(directory.snapshot().health(), Health::Stale);
}

/// The pauses between the times at which a registry was asked.
fn pauses(registry: &Scripted) -> Vec<Duration> {
    registry.asked_at().windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn pauses_before_a_registry_is_asked_again_are_random_and_bounded() {
    for most in [Duration::from_secs(5), Duration::from_millis(200)] {
        let backoff = FullJitter::default().capped(most);
        let mut registries = [Scripted::default(), Scripted::default()];
        for registry in &mut registries {
            registry.backoff = backoff;
        }
        let mut all = Vec::new();
        for (seed, registry) in (1..).zip(&registries) {
            registry.failures.store(usize::MAX, Ordering::Relaxed);
            let directory = directories_of(seed, &[registry]).directory(&service(), Vec::new());
            tokio::time::sleep(most * 400).await;
            drop(directory);
            let pauses = pauses(registry);
            // On average half of the bound; tokio's timer rounds up to 1 ms.
            assert!((700..900).contains(&pauses.len()), "{most:?}: {}", pauses.len());
            let longest = *pauses.iter().max().unwrap();
            assert!(longest <= most + Duration::from_millis(1), "{most:?}: {longest:?}");
            assert!(longest >= most * 9 / 10, "{most:?}: {longest:?}");
            all.push(pauses);
        }
        assert_ne!(all[0], all[1], "those that failed together return apart");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_pause_is_short_again_after_a_subscription_that_lasted() {
    let registry = Scripted::default();
    registry.failures.store(50, Ordering::Relaxed);
    let _directory = directories(&[&registry]).directory(&service(), Vec::new());
    let mut asked = 0;
    for lasts in [10, 10, 10].map(Duration::from_secs) {
        while registry.alive() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(lasts).await;
        registry.cut();
        let cut = tokio::time::Instant::now();
        asked = registry.asked();
        while registry.alive() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(cut.elapsed() <= Duration::from_millis(1002), "{:?}", cut.elapsed());
    }
    assert_eq!((asked, registry.asked()), (53, 54));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_panics_is_asked_again() {
    let registry = Scripted::default();
    registry.panics.store(2, Ordering::Relaxed);
    let directory = directories(&[&registry]).directory(&service(), Vec::new());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((registry.asked(), registry.alive()), (3, 1));
    registry.tell(&[provider("dubbo", 1)]);
    settle().await;
    assert_eq!(directory.snapshot().health(), Health::Fresh);
    registry.break_down();
    settle().await;
    assert_eq!(directory.snapshot().health(), Health::Stale);
    assert_eq!(addresses(&directory.snapshot()), ["dubbo://h:1"], "kept meanwhile");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(registry.asked(), 4);
    registry.tell(&[provider("dubbo", 2)]);
    settle().await;
    assert_eq!(directory.snapshot().health(), Health::Fresh);
    assert_eq!(addresses(&directory.snapshot()), ["dubbo://h:2"]);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_a_protocol_panics_at_leaves_the_one_before() {
    let registry = Scripted::default();
    let directory = directories(&[&registry]).directory(&service(), Vec::new());
    settle().await;
    for (told, expected) in [(1, "dubbo://h:1"), (u16::MAX, "dubbo://h:1"), (3, "dubbo://h:3")] {
        registry.tell(&[provider("dubbo", told)]);
        settle().await;
        assert_eq!(addresses(&directory.snapshot()), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn providers_warm_up_from_their_start() {
    // So long after the epoch of tokio's paused clock that a start before now has an instant.
    tokio::time::advance(Duration::from_hours(1)).await;
    let registry = Scripted::default();
    let directory = directories(&[&registry]).directory(&service(), Vec::new());
    yield_to_tasks().await;
    let wall = TokioClock.wall();
    let five_minutes = Duration::from_mins(5);
    let mut providers = [1, 2, 3].map(|port| provider("dubbo", port));
    let starts = [None, Some(wall - five_minutes), Some(wall + five_minutes)];
    for (provider, started) in providers.iter_mut().zip(starts) {
        let host = "h".into();
        provider.instance = Arc::new(Instance { host, started, ..Instance::default() });
    }
    registry.tell(&providers);
    yield_to_tasks().await;
    let (set, now) = (directory.snapshot(), TokioClock.now());
    assert_eq!([0, 1, 2].map(|i| set.get(i).unwrap().weight(now)), [100, 50, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_whose_clock_is_ahead_warms_up_and_one_that_is_behind_counts_as_warm() {
    tokio::time::advance(Duration::from_hours(3)).await;
    let registry = Scripted::default();
    let directory = directories(&[&registry]).directory(&service(), Vec::new());
    yield_to_tasks().await;
    let (wall, hour) = (TokioClock.wall(), Duration::from_hours(1));
    let skewed = |port, started| {
        let mut provider = provider("dubbo", port);
        let instance = Instance { host: "h".into(), started: Some(started), ..Instance::default() };
        provider.instance = Arc::new(instance);
        provider
    };
    let both = [skewed(1, wall + hour), skewed(2, wall - hour)];
    registry.tell(&both);
    yield_to_tasks().await;
    tokio::time::advance(Duration::from_mins(5)).await;
    // News of another provider, which must not begin their warm-up anew.
    registry.tell(&[both[0].clone(), both[1].clone(), provider("dubbo", 3)]);
    yield_to_tasks().await;
    let (set, now) = (directory.snapshot(), TokioClock.now());
    assert_eq!([0, 1, 2].map(|i| set.get(i).unwrap().weight(now)), [50, 100, 100]);
    let later = now + Duration::from_mins(5);
    assert_eq!(set.get(0).unwrap().weight(later), 100);
}

#[tokio::test]
async fn endpoints_that_a_directory_of_ones_own_makes_anew_keep_their_state_and_warm_up() {
    let young = || Instance { started: Some(TokioClock.wall()), ..Instance::default() };
    let own = Changing::new(vec![endpoint(1, &[]), on(young(), 2)]);
    let channels = Arc::new(Channels::new(Vec::new()));
    let shared = Arc::new(Shared(own.clone()));
    let directory = AdoptingDirectory::new(shared, service(), channels, Arc::new(TokioClock));
    let before = directory.snapshot();
    assert!(Arc::ptr_eq(&before, &directory.snapshot()));
    let weights: Vec<u32> = before.iter().map(|e| e.weight(TokioClock.now())).collect();
    assert_eq!(weights, [100, 1]);

    own.replace(vec![on(young(), 2), endpoint(3, &[])]);
    let after = directory.snapshot();
    assert_eq!((after.number(), after.len()), (1, 2));
    assert!(Arc::ptr_eq(&state(&before, 2), &state(&after, 2)));
    let gone = Arc::downgrade(&state(&before, 1));
    drop(before);
    assert!(gone.upgrade().is_none());
}
