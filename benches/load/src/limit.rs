//! The end of a caller's work.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Until(Instant),
    Count(u64),
}

impl Limit {
    pub(crate) fn time(time: Duration) -> Self {
        Self::Until(Instant::now() + time)
    }

    pub(crate) fn count(count: u64) -> Self {
        Self::Count(count)
    }

    /// Returns true if one more begins at `now`, after `begun` of them.
    pub(crate) fn allows(self, now: Instant, begun: u64) -> bool {
        match self {
            Self::Until(end) => now < end,
            Self::Count(count) => begun < count,
        }
    }
}
