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
        generation(self.changes.load(Ordering::Acquire), &self.others)
    }
}

/// The number of services that have changed so often, and of other dispatches. It is another one
/// after any change of one of them; changes of several do not make up for each other, as in a sum.
pub(crate) fn generation(changes: u64, others: &[Arc<dyn Dispatch>]) -> u64 {
    others.iter().fold(changes, |all, other| scatter(all).wrapping_add(other.generation()))
}

/// A permutation of the numbers, which leaves those of neighbours far apart (the finalizer of
/// SplitMix64).
fn scatter(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

impl std::fmt::Debug for ServiceTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.current.load().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    struct Numbered(u64);

    impl Dispatch for Numbered {
        fn find(&self, _: Wanted<'_>) -> Result<Target, Status> {
            Err(Status::unimplemented("nothing is here"))
        }

        fn generation(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn changes_do_not_make_up_for_each_other() {
        const EACH: u64 = 20;
        let mut seen = HashSet::new();
        for changes in 0..EACH {
            for one in 0..EACH {
                // A dispatch may count backwards, too.
                for other in (0..EACH).map(|n| n.wrapping_sub(EACH / 2)) {
                    let others = [one, other].map(|n| Arc::new(Numbered(n)) as Arc<dyn Dispatch>);
                    assert!(seen.insert(generation(changes, &others)), "{changes} {one} {other}");
                }
            }
        }
    }
}
