//! The choice among endpoints, and the endpoints that are passed over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dubhe_cluster::balance::Random;
use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::router::ZoneAffinity;
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::connect::ChannelState;
use dubhe_core::plan::Destination;
use dubhe_core::{CallView, Code, End, Ending, Endpoint, Instance, Metadata, Status};
use dubhe_net::time::{TokioClock, now};

use crate::fakes::{Scripted, directories, provider, service, settle, yield_to_tasks};
use crate::support::{Changing, InTurn, InZone, Without, call, destination, endpoint, on, ports};

#[tokio::test]
async fn who_is_away_is_passed_over_while_others_are_there() {
    let endpoints: Vec<_> = (1..=3).map(|port| endpoint(port, &[])).collect();
    let balance = InTurn::default();
    let prepared = balance.prepared.clone();
    let destination = destination(&Changing::new(endpoints.clone()), Vec::new(), balance);
    let state = |port: usize, state| endpoints[port - 1].state().set_channel_state(state);
    state(2, ChannelState::Connecting);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1, 3]));
    state(1, ChannelState::Draining);
    state(3, ChannelState::Closed);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1, 2, 3]));
    state(2, ChannelState::Ready);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([2]));
    state(1, ChannelState::Idle);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1, 2]));
    // Who comes and goes is no new set.
    assert_eq!(prepared.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn who_is_not_ready_or_terminates_is_passed_over_while_others_are_there() {
    // Of each port: ready, serving, terminating.
    let facts = [
        (1, (true, true, false)),
        (2, (false, true, false)),
        (3, (true, true, true)),
        (4, (false, false, true)),
    ];
    let endpoint = |(port, (ready, serving, terminating)): (u16, (bool, bool, bool))| {
        on(Instance { ready, serving, terminating, ..Instance::default() }, port)
    };
    let endpoints = facts.map(endpoint);
    let directory = Changing::new(endpoints.to_vec());
    let destination = destination(&directory, Vec::new(), InTurn::default());
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1]));
    // Those that still serve are better than one that is away.
    endpoints[0].state().set_channel_state(ChannelState::Connecting);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([2, 3]));
    for endpoint in &endpoints[1..3] {
        endpoint.state().set_channel_state(ChannelState::Closed);
    }
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1, 2, 3, 4]), "better than nobody");
}

#[tokio::test]
async fn a_router_can_prefer_its_zone() {
    let zone = |zone: &'static str, port| {
        on(Instance { zone: Some(zone.into()), ..Instance::default() }, port)
    };
    let nowhere = endpoint(3, &[]);
    let directory = Changing::new(vec![zone("a", 1), zone("b", 2), nowhere, zone("a", 4)]);
    let router = Arc::new(InZone("a"));
    let destination = destination(&directory, vec![router], InTurn::default());
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1, 4]));
}

#[tokio::test]
async fn a_zone_is_left_for_what_other_routers_leave_elsewhere() {
    let zone = |zone: &'static str, port| {
        on(Instance { zone: Some(zone.into()), ..Instance::default() }, port)
    };
    let endpoints = vec![zone("hz", 1), zone("hz", 2), zone("sh", 3)];
    let directory = Changing::new(endpoints.clone());
    // As a tag or a canary does, for the calls of some methods.
    let one = Without::new(&[1]).for_method("one");
    let both = Without::new(&[1, 2]).for_method("both");
    let zone = ZoneAffinity::new("hz");
    let destination = destination(
        &directory,
        vec![Arc::new(one), Arc::new(both), Arc::new(zone)],
        InTurn::default(),
    );
    assert_eq!(ports(&destination, "neither"), BTreeSet::from([1, 2]));
    assert_eq!(ports(&destination, "one"), BTreeSet::from([2]));
    assert_eq!(ports(&destination, "both"), BTreeSet::from([3]));
    // The one in the zone that can be asked is not left.
    endpoints[1].state().set_channel_state(ChannelState::Connecting);
    assert_eq!(ports(&destination, "one"), BTreeSet::from([3]));
}

#[tokio::test]
async fn routers_go_by_the_time_of_the_pick() {
    let zone = |zone: &'static str, port| {
        on(Instance { zone: Some(zone.into()), ..Instance::default() }, port)
    };
    let here = zone("hz", 1);
    let directory = Changing::new(vec![here.clone(), zone("sh", 2)]);
    let router = Arc::new(ZoneAffinity::new("hz"));
    let destination = destination(&directory, vec![router], InTurn::default());
    let arrived = now();
    let mut call = call("m");
    call.head.arrived = Some(arrived);
    here.state().eject(arrived + Duration::from_secs(1));
    let ports = |now| {
        let pick = |_| destination.pick(&CallView::new(&call, None), &[], now).unwrap();
        (0..9).map(|n| pick(n).endpoint().offer().port).collect::<BTreeSet<_>>()
    };
    assert_eq!(ports(arrived), BTreeSet::from([2]));
    // A retry of the call after the ejection.
    assert_eq!(ports(arrived + Duration::from_secs(2)), BTreeSet::from([1]));
}

#[tokio::test]
async fn an_attempt_goes_to_another_endpoint_where_there_is_one() {
    let endpoints: Vec<_> = (1..=3).map(|port| endpoint(port, &[])).collect();
    let providers: Vec<_> = endpoints.iter().map(|endpoint| endpoint.provider().clone()).collect();
    let destination = destination(&Changing::new(endpoints.clone()), Vec::new(), InTurn::default());
    let call = call("m");
    let pick = |tried: &[_]| {
        let picked = destination.pick(&CallView::new(&call, None), tried, now()).unwrap();
        picked.endpoint().offer().port
    };
    for _ in 0..10 {
        assert_eq!(pick(&providers[..2]), 3);
        assert!((1..=3).contains(&pick(&providers)));
    }
    // One that is away and was not tried is better than one that failed.
    endpoints[2].state().set_channel_state(ChannelState::Connecting);
    assert_eq!(pick(&providers[..2]), 3);
}

/// Picks the first that can be asked. Another call comes at the same moment and goes there before.
struct Together;

impl Balance for Together {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(Self)
    }
}

impl Pick for Together {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, at: Instant) -> Option<&'a Endpoint> {
        let first = from.get(0)?;
        first.state().sent(at);
        Some(first)
    }
}

#[tokio::test]
async fn of_calls_that_come_when_a_probe_is_due_one_is_it_and_the_others_go_elsewhere() {
    let endpoints: Vec<_> = (1..=2).map(|port| endpoint(port, &[])).collect();
    let destination = destination(&Changing::new(endpoints.clone()), Vec::new(), Together);
    let call = call("m");
    let pick = |at: Instant| {
        let picked = destination.pick(&CallView::new(&call, None), &[], at).unwrap();
        picked.endpoint().offer().port
    };
    let began = now();
    assert_eq!(pick(began), 1);
    while endpoints[0].state().timed_out(began).is_none() {}
    assert_eq!(pick(began), 2);
    let due = endpoints[0].state().ejected(began).unwrap();
    assert_eq!(pick(due), 2, "the other call is the probe");
}

#[tokio::test]
async fn a_pick_that_is_given_up_is_no_probe() {
    let endpoints: Vec<_> = (1..=2).map(|port| endpoint(port, &[])).collect();
    let destination = destination(&Changing::new(endpoints.clone()), Vec::new(), InTurn::default());
    let call = call("m");
    let picks = |at: Instant| -> BTreeSet<u16> {
        let pick = |_| destination.pick(&CallView::new(&call, None), &[], at).unwrap();
        (0..4).map(pick).map(|picked| picked.endpoint().offer().port).collect()
    };
    let began = now();
    while endpoints[0].state().timed_out(began).is_none() {}
    let due = endpoints[0].state().ejected(began).unwrap();
    assert_eq!(picks(began), BTreeSet::from([2]));
    assert_eq!(picks(due), BTreeSet::from([1, 2]));
    endpoints[0].state().sent(due);
    assert_eq!(picks(due), BTreeSet::from([2]));
}

#[tokio::test(start_paused = true)]
async fn an_ejection_ends_by_itself() {
    let endpoints: Vec<_> = (1..=2).map(|port| endpoint(port, &[])).collect();
    let balance = InTurn::default();
    let learnt = balance.learnt.clone();
    let destination = destination(&Changing::new(endpoints.clone()), Vec::new(), balance);
    let call = call("m");
    let mut picked = destination.pick(&CallView::new(&call, None), &[], now()).unwrap();
    let (failed, state) = (picked.endpoint().offer().port, picked.endpoint().state().clone());
    assert_eq!(state.in_flight(), 1);
    let (status, none) = (Status::new(Code::Unavailable, ""), Metadata::new());
    picked.finish(&End::new(Ending::Failed(&status), Duration::ZERO, &none, &none));
    drop(picked);
    assert_eq!(state.in_flight(), 0);
    assert_eq!(*learnt.lock().unwrap(), [(failed, "UNAVAILABLE")]);

    let other = 3 - failed;
    assert_eq!(ports(&destination, "m"), BTreeSet::from([other]));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1, 2]));
}

#[tokio::test(start_paused = true)]
async fn weights_follow_the_time() {
    let endpoints = vec![endpoint(1, &[]), endpoint(2, &[("warmup", "10000")])];
    endpoints[1].state().set_started(now());
    let destination = destination(&Changing::new(endpoints), Vec::new(), Random::from_os());
    let call = call("m");
    let share = || {
        let pick = |_| destination.pick(&CallView::new(&call, None), &[], now()).unwrap();
        (0..4000).filter(|n| pick(*n).endpoint().offer().port == 2).count()
    };
    assert!(share() < 120, "it weighs 1 beside 100");
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!((1100..1570).contains(&share()), "it weighs 50 beside 100");
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!((1800..2200).contains(&share()), "it is warm");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_begins_to_terminate_in_its_registry_is_left_while_others_serve() {
    let registry = Scripted::default();
    let directories = directories(&[&registry]);
    let directory = directories.directory(&service(), Vec::new());
    yield_to_tasks().await;
    // Of each port: whether it is ready, and whether it serves.
    let tell = async |facts: [(bool, bool); 2]| {
        let of = |(ready, serving): (bool, bool), port| {
            let mut provider = provider("dubbo", port);
            let own = (*provider.instance).clone();
            let terminating = !ready;
            provider.instance = Arc::new(Instance { ready, serving, terminating, ..own });
            provider
        };
        registry.tell(&[of(facts[0], 1), of(facts[1], 2)]);
        settle().await;
        let balance = Arc::new(InTurn::default());
        BalancedDestination::new(directory.clone(), Vec::new(), balance, Arc::new(TokioClock))
    };
    let (up, drains, stops) = ((true, true), (false, true), (false, false));
    for (facts, expected) in [
        ([up, up], &[1, 2][..]),
        ([stops, up], &[2]),
        // Nobody is ready: those that still serve, and not the one that has stopped.
        ([stops, drains], &[2]),
        ([drains, stops], &[1]),
        ([drains, drains], &[1, 2]),
        ([stops, stops], &[1, 2]),
        ([up, stops], &[1]),
    ] {
        let destination = tell(facts).await;
        let found = ports(&destination, "m");
        assert_eq!(found, expected.iter().copied().collect(), "{facts:?}");
    }
}
