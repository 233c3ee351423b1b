//! Scripted parts of a registry, in paused time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytestring::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentState, DocumentStates, DocumentStore};
use dubhe_core::endpoint::{Instance, Offer, Params, ServiceParams};
use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::registry::{Health, Registering, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::time::{Clock, Instant, SharedClock, Sleep};
use dubhe_core::{ServiceKey, Status};
use dubhe_registry::application::{
    ApplicationRegistry, ApplicationRegistryBuilder, InstanceSnapshot, InstanceSnapshots,
    MetadataClient, MetadataTarget, ServiceDiscovery, ServiceInstance,
};
use dubhe_registry::{MemoryDiscovery, MemoryDocuments};
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

/// The clock of the runtime, which tests pause.
pub(crate) struct Paused;

impl Clock for Paused {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        Box::pin(tokio::time::sleep_until(when.into()))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }
}

pub(crate) fn clock() -> SharedClock {
    Arc::new(Paused)
}

pub(crate) fn builder(application: &'static str) -> ApplicationRegistryBuilder {
    ApplicationRegistry::builder(application, clock())
}

pub(crate) fn service(interface: &str) -> ServiceKey {
    ServiceKey::interface_only(interface)
}

pub(crate) fn refused() -> Status {
    Status::permission_denied("refused by the script")
}

/// A service at `h:port` over dubbo.
pub(crate) fn registration(interface: &str, port: u16) -> Registration {
    Registration {
        service: service(interface),
        instance: Arc::new(Instance { host: "h".into(), ..Instance::default() }),
        offer: Offer { protocol: "dubbo".into(), port },
        params: Arc::new(ServiceParams::new(&params(&[("methods", "hello")]))),
    }
}

pub(crate) fn params(all: &[(&'static str, &str)]) -> Params {
    all.iter().map(|(name, value)| ((*name).into(), ByteString::from(*value))).collect()
}

/// An instance at `h:port` that answers for its metadata itself.
pub(crate) fn instance(application: &str, port: u16, revision: &str) -> ServiceInstance {
    let mut instance =
        Instance { host: "h".into(), application: application.into(), ..Instance::default() };
    let endpoints = [Offer { protocol: "dubbo".into(), port }];
    let storage = dubhe_registry::application::MetadataStorage::Local;
    ServiceInstance::describe(&mut instance, &endpoints, revision, storage);
    ServiceInstance { instance: Arc::new(instance), port }
}

/// Metadata of services over dubbo.
pub(crate) fn info(revision: &str, interfaces: &[&str]) -> MetadataInfo {
    let mut info = MetadataInfo { revision: revision.into(), ..MetadataInfo::default() };
    for interface in interfaces {
        let service = ServiceInfo {
            service: service(interface),
            protocol: "dubbo".into(),
            path: (*interface).into(),
            params: params(&[("revision-of-test", revision)]),
            ..ServiceInfo::default()
        };
        info.services.insert(service.match_key().into(), service);
    }
    info
}

/// Ports of providers, sorted.
pub(crate) fn ports(snapshot: &Snapshot) -> Vec<u16> {
    let mut ports: Vec<_> = snapshot.providers.iter().map(|one| one.offer.port).collect();
    ports.sort_unstable();
    ports
}

/// The first of the next snapshots that fits; all before it are given to `each`.
pub(crate) async fn until(
    snapshots: &mut Snapshots,
    mut each: impl FnMut(&Snapshot),
    fits: impl Fn(&Snapshot) -> bool,
) -> Snapshot {
    let mut last = None;
    let found = async {
        while let Some(snapshot) = snapshots.next().await {
            each(&snapshot);
            if fits(&snapshot) {
                return snapshot;
            }
            last = Some(snapshot);
        }
        panic!("the subscription has ended");
    };
    let found = tokio::time::timeout(Duration::from_mins(10), found).await;
    found.unwrap_or_else(|_| panic!("it never came; the last was {last:?}"))
}

/// The next snapshot with these ports.
pub(crate) async fn with_ports(snapshots: &mut Snapshots, wanted: &[u16]) -> Snapshot {
    until(snapshots, |_| (), |snapshot| ports(snapshot) == wanted).await
}

/// Checks that no snapshot comes for a minute.
pub(crate) async fn nothing_more(snapshots: &mut Snapshots) {
    let next = tokio::time::timeout(Duration::from_mins(1), snapshots.next()).await;
    assert!(next.is_err(), "{next:?}");
}

/// Lets everything that is ready run.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// A store that can be away and refuse.
#[derive(Clone, Default)]
pub(crate) struct Documents {
    pub(crate) inner: MemoryDocuments,
    state: Arc<Script>,
}

#[derive(Default)]
struct Script {
    away: watch::Sender<bool>,
    /// Refuses what is written.
    refuses: Mutex<HashSet<&'static str>>,
    writes: AtomicUsize,
    /// The writes to which somebody else is faster.
    races: AtomicUsize,
}

impl Documents {
    pub(crate) fn set_away(&self, away: bool) {
        self.state.away.send_replace(away);
    }

    pub(crate) fn refuse(&self, what: &'static str, refuses: bool) {
        let mut all = self.state.refuses.lock();
        if refuses {
            all.insert(what)
        } else {
            all.remove(what)
        };
    }

    pub(crate) fn race(&self, times: usize) {
        self.state.races.store(times, Ordering::Relaxed);
    }

    pub(crate) fn writes(&self) -> usize {
        self.state.writes.load(Ordering::Relaxed)
    }

    fn check(&self, what: &str) -> Result<(), Status> {
        if *self.state.away.borrow() {
            return Err(Status::unavailable("away by the script"));
        }
        if self.state.refuses.lock().contains(what) { Err(refused()) } else { Ok(()) }
    }

    pub(crate) async fn map(&self, interface: &str, applications: &str) {
        let key = DocumentKey::Mapping { interface: interface.into() };
        self.inner.put(&key, applications.into()).await.unwrap();
    }

    pub(crate) async fn mapping(&self, interface: &str) -> Option<String> {
        let key = DocumentKey::Mapping { interface: interface.into() };
        self.inner.get(&key).await.unwrap().map(|document| document.text.to_string())
    }

    pub(crate) async fn rule(&self, application: &str, rule: &str) {
        let key = DocumentKey::Config {
            group: "DUBBO_SERVICEDISCOVERY_MIGRATION".into(),
            key: format!("{application}.migration").into(),
        };
        self.inner.put(&key, rule.into()).await.unwrap();
    }
}

impl DocumentStore for Documents {
    fn name(&self) -> &'static str {
        "script://documents"
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let checked = self.check("get");
        let got = self.inner.get(key);
        Box::pin(async move {
            checked?;
            got.await
        })
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let (states, away) = (self.inner.watch(key), self.state.away.subscribe());
        let begin = (states, away, DocumentState::default(), true);
        Box::pin(stream::unfold(begin, |(mut states, mut away, mut known, first)| async move {
            if first && *away.borrow_and_update() {
                return Some((known.clone(), (states, away, known, false)));
            }
            loop {
                if *away.borrow_and_update() {
                    if known.health == Health::Fresh {
                        known.health = Health::Stale;
                        return Some((known.clone(), (states, away, known, false)));
                    }
                    away.changed().await.ok()?;
                    // What it has is told again when it is back.
                    if !*away.borrow() && known.document.is_some() {
                        known.health = Health::Fresh;
                        return Some((known.clone(), (states, away, known, false)));
                    }
                    continue;
                }
                tokio::select! {
                    state = states.next() => {
                        known = state?;
                        return Some((known.clone(), (states, away, known, false)));
                    }
                    changed = away.changed() => changed.ok()?,
                }
            }
        }))
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        let checked = self.check("put");
        let key = key.clone();
        Box::pin(async move {
            checked?;
            self.state.writes.fetch_add(1, Ordering::Relaxed);
            self.inner.put(&key, text).await
        })
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        let checked = self.check("replace");
        let key = key.clone();
        Box::pin(async move {
            checked?;
            let races = &self.state.races;
            let less = |left: usize| left.checked_sub(1);
            if let Ok(left) = races.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
                let known = self.inner.get(&key).await?;
                let known = known.map(|known| format!("{},", known.text)).unwrap_or_default();
                self.inner.put(&key, format!("{known}rival{left}").into()).await?;
            }
            self.state.writes.fetch_add(1, Ordering::Relaxed);
            self.inner.replace(&key, text, version).await
        })
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        self.inner.remove(key)
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        self.inner.list()
    }
}

/// A registry of instances that counts, refuses, and can be stale.
#[derive(Clone, Default)]
pub(crate) struct Discovery {
    pub(crate) inner: MemoryDiscovery,
    pub(crate) state: Arc<DiscoveryScript>,
}

#[derive(Default)]
pub(crate) struct DiscoveryScript {
    stale: watch::Sender<bool>,
    pub(crate) refuses: Mutex<HashSet<&'static str>>,
    pub(crate) registered: Mutex<Vec<ServiceInstance>>,
    pub(crate) unregistered: AtomicUsize,
    pub(crate) subscribed: AtomicUsize,
    /// The centre that is asked before an instance is registered.
    pub(crate) center: Mutex<Option<Documents>>,
    /// The time that registering takes.
    pub(crate) slow: Mutex<Duration>,
}

impl Discovery {
    pub(crate) fn set_stale(&self, stale: bool) {
        self.state.stale.send_replace(stale);
    }

    pub(crate) fn refuse(&self, what: &'static str, refuses: bool) {
        let mut all = self.state.refuses.lock();
        if refuses {
            all.insert(what)
        } else {
            all.remove(what)
        };
    }

    fn check(&self, what: &str) -> Result<(), Status> {
        if self.state.refuses.lock().contains(what) { Err(refused()) } else { Ok(()) }
    }

    pub(crate) fn subscribed(&self) -> usize {
        self.state.subscribed.load(Ordering::Relaxed)
    }

    pub(crate) async fn add(&self, instance: ServiceInstance) {
        self.inner.register(instance).await.unwrap();
    }

    pub(crate) async fn remove(&self, instance: &ServiceInstance) {
        self.inner.unregister(instance).await.unwrap();
    }

    /// The present instances of an application.
    pub(crate) async fn present(&self, application: &str) -> Vec<ServiceInstance> {
        self.inner.subscribe(application).await.unwrap().next().await.unwrap().instances
    }
}

impl ServiceDiscovery for Discovery {
    fn name(&self) -> &'static str {
        "script://instances"
    }

    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()> {
        Box::pin(async move {
            // As over a network: registrations that come meanwhile wait.
            let slow = *self.state.slow.lock();
            tokio::time::sleep(Duration::from_millis(5).max(slow)).await;
            assert!(self.check("panic").is_ok(), "panics by the script");
            self.check("register")?;
            let center = self.state.center.lock().clone();
            if let Some(center) = center {
                let key = DocumentKey::Metadata {
                    application: instance.instance.application.clone(),
                    revision: instance.revision().unwrap_or_default().into(),
                };
                assert!(center.inner.get(&key).await?.is_some(), "{key} is not there yet");
            }
            self.state.registered.lock().push(instance.clone());
            self.inner.register(instance).await
        })
    }

    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()> {
        let instance = instance.clone();
        Box::pin(async move {
            self.check("unregister")?;
            self.state.unregistered.fetch_add(1, Ordering::Relaxed);
            self.inner.unregister(&instance).await
        })
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        let application = application.to_owned();
        Box::pin(async move {
            self.check("subscribe")?;
            self.state.subscribed.fetch_add(1, Ordering::Relaxed);
            let snapshots = self.inner.subscribe(&application).await?;
            let stale = self.state.stale.subscribe();
            let begin = (snapshots, stale, InstanceSnapshot::default());
            Ok(Box::pin(stream::unfold(begin, |(mut all, mut stale, mut known)| async move {
                tokio::select! {
                    next = all.next() => known = next?,
                    changed = stale.changed() => changed.ok()?,
                }
                let is_stale = *stale.borrow_and_update();
                known.health = if is_stale { Health::Stale } else { Health::Fresh };
                Some((known.clone(), (all, stale, known)))
            })) as InstanceSnapshots)
        })
    }

    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        self.inner.applications()
    }
}

/// A client of metadata services that answers by a script.
#[derive(Default)]
pub(crate) struct Answers {
    infos: Mutex<HashMap<String, MetadataInfo>>,
    /// The failures of a revision before its answer.
    failures: Mutex<HashMap<String, usize>>,
    /// Ports of instances that never answer.
    broken: Mutex<HashSet<u16>>,
    /// The permits that answers wait for, by revision.
    held: Mutex<HashMap<String, Arc<Semaphore>>>,
    pub(crate) calls: Mutex<Vec<(String, Duration)>>,
    began: Mutex<Option<tokio::time::Instant>>,
    pub(crate) running: AtomicUsize,
    pub(crate) most: AtomicUsize,
}

impl Answers {
    pub(crate) fn new(infos: &[MetadataInfo]) -> Arc<Self> {
        let answers = Self::default();
        for info in infos {
            answers.answer(info);
        }
        *answers.began.lock() = Some(tokio::time::Instant::now());
        Arc::new(answers)
    }

    pub(crate) fn answer(&self, info: &MetadataInfo) {
        self.infos.lock().insert(info.revision.to_string(), info.clone());
    }

    pub(crate) fn fail(&self, revision: &str, times: usize) {
        self.failures.lock().insert(revision.to_owned(), times);
    }

    pub(crate) fn break_port(&self, port: u16) {
        self.broken.lock().insert(port);
    }

    /// Lets a revision wait, until a permit is added.
    pub(crate) fn hold(&self, revision: &str) -> Arc<Semaphore> {
        let held = Arc::new(Semaphore::new(0));
        self.held.lock().insert(revision.to_owned(), held.clone());
        held
    }

    /// The times of calls of a revision.
    pub(crate) fn calls_of(&self, revision: &str) -> Vec<Duration> {
        let calls = self.calls.lock();
        calls.iter().filter(|(of, _)| of == revision).map(|(_, at)| *at).collect()
    }
}

impl MetadataClient for Answers {
    fn metadata(&self, target: &MetadataTarget, revision: &str) -> Registering<'_, MetadataInfo> {
        let (port, revision) = (target.offer.port, revision.to_owned());
        Box::pin(async move {
            let at = self.began.lock().map(|began| began.elapsed()).unwrap_or_default();
            self.calls.lock().push((revision.clone(), at));
            let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(running, Ordering::Relaxed);
            let held = self.held.lock().get(&revision).cloned();
            if let Some(held) = held {
                held.acquire().await.unwrap().forget();
            }
            self.running.fetch_sub(1, Ordering::Relaxed);
            if self.broken.lock().contains(&port) {
                return Err(refused());
            }
            if let Some(left) = self.failures.lock().get_mut(&revision)
                && *left > 0
            {
                *left -= 1;
                return Err(refused());
            }
            self.infos.lock().get(&revision).cloned().ok_or_else(refused)
        })
    }
}

/// A registry of services whose registrations can be refused.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) inner: dubhe_registry::Memory,
    pub(crate) refuses: Arc<Mutex<bool>>,
    /// The time that a refusal takes.
    pub(crate) slow: Arc<Mutex<Duration>>,
}

impl Registry for Services {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        if *self.refuses.lock() {
            let slow = *self.slow.lock();
            return Box::pin(async move {
                tokio::time::sleep(slow).await;
                Err(refused())
            });
        }
        self.inner.register(registration)
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.inner.unregister(registration)
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.inner.subscribe(service)
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        self.inner.services()
    }

    fn name(&self) -> &'static str {
        "script://services"
    }
}
