//! The calls that count.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use stats_alloc::Stats;

use crate::{ALLOCATOR, Error};

/// Calls before the first that counts.
const WARM_UP: u64 = 200;

/// The counters of the allocator at both ends of a number of calls.
#[derive(Debug)]
pub(crate) struct Window {
    calls: u64,
    begun: AtomicU64,
    first: OnceLock<Stats>,
    last: OnceLock<Stats>,
}

impl Window {
    /// A window of `calls` calls that opens after the warm-up.
    pub(crate) fn new(calls: u64) -> Self {
        Self { calls, begun: AtomicU64::new(0), first: OnceLock::new(), last: OnceLock::new() }
    }

    /// The number of calls to make: the last one closes the window.
    pub(crate) fn total(&self) -> u64 {
        WARM_UP + self.calls + 1
    }

    /// Notes that a call begins.
    pub(crate) fn begin(&self) {
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        let end = if begun == WARM_UP {
            &self.first
        } else if begun == WARM_UP + self.calls {
            &self.last
        } else {
            return;
        };
        // Each is reached once.
        let _ = end.set(ALLOCATOR.stats());
    }

    /// Calls, allocations and bytes of the window; growing an allocation counts as one.
    ///
    /// # Errors
    /// When calls are missing.
    pub(crate) fn report(&self) -> Result<Value, Error> {
        let (Some(first), Some(last)) = (self.first.get(), self.last.get()) else {
            let begun = self.begun.load(Ordering::Relaxed);
            return Err(format!("{begun} of {} calls were made", self.total()).into());
        };
        let made = *last - *first;
        Ok(json!({
            "calls": self.calls,
            "allocations": made.allocations + made.reallocations,
            "bytes": made.bytes_allocated,
        }))
    }
}
