//! A protocol whose providers answer by a function, and clients of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dubhe_client::{CallOptions, Client, ClientBuilder, Environment, EnvironmentBuilder};
use dubhe_core::connect::{Channel, ChannelKey, ChannelState, Connect};
use dubhe_core::registry::{Excluded, Registering, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::status::Retry;
use dubhe_core::{
    Call, Code, Endpoint, Head, Instance, Invoke, Invoking, Metadata, Method, Offer, Payload,
    Reply, ServiceKey, Status, Value,
};
use dubhe_net::time::TokioClock;
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;

pub(crate) type Answer = Arc<dyn Fn(u16, &Call) -> Result<Reply, Status> + Send + Sync>;
pub(crate) type Seen = Arc<Mutex<Vec<(u16, Head)>>>;

/// A protocol whose providers answer by a function and keep the heads of all calls.
pub(crate) struct Scripted {
    answer: Answer,
    seen: Seen,
}

pub(crate) struct Provider {
    port: u16,
    answer: Answer,
    seen: Seen,
}

impl Connect for Scripted {
    fn protocol(&self) -> &'static str {
        "test"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint)
    }

    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        // Port 7 has a wrong parameter.
        if endpoint.offer().port == 7 {
            return Err(Status::new(Code::InvalidArgument, "connections is not a number"));
        }
        Ok(Arc::new(Provider {
            port: endpoint.offer().port,
            answer: self.answer.clone(),
            seen: self.seen.clone(),
        }))
    }
}

impl Invoke for Provider {
    fn invoke(&self, call: Call) -> Invoking {
        self.seen.lock().unwrap().push((self.port, call.head.clone()));
        let answer = (self.answer)(self.port, &call);
        // Port 8 never answers.
        if self.port == 8 {
            Invoking::boxed(std::future::pending())
        } else {
            Invoking::ready(answer)
        }
    }
}

impl Channel for Provider {
    fn state(&self) -> ChannelState {
        // Port 9 is known to be away.
        if self.port == 9 { ChannelState::Connecting } else { ChannelState::Ready }
    }
}

pub(crate) fn environment(
    answer: impl Fn(u16, &Call) -> Result<Reply, Status> + Send + Sync + 'static,
) -> (Environment, Seen) {
    with_registries(&[], answer)
}

pub(crate) fn with_registries(
    registries: &[&FakeRegistry],
    answer: impl Fn(u16, &Call) -> Result<Reply, Status> + Send + Sync + 'static,
) -> (Environment, Seen) {
    let add = |env: EnvironmentBuilder, own: &&FakeRegistry| env.registry(Arc::new((*own).clone()));
    with_answer(answer, |env| registries.iter().fold(env, add))
}

/// An environment of providers that answer.
pub(crate) fn with(
    add: impl FnOnce(EnvironmentBuilder) -> EnvironmentBuilder,
) -> (Environment, Seen) {
    with_answer(|_, _| ok(), add)
}

fn with_answer(
    answer: impl Fn(u16, &Call) -> Result<Reply, Status> + Send + Sync + 'static,
    add: impl FnOnce(EnvironmentBuilder) -> EnvironmentBuilder,
) -> (Environment, Seen) {
    let seen = Seen::default();
    let scripted = Scripted { answer: Arc::new(answer), seen: seen.clone() };
    let env = Environment::builder("shop", Arc::new(TokioClock)).connect(Arc::new(scripted));
    (add(env).build(), seen)
}

/// A registry of one service that knows nothing until a test tells it. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct FakeRegistry {
    known: watch::Sender<Option<Snapshot>>,
    asked: Arc<AtomicUsize>,
    refusal: Arc<Mutex<Option<&'static str>>>,
    failure: Arc<Mutex<Option<&'static str>>>,
}

impl FakeRegistry {
    /// Subscriptions are refused from now on, or no longer.
    pub(crate) fn refuse(&self, why: Option<&'static str>) {
        *self.refusal.lock().unwrap() = why;
    }

    /// The registry does not answer, for this reason, until the next set.
    pub(crate) fn fail(&self, why: &'static str) {
        *self.failure.lock().unwrap() = Some(why);
    }

    /// The providers of `a.B` are now at these ports of `host`.
    pub(crate) fn tell(&self, host: &'static str, ports: &[u16]) {
        let provider = |port: &u16| Registration {
            service: ServiceKey::new("a.B", "g", "1.0.0"),
            instance: Arc::new(Instance { host: host.into(), ..Instance::default() }),
            offer: Offer { protocol: "test".into(), port: *port },
            params: Arc::default(),
        };
        let providers = ports.iter().map(provider).collect();
        *self.failure.lock().unwrap() = None;
        self.known.send_replace(Some(Snapshot { providers, ..Snapshot::default() }));
    }

    /// The only instance of `a.B` is not used, for this reason.
    pub(crate) fn exclude(&self, instance: &'static str, why: &'static str) {
        let excluded = vec![Excluded::new(instance, why)];
        self.known.send_replace(Some(Snapshot { excluded, ..Snapshot::default() }));
    }

    /// The number of times that somebody subscribed.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// The number of subscriptions that are alive.
    pub(crate) fn alive(&self) -> usize {
        self.known.receiver_count()
    }
}

impl Registry for FakeRegistry {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(why) = *self.refusal.lock().unwrap() {
            return Box::pin(std::future::ready(Err(Status::unauthenticated(why))));
        }
        let mut known = self.known.subscribe();
        known.mark_changed();
        let snapshots = stream::unfold(known, |mut known| async {
            known.changed().await.ok()?;
            let snapshot = known.borrow_and_update().clone();
            Some((snapshot, known))
        });
        let snapshots = snapshots.filter_map(std::future::ready);
        Box::pin(async { Ok(snapshots.boxed()) })
    }

    fn failure(&self, _: &ServiceKey) -> Option<Status> {
        let failure = *self.failure.lock().unwrap();
        failure.map(Status::unauthenticated)
    }
}

pub(crate) fn builder(env: &Environment, ports: &[u16]) -> ClientBuilder<Client> {
    let client = ClientBuilder::<Client>::new(env).service(ServiceKey::new("a.B", "g", "1.0.0"));
    ports.iter().fold(client, |c, port| c.endpoint(Endpoint::of("test", "h", *port)))
}

pub(crate) fn ok() -> Result<Reply, Status> {
    let metadata = Metadata::from_iter([("from", "provider")]);
    Ok(Reply::with_metadata(Payload::dynamic(Value::Int(1)), metadata))
}

pub(crate) fn down(retry: Retry) -> Status {
    Status::new(Code::Unavailable, "down").with_retry(retry)
}

pub(crate) async fn call(
    client: &Client,
    method: &str,
    options: &CallOptions,
) -> Result<Reply, Status> {
    let method = Arc::new(Method::java(method, ""));
    client.call(&method, Payload::dynamic(Value::Null), options).await
}
