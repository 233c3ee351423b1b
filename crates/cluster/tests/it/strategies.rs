//! Treatments of failures by Dubbo's names, and hedging.

use std::sync::{Arc, Mutex};

use dubhe_cluster::balance::RoundRobin;
use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::fault::{Failback, Forking, Hedge, Mergeable, Merger, named};
use dubhe_cluster::plan::{ClientOptions, StaticPlan};
use dubhe_cluster::{Channels, Cluster, RetryBudget, Tasks};
use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::fault::{Fault, IntoFault};
use dubhe_core::invoke::Outcome;
use dubhe_core::payload::Content;
use dubhe_core::random::SplitMix;
use dubhe_core::reply::ReplyBody;
use dubhe_core::status::Retry;
use dubhe_core::time::{Deadline, Duration, SharedClock};
use dubhe_core::{
    Call, Code, Endpoint, Invoke, Invoking, Payload, Reply, ServiceKey, Status, Value,
};
use dubhe_net::time::{TokioClock, now};
use tokio::time::Instant;

use crate::support::{Changing, Shared, call, endpoint};

/// The outcomes of calls, and after how many milliseconds they come; by port, and the number of the call there.
type Answer = Arc<dyn Fn(u16, usize) -> (u64, Outcome) + Send + Sync>;

/// Notes who was asked after how many seconds, and who was cancelled.
#[derive(Clone)]
struct Providers {
    answer: Answer,
    began: Instant,
    asked: Arc<Mutex<Vec<(u16, u64)>>>,
    cancelled: Arc<Mutex<Vec<u16>>>,
}

impl Providers {
    fn new(answer: impl Fn(u16, usize) -> (u64, Outcome) + Send + Sync + 'static) -> Self {
        let (asked, cancelled) = Default::default();
        Self { answer: Arc::new(answer), began: Instant::now(), asked, cancelled }
    }

    fn asked(&self) -> Vec<(u16, u64)> {
        self.asked.lock().unwrap().clone()
    }

    fn ports(&self) -> Vec<u16> {
        self.asked().into_iter().map(|(port, _)| port).collect()
    }
}

impl Connect for Providers {
    fn protocol(&self) -> &'static str {
        "test"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint)
    }

    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        Ok(Arc::new(Provider(self.clone(), endpoint.offer().port)))
    }
}

struct Provider(Providers, u16);

/// Notes a call that is dropped.
struct Dropped(Option<Arc<Mutex<Vec<u16>>>>, u16);

impl Dropped {
    fn end(&mut self) {
        self.0 = None;
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(cancelled) = &self.0 {
            cancelled.lock().unwrap().push(self.1);
        }
    }
}

impl Invoke for Provider {
    fn invoke(&self, _: Call) -> Invoking {
        let Self(providers, port) = self;
        let mut asked = providers.asked.lock().unwrap();
        let number = asked.iter().filter(|(known, _)| known == port).count();
        asked.push((*port, providers.began.elapsed().as_millis().try_into().unwrap()));
        drop(asked);
        let (millis, outcome) = (providers.answer)(*port, number);
        let mut dropped = Dropped(Some(providers.cancelled.clone()), *port);
        Invoking::boxed(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            dropped.end();
            outcome
        })
    }
}

impl Channel for Provider {}

fn lost() -> Outcome {
    Err(Status::unavailable("lost").with_retry(Retry::Unknown))
}

#[allow(clippy::unnecessary_wraps, reason = "an outcome beside that of failures")]
fn ok(port: u16) -> Outcome {
    Ok(Reply::new(Payload::dynamic(Value::from(i32::from(port)))))
}

fn value(outcome: Outcome) -> Value {
    match outcome.unwrap().body {
        ReplyBody::One(Payload::Message(Content::Dynamic(value)), _) => value,
        other => panic!("{other:?}"),
    }
}

struct Setup {
    cluster: Cluster,
    _tasks: Arc<Tasks>,
}

fn setup(providers: &Providers, endpoints: Vec<Endpoint>, options: ClientOptions) -> Setup {
    with_budget(providers, endpoints, options, RetryBudget::default())
}

fn with_budget(
    providers: &Providers,
    endpoints: Vec<Endpoint>,
    options: ClientOptions,
    budget: RetryBudget,
) -> Setup {
    let clock: SharedClock = Arc::new(TokioClock);
    let directory = Arc::new(Shared(Changing::new(endpoints)));
    let plan = StaticPlan::try_new(&options, [], &clock, |_| {
        let balance = Arc::new(RoundRobin::default());
        BalancedDestination::new(directory.clone(), Vec::new(), balance, clock.clone())
    });
    let channels = Arc::new(Channels::new(vec![Arc::new(providers.clone())]));
    let tasks = Arc::<Tasks>::default();
    let cluster = Cluster::new(Arc::new(plan.unwrap()), channels, &tasks, clock);
    let cluster = cluster.with_retries(budget, Arc::new(SplitMix::new(1)));
    Setup { cluster, _tasks: tasks }
}

fn options(fault: impl IntoFault) -> ClientOptions {
    ClientOptions { fault: Some(fault.into_fault()), ..ClientOptions::default() }
}

fn three() -> Vec<Endpoint> {
    [1, 2, 3].map(|port| endpoint(port, &[])).to_vec()
}

#[tokio::test(start_paused = true)]
async fn failsafe_gives_null_for_failures_and_passes_answers_on() {
    let providers = Providers::new(|port, _| match port {
        1 => (0, lost()),
        2 => (0, Err(Status::business(Code::NotFound, "no such user"))),
        _ => (0, Err(Status::unavailable("refused").with_retry(Retry::Unstarted))),
    });
    let setup = setup(&providers, three(), options("failsafe"));
    assert_eq!(value(setup.cluster.call(call("m")).await), Value::Null);
    let answer = setup.cluster.call(call("m")).await.unwrap_err();
    assert_eq!(answer.code(), Code::NotFound);
    // What nobody began goes on elsewhere.
    assert_eq!(value(setup.cluster.call(call("m")).await), Value::Null);
    assert_eq!(providers.ports(), [1, 2, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn without_any_provider_failsafe_fails() {
    let providers = Providers::new(|port, _| (0, ok(port)));
    for name in ["failsafe", "failback", "broadcast", "available", "forking", "mergeable"] {
        let setup = setup(&providers, Vec::new(), options(name));
        let error = setup.cluster.call(call("m")).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{name}: {error}");
    }
    assert!(providers.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn failback_tries_again_every_five_seconds() {
    // The third retry succeeds.
    let providers =
        Providers::new(|port, n| if port == 1 && n == 1 { (0, ok(1)) } else { (0, lost()) });
    let setup = setup(&providers, three(), options("failback"));
    let mut first = call("m");
    first.head.deadline = Some(Deadline::after(now(), Duration::from_secs(1)));
    assert_eq!(value(setup.cluster.call(first).await), Value::Null);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(providers.asked(), [(1, 0), (2, 5_000), (3, 10_000), (1, 15_000)]);
}

#[tokio::test(start_paused = true)]
async fn failback_keeps_few_and_gives_up_after_its_retries() {
    let providers = Providers::new(|_, _| (0, lost()));
    let fault = Failback::default().tasks(2).retries(2).pause(Duration::from_secs(1));
    let setup = setup(&providers, three(), options(fault));
    for _ in 0..5 {
        assert_eq!(value(setup.cluster.call(call("m")).await), Value::Null);
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    let retried = providers.asked().into_iter().filter(|(_, at)| *at > 0).count();
    assert_eq!(retried, 2 * 2);
    // Those that were given up have left their places.
    setup.cluster.call(call("m")).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(providers.asked().len(), 5 + 4 + 1 + 2);
}

#[tokio::test(start_paused = true)]
async fn failback_repeats_nothing_that_must_not_run_twice() {
    let providers = Providers::new(|_, _| (0, lost()));
    let once = ClientOptions { repeatable: Some(false), ..options("failback") };
    let setup = setup(&providers, three(), once);
    assert_eq!(value(setup.cluster.call(call("m")).await), Value::Null);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(providers.ports(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_fork_takes_the_first_answer_and_cancels_the_others() {
    let providers = Providers::new(|port, _| match port {
        1 => (10, lost()),
        2 => (300, ok(2)),
        _ => (50, ok(3)),
    });
    let all = setup(&providers, three(), options(Forking::default().forks(0)));
    assert_eq!(value(all.cluster.call(call("m")).await), Value::from(3));
    assert_eq!(*providers.cancelled.lock().unwrap(), [2]);
    // Two of three: none of the budget.
    let none = RetryBudget::new(0, 0);
    let two = with_budget(&providers, three(), options("forking"), none);
    assert_eq!(value(two.cluster.call(call("m")).await), Value::from(2));
    assert_eq!(providers.ports()[3..], [1, 2]);
    let once = ClientOptions { repeatable: Some(false), ..options("forking") };
    let once = setup(&providers, three(), once);
    once.cluster.call(call("m")).await.unwrap_err();
    assert_eq!(providers.ports()[5..], [1]);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_everybody_and_fails_with_any() {
    let providers = Providers::new(|port, n| match (port, n) {
        (2, 0) => (0, Err(Status::business(Code::NotFound, "no cache"))),
        _ => (0, ok(port)),
    });
    let setup = setup(&providers, three(), options("broadcast"));
    let error = setup.cluster.call(call("m")).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.message(), "1 of 3 providers failed, the last one: no cache");
    assert_eq!(value(setup.cluster.call(call("m")).await), Value::from(3));
    assert_eq!(providers.ports(), [1, 2, 3, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_first_that_can_be_asked_is() {
    let providers = Providers::new(|port, _| (0, ok(port)));
    let endpoints = three();
    let setup = setup(&providers, endpoints.clone(), options("available"));
    let one = || async { value(setup.cluster.call(call("m")).await) };
    assert_eq!((one().await, one().await), (Value::from(1), Value::from(1)));
    endpoints[0].state().eject(now() + Duration::from_mins(1));
    assert_eq!(one().await, Value::from(2));
    for endpoint in &endpoints {
        endpoint.state().eject(now() + Duration::from_mins(1));
    }
    let error = setup.cluster.call(call("m")).await.unwrap_err();
    assert_eq!(error.message(), "none of the 3 providers can be asked now");
}

#[tokio::test(start_paused = true)]
async fn results_of_groups_are_joined() {
    let list = |of: &[&'static str]| Reply::new(Payload::dynamic(Value::list(of.iter().copied())));
    let providers = Providers::new(move |port, _| match port {
        1 | 2 => (0, Ok(list(&["a"]))),
        3 => (0, Ok(list(&["b", "c"]))),
        _ => (0, lost()),
    });
    let group = |port, group: &'static str| {
        endpoint(port, &[]).with_service_key(Arc::new(ServiceKey::new("a.B", group, "")))
    };
    let endpoints = vec![group(1, "x"), group(2, "x"), group(3, "y"), group(4, "z")];
    let fault = Mergeable::default().method("menu", Merger::ByType);
    let setup = setup(&providers, endpoints, options(fault));
    let merged = value(setup.cluster.call(call("menu")).await);
    assert_eq!(merged, Value::list(["a", "b", "c"]));
    // Without a merger one group answers.
    assert_eq!(value(setup.cluster.call(call("other")).await), Value::list(["a"]));
    assert_eq!(providers.ports().len(), 3 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_begins_after_the_delay() {
    let slow_first = |port, n| (if port == 1 && n == 0 { 500 } else { 20 }, ok(port));
    let providers = Providers::new(slow_first);
    let hedge = || Fault::strategy(Hedge::new(Duration::from_millis(100), 3));
    let hedged = setup(&providers, three(), options(hedge()));
    assert_eq!(value(hedged.cluster.call(call("m")).await), Value::from(2));
    assert_eq!(providers.asked(), [(1, 0), (2, 100)]);
    assert_eq!(*providers.cancelled.lock().unwrap(), [1]);

    // What must not run twice waits for the first; so does what has no budget.
    let once = ClientOptions { repeatable: Some(false), ..options(hedge()) };
    for (options, budget) in
        [(once, RetryBudget::default()), (options(hedge()), RetryBudget::new(0, 0))]
    {
        let providers = Providers::new(slow_first);
        let setup = with_budget(&providers, three(), options, budget);
        assert_eq!(value(setup.cluster.call(call("m")).await), Value::from(1));
        assert_eq!(providers.ports(), [1]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_provider_gets_no_hedge() {
    let providers = Providers::new(|port, _| (500, ok(port)));
    let hedge = Hedge::new(Duration::from_millis(100), 3);
    let setup = setup(&providers, vec![endpoint(1, &[])], options(hedge));
    assert_eq!(value(setup.cluster.call(call("m")).await), Value::from(1));
    assert_eq!(providers.asked(), [(1, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_sends_the_next_attempt_at_once() {
    let providers = Providers::new(|port, _| if port == 3 { (5, ok(3)) } else { (5, lost()) });
    let hedge = Fault::strategy(Hedge::new(Duration::from_secs(1), 3));
    let setup = setup(&providers, three(), options(hedge));
    assert_eq!(value(setup.cluster.call(call("m")).await), Value::from(3));
    assert_eq!(providers.asked(), [(1, 0), (2, 5), (3, 10)]);
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let error = named("fail-over").unwrap_err();
    assert!(error.message().contains("did you mean \"failover\"?"), "{error}");
    for name in ["zoneAware", "zone-aware", "adaptiveService", "failover"] {
        assert!(matches!(named(name), Ok(Fault::Failover)), "{name}");
    }
    let clock: SharedClock = Arc::new(TokioClock);
    let balance = Some(dubhe_core::balance::Balancing::Named("leastactiv".into()));
    for options in [options("forkin"), ClientOptions { balance, ..ClientOptions::default() }] {
        let never = |_: &_| panic!("no destination is made");
        let error = StaticPlan::try_new(&options, [], &clock, never).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains("did you mean"), "{error}");
    }
}
