//! Balancers as destinations use them: those that providers ask for, sticky calls, outliers.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_cluster::balance::{
    Ejecting, OutlierLimit, PeakEwma, Published, Random, RoundRobin, Sticky, named,
};
use dubhe_cluster::destination::BalancedDestination;
use dubhe_core::balance::Balance;
use dubhe_core::endpoint::Level;
use dubhe_core::plan::Destination;
use dubhe_core::random::SplitMix;
use dubhe_core::time::Duration;
use dubhe_core::{CallView, Code, End, Ending, Endpoint, Instance, Metadata, Status};
use dubhe_net::time::{TokioClock, now};

use crate::support::{Changing, Shared, call, endpoint, on};

fn destination(endpoints: &[Endpoint], balance: Arc<dyn Balance>) -> Arc<BalancedDestination> {
    let directory = Arc::new(Shared(Changing::new(endpoints.to_vec())));
    BalancedDestination::new(directory, Vec::new(), balance, Arc::new(TokioClock))
}

fn published() -> Published {
    Published::new(Arc::new(SplitMix::new(7)), Arc::new(TokioClock))
}

/// The ports that calls of `method` get, one after the other, and never back.
fn turns(destination: &BalancedDestination, method: &str, calls: usize) -> Vec<u16> {
    let call = call(method);
    let view = CallView::new(&call, None);
    let pick = |_| destination.pick(&view, &[], now()).unwrap().endpoint().offer().port;
    (0..calls).map(pick).collect()
}

#[tokio::test]
async fn providers_ask_for_balancers_of_the_service_and_of_methods() {
    let params =
        [("loadbalance", "consistenthash"), ("all.loadbalance", "roundrobin"), ("x.timeout", "1")];
    let endpoints = [1, 2, 3].map(|port| endpoint(port, &params));
    let of_providers = destination(&endpoints, Arc::new(published()));
    let same = turns(&of_providers, "m", 6);
    assert!(same.iter().all(|port| *port == same[0]), "{same:?}");
    assert_eq!(turns(&of_providers, "all", 6), [1, 2, 3, 1, 2, 3]);

    // A name that the client gives for all methods stands before what they publish for all, and behind the rest.
    let first = named("roundrobin", Arc::new(SplitMix::new(1)), Arc::new(TokioClock)).unwrap();
    let endpoints = [1, 2].map(|port| {
        endpoint(port, &[("loadbalance", "random"), ("one.loadbalance", "consistenthash")])
    });
    let of_both = destination(&endpoints, Arc::new(published().with_default(first)));
    assert_eq!(turns(&of_both, "m", 4), [1, 2, 1, 2]);
    let same = turns(&of_both, "one", 4);
    assert!(same.iter().all(|port| *port == same[0]), "{same:?}");
}

#[tokio::test]
async fn a_balancer_that_is_not_there_is_the_default_one() {
    let endpoints = [1, 2].map(|port| endpoint(port, &[("loadbalance", "mine")]));
    let picks = turns(&destination(&endpoints, Arc::new(published())), "m", 200);
    let first = picks.iter().filter(|port| **port == 1).count();
    assert!((70..130).contains(&first), "{first}");
}

#[tokio::test]
async fn sticky_calls_stay_while_the_provider_can_be_asked() {
    let endpoints =
        [1, 2, 3].map(|port| endpoint(port, &[("sticky", "true"), ("free.sticky", "false")]));
    let balance = || Sticky::new(Arc::new(RoundRobin::default()));
    let sticky = destination(&endpoints, Arc::new(balance()));
    assert_eq!(turns(&sticky, "m", 3), [1, 1, 1]);
    assert_eq!(turns(&sticky, "free", 3), [1, 2, 3]);
    endpoints[0].state().eject(now() + Duration::from_mins(1));
    assert_eq!(turns(&sticky, "m", 2), [2, 2]);
    endpoints[0].state().admit();
    assert_eq!(turns(&sticky, "m", 2), [2, 2]);

    // What the client says of all methods stands behind what providers say of one.
    let set = destination(&endpoints, Arc::new(balance().set(false, Level::Service)));
    let picks = turns(&set, "m", 3);
    assert!(picks.windows(2).all(|pair| pair[0] != pair[1]), "{picks:?}");
    let set = destination(&endpoints, Arc::new(balance().set(true, Level::Method)));
    let picks = turns(&set, "free", 3);
    assert!(picks.windows(2).all(|pair| pair[0] == pair[1]), "{picks:?}");
}

#[tokio::test]
async fn a_retry_goes_to_another_zone_where_there_is_one() {
    let zone = |zone: &'static str, port| {
        on(Instance { zone: Some(zone.into()), ..Instance::default() }, port)
    };
    let endpoints = [zone("a", 1), zone("a", 2), zone("a", 3), zone("b", 4)];
    let random = Random::new(Arc::new(SplitMix::new(5)));
    let destination = destination(&endpoints, Arc::new(random));
    let call = call("m");
    let view = CallView::new(&call, None);
    let retry = |tried: &[usize]| {
        let tried: Vec<_> = tried.iter().map(|n| endpoints[*n].provider().clone()).collect();
        let picked = (0..50).map(|_| destination.pick(&view, &tried, now()).unwrap());
        let ports = picked.map(|picked| picked.endpoint().offer().port);
        ports.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(retry(&[0]), [4].into());
    assert_eq!(retry(&[0, 3]), [2, 3].into());
    assert_eq!(retry(&[0, 1, 2]), [4].into());
}

/// Tells a balancer of the ends of attempts on an endpoint.
fn tell(balance: &dyn Balance, endpoint: &Endpoint, ending: Ending<'_>, millis: u64, times: usize) {
    let none = Metadata::new();
    for _ in 0..times {
        balance.began(endpoint, "m");
        let end = End::new(ending, Duration::from_millis(millis), &none, &none);
        balance.ended(endpoint, "m", &end);
    }
}

#[tokio::test(start_paused = true)]
async fn outliers_are_passed_over_but_never_too_many() {
    let endpoints: Vec<_> = (1..=10).map(|port| endpoint(port, &[])).collect();
    let limit = OutlierLimit::default().in_a_row(3).max_ejected(20);
    let random = Arc::new(Random::new(Arc::new(SplitMix::new(1))));
    let balance = Arc::new(Ejecting::new(random, limit, Arc::new(TokioClock)));
    let destination = destination(&endpoints, balance.clone());
    let lost = Status::new(Code::Unavailable, "lost");
    let business = Status::business(Code::Unknown, "no such user");
    let away = || endpoints.iter().filter(|one| one.state().is_away(now())).count();

    tell(&*balance, &endpoints[0], Ending::Failed(&business), 1, 9);
    tell(&*balance, &endpoints[0], Ending::Cancelled, 1, 9);
    tell(&*balance, &endpoints[0], Ending::Failed(&lost), 1, 2);
    tell(&*balance, &endpoints[0], Ending::Ok, 1, 1);
    tell(&*balance, &endpoints[0], Ending::Failed(&lost), 1, 2);
    assert_eq!(away(), 0);
    for endpoint in &endpoints {
        tell(&*balance, endpoint, Ending::Failed(&lost), 1, 4);
    }
    assert_eq!(away(), 2);
    let picks = turns(&destination, "m", 200);
    assert!(!picks.contains(&1) && !picks.contains(&2), "{picks:?}");

    // The second time is longer.
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(away(), 0);
    tell(&*balance, &endpoints[0], Ending::Failed(&lost), 1, 3);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(away(), 1);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(away(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_share_of_failures_ejects_too_and_not_below_the_panic_threshold() {
    let endpoints: Vec<_> = (1..=4).map(|port| endpoint(port, &[])).collect();
    let limit = OutlierLimit::default().in_a_row(0).share(50, 10).max_ejected(100).panic(50);
    let random = Arc::new(Random::new(Arc::new(SplitMix::new(1))));
    let balance = Arc::new(Ejecting::new(random, limit, Arc::new(TokioClock)));
    let _destination = destination(&endpoints, balance.clone());
    let lost = Status::new(Code::Internal, "lost");
    let away = || endpoints.iter().filter(|one| one.state().is_away(now())).count();
    tell(&*balance, &endpoints[0], Ending::Failed(&lost), 1, 4);
    tell(&*balance, &endpoints[0], Ending::Ok, 1, 4);
    assert_eq!(away(), 0);
    for endpoint in &endpoints {
        tell(&*balance, endpoint, Ending::Failed(&lost), 1, 12);
    }
    assert_eq!(away(), 2);
}

#[tokio::test(start_paused = true)]
async fn p2c_leaves_the_slow_and_the_failing_to_others() {
    let endpoints: Vec<_> = (1..=6).map(|port| endpoint(port, &[])).collect();
    let balance =
        Arc::new(PeakEwma::new(Arc::new(SplitMix::new(3)), Arc::new(TokioClock)).choices(3));
    let destination = destination(&endpoints, balance.clone());
    let lost = Status::new(Code::Unavailable, "lost");
    for endpoint in &endpoints {
        tell(&*balance, endpoint, Ending::Ok, 10, 20);
    }
    tell(&*balance, &endpoints[4], Ending::Ok, 400, 1);
    tell(&*balance, &endpoints[5], Ending::Failed(&lost), 0, 30);
    let mut counts = BTreeMap::new();
    for port in turns(&destination, "m", 3_000) {
        *counts.entry(port).or_insert(0_u32) += 1;
    }
    let of = |port| counts.get(&port).copied().unwrap_or(0);
    assert!((1..=4).all(|port| of(port) > 500), "{counts:?}");
    assert!(of(5) < 50 && of(6) < 50, "{counts:?}");
}
