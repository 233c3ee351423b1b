//! The instances of one application and their metadata, for all subscriptions that need them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::registry::{Excluded, Health, MAX_EXCLUDED};
use dubhe_core::time::{Duration, Instant, after};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Consumer;
use super::services::{Member, Services};
use crate::application::discovery::{InstanceSnapshot, ServiceDiscovery};
use crate::application::follow::{News, Task, follow};
use crate::application::instance::ServiceInstance;

/// The least time between two states that are told: instances that start or stop together give one
/// state, not many.
const COLLECT_TIME: Duration = Duration::from_millis(100);
/// The tries for metadata before it is said that they fail, and the pause between them (Dubbo Java
/// `AbstractServiceDiscovery.getRemoteMetadata`).
const TRIES: u32 = 3;
const TRY_PAUSE: Duration = Duration::from_secs(1);
/// The pauses after that.
const RETRIES: FullJitter =
    FullJitter { initial: Duration::from_secs(2), factor: 1.6, max: Duration::from_secs(10) };
/// The instances of a revision that are asked for its metadata, in turn.
const CANDIDATES: usize = 8;

/// The present knowledge of an application.
#[derive(Default)]
pub(super) struct State {
    /// `true` once its instances were listed.
    pub(super) answered: bool,
    /// `true` once the metadata of each revision was asked for, too.
    pub(super) complete: bool,
    pub(super) health: Health,
    pub(super) members: Arc<Vec<Member>>,
    pub(super) excluded: Vec<Excluded>,
    pub(super) error: Option<Status>,
}

/// A subscription to the instances of an application, which ends with the last of its users.
pub(super) struct Application {
    state: watch::Receiver<Arc<State>>,
    _task: Task,
}

impl Application {
    pub(super) fn new(
        consumer: &Arc<Consumer>,
        instances: Arc<dyn ServiceDiscovery>,
        name: ByteString,
    ) -> Self {
        let (sender, state) = watch::channel(Arc::default());
        let parts = &consumer.parts;
        let follower = Follower {
            consumer: consumer.clone(),
            name,
            answered: false,
            health: Health::Stale,
            members: Arc::default(),
            excluded: Vec::new(),
            lost: None,
            revisions: HashMap::new(),
            digests: RandomState::new(),
            running: JoinSet::new(),
            sender,
            dirty: false,
            quiet_until: parts.pauses.clock.now(),
        };
        let task = parts.runtime.spawn(follower.run(instances));
        Self { state, _task: Task(task.abort_handle()) }
    }

    pub(super) fn follow(&self) -> watch::Receiver<Arc<State>> {
        self.state.clone()
    }
}

/// A revision that an instance names.
struct Revision {
    fetch: Fetch,
    /// Some of its instances, of all with the same chance.
    candidates: Vec<ServiceInstance>,
    /// The instances of which those are some.
    count: u64,
    failures: u32,
    error: Option<Status>,
}

enum Fetch {
    /// Begins at this time.
    At(Instant),
    Running {
        _task: Task,
    },
    Done(Arc<Services>),
}

struct Follower {
    consumer: Arc<Consumer>,
    name: ByteString,
    answered: bool,
    health: Health,
    members: Arc<Vec<Member>>,
    /// Instances that their registry excludes.
    excluded: Vec<Excluded>,
    /// The reason why the instances cannot be followed.
    lost: Option<Status>,
    revisions: HashMap<ByteString, Revision>,
    /// Makes digests of instances, with a key that nobody knows: equal ones are of equal instances.
    digests: RandomState,
    running: JoinSet<(ByteString, Result<Services, Status>)>,
    sender: watch::Sender<Arc<State>>,
    /// `true` if there is something to tell.
    dirty: bool,
    /// The moment before which nothing is told.
    quiet_until: Instant,
}

impl Follower {
    async fn run(mut self, instances: Arc<dyn ServiceDiscovery>) {
        let mut news = self.follow(instances);
        loop {
            self.start();
            let clock = self.consumer.parts.pauses.clock.clone();
            if self.dirty && clock.now() >= self.quiet_until {
                self.tell();
            }
            let waits = self.next_start();
            let next_start = async {
                match waits {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                news = news.next() => match news {
                    Some(News::Present(snapshot)) => self.take(snapshot),
                    Some(News::Lost(error)) => {
                        (self.answered, self.dirty) = (true, true);
                        (self.health, self.lost) = (Health::Stale, Some(error));
                    }
                    None => return,
                },
                Some(done) = self.running.join_next() => {
                    // One that was given up has no outcome.
                    if let Ok((revision, outcome)) = done {
                        self.fetched(&revision, outcome);
                    }
                },
                () = next_start => {}
                () = clock.sleep_until(self.quiet_until), if self.dirty => {}
            }
        }
    }

    fn follow(
        &self,
        instances: Arc<dyn ServiceDiscovery>,
    ) -> BoxStream<'static, News<InstanceSnapshot>> {
        let (name, pauses) = (self.name.clone(), self.consumer.parts.pauses.clone());
        let what = format!("instances of {name}");
        follow(what, instances.name().to_owned(), instances.backoff(), pauses, move || {
            let (instances, name) = (instances.clone(), name.clone());
            Box::pin(async move { instances.subscribe(&name).await })
        })
    }

    /// Takes the whole list of instances.
    fn take(&mut self, snapshot: InstanceSnapshot) {
        (self.answered, self.dirty) = (true, true);
        (self.health, self.lost) = (snapshot.health, None);
        self.excluded = snapshot.excluded;
        let known: HashMap<_, _> = self.members.iter().map(|m| (m.address(), m)).collect();
        let now = self.consumer.parts.pauses.clock.now();
        let random = &self.consumer.parts.pauses.random;
        for revision in self.revisions.values_mut() {
            revision.count = 0;
            revision.candidates.clear();
        }
        let mut named = HashSet::new();
        let mut members = Vec::with_capacity(snapshot.instances.len());
        for found in &snapshot.instances {
            let before = known.get(&(&found.instance.host, found.port)).copied();
            let digest = self.digests.hash_one(&found.instance);
            let mut member = Member::after(found, digest, before, &self.name);
            if !member.revision.is_empty() {
                // One text for all that name it.
                if let Some((name, _)) = self.revisions.get_key_value(&member.revision) {
                    member.revision = name.clone();
                }
                let name = member.revision.clone();
                let revision = self.revisions.entry(name.clone()).or_insert_with(|| Revision {
                    fetch: Fetch::At(now),
                    candidates: Vec::new(),
                    count: 0,
                    failures: 0,
                    error: None,
                });
                match &revision.fetch {
                    Fetch::Done(services) => member.learn(services.clone()),
                    _ => revision.offer(found, |below| random.below(below)),
                }
                named.insert(name);
            }
            members.push(member);
        }
        self.revisions.retain(|name, _| named.contains(name));
        self.members = Arc::new(members);
    }

    /// The time at which the next fetch is to begin.
    fn next_start(&self) -> Option<Instant> {
        let starts = self.revisions.values().filter_map(|revision| match revision.fetch {
            Fetch::At(at) if !revision.candidates.is_empty() => Some(at),
            _ => None,
        });
        starts.min()
    }

    /// Begins the fetches that are due.
    fn start(&mut self) {
        let parts = &self.consumer.parts;
        let now = parts.pauses.clock.now();
        for (name, revision) in &mut self.revisions {
            let Fetch::At(at) = revision.fetch else { continue };
            let turn = usize::try_from(revision.failures).unwrap_or_default();
            let candidate = turn.checked_rem(revision.candidates.len());
            let Some(instance) = candidate.and_then(|index| revision.candidates.get(index)) else {
                continue;
            };
            if at > now {
                continue;
            }
            let (consumer, name, instance) =
                (self.consumer.clone(), name.clone(), instance.clone());
            let fetch = async move {
                let fetch = AssertUnwindSafe(consumer.fetch(&instance, &name)).catch_unwind();
                let panicked = |_| Err(Status::internal("it panicked; the log says where"));
                let outcome = fetch.await.unwrap_or_else(panicked);
                (name, outcome)
            };
            let task = self.running.spawn_on(fetch, &parts.runtime);
            revision.fetch = Fetch::Running { _task: Task(task) };
        }
    }

    /// Takes the outcome of a fetch.
    fn fetched(&mut self, name: &ByteString, outcome: Result<Services, Status>) {
        // A revision that no instance has any more is of no interest.
        let Some(revision) = self.revisions.get_mut(name) else { return };
        self.dirty = true;
        let (application, revision_name) = (&*self.name, &**name);
        match outcome {
            Ok(services) => {
                let services = Arc::new(services);
                for member in Arc::make_mut(&mut self.members) {
                    if member.revision == *name {
                        member.learn(services.clone());
                    }
                }
                if revision.failures >= TRIES {
                    tracing::info!(
                        application,
                        revision = revision_name,
                        "the metadata of a revision can be read again"
                    );
                }
                *revision = Revision {
                    fetch: Fetch::Done(services),
                    candidates: Vec::new(),
                    count: 0,
                    failures: 0,
                    error: None,
                };
            }
            Err(error) => {
                revision.failures = revision.failures.saturating_add(1);
                let pauses = &self.consumer.parts.pauses;
                let failures = revision.failures;
                let pause = match failures.checked_sub(TRIES) {
                    None => TRY_PAUSE,
                    Some(more) => pauses.pause(RETRIES, more + 1),
                };
                if failures == TRIES || failures > TRIES && failures.is_power_of_two() {
                    tracing::warn!(
                        application, revision = revision_name, %error, ?pause,
                        "cannot read the metadata of a revision; trying again"
                    );
                }
                revision.fetch = Fetch::At(after(pauses.clock.now(), pause));
                revision.error = Some(error);
            }
        }
    }

    /// Tells what is known now.
    fn tell(&mut self) {
        self.dirty = false;
        self.quiet_until = self.consumer.parts.pauses.clock.now() + COLLECT_TIME;
        let asked =
            |revision: &Revision| revision.failures > 0 || matches!(revision.fetch, Fetch::Done(_));
        let errors = || self.revisions.values().find_map(|revision| revision.error.clone());
        let state = State {
            answered: self.answered,
            complete: self.answered && self.revisions.values().all(asked),
            health: self.health,
            members: self.members.clone(),
            excluded: self.excluded(),
            error: self.lost.clone().or_else(errors),
        };
        self.sender.send_replace(Arc::new(state));
    }

    /// The instances that have no services, with the reasons.
    fn excluded(&self) -> Vec<Excluded> {
        let without = self.members.iter().filter(|member| member.services.is_none());
        let own = without.filter_map(|member| {
            let why: ByteString = if member.revision.is_empty() {
                "it names no revision of its metadata: it exports no service, or is not of Dubbo"
                    .into()
            } else {
                let error = self.revisions.get(&member.revision)?.error.as_ref()?;
                let revision = &member.revision;
                format!("the metadata of its revision {revision} cannot be read: {error}").into()
            };
            Some(Excluded::new(member.text(), why))
        });
        self.excluded.iter().cloned().chain(own).take(MAX_EXCLUDED).collect()
    }
}

impl Revision {
    /// Keeps an instance to ask, or not: each of all has the same chance.
    fn offer(&mut self, found: &ServiceInstance, below: impl FnOnce(u64) -> u64) {
        self.count += 1;
        if self.candidates.len() < CANDIDATES {
            self.candidates.push(found.clone());
            return;
        }
        let place = usize::try_from(below(self.count)).unwrap_or(CANDIDATES);
        if let Some(other) = self.candidates.get_mut(place) {
            *other = found.clone();
        }
    }
}

impl Member {
    /// Reads what `found` says of itself, and keeps the services that were last known of it. One that names no
    /// revision any more, and does not end, has lost what it said of itself, not its services.
    fn after(
        found: &ServiceInstance,
        digest: u64,
        before: Option<&Self>,
        application: &ByteString,
    ) -> Self {
        let Some(before) = before else { return Self::new(found, digest, application) };
        if before.found == digest && before.port == found.port {
            return before.clone();
        }
        let mut member = Self::new(found, digest, application);
        if (!member.revision.is_empty() || !member.instance.terminating)
            && let Some(services) = &before.services
        {
            member.learn(services.clone());
        }
        if member.instance == before.instance {
            member.instance = before.instance.clone();
        }
        member
    }

    /// The address for people.
    fn text(&self) -> String {
        ServiceInstance { instance: self.instance.clone(), port: self.port }.address()
    }
}
