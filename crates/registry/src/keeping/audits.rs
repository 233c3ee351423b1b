//! The times at which something is looked at again though nobody told of a change.

use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, Instant, after};

/// The pause before the first audit, of a value that was just written or a connection that was just made.
const FIRST_PAUSE: Duration = Duration::from_secs(3);

/// The longest pause before an audit of little, whether a change was told or not.
pub const AUDIT_PERIOD: Duration = Duration::from_secs(30);

/// The bytes that audits of one list read in a second, on average: all consumers of a large service together
/// must not keep the registry busy.
const BYTES_PER_SECOND: u64 = 2048;

/// The schedule of audits of a value that is kept in a registry, or of a list that is read from it.
///
/// A notification that is lost, or a byte that is changed on the way, leaves a difference that no later
/// notification tells of. An audit reads the thing again and mends what differs. The first follows after 1.5
/// to 3 s, as most damage is done while connections are made; then the pause doubles to [`AUDIT_PERIOD`] and
/// a second for every 2 KiB of what is read. Each pause is a random one of the second half of that time, so
/// that not all of a fleet read together.
#[derive(Debug)]
pub struct Audits {
    pause: Duration,
}

impl Default for Audits {
    fn default() -> Self {
        Self { pause: FIRST_PAUSE }
    }
}

impl Audits {
    /// Begins anew with short pauses.
    pub fn restart(&mut self) {
        self.pause = FIRST_PAUSE;
    }

    /// Returns the time of the next audit, which reads so many bytes.
    pub fn next(&mut self, now: Instant, bytes: usize, random: &dyn RandomSource) -> Instant {
        let period =
            AUDIT_PERIOD.saturating_add(Duration::from_secs(bytes as u64 / BYTES_PER_SECOND));
        let pause = self.pause.min(period);
        self.pause = pause.saturating_mul(2);
        let half = pause / 2;
        let jitter = random.below(u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1));
        after(now, half.saturating_add(Duration::from_millis(jitter)))
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::random::SplitMix;

    use super::*;

    #[test]
    fn pauses_double_to_a_period_that_follows_the_size() {
        let random = SplitMix::new(7);
        let pauses = |bytes: usize| {
            let mut audits = Audits::default();
            let mut pause = || {
                let now = Instant::now();
                audits.next(now, bytes, &random).duration_since(now).as_secs_f64()
            };
            (0..12).map(|_| pause()).collect::<Vec<_>>()
        };
        let small = pauses(0);
        for (pause, most) in small.iter().zip([3.0, 6.0, 12.0, 24.0, 30.0, 30.0]) {
            assert!((most / 2.0..most).contains(pause), "{pause} of {most}");
        }
        let large = *pauses(1 << 20).last().unwrap();
        assert!((271.0..542.0).contains(&large), "{large}");
    }

    #[test]
    fn a_restart_shortens_the_pause() {
        let (mut audits, random, now) = (Audits::default(), SplitMix::new(7), Instant::now());
        for _ in 0..9 {
            audits.next(now, 0, &random);
        }
        audits.restart();
        assert!(audits.next(now, 0, &random) < now + FIRST_PAUSE);
    }
}
