//! Memory that a peer may fill when it likes.

use std::sync::atomic::Ordering;

use super::ConnectionMemory;

/// The part of the budget of a server that reservations may take beside it.
const PART: usize = 4;

/// Memory that a peer may fill when it likes, such as what a window of a connection lets it send. All
/// reservations of a server take at most a quarter of its budget, beside what is counted; they are
/// given back when they are dropped.
#[derive(Debug)]
pub struct Reservation {
    memory: ConnectionMemory,
    bytes: usize,
}

impl Reservation {
    pub(super) fn new(memory: ConnectionMemory) -> Self {
        Self { memory, bytes: 0 }
    }

    /// The bytes that are reserved.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reserves so many bytes more. Returns false, and reserves nothing, when there are not so many.
    #[must_use]
    pub fn grow(&mut self, more: usize) -> bool {
        let Some(account) = &self.memory.0 else { return true };
        let budget = account.budget();
        let limit = budget.server / PART;
        let add = |reserved: usize| reserved.checked_add(more).filter(|sum| *sum <= limit);
        let grown = budget.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok();
        if grown {
            self.bytes += more;
        }
        grown
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(account) = &self.memory.0 {
            account.budget().reserved.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}
