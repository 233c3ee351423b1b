//! The budget of retries.

use std::sync::atomic::{AtomicU64, Ordering};

use dubhe_core::time::{Duration, Instant};

/// The share of a client's calls that may be sent again; calls without retries do not count, except those of
/// a strategy, whose attempts beyond the first are charged as retries.
///
/// Counted over ten seconds: in an outage a budget keeps retries from multiplying the load, while
/// single failures are retried as ever. The floor lets a quiet client retry, too. A call that
/// certainly did not begin, since its connection was refused or drained, takes nothing.
///
/// ```
/// # mod dubhe { pub use dubhe_cluster::RetryBudget; }
/// use dubhe::RetryBudget;
///
/// // For `ClientBuilder::retry_budget`: one retry for ten calls, and five a second in any case.
/// let budget = RetryBudget::new(10, 5);
/// assert_ne!(budget, RetryBudget::UNLIMITED);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    percent: u32,
    per_second: u32,
    pub(crate) resends: u32,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
}

impl RetryBudget {
    /// No limit but the number of retries of each call, as in Dubbo.
    pub const UNLIMITED: Self = Self::new(u32::MAX, u32::MAX);

    /// A budget of `percent` retries for a hundred calls, and in any case of `per_second` retries
    /// in a second.
    pub const fn new(percent: u32, per_second: u32) -> Self {
        Self {
            percent,
            per_second,
            resends: 16,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
        }
    }

    /// The same budget with another number of times that one call goes to other providers at once
    /// because nobody began it. Default 16.
    pub const fn resends(self, resends: u32) -> Self {
        Self { resends, ..self }
    }

    /// The same budget with other pauses after "overloaded": random, up to `first`, which doubles with
    /// each refusal of a call up to `longest`. Default 50 ms and 1 s.
    pub const fn pauses(self, first: Duration, longest: Duration) -> Self {
        Self { first_pause: first, longest_pause: longest, ..self }
    }
}

impl Default for RetryBudget {
    /// 20 %, and 10 a second.
    fn default() -> Self {
        Self::new(20, 10)
    }
}

/// The seconds over which calls and retries are counted.
const SECONDS: usize = 10;
const WINDOW: u64 = 10;

/// The count of what a budget allows.
#[derive(Debug)]
pub(crate) struct RetryCounter {
    budget: RetryBudget,
    began: Instant,
    seconds: [Second; SECONDS],
}

/// The counts of one second, and of those that are a window later.
#[derive(Debug, Default)]
struct Second {
    number: AtomicU64,
    calls: AtomicU64,
    retries: AtomicU64,
}

impl RetryCounter {
    pub(crate) fn new(budget: RetryBudget, now: Instant) -> Self {
        Self { budget, began: now, seconds: Default::default() }
    }

    pub(crate) fn budget(&self) -> &RetryBudget {
        &self.budget
    }

    /// Counts a call.
    pub(crate) fn add_call(&self, now: Instant) {
        self.second(self.number(now)).calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one retry, if there is one.
    pub(crate) fn take_retry(&self, now: Instant) -> bool {
        let number = self.number(now);
        let second = self.second(number);
        let before = second.retries.fetch_add(1, Ordering::Relaxed);
        if before < u64::from(self.budget.per_second) || self.within_share(number) {
            return true;
        }
        second.retries.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Returns `true` while the retries of the window are within their share of its calls.
    fn within_share(&self, number: u64) -> bool {
        let recent = self
            .seconds
            .iter()
            .filter(|second| second.number.load(Ordering::Relaxed) + WINDOW > number);
        let (mut calls, mut retries) = (0, 0);
        for second in recent {
            calls += second.calls.load(Ordering::Relaxed);
            retries += second.retries.load(Ordering::Relaxed);
        }
        retries.saturating_mul(100) <= calls.saturating_mul(self.budget.percent.into())
    }

    fn number(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_secs()
    }

    /// The counts of second `number`. At its first use those of a window ago are dropped; a few of
    /// other threads may be lost with them.
    fn second(&self, number: u64) -> &Second {
        let [first, ..] = &self.seconds;
        let place = usize::try_from(number % WINDOW).unwrap_or(0);
        let second = self.seconds.get(place).unwrap_or(first);
        let known = second.number.load(Ordering::Relaxed);
        let swap = |to| {
            let ordering = Ordering::Relaxed;
            second.number.compare_exchange(known, to, ordering, ordering).is_ok()
        };
        if known != number && swap(number) {
            second.calls.store(0, Ordering::Relaxed);
            second.retries.store(0, Ordering::Relaxed);
        }
        second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(counter: &RetryCounter, times: u32, now: Instant) -> usize {
        (0..times).filter(|_| counter.take_retry(now)).count()
    }

    #[test]
    fn a_share_of_the_calls_is_retried_and_at_least_the_floor() {
        let now = Instant::now();
        let counter = RetryCounter::new(RetryBudget::default(), now);
        assert_eq!(taken(&counter, 100, now), 10, "a quiet client has the floor");
        (0..301).for_each(|_| counter.add_call(now));
        assert_eq!(taken(&counter, 100, now), 50, "60 of 301 calls, the floor among them");
        let next = now + Duration::from_secs(1);
        assert_eq!(taken(&counter, 100, next), 10, "the floor of the next second");
        (0..1_000).for_each(|_| counter.add_call(next));
        assert_eq!(taken(&counter, 1_000, next), 260 - 70);
    }

    #[test]
    fn what_is_a_window_ago_does_not_count() {
        let now = Instant::now();
        let counter = RetryCounter::new(RetryBudget::new(50, 0), now);
        (0..100).for_each(|_| counter.add_call(now));
        assert_eq!(taken(&counter, 20, now + Duration::from_secs(9)), 20);
        assert_eq!(taken(&counter, 20, now + Duration::from_secs(10)), 0, "the calls are too old");
        let later = now + Duration::from_secs(1_000);
        (0..100).for_each(|_| counter.add_call(later));
        assert_eq!(taken(&counter, 100, later), 50);
    }

    #[test]
    fn a_budget_may_have_no_limit() {
        let now = Instant::now();
        let counter = RetryCounter::new(RetryBudget::UNLIMITED, now);
        assert_eq!(taken(&counter, 10_000, now), 10_000);
    }
}
