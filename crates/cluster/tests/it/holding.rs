//! Providers that a registry loses too suddenly, and those that take the place of others.

use std::sync::Arc;

use dubhe_cluster::{Channels, Directories, RegistryDirectory};
use dubhe_core::Instance;
use dubhe_core::connect::ChannelState;
use dubhe_core::directory::Directory;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::Registration;
use dubhe_core::time::Duration;
use dubhe_net::time::TokioClock;
use tokio::time::{Instant, sleep};

use crate::fakes::{
    Scripted, Wired, provider, service, settle, wired_directories, with_params, yield_to_tasks,
};

fn providers(ports: impl IntoIterator<Item = u16>) -> Vec<Registration> {
    ports.into_iter().map(|port| provider("dubbo", port)).collect()
}

fn ports(directory: &RegistryDirectory) -> Vec<u16> {
    directory.snapshot().iter().map(|endpoint| endpoint.offer().port).collect()
}

/// A directory of one registry that knows these ports.
struct Bench {
    registry: Scripted,
    wired: Wired,
    directory: Arc<RegistryDirectory>,
    channels: Arc<Channels>,
}

impl Bench {
    /// All `ports` are known, and those of `up` are connected.
    async fn new(known: impl IntoIterator<Item = u16>, up: impl IntoIterator<Item = u16>) -> Self {
        let (registry, wired) = (Scripted::default(), Wired::default());
        let (directories, channels) = wired_directories(&wired, &[&registry]);
        let directory = directories.directory(&service(), Vec::new());
        settle().await;
        registry.tell(&providers(known));
        settle().await;
        let bench = Self { registry, wired, directory, channels };
        let up: Vec<_> = up.into_iter().collect();
        bench.wired.up(up.iter().copied());
        for endpoint in bench.directory.snapshot().iter() {
            if up.contains(&endpoint.offer().port) {
                endpoint.state().channel_or(|| bench.channels.open(endpoint)).unwrap();
            }
        }
        yield_to_tasks().await;
        bench
    }

    async fn tell(&self, known: impl IntoIterator<Item = u16>) {
        self.registry.tell(&providers(known));
        settle().await;
    }

    fn ports(&self) -> Vec<u16> {
        ports(&self.directory)
    }
}

fn seconds(seconds: f64) -> tokio::time::Sleep {
    sleep(Duration::from_secs_f64(seconds))
}

#[tokio::test(start_paused = true)]
async fn of_an_empty_set_those_that_live_stay_for_30_s_and_no_longer() {
    let bench = Bench::new(1..=3, 1..=3).await;
    bench.wired.down(3, ChannelState::Connecting);
    bench.tell([]).await;
    assert_eq!(bench.ports(), [1, 2, 3]);
    // Being told again does not begin anew.
    seconds(4.5).await;
    bench.tell([]).await;
    assert_eq!(bench.ports(), [1, 2, 3]);
    seconds(0.4).await;
    assert_eq!(bench.ports(), [1, 2], "the one without a connection is dead");
    seconds(24.0).await;
    assert_eq!(bench.ports(), [1, 2]);
    seconds(1.0).await;
    assert!(bench.ports().is_empty(), "scaled to zero");
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_or_loses_its_connection_while_it_is_held_is_dead_5_s_later() {
    let bench = Bench::new(1..=3, 1..=3).await;
    bench.wired.down(3, ChannelState::Hung);
    bench.tell([]).await;
    seconds(5.0).await;
    assert_eq!(bench.ports(), [1, 2]);
    bench.wired.down(2, ChannelState::Connecting);
    seconds(4.5).await;
    assert_eq!(bench.ports(), [1, 2]);
    // It is back in time.
    bench.wired.up([2]);
    seconds(5.0).await;
    assert_eq!(bench.ports(), [1, 2]);
    bench.wired.down(2, ChannelState::Connecting);
    seconds(5.2).await;
    assert_eq!(bench.ports(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_loss_of_half_is_held_and_a_smaller_one_is_believed_at_once() {
    for (left, expected) in [(6, 1..=6), (5, 1..=10), (1, 1..=10)] {
        let bench = Bench::new(1..=10, 1..=10).await;
        bench.tell(1..=left).await;
        assert_eq!(bench.ports(), expected.collect::<Vec<_>>(), "{left} left of 10");
        seconds(30.0).await;
        assert_eq!(bench.ports(), (1..=left).collect::<Vec<_>>());
    }
    // One at a time, down to the last.
    let bench = Bench::new(1..=3, 1..=3).await;
    bench.tell(1..=2).await;
    assert_eq!(bench.ports(), [1, 2]);
    bench.tell(1..=1).await;
    assert_eq!(bench.ports(), [1, 2], "a third of those of late");
    seconds(0.2).await;
    assert_eq!(bench.ports(), [1, 2, 3], "who left before lives");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_shrinks_in_steps_is_held_as_one_that_does_at_once() {
    let bench = Bench::new(1..=10, 1..=10).await;
    bench.tell(1..=6).await;
    assert_eq!(bench.ports(), (1..=6).collect::<Vec<_>>(), "a little shorter");
    seconds(2.0).await;
    for left in [4, 2, 1] {
        bench.tell(1..=left).await;
        seconds(0.5).await;
        let mut ports = bench.ports();
        ports.sort_unstable();
        assert_eq!(ports, (1..=10).collect::<Vec<_>>(), "{left} left");
    }
    // Each for 30 s from when it left.
    seconds(26.2).await;
    let mut ports = bench.ports();
    ports.sort_unstable();
    assert_eq!(ports, (1..=6).collect::<Vec<_>>());
    seconds(4.0).await;
    assert_eq!(bench.ports(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_scaled_to_zero_in_steps_is_empty_after_30_s() {
    let bench = Bench::new(1..=5, 1..=5).await;
    for left in (0..5).rev() {
        bench.tell(1..=left).await;
        seconds(1.0).await;
    }
    assert_eq!(bench.ports().len(), 5);
    seconds(29.5).await;
    assert!(bench.ports().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_list_counts_among_those_of_late_for_30_s() {
    let bench = Bench::new(1..=10, 1..=10).await;
    bench.tell(1..=6).await;
    seconds(30.0).await;
    bench.tell(1..=4).await;
    assert_eq!(bench.ports(), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn of_those_that_left_in_steps_the_ones_that_are_away_are_not_called_again() {
    let bench = Bench::new(1..=10, 1..=8).await;
    // One says that it leaves, one is killed, one was never called, one is called no more.
    bench.wired.down(7, ChannelState::Draining);
    bench.wired.refuse([8]);
    yield_to_tasks().await;
    bench.tell(1..=6).await;
    assert_eq!(bench.ports(), (1..=6).collect::<Vec<_>>());
    bench.wired.refuse([9]);
    // The steps after it, of those that stop in order.
    for left in (1..6).rev() {
        bench.wired.down(left + 1, ChannelState::Draining);
        yield_to_tasks().await;
        bench.tell(1..=left).await;
        assert_eq!(bench.ports(), (1..=left).collect::<Vec<_>>());
    }
    seconds(3.0).await;
    assert_eq!(bench.ports(), [1]);
    let opened = bench.wired.opened();
    let asked = |port| opened.iter().filter(|(opened, _)| *opened == port).count();
    assert_eq!([6, 7, 8, 9, 10].map(asked), [1, 1, 1, 1, 1], "nobody who said so is asked");
    // The answer of one that was asked comes late.
    bench.wired.up([10]);
    settle().await;
    assert_eq!(bench.ports(), [1, 10]);
    bench.wired.refuse([10]);
    settle().await;
    assert_eq!(bench.ports(), [1]);
}

#[tokio::test(start_paused = true)]
async fn one_whose_address_refuses_connections_is_not_held() {
    let bench = Bench::new(1..=4, 1..=3).await;
    bench.wired.refuse([1, 4]);
    bench.tell([]).await;
    // Nobody knows of the last one, which was never called, until it is asked.
    assert_eq!(bench.ports(), [2, 3, 4]);
    seconds(0.2).await;
    assert_eq!(bench.ports(), [2, 3]);
    bench.wired.refuse([2]);
    settle().await;
    assert_eq!(bench.ports(), [3]);
}

#[tokio::test(start_paused = true)]
async fn those_in_whose_place_others_came_are_held_too_once_most_are_gone() {
    let bench = Bench::new(1..=6, 1..=6).await;
    bench.tell([1, 2, 3, 4, 9]).await;
    assert_eq!(bench.ports(), [1, 2, 3, 4, 9, 5, 6]);
    bench.tell([1]).await;
    seconds(6.0).await;
    let mut ports = bench.ports();
    ports.sort_unstable();
    assert_eq!(ports, [1, 2, 3, 4, 5, 6], "the new one was never connected");
    seconds(24.0).await;
    assert_eq!(bench.ports(), [1]);
}

#[tokio::test(start_paused = true)]
async fn those_that_nobody_has_called_are_asked_whether_they_live() {
    let bench = Bench::new(1..=3, []).await;
    bench.wired.up([2]);
    bench.tell([]).await;
    assert_eq!(bench.ports(), [1, 2, 3]);
    // Their turns come within 60 ms.
    seconds(5.2).await;
    assert_eq!(bench.ports(), [2]);
    assert_eq!(bench.wired.opened().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn of_many_that_nobody_has_called_few_are_asked_and_not_all_at_once() {
    let bench = Bench::new(1..=1_000, []).await;
    bench.wired.up(1..=1_000);
    bench.tell([]).await;
    assert_eq!(bench.ports().len(), 1_000);
    seconds(5.2).await;
    assert_eq!(bench.ports().len(), 32);
    let opened = bench.wired.opened();
    assert_eq!(opened.len(), 32);
    let (first, last) = (opened[0].1, opened[31].1);
    assert!(last - first >= Duration::from_millis(20) * 31, "{:?}", last - first);
}

/// Directories of one application, each of a registry that knows these ports.
async fn many(
    wired: &Wired,
    known: &[Vec<u16>],
) -> (Vec<(Scripted, Arc<RegistryDirectory>)>, Arc<Channels>) {
    let channels = Arc::new(Channels::new(vec![Arc::new(wired.clone())]));
    let mut all = Vec::new();
    for _ in known {
        let registry = Scripted::default();
        let (clock, random) = (Arc::new(TokioClock), Arc::new(SplitMix::new(1)));
        let registries = vec![Arc::new(registry.clone()) as _];
        let directories = Directories::new(registries, channels.clone(), clock, random);
        all.push((registry, directories.directory(&service(), Vec::new())));
    }
    settle().await;
    for ((registry, _), known) in all.iter().zip(known) {
        registry.tell(&providers(known.iter().copied()));
    }
    settle().await;
    (all, channels)
}

#[tokio::test(start_paused = true)]
async fn those_whose_turn_to_be_asked_has_not_come_are_not_dead() {
    let wired = Wired::default();
    wired.up(1..=640);
    let known: Vec<Vec<u16>> = (0..20).map(|n| (n * 32 + 1..=n * 32 + 32).collect()).collect();
    let (all, _) = many(&wired, &known).await;
    for (registry, _) in &all {
        registry.tell(&[]);
    }
    // At 50 a second it takes 13 s to ask all.
    for _ in 0..25 {
        seconds(1.0).await;
        for ((_, directory), known) in all.iter().zip(&known) {
            assert_eq!(ports(directory), *known);
        }
    }
    assert_eq!(wired.opened().len(), 640);
    seconds(6.0).await;
    assert!(all.iter().all(|(_, directory)| directory.snapshot().is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_others_have_is_had_at_once() {
    let wired = Wired::default();
    wired.up(1..=5);
    let (all, channels) = many(&wired, &vec![(1..=5).collect(); 100]).await;
    // One of the services was called.
    for endpoint in all[0].1.snapshot().iter() {
        endpoint.state().channel_or(|| channels.open(endpoint)).unwrap();
    }
    for (registry, _) in &all {
        registry.tell(&[]);
    }
    seconds(0.5).await;
    assert_eq!(wired.opened().len(), 5);
    let alive = |directory: &RegistryDirectory| {
        let set = directory.snapshot();
        set.iter().filter(|one| one.state().channel().is_some()).count()
    };
    assert!(all.iter().all(|(_, directory)| alive(directory) == 5));
}

#[tokio::test(start_paused = true)]
async fn those_who_said_that_they_leave_are_not_held() {
    let bench = Bench::new(1..=4, 1..=4).await;
    // Before the registry, and long enough ago for the connection to be gone.
    bench.wired.down(1, ChannelState::Draining);
    yield_to_tasks().await;
    bench.wired.down(1, ChannelState::Connecting);
    bench.wired.down(2, ChannelState::Draining);
    yield_to_tasks().await;
    bench.tell([]).await;
    assert_eq!(bench.ports(), [3, 4]);
    // After it.
    bench.wired.down(3, ChannelState::Draining);
    settle().await;
    assert_eq!(bench.ports(), [4]);

    // By what it said to the registry.
    let bench = Bench::new(1..=2, 1..=2).await;
    let instance = Instance { host: "h".into(), terminating: true, ..Instance::default() };
    let mut leaving = providers(1..=2);
    leaving[0].instance = Arc::new(instance);
    bench.registry.tell(&leaving);
    settle().await;
    bench.tell([]).await;
    assert_eq!(bench.ports(), [2]);
}

#[tokio::test(start_paused = true)]
async fn others_that_come_meanwhile_are_called_at_once_and_those_that_return_stay() {
    let bench = Bench::new(1..=4, 1..=4).await;
    bench.tell([]).await;
    bench.tell([1, 9]).await;
    assert_eq!(bench.ports(), [1, 9, 2, 3, 4]);
    let weighted = with_params(provider("dubbo", 2), &[("weight", "7")]);
    let told = [provider("dubbo", 1), weighted, provider("dubbo", 9)];
    bench.registry.tell(&told);
    settle().await;
    assert_eq!(bench.ports(), [1, 2, 9, 3, 4]);
    let set = bench.directory.snapshot();
    let weight =
        set.iter().find(|e| e.offer().port == 2).unwrap().param("weight").map(str::to_owned);
    assert_eq!(weight.as_deref(), Some("7"), "as the registry says now");
    seconds(30.0).await;
    assert_eq!(bench.ports(), [1, 2, 9]);
}

#[tokio::test(start_paused = true)]
async fn whom_another_registry_knows_is_not_missing() {
    let registries = [Scripted::default(), Scripted::default()];
    let wired = Wired::default();
    wired.up(1..=4);
    let (directories, channels) = wired_directories(&wired, &[&registries[0], &registries[1]]);
    let directory = directories.directory(&service(), Vec::new());
    settle().await;
    registries[0].tell(&providers(1..=3));
    registries[1].tell(&providers(3..=4));
    settle().await;
    for endpoint in directory.snapshot().iter() {
        endpoint.state().channel_or(|| channels.open(endpoint)).unwrap();
    }
    registries[0].tell(&[]);
    settle().await;
    assert_eq!(ports(&directory), [3, 4, 1, 2]);
    seconds(30.0).await;
    assert_eq!(ports(&directory), [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn of_those_that_left_in_steps_the_ones_that_another_registry_knows_are_not_missing() {
    let registries = [Scripted::default(), Scripted::default()];
    let wired = Wired::default();
    wired.up(1..=10);
    let (directories, channels) = wired_directories(&wired, &[&registries[0], &registries[1]]);
    let directory = directories.directory(&service(), Vec::new());
    settle().await;
    registries[0].tell(&providers(1..=10));
    registries[1].tell(&providers(7..=8));
    settle().await;
    for endpoint in directory.snapshot().iter() {
        endpoint.state().channel_or(|| channels.open(endpoint)).unwrap();
    }
    for left in [6, 4] {
        registries[0].tell(&providers(1..=left));
        seconds(1.0).await;
    }
    assert_eq!(ports(&directory), [1, 2, 3, 4, 7, 8, 5, 6, 9, 10]);
    let opened = wired.opened();
    let asked = |port| opened.iter().filter(|(opened, _)| *opened == port).count();
    assert_eq!([7, 8, 9, 10].map(asked), [1, 1, 2, 2]);
    seconds(30.0).await;
    assert_eq!(ports(&directory), [1, 2, 3, 4, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn those_that_are_replaced_stay_until_another_is_connected() {
    let bench = Bench::new(1..=2, 1..=2).await;
    bench.tell([3, 4]).await;
    assert_eq!(bench.ports(), [3, 4, 1, 2]);
    seconds(3.0).await;
    assert_eq!(bench.ports(), [3, 4, 1, 2]);
    let opened: Vec<_> = bench.wired.opened().iter().map(|(port, _)| *port).collect();
    assert_eq!(opened, [1, 2, 3, 4], "connected before a call needs them");
    bench.wired.up([4]);
    settle().await;
    assert_eq!(bench.ports(), [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn those_that_are_replaced_leave_after_5_s_or_when_they_are_gone_themselves() {
    let bench = Bench::new(1..=3, 1..=3).await;
    bench.wired.down(1, ChannelState::Connecting);
    bench.tell([4, 5, 6]).await;
    assert_eq!(bench.ports(), [4, 5, 6, 2, 3], "one without a connection is no help");
    bench.wired.down(2, ChannelState::Draining);
    settle().await;
    assert_eq!(bench.ports(), [4, 5, 6, 3]);
    seconds(5.0).await;
    assert_eq!(bench.ports(), [4, 5, 6]);
}

#[tokio::test(start_paused = true)]
async fn the_last_that_is_connected_stays_until_another_is() {
    let bench = Bench::new(1..=3, 1..=1).await;
    // Fewer, and none in its place.
    bench.tell([2, 3]).await;
    assert_eq!(bench.ports(), [2, 3, 1]);
    bench.wired.up([2]);
    settle().await;
    assert_eq!(bench.ports(), [2, 3]);
    assert_eq!(bench.wired.opened().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn of_many_new_ones_few_are_connected_before_a_call_needs_them() {
    let bench = Bench::new(1..=40, 1..=40).await;
    bench.wired.up(41..=80);
    let before = bench.wired.opened().len();
    bench.tell(41..=80).await;
    seconds(1.0).await;
    assert_eq!(bench.ports(), (41..=80).collect::<Vec<_>>());
    assert_eq!(bench.wired.opened().len() - before, 8);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_pushes_a_thousand_times_a_second_costs_ten_sets() {
    let bench = Bench::new([1], []).await;
    let (began, number) = (Instant::now(), bench.directory.snapshot().number());
    let changed = bench.directory.changed(number);
    bench.registry.tell(&providers([1, 2]));
    changed.await;
    assert_eq!(began.elapsed(), Duration::ZERO, "the first at once");
    let mut round = 2;
    while began.elapsed() < Duration::from_secs(1) {
        round += 1;
        bench.registry.tell(&providers([1, round]));
        sleep(Duration::from_millis(1)).await;
    }
    let sets = bench.directory.snapshot().number() - number;
    assert!((9..=11).contains(&sets), "{sets}");
    settle().await;
    assert_eq!(bench.ports(), [1, round], "and the last counts");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_directory_that_is_dropped_while_it_holds() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for _ in 0..100 {
        let bench = Bench::new(1..=3, 1..=2).await;
        bench.tell([]).await;
        assert_eq!(bench.ports(), [1, 2, 3]);
        let Bench { registry, wired, directory, channels } = bench;
        drop(directory);
        yield_to_tasks().await;
        assert_eq!((registry.alive(), wired.alive()), (0, 0));
        drop(channels);
    }
    yield_to_tasks().await;
    assert_eq!(alive(), before);
}

#[tokio::test(start_paused = true)]
async fn news_of_a_provider_ends_the_pause_before_the_next_attempt() {
    let with = |change: fn(&mut Instance)| {
        let mut one = provider("dubbo", 2);
        change(Arc::make_mut(&mut one.instance));
        [provider("dubbo", 1), one]
    };
    let restarted = |instance: &mut Instance| instance.started = Some(std::time::UNIX_EPOCH);
    let bench = Bench::new([], []).await;
    bench.registry.tell(&with(|_| {}));
    settle().await;
    for endpoint in bench.directory.snapshot().iter() {
        endpoint.state().channel_or(|| bench.channels.open(endpoint)).unwrap();
    }
    bench.wired.up([1]);
    bench.registry.tell(&with(|_| {}));
    settle().await;
    assert_eq!(bench.wired.reset(), [0; 0], "nothing new");
    bench.registry.tell(&with(restarted));
    settle().await;
    assert_eq!(bench.wired.reset(), [2], "it began anew; the other one is connected");
    bench.registry.tell(&with(|instance| instance.ready = false));
    settle().await;
    bench.registry.tell(&with(|_| {}));
    settle().await;
    assert_eq!(bench.wired.reset(), [2, 2, 2], "it was not ready, and another process again");
    // Held, and listed again.
    bench.registry.tell(&[]);
    settle().await;
    bench.registry.tell(&with(|_| {}));
    settle().await;
    assert_eq!(bench.wired.reset(), [2, 2, 2, 2]);
}
