//! The least rate at which a peer must send what it has begun.

use std::time::{Duration, Instant};

use dubhe_core::time::after;

use crate::{Error, ErrorKind};

/// A minimal rate: in each window of time in which something is received and not whole, so many
/// bytes a second must come on average. The first window is the grace.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::rate::MinRate; } }
/// use std::time::Duration;
/// use dubhe::net::MinRate;
///
/// // Peers on slow links may send 200 bytes a second, counted in windows of 30 s.
/// let rate = MinRate::new(200, Duration::from_secs(30));
/// assert_eq!(rate.least(Duration::from_secs(30)), 6_000);
/// assert!(MinRate::NONE.is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinRate {
    /// Bytes a second; zero for any rate.
    pub bytes_per_second: u32,
    /// The length of a window. Zero turns the limit off.
    pub window: Duration,
}

impl MinRate {
    /// The absence of a minimal rate.
    pub const NONE: Self = Self::new(0, Duration::ZERO);

    /// The rate of `bytes_per_second` in each `window`.
    pub const fn new(bytes_per_second: u32, window: Duration) -> Self {
        Self { bytes_per_second, window }
    }

    /// Returns true if there is no such limit.
    pub const fn is_none(&self) -> bool {
        self.bytes_per_second == 0 || self.window.is_zero()
    }

    /// The least bytes in `elapsed`.
    pub fn least(&self, elapsed: Duration) -> u64 {
        let least = u128::from(self.bytes_per_second) * elapsed.as_millis() / 1000;
        u64::try_from(least).unwrap_or(u64::MAX)
    }
}

impl Default for MinRate {
    /// 1 KiB/s in each 10 s.
    fn default() -> Self {
        Self::new(1024, Duration::from_secs(10))
    }
}

/// The progress of what is received at the moment, against a minimal rate.
#[derive(Clone, Debug)]
pub struct RateMeter {
    rate: MinRate,
    /// The beginning of the window, while something is not whole.
    since: Option<Instant>,
    /// The bytes that came in it.
    received: u64,
}

impl RateMeter {
    /// A meter that stands.
    pub const fn new(rate: MinRate) -> Self {
        Self { rate, since: None, received: 0 }
    }

    /// Returns true while something is received and not whole.
    pub const fn is_running(&self) -> bool {
        self.since.is_some()
    }

    /// Begins a window, whatever ran before.
    pub fn restart(&mut self, now: Instant) {
        if !self.rate.is_none() {
            (self.since, self.received) = (Some(now), 0);
        }
    }

    /// Stops: nothing is on its way.
    pub fn stop(&mut self) {
        self.since = None;
    }

    /// Counts bytes that came.
    pub fn receive(&mut self, bytes: usize) {
        if self.is_running() {
            self.received = self.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
    }

    /// The end of the window.
    pub fn due(&self) -> Option<Instant> {
        self.since.map(|since| after(since, self.rate.window))
    }

    /// Begins the next window if this one is over.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] when too little came in it; `what` says of what.
    pub fn check(&mut self, now: Instant, what: &str) -> Result<(), Error> {
        let Some(since) = self.since else { return Ok(()) };
        let elapsed = now.saturating_duration_since(since);
        if elapsed < self.rate.window {
            return Ok(());
        }
        let received = self.received;
        if received >= self.rate.least(elapsed) {
            self.restart(now);
            return Ok(());
        }
        let least = self.rate.bytes_per_second;
        let message = format!(
            "{received} bytes of {what} came in {elapsed:.1?}, and it is not whole; the minimum is \
             {least} bytes a second: lower min_rate for slower peers"
        );
        Err(Error::new(ErrorKind::Timeout, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn each_window_needs_its_bytes() {
        let start = Instant::now();
        let mut meter = RateMeter::new(MinRate::default());
        meter.receive(1_000_000);
        meter.check(start + seconds(100), "a body").unwrap();
        meter.restart(start);
        assert_eq!(meter.due(), Some(start + seconds(10)));
        meter.receive(10 * 1024);
        meter.check(start + seconds(10), "a body").unwrap();
        // What came before does not help.
        meter.receive(10 * 1024 - 1);
        meter.check(start + seconds(19), "a body").unwrap();
        let error = meter.check(start + seconds(20), "a body").unwrap_err();
        assert!(error.is_timeout());
        assert!(error.to_string().starts_with("10239 bytes of a body came in 10.0s"), "{error}");
    }

    #[test]
    fn a_rate_of_zero_is_none() {
        for rate in [MinRate::NONE, MinRate::new(0, seconds(1)), MinRate::new(1, seconds(0))] {
            let mut meter = RateMeter::new(rate);
            meter.restart(Instant::now());
            assert_eq!(meter.due(), None);
        }
    }
}
