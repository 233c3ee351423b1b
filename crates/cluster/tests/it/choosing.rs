//! Calls that go to one of several registries.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::router::RegistryChoice;
use dubhe_cluster::{Channels, RegistryDirectory};
use dubhe_core::connect::ChannelState;
use dubhe_core::directory::Directory;
use dubhe_core::plan::Destination;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::RegistryTraits;
use dubhe_core::{Call, CallView};
use dubhe_net::time::{TokioClock, now};

use crate::fakes::{Scripted, Wired, provider, service, settle, wired_directories, yield_to_tasks};
use crate::support::{InTurn, call};

fn registry(name: &'static str, traits: impl FnOnce(&mut RegistryTraits)) -> Scripted {
    let mut registry = Scripted::named(name);
    traits(&mut registry.traits);
    registry
}

/// Two registries, of which the first knows the ports 1 and 2, the second 2 and 3.
struct Two {
    registries: [Scripted; 2],
    wired: Wired,
    directory: Arc<RegistryDirectory>,
    channels: Arc<Channels>,
    choice: RegistryChoice,
    has_choice: bool,
}

impl Two {
    async fn new(registries: [Scripted; 2]) -> Self {
        let wired = Wired::default();
        wired.up(1..=3);
        let (directories, channels) = wired_directories(&wired, &[&registries[0], &registries[1]]);
        let directory = directories.directory(&service(), Vec::new());
        yield_to_tasks().await;
        registries[0].tell(&[1, 2].map(|port| provider("dubbo", port)));
        registries[1].tell(&[2, 3].map(|port| provider("dubbo", port)));
        settle().await;
        let choice = RegistryChoice::new(Arc::new(SplitMix::new(7)));
        let has_choice = directories.has_choice();
        Self { registries, wired, directory, channels, choice, has_choice }
    }

    /// Counts, of 600 calls with these attachments, those that go to each port.
    fn ports(&self, attachments: &[(&'static str, &'static str)]) -> BTreeMap<u16, usize> {
        for endpoint in self.directory.snapshot().iter() {
            endpoint.state().channel_or(|| self.channels.open(endpoint)).unwrap();
        }
        let destination = BalancedDestination::new(
            self.directory.clone(),
            vec![Arc::new(self.choice.clone())],
            Arc::new(InTurn::default()),
            Arc::new(TokioClock),
        );
        let call = with(attachments);
        let view = CallView::new(&call, None);
        let mut ports = BTreeMap::new();
        for _ in 0..600 {
            if let Some(picked) = destination.pick(&view, &[], now()) {
                *ports.entry(picked.endpoint().offer().port).or_default() += 1;
            }
        }
        ports
    }
}

fn with(attachments: &[(&'static str, &'static str)]) -> Call {
    let mut call = call("m");
    for (name, value) in attachments {
        call.head.metadata.insert(*name, *value);
    }
    call
}

fn all_of(ports: &BTreeMap<u16, usize>) -> Vec<u16> {
    ports.keys().copied().collect()
}

#[tokio::test(start_paused = true)]
async fn registries_without_traits_are_one_list() {
    let two = Two::new([registry("a", |_| {}), registry("b", |_| {})]).await;
    assert!(!two.has_choice);
    let set = two.directory.snapshot();
    assert!(set.iter().all(|endpoint| endpoint.origins().is_empty()));
    assert_eq!(all_of(&two.ports(&[])), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_preferred_registry_is_asked_while_it_has_a_provider_that_can_be_asked() {
    let two = Two::new([registry("a", |_| {}), registry("b", |t| t.preferred = true)]).await;
    assert!(two.has_choice);
    let set = two.directory.snapshot();
    let names = |port| {
        let endpoint = set.iter().find(|e| e.offer().port == port).unwrap();
        endpoint.origins().iter().map(|origin| origin.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!([1, 2, 3].map(names), [vec!["a"], vec!["a", "b"], vec!["b"]]);
    assert_eq!(all_of(&two.ports(&[])), [2, 3]);
    two.wired.down(3, ChannelState::Connecting);
    yield_to_tasks().await;
    assert_eq!(all_of(&two.ports(&[])), [2]);
    two.wired.down(2, ChannelState::Connecting);
    yield_to_tasks().await;
    assert_eq!(all_of(&two.ports(&[])), [1], "then the other one");
    two.wired.down(1, ChannelState::Connecting);
    yield_to_tasks().await;
    assert_eq!(all_of(&two.ports(&[])), [1, 2, 3], "nobody can be asked: any");
    // The preferred one forgets all that it had.
    two.wired.up(1..=3);
    two.registries[1].tell(&[]);
    settle().await;
    assert_eq!(all_of(&two.ports(&[])), [3], "held for it");
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    assert_eq!(all_of(&two.ports(&[])), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_to_the_registry_of_its_zone_and_insists_on_it_if_it_says_so() {
    let zone = |zone: &'static str| move |t: &mut RegistryTraits| t.zone = Some(zone.into());
    let mut two = Two::new([registry("a", zone("hz")), registry("b", zone("sh"))]).await;
    for (attachments, expected) in [
        (&[("registry_zone", "hz")][..], &[1, 2][..]),
        (&[("registry_zone", "sh")], &[2, 3]),
        (&[("registry_zone", "bj")], &[1, 2, 3]),
        (&[], &[1, 2, 3]),
        (&[("registry_zone", "sh"), ("registry_zone_force", "TRUE")], &[2, 3]),
        (&[("registry_zone", "bj"), ("registry_zone_force", "true")], &[]),
        (&[("registry_zone", "bj"), ("registry_zone_force", "false")], &[1, 2, 3]),
        (&[("registry_zone_force", "true")], &[1, 2, 3]),
    ] {
        assert_eq!(all_of(&two.ports(attachments)), expected, "{attachments:?}");
    }
    // The zone of the caller counts for calls that name none.
    two.choice = two.choice.clone().zone("hz");
    assert_eq!(all_of(&two.ports(&[])), [1, 2]);
    assert_eq!(all_of(&two.ports(&[("registry_zone", "sh")])), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_zone_are_shared_by_the_weights_of_the_registries() {
    let weight = |weight| move |t: &mut RegistryTraits| t.weight = weight;
    let two = Two::new([registry("a", weight(300)), registry("b", |_| {})]).await;
    let ports = two.ports(&[]);
    let (of_a, of_b) = (ports[&1], ports[&3]);
    assert!((2..=4).contains(&(of_a / of_b)), "{ports:?}");
    let two = Two::new([registry("a", weight(0)), registry("b", |_| {})]).await;
    assert_eq!(all_of(&two.ports(&[])), [2, 3]);
    let two = Two::new([registry("a", weight(0)), registry("b", weight(0))]).await;
    assert_eq!(all_of(&two.ports(&[])), [1, 2], "the first");
}

#[tokio::test(start_paused = true)]
async fn a_registry_to_which_nobody_subscribes_is_not_followed() {
    let registries = [registry("old", |_| {}), registry("new", |t| t.subscribe = false)];
    let two = Two::new(registries).await;
    assert_eq!((two.registries[0].asked(), two.registries[1].asked()), (1, 0));
    assert_eq!(all_of(&two.ports(&[])), [1, 2]);
    assert!(!two.has_choice);
}
