//! The directories of an application.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::random::RandomSource;
use dubhe_core::registry::{Origin, Registry, RegistryTraits};
use dubhe_core::time::SharedClock;
use parking_lot::Mutex;

use super::cache::ProviderCache;
use super::registry::{Parts, RegistryDirectory};
use super::set::Usable;
use crate::channels::Channels;
use crate::panicked::{guard, registry_name};
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
    /// The registries in which providers are looked for.
    followed: Vec<Arc<dyn Registry>>,
    /// These by their places, where calls choose between them; otherwise none.
    origins: Vec<Arc<Origin>>,
    cache: Option<ProviderCache>,
    runtime: SharedRuntime,
    shared: Mutex<HashMap<Key, Weak<RegistryDirectory>>>,
}

/// A service, and the protocols that may be used, sorted.
type Key = (ServiceKey, Vec<ByteString>);

impl Directories {
    /// Directories that follow `registries`, of endpoints that `channels` can reach. `random` is the jitter
    /// of the pauses before a registry that failed is asked again. Registries whose
    /// [traits](Registry::traits) say so are not followed.
    pub fn new(
        registries: Vec<Arc<dyn Registry>>,
        channels: Arc<Channels>,
        clock: SharedClock,
        random: Arc<dyn RandomSource>,
    ) -> Self {
        let traits = registries.iter().map(|one| guard(|| one.traits(), String::new));
        let all = registries.iter().zip(traits.map(Result::unwrap_or_default));
        let followed: Vec<_> = all.filter(|(_, traits)| traits.subscribe).collect();
        let chosen = followed.len() > 1 && followed.iter().any(|(_, traits)| traits.is_chosen());
        let origin = |(registry, traits): &(&Arc<dyn Registry>, RegistryTraits)| {
            Arc::new(Origin { name: registry_name(registry).into(), traits: traits.clone() })
        };
        let origins = followed.iter().filter(|_| chosen).map(origin).collect();
        let followed = followed.into_iter().map(|(registry, _)| registry.clone()).collect();
        Self {
            followed,
            origins,
            registries,
            channels,
            clock,
            random,
            cache: None,
            runtime: SharedRuntime::current(),
            shared: Mutex::default(),
        }
    }

    /// Keeps the last providers of each service in files of `folder`, for a start while registries are
    /// away. The folder is made when the first of them is written.
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(ProviderCache::new(folder));
        self
    }

    /// Returns `true` if the [traits](Registry::traits) of registries make calls choose between these.
    pub fn has_choice(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Returns `true` if providers are looked for in a registry.
    pub fn is_following(&self) -> bool {
        !self.followed.is_empty()
    }

    /// The registries, those too in which no providers are looked for.
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
        let (protocols, channels) = (key.1.clone(), self.channels.clone());
        let usable = Usable { protocols, channels, told, origins: self.origins.clone() };
        let parts = Parts {
            registries: &self.followed,
            cache: self.cache.clone(),
            clock: self.clock.clone(),
            random: &self.random,
        };
        let directory = Arc::new(RegistryDirectory::follow_usable(parts, service, usable));
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
