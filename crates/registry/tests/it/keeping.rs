//! Keeping in a registry, over a registry of texts at addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use dubhe_core::backoff::FullJitter;
use dubhe_core::random::SplitMix;
use dubhe_core::time::{Duration, SharedClock};
use dubhe_core::{Code, Status};
use dubhe_net::time::TokioClock;
use dubhe_registry::keeping::{
    Announcement, Announcements, Connection, ConnectionState, Keeper, Lost, Placing, Unplaced,
    Waiting,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// The state of the test's registry.
#[derive(Clone, Default)]
struct State {
    texts: BTreeMap<String, &'static str>,
    /// The texts that are refused.
    refused: BTreeSet<&'static str>,
    offline: bool,
    /// The number of times that a text was put.
    puts: usize,
}

impl Connection for State {
    fn connection(&self) -> ConnectionState {
        if self.offline {
            ConnectionState::Connecting(Some("cut off".to_owned()))
        } else {
            ConnectionState::Connected
        }
    }
}

struct Text {
    registry: watch::Sender<State>,
    address: String,
    placed: &'static str,
}

impl Placing<&'static str> for Text {
    fn name(&self) -> impl fmt::Display {
        &self.address
    }

    fn backoff(&self) -> FullJitter {
        FullJitter::default()
    }

    async fn place(&mut self, text: &&'static str) -> Result<(), Unplaced> {
        let _ = self.registry.subscribe().wait_for(|state| !state.offline).await;
        if self.registry.borrow().refused.contains(text) {
            return Err(Unplaced::Refused(Status::new(Code::PermissionDenied, "not that")));
        }
        self.placed = text;
        self.registry.send_if_modified(|state| {
            let other = state.texts.insert(self.address.clone(), text) != Some(*text);
            state.puts += usize::from(other);
            other
        });
        Ok(())
    }

    async fn lost(&mut self) -> Lost {
        let other = |state: &State| state.texts.get(&self.address) != Some(&self.placed);
        let _ = self.registry.subscribe().wait_for(other).await;
        Lost::Taken
    }

    async fn remove(&mut self) -> Result<(), Status> {
        self.registry.send_modify(|state| {
            state.texts.remove(&self.address);
        });
        Ok(())
    }
}

/// A registry, and what this process announced there.
struct Process {
    registry: watch::Sender<State>,
    announced: Announcements<&'static str, u32, &'static str>,
    clock: SharedClock,
    check: bool,
}

impl Process {
    fn new(check: bool) -> Self {
        let (registry, announced) = (watch::Sender::default(), Announcements::default());
        Self { registry, announced, clock: Arc::new(TokioClock), check }
    }

    fn waiting(&self) -> Waiting<'_, State> {
        Waiting {
            name: "texts://",
            clock: &self.clock,
            timeout: Duration::from_secs(3),
            check: self.check,
            states: self.registry.subscribe(),
            left_behind: Some("it goes later"),
        }
    }

    /// Announces texts at addresses, all as this version.
    async fn announce_all(
        &self,
        version: u32,
        all: &[(&'static str, &str, &'static str)],
    ) -> Result<(), Status> {
        let all = all.iter().map(|(key, address, value)| {
            let address = (*address).to_owned();
            Announcement { key: *key, what: version, address, value: *value }
        });
        let start = |_: &&str, address, keeper: Keeper<_>| {
            let text = Text { registry: self.registry.clone(), address, placed: "" };
            tokio::spawn(keeper.run(text, self.clock.clone(), Arc::new(SplitMix::new(1))));
        };
        self.announced.announce(all, &mut self.waiting(), start).await
    }

    async fn announce(
        &self,
        version: u32,
        address: &str,
        text: &'static str,
    ) -> Result<(), Status> {
        self.announce_all(version, &[("me", address, text)]).await
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.registry.send_modify(change);
    }

    /// Waits until these texts are there, and these alone.
    async fn until(&self, texts: &[(&str, &str)]) {
        let same = |state: &State| {
            let there = state.texts.iter().map(|(address, text)| (address.as_str(), *text));
            there.eq(texts.iter().copied())
        };
        let mut states = self.registry.subscribe();
        let patience = Duration::from_mins(2);
        let came = tokio::time::timeout(patience, states.wait_for(same)).await.is_ok();
        assert!(came, "{texts:?} are not there, but {:?}", self.registry.borrow().texts);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_update_leaves_what_was_accepted() {
    let ours = Process::new(true);
    ours.change(|state| state.refused.extend(["bad"]));
    ours.announce(1, "/a", "one").await.unwrap();
    // In its place, and elsewhere.
    for address in ["/a", "/b"] {
        let error = ours.announce(2, address, "bad").await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::PermissionDenied, "texts://: not that"));
        sleep(Duration::from_mins(5)).await;
        ours.until(&[("/a", "one")]).await;
    }
    // It is what is kept from now on, not what was refused.
    ours.change(|state| {
        state.refused.clear();
        state.texts.clear();
    });
    ours.until(&[("/a", "one")]).await;
    sleep(Duration::from_mins(5)).await;
    ours.until(&[("/a", "one")]).await;
    ours.announce(2, "/b", "two").await.unwrap();
    ours.until(&[("/b", "two")]).await;
    ours.announced.withdraw(&"me", &mut ours.waiting()).await.unwrap();
    ours.until(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_first_is_not_registered_later() {
    let ours = Process::new(true);
    ours.change(|state| state.offline = true);
    let error = ours.announce(1, "/a", "one").await.unwrap_err();
    for part in ["texts://: not done within 3s", "cut off", "check=false"] {
        assert!(error.message().contains(part), "{error}");
    }
    ours.change(|state| state.offline = false);
    sleep(Duration::from_mins(5)).await;
    ours.until(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn things_that_are_announced_together_fail_together() {
    let ours = Process::new(true);
    ours.announce_all(1, &[("x", "/x", "one")]).await.unwrap();
    ours.change(|state| state.refused.extend(["bad"]));
    let both = [("x", "/x", "two"), ("y", "/y", "bad")];
    ours.announce_all(2, &both).await.unwrap_err();
    sleep(Duration::from_mins(5)).await;
    ours.until(&[("/x", "one")]).await;
}

#[tokio::test(start_paused = true)]
async fn without_check_trying_goes_on_and_the_old_stays_until_then() {
    let ours = Process::new(false);
    ours.announce(1, "/a", "one").await.unwrap();
    ours.until(&[("/a", "one")]).await;
    ours.change(|state| state.refused.extend(["bad"]));
    ours.announce(2, "/b", "bad").await.unwrap();
    sleep(Duration::from_mins(5)).await;
    ours.until(&[("/a", "one")]).await;
    ours.change(|state| state.refused.clear());
    ours.until(&[("/b", "bad")]).await;
    ours.change(|state| state.offline = true);
    let error = ours.announced.withdraw(&"me", &mut ours.waiting()).await.unwrap_err();
    assert_eq!(error.message(), "texts://: not connected; it goes later");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_takes_away_is_put_back_at_once_and_then_after_pauses() {
    let ours = Process::new(true);
    ours.announce(1, "/a", "one").await.unwrap();
    let begun = Instant::now();
    ours.change(|state| state.texts.clear());
    ours.until(&[("/a", "one")]).await;
    assert!(begun.elapsed() < Duration::from_millis(50));
    // Somebody who does so all the time does not drive us.
    let theirs = tokio::spawn({
        let registry = ours.registry.clone();
        async move {
            loop {
                registry.send_modify(|state| state.texts.clear());
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let puts = ours.registry.borrow().puts;
    sleep(Duration::from_secs(20)).await;
    assert!(ours.registry.borrow().puts - puts < 50, "{}", ours.registry.borrow().puts);
    theirs.abort();
    ours.until(&[("/a", "one")]).await;
}
