//! Probes of a connection whose peer lets calls wait.
//!
//! While calls wait and nothing arrives, the peer is asked for a sign of life. A connection whose
//! probe is not answered is hung: it takes no new calls until something arrives, and leaves the
//! calls that wait to their own deadlines. A connection on which nobody waits is never probed.

use std::time::{Duration, Instant};

use dubhe_core::time::after;

/// The most probes between two answers to calls. gRPC's servers close the connection of a client
/// that sends a third one: grpc-go and grpc-java allow two "strikes", a PING without five minutes
/// before it is one, and headers or data that they send make up for all before (grpc-go
/// `internal/transport/http2_server.go`, `handlePing`; grpc-java `KeepAliveEnforcer`).
pub const MAX_PROBES: u32 = 2;

/// The times of the probes.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::keepalive::KeepaliveOptions; } }
/// use std::time::Duration;
/// use dubhe::net::KeepaliveOptions;
///
/// // A peer that is probed after half a second in which calls wait for it and nothing arrives.
/// let keepalive = KeepaliveOptions::default()
///     .interval(Duration::from_millis(500))
///     .timeout(Duration::from_millis(500));
/// assert_eq!(KeepaliveOptions::off().interval, Duration::ZERO);
/// # assert_eq!(keepalive.minimum, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepaliveOptions {
    /// The time for which calls wait and nothing arrives before a probe; it may be twice as long.
    /// Zero turns probes off. Default 1 s.
    pub interval: Duration,
    /// The time for which a probe may go unanswered; then the connection is hung. Default 1 s.
    pub timeout: Duration,
    /// The least time between two probes. Default 10 s.
    pub minimum: Duration,
    /// The time for which a connection may be hung before another one takes its place. Default
    /// 20 s, as gRPC's keepalive timeout.
    pub dead: Duration,
}

impl Default for KeepaliveOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            minimum: Duration::from_secs(10),
            dead: Duration::from_secs(20),
        }
    }
}

impl KeepaliveOptions {
    /// The options without probes.
    pub fn off() -> Self {
        Self { interval: Duration::ZERO, ..Self::default() }
    }

    /// The same with another time before a probe; zero turns probes off.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// The same with another time for the answer to a probe.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same with another least time between two probes.
    #[must_use]
    pub fn minimum(self, minimum: Duration) -> Self {
        Self { minimum, ..self }
    }

    /// The same with another time for which a connection may be hung.
    #[must_use]
    pub fn dead(self, dead: Duration) -> Self {
        Self { dead, ..self }
    }
}

/// The thing to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeStep {
    /// No step.
    Wait,
    /// Send a probe.
    Probe,
    /// The probe was not answered: take no new calls.
    Hung,
    /// A hung connection answers: take calls again.
    Alive,
    /// The connection was hung for too long: give it up. Nothing follows.
    Dead,
}

/// The state of the probes of one connection.
#[derive(Debug)]
pub struct Keepalive {
    options: KeepaliveOptions,
    /// The moment since which calls wait for a first byte.
    asked: Option<Instant>,
    /// The moment of the probe that is not answered.
    unanswered: Option<Instant>,
    last_probe: Option<Instant>,
    /// The number of probes since the last answer to a call.
    probes: u32,
    hung: bool,
    dead: bool,
}

impl Keepalive {
    /// The state of a connection on which nothing has been asked.
    pub fn new(options: KeepaliveOptions) -> Self {
        Self {
            options,
            asked: None,
            unanswered: None,
            last_probe: None,
            probes: 0,
            hung: false,
            dead: false,
        }
    }

    /// The time from the first call on a quiet connection to a look; `None` when probes are off, or
    /// the connection was given up.
    pub fn first_look(&self) -> Option<Duration> {
        (!self.options.interval.is_zero() && !self.dead).then_some(self.options.interval)
    }

    /// Returns `true` from [`ProbeStep::Hung`] to [`ProbeStep::Alive`]: whatever arrives calls for
    /// a look.
    pub fn is_hung(&self) -> bool {
        self.hung
    }

    /// Notes an answer to a call, behind which the peer counts probes anew.
    pub fn answered(&mut self) {
        self.probes = 0;
    }

    /// Looks at the connection: `heard` says that something arrived since the last look, `waiting` that calls wait, or have waited in vain since the last
    /// look. Gives what to do, and when to look again at the latest; `None`: when calls wait again.
    pub fn look(
        &mut self,
        now: Instant,
        heard: bool,
        waiting: bool,
    ) -> (ProbeStep, Option<Instant>) {
        let Some(interval) = self.first_look() else { return (ProbeStep::Wait, None) };
        let mut step = ProbeStep::Wait;
        if heard {
            (self.asked, self.unanswered) = (None, None);
            if std::mem::take(&mut self.hung) {
                step = ProbeStep::Alive;
            }
        }
        let Some(asked) = self.asked else {
            self.asked = waiting.then_some(now);
            return (step, waiting.then(|| after(now, interval)));
        };
        match self.unanswered {
            Some(sent) => self.judge(now, sent),
            None if self.probes >= MAX_PROBES => {
                // From here on the deadlines of the calls decide.
                self.asked = self.asked.filter(|_| waiting);
                (ProbeStep::Wait, self.asked.map(|_| after(now, interval)))
            }
            None => {
                let allowed = self.last_probe.map(|last| after(last, self.options.minimum));
                let due =
                    allowed.map_or(after(asked, interval), |at| at.max(after(asked, interval)));
                if now < due {
                    return (ProbeStep::Wait, Some(due));
                }
                self.probes += 1;
                (self.unanswered, self.last_probe) = (Some(now), Some(now));
                (ProbeStep::Probe, Some(after(now, self.options.timeout)))
            }
        }
    }

    fn judge(&mut self, now: Instant, sent: Instant) -> (ProbeStep, Option<Instant>) {
        let hung = after(sent, self.options.timeout);
        let dead = after(hung, self.options.dead);
        match self.hung {
            false if now < hung => (ProbeStep::Wait, Some(hung)),
            false => {
                self.hung = true;
                (ProbeStep::Hung, Some(dead))
            }
            true if now < dead => (ProbeStep::Wait, Some(dead)),
            true => {
                self.dead = true;
                (ProbeStep::Dead, None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    struct Run(Keepalive, Instant);

    impl Run {
        fn new(options: KeepaliveOptions) -> Self {
            Self(Keepalive::new(options), Instant::now())
        }

        /// Looks at `at` milliseconds; the next look in milliseconds.
        fn look(&mut self, at: u64, heard: bool, waiting: bool) -> (ProbeStep, Option<u128>) {
            let (step, next) = self.0.look(self.1 + ms(at), heard, waiting);
            (step, next.map(|next| (next - self.1).as_millis()))
        }
    }

    #[test]
    fn a_silent_peer_is_probed_once_then_hung_then_dead() {
        let mut run = Run::new(KeepaliveOptions::default());
        assert_eq!(run.look(0, true, false), (ProbeStep::Wait, None));
        assert_eq!(run.look(0, false, true), (ProbeStep::Wait, Some(1_000)));
        // The call has timed out meanwhile; its silence counts.
        assert_eq!(run.look(1_000, false, false), (ProbeStep::Probe, Some(2_000)));
        assert_eq!(run.look(1_999, false, true), (ProbeStep::Wait, Some(2_000)));
        assert_eq!(run.look(2_000, false, true), (ProbeStep::Hung, Some(22_000)));
        assert_eq!(run.look(21_999, false, true), (ProbeStep::Wait, Some(22_000)));
        assert_eq!(run.look(22_000, false, true), (ProbeStep::Dead, None));
        assert_eq!(run.look(23_000, false, true), (ProbeStep::Wait, None));
    }

    #[test]
    fn whatever_arrives_ends_a_hang() {
        let mut run = Run::new(KeepaliveOptions::default());
        run.look(0, false, true);
        run.look(1_000, false, true);
        assert_eq!(run.look(2_000, false, true).0, ProbeStep::Hung);
        assert!(run.0.is_hung());
        assert_eq!(run.look(5_000, true, true), (ProbeStep::Alive, Some(6_000)));
        assert!(!run.0.is_hung());
    }

    #[test]
    fn two_probes_between_answers_and_no_sooner_than_the_minimum() {
        let mut run = Run::new(KeepaliveOptions::default());
        run.look(0, false, true);
        assert_eq!(run.look(1_000, false, true).0, ProbeStep::Probe);
        assert_eq!(run.look(1_010, true, true), (ProbeStep::Wait, Some(2_010)));
        assert_eq!(run.look(2_010, false, true), (ProbeStep::Wait, Some(11_000)));
        assert_eq!(run.look(11_000, false, true).0, ProbeStep::Probe);
        run.look(11_010, true, true);
        for at in 12..100 {
            let next = Some(u128::from(at + 1) * 1_000 + 10);
            assert_eq!(run.look(at * 1_000 + 10, false, true), (ProbeStep::Wait, next));
        }
        // Nobody waits: no more looks. An answer gives two more.
        assert_eq!(run.look(100_000, false, false), (ProbeStep::Wait, None));
        run.0.answered();
        assert_eq!(run.look(100_001, true, true), (ProbeStep::Wait, Some(101_001)));
        assert_eq!(run.look(101_001, false, true).0, ProbeStep::Probe);
    }

    #[test]
    fn zero_turns_probes_off() {
        let mut run = Run::new(KeepaliveOptions::off());
        assert_eq!(run.0.first_look(), None);
        for at in 0..9 {
            assert_eq!(run.look(at * 1_000, false, true), (ProbeStep::Wait, None));
        }
    }
}
