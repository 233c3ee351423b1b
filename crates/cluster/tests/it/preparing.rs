//! The work of preparing: its occasions and its count.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use dubhe_core::CallView;
use dubhe_core::plan::Destination;

use crate::support::{Changing, InTurn, Without, call, destination, endpoint, ports};

async fn yield_to_tasks() {
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_new_set_or_rule_is_prepared_once_and_by_no_caller() {
    let all = |ports: [u16; 3]| ports.map(|port| endpoint(port, &[])).to_vec();
    let directory = Changing::new(all([1, 2, 3]));
    let (router, balance) = (Without::new(&[3]), InTurn::default());
    let (routed, prepared) = (router.prepared.clone(), balance.prepared.clone());
    let destination = destination(&directory, vec![Arc::new(router.clone())], balance);
    let follow = tokio::spawn(destination.follow());
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1, 2]));
    // All of the set, and the one subset that calls have.
    assert_eq!((routed.load(Ordering::Relaxed), prepared.load(Ordering::Relaxed)), (1, 2));

    directory.replace(all([3, 4, 5]));
    yield_to_tasks().await;
    assert_eq!(routed.load(Ordering::Relaxed), 2, "no call has come yet");
    assert_eq!(ports(&destination, "m"), BTreeSet::from([4, 5]));

    router.replace(&[4, 5]);
    yield_to_tasks().await;
    assert_eq!(ports(&destination, "m"), BTreeSet::from([3]));
    assert_eq!((routed.load(Ordering::Relaxed), prepared.load(Ordering::Relaxed)), (3, 6));

    drop(destination);
    follow.await.unwrap();
}

#[tokio::test]
async fn each_subset_is_prepared_once() {
    let directory = Changing::new((1..=4).map(|port| endpoint(port, &[])).collect());
    let one = Without::new(&[1, 2]).for_method("one");
    let other = Without::new(&[3]).for_method("other");
    let balance = InTurn::default();
    let prepared = balance.prepared.clone();
    let destination = destination(&directory, vec![Arc::new(one), Arc::new(other)], balance);
    for _ in 0..3 {
        assert_eq!(ports(&destination, "one"), BTreeSet::from([3, 4]));
        assert_eq!(ports(&destination, "other"), BTreeSet::from([1, 2, 4]));
        assert_eq!(ports(&destination, "neither"), BTreeSet::from([1, 2, 3, 4]));
    }
    assert_eq!(prepared.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_trace_tells_what_each_router_left() {
    let directory = Changing::new((1..=4).map(|port| endpoint(port, &[])).collect());
    let routers = [Without::new(&[1]), Without::new(&[1, 2])];
    let routers = routers.map(|router| Arc::new(router) as _).to_vec();
    let destination = destination(&directory, routers, InTurn::default());
    let call = call("m");
    let trace = destination.trace(&CallView::new(&call, None));
    let left: Vec<_> = trace.steps().iter().map(|step| (&*step.router, step.left)).collect();
    assert_eq!(left, [("without", 3), ("without", 2)]);
    let candidates = destination.candidates(&CallView::new(&call, None));
    assert_eq!(candidates.iter().map(|e| e.offer().port).collect::<Vec<_>>(), [3, 4]);
}

#[tokio::test]
async fn rules_that_leave_nobody_leave_nobody() {
    let directory = Changing::new(vec![endpoint(1, &[])]);
    let router = Arc::new(Without::new(&[1]));
    let destination = destination(&directory, vec![router], InTurn::default());
    assert_eq!(ports(&destination, "m"), BTreeSet::new());
}
