//! Pauses between attempts.

use crate::random::RandomSource;
use crate::time::Duration;

/// Exponential backoff with full jitter: each pause is drawn evenly from zero to a bound that
/// grows with every failure, so that many that failed together do not return together.
///
/// The default is that of a registry: at most 1 s, times 1.6, to 5 s, which is Dubbo's
/// `retry.period`.
///
/// ```
/// # mod dubhe { pub mod random { pub use dubhe_core::random::SplitMix; } pub mod registry { pub use dubhe_core::backoff::FullJitter; } }
/// use std::time::Duration;
/// use dubhe::random::SplitMix;
/// use dubhe::registry::FullJitter;
///
/// let backoff = FullJitter::default().capped(Duration::from_secs(10));
/// // A random time up to a bound, which grows with each failure in a row.
/// assert!(backoff.pause(3, &SplitMix::from_os()) <= Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FullJitter {
    /// The bound after the first failure. Default 1 s.
    pub initial: Duration,
    /// The factor of the bound after each further failure. Default 1.6.
    pub factor: f64,
    /// The largest bound. Default 5 s.
    pub max: Duration,
}

impl Default for FullJitter {
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), factor: 1.6, max: Duration::from_secs(5) }
    }
}

impl FullJitter {
    /// The pauses of a client whose session of this length must not end in one: at most a quarter of
    /// it, and at most 10 s.
    pub fn within_session(session: Duration) -> Self {
        let most = Self { max: Duration::from_secs(10), ..Self::default() };
        most.capped(session / 4)
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
    use super::*;
    use crate::random::SplitMix;

    fn longest(pauses: FullJitter, failures: u32) -> f64 {
        let random = SplitMix::new(3);
        let pauses = (0..2000).map(|_| pauses.pause(failures, &random));
        pauses.max().unwrap().as_secs_f64()
    }

    #[test]
    fn a_session_does_not_end_in_a_pause() {
        for (session, max) in [(60, 10.0), (40, 10.0), (8, 2.0), (1, 0.25)] {
            let pauses = FullJitter::within_session(Duration::from_secs(session));
            for failures in [1, 2, 50] {
                let pause = longest(pauses, failures);
                assert!(pause <= max, "{session}: {pause}");
            }
            assert!(longest(pauses, 50) > max * 0.9, "{session}");
        }
    }

    #[test]
    fn bounds_grow_to_the_largest_and_pauses_fill_them() {
        for (failures, bound) in [(1, 1.0), (2, 1.6), (50, 5.0), (u32::MAX, 5.0)] {
            let pause = longest(FullJitter::default(), failures);
            assert!((bound * 0.9..bound).contains(&pause), "{failures}: {pause}");
        }
    }
}
