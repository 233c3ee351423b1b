//! The memory of endpoints, which outlives their sets.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::endpoint::Endpoint;
use super::timeouts::{TimeoutLimit, Timeouts};
use crate::channel::{Channel, ChannelKey, ChannelState};
use crate::stats::ProviderStats;
use crate::status::Status;
use crate::time::Instant;

/// A count of changes that many endpoints share: a pick compares it before it looks at each
/// endpoint.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod balance { pub use dubhe_core::endpoint::{Changes, TimeoutLimit}; } }
/// use std::sync::Arc;
/// use dubhe::Endpoint;
/// use dubhe::balance::{Changes, TimeoutLimit};
///
/// let endpoint = Endpoint::of("dubbo", "10.0.0.7", 20880);
/// endpoint.state().set_timeout_limit(TimeoutLimit::default().in_a_row(1));
/// let changes = Arc::new(Changes::default());
/// endpoint.state().follow(&changes);
///
/// let before = changes.count();
/// endpoint.state().timed_out(std::time::Instant::now());
/// assert_ne!(changes.count(), before); // what was chosen from it may not be right any more
/// ```
#[derive(Debug, Default)]
pub struct Changes(AtomicU64);

impl Changes {
    /// The number of changes so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// The memory of one endpoint: its channel, its calls in flight, whether it can be asked,
/// and what balancers and limiters learnt of it.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; }
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use dubhe::Endpoint;
///
/// /// What a balancer of yours keeps of an endpoint.
/// #[derive(Default)]
/// struct Picks(AtomicU32);
///
/// let endpoint = Endpoint::of("dubbo", "10.0.0.7", 20880);
/// endpoint.state().get_or_init(Picks::default).0.fetch_add(1, Ordering::Relaxed);
/// assert_eq!(endpoint.state().get_or_init(Picks::default).0.load(Ordering::Relaxed), 1);
/// assert_eq!(endpoint.state().in_flight(), 0);
/// ```
#[derive(Default)]
pub struct EndpointState {
    stats: Arc<ProviderStats>,
    channel: OnceLock<Arc<dyn Channel>>,
    /// A channel is there and takes no calls now.
    away: AtomicBool,
    /// The channel takes no calls since its connections answer nothing.
    hung: AtomicBool,
    /// The endpoint asked for no more calls, and has taken none since.
    leaving: AtomicBool,
    /// Set while no registry knows it.
    unlisted: AtomicBool,
    /// Set once it has refused a call since, which shows that they are right.
    withdrawn: AtomicBool,
    timeouts: Timeouts,
    ejected: Mutex<Option<Instant>>,
    started: Mutex<Option<Instant>>,
    followers: Mutex<Vec<Weak<Changes>>>,
}

impl EndpointState {
    /// The calls in flight, and what balancers and limiters keep.
    pub fn stats(&self) -> &Arc<ProviderStats> {
        &self.stats
    }

    /// The number of calls on their way to it.
    pub fn in_flight(&self) -> u32 {
        self.stats.in_flight()
    }

    /// The value that is kept under the type `T`, as by [`ProviderStats::get_or_init`].
    pub fn get_or_init<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.stats.get_or_init(make)
    }

    /// The channel to the endpoint; `make` opens it for the first call.
    ///
    /// # Errors
    /// Those of `make`; the next call tries again.
    pub fn channel_or(
        &self,
        make: impl FnOnce() -> Result<Arc<dyn Channel>, Status>,
    ) -> Result<&Arc<dyn Channel>, Status> {
        match self.channel.get() {
            Some(channel) => Ok(channel),
            None => {
                let made = make()?;
                Ok(self.channel.get_or_init(|| made))
            }
        }
    }

    /// The channel to the endpoint, when it was opened.
    pub fn channel(&self) -> Option<&Arc<dyn Channel>> {
        self.channel.get()
    }

    /// Notes the state of the channel: one that was opened and takes no calls now is passed over
    /// while others are there. A connection that hung and answers again ends what timeouts began.
    pub fn set_channel_state(&self, state: ChannelState) {
        let away = match state {
            ChannelState::Idle | ChannelState::Ready => false,
            ChannelState::Connecting
            | ChannelState::Hung
            | ChannelState::Draining
            | ChannelState::Closed => true,
        };
        match state {
            ChannelState::Draining => self.leaving.store(true, Ordering::Release),
            ChannelState::Ready => self.leaving.store(false, Ordering::Release),
            _ => {}
        }
        let hung = state == ChannelState::Hung;
        if self.hung.swap(hung, Ordering::AcqRel) && state == ChannelState::Ready {
            self.answered();
        }
        if self.away.swap(away, Ordering::AcqRel) != away {
            self.changed();
        }
    }

    /// Notes the present state of the channel, and that which it has by then, since another thread may have
    /// noted a newer one meanwhile.
    fn copy_state(&self, channel: &dyn Channel) {
        let mut seen = channel.state();
        loop {
            self.set_channel_state(seen);
            let now = channel.state();
            if now == seen {
                return;
            }
            seen = now;
        }
    }

    /// Returns `true` once the endpoint has said that it leaves, by GOAWAY of HTTP/2 or by the READONLY
    /// event of dubbo, until a connection of it takes calls again.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Notes whether a registry knows the endpoint, which is so unless this says otherwise. One that none
    /// knows any more may be called still, while it lives.
    pub fn set_listed(&self, listed: bool) {
        self.unlisted.store(!listed, Ordering::Release);
        if listed && self.withdrawn.swap(false, Ordering::AcqRel) {
            self.changed();
        }
    }

    /// Returns `true` unless it was noted that no registry knows the endpoint.
    pub fn is_listed(&self) -> bool {
        !self.unlisted.load(Ordering::Acquire)
    }

    /// Notes that the endpoint refused a call as not its own. One that no registry knows any more is
    /// passed over from then on, and this returns `true`.
    pub fn refused(&self) -> bool {
        let unlisted = self.unlisted.load(Ordering::Acquire);
        if unlisted && !self.withdrawn.swap(true, Ordering::AcqRel) {
            self.changed();
        }
        unlisted
    }

    /// Returns `true` if no registry knows the endpoint and it has refused a call since.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire)
    }

    /// Lets picks pass the endpoint over until `until`, while others are there.
    pub fn eject(&self, until: Instant) {
        *lock(&self.ejected) = Some(until);
        self.changed();
    }

    /// Ends an ejection.
    pub fn admit(&self) {
        if lock(&self.ejected).take().is_some() {
            self.changed();
        }
    }

    /// The end of an ejection that lasts at `now`.
    pub fn ejected(&self, now: Instant) -> Option<Instant> {
        lock(&self.ejected).filter(|until| now < *until)
    }

    /// Returns `true` if picks should pass the endpoint over at `now`.
    pub fn is_away(&self, now: Instant) -> bool {
        self.away.load(Ordering::Acquire) || self.is_withdrawn() || self.ejected(now).is_some()
    }

    /// Sets the limit of timeouts in a row; without one they do not count.
    pub fn set_timeout_limit(&self, limit: TimeoutLimit) {
        self.timeouts.set_limit(limit);
    }

    /// Notes an answer of the endpoint, whatever it says: timeouts before it are forgotten. Returns
    /// `true` if the endpoint was passed over for them.
    pub fn answered(&self) -> bool {
        // Whoever is told of the channel's changes may not have run since it was connected, and the next
        // call of the same caller must not go elsewhere for that.
        if self.away.load(Ordering::Acquire)
            && let Some(channel) = self.channel.get()
        {
            self.copy_state(&**channel);
        }
        let reached = self.timeouts.clear();
        if reached {
            self.admit();
        }
        reached
    }

    /// Notes a call that was sent to the endpoint and got no answer in time, at `now`. When the
    /// limit is reached, the endpoint is [ejected](Self::eject) for a while; then the number of
    /// timeouts in a row is given back.
    pub fn timed_out(&self, now: Instant) -> Option<u32> {
        let (until, count) = self.timeouts.add(now, self.ejected(now).is_some())?;
        self.eject(until);
        Some(count)
    }

    /// Notes a call that is sent to the endpoint at `now`. After too many timeouts the first one after
    /// each ejection is a probe: with it the next ejection begins, so that others go elsewhere until
    /// the endpoint answers.
    pub fn sent(&self, now: Instant) {
        if self.timeouts.is_reached() {
            self.probed(now);
        }
    }

    #[cold]
    fn probed(&self, now: Instant) {
        let mut ejected = lock(&self.ejected);
        if ejected.is_some_and(|until| now < until) {
            return;
        }
        *ejected = self.timeouts.probe(now);
        drop(ejected);
        self.changed();
    }

    /// The start of the instance, by this process's clock; `None` when it is not known.
    pub fn started(&self) -> Option<Instant> {
        *lock(&self.started)
    }

    /// Notes the start of the instance.
    pub fn set_started(&self, at: Instant) {
        *lock(&self.started) = Some(at);
    }

    /// Counts in `changes` from now on whenever the endpoint begins or ceases to be passed over.
    pub fn follow(&self, changes: &Arc<Changes>) {
        let mut followers = lock(&self.followers);
        followers.retain(|other| other.strong_count() > 0);
        if !followers.iter().any(|other| std::ptr::eq(other.as_ptr(), Arc::as_ptr(changes))) {
            followers.push(Arc::downgrade(changes));
        }
    }

    fn changed(&self) {
        lock(&self.followers).iter().filter_map(Weak::upgrade).for_each(|changes| changes.add());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointState")
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

/// The states of all endpoints of a directory, by the channel that they need; a state goes when its
/// last endpoint does.
#[derive(Debug, Default)]
pub struct States(Mutex<HashMap<ChannelKey, Weak<EndpointState>>>);

impl States {
    /// The endpoint with the state of an earlier one whose channel does for it as well (`key`), or
    /// else with the one that it has. An endpoint that comes back with other parameters of its
    /// connections gets a new state, and with it a new channel.
    pub fn adopt(&self, endpoint: Endpoint, key: ChannelKey) -> Endpoint {
        match lock(&self.0).entry(key) {
            Entry::Vacant(free) => {
                free.insert(Arc::downgrade(endpoint.state()));
            }
            Entry::Occupied(mut known) => match known.get().upgrade() {
                Some(state) => return endpoint.with_state(state),
                None => {
                    known.insert(Arc::downgrade(endpoint.state()));
                }
            },
        }
        endpoint
    }

    /// Forgets the states that no endpoint has any more.
    pub fn prune(&self) {
        lock(&self.0).retain(|_, state| state.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::invoke::{Invoke, Invoking};
    use crate::time::Duration;

    #[test]
    fn a_state_survives_as_long_as_one_endpoint_has_it() {
        let states = States::default();
        let make = || {
            let endpoint = Endpoint::of("dubbo", "h", 1);
            let key = ChannelKey::new(&endpoint);
            states.adopt(endpoint, key)
        };
        let first = make();
        let second = make();
        assert!(Arc::ptr_eq(first.state(), second.state()));
        let other = Endpoint::of("dubbo", "h", 1);
        let key = ChannelKey::new(&other).with("payload", "9");
        assert!(!Arc::ptr_eq(first.state(), states.adopt(other, key).state()));
        let old = Arc::downgrade(first.state());
        drop((first, second));
        assert!(old.upgrade().is_none());
        states.prune();
        assert!(lock(&states.0).is_empty());
        make();
        assert_eq!(lock(&states.0).len(), 1);
    }

    #[test]
    fn followers_learn_when_it_comes_and_goes() {
        let (state, changes) = (EndpointState::default(), Arc::new(Changes::default()));
        state.follow(&changes);
        state.follow(&changes);
        state.set_channel_state(ChannelState::Ready);
        assert_eq!(changes.count(), 0);
        state.set_channel_state(ChannelState::Connecting);
        state.set_channel_state(ChannelState::Draining);
        let now = Instant::now();
        assert!(state.is_away(now));
        assert_eq!(changes.count(), 1);
        state.set_channel_state(ChannelState::Ready);
        assert!(!state.is_away(now));
        let later = now + Duration::from_secs(1);
        state.eject(later);
        assert!(state.is_away(now) && !state.is_away(later));
        state.admit();
        assert!(!state.is_away(now));
        assert_eq!(changes.count(), 4);
    }

    struct Connected;

    impl Invoke for Connected {
        fn invoke(&self, _: Call) -> Invoking {
            Invoking::ready(Err(Status::unavailable("not asked here")))
        }
    }

    impl Channel for Connected {}

    #[test]
    fn an_endpoint_that_answers_can_be_asked_before_its_channel_says_so() {
        let (state, changes) = (EndpointState::default(), Arc::new(Changes::default()));
        state.follow(&changes);
        state.channel_or(|| Ok(Arc::new(Connected))).unwrap();
        state.set_channel_state(ChannelState::Connecting);
        let now = Instant::now();
        assert!(state.is_away(now));
        assert!(!state.answered(), "no timeouts");
        assert!(!state.is_away(now));
        assert_eq!(changes.count(), 2, "picks are prepared again");
    }

    #[test]
    fn an_endpoint_that_said_that_it_leaves_does_so_until_it_takes_calls_again() {
        let state = EndpointState::default();
        let leaving = [
            (ChannelState::Ready, false),
            (ChannelState::Draining, true),
            (ChannelState::Connecting, true),
            (ChannelState::Closed, true),
            (ChannelState::Ready, false),
            (ChannelState::Connecting, false),
        ];
        for (seen, expected) in leaving {
            state.set_channel_state(seen);
            assert_eq!(state.is_leaving(), expected, "{seen:?}");
        }
    }

    #[test]
    fn a_refusal_counts_where_no_registry_knows_the_endpoint() {
        let (state, changes, now) = (EndpointState::default(), Arc::default(), Instant::now());
        state.follow(&changes);
        assert!(!state.refused() && !state.is_withdrawn());
        state.set_listed(false);
        assert!(!state.is_away(now));
        assert!(state.refused() && state.refused() && state.is_away(now));
        state.set_listed(true);
        assert!(!state.is_withdrawn() && !state.is_away(now));
        assert_eq!(changes.count(), 2);
    }

    #[test]
    fn timeouts_in_a_row_eject_and_one_call_at_a_time_probes() {
        let (state, now) = (EndpointState::default(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        state.set_timeout_limit(TimeoutLimit::default().in_a_row(2));
        assert_eq!((state.timed_out(now), state.is_away(now)), (None, false));
        state.sent(now);
        assert!(!state.is_away(now));
        assert_eq!((state.timed_out(now), state.is_away(now)), (Some(2), true));
        // Who is asked because all are passed over is no probe.
        state.sent(now);
        assert!(state.is_away(now) && !state.is_away(after(1)));
        // A probe, and nobody beside it, whether it is answered or not.
        state.sent(after(1));
        state.sent(after(1));
        assert!(state.is_away(after(2)) && !state.is_away(after(3)));
        state.sent(after(3));
        assert!(state.is_away(after(6)) && !state.is_away(after(7)));
        assert!(state.answered() && !state.answered());
        state.sent(after(3));
        assert!(!state.is_away(after(3)));
    }

    #[test]
    fn a_connection_that_answers_again_ends_an_ejection() {
        let (state, now) = (EndpointState::default(), Instant::now());
        state.set_timeout_limit(TimeoutLimit::default().in_a_row(1));
        state.timed_out(now);
        // Another connection has answered nothing yet.
        for away in [ChannelState::Connecting, ChannelState::Ready, ChannelState::Hung] {
            state.set_channel_state(away);
            assert!(state.is_away(now));
        }
        state.set_channel_state(ChannelState::Ready);
        assert!(!state.is_away(now));
    }

    #[test]
    fn what_is_learnt_is_kept_by_its_type() {
        struct Average(AtomicU64);
        let state = EndpointState::default();
        state.get_or_init(|| Average(AtomicU64::new(7))).0.store(9, Ordering::Relaxed);
        state.get_or_init(|| "another");
        assert_eq!(state.get_or_init(|| Average(AtomicU64::new(0))).0.load(Ordering::Relaxed), 9);
    }
}
