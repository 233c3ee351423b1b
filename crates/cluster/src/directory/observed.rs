//! Facts that a directory knows of its registries beside the providers: for errors, and for people.

use std::collections::HashMap;
use std::mem::replace;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::{
    DirectoryState, Endpoints, InstanceState, KnownTo, RegistryState, Usage,
};
use dubhe_core::registry::{DiscoveryLevel, Excluded, Health, Registry};
use dubhe_core::time::{Duration, Instant, SharedClock, SystemTime};
use dubhe_core::{Endpoint, ServiceKey};
use parking_lot::Mutex;

use super::join::Registries;
use super::source::{Held, Source, Why};
use crate::panicked::{guard, registry_name};

/// The held instances of a registry of which the address is kept.
const MAX_HELD: usize = DirectoryState::MAX_INSTANCES;

/// The registries in which a service is followed, and what they said last.
pub(super) struct Observed {
    service: ServiceKey,
    registries: Vec<Arc<dyn Registry>>,
    clock: SharedClock,
    seen: Mutex<Vec<Seen>>,
    unusable: Mutex<Vec<Unusable>>,
}

/// An instance that registries give and that cannot be called from here.
pub(super) struct Unusable {
    pub(super) instance: ByteString,
    pub(super) why: ByteString,
    pub(super) registries: Registries,
}

/// The last word of one registry.
#[derive(Clone)]
struct Seen {
    /// The reason why its subscription was lost, while it is.
    lost: Option<String>,
    health: Health,
    providers: usize,
    answered: Option<Instant>,
    cached: Option<SystemTime>,
    excluded: Vec<Excluded>,
    /// The level of its providers.
    level: Option<DiscoveryLevel>,
    held: HashMap<ByteString, HeldState>,
}

/// An instance that is held, and the level at which the registry knew it.
#[derive(Clone, Copy)]
struct HeldState {
    why: Why,
    until: Instant,
    level: Option<DiscoveryLevel>,
}

impl Observed {
    pub(super) fn new(
        registries: &[Arc<dyn Registry>],
        service: &ServiceKey,
        clock: SharedClock,
    ) -> Self {
        let nothing = Seen {
            lost: None,
            health: Health::Stale,
            providers: 0,
            answered: None,
            cached: None,
            excluded: Vec::new(),
            level: None,
            held: HashMap::new(),
        };
        let seen = Mutex::new(vec![nothing; registries.len()]);
        let (service, registries) = (service.clone(), registries.to_vec());
        Self { service, registries, clock, seen, unusable: Mutex::default() }
    }

    /// Notes the error that ended the subscription in the registry at this place, or `None` for an
    /// answer. Writes a line to the log for the first answer after an error.
    pub(super) fn note(&self, place: usize, error: Option<String>) {
        let answers = error.is_none();
        let before =
            self.seen.lock().get_mut(place).and_then(|seen| replace(&mut seen.lost, error));
        if answers && before.is_some() {
            let service = &self.service;
            let registry = self.registries.get(place).map(registry_name);
            tracing::info!(%service, registry, "follows the providers again");
        }
    }

    /// Notes what the registry at this place said last, and who of it is held.
    pub(super) fn see(&self, place: usize, source: &Source) {
        let held = source.held.iter().take(MAX_HELD);
        let held = held.map(|held| {
            let Held { why, until, level, .. } = *held;
            (address(&held.endpoint), HeldState { why, until, level })
        });
        let held = held.collect();
        if let Some(seen) = self.seen.lock().get_mut(place) {
            seen.health = source.health;
            seen.providers = source.providers.len();
            seen.answered = source.answered;
            seen.cached = source.cached;
            seen.excluded.clone_from(&source.excluded);
            seen.level = source.level;
            seen.held = held;
        }
    }

    /// Notes the instances that registries give and that cannot be called from here.
    pub(super) fn see_unusable(&self, unusable: Vec<Unusable>) {
        *self.unusable.lock() = unusable;
    }

    /// The last error of each registry, `None` for one without.
    fn errors(&self) -> Vec<Option<String>> {
        let lost: Vec<_> = self.seen.lock().iter().map(|seen| seen.lost.clone()).collect();
        let of_registries = self.registries.iter().zip(lost).map(|(registry, lost)| {
            let failure = guard(|| registry.failure(&self.service), || "a registry".to_owned());
            failure.ok().flatten().map(|status| status.to_string()).or(lost)
        });
        of_registries.collect()
    }

    /// Returns the last errors as a text, if there is one, and the age of what stands for answers.
    pub(super) fn text(&self) -> Option<String> {
        let errors = self.errors().into_iter().flatten();
        let cached = self.seen.lock().iter().filter_map(|seen| seen.cached).min();
        let cached = cached.map(|saved| {
            let age = self.age(saved).as_secs();
            format!("the providers are those of a cache that is {age} s old")
        });
        let all: Vec<_> = errors.chain(cached).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn age(&self, saved: SystemTime) -> Duration {
        self.clock.wall().duration_since(saved).unwrap_or_default()
    }

    /// The account of `set`: those first that are not used. `known_to` has the registries of each of its
    /// endpoints, in their order.
    pub(super) fn explain(&self, set: &Endpoints, known_to: &[Registries]) -> DirectoryState {
        let (now, errors) = (self.clock.now(), self.errors());
        let seen = self.seen.lock().clone();
        let registries = self.registries.iter().zip(&seen).zip(errors);
        let registries = registries.map(|((registry, seen), error)| {
            let mut state = RegistryState::new(registry_name(registry), seen.health);
            state.providers = seen.providers;
            state.answered = seen.answered.map(|at| now.saturating_duration_since(at));
            state.cached = seen.cached.map(|saved| self.age(saved));
            state.error = error;
            state
        });
        let mut state = DirectoryState::new(registries.collect());
        let names: Vec<_> = state.registries.iter().map(|registry| registry.name.clone()).collect();
        let named = names.iter().zip(&seen);
        for (name, of) in named.clone() {
            for excluded in &of.excluded {
                state.add(|| {
                    let usage = Usage::Excluded { why: excluded.why.clone() };
                    let mut state = InstanceState::new(excluded.instance.clone(), usage);
                    state.known_to.push(KnownTo::new(name.clone(), excluded.level));
                    state
                });
            }
        }
        let known = |instance: &ByteString, usage: Usage, registries: Option<Registries>| {
            let mut state = InstanceState::new(instance.clone(), usage);
            let know = named.clone().enumerate();
            let know = know.filter(|(place, _)| registries.is_some_and(|all| all.contain(*place)));
            state.known_to.extend(know.map(|(_, (name, of))| {
                let level = of.held.get(instance).map_or(of.level, |held| held.level);
                KnownTo::new(name.clone(), level)
            }));
            state
        };
        for Unusable { instance, why, registries } in &*self.unusable.lock() {
            let usage = || Usage::Excluded { why: why.clone() };
            state.add(|| known(instance, usage(), Some(*registries)));
        }
        // Of another set than that of the directory it is not known.
        let known_to = if known_to.len() == set.len() { known_to } else { &[] };
        let mut known_to = known_to.iter().copied();
        let mut used = Vec::new();
        for endpoint in set {
            let (address, registries) = (address(endpoint), known_to.next());
            let held = seen.iter().find_map(|seen| seen.held.get(&address));
            let usage = match (held, why_passed_over(endpoint, now)) {
                (Some(HeldState { why, until, .. }), _) => Usage::Held {
                    why: why.text().into(),
                    left: until.saturating_duration_since(now),
                },
                (None, Some(why)) => Usage::PassedOver { why: why.into() },
                (None, None) => {
                    used.push((address, registries));
                    continue;
                }
            };
            state.add(|| known(&address, usage, registries));
        }
        for (instance, registries) in used {
            state.add(|| known(&instance, Usage::Used, registries));
        }
        state
    }
}

fn address(endpoint: &Endpoint) -> ByteString {
    endpoint.to_string().into()
}

/// The reason why picks pass `endpoint` over while others are there.
fn why_passed_over(endpoint: &Endpoint, now: Instant) -> Option<&'static str> {
    let (instance, state) = (endpoint.instance(), endpoint.state());
    if instance.terminating {
        Some("it terminates")
    } else if !instance.ready {
        Some("it is not ready")
    } else if state.ejected(now).is_some() {
        Some("calls to it failed; it is tried again later")
    } else if state.is_away(now) {
        Some("it has no connection that takes calls")
    } else {
        None
    }
}
