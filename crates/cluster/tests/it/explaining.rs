//! The account of a directory.

use dubhe_core::Instance;
use dubhe_core::connect::ChannelState;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{DirectoryState, Endpoints, InstanceState, KnownTo, Usage};
use dubhe_core::registry::{DiscoveryLevel, Excluded, Health, Snapshot};
use dubhe_core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::fakes::{Scripted, Wired, provider, service, settle, wired_directories, yield_to_tasks};

/// The instance at `port`.
fn instance(state: &DirectoryState, port: u16) -> &InstanceState {
    let ends = format!(":{port}");
    let instance = state.instances.iter().find(|one| one.instance.ends_with(&ends));
    instance.unwrap_or_else(|| panic!("{port} is missing in {state}"))
}

/// The use that is made of the instance at `port`.
fn usage(state: &DirectoryState, port: u16) -> Usage {
    instance(state, port).usage.clone()
}

fn excluded(why: &'static str) -> Usage {
    Usage::Excluded { why: why.into() }
}

fn passed_over(why: &'static str) -> Usage {
    Usage::PassedOver { why: why.into() }
}

#[tokio::test(start_paused = true)]
async fn each_instance_has_its_reason() {
    let registry = Scripted::named("scripted://");
    let wired = Wired::default();
    wired.up(1..=4);
    let (directories, channels) = wired_directories(&wired, &[&registry]);
    let directory = directories.directory(&service(), Vec::new());
    let state = directory.snapshot().explain().unwrap();
    assert_eq!(state.to_string(), "scripted://: stale, 0 providers, has not answered\n");
    settle().await;
    let mut providers = [1, 2, 3, 4].map(|port| provider("dubbo", port)).to_vec();
    let instance = Instance { host: "h".into(), ready: false, ..Instance::default() };
    providers[2].instance = Arc::new(instance);
    providers.push(provider("rest", 5));
    let disabled = Excluded::new("10.0.0.7:6", "it is disabled");
    registry.tell_all(Snapshot { providers, excluded: vec![disabled], ..Snapshot::default() });
    settle().await;
    for endpoint in directory.snapshot().iter() {
        endpoint.state().channel_or(|| channels.open(endpoint)).unwrap();
    }
    wired.down(2, ChannelState::Connecting);
    yield_to_tasks().await;
    let state = directory.snapshot().explain().unwrap();
    assert_eq!(usage(&state, 1), Usage::Used);
    assert_eq!(usage(&state, 2), passed_over("it has no connection that takes calls"));
    assert_eq!(usage(&state, 3), passed_over("it is not ready"));
    assert_eq!(usage(&state, 5), excluded("it offers rest, which this application does not speak"));
    assert_eq!(usage(&state, 6), excluded("it is disabled"));
    let [of_registry] = &state.registries[..] else { panic!("{state}") };
    assert_eq!((of_registry.health, of_registry.providers), (Health::Fresh, 5));
    assert!(of_registry.answered.unwrap() < Duration::from_secs(1));
    assert_eq!((of_registry.cached, &of_registry.error), (None, &None));

    // Most are gone, and one of these lives.
    registry.tell(&[provider("dubbo", 4)]);
    settle().await;
    let state = directory.snapshot().explain().unwrap();
    let Usage::Held { why, left } = usage(&state, 1) else { panic!("{state}") };
    assert!(why.contains("lost most providers"), "{why}");
    assert!(left > Duration::from_secs(29) && left < Duration::from_secs(30), "{left:?}");
    assert_eq!(usage(&state, 4), Usage::Used);
}

#[tokio::test(start_paused = true)]
async fn each_instance_names_the_registries_that_know_it_and_their_levels() {
    use DiscoveryLevel::{Application, Interface};
    let (one, other) = (Scripted::named("one://"), Scripted::named("other://"));
    let wired = Wired::default();
    wired.up(1..=4);
    let (directories, channels) = wired_directories(&wired, &[&one, &other]);
    let directory = directories.directory(&service(), Vec::new());
    yield_to_tasks().await;
    let mut disabled = Excluded::new("10.0.0.7:6", "it is disabled");
    disabled.level = Some(Application);
    let of = |providers: &[u16], level| Snapshot {
        providers: providers.iter().map(|port| provider("dubbo", *port)).collect(),
        level,
        ..Snapshot::default()
    };
    one.tell_all(Snapshot { excluded: vec![disabled], ..of(&[1, 2, 3], Some(Application)) });
    let mut rest = of(&[2, 4], Some(Interface));
    rest.providers.push(provider("rest", 5));
    other.tell_all(rest);
    settle().await;
    for endpoint in directory.snapshot().iter() {
        endpoint.state().channel_or(|| channels.open(endpoint)).unwrap();
    }
    let state = directory.snapshot().explain().unwrap();
    let at_one = KnownTo::new("one://", Some(Application));
    let at_other = KnownTo::new("other://", Some(Interface));
    for (port, known_to) in [
        (1, vec![at_one.clone()]),
        (2, vec![at_one.clone(), at_other.clone()]),
        (4, vec![at_other.clone()]),
        (5, vec![at_other]),
        (6, vec![at_one.clone()]),
    ] {
        assert_eq!(instance(&state, port).known_to, known_to, "{port} in {state}");
    }
    let both = "(one://, application level; other://, interface level): used";
    assert!(instance(&state, 2).to_string().ends_with(both), "{state}");

    // Those that are held were known at the level of before.
    one.tell_all(of(&[3], None));
    settle().await;
    let state = directory.snapshot().explain().unwrap();
    assert!(matches!(usage(&state, 1), Usage::Held { .. }), "{state}");
    assert_eq!(instance(&state, 1).known_to, [at_one]);
    assert_eq!(instance(&state, 3).known_to, [KnownTo::new("one://", None)]);
    // Of endpoints that somebody else has put together, nobody knows it.
    let set = directory.snapshot();
    let part = Endpoints::clone(&set).with_endpoints(set.iter().take(1).cloned());
    assert_eq!(part.explain().unwrap().instances.last().unwrap().known_to, []);
}

#[tokio::test(start_paused = true)]
async fn a_client_of_other_protocols_is_told_so() {
    let registry = Scripted::default();
    let (directories, _) = wired_directories(&Wired::default(), &[&registry]);
    let directory = directories.directory(&service(), vec!["tri".into()]);
    yield_to_tasks().await;
    registry.tell(&[provider("dubbo", 1)]);
    settle().await;
    let state = directory.snapshot().explain().unwrap();
    assert_eq!(usage(&state, 1), excluded("it offers dubbo, which this client does not use"));
}

#[tokio::test(start_paused = true)]
async fn the_account_tells_of_the_error_of_a_registry_and_ends_with_the_directory() {
    let registry = Scripted::default();
    registry.failures.store(usize::MAX, Ordering::Relaxed);
    let (directories, _) = wired_directories(&Wired::default(), &[&registry]);
    let directory = directories.directory(&service(), Vec::new());
    settle().await;
    let set = directory.snapshot();
    let error = set.explain().unwrap().registries[0].error.clone();
    assert!(error.is_some_and(|error| error.contains("not now")));
    drop(directory);
    yield_to_tasks().await;
    assert_eq!(set.explain(), Some(DirectoryState::default()));
}

#[tokio::test(start_paused = true)]
async fn of_many_instances_those_that_are_not_used_come_first() {
    let registry = Scripted::default();
    let (directories, _) = wired_directories(&Wired::default(), &[&registry]);
    let directory = directories.directory(&service(), Vec::new());
    yield_to_tasks().await;
    let mut all: Vec<_> = (1..=1_000).map(|port| provider("dubbo", port)).collect();
    all.push(provider("rest", 2_000));
    registry.tell(&all);
    settle().await;
    let state = directory.snapshot().explain().unwrap();
    assert_eq!((state.instances.len(), state.omitted), (DirectoryState::MAX_INSTANCES, 745));
    assert!(matches!(state.instances[0].usage, Usage::Excluded { .. }));
}
