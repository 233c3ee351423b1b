//! Endpoints that let calls time out: when they are passed over, and when they are tried again.
//!
//! The rule is that of Envoy's outlier detection and of linkerd2-proxy's failure accrual: failures
//! in a row count, and a single answer ends the count. Of the former is the default of the number
//! (`consecutive_5xx`, 5), of the latter the probes by single calls and the pauses between them
//! (1 s, doubled up to 1 min).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::time::{Duration, Instant, after};

/// The limit of timeouts in a row. An endpoint that reaches it is passed over while others are
/// there, except for single calls that probe it; any answer ends that.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::endpoint::TimeoutLimit; } }
/// use std::time::Duration;
/// use dubhe::balance::TimeoutLimit;
///
/// // After 5 timeouts in a row no call for 2 s, then one to try; 1 min at most between two.
/// let limit = TimeoutLimit::default()
///     .in_a_row(5)
///     .pauses(Duration::from_secs(2), Duration::from_mins(1));
/// assert_ne!(limit, TimeoutLimit::off());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeoutLimit {
    /// The number of timeouts in a row. Zero turns the limit off. Default 5.
    pub in_a_row: u32,
    /// The pause before the first probe. Each further one is twice as long. Default 1 s.
    pub pause: Duration,
    /// The longest pause. Default 1 min.
    pub max_pause: Duration,
}

impl Default for TimeoutLimit {
    fn default() -> Self {
        Self { in_a_row: 5, pause: Duration::from_secs(1), max_pause: Duration::from_mins(1) }
    }
}

impl TimeoutLimit {
    /// No limit: no endpoint is passed over for its timeouts.
    pub const fn off() -> Self {
        Self { in_a_row: 0, pause: Duration::ZERO, max_pause: Duration::ZERO }
    }

    /// The same with another number of timeouts in a row; zero turns the limit off.
    pub fn in_a_row(mut self, timeouts: u32) -> Self {
        self.in_a_row = timeouts;
        self
    }

    /// The same with other pauses before probes: the first, and the longest.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.pause, self.max_pause) = (first, longest);
        self
    }

    /// The pause after this many others.
    fn pause_after(&self, pauses: u32) -> Duration {
        let factor = 2_u32.checked_pow(pauses).unwrap_or(u32::MAX);
        self.pause.saturating_mul(factor).min(self.max_pause)
    }
}

/// The timeouts of an endpoint since its last answer.
#[derive(Default)]
pub(super) struct Timeouts {
    /// Read by each call, written by those that time out and by the first answer after them.
    in_a_row: AtomicU32,
    /// Read by each pick.
    reached: AtomicBool,
    pauses: Mutex<Pauses>,
}

#[derive(Default)]
struct Pauses {
    limit: Option<TimeoutLimit>,
    begun: u32,
}

impl Timeouts {
    fn pauses(&self) -> std::sync::MutexGuard<'_, Pauses> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_limit(&self, limit: TimeoutLimit) {
        self.pauses().limit = Some(limit);
    }

    /// Returns `true` if the limit is reached, and no answer has come since.
    pub(super) fn is_reached(&self) -> bool {
        self.reached.load(Ordering::Relaxed)
    }

    /// Forgets all timeouts; `true` if the limit was reached.
    pub(super) fn clear(&self) -> bool {
        // Of an endpoint that answers nothing is written.
        if self.in_a_row.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut pauses = self.pauses();
        pauses.begun = 0;
        self.in_a_row.store(0, Ordering::Relaxed);
        self.reached.swap(false, Ordering::Relaxed)
    }

    /// Counts a timeout at `now`, `paused` or not; the end of a pause that begins with it, and the
    /// number of timeouts.
    pub(super) fn add(&self, now: Instant, paused: bool) -> Option<(Instant, u32)> {
        let mut pauses = self.pauses();
        let limit = pauses.limit.filter(|limit| limit.in_a_row > 0)?;
        let count = self.in_a_row.load(Ordering::Relaxed).saturating_add(1);
        self.in_a_row.store(count, Ordering::Relaxed);
        if count < limit.in_a_row {
            return None;
        }
        self.reached.store(true, Ordering::Relaxed);
        if paused {
            return None;
        }
        pauses.next(now).map(|until| (until, count))
    }

    /// Begins the pause behind a probe that is sent at `now`; gives its end.
    pub(super) fn probe(&self, now: Instant) -> Option<Instant> {
        self.pauses().next(now)
    }
}

impl Pauses {
    fn next(&mut self, now: Instant) -> Option<Instant> {
        let pause = self.limit?.pause_after(self.begun);
        self.begun = self.begun.saturating_add(1);
        Some(after(now, pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let limit = TimeoutLimit::default();
        let seconds = |pauses| limit.pause_after(pauses).as_secs();
        assert_eq!([0, 1, 2, 5, 6, 99].map(seconds), [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn only_timeouts_in_a_row_reach_the_limit() {
        let (timeouts, now) = (Timeouts::default(), Instant::now());
        timeouts.set_limit(TimeoutLimit::default().in_a_row(3));
        assert_eq!(timeouts.add(now, false), None);
        assert_eq!(timeouts.add(now, false), None);
        assert!(!timeouts.clear() && !timeouts.is_reached());
        assert_eq!(timeouts.add(now, false), None);
        assert_eq!(timeouts.add(now, false), None);
        assert_eq!(timeouts.add(now, false), Some((now + Duration::from_secs(1), 3)));
        // Those that were on their way meanwhile do not make the pause longer.
        assert_eq!(timeouts.add(now, true), None);
        assert_eq!(timeouts.add(now, false), Some((now + Duration::from_secs(2), 5)));
        assert!(timeouts.is_reached() && timeouts.clear() && !timeouts.is_reached());
    }

    #[test]
    fn without_a_limit_nothing_counts() {
        let (timeouts, now) = (Timeouts::default(), Instant::now());
        assert_eq!(timeouts.add(now, false), None);
        timeouts.set_limit(TimeoutLimit::off());
        assert!((0..9).all(|_| timeouts.add(now, false).is_none()));
        assert!(!timeouts.is_reached());
    }
}
