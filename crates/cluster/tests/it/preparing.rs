//! The work of preparing: its occasions and its count.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::plan::Destination;
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::time::{Duration, Instant};
use dubhe_core::{CallView, Endpoint};
use dubhe_net::time::now;

use crate::support::{Changing, InTurn, Panicking, Without, call, destination, endpoint, ports};

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
    let trace = destination.trace(&CallView::new(&call, None), now());
    let left: Vec<_> =
        trace.steps().iter().map(|step| (&*step.router, step.left.count())).collect();
    assert_eq!(left, [("without", 3), ("without", 2)]);
    let candidates = destination.candidates(&CallView::new(&call, None), now());
    assert_eq!(candidates.iter().map(|e| e.offer().port).collect::<Vec<_>>(), [3, 4]);
}

#[tokio::test]
async fn rules_that_leave_nobody_leave_nobody() {
    let directory = Changing::new(vec![endpoint(1, &[])]);
    let router = Arc::new(Without::new(&[1]));
    let destination = destination(&directory, vec![router], InTurn::default());
    assert_eq!(ports(&destination, "m"), BTreeSet::new());
}

#[tokio::test(start_paused = true)]
async fn a_part_that_panics_is_asked_again_and_what_was_prepared_stays() {
    let the_router = "the router it::support::Panicking panicked: a rule that cannot be read";
    let the_balancer = "the balancer it::support::Panicking panicked: a rule that cannot be read";
    // Without news of changes, all parts are still asked from time to time.
    let unasked = "the directory or a router, asked for its changes, panicked: a rule";
    for (method, meanwhile, failure) in [
        ("prepare", 1, the_router),
        ("generation", 1, the_router),
        ("balance", 1, the_balancer),
        ("changed", 2, unasked),
        ("poll", 2, unasked),
    ] {
        let directory = Changing::new(vec![endpoint(1, &[])]);
        let part = Panicking::default();
        let destination = destination(&directory, vec![Arc::new(part.clone())], part.clone());
        let follow = tokio::spawn(destination.follow());
        yield_to_tasks().await;
        part.within(method);
        directory.replace(vec![endpoint(2, &[])]);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(ports(&destination, "m"), BTreeSet::from([meanwhile]), "{method}");
        let told = destination.failure().unwrap();
        assert!(told.starts_with(failure), "{method}: {told}");

        part.within("");
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(destination.failure(), None, "{method}");
        assert_eq!(ports(&destination, "m"), BTreeSet::from([2]), "{method}");
        directory.replace(vec![endpoint(3, &[])]);
        yield_to_tasks().await;
        assert_eq!(ports(&destination, "m"), BTreeSet::from([3]), "{method}");
        drop(destination);
        follow.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_change_is_prepared_at_once_after_a_panic() {
    let directory = Changing::new(vec![endpoint(1, &[])]);
    let part = Panicking::default();
    let destination = destination(&directory, vec![Arc::new(part.clone())], part.clone());
    tokio::spawn(destination.follow());
    let began = tokio::time::Instant::now();
    for method in ["prepare", "balance"] {
        part.within(method);
        directory.replace(vec![endpoint(2, &[])]);
        yield_to_tasks().await;
        assert_eq!(ports(&destination, "m"), BTreeSet::from([1]), "{method}");
        part.within("");
        directory.replace(vec![endpoint(1, &[])]);
        yield_to_tasks().await;
        assert_eq!((ports(&destination, "m"), destination.failure()), ([1].into(), None));
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// Leaves the endpoints whose places are bits of the method's name, a number.
struct ByBits;

impl Router for ByBits {
    fn prepare(&self, _: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        Box::new(Self)
    }
}

impl PreparedRouter for ByBits {
    fn narrow(&self, call: &CallView<'_>, left: &mut Bitmap, _: Instant, _: Option<&mut Trace>) {
        let bits: u32 = call.head().method.name.parse().unwrap();
        (0..32).filter(|place| bits & 1 << place == 0).for_each(|place| left.remove(place));
    }
}

#[tokio::test]
async fn more_subsets_than_are_kept_are_not_all_prepared_again() {
    let directory = Changing::new((1..=10).map(|port| endpoint(port, &[])).collect());
    let balance = InTurn::default();
    let prepared = balance.prepared.clone();
    let destination = destination(&directory, vec![Arc::new(ByBits)], balance);
    for _ in 0..10 {
        for bits in 1..=300 {
            let call = call(&bits.to_string());
            assert!(destination.pick(&CallView::new(&call, None), &[], now()).is_some());
        }
    }
    // The whole set, 300 of the first round, and one each for those that had to go: of 300, 256 are
    // kept, so at least 44 in each of the 9 other rounds.
    let prepared = prepared.load(Ordering::Relaxed);
    assert!((301 + 9 * 44..1500).contains(&prepared), "{prepared} of 3,000 picks");
}

/// A router that tells its generation and never of a change.
struct Unannounced(Without);

impl Router for Unannounced {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        self.0.prepare(set)
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }
}

#[tokio::test]
async fn rules_that_tell_no_change_are_prepared_after_the_next_pick() {
    let directory = Changing::new(vec![endpoint(1, &[]), endpoint(2, &[])]);
    let rule = Without::new(&[1]);
    let prepared = rule.prepared.clone();
    let router = Arc::new(Unannounced(rule.clone()));
    let destination = destination(&directory, vec![router], InTurn::default());
    let follow = tokio::spawn(destination.follow());
    assert_eq!(ports(&destination, "m"), BTreeSet::from([2]));
    rule.replace(&[2]);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([2]));
    yield_to_tasks().await;
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1]));
    yield_to_tasks().await;
    assert_eq!(prepared.load(Ordering::Relaxed), 2, "once for each generation");
    drop(destination);
    follow.await.unwrap();
}

/// A router that tells of a change whenever it is asked.
struct Restless(Without, Arc<AtomicUsize>);

impl Router for Restless {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        self.0.prepare(set)
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn changed(&self, _: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_that_tells_of_no_change_is_asked_with_pauses_and_prepared_once() {
    let directory = Changing::new(vec![endpoint(1, &[]), endpoint(2, &[])]);
    let (rule, asked) = (Without::new(&[1]), Arc::new(AtomicUsize::new(0)));
    let prepared = rule.prepared.clone();
    let router = Arc::new(Restless(rule.clone(), asked.clone()));
    let destination = destination(&directory, vec![router], InTurn::default());
    let follow = tokio::spawn(destination.follow());
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(prepared.load(Ordering::Relaxed), 1);
    // Once a second, and a few times before.
    let asked = asked.load(Ordering::Relaxed);
    assert!((60..80).contains(&asked), "{asked}");

    // Meanwhile another part is heard at once.
    directory.replace(vec![endpoint(1, &[]), endpoint(3, &[])]);
    yield_to_tasks().await;
    assert_eq!(prepared.load(Ordering::Relaxed), 2);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([3]));

    // Its own change is, too, since the pauses have ended with that of the other; at the latest a
    // second later.
    tokio::time::sleep(Duration::from_mins(1)).await;
    rule.replace(&[3]);
    tokio::time::sleep(Duration::from_millis(1001)).await;
    assert_eq!(prepared.load(Ordering::Relaxed), 3);
    assert_eq!(ports(&destination, "m"), BTreeSet::from([1]));
    drop(destination);
    follow.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn parts_that_panicked_are_asked_after_3_s_beside_a_restless_router() {
    let directory = Changing::new(vec![endpoint(1, &[])]);
    let (part, rule) = (Panicking::default(), Without::new(&[]));
    let prepared = rule.prepared.clone();
    let routers: [Arc<dyn Router>; 2] =
        [Arc::new(Restless(rule, Arc::default())), Arc::new(part.clone())];
    let destination = destination(&directory, routers.to_vec(), InTurn::default());
    tokio::spawn(destination.follow());
    yield_to_tasks().await;
    part.within("prepare");
    directory.replace(vec![endpoint(2, &[])]);
    tokio::time::sleep(Duration::from_millis(3500)).await;
    // For the first set, for the second, and 3 s later.
    assert_eq!(prepared.load(Ordering::Relaxed), 3);
    part.within("");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((ports(&destination, "m"), destination.failure()), ([2].into(), None));
}

/// Picks the first, and notes the selections that it was given.
#[derive(Clone, Default)]
struct Given {
    prepared: Arc<AtomicUsize>,
    selections: Arc<Mutex<Vec<usize>>>,
}

impl Balance for Given {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        self.prepared.fetch_add(1, Ordering::Relaxed);
        Box::new(self.clone())
    }
}

impl Pick for Given {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        // A selection is made while the one before is alive, so another one has another address.
        let address = std::ptr::from_ref(from).addr();
        let mut selections = self.selections.lock().unwrap();
        if selections.last() != Some(&address) {
            selections.push(address);
        }
        from.get(0)
    }
}

#[tokio::test]
async fn weights_of_a_narrowed_set_are_worked_out_once_for_many_picks() {
    let weights = ["100", "200"].map(|weight| [("weight", weight)]);
    let ports = 1..=1000_u16;
    let all: Vec<_> =
        ports.zip(weights.iter().cycle()).map(|(port, params)| endpoint(port, params)).collect();
    let directory = Changing::new(all.clone());
    let rules: Vec<_> = (1..=20).map(|port| Without::new(&[port])).collect();
    let routers = rules.iter().map(|rule| Arc::new(rule.clone()) as Arc<dyn Router>).collect();
    let balance = Given::default();
    let destination = destination(&directory, routers, balance.clone());
    let call = call("m");
    let pick = || {
        for _ in 0..1000 {
            let picked = destination.pick(&CallView::new(&call, None), &[], now()).unwrap();
            assert_eq!(picked.endpoint().offer().port, 21);
        }
        balance.selections.lock().unwrap().len()
    };
    assert_eq!(pick(), 1);
    assert!(rules.iter().all(|rule| rule.prepared.load(Ordering::Relaxed) == 1));
    // All of the set, and what the rules leave.
    assert_eq!(balance.prepared.load(Ordering::Relaxed), 2);

    // Once more when one of them goes away, and when it comes back.
    let away = &all[500];
    away.state().eject(now() + Duration::from_mins(1));
    assert_eq!(pick(), 2);
    away.state().admit();
    assert_eq!(pick(), 3);
    assert_eq!(balance.prepared.load(Ordering::Relaxed), 2);
}

/// Picks the first, of which there must be one.
struct OfMany;

impl Balance for OfMany {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(Self)
    }
}

impl Pick for OfMany {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        from.get(1 % from.len())
    }
}

#[tokio::test]
async fn a_balancer_is_not_asked_to_pick_from_nobody() {
    let call = call("m");
    let pick = |ports: &[u16], rule: &[u16]| {
        let directory = Changing::new(ports.iter().map(|port| endpoint(*port, &[])).collect());
        let router = Arc::new(Without::new(rule));
        destination(&directory, vec![router], OfMany).pick(&CallView::new(&call, None), &[], now())
    };
    assert!(pick(&[], &[]).is_none());
    assert!(pick(&[1, 2], &[1, 2]).is_none());
    assert!(pick(&[1, 2], &[1]).is_some());
}

#[tokio::test]
async fn rules_that_never_come_to_rest_leave_the_thread_to_others() {
    let directory = Changing::new(vec![endpoint(1, &[])]);
    let router = Arc::new(Restless(Without::new(&[]), Arc::default()));
    let destination = destination(&directory, vec![router], InTurn::default());
    let follow = tokio::spawn(destination.follow());
    // One thread runs both.
    for _ in 0..10 {
        yield_to_tasks().await;
        assert_eq!(ports(&destination, "m"), BTreeSet::from([1]));
    }
    drop(destination);
    follow.await.unwrap();
}
