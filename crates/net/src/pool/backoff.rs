//! Pauses between attempts.

use std::time::Duration;

use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;

/// Exponential backoff with full jitter: each pause is drawn evenly from zero to a bound that
/// grows with every failure, so that many clients of one endpoint do not return together.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::pool::Backoff; } pub mod random { pub use dubhe_core::random::SplitMix; } }
/// use std::time::Duration;
/// use dubhe::net::Backoff;
/// use dubhe::random::SplitMix;
///
/// // For `DubboConnect::backoff` and `TripleConnect::backoff`: endpoints come back soon in a test.
/// let backoff = Backoff { max: Duration::from_millis(50), ..Backoff::default() };
/// assert!(backoff.pause(9, &SplitMix::from_os()) <= Duration::from_millis(50));
/// ```
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
    /// The pause after this many failures in a row.
    pub fn pause(&self, failures: u32, random: &dyn RandomSource) -> Duration {
        let Self { initial, factor, max, .. } = *self;
        FullJitter { initial, factor, max }.pause(failures, random)
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::random::SplitMix;

    use super::*;

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
