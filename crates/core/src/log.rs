//! Log lines that come once a second at most.

use std::sync::{Mutex, PoisonError};

use crate::time::{Duration, Instant};

/// The least time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// A limit of one line a second for events that others can cause at will.
#[derive(Debug, Default)]
pub struct OncePerSecond(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    unlogged: u64,
}

impl OncePerSecond {
    /// Counts an event. Returns the number of events since the last line, this one among them, if
    /// there may be a line now.
    pub fn count(&self, now: Instant) -> Option<u64> {
        self.count_all(1, now)
    }

    /// Counts `events` that came together; otherwise as [`count`](Self::count).
    pub fn count_all(&self, events: u64, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.unlogged = state.unlogged.saturating_add(events);
        if state.last.is_some_and(|last| now < last + PAUSE) {
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_line_a_second_and_nothing_is_forgotten() {
        let (log, start) = (OncePerSecond::default(), Instant::now());
        let at = |millis| log.count(start + Duration::from_millis(millis));
        let lines = [at(0), at(1), at(999), at(1000), at(1001), at(5000)];
        assert_eq!(lines, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
