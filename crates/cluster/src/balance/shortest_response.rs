//! The shortest response time.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, Instant, SharedClock};
use dubhe_core::{CallView, End, Ending, Endpoint};

use super::least_active::less;
use super::methods::{Table, Tables, kept};
use super::reservoir::least;

/// Java's `shortestresponse.slidePeriod`.
const WINDOW: Duration = Duration::from_secs(30);

/// Picks the endpoint whose next answer is the soonest by its mean time, in whole milliseconds, of the calls of the
/// method that succeeded in the last 30 s, times its calls in flight and one more; of several one at random by weight
/// (Dubbo's `shortestresponse`).
///
/// Errors of the service are answers; failures do not count, so that an endpoint that fails at once looks fast where
/// it was: [`PeakEwma`](super::PeakEwma) takes failures into account. As long as nobody has answered in a window, the
/// mean of the one before counts, where Dubbo Java begins each with 0.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::Balance; pub use dubhe_cluster::balance::ShortestResponse; } pub mod random { pub use dubhe_core::random::RandomSource; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use std::sync::Arc;
/// use dubhe::balance::{Balance, ShortestResponse};
/// use dubhe::random::RandomSource;
/// use dubhe::time::SharedClock;
///
/// /// What `balance("shortestresponse")` of a client stands for.
/// fn shortest(random: Arc<dyn RandomSource>, clock: SharedClock) -> impl Balance {
///     ShortestResponse::new(random, clock)
/// }
/// ```
pub struct ShortestResponse {
    random: Arc<dyn RandomSource>,
    clock: SharedClock,
    tables: Tables<Responses>,
}

/// The responses of a method of an endpoint.
#[derive(Default)]
struct Responses {
    active: AtomicU32,
    /// The beginning of the first window.
    origin: OnceLock<Instant>,
    window: AtomicU64,
    answers: AtomicU64,
    millis: AtomicU64,
    /// The mean of the last window that had one.
    before: AtomicU64,
}

impl Responses {
    /// Begins the window of `now` unless it has begun. A few answers of other threads may be lost with the one before.
    fn roll(&self, now: Instant) {
        let origin = *self.origin.get_or_init(|| now);
        let window = now.saturating_duration_since(origin).as_secs() / WINDOW.as_secs();
        let known = self.window.load(Ordering::Relaxed);
        let ordering = Ordering::Relaxed;
        if known == window
            || self.window.compare_exchange(known, window, ordering, ordering).is_err()
        {
            return;
        }
        let (answers, millis) = (self.answers.swap(0, ordering), self.millis.swap(0, ordering));
        if let Some(mean) = millis.checked_div(answers) {
            self.before.store(mean, ordering);
        }
    }

    fn answered(&self, latency: Duration) {
        let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.millis.fetch_add(millis, Ordering::Relaxed);
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    fn estimate(&self, now: Instant) -> u64 {
        self.roll(now);
        let ordering = Ordering::Relaxed;
        let mean = self.millis.load(ordering).checked_div(self.answers.load(ordering));
        let mean = mean.unwrap_or_else(|| self.before.load(ordering));
        mean.saturating_mul(u64::from(self.active.load(ordering)) + 1)
    }
}

impl ShortestResponse {
    /// Draws among equals by `random`; windows are of `clock`.
    pub fn new(random: Arc<dyn RandomSource>, clock: SharedClock) -> Self {
        Self { random, clock, tables: Tables::default() }
    }
}

struct Prepared {
    random: Arc<dyn RandomSource>,
    table: Arc<Table<Responses>>,
}

impl Balance for ShortestResponse {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        Box::new(Prepared { random: self.random.clone(), table: self.tables.of(set.set()) })
    }

    fn began(&self, endpoint: &Endpoint, method: &str) {
        kept::<Responses>(endpoint, method).active.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self, endpoint: &Endpoint, method: &str, end: &End<'_>) {
        let responses = kept::<Responses>(endpoint, method);
        less(&responses.active);
        let answered = match end.ending {
            Ending::Ok => true,
            Ending::Failed(status) => status.is_business(),
            Ending::Cancelled => false,
        };
        if answered {
            responses.roll(self.clock.now());
            responses.answered(end.latency);
        }
    }
}

impl Pick for Prepared {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        now: Instant,
    ) -> Option<&'a Endpoint> {
        let method = call.method_name();
        let row = self.table.of(method);
        least(from, method, &*self.random, |place| {
            row.get(place).map_or(0, |responses| responses.estimate(now))
        })
    }
}

impl std::fmt::Debug for ShortestResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShortestResponse")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_a_window_counts_until_the_next_has_one() {
        let (responses, start) = (Responses::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(responses.estimate(start), 0);
        for millis in [10, 25] {
            responses.answered(Duration::from_millis(millis));
        }
        responses.active.store(2, Ordering::Relaxed);
        assert_eq!(responses.estimate(after(29)), 17 * 3);
        assert_eq!(responses.estimate(after(30)), 17 * 3);
        responses.answered(Duration::from_millis(4));
        assert_eq!(responses.estimate(after(59)), 4 * 3);
        assert_eq!(responses.estimate(after(600)), 4 * 3);
    }
}
