//! Endpoints that fail more than others.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::time::{Duration, Instant, SharedClock, after};
use dubhe_core::{Code, End, Ending, Endpoint};
use parking_lot::Mutex;

/// The limit of failures above which an endpoint is passed over for a while, as Envoy's outlier detection (gRFC A50) and
/// linkerd's failure accrual have it: several in a row, or a share of the calls of an interval.
///
/// Failures are those of the endpoint and of the way to it: unreachable, broken, no answer in time. Errors of the
/// service are answers. Never more than a share of the endpoints is ejected so, and never so many that fewer than
/// another share can be asked.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_cluster::balance::OutlierLimit; } }
/// use std::time::Duration;
/// use dubhe::balance::OutlierLimit;
///
/// // For `ClientBuilder::outliers`: after 3 failures in a row no call for 10 s, and a fifth of the endpoints at most.
/// let limit = OutlierLimit::default()
///     .in_a_row(3)
///     .pauses(Duration::from_secs(10), Duration::from_mins(5))
///     .max_ejected(20);
/// assert_ne!(limit, OutlierLimit::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutlierLimit {
    /// The number of failures in a row; 0 for no limit. Default 5.
    pub in_a_row: u32,
    /// The percentage of failures among the calls of an interval; 0 for no limit. Default 85.
    pub percent: u32,
    /// The number of calls in an interval below which their share does not count. Default 50.
    pub calls: u32,
    /// The interval. Default 10 s.
    pub interval: Duration,
    /// The first time for which an endpoint is passed over; that of the next ejection is longer by as much. Default
    /// 30 s.
    pub pause: Duration,
    /// The longest. Default 5 min.
    pub max_pause: Duration,
    /// The greatest percentage of the endpoints that is ejected; one always may be, of several. Default 30.
    pub max_ejected: u32,
    /// The percentage of the endpoints below which no ejection takes those that can be asked. Default 50.
    pub panic: u32,
}

impl Default for OutlierLimit {
    fn default() -> Self {
        Self {
            in_a_row: 5,
            percent: 85,
            calls: 50,
            interval: Duration::from_secs(10),
            pause: Duration::from_secs(30),
            max_pause: Duration::from_mins(5),
            max_ejected: 30,
            panic: 50,
        }
    }
}

impl OutlierLimit {
    /// The same with another number of failures in a row; 0 for no limit.
    pub fn in_a_row(mut self, failures: u32) -> Self {
        self.in_a_row = failures;
        self
    }

    /// The same with another percentage of failures, of so many calls in an interval at least; 0 % for no limit.
    pub fn share(mut self, percent: u32, calls: u32) -> Self {
        (self.percent, self.calls) = (percent, calls);
        self
    }

    /// The same with other pauses: the first, and the longest.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.pause, self.max_pause) = (first, longest);
        self
    }

    /// The same with another percentage of the endpoints that is ejected at most.
    pub fn max_ejected(mut self, percent: u32) -> Self {
        self.max_ejected = percent;
        self
    }

    /// The same with another percentage of the endpoints that can be asked in any case.
    pub fn panic(mut self, percent: u32) -> Self {
        self.panic = percent;
        self
    }
}

/// Ejects endpoints that fail too often from what another balancer picks from.
pub struct Ejecting {
    balance: Arc<dyn Balance>,
    limit: OutlierLimit,
    clock: SharedClock,
    /// The latest set of all.
    set: ArcSwapOption<Endpoints>,
}

/// The failures of an endpoint.
#[derive(Default)]
struct Failures(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    in_a_row: u32,
    began: Option<Instant>,
    calls: u32,
    failures: u32,
    ejections: u32,
    until: Option<Instant>,
}

impl Counts {
    /// Counts an end; `true` if a limit is reached.
    fn add(&mut self, failed: bool, limit: &OutlierLimit, now: Instant) -> bool {
        let interval = |began: Instant| now.saturating_duration_since(began) < limit.interval;
        if !self.began.is_some_and(interval) {
            (self.began, self.calls, self.failures) = (Some(now), 0, 0);
        }
        self.calls = self.calls.saturating_add(1);
        if !failed {
            self.in_a_row = 0;
            return false;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.failures = self.failures.saturating_add(1);
        let share =
            u64::from(self.failures) * 100 >= u64::from(self.calls) * u64::from(limit.percent);
        limit.in_a_row > 0 && self.in_a_row >= limit.in_a_row
            || limit.percent > 0 && self.calls >= limit.calls && share
    }
}

impl Ejecting {
    /// Picks by `balance`, and ejects by `limit`; pauses are of `clock`.
    pub fn new(balance: Arc<dyn Balance>, limit: OutlierLimit, clock: SharedClock) -> Self {
        Self { balance, limit, clock, set: ArcSwapOption::empty() }
    }

    fn note(&self, endpoint: &Endpoint, end: &End<'_>) {
        let Some(failed) = failed(end) else { return };
        let failures = endpoint.state().get_or_init(Failures::default);
        let now = self.clock.now();
        let mut counts = failures.0.lock();
        if !counts.add(failed, &self.limit, now) || counts.until.is_some_and(|until| now < until) {
            return;
        }
        drop(counts);
        if !self.may_eject(now) {
            return;
        }
        let mut counts = failures.0.lock();
        // One that did well for the longest pause begins anew.
        if counts.until.is_some_and(|until| now >= after(until, self.limit.max_pause)) {
            counts.ejections = 0;
        }
        counts.ejections = counts.ejections.saturating_add(1);
        let pause = self.limit.pause.saturating_mul(counts.ejections).min(self.limit.max_pause);
        let until = after(now, pause);
        let in_a_row = counts.in_a_row;
        *counts = Counts { ejections: counts.ejections, until: Some(until), ..Counts::default() };
        drop(counts);
        endpoint.state().eject(until);
        tracing::warn!(
            provider = %endpoint, in_a_row, ?pause,
            "calls of a provider fail; it is passed over while others are there"
        );
    }

    /// Returns `true` if one more endpoint may be ejected.
    fn may_eject(&self, now: Instant) -> bool {
        let set = self.set.load();
        let Some(set) = &*set else { return false };
        let ejected = |endpoint: &&Endpoint| {
            let failures = endpoint.state().get_or_init(Failures::default);
            failures.0.lock().until.is_some_and(|until| now < until)
        };
        let (all, ejected) = (set.len(), set.iter().filter(ejected).count());
        let asked = set.iter().filter(|endpoint| !endpoint.state().is_away(now)).count();
        let part = |percent: u32| all * usize::try_from(percent).unwrap_or(100) / 100;
        all > 1
            && ejected < part(self.limit.max_ejected).max(1)
            && asked > part(self.limit.panic).max(1)
    }
}

/// Returns `true` for a failure of the endpoint, `false` for an answer; `None` for what tells nothing of it.
fn failed(end: &End<'_>) -> Option<bool> {
    let status = match end.ending {
        Ending::Ok => return Some(false),
        Ending::Cancelled => return None,
        Ending::Failed(status) => status,
    };
    if status.is_business() {
        return Some(false);
    }
    match status.code() {
        Code::Unavailable | Code::Internal | Code::DataLoss | Code::DeadlineExceeded => Some(true),
        Code::Unknown => Some(true),
        _ => None,
    }
}

impl Balance for Ejecting {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        self.set.store(Some(set.set().clone()));
        self.balance.prepare(set)
    }

    fn name(&self) -> &str {
        self.balance.name()
    }

    fn began(&self, endpoint: &Endpoint, method: &str) {
        self.balance.began(endpoint, method);
    }

    fn ended(&self, endpoint: &Endpoint, method: &str, end: &End<'_>) {
        self.balance.ended(endpoint, method, end);
        self.note(endpoint, end);
    }
}

impl std::fmt::Debug for Ejecting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ejecting({}, {:?})", self.name(), self.limit)
    }
}
