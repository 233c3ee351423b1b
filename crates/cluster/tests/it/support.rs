//! A directory that tests change, a router whose rules change, a balancer that counts.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use dubhe_cluster::destination::BalancedDestination;
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Endpoints, ServiceParams};
use dubhe_core::plan::Destination;
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::time::{Duration, Instant};
use dubhe_core::{
    Call, CallView, End, Endpoint, Head, Instance, Method, Offer, Payload, ServiceKey, Value,
};
use dubhe_net::time::{TokioClock, now};
use tokio::sync::watch;

pub(crate) fn endpoint(port: u16, params: &[(&str, &str)]) -> Endpoint {
    let params = params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    Endpoint::new(
        Arc::new(Instance { host: "h".into(), ..Instance::default() }),
        Offer { protocol: "test".into(), port },
        Arc::new(ServiceParams::new(&params)),
    )
}

/// An endpoint on `instance`.
pub(crate) fn on(instance: Instance, port: u16) -> Endpoint {
    let instance = Instance { host: "h".into(), ..instance };
    Endpoint::new(Arc::new(instance), Offer { protocol: "test".into(), port }, Arc::default())
}

/// A directory that is replaced by hand.
pub(crate) struct Changing(watch::Sender<Arc<Endpoints>>);

impl Changing {
    pub(crate) fn new(endpoints: Vec<Endpoint>) -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(Arc::new(Endpoints::new(endpoints)))))
    }

    pub(crate) fn replace(&self, endpoints: Vec<Endpoint>) {
        self.0.send_modify(|set| {
            *set = Arc::new(Endpoints::new(endpoints).with_number(set.number() + 1));
        });
    }
}

pub(crate) struct Shared(pub(crate) Arc<Changing>);

impl Directory for Shared {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.0.0.borrow().clone()
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut set = self.0.0.subscribe();
        Box::pin(async move {
            if set.wait_for(|set| set.number() != seen).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Takes out the ports of its rule, for the calls of one method or of all. Clones are the same.
#[derive(Clone)]
pub(crate) struct Without {
    rule: watch::Sender<(u64, Vec<u16>)>,
    method: Option<&'static str>,
    pub(crate) prepared: Arc<AtomicUsize>,
}

impl Without {
    pub(crate) fn new(ports: &[u16]) -> Self {
        let rule = watch::Sender::new((0, ports.to_vec()));
        Self { rule, method: None, prepared: Arc::default() }
    }

    pub(crate) fn for_method(mut self, method: &'static str) -> Self {
        self.method = Some(method);
        self
    }

    pub(crate) fn replace(&self, ports: &[u16]) {
        self.rule.send_modify(|rule| *rule = (rule.0 + 1, ports.to_vec()));
    }
}

impl Router for Without {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        self.prepared.fetch_add(1, Ordering::Relaxed);
        let mut out = Bitmap::empty(set.len());
        let ports = &self.rule.borrow().1;
        for (place, endpoint) in set.iter().enumerate() {
            if ports.contains(&endpoint.offer().port) {
                out.insert(place);
            }
        }
        Box::new(Out(out, self.method))
    }

    fn generation(&self) -> u64 {
        self.rule.borrow().0
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut rule = self.rule.subscribe();
        Box::pin(async move {
            if rule.wait_for(|(generation, _)| *generation != seen).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Panics in one of its methods for as long as it is told to, whatever part it stands for. Clones are
/// the same.
#[derive(Clone, Default)]
pub(crate) struct Panicking(Arc<Mutex<&'static str>>);

impl Panicking {
    /// Lets the method of this name panic, none with `""`.
    pub(crate) fn within(&self, method: &'static str) {
        *self.0.lock().unwrap() = method;
    }

    fn pass(&self, method: &str) {
        let panics = *self.0.lock().unwrap() == method;
        assert!(!panics, "a rule that cannot be read");
    }
}

impl Router for Panicking {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        self.pass("prepare");
        Box::new(Out(Bitmap::empty(set.len()), None))
    }

    fn generation(&self) -> u64 {
        self.pass("generation");
        0
    }

    fn changed(&self, _: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.pass("changed");
        let this = self.clone();
        Box::pin(std::future::poll_fn(move |_| {
            this.pass("poll");
            Poll::Pending
        }))
    }
}

impl Balance for Panicking {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        self.pass("balance");
        InTurn::default().prepare(set)
    }
}

/// Leaves the endpoints of a zone.
pub(crate) struct InZone(pub(crate) &'static str);

impl Router for InZone {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let mut out = Bitmap::full(set.len());
        for (place, endpoint) in set.iter().enumerate() {
            if endpoint.instance().zone.as_deref() == Some(self.0) {
                out.remove(place);
            }
        }
        Box::new(Out(out, None))
    }
}

struct Out(Bitmap, Option<&'static str>);

impl PreparedRouter for Out {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, _: Instant, trace: Option<&mut Trace>) {
        if self.1.is_none_or(|method| *call.head().method.name == *method) {
            set.subtract(&self.0);
        }
        if let Some(trace) = trace {
            trace.record("without", "ports", set);
        }
    }
}

/// Takes them in turn; counts how often it prepared, and notes what it learnt.
#[derive(Clone, Default)]
pub(crate) struct InTurn {
    pub(crate) prepared: Arc<AtomicUsize>,
    turn: Arc<AtomicUsize>,
    pub(crate) learnt: Arc<Mutex<Vec<(u16, &'static str)>>>,
}

impl Balance for InTurn {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        self.prepared.fetch_add(1, Ordering::Relaxed);
        Box::new(self.clone())
    }

    fn finish(&self, endpoint: &Endpoint, end: &End<'_>) {
        self.learnt.lock().unwrap().push((endpoint.offer().port, end.name()));
        if end.status().is_some() {
            endpoint.state().eject(now() + Duration::from_secs(30));
        }
    }
}

impl Pick for InTurn {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        from.get(turn % from.len().max(1))
    }
}

pub(crate) fn call(method: &str) -> Call {
    let service = Arc::new(ServiceKey::interface_only("a.B"));
    let head = Head::new(service, Arc::new(Method::java(method, "")));
    Call::new(head, Payload::dynamic(Value::Null))
}

pub(crate) fn destination(
    directory: &Arc<Changing>,
    routers: Vec<Arc<dyn Router>>,
    balance: impl Balance,
) -> Arc<BalancedDestination> {
    let directory = Arc::new(Shared(directory.clone()));
    BalancedDestination::new(directory, routers, Arc::new(balance), Arc::new(TokioClock))
}

/// The ports of many picks.
pub(crate) fn ports(destination: &BalancedDestination, method: &str) -> BTreeSet<u16> {
    let call = call(method);
    let view = CallView::new(&call, None);
    let pick = |_| destination.pick(&view, &[], now()).map(|picked| picked.endpoint().offer().port);
    (0..200).filter_map(pick).collect()
}
