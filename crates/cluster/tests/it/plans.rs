//! Policies that change while calls go on, and what an attempt copies of its call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe_cluster::{Channels, Cluster};
use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::end::Until;
use dubhe_core::endpoint::Level;
use dubhe_core::fault::Fault;
use dubhe_core::filter::{Chain, Guard, Hook, Next, Step};
use dubhe_core::payload::Content;
use dubhe_core::plan::{Plan, Policy};
use dubhe_core::status::Retry;
use dubhe_core::time::SharedClock;
use dubhe_core::{
    Call, CallBody, CallView, EncodePayload, Endpoint, Invoke, Invoking, Metadata, Payload, Reply,
    Sink, Status, Value,
};
use dubhe_net::time::TokioClock;

use crate::support::{Changing, InTurn, call, destination, endpoint};

/// A protocol whose providers note what they get: port, and owners of the arguments. Those of port
/// 1 refuse.
#[derive(Clone, Default)]
struct Noting(Arc<Mutex<Vec<(u16, usize)>>>);

impl Noting {
    fn take(&self) -> Vec<(u16, usize)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Connect for Noting {
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

struct Provider(Noting, u16);

impl Invoke for Provider {
    fn invoke(&self, call: Call) -> Invoking {
        let owners = match &call.body {
            CallBody::One(Payload::Message(Content::Typed(value))) => Arc::strong_count(value),
            _ => 0,
        };
        self.0.0.lock().unwrap().push((self.1, owners));
        Invoking::ready(match self.1 {
            1 => Err(Status::unavailable("refused").with_retry(Retry::Unstarted)),
            _ => Ok(Reply::new(Payload::dynamic(Value::Null))),
        })
    }
}

impl Channel for Provider {}

/// A plan that a test replaces.
#[derive(Clone)]
struct Switch(Arc<Mutex<Arc<Policy>>>);

impl Plan for Switch {
    fn plan(&self, _: &CallView<'_>) -> Arc<Policy> {
        self.default_policy()
    }

    fn default_policy(&self) -> Arc<Policy> {
        self.0.lock().unwrap().clone()
    }
}

fn policy(ports: &[u16], retries: u32, filters: impl IntoIterator<Item = Step>) -> Arc<Policy> {
    let clock: SharedClock = Arc::new(TokioClock);
    let set = Changing::new(ports.iter().map(|port| endpoint(*port, &[])).collect());
    Arc::new(Policy {
        timeout: Duration::from_secs(5),
        timeout_level: Level::Method,
        stream_timeout: None,
        retries,
        retries_level: Level::Method,
        fault: Fault::Failover,
        destination: destination(&set, Vec::new(), InTurn::default()),
        metadata: Metadata::new(),
        repeatable: true,
        filters: Chain::new(filters, &clock, Until::Received),
        endpoint_filters: Chain::empty(),
    })
}

fn cluster(policy: Arc<Policy>) -> (Cluster, Switch, Noting) {
    let (switch, noting) = (Switch(Arc::new(Mutex::new(policy))), Noting::default());
    let channels = Arc::new(Channels::new(vec![Arc::new(noting.clone())]));
    let plan = Arc::new(switch.clone());
    (Cluster::new(plan, channels, &Arc::default(), Arc::new(TokioClock)), switch, noting)
}

/// Counts the calls that pass.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn hook(&self) -> Step {
        Step::Hook(Arc::new(self.clone()))
    }

    fn filter(&self) -> Step {
        let count = self.clone();
        Step::Filter(Arc::new(move |call: Call, next: Next| {
            count.0.fetch_add(1, Ordering::Relaxed);
            next.run(call)
        }))
    }

    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Hook for Count {
    fn before(&self, _: &mut Call) -> Result<Guard, Status> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Guard::none())
    }
}

#[tokio::test]
async fn each_call_has_the_filters_and_the_destination_of_its_policy() {
    let (first, second) = (Count::default(), Count::default());
    let (cluster, switch, noting) = cluster(policy(&[2], 0, [first.filter()]));
    for (ports, filter, counts) in [
        (&[3][..], second.filter(), (0, 1)),
        (&[4], first.hook(), (1, 0)),
        (&[5], first.filter(), (1, 0)),
    ] {
        cluster.call(call("m")).await.unwrap();
        noting.take();
        first.take();
        second.take();
        *switch.0.lock().unwrap() = policy(ports, 0, [filter]);
        cluster.call(call("m")).await.unwrap();
        cluster.call(call("m")).await.unwrap();
        let ports: Vec<_> = noting.take().into_iter().map(|(port, _)| port).collect();
        assert_eq!(ports, [switch_port(&switch); 2]);
        assert_eq!((first.take(), second.take()), (counts.0 * 2, counts.1 * 2));
    }
}

fn switch_port(switch: &Switch) -> u16 {
    let set = switch.default_policy().destination.snapshot();
    set.get(0).unwrap().offer().port
}

/// Arguments whose owners are counted.
#[derive(Debug)]
struct Arguments;

impl EncodePayload for Arguments {
    fn encode(&self, _: &mut Sink<'_>) -> Result<(), Status> {
        Ok(())
    }
}

#[tokio::test]
async fn a_call_is_kept_until_it_was_answered() {
    for retries in [0, 1] {
        let (cluster, _, noting) = cluster(policy(&[1, 2, 3], retries, []));
        let mut call = call("m");
        call.body = CallBody::One(Payload::typed(Arguments));
        cluster.call(call).await.unwrap();
        // Nobody began it at the first.
        assert_eq!(noting.take(), [(1, 2), (3, 2)]);
    }
}
