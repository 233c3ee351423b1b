//! The latency of many calls.

use std::fmt;
use std::time::Duration;

/// A time in milliseconds, as the demo prints it: to the microsecond.
pub(super) fn millis(time: Duration) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{:.3}", time.as_secs_f64() * 1_000.0))
}

/// The times of calls, sorted.
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(super) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time within which `percent` of the calls ended: the nearest rank, no mean of two.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = [50, 99].map(|percent| self.percentile(percent));
        write!(f, "p50 {} ms  p99 {} ms", millis(p50), millis(p99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_of_calls() {
        let times = (1..=1_000).rev().map(Duration::from_micros).collect();
        assert_eq!(Latencies::new(times).to_string(), "p50 0.500 ms  p99 0.990 ms");
        let one = Latencies::new(vec![Duration::from_micros(12_345)]);
        assert_eq!(one.to_string(), "p50 12.345 ms  p99 12.345 ms");
        assert_eq!(Latencies::new(Vec::new()).to_string(), "p50 0.000 ms  p99 0.000 ms");
    }
}
