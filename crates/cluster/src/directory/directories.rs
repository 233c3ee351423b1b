//! The directories of an application.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::random::RandomSource;
use dubhe_core::registry::Registry;
use dubhe_core::time::SharedClock;
use parking_lot::Mutex;

use super::registry::RegistryDirectory;
use super::set::Usable;
use crate::channels::Channels;
use crate::tasks::SharedRuntime;

/// The directories that follow the registries of an application, one for all clients of a service:
/// they share its subscriptions, and what is learnt of its endpoints.
///
/// ```
/// # mod dubhe { pub mod client { pub use dubhe_cluster::{Channels, Directories}; } pub mod random { pub use dubhe_core::random::SplitMix; } pub use dubhe_core::ServiceKey; pub mod time { pub use dubhe_net::time::TokioClock; } }
/// use std::sync::Arc;
/// use dubhe::client::{Channels, Directories};
/// use dubhe::random::SplitMix;
/// use dubhe::ServiceKey;
/// use dubhe::time::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let channels = Arc::new(Channels::new(Vec::new()));
/// let random = Arc::new(SplitMix::from_os());
/// let directories = Directories::new(Vec::new(), channels, Arc::new(TokioClock), random);
///
/// // All clients of a service share its directory, and so its subscriptions.
/// let greeter = ServiceKey::interface_only("org.example.Greeter");
/// let (one, other) = (directories.directory(&greeter, vec![]), directories.directory(&greeter, vec![]));
/// assert!(Arc::ptr_eq(&one, &other));
/// # }
/// ```
pub struct Directories {
    registries: Vec<Arc<dyn Registry>>,
    channels: Arc<Channels>,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    runtime: SharedRuntime,
    shared: Mutex<HashMap<Key, Weak<RegistryDirectory>>>,
}

/// A service, and the protocols that may be used, sorted.
type Key = (ServiceKey, Vec<ByteString>);

impl Directories {
    /// Directories that follow `registries`, of endpoints that `channels` can reach. `random` is the jitter
    /// of the pauses before a registry that failed is asked again.
    pub fn new(
        registries: Vec<Arc<dyn Registry>>,
        channels: Arc<Channels>,
        clock: SharedClock,
        random: Arc<dyn RandomSource>,
    ) -> Self {
        let runtime = SharedRuntime::current();
        Self { registries, channels, clock, random, runtime, shared: Mutex::default() }
    }

    /// The registries.
    pub fn registries(&self) -> &[Arc<dyn Registry>] {
        &self.registries
    }

    /// The directory of `service`, of those endpoints that offer one of `protocols`; of all when
    /// none is named. It is followed until the last of those who asked for it drops it. When the
    /// runtime that follows it has ended, this makes another one; those who have the stale one keep it,
    /// so a client is built again to see changes. Must be called within a tokio runtime.
    pub fn directory(
        &self,
        service: &ServiceKey,
        mut protocols: Vec<ByteString>,
    ) -> Arc<RegistryDirectory> {
        protocols.sort_unstable();
        protocols.dedup();
        let key = (service.clone(), protocols);
        let mut shared = self.shared.lock();
        if let Some(known) = shared.get(&key).and_then(Weak::upgrade)
            && known.is_followed()
        {
            return known;
        }
        let runtime = self.runtime.handle();
        let _within = runtime.enter();
        let of_service = shared.iter().filter(|((known, _), _)| known == service);
        let told = of_service.filter_map(|(_, directory)| directory.upgrade());
        let told = told.map(|directory| directory.told().clone()).next().unwrap_or_default();
        let usable = Usable { protocols: key.1.clone(), channels: self.channels.clone(), told };
        let directory = Arc::new(RegistryDirectory::follow_usable(
            &self.registries,
            service,
            usable,
            self.clock.clone(),
            &self.random,
        ));
        shared.retain(|_, directory| directory.strong_count() > 0);
        shared.insert(key, Arc::downgrade(&directory));
        directory
    }
}

impl fmt::Debug for Directories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directories({} shared)", self.shared.lock().len())
    }
}
