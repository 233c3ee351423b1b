//! A directory that follows registries.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::random::RandomSource;
use dubhe_core::registry::{Health, Registry, Snapshot};
use dubhe_core::time::SharedClock;
use futures_util::StreamExt as _;
use futures_util::stream::select_all;
use tokio::task::yield_now;

use super::changes::Told;
use super::failures::Failures;
use super::join::join;
use super::set::{ChangingSet, Usable};
use super::subscription::{News, news};
use crate::channels::Channels;
use crate::panicked::{PAUSE, guard, until};
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
        let usable = Usable { protocols, channels, told: Arc::default() };
        Self::follow_usable(registries, service, usable, clock, random)
    }

    /// Follows as [`follow`](Self::follow) does.
    pub(super) fn follow_usable(
        registries: &[Arc<dyn Registry>],
        service: &ServiceKey,
        usable: Usable,
        clock: SharedClock,
        random: &Arc<dyn RandomSource>,
    ) -> Self {
        let all = registries.iter().enumerate().map(|(place, registry)| {
            let (clock, random) = (clock.clone(), random.clone());
            let news = news(registry.clone(), service.clone(), clock, random);
            news.map(move |news| (place, news)).boxed()
        });
        let mut changes = select_all(all);
        let nothing = Snapshot { health: Health::Stale, ..Snapshot::default() };
        let mut latest = vec![nothing; registries.len()];
        let failures = Arc::new(Failures::new(registries, service));
        // Sets may outlive the directory, and registries are not kept for them.
        let asked = Arc::downgrade(&failures);
        let failure = Arc::new(move || asked.upgrade()?.text());
        let set = Arc::new(ChangingSet::new(service, usable, clock.clone(), failure));
        let (followed, service) = (FollowedSet(set.clone()), service.clone());
        let follow = async move {
            let (mut failed, mut published) = (false, false);
            let mut heard = vec![false; latest.len()];
            loop {
                tokio::select! {
                    news = changes.next() => {
                        let Some((place, news)) = news else { return };
                        let Some(of_registry) = latest.get_mut(place) else { continue };
                        let lost = match news {
                            News::Snapshot(snapshot) => {
                                *of_registry = snapshot;
                                None
                            }
                            News::Lost(error) => {
                                of_registry.health = Health::Stale;
                                Some(error)
                            }
                        };
                        failures.note(place, lost);
                        if let Some(heard) = heard.get_mut(place) {
                            *heard = true;
                        }
                    }
                    () = until(&clock, failed.then(|| clock.now() + PAUSE)) => {}
                }
                // A registry whose news never ends must not keep the thread.
                yield_now().await;
                let joined = join(&latest);
                // The first calls wait while another registry may know somebody.
                let vague = joined.health == Health::Stale || heard.contains(&false);
                if !published && vague && joined.providers.is_empty() {
                    continue;
                }
                published = true;
                let update = || followed.0.update(&joined);
                let updated = guard(update, || "the protocol of an endpoint".to_owned());
                if let Err(error) = &updated {
                    tracing::error!(%service, %error, "cannot use the providers; those before stay");
                }
                failed = updated.is_err();
            }
        };
        Self { set, follow: OwnedTask::spawn(follow) }
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

/// A set that is followed; stale once its task has ended, as with the runtime that it runs in.
struct FollowedSet(Arc<ChangingSet>);

impl Drop for FollowedSet {
    fn drop(&mut self) {
        self.0.end();
    }
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
