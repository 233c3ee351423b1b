//! The count of one connection, and its part of the server's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{FREE, MemoryBudget, MemoryFull};
use crate::io::SockAddr;

/// The bytes in which a connection reserves memory of the server.
pub(super) const STEP: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Account {
    used: AtomicUsize,
    /// The part of the budget of the server that is taken for `used`, in whole steps.
    reserved: AtomicUsize,
    budget: Arc<MemoryBudget>,
    peer: Option<SockAddr>,
}

impl Account {
    pub(super) fn new(budget: Arc<MemoryBudget>, peer: Option<SockAddr>) -> Self {
        Self { used: AtomicUsize::new(0), reserved: AtomicUsize::new(0), budget, peer }
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Counts `bytes` more.
    pub(super) fn add(&self, bytes: usize) {
        let used = self.used.fetch_add(bytes, Ordering::SeqCst).saturating_add(bytes);
        self.reserve_if_needed(used);
    }

    /// Counts `bytes` less.
    pub(super) fn subtract(&self, bytes: usize) {
        let used = self.used.fetch_sub(bytes, Ordering::SeqCst).saturating_sub(bytes);
        self.reserve_if_needed(used);
    }

    #[inline]
    fn reserve_if_needed(&self, used: usize) {
        let reserved = self.reserved.load(Ordering::SeqCst);
        if wanted(used, reserved) != reserved {
            self.reserve();
        }
    }

    /// Reserves what is used. Whoever changes `reserved` looks at `used` again, so that changes at the
    /// same time end with what the last of them needs.
    fn reserve(&self) {
        loop {
            let reserved = self.reserved.load(Ordering::SeqCst);
            let wanted = wanted(self.used.load(Ordering::SeqCst), reserved);
            if wanted == reserved {
                return;
            }
            // The server counts an addition before it is there to be subtracted, and so never too
            // little.
            let of_server = &self.budget.used;
            let more = wanted.saturating_sub(reserved);
            of_server.fetch_add(more, Ordering::SeqCst);
            let (now, then) = (Ordering::SeqCst, Ordering::SeqCst);
            let changed = self.reserved.compare_exchange(reserved, wanted, now, then).is_ok();
            let less = if changed { reserved.saturating_sub(wanted) } else { more };
            of_server.fetch_sub(less, Ordering::SeqCst);
        }
    }

    #[inline]
    pub(super) fn check(&self, more: usize) -> Result<(), MemoryFull> {
        let used = self.used().saturating_add(more);
        if used <= FREE { Ok(()) } else { self.check_limits(used) }
    }

    fn check_limits(&self, used: usize) -> Result<(), MemoryFull> {
        let budget = &self.budget;
        if used > budget.connection {
            let full = MemoryFull { budget: "connection", bytes: used, limit: budget.connection };
            return Err(budget.full(full, self.peer.as_ref()));
        }
        let reserved = self.reserved.load(Ordering::Relaxed);
        let missing = wanted(used, reserved).saturating_sub(reserved);
        let of_server = budget.used().saturating_add(missing);
        if of_server > budget.server {
            let full = MemoryFull { budget: "server", bytes: of_server, limit: budget.server };
            return Err(budget.full(full, self.peer.as_ref()));
        }
        Ok(())
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(*self.reserved.get_mut(), Ordering::Relaxed);
    }
}

/// The part of the server's budget that a connection takes which holds `used` bytes and has reserved
/// so many: whole steps for what is above [`FREE`]. One step too many is kept, so that use that goes up
/// and down at a step does not touch the count of the server each time; nothing is kept below [`FREE`].
fn wanted(used: usize, reserved: usize) -> usize {
    let above = used.saturating_sub(FREE);
    let least = above.div_ceil(STEP).saturating_mul(STEP);
    if above > 0 && reserved > least && reserved - least <= STEP { reserved } else { least }
}
