//! Endpoints that let calls time out in a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::{Channels, Cluster, Tasks};
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::end::Until;
use dubhe_core::endpoint::{Level, TimeoutLimit};
use dubhe_core::fault::Fault;
use dubhe_core::filter::Chain;
use dubhe_core::plan::{Plan, Policy};
use dubhe_core::status::{Origin, Retry};
use dubhe_core::{
    Call, CallView, Code, Endpoint, Invoke, Invoking, Metadata, Payload, Reply, Status, Value,
};
use dubhe_net::time::TokioClock;

use crate::support::{Changing, Shared, call, endpoint};

const TIMEOUT: Duration = Duration::from_secs(1);

/// Providers of the ports 1 and above, of which some are silent.
#[derive(Clone, Default)]
struct Providers(Arc<[(AtomicBool, AtomicUsize); 3]>);

impl Providers {
    fn silence(&self, port: usize, silent: bool) {
        self.0[port - 1].0.store(silent, Ordering::Relaxed);
    }

    /// The number of calls that each has got since the last look.
    fn take(&self) -> [usize; 3] {
        [0, 1, 2].map(|n| self.0[n].1.swap(0, Ordering::Relaxed))
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
        Ok(Arc::new(Provider(self.clone(), usize::from(endpoint.offer().port))))
    }
}

struct Provider(Providers, usize);

impl Invoke for Provider {
    fn invoke(&self, call: Call) -> Invoking {
        let (silent, calls) = &self.0.0[self.1 - 1];
        calls.fetch_add(1, Ordering::Relaxed);
        if &*call.head.method.name == "refused" {
            let text = "the deadline had passed";
            let status = Status::new(Code::DeadlineExceeded, text).with_retry(Retry::Unstarted);
            return Invoking::ready(Err(status));
        }
        if &*call.head.method.name == "relayed" {
            let status = Status::new(Code::DeadlineExceeded, "of another one");
            return Invoking::ready(Err(status.with_origin(Origin::RemoteFramework)));
        }
        if !silent.load(Ordering::Relaxed) {
            return Invoking::ready(Ok(Reply::new(Payload::dynamic(Value::Null))));
        }
        Invoking::boxed(async {
            tokio::time::sleep(TIMEOUT).await;
            Err(Status::new(Code::DeadlineExceeded, "no reply").with_retry(Retry::Unknown))
        })
    }
}

impl Channel for Provider {}

/// Takes the endpoints in turn.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicUsize>);

impl Balance for Turn {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(self.clone())
    }
}

impl Pick for Turn {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        from.get(self.0.fetch_add(1, Ordering::Relaxed) % from.len().max(1))
    }
}

struct Fixed(Arc<Policy>);

impl Plan for Fixed {
    fn plan(&self, _: &CallView<'_>) -> Arc<Policy> {
        self.0.clone()
    }

    fn default_policy(&self) -> Arc<Policy> {
        self.0.clone()
    }
}

fn cluster(ports: &[u16], limit: TimeoutLimit) -> (Cluster, Providers) {
    let set = Changing::new(ports.iter().map(|port| endpoint(*port, &[])).collect());
    let destination = BalancedDestination::with_timeout_limit(
        Arc::new(Shared(set)),
        Vec::new(),
        Arc::new(Turn::default()),
        Arc::new(TokioClock),
        limit,
    );
    let policy = Policy {
        timeout: TIMEOUT,
        timeout_level: Level::Method,
        stream_timeout: None,
        retries: 0,
        retries_level: Level::Method,
        fault: Fault::Failfast,
        destination,
        metadata: Metadata::new(),
        repeatable: true,
        filters: Chain::new([], &(Arc::new(TokioClock) as _), Until::Received),
        endpoint_filters: Chain::empty(),
    };
    let providers = Providers::default();
    let channels = Arc::new(Channels::new(vec![Arc::new(providers.clone())]));
    let (plan, tasks) = (Arc::new(Fixed(Arc::new(policy))), Arc::new(Tasks::default()));
    (Cluster::new(plan, channels, &tasks, Arc::new(TokioClock)), providers)
}

/// Makes `n` calls one after the other, and counts those that fail.
async fn calls(cluster: &Cluster, n: usize) -> usize {
    let mut failed = 0;
    for _ in 0..n {
        failed += usize::from(cluster.call(call("m")).await.is_err());
    }
    failed
}

#[tokio::test(start_paused = true)]
async fn a_silent_one_is_passed_over_and_probed_and_comes_back() {
    let (cluster, providers) = cluster(&[1, 2, 3], TimeoutLimit::default());
    providers.silence(2, true);
    // Four are not enough: the endpoint is still asked in its turn.
    assert_eq!((calls(&cluster, 12).await, providers.take()), (4, [4, 4, 4]));
    assert_eq!((calls(&cluster, 2).await, providers.take()), (1, [1, 1, 0]));
    let failed = calls(&cluster, 300).await;
    assert_eq!((failed, providers.take()[1]), (0, 0));
    // Of many calls at once one is the probe, and the pauses double: 1, 2, 4, .. 60 s.
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        tokio::time::advance(Duration::from_secs(pause)).await;
        let probe = futures_util::future::join_all((0..30).map(|_| cluster.call(call("m")))).await;
        assert_eq!(probe.iter().filter(|reply| reply.is_err()).count(), 1, "after {pause} s");
        assert_eq!(providers.take()[1], 1, "after {pause} s");
    }
    // The answer to a single one lets it back.
    providers.silence(2, false);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(calls(&cluster, 3).await, 0);
    providers.take();
    assert_eq!((calls(&cluster, 30).await, providers.take()), (0, [10, 10, 10]));
}

#[tokio::test(start_paused = true)]
async fn answers_between_timeouts_and_calls_that_were_not_sent_reach_no_limit() {
    let (cluster, providers) = cluster(&[1, 2], TimeoutLimit::default());
    for _ in 0..9 {
        providers.silence(1, true);
        assert_eq!(calls(&cluster, 8).await, 4);
        // Also an error of the other end is an answer, this one too.
        let (first, second) = (cluster.call(call("relayed")), cluster.call(call("relayed")));
        assert!(first.await.is_err() && second.await.is_err());
    }
    providers.silence(1, false);
    for _ in 0..20 {
        assert!(cluster.call(call("refused")).await.is_err());
    }
    providers.take();
    assert_eq!((calls(&cluster, 10).await, providers.take()), (0, [5, 5, 0]));
}

#[tokio::test(start_paused = true)]
async fn if_all_are_silent_all_are_asked() {
    let (cluster, providers) = cluster(&[1, 2], TimeoutLimit::default().in_a_row(2));
    providers.silence(1, true);
    providers.silence(2, true);
    assert_eq!(calls(&cluster, 4).await, 4);
    providers.take();
    // Sixty at once, before any pause has ended.
    let all = futures_util::future::join_all((0..60).map(|_| cluster.call(call("m")))).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(providers.take(), [30, 30, 0]);
    // The first that answers gets all.
    providers.silence(2, false);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert!(calls(&cluster, 4).await <= 1);
    providers.take();
    assert_eq!((calls(&cluster, 20).await, providers.take()), (0, [0, 20, 0]));
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nobody_is_passed_over() {
    let (cluster, providers) = cluster(&[1, 2], TimeoutLimit::off());
    providers.silence(1, true);
    assert_eq!((calls(&cluster, 40).await, providers.take()), (20, [20, 20, 0]));
}

#[tokio::test(start_paused = true)]
async fn the_pauses_are_an_option_and_a_probe_that_is_given_up_is_none_for_ever() {
    let pause = Duration::from_millis(200);
    let limit = TimeoutLimit::default().in_a_row(1).pauses(pause, pause);
    let (cluster, providers) = cluster(&[1, 2], limit);
    providers.silence(1, true);
    assert_eq!(calls(&cluster, 2).await, 1);
    providers.take();
    for _ in 0..3 {
        tokio::time::advance(pause).await;
        // Dropped at once, whoever got it.
        for _ in 0..2 {
            let mut given_up = Box::pin(cluster.call(call("m")));
            let _ = futures_util::poll!(&mut given_up);
        }
        assert_eq!(providers.take()[0], 1);
    }
    providers.silence(1, false);
    tokio::time::advance(pause).await;
    assert_eq!(calls(&cluster, 2).await, 0);
    assert!(providers.take()[0] >= 1);
}
