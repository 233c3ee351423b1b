//! Pauses between attempts.

use std::time::Duration;

use dubhe_core::random::RandomSource;

/// Exponential backoff with full jitter: each pause is drawn evenly from zero to a bound that
/// grows with every failure, so that many clients of one endpoint do not return together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The bound after the first failure. Default 1 s.
    pub initial: Duration,
    /// The factor of the bound after each further failure. Default 1.6.
    pub factor: f64,
    /// The largest bound. Default 120 s.
    pub max: Duration,
    /// The longest pause of a connection for which a call waits, whatever the bound. Default 1 s.
    pub awaited: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            factor: 1.6,
            max: Duration::from_mins(2),
            awaited: Duration::from_secs(1),
        }
    }
}

impl Backoff {
    /// The pauses of a client of a registry, whose session of this length must not end while it waits:
    /// at most a quarter of it, and at most 10 s.
    pub fn within_session(session: Duration) -> Self {
        Self::default().capped((session / 4).min(Duration::from_secs(10)))
    }

    /// The same with no bound above `max`.
    #[must_use]
    pub fn capped(self, max: Duration) -> Self {
        Self { initial: self.initial.min(max), max: self.max.min(max), ..self }
    }

    /// The pause after this many failures in a row.
    pub fn pause(&self, failures: u32, random: &dyn RandomSource) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let bound = self.initial.as_secs_f64() * self.factor.powi(exponent);
        let bound = Duration::try_from_secs_f64(bound).unwrap_or(self.max).min(self.max);
        // Jitter finer than a nanosecond helps nobody; 584 years are enough.
        Duration::from_nanos(random.below(u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::random::SplitMix;

    use super::*;

    #[test]
    fn a_session_does_not_end_in_a_pause() {
        for (session, max) in [(60, 10.0), (40, 10.0), (8, 2.0), (1, 0.25)] {
            let backoff = Backoff::within_session(Duration::from_secs(session));
            let random = SplitMix::new(3);
            for failures in [1, 2, 50] {
                let pause = (0..2000).map(|_| backoff.pause(failures, &random)).max().unwrap();
                assert!(pause.as_secs_f64() <= max, "{session}: {pause:?}");
            }
        }
    }

    #[test]
    fn bounds_grow_to_the_largest_and_pauses_fill_them() {
        let (backoff, random) = (Backoff::default(), SplitMix::new(3));
        let longest = |failures| {
            (0..2000).map(|_| backoff.pause(failures, &random)).max().unwrap().as_secs_f64()
        };
        assert!((0.9..1.0).contains(&longest(1)));
        assert!((1.5..1.6).contains(&longest(2)));
        assert!((110.0..120.0).contains(&longest(50)));
        assert!((110.0..120.0).contains(&longest(u32::MAX)));
    }
}
