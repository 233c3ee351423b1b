//! Stats of providers, for balancers, filters and limiters.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The calls in flight to a provider, and what balancers, filters and limiters keep of it. It outlives
/// the set that the provider is in, and goes with its last call.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; }
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use dubhe::Endpoint;
///
/// /// What a hook counts of a provider.
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// let endpoint = Endpoint::of("dubbo", "10.0.0.7", 20880);
/// let stats = endpoint.provider().stats(); // or `call.head.provider` in a filter of endpoints
/// stats.get_or_init(Failures::default).0.fetch_add(1, Ordering::Relaxed);
/// assert_eq!(stats.get_or_init(Failures::default).0.load(Ordering::Relaxed), 1);
/// ```
#[derive(Default)]
pub struct ProviderStats {
    in_flight: AtomicU32,
    kept: Mutex<Vec<Kept>>,
}

type Kept = (TypeId, Arc<dyn Any + Send + Sync>);

impl ProviderStats {
    /// The number of calls on their way to it.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn finish(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// The value that is kept under the type `T`, such as an average of latencies or a limit of calls;
    /// made by `make` when there is none. No lock is held while `make` runs: it may ask for values
    /// itself. Of callers at the same time each may make one; all get the one that is kept, and the
    /// others are dropped.
    pub fn get_or_init<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(known) = find(&self.lock()) {
            return known;
        }
        let made = Arc::new(make());
        let mut kept = self.lock();
        let Some(earlier) = find(&kept) else {
            kept.push((TypeId::of::<T>(), made.clone()));
            return made;
        };
        // Its destructor may ask for values too.
        drop(kept);
        drop(made);
        earlier
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<T: Any + Send + Sync>(kept: &[Kept]) -> Option<Arc<T>> {
    let (_, known) = kept.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
    known.clone().downcast().ok()
}

impl fmt::Debug for ProviderStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderStats").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}
