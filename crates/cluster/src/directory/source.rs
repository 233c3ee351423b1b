//! The providers of one registry, as far as they are believed.

use std::collections::{HashMap, HashSet};
use std::mem::{replace, take};
use std::sync::Arc;

use dubhe_core::connect::ChannelState;
use dubhe_core::endpoint::{EndpointState, Endpoints, Offer, SharedParams};
use dubhe_core::registry::{DiscoveryLevel, Excluded, Health, Registration, Snapshot};
use dubhe_core::time::{Duration, Instant, SystemTime, after};
use dubhe_core::{ByteString, Endpoint, ServiceKey};

use super::recent::Recent;

/// The time for which a provider that is alive is called after a push without most of those before, and for
/// which a list counts among these.
pub(super) const SHRUNK_HOLD: Duration = Duration::from_secs(30);
/// The time for which those that take its place have to connect.
const REPLACED_HOLD: Duration = Duration::from_secs(5);
/// The time for which a provider may have no connection after it was left out.
const DEAD_AFTER: Duration = Duration::from_secs(5);

/// The time for which providers are held before the log has a line: those that stop in order are gone by
/// then.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// The facts that tell one registration from another.
pub(super) type Key<'a> = (&'a Offer, &'a ByteString, &'a ServiceKey);

pub(super) fn key(provider: &Registration) -> Key<'_> {
    (&provider.offer, &provider.instance.host, &provider.service)
}

/// The providers of one registry.
pub(super) struct Source {
    /// The last list.
    pub(super) providers: Vec<Registration>,
    /// The providers of lists before that are called still.
    pub(super) held: Vec<Held>,
    /// Providers that left before most were gone, and are asked whether they live; not called unless they do.
    pub(super) asked: Vec<Held>,
    /// The lists of late.
    pub(super) recent: Recent,
    /// The parameters that they have in common.
    pub(super) params: SharedParams,
    pub(super) health: Health,
    pub(super) excluded: Vec<Excluded>,
    /// The level of the last list.
    pub(super) level: Option<DiscoveryLevel>,
    /// The moment of the last list that was current.
    pub(super) answered: Option<Instant>,
    /// The moment at which the list was saved, when it is from the cache.
    pub(super) cached: Option<SystemTime>,
    /// The log has a line about those that are held.
    pub(super) told: bool,
}

/// A provider that its registry does not know any more.
pub(super) struct Held {
    pub(super) registration: Registration,
    pub(super) endpoint: Endpoint,
    /// The level at which its registry knew it.
    pub(super) level: Option<DiscoveryLevel>,
    pub(super) why: Why,
    /// The moment at which it leaves in any case.
    pub(super) until: Instant,
    /// The moment at which it leaves unless it is connected by then; `None` while it is.
    dead_at: Option<Instant>,
}

/// The reason why a provider is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The registry lost most providers within 30 s.
    Shrunk,
    /// The providers that take its place are not connected yet.
    Replaced,
}

impl Why {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Shrunk => {
                "its registry lost most providers within 30 s, and it is asked whether it lives"
            }
            Self::Replaced => "those that take its place are not connected yet",
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            held: Vec::new(),
            asked: Vec::new(),
            recent: Recent::default(),
            params: SharedParams::default(),
            health: Health::Stale,
            excluded: Vec::new(),
            level: None,
            answered: None,
            cached: None,
            told: false,
        }
    }
}

impl Source {
    /// Begins with the list of a cache, while the registry has given none.
    pub(super) fn begin_with(&mut self, mut providers: Vec<Registration>, saved: SystemTime) {
        self.share_params(&mut providers);
        self.providers = providers;
        self.cached = Some(saved);
    }

    /// Takes over what the registry says. Providers that are missing now are held when too many have gone
    /// within 30 s, or when nobody who remains is connected; `set` is the present one, of which these are.
    /// Returns the reason if any may be held.
    pub(super) fn take(&mut self, push: Snapshot, set: &Endpoints, now: Instant) -> Option<Why> {
        let Snapshot { mut providers, health, excluded, level } = push;
        self.health = health;
        self.excluded = excluded;
        if health == Health::Fresh {
            self.answered = Some(now);
        } else if providers.is_empty() {
            // A registry that cannot be asked knows nothing of anybody.
            return None;
        }
        self.cached = None;
        let level_before = replace(&mut self.level, level);
        self.share_params(&mut providers);
        let before = take(&mut self.providers);
        let listed: HashSet<Key<'_>> = providers.iter().map(key).collect();
        self.forget(&listed);
        let (all, left) = (before.len(), listed.len());
        let missing: Vec<_> = before.into_iter().filter(|p| !listed.contains(&key(p))).collect();
        let added = left > all - missing.len();
        drop(listed);
        self.providers = providers;
        // A list that shrinks in steps is no better than one that does so at once.
        let largest = self.recent.largest(all, now);
        if missing.is_empty() {
            return None;
        }

        let shrunk = left == 0 || largest >= 2 && left * 2 <= largest;
        let (missing, others) = find(missing, set);
        let missing = missing.into_iter().filter(|(registration, endpoint)| {
            !registration.instance.terminating && !is_leaving(endpoint) && !is_refused(endpoint)
        });
        let level = level_before;
        if shrunk {
            let until = after(now, SHRUNK_HOLD);
            self.held.iter_mut().for_each(Held::hold_on);
            self.held.extend(missing.map(|(registration, endpoint)| Held {
                registration,
                endpoint,
                level,
                why: Why::Shrunk,
                until,
                dead_at: None,
            }));
            let any = !self.held.is_empty() || self.recent.has_left();
            return any.then_some(Why::Shrunk);
        }
        let (why, until) = (Why::Replaced, after(now, REPLACED_HOLD));
        let holds = added || !others;
        let mut any = false;
        for (registration, endpoint) in missing {
            // Whoever is not connected is no help until others are.
            let held = holds && is_alive(&endpoint);
            if matches!(channel_state(&endpoint), ChannelState::Idle | ChannelState::Ready) {
                self.recent.leave(&registration, level, now);
            }
            if held {
                any = true;
                self.held.push(Held { registration, endpoint, level, why, until, dead_at: None });
            }
        }
        any.then_some(why)
    }

    /// Forgets that those of `listed` were missing.
    fn forget(&mut self, listed: &HashSet<Key<'_>>) {
        self.held.retain(|held| !listed.contains(&key(&held.registration)));
        self.asked.retain(|asked| !listed.contains(&key(&asked.registration)));
        self.recent.retain(|left| !listed.contains(&key(left)));
    }

    /// Asks those who left before most were gone whether they live. `endpoint` makes the endpoint of one
    /// that can be used.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        endpoint: impl Fn(&Registration) -> Option<Endpoint>,
    ) {
        for left in self.recent.take_left(now) {
            let known =
                self.held.iter().any(|held| key(&held.registration) == key(&left.registration));
            let Some(endpoint) = endpoint(&left.registration).filter(|_| !known) else { continue };
            let until = after(left.at, SHRUNK_HOLD);
            let (registration, level, why) = (left.registration, left.level, Why::Shrunk);
            self.asked.push(Held { registration, endpoint, level, why, until, dead_at: None });
        }
    }

    /// Returns `true` while somebody is held or asked.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty() || !self.asked.is_empty()
    }

    /// Keeps once what the parameters of these have in common.
    fn share_params(&mut self, providers: &mut [Registration]) {
        self.params.prune();
        self.params.share(providers.iter_mut().map(|provider| &mut provider.params));
    }

    /// The number of those that live though most are gone, when that has lasted and was not told before.
    pub(super) fn loss(&mut self, now: Instant) -> Option<usize> {
        let shrunk = self.held.iter().filter(|held| held.why == Why::Shrunk);
        let lasts = |held: &&Held| held.until <= after(now, SHRUNK_HOLD.saturating_sub(TOLD_AFTER));
        let (all, lasting) = (shrunk.clone().count(), shrunk.filter(lasts).count());
        self.told &= all > 0;
        let tells = lasting > 0 && !self.told;
        self.told |= tells;
        tells.then_some(all)
    }

    /// Lets those go that are dead, that have left by themselves, or whose time is over; with `replaced`,
    /// those too in whose place others are connected. Those that are `unasked` are not dead yet. Of those that
    /// were asked, the ones that live are held from now on. Returns `true` if one went or came.
    pub(super) fn look(
        &mut self,
        now: Instant,
        replaced: bool,
        unasked: &HashSet<*const EndpointState>,
    ) -> bool {
        let before = self.held.len();
        for held in self.held.iter().filter(|held| is_leaving(&held.endpoint)) {
            self.recent.retain(|left| key(left) != key(&held.registration));
        }
        self.held.retain_mut(|held| held.stays(now, replaced, unasked));
        let went = self.held.len() < before;
        self.asked.retain_mut(|asked| asked.stays(now, replaced, unasked));
        let alive = |asked: &Held| is_alive(&asked.endpoint);
        let (came, silent): (Vec<_>, _) = take(&mut self.asked).into_iter().partition(alive);
        self.asked = silent;
        let any = !came.is_empty();
        self.held.extend(came);
        went || any
    }
}

impl Held {
    /// Goes on as one of those that went with most others.
    fn hold_on(&mut self) {
        if self.why == Why::Replaced {
            self.why = Why::Shrunk;
            self.until = after(self.until, SHRUNK_HOLD.saturating_sub(REPLACED_HOLD));
        }
    }

    fn stays(
        &mut self,
        now: Instant,
        replaced: bool,
        unasked: &HashSet<*const EndpointState>,
    ) -> bool {
        if self.until <= now || is_leaving(&self.endpoint) || is_refused(&self.endpoint) {
            return false;
        }
        let alive = is_alive(&self.endpoint);
        match self.why {
            Why::Replaced => alive && !replaced,
            Why::Shrunk if alive || unasked.contains(&Arc::as_ptr(self.endpoint.state())) => {
                self.dead_at = None;
                true
            }
            Why::Shrunk => now < *self.dead_at.get_or_insert(after(now, DEAD_AFTER)),
        }
    }
}

/// The endpoints of `set` that these registrations are, and whether another one is connected.
fn find(missing: Vec<Registration>, set: &Endpoints) -> (Vec<(Registration, Endpoint)>, bool) {
    let mut wanted: HashMap<(ByteString, ByteString, u16), Vec<Registration>> = HashMap::new();
    for one in missing {
        let identity = (one.offer.protocol.clone(), one.instance.host.clone(), one.offer.port);
        wanted.entry(identity).or_default().push(one);
    }
    let (mut found, mut others) = (Vec::new(), false);
    for endpoint in set {
        let offer = endpoint.offer();
        let identity = (offer.protocol.clone(), endpoint.instance().host.clone(), offer.port);
        let service = endpoint.service_key();
        let is = |one: &Registration| {
            service.is_none_or(|key| one.service.is_pattern() || **key == one.service)
        };
        let one = wanted.get_mut(&identity).and_then(|all| {
            let place = all.iter().position(is)?;
            Some(all.swap_remove(place))
        });
        match one {
            Some(one) => found.push((one, endpoint.clone())),
            None => others |= is_alive(endpoint),
        }
    }
    (found, others)
}

fn channel_state(endpoint: &Endpoint) -> ChannelState {
    endpoint.state().channel().map_or(ChannelState::Idle, |channel| channel.state())
}

/// Returns `true` if the endpoint is connected and answers.
pub(super) fn is_alive(endpoint: &Endpoint) -> bool {
    channel_state(endpoint) == ChannelState::Ready
}

/// Returns `true` if nobody listens at the address any more.
fn is_refused(endpoint: &Endpoint) -> bool {
    endpoint.state().channel().is_some_and(|channel| channel.is_refused())
}

/// Returns `true` if the endpoint has said itself that it takes no more calls.
fn is_leaving(endpoint: &Endpoint) -> bool {
    let state = channel_state(endpoint);
    let left = matches!(state, ChannelState::Draining | ChannelState::Closed);
    left || endpoint.state().is_withdrawn()
        || state != ChannelState::Ready && endpoint.state().is_leaving()
}
