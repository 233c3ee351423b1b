//! The better one of two, by peak EWMA.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::random::RandomSource;
use dubhe_core::status::Origin;
use dubhe_core::time::{Duration, Instant, SharedClock};
use dubhe_core::{CallView, End, Ending, Endpoint};

use super::methods::{ALL, Table, Tables, kept};

/// The latency of an endpoint of which nothing is known (linkerd2-proxy's default).
const UNKNOWN: f64 = 0.030;
/// The time in which what was seen loses 63 % of its weight (Finagle, tower: 10 s).
const DECAY: f64 = 10.0;
/// The same time for failures.
const FAILURES_DECAY: f64 = 5.0;
/// The part that one outcome has in the share of failures.
const OUTCOME: f64 = 0.1;
/// The greatest share of failures that counts, so that an endpoint is never out of reach for good.
const MOST_FAILURES: f64 = 0.95;

/// Draws two endpoints by weight and picks the one that costs less: its latency times its calls in flight and one
/// more, over the square of the share of calls that succeed (`p2c`).
///
/// The latency is a peak EWMA: a slower answer counts at once, faster ones over 10 s. Failures of the endpoint, not
/// errors of the service, lower the share, so that one that fails at once does not look fast. A pick takes the same
/// time whatever the number of endpoints.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::Balance; pub use dubhe_cluster::balance::PeakEwma; } pub mod random { pub use dubhe_core::random::RandomSource; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use std::sync::Arc;
/// use dubhe::balance::{Balance, PeakEwma};
/// use dubhe::random::RandomSource;
/// use dubhe::time::SharedClock;
///
/// /// Better than two where many of the endpoints are slow.
/// fn best_of_four(random: Arc<dyn RandomSource>, clock: SharedClock) -> impl Balance {
///     PeakEwma::new(random, clock).choices(4)
/// }
/// ```
pub struct PeakEwma {
    random: Arc<dyn RandomSource>,
    clock: SharedClock,
    choices: usize,
    tables: Tables<Load>,
}

/// The latency and the failures of an endpoint. Simultaneous ends may be lost.
#[derive(Default)]
struct Load {
    origin: OnceLock<Instant>,
    /// The latency in seconds, as bits; 0 while none is known.
    latency: AtomicU64,
    /// The share of failures, as bits.
    failures: AtomicU64,
    /// The seconds from the origin to the last end, as bits.
    at: AtomicU64,
}

fn load(bits: &AtomicU64) -> f64 {
    f64::from_bits(bits.load(Ordering::Relaxed))
}

fn store(bits: &AtomicU64, value: f64) {
    bits.store(value.to_bits(), Ordering::Relaxed);
}

impl Load {
    fn seconds(&self, now: Instant) -> f64 {
        let origin = *self.origin.get_or_init(|| now);
        now.saturating_duration_since(origin).as_secs_f64()
    }

    /// The latency and the share of failures at `now`: what is old draws near to what is unknown.
    fn at(&self, now: Instant) -> (f64, f64) {
        let age = (self.seconds(now) - load(&self.at)).max(0.0);
        let latency = load(&self.latency);
        let latency = if latency > 0.0 {
            let weight = (-age / DECAY).exp();
            latency * weight + latency.min(UNKNOWN) * (1.0 - weight)
        } else {
            UNKNOWN
        };
        (latency, load(&self.failures) * (-age / FAILURES_DECAY).exp())
    }

    fn cost(&self, in_flight: u32, now: Instant) -> f64 {
        let (latency, failures) = self.at(now);
        let success = 1.0 - failures.min(MOST_FAILURES);
        latency * (f64::from(in_flight) + 1.0) / (success * success)
    }

    /// Notes an end at `now`, of which `latency` is known unless it tells nothing of the time of an answer.
    fn note(&self, latency: Option<Duration>, failed: bool, now: Instant) {
        let (before, failures) = self.at(now);
        let age = (self.seconds(now) - load(&self.at)).max(0.0);
        if let Some(latency) = latency {
            let latency = latency.as_secs_f64().max(f64::MIN_POSITIVE);
            let known = load(&self.latency) > 0.0;
            let weight = (-age / DECAY).exp();
            let smooth = before * weight + latency * (1.0 - weight);
            store(&self.latency, if known { smooth.max(latency) } else { latency });
        }
        let outcome = if failed { OUTCOME } else { 0.0 };
        store(&self.failures, failures * (1.0 - OUTCOME) + outcome);
        store(&self.at, self.seconds(now));
    }
}

impl PeakEwma {
    /// Draws by `random`; times are of `clock`.
    pub fn new(random: Arc<dyn RandomSource>, clock: SharedClock) -> Self {
        Self { random, clock, choices: 2, tables: Tables::default() }
    }

    /// The same with another number of endpoints that are drawn and compared, at least 1. Default 2.
    pub fn choices(mut self, choices: usize) -> Self {
        self.choices = choices.max(1);
        self
    }
}

struct Prepared {
    random: Arc<dyn RandomSource>,
    choices: usize,
    table: Arc<Table<Load>>,
}

impl Balance for PeakEwma {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let (random, choices) = (self.random.clone(), self.choices);
        Box::new(Prepared { random, choices, table: self.tables.of(set.set()) })
    }

    fn ended(&self, endpoint: &Endpoint, _: &str, end: &End<'_>) {
        let (latency, failed) = match end.ending {
            Ending::Ok => (Some(end.latency), false),
            Ending::Failed(status) if status.is_business() => (Some(end.latency), false),
            Ending::Failed(status) if status.origin() == Origin::Caller => return,
            Ending::Failed(status) => (status.is_timeout().then_some(end.latency), true),
            Ending::Cancelled => return,
        };
        kept::<Load>(endpoint, ALL).note(latency, failed, self.clock.now());
    }
}

impl Pick for Prepared {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        now: Instant,
    ) -> Option<&'a Endpoint> {
        if from.len() < 2 {
            return from.get(0);
        }
        let (method, row) = (call.method_name(), self.table.of(ALL));
        let mut best: Option<(usize, f64)> = None;
        let mut drawn = 0;
        // One that is drawn again is no choice; as many more draws find another one as a rule.
        for _ in 0..self.choices * 3 {
            let n = from.weights(method).draw(&*self.random);
            if best.is_some_and(|(known, _)| known == n) {
                continue;
            }
            let in_flight = from.get(n)?.state().in_flight();
            let load = from.place(n).and_then(|place| row.get(place))?;
            let cost = load.cost(in_flight, now);
            if best.is_none_or(|(_, least)| cost < least) {
                best = Some((n, cost));
            }
            drawn += 1;
            if drawn == self.choices {
                break;
            }
        }
        from.get(best?.0)
    }
}

impl std::fmt::Debug for PeakEwma {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PeakEwma({} choices)", self.choices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_counts_at_once_and_is_forgotten_slowly() {
        let (known, start) = (Load::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let millis = |load: &Load, now| format!("{:.0}", load.cost(0, now) * 1e3);
        assert_eq!(millis(&known, start), "30");
        let answer = |load: &Load, millis, now| {
            load.note(Some(Duration::from_millis(millis)), false, now);
        };
        answer(&known, 10, start);
        assert_eq!(millis(&known, start), "10");
        answer(&known, 500, after(1));
        assert_eq!(millis(&known, after(1)), "500");
        answer(&known, 10, after(1));
        assert_eq!(millis(&known, after(1)), "500");
        assert!(known.cost(0, after(11)) < 0.21);
        assert!(known.cost(9, after(1)) > 4.9);
    }

    #[test]
    fn one_that_fails_at_once_is_not_fast() {
        let (fails, slow, now) = (Load::default(), Load::default(), Instant::now());
        for load in [&fails, &slow] {
            load.note(Some(Duration::from_millis(20)), false, now);
        }
        slow.note(Some(Duration::from_millis(100)), false, now);
        for _ in 0..20 {
            fails.note(None, true, now);
        }
        assert!(fails.cost(0, now) > slow.cost(0, now));
        // It is tried again before long.
        assert!(fails.cost(0, now + Duration::from_secs(20)) < 0.03);
    }
}
