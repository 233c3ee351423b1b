//! The services of a running server, which change as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use dubhe_core::Status;
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_net::poll_watch::PollKey;

use crate::services::Services;

/// The current services. A call takes no lock to find its target.
pub(crate) struct ServiceTable {
    current: ArcSwap<Services>,
    changes: AtomicU64,
    /// The other dispatches, which never change while the server runs.
    others: Arc<[Arc<dyn Dispatch>]>,
}

impl ServiceTable {
    pub(crate) fn new(services: Services) -> Self {
        let others = services.others().clone();
        Self { current: ArcSwap::from_pointee(services), changes: AtomicU64::new(0), others }
    }

    pub(crate) fn current(&self) -> Arc<Services> {
        self.current.load_full()
    }

    /// The name of the method whose handler has this key, such as `org.example.Users.getUser`.
    pub(crate) fn name_of(&self, key: PollKey) -> Option<String> {
        self.current.load().exported().find_map(|exported| exported.name_of(key))
    }

    /// Replaces the services by a copy that `change` has modified; on an error nothing changes. The
    /// caller makes one change at a time.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Services) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut services = Services::clone(&self.current.load());
        let changed = change(&mut services)?;
        self.current.store(Arc::new(services));
        // After the services, so that a reader of this number sees them.
        self.changes.fetch_add(1, Ordering::Release);
        Ok(changed)
    }
}

impl Dispatch for ServiceTable {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        self.current.load().find(wanted)
    }

    fn generation(&self) -> u64 {
        let changes = self.changes.load(Ordering::Acquire);
        self.others.iter().fold(changes, |sum, other| sum.wrapping_add(other.generation()))
    }
}

impl std::fmt::Debug for ServiceTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.current.load().fmt(f)
    }
}
