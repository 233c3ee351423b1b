//! The choice among endpoints, and the endpoints that are passed over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dubhe_cluster::balance::Random;
use dubhe_core::connect::ChannelState;
use dubhe_core::plan::Destination;
use dubhe_core::{CallView, Code, End, Ending, Instance, Metadata, Status};
use dubhe_net::time::now;

use crate::support::{Changing, InTurn, InZone, call, destination, endpoint, on, ports};

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
