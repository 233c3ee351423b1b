//! A registry that tests speak for, and a protocol that counts its channels.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dubhe_cluster::{Channels, Directories};
use dubhe_core::backoff::FullJitter;
use dubhe_core::connect::{Channel, ChannelKey, ChannelState, Connect};
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::{
    Health, Registering, Registration, Registry, RegistryTraits, Snapshot, Snapshots,
};
use dubhe_core::{Call, Code, Endpoint, Instance, Invoke, Invoking, Offer, ServiceKey, Status};
use dubhe_net::time::TokioClock;
use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant};

pub(crate) fn service() -> ServiceKey {
    ServiceKey::interface_only("a.B")
}

pub(crate) fn provider(protocol: &'static str, port: u16) -> Registration {
    Registration {
        service: service(),
        instance: Arc::new(Instance { host: "h".into(), ..Instance::default() }),
        offer: Offer { protocol: protocol.into(), port },
        params: Arc::default(),
    }
}

pub(crate) fn with_params(
    mut provider: Registration,
    params: &[(&'static str, &'static str)],
) -> Registration {
    let params = params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    provider.params = Arc::new(ServiceParams::new(&params));
    provider
}

type Subscriber = mpsc::UnboundedSender<Snapshot>;

/// A registry that says what a test tells it to. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    subscribers: Arc<Mutex<Vec<Subscriber>>>,
    asked: Arc<Mutex<Vec<Instant>>>,
    /// The next so many subscriptions fail.
    pub(crate) failures: Arc<AtomicUsize>,
    /// The next so many subscriptions panic.
    pub(crate) panics: Arc<AtomicUsize>,
    pub(crate) backoff: FullJitter,
    pub(crate) traits: RegistryTraits,
    pub(crate) name: &'static str,
}

impl Scripted {
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    /// Tells all subscribers.
    pub(crate) fn tell(&self, providers: &[Registration]) {
        self.tell_all(Snapshot { providers: providers.to_vec(), ..Snapshot::default() });
    }

    /// Tells all subscribers of providers, and of who is not among them.
    pub(crate) fn tell_all(&self, snapshot: Snapshot) {
        for subscriber in &*self.subscribers.lock().unwrap() {
            let _ = subscriber.send(snapshot.clone());
        }
    }

    /// Lets all subscriptions panic.
    pub(crate) fn break_down(&self) {
        for subscriber in &*self.subscribers.lock().unwrap() {
            let _ = subscriber.send(Snapshot { health: Health::Stale, ..Snapshot::default() });
        }
    }

    /// Ends all subscriptions.
    pub(crate) fn cut(&self) {
        self.subscribers.lock().unwrap().clear();
    }

    /// The number of times that somebody subscribed, or tried to.
    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The moments at which somebody subscribed, or tried to.
    pub(crate) fn asked_at(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }

    /// The number of subscriptions that are alive.
    pub(crate) fn alive(&self) -> usize {
        self.subscribers.lock().unwrap().iter().filter(|s| !s.is_closed()).count()
    }
}

impl Registry for Scripted {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        self.asked.lock().unwrap().push(Instant::now());
        let less = |left: usize| left.checked_sub(1);
        let (from, to) = (Ordering::Relaxed, Ordering::Relaxed);
        assert!(self.panics.fetch_update(from, to, less).is_err(), "the registry breaks down");
        if self.failures.fetch_update(from, to, less).is_ok() {
            return Box::pin(async { Err(Status::new(Code::Unavailable, "not now")) });
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        self.subscribers.lock().unwrap().push(sender);
        let snapshots = stream::unfold(receiver, |mut receiver| async {
            let snapshot = receiver.recv().await?;
            assert_eq!(snapshot.health, Health::Fresh, "the registry breaks down");
            Some((snapshot, receiver))
        });
        Box::pin(async { Ok(snapshots.boxed()) })
    }

    fn backoff(&self) -> FullJitter {
        self.backoff
    }

    fn traits(&self) -> RegistryTraits {
        self.traits.clone()
    }

    fn name(&self) -> &str {
        self.name
    }
}

/// A protocol whose channels depend on `payload`. Clones are the same.
#[derive(Clone)]
pub(crate) struct Counting {
    protocol: &'static str,
    pub(crate) connected: Arc<AtomicUsize>,
}

impl Counting {
    pub(crate) fn new(protocol: &'static str) -> Self {
        Self { protocol, connected: Arc::default() }
    }
}

impl Connect for Counting {
    fn protocol(&self) -> &str {
        self.protocol
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        assert_ne!(endpoint.offer().port, u16::MAX, "a protocol that has no key for it");
        ChannelKey::new(endpoint).with_params(endpoint, &["payload"])
    }

    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        self.connected.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Silent(endpoint.clone())))
    }
}

/// A channel that keeps its endpoint, as those of the protocols do.
struct Silent(#[allow(dead_code, reason = "held alone")] Endpoint);

impl Invoke for Silent {
    fn invoke(&self, _: Call) -> Invoking {
        Invoking::boxed(std::future::pending())
    }
}

impl Channel for Silent {}

/// The directories of these registries; `dubbo` is preferred to `tri`, and nothing else is spoken.
pub(crate) fn directories(registries: &[&Scripted]) -> Directories {
    directories_of(1, registries)
}

/// The same with the jitter of this seed.
pub(crate) fn directories_of(seed: u64, registries: &[&Scripted]) -> Directories {
    let registries = registries.iter().map(|registry| Arc::new((*registry).clone()) as _).collect();
    let connectors = ["dubbo", "tri"].map(|name| Arc::new(Counting::new(name)) as _).to_vec();
    let channels = Arc::new(Channels::new(connectors));
    Directories::new(registries, channels, Arc::new(TokioClock), Arc::new(SplitMix::new(seed)))
}

/// The directories of these registries, whose connections are what `wired` says.
pub(crate) fn wired_directories(
    wired: &Wired,
    registries: &[&Scripted],
) -> (Directories, Arc<Channels>) {
    let registries = registries.iter().map(|registry| Arc::new((*registry).clone()) as _).collect();
    let channels = Arc::new(Channels::new(vec![Arc::new(wired.clone())]));
    let (clock, random) = (Arc::new(TokioClock), Arc::new(SplitMix::new(1)));
    (Directories::new(registries, channels.clone(), clock, random), channels)
}

/// Lets other tasks do what they can.
pub(crate) async fn yield_to_tasks() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Lets a directory, whose sets are 100 ms apart, take over what its registries have said. In paused time.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(150)).await;
    yield_to_tasks().await;
}

/// A protocol whose connections are what a test says, by port. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Wired(Arc<Mutex<Wires>>);

#[derive(Default)]
struct Wires {
    /// The ports that can be connected to.
    up: HashSet<u16>,
    /// The ports at which nobody listens.
    refused: HashSet<u16>,
    channels: HashMap<u16, watch::Sender<ChannelState>>,
    opened: Vec<(u16, Instant)>,
    /// The ports whose pause between attempts was ended.
    reset: Vec<u16>,
    alive: usize,
}

impl Wired {
    /// Connections to these ports succeed from now on, those under way too.
    pub(crate) fn up(&self, ports: impl IntoIterator<Item = u16>) {
        for port in ports {
            self.0.lock().unwrap().up.insert(port);
            self.0.lock().unwrap().refused.remove(&port);
            self.say(port, ChannelState::Ready);
        }
    }

    /// The connection to `port` is in this state from now on, and no other succeeds.
    pub(crate) fn down(&self, port: u16, state: ChannelState) {
        self.0.lock().unwrap().up.remove(&port);
        self.say(port, state);
    }

    /// Closes these ports: nobody listens there from now on.
    pub(crate) fn refuse(&self, ports: impl IntoIterator<Item = u16>) {
        for port in ports {
            self.0.lock().unwrap().refused.insert(port);
            self.down(port, ChannelState::Connecting);
        }
    }

    fn say(&self, port: u16, state: ChannelState) {
        if let Some(channel) = self.0.lock().unwrap().channels.get(&port) {
            channel.send_replace(state);
        }
    }

    /// The ports to which connections were opened, with the moments.
    pub(crate) fn opened(&self) -> Vec<(u16, Instant)> {
        self.0.lock().unwrap().opened.clone()
    }

    /// The ports to which a channel was to connect at once.
    pub(crate) fn reset(&self) -> Vec<u16> {
        self.0.lock().unwrap().reset.clone()
    }

    /// The number of channels that somebody has.
    pub(crate) fn alive(&self) -> usize {
        self.0.lock().unwrap().alive
    }
}

impl Connect for Wired {
    fn protocol(&self) -> &'static str {
        "dubbo"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint)
    }

    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let port = endpoint.offer().port;
        let mut wires = self.0.lock().unwrap();
        wires.opened.push((port, Instant::now()));
        let up = wires.up.contains(&port);
        let state = if up { ChannelState::Ready } else { ChannelState::Connecting };
        let (sender, receiver) = watch::channel(state);
        wires.channels.insert(port, sender);
        wires.alive += 1;
        Ok(Arc::new(Wire { state: receiver, port, wired: self.clone() }))
    }
}

struct Wire {
    state: watch::Receiver<ChannelState>,
    port: u16,
    wired: Wired,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.wired.0.lock().unwrap().alive -= 1;
    }
}

impl Invoke for Wire {
    fn invoke(&self, _: Call) -> Invoking {
        Invoking::boxed(std::future::pending())
    }
}

impl Channel for Wire {
    fn state(&self) -> ChannelState {
        *self.state.borrow()
    }

    fn changed(&self, seen: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>> {
        let mut state = self.state.clone();
        Box::pin(async move {
            let changed = state.wait_for(|state| *state != seen).await.map(|state| *state);
            match changed {
                Ok(state) => state,
                Err(_) => std::future::pending().await,
            }
        })
    }

    fn is_refused(&self) -> bool {
        self.wired.0.lock().unwrap().refused.contains(&self.port)
    }

    fn reset_backoff(&self) {
        self.wired.0.lock().unwrap().reset.push(self.port);
    }
}
