//! The times to send a heartbeat and to give a silent peer up.
//!
//! Source: Dubbo Java `HeartbeatTimerTask`, `ReconnectTimerTask`, `CloseTimerTask`: the client
//! sends when nothing was read or nothing was written for a period, and looks again after a third
//! of it; the server sends nothing; either gives up after three periods of silence.

use std::time::{Duration, Instant};

use dubhe_core::time::after;

use super::Role;

/// Periods of silence after which the peer is taken for dead.
const DEAD_AFTER: u32 = 3;
/// Looks a period, while heartbeats go unanswered.
const CHECKS_PER_PERIOD: u32 = 3;

#[derive(Debug)]
pub(super) struct Heartbeat {
    role: Role,
    period: Duration,
    sent: Option<Instant>,
}

/// The thing to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// No action; look again then, if ever.
    Wait(Option<Instant>),
    /// Send a heartbeat and look again then.
    Send(Instant),
    /// The peer was silent for this long.
    Dead(Duration),
}

impl Heartbeat {
    pub(super) fn new(role: Role, period: Duration) -> Self {
        Self { role, period, sent: None }
    }

    pub(super) fn look(&mut self, now: Instant, last_read: Instant, last_write: Instant) -> Beat {
        if self.period.is_zero() {
            return Beat::Wait(None);
        }
        let dead = after(last_read, self.period.saturating_mul(DEAD_AFTER));
        if dead <= now {
            return Beat::Dead(now.saturating_duration_since(last_read));
        }
        if self.role == Role::Server {
            return Beat::Wait(Some(dead));
        }
        let idle = after(last_read.min(last_write), self.period);
        let again = self.sent.map(|sent| after(sent, self.period / CHECKS_PER_PERIOD));
        let due = again.map_or(idle, |again| idle.max(again));
        if due > now {
            return Beat::Wait(Some(due.min(dead)));
        }
        self.sent = Some(now);
        Beat::Send(dead.min(after(now, self.period / CHECKS_PER_PERIOD)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_client_sends_when_either_direction_is_silent_and_gives_up_after_three_periods() {
        let t = Instant::now();
        let mut heartbeat = Heartbeat::new(Role::Client, 60 * S);
        assert_eq!(heartbeat.look(t, t, t), Beat::Wait(Some(t + 60 * S)));
        assert_eq!(heartbeat.look(t + 60 * S, t, t + 30 * S), Beat::Send(t + 80 * S));
        let unanswered = heartbeat.look(t + 80 * S, t, t + 60 * S);
        assert_eq!(unanswered, Beat::Send(t + 100 * S));
        assert_eq!(heartbeat.look(t + 180 * S, t, t + 160 * S), Beat::Dead(180 * S));
    }

    #[test]
    fn an_answer_starts_a_new_period() {
        let t = Instant::now();
        let mut heartbeat = Heartbeat::new(Role::Client, 60 * S);
        assert_eq!(heartbeat.look(t + 60 * S, t, t), Beat::Send(t + 80 * S));
        let answered = heartbeat.look(t + 80 * S, t + 60 * S, t + 60 * S);
        assert_eq!(answered, Beat::Wait(Some(t + 120 * S)));
    }

    #[test]
    fn a_server_only_gives_up_and_zero_turns_all_off() {
        let t = Instant::now();
        let mut server = Heartbeat::new(Role::Server, 60 * S);
        assert_eq!(server.look(t + 100 * S, t, t), Beat::Wait(Some(t + 180 * S)));
        assert_eq!(server.look(t + 180 * S, t, t), Beat::Dead(180 * S));
        let mut off = Heartbeat::new(Role::Client, Duration::ZERO);
        assert_eq!(off.look(t + 1000 * S, t, t), Beat::Wait(None));
    }
}
