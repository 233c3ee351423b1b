//! Watches on which nothing comes any more, though the server answers.

use std::sync::Arc;

use dubhe_core::registry::Health;
use dubhe_core::time::{Clock, Duration, Instant, Sleep, SystemTime};
use dubhe_kubernetes::Kubernetes;
use dubhe_net::time::TokioClock;
use dubhe_registry::application::ServiceDiscovery as _;
use dubhe_testkit::wait_until;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;

use crate::following::{LISTED, SLICES, pages};
use crate::replay::{Answer, End, Replay};
use crate::support::{clock, until_fresh};

/// A clock that stands until the test moves it.
struct Manual(watch::Sender<Instant>);

impl Clock for Manual {
    fn now(&self) -> Instant {
        *self.0.borrow()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            let _ = now.wait_for(|now| *now >= when).await;
        })
    }

    fn wall(&self) -> SystemTime {
        TokioClock.wall()
    }
}

/// Lets all that is under way here come to its end before time goes on.
async fn settle() {
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_watch_that_alone_is_dead_begins_where_it_was_after_75_s() {
    let mut answers = pages();
    answers.push(Answer::bytes(SLICES, Vec::new()).end(End::Never));
    let replay = Replay::start(answers).await;
    let manual = Arc::new(Manual(watch::Sender::new(TokioClock.now())));
    let builder = Kubernetes::builder(&replay.url(""), manual.clone()).unwrap();
    let registry = builder.build().unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    until_fresh(&mut snapshots, &LISTED).await;
    let watches = |of: &Replay| {
        let all = of.requests(SLICES);
        all.into_iter().filter(|target| target.contains("watch=true")).collect::<Vec<_>>()
    };
    wait_until("the watch runs", || watches(&replay).len() == 1).await;
    for probes in 1..=7 {
        manual.0.send_modify(|now| *now += Duration::from_secs(10));
        wait_until("the server is asked", || replay.requests("/version").len() == probes).await;
        settle().await;
    }
    assert_eq!(watches(&replay).len(), 1, "70 s are no reason");
    // The rest of the silence, and the pause after it.
    for _ in 0..6 {
        manual.0.send_modify(|now| *now += Duration::from_secs(1));
        settle().await;
    }
    wait_until("the watch begins anew", || watches(&replay).len() == 2).await;
    let [before, after] = &watches(&replay)[..] else { panic!("two watches") };
    let version = |target: &str| {
        target.split('&').find(|p| p.contains("resourceVersion")).map(ToOwned::to_owned)
    };
    assert_eq!(version(before), version(after));
    assert_eq!(replay.requests(SLICES).len(), 5, "no new list");
    // Nobody was told of it.
    let told = snapshots.next().now_or_never().flatten();
    assert!(told.is_none_or(|now| now.health == Health::Fresh));
    assert!(registry.failure("shop").is_none());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_kernel_asks_idle_connections_for_a_sign_of_life() {
    let mut answers = pages();
    answers.push(Answer::bytes(SLICES, Vec::new()).end(End::Never));
    let replay = Replay::start(answers).await;
    let registry = Kubernetes::builder(&replay.url(""), clock()).unwrap().build().unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    until_fresh(&mut snapshots, &LISTED).await;
    // Three kinds are watched, each over a connection of its own.
    wait_until("all watches have a timer of keepalive", || {
        let timers = timers(replay.address().port());
        timers.len() >= 3 && timers.iter().all(|timer| *timer == "02")
    })
    .await;
}

/// The timers of the connections to a local port that stand, as `/proc/net/tcp` has them: `02` for one of
/// keepalive.
#[cfg(target_os = "linux")]
fn timers(port: u16) -> Vec<String> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let to = format!(":{port:04X}");
    let timer = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, remote, state, _, timer, ..] = words[..] else { return None };
        (remote.ends_with(&to) && state == "01").then(|| timer[..2].to_owned())
    };
    table.lines().filter_map(timer).collect()
}
