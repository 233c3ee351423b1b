//! Following documents in stores.

mod document;
mod driver;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::time::{Duration, SharedClock};
use dubhe_core::{Code, Status};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use self::driver::Driver;
use crate::snapshot::ConfigSnapshot;

/// The time in which changes are gathered to one generation, from the first one on.
pub const GATHER: Duration = Duration::from_millis(100);

/// Follows documents in one or several stores, and publishes all that is known of them as one
/// [`ConfigSnapshot`] after the other.
///
/// - Of several stores, the first one that has a document wins. Dubbo Java reads in the same way
///   (`CompositeDynamicConfiguration`), but from a set without order, and takes changes from all of
///   them, so that the last change wins; here the order is that of the list, always.
/// - A key is followed while somebody holds a [`Following`] of it.
/// - Changes within [`GATHER`] are one generation; of several texts of a document in that time the
///   last one counts.
/// - A text that is refused leaves the last good one in effect, also that of a document of another
///   store. A document that is removed ends its rule.
/// - Readers never wait: [`snapshot`](Self::snapshot) is one atomic load.
///
/// Dropping it ends its task and its watches.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod config { pub use dubhe_config::*; } pub mod documents { pub use dubhe_core::documents::*; } pub mod time { pub use dubhe_core::time::*; } }
/// use std::sync::Arc;
/// use dubhe::Status;
/// use dubhe::config::{ConfigWatcher, Keys};
/// use dubhe::documents::DocumentStore;
/// use dubhe::time::SharedClock;
///
/// async fn tags(store: Arc<dyn DocumentStore>, clock: SharedClock) -> Result<(), Status> {
///     let watcher = ConfigWatcher::start(vec![store], clock)?;
///     let mut following = watcher.follow(Keys::providers_of("shop"));
///     following.ready().await;
///     println!("{:?}", watcher.snapshot().tag("shop"));
///     Ok(())
/// }
/// # let _ = tags;
/// ```
pub struct ConfigWatcher {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// The state that the watcher, its task and those who follow share.
struct Shared {
    stores: Vec<Arc<dyn DocumentStore>>,
    clock: SharedClock,
    /// The number of those who follow a key.
    followers: Mutex<HashMap<DocumentKey, usize>>,
    /// A signal that somebody begins or ends to follow.
    changed: Notify,
    snapshot: ArcSwap<ConfigSnapshot>,
    published: watch::Sender<Arc<ConfigSnapshot>>,
}

impl ConfigWatcher {
    /// Begins to watch, with no key yet. The first store has precedence.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` outside a tokio runtime.
    pub fn start(stores: Vec<Arc<dyn DocumentStore>>, clock: SharedClock) -> Result<Self, Status> {
        let runtime = Handle::try_current().map_err(|error| {
            let what = "rules are followed within a tokio runtime; call this in one";
            Status::new(Code::FailedPrecondition, what).with_source(error)
        })?;
        let shared = Arc::new(Shared {
            stores,
            clock,
            followers: Mutex::default(),
            changed: Notify::new(),
            snapshot: ArcSwap::default(),
            published: watch::Sender::new(Arc::default()),
        });
        let task = runtime.spawn(Driver::new(shared.clone()).run());
        Ok(Self { shared, task })
    }

    /// Follows keys for as long as what it returns is held. Keys may be followed by several.
    pub fn follow(&self, keys: impl IntoIterator<Item = DocumentKey>) -> Following {
        let keys: Vec<DocumentKey> = keys.into_iter().collect();
        let mut followers = self.shared.followers.lock();
        for key in &keys {
            *followers.entry(key.clone()).or_default() += 1;
        }
        drop(followers);
        self.shared.changed.notify_one();
        Following { shared: self.shared.clone(), updates: self.shared.published.subscribe(), keys }
    }

    /// Returns all that is known now.
    pub fn snapshot(&self) -> Arc<ConfigSnapshot> {
        self.shared.snapshot.load_full()
    }

    /// Returns the number of the present snapshot.
    pub fn generation(&self) -> u64 {
        self.shared.snapshot.load().generation
    }

    /// Returns the snapshots as they change, beginning with the present one; one that comes while
    /// nobody looks is skipped for the next.
    pub fn updates(&self) -> watch::Receiver<Arc<ConfigSnapshot>> {
        self.shared.published.subscribe()
    }
}

impl Drop for ConfigWatcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for ConfigWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stores: Vec<&str> = self.shared.stores.iter().map(DocumentStore::name).collect();
        f.debug_struct("ConfigWatcher").field("stores", &stores).finish_non_exhaustive()
    }
}

/// Keys that are followed until it is dropped.
///
/// ```
/// # mod dubhe { pub use dubhe_config as config; }
/// use dubhe::config::{ConfigWatcher, Following, Keys};
///
/// /// Follows the rules of a provider, and returns when those that are there are known.
/// async fn rules(watcher: &ConfigWatcher) -> Following {
///     let mut following = watcher.follow(Keys::providers_of("shop"));
///     following.ready().await;
///     following
/// }
/// # let _ = rules;
/// ```
pub struct Following {
    shared: Arc<Shared>,
    updates: watch::Receiver<Arc<ConfigSnapshot>>,
    keys: Vec<DocumentKey>,
}

impl Following {
    /// Waits until each store has answered for each of the keys, be it that it cannot be reached, or
    /// the watcher has ended.
    pub async fn ready(&mut self) {
        let keys = &self.keys;
        let all = |snapshot: &Arc<ConfigSnapshot>| {
            keys.iter().all(|key| snapshot.documents.contains_key(key))
        };
        // An error says that the watcher has ended.
        let _ = self.updates.wait_for(all).await;
    }

    /// Returns the keys.
    pub fn keys(&self) -> &[DocumentKey] {
        &self.keys
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut followers = self.shared.followers.lock();
        for key in &self.keys {
            if let Some(number) = followers.get_mut(key) {
                *number = number.saturating_sub(1);
                if *number == 0 {
                    followers.remove(key);
                }
            }
        }
        drop(followers);
        self.shared.changed.notify_one();
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following").field("keys", &self.keys).finish_non_exhaustive()
    }
}
