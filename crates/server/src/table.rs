//! The services of a running server, replaced whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use dubhe_core::Status;
use dubhe_core::serve::{Dispatch, Target, Wanted};

use crate::services::Services;

/// The present services. A call takes no lock to find its target.
pub(crate) struct ServiceTable {
    present: ArcSwap<Services>,
    changes: AtomicU64,
    /// Never changed while the server runs.
    others: Arc<[Arc<dyn Dispatch>]>,
}

impl ServiceTable {
    pub(crate) fn new(services: Services) -> Self {
        let others = services.others().clone();
        Self { present: ArcSwap::from_pointee(services), changes: AtomicU64::new(0), others }
    }

    pub(crate) fn present(&self) -> Arc<Services> {
        self.present.load_full()
    }

    /// Replaces the services by a copy that `change` has changed; on an error nothing is. Callers
    /// see to it that there is one change at a time.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Services) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut services = Services::clone(&self.present.load());
        let changed = change(&mut services)?;
        self.present.store(Arc::new(services));
        // After the services: who sees this number sees them too.
        self.changes.fetch_add(1, Ordering::Release);
        Ok(changed)
    }
}

impl Dispatch for ServiceTable {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        self.present.load().find(wanted)
    }

    fn generation(&self) -> u64 {
        let changes = self.changes.load(Ordering::Acquire);
        self.others.iter().fold(changes, |sum, other| sum.wrapping_add(other.generation()))
    }
}

impl std::fmt::Debug for ServiceTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.present.load().fmt(f)
    }
}
