//! The progress that requests must make while their server drains.

use std::time::{Duration, Instant};

use dubhe_core::time::after;
use dubhe_net::rate::MinRate;

use crate::options::TripleOptions;

/// The window in which a request that is not whole must come at the least rate.
///
/// It is as long as `drain_quiet`, and the next one begins at its end.
pub(super) struct DrainWindow {
    quiet: Duration,
    rate: MinRate,
    since: Instant,
}

impl DrainWindow {
    pub(super) fn new(options: &TripleOptions, now: Instant) -> Self {
        Self { quiet: options.drain_quiet, rate: options.min_rate, since: now }
    }

    /// Begins a window, whatever came in this one.
    pub(super) fn restart(&mut self, now: Instant) {
        self.since = now;
    }

    /// Moves the window by a time in which nobody waited for the peer.
    pub(super) fn shift(&mut self, time: Duration) {
        self.since = after(self.since, time);
    }

    /// The end of the window.
    pub(super) fn due(&self) -> Instant {
        after(self.since, self.quiet)
    }

    /// Returns `true` if `bytes` up to `now`, the end of the window, are progress. Without a least rate
    /// any byte is.
    pub(super) fn has_progress(&self, now: Instant, bytes: u64) -> bool {
        let elapsed = now.saturating_duration_since(self.since);
        let least = if self.rate.is_none() { 0 } else { self.rate.least(elapsed) };
        bytes >= least.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_needs_the_least_rate() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut options = TripleOptions::default();
        let mut window = DrainWindow::new(&options, start);
        assert_eq!(window.due(), start + second);
        assert!(window.has_progress(start + second, 1024));
        assert!(!window.has_progress(start + second, 1023));
        window.restart(start + second);
        window.shift(second);
        assert_eq!(window.due(), start + 3 * second);
        assert!(window.has_progress(start + 3 * second, 1024));
        assert!(!window.has_progress(start + 4 * second, 1024));

        options.min_rate = MinRate::NONE;
        let window = DrainWindow::new(&options, start);
        assert!(window.has_progress(start + second, 1));
        assert!(!window.has_progress(start + second, 0));
    }
}
