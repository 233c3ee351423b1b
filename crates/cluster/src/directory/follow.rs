//! The task of a directory: from the news of registries to the set that calls read.

use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::sync::Arc;

use dubhe_core::connect::ChannelState;
use dubhe_core::endpoint::{EndpointState, Endpoints};
use dubhe_core::random::RandomSource;
use dubhe_core::registry::{Health, Registry, Snapshot};
use dubhe_core::time::{Duration, Instant, SharedClock, after};
use dubhe_core::{Endpoint, ServiceKey};
use futures_util::StreamExt as _;
use tokio::task::{JoinHandle, spawn_blocking, yield_now};

use super::cache::{Cached, ProviderCache};
use super::connects::Connects;
use super::join::join;
use super::observed::Observed;
use super::recent::MAX_LEFT;
use super::set::ChangingSet;
use super::source::{Held, Source, Why, is_alive, key};
use super::subscription::{AllNews, News};
use crate::channels::Channels;
use crate::panicked::{PAUSE, Panicked, guard, registry_name, until};

/// The least time between two sets: what registries say meanwhile gives one.
const WINDOW: Duration = Duration::from_millis(100);
/// The pause between two looks at the connections of those that are held.
const LOOK: Duration = Duration::from_millis(100);
/// The time that a registry has to answer before the list of the cache stands for its own.
const CACHE_WAIT: Duration = Duration::from_millis(500);
/// The time for which changes are collected before they are saved.
const SAVE_AFTER: Duration = Duration::from_secs(1);
/// The largest set of which all members are connected before a call needs them.
const EAGER: usize = MAX_LEFT;
/// The members of a larger set that are connected, one of which is enough.
const TRIED: usize = 8;

/// The registries that a directory follows, and all that it takes.
pub(super) struct Follow {
    pub(super) service: ServiceKey,
    pub(super) registries: Vec<Arc<dyn Registry>>,
    pub(super) set: FollowedSet,
    pub(super) observed: Arc<Observed>,
    pub(super) channels: Arc<Channels>,
    pub(super) cache: Option<ProviderCache>,
    pub(super) clock: SharedClock,
    pub(super) random: Arc<dyn RandomSource>,
}

/// A set that is followed; stale once its task has ended, as with the runtime that it runs in.
pub(super) struct FollowedSet(pub(super) Arc<ChangingSet>);

impl Drop for FollowedSet {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The state of the task.
struct Follower {
    follow: Follow,
    began: Instant,
    registries: Vec<Followed>,
    published: bool,
    /// The set is not what the registries say.
    dirty: bool,
    /// A part panicked, and is asked again after a pause or for other news.
    failed: bool,
    /// The moment before which no other set is published.
    not_before: Instant,
    /// The moment of the next look at those that are held.
    look_at: Option<Instant>,
    connects: Connects,
    /// The endpoints of which one must be connected before others that are held leave.
    awaited: Vec<Endpoint>,
    /// Endpoints of the set have been told that no registry knows them.
    marked: bool,
    save_at: Option<Instant>,
    saving: Option<JoinHandle<()>>,
}

/// A registry that is followed.
#[derive(Default)]
struct Followed {
    source: Source,
    /// The latest snapshot, which is not believed yet.
    pending: Option<Snapshot>,
    /// Set once it has said something, or failed.
    heard: bool,
    /// Set once it has given a list that was current.
    answered: bool,
    /// Set while it has failed, or said that it cannot be asked, and never answered.
    failed: bool,
    /// The list of the cache, until the registry answers or it is used.
    saved: Option<Cached>,
    /// The list differs from that on disk.
    unsaved: bool,
}

impl Follow {
    /// Follows the registries until they are gone, which they never are.
    pub(super) async fn run(self, mut changes: AllNews) {
        let clock = self.clock.clone();
        let mut loading = self.load();
        let mut follower = Follower::new(self);
        loop {
            let loaded = async {
                match &mut loading {
                    Some(loading) => loading.await.unwrap_or_default(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                news = changes.next() => {
                    let Some((place, news)) = news else { return };
                    follower.note(place, news);
                }
                saved = loaded => {
                    loading = None;
                    for (registry, saved) in follower.registries.iter_mut().zip(saved) {
                        registry.saved = saved;
                    }
                }
                () = until(&clock, follower.wake()) => {}
            }
            // A registry whose news never ends must not keep the thread.
            yield_now().await;
            let advance = || follower.advance();
            if let Err(error) = guard(advance, || "the protocol of an endpoint".to_owned()) {
                follower.fail(&error);
            }
        }
    }

    /// Reads what the cache has of each registry.
    fn load(&self) -> Option<JoinHandle<Vec<Option<Cached>>>> {
        let (cache, service) = (self.cache.clone()?, self.service.clone());
        let names = self.registries.iter().map(|one| registry_name(one).to_owned());
        let names: Vec<_> = names.collect();
        Some(spawn_blocking(move || names.iter().map(|name| cache.read(name, &service)).collect()))
    }
}

impl Follower {
    fn new(follow: Follow) -> Self {
        let began = follow.clock.now();
        Self {
            began,
            registries: follow.registries.iter().map(|_| Followed::default()).collect(),
            follow,
            published: false,
            dirty: false,
            failed: false,
            not_before: began,
            look_at: None,
            connects: Connects::default(),
            awaited: Vec::new(),
            marked: false,
            save_at: None,
            saving: None,
        }
    }

    /// Notes the news of the registry at `place`.
    fn note(&mut self, place: usize, news: News) {
        let Some(registry) = self.registries.get_mut(place) else { return };
        if !registry.heard {
            // The first word of each counts at once.
            registry.heard = true;
            self.not_before = self.not_before.min(self.follow.clock.now());
        } else if take(&mut self.failed) {
            // Others than those that a part panicked at.
            self.not_before = self.not_before.min(after(self.follow.clock.now(), WINDOW));
        }
        self.dirty = true;
        let lost = match news {
            News::Snapshot(snapshot) => {
                let fresh = snapshot.health == Health::Fresh;
                registry.answered |= fresh;
                registry.failed = !fresh && snapshot.providers.is_empty();
                registry.pending = Some(snapshot);
                None
            }
            News::Lost(error) => {
                registry.failed = true;
                // What it said before it was lost counts.
                match &mut registry.pending {
                    Some(pending) => pending.health = Health::Stale,
                    None => registry.source.health = Health::Stale,
                }
                Some(error)
            }
        };
        self.follow.observed.note(place, lost);
    }

    /// The next moment at which there is something to do.
    fn wake(&self) -> Option<Instant> {
        let cached = self.registries.iter().any(|registry| registry.saved.is_some());
        let all = [
            self.dirty.then_some(self.not_before),
            cached.then(|| after(self.began, CACHE_WAIT)),
            self.look_at,
            self.connects.next(),
            self.save_at,
        ];
        all.into_iter().flatten().min()
    }

    /// Does what is due.
    fn advance(&mut self) {
        let now = self.follow.clock.now();
        self.begin_with_cache(now);
        self.connects.advance(now, &self.follow.channels, &*self.follow.random);
        if self.dirty && self.not_before <= now {
            self.dirty = false;
            self.believe(now);
            self.look(now);
            self.publish(now);
        } else if self.look_at.is_some_and(|at| at <= now) && self.look(now) {
            self.publish(now);
        }
        let holds = self.registries.iter().any(|registry| registry.source.holds());
        let next = self.not_before.max(after(now, LOOK));
        self.look_at =
            if holds { self.look_at.filter(|at| now < *at).or(Some(next)) } else { None };
        if self.save_at.is_some_and(|at| at <= now) {
            self.save(now);
        }
    }

    /// Goes on after a panic, for which all that was under way is given up, later.
    fn fail(&mut self, error: &Panicked) {
        let service = &self.follow.service;
        tracing::error!(%service, %error, "cannot use the providers; those before stay");
        self.connects = Connects::default();
        self.awaited.clear();
        (self.dirty, self.failed) = (true, true);
        self.not_before = after(self.follow.clock.now(), PAUSE);
        (self.look_at, self.save_at) = (None, None);
    }

    /// Lets the lists of the cache stand for registries that have not answered in time.
    fn begin_with_cache(&mut self, now: Instant) {
        let late = after(self.began, CACHE_WAIT) <= now;
        let service = &self.follow.service;
        let names = self.follow.registries.iter().map(registry_name);
        for (followed, registry) in self.registries.iter_mut().zip(names) {
            if followed.answered || followed.heard && !followed.failed {
                followed.saved = None;
            }
            if !late && !followed.failed {
                continue;
            }
            if let Some(Cached { providers, saved }) = followed.saved.take() {
                let age = self.follow.clock.wall().duration_since(saved).unwrap_or_default();
                let age = Duration::from_secs(age.as_secs());
                tracing::warn!(
                    %service, registry, providers = providers.len(), ?age,
                    "a registry has not answered; its providers are those of the cache"
                );
                followed.source.begin_with(providers, saved);
                self.dirty = true;
            }
        }
    }

    /// Takes over what the registries have said, and holds who is missing too suddenly.
    fn believe(&mut self, now: Instant) {
        let set = self.follow.set.0.snapshot();
        let service = &self.follow.service;
        let names = self.follow.registries.iter().map(registry_name);
        for (followed, registry) in self.registries.iter_mut().zip(names) {
            let Some(snapshot) = followed.pending.take() else { continue };
            let source = &mut followed.source;
            let held = source.take(snapshot, &set, now);
            followed.unsaved |= source.health == Health::Fresh;
            match held {
                Some(Why::Shrunk) => {
                    source.ask(now, |registration| self.follow.set.0.endpoint(registration));
                    let asked = source.held.iter().chain(&source.asked);
                    let idle = asked.map(|held| &held.endpoint);
                    let idle = idle.filter(|endpoint| !is_alive(endpoint)).take(EAGER);
                    self.connects.add(idle.cloned());
                }
                Some(Why::Replaced) => {
                    let held = source.held.len();
                    tracing::debug!(%service, registry, held, "providers stay until others are connected");
                }
                None => {}
            }
        }
        self.drop_listed();
    }

    /// Holds and asks nobody whom some registry knows.
    fn drop_listed(&mut self) {
        let both = |source: &mut Source| (take(&mut source.held), take(&mut source.asked));
        let mut all: Vec<(Vec<Held>, Vec<Held>)> =
            self.registries.iter_mut().map(|registry| both(&mut registry.source)).collect();
        if all.iter().any(|(held, asked)| !held.is_empty() || !asked.is_empty()) {
            let providers = self.registries.iter().flat_map(|one| &one.source.providers);
            let listed: HashSet<_> = providers.map(key).collect();
            for of_one in all.iter_mut().flat_map(|(held, asked)| [held, asked]) {
                of_one.retain(|held| !listed.contains(&key(&held.registration)));
            }
        }
        for (registry, of_one) in self.registries.iter_mut().zip(all) {
            (registry.source.held, registry.source.asked) = of_one;
        }
    }

    /// Lets those that are held go whose time has come. Returns `true` if one went, or one that was asked lives.
    fn look(&mut self, now: Instant) -> bool {
        let replaced = self.awaited.iter().any(is_alive);
        let unasked = self.connects.waiting();
        let service = &self.follow.service;
        let names = self.follow.registries.iter().map(registry_name);
        let mut other = false;
        for (followed, registry) in self.registries.iter_mut().zip(names) {
            let changed = followed.source.look(now, replaced, &unasked);
            followed.unsaved |= changed && followed.source.health == Health::Fresh;
            other |= changed;
            if let Some(held) = followed.source.loss(now) {
                let left = followed.source.providers.len();
                tracing::warn!(
                    %service, registry, left, held,
                    "a registry lost most providers within 30 s; those that live stay for up to 30 s"
                );
            }
        }
        other
    }

    fn publish(&mut self, now: Instant) {
        for (place, registry) in self.registries.iter().enumerate() {
            self.follow.observed.see(place, &registry.source);
        }
        let joined = join(self.registries.iter().map(|registry| &registry.source));
        // The first calls wait while another registry may know somebody.
        let vague = joined.health == Health::Stale || !self.registries.iter().all(|one| one.heard);
        if !self.published && vague && joined.providers.is_empty() {
            return;
        }
        self.published = true;
        self.not_before = after(now, WINDOW);
        let set = &self.follow.set.0;
        let before = set.snapshot();
        let updated = guard(|| set.update(&joined), || "the protocol of an endpoint".to_owned());
        if let Err(error) = updated {
            return self.fail(&error);
        }
        let set = set.snapshot();
        self.reset_backoffs(&before, &set);
        self.mark(&set);
        self.connect(&before, &set);
        if self.follow.cache.is_some() && self.registries.iter().any(|one| one.unsaved) {
            self.save_at.get_or_insert_with(|| after(now, SAVE_AFTER));
        }
    }

    /// The endpoints that registries have lost, and that are held.
    fn held(&self) -> HashSet<*const EndpointState> {
        let held = self.registries.iter().flat_map(|registry| &registry.source.held);
        held.map(|held| Arc::as_ptr(held.endpoint.state())).collect()
    }

    /// Tells the endpoints of `set` whether a registry knows them. Those of several services may share what
    /// they are told, and are told nothing.
    fn mark(&mut self, set: &Endpoints) {
        let held = self.held();
        let marks = !held.is_empty() && !self.follow.service.is_pattern();
        if marks || self.marked {
            for endpoint in set {
                let state = endpoint.state();
                state.set_listed(!marks || !held.contains(&Arc::as_ptr(state)));
            }
        }
        self.marked = marks;
    }

    /// Lets channels that pause between attempts to connect try at once where a registry has news of their
    /// provider: it is listed or ready again, or began anew.
    fn reset_backoffs(&self, before: &Endpoints, set: &Endpoints) {
        let pausing = set.iter().filter_map(|endpoint| {
            let channel = endpoint.state().channel()?;
            let pauses = channel.state() == ChannelState::Connecting;
            pauses.then(|| (Arc::as_ptr(endpoint.state()), (endpoint, channel)))
        });
        let pausing: HashMap<_, _> = pausing.collect();
        if pausing.is_empty() {
            return;
        }
        let held = self.held();
        for old in before {
            let state = Arc::as_ptr(old.state());
            let Some((new, channel)) = pausing.get(&state).filter(|_| !held.contains(&state))
            else {
                continue;
            };
            let (then, now) = (old.instance(), new.instance());
            let ready = now.is_available() && !then.is_available();
            if ready || !old.state().is_listed() || then.started != now.started {
                channel.reset_backoff();
            }
        }
    }

    /// Connects those in whose place others are held.
    fn connect(&mut self, before: &Endpoints, set: &Endpoints) {
        let asked = self.registries.iter().flat_map(|registry| &registry.source.asked);
        self.connects.keep(set.iter().chain(asked.map(|asked| &asked.endpoint)));
        let held = self.registries.iter().flat_map(|registry| &registry.source.held);
        let held: HashSet<_> = held
            .filter(|held| held.why == Why::Replaced)
            .map(|held| held.endpoint.identity())
            .collect();
        if held.is_empty() {
            self.awaited.clear();
            return;
        }
        if !self.awaited.is_empty() {
            let present: HashSet<_> = set.iter().map(|endpoint| endpoint.identity()).collect();
            self.awaited.retain(|endpoint| present.contains(&endpoint.identity()));
        }
        let known: HashSet<_> = before.iter().map(|endpoint| endpoint.identity()).collect();
        let added = set.iter().filter(|endpoint| !known.contains(&endpoint.identity()));
        let mut wanted: Vec<_> = added.cloned().collect();
        if wanted.is_empty() && self.awaited.is_empty() {
            let others = set.iter().filter(|endpoint| !held.contains(&endpoint.identity()));
            wanted = others.cloned().collect();
        }
        let most = if set.len() <= EAGER { EAGER } else { TRIED };
        self.connects.add(wanted.iter().filter(|endpoint| !is_alive(endpoint)).take(most).cloned());
        self.awaited.extend(wanted);
    }

    /// Saves the lists that differ from those on disk.
    fn save(&mut self, now: Instant) {
        let Some(cache) = self.follow.cache.clone() else { return };
        if self.saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            self.save_at = Some(after(now, SAVE_AFTER));
            return;
        }
        self.save_at = None;
        let names = self.follow.registries.iter().map(registry_name);
        let unsaved = self.registries.iter_mut().zip(names).filter(|(one, _)| one.unsaved);
        let lists = unsaved.map(|(followed, name)| {
            followed.unsaved = false;
            let held = followed.source.held.iter().map(|held| &held.registration);
            let all: Vec<_> = followed.source.providers.iter().chain(held).cloned().collect();
            (name.to_owned(), all)
        });
        let lists: Vec<_> = lists.collect();
        let (service, saved) = (self.follow.service.clone(), self.follow.clock.wall());
        self.saving = Some(spawn_blocking(move || {
            for (registry, providers) in lists {
                if let Err(error) = cache.write(&registry, &service, &providers, saved) {
                    tracing::warn!(%service, registry, %error, "cannot save the providers in the cache");
                }
            }
        }));
    }
}
