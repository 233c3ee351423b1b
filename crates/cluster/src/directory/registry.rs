//! A directory that follows registries.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::random::RandomSource;
use dubhe_core::registry::Registry;
use dubhe_core::time::SharedClock;

use super::cache::ProviderCache;
use super::changes::Told;
use super::follow::{Follow, FollowedSet};
use super::observed::Observed;
use super::set::{ChangingSet, Usable};
use super::subscription::all_news;
use crate::channels::Channels;
use crate::tasks::OwnedTask;

/// The endpoints of one service in one or more registries. Dropped, it ends its subscriptions.
///
/// It is followed by a task of the runtime that it began in. When that runtime ends, it keeps the last
/// endpoints, is stale for good, and says why; calls go on with them. Calls do not begin to follow again:
/// each would have to look for it. Another directory of [`Directories`](super::Directories) does.
///
/// ```
/// # mod dubhe { pub mod client { pub use dubhe_cluster::Channels; } pub mod directory { pub use dubhe_core::directory::Directory; pub use dubhe_cluster::RegistryDirectory; } pub mod random { pub use dubhe_core::random::RandomSource; } pub mod registry { pub use dubhe_core::registry::Registry; } pub mod time { pub use dubhe_net::time::TokioClock; } pub use dubhe_core::ServiceKey; }
/// use std::sync::Arc;
/// use dubhe::client::Channels;
/// use dubhe::directory::{Directory, RegistryDirectory};
/// use dubhe::random::RandomSource;
/// use dubhe::registry::Registry;
/// use dubhe::time::TokioClock;
/// use dubhe::ServiceKey;
///
/// /// Waits for the first set of providers of a service, of any protocol.
/// async fn first(registry: Arc<dyn Registry>, channels: Arc<Channels>, random: Arc<dyn RandomSource>) -> usize {
///     let greeter = ServiceKey::interface_only("org.example.Greeter");
///     let (registries, clock) = ([registry], Arc::new(TokioClock));
///     let directory = RegistryDirectory::follow(&registries, &greeter, vec![], channels, clock, &random);
///     directory.changed(0).await;
///     directory.snapshot().len()
/// }
/// ```
pub struct RegistryDirectory {
    set: Arc<ChangingSet>,
    follow: OwnedTask,
}

impl RegistryDirectory {
    /// Follows `service` in `registries`. Endpoints are those that offer one of `protocols`, or any
    /// when none is named, and that `channels` can reach. `random` is the jitter of the pauses before a
    /// registry that failed is asked again ([`Registry::backoff`]). Must be called within a tokio runtime.
    pub fn follow(
        registries: &[Arc<dyn Registry>],
        service: &ServiceKey,
        protocols: Vec<ByteString>,
        channels: Arc<Channels>,
        clock: SharedClock,
        random: &Arc<dyn RandomSource>,
    ) -> Self {
        let usable = Usable { protocols, channels, told: Arc::default(), origins: Vec::new() };
        let parts = Parts { registries, cache: None, clock, random };
        Self::follow_usable(parts, service, usable)
    }

    /// Follows as [`follow`](Self::follow) does.
    pub(super) fn follow_usable(parts: Parts<'_>, service: &ServiceKey, usable: Usable) -> Self {
        let Parts { registries, cache, clock, random } = parts;
        let news = all_news(registries, service, &clock, random);
        let observed = Arc::new(Observed::new(registries, service, clock.clone()));
        let channels = usable.channels.clone();
        let set = Arc::new(ChangingSet::new(service, usable, clock.clone(), &observed));
        let follow = Follow {
            service: service.clone(),
            registries: registries.to_vec(),
            set: FollowedSet(set.clone()),
            observed,
            channels,
            cache,
            clock,
            random: random.clone(),
        };
        Self { set, follow: OwnedTask::spawn(follow.run(news)) }
    }

    /// Returns the reasons that the directories of the service have told.
    pub(super) fn told(&self) -> &Arc<Told> {
        self.set.told()
    }

    /// Returns `true` while its task runs, which is until the runtime that it began in ends.
    pub(super) fn is_followed(&self) -> bool {
        !self.follow.is_finished()
    }
}

/// The parts that all directories of an application share.
pub(super) struct Parts<'a> {
    pub(super) registries: &'a [Arc<dyn Registry>],
    pub(super) cache: Option<ProviderCache>,
    pub(super) clock: SharedClock,
    pub(super) random: &'a Arc<dyn RandomSource>,
}

impl Directory for RegistryDirectory {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.set.snapshot()
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.set.changed(seen)
    }
}

impl fmt::Debug for RegistryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegistryDirectory").field(&self.set.snapshot()).finish()
    }
}
