//! The registry [`ZooKeeper`]: announcements and subscriptions.

mod builder;
mod empty_protection;
mod names;
mod node;
mod subscription;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::{Registering, Registration, Registry, Snapshots};
use dubhe_core::time::after;
use dubhe_core::{Code, ServiceKey, Status};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Client, ClientState, Error};
use crate::options::ZooKeeperOptions;
pub use builder::ZooKeeperBuilder;
use node::{KeptNode, Node, NodeKeeper, NodeState};
use subscription::{Errors, Subscription};

/// A ZooKeeper ensemble as a registry. Clones share one session.
///
/// Nodes of ours are kept in place: they are made again in a new session, when somebody removes
/// them, and when one of an older session is in their place. Subscribers keep the last set while
/// there is no connection, marked stale, and while a set that was not empty is said to be empty
/// for less than 30 s.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_zookeeper::ZooKeeper; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::ZooKeeper;
/// use dubhe::time::SharedClock;
///
/// /// A registry that applications and servers share, for `registry_instance(..)` and `registry(..)`.
/// fn ensemble(clock: SharedClock) -> Result<ZooKeeper, Status> {
///     let url = "zookeeper://10.0.0.1:2181,10.0.0.2:2181?group=fleet/dubbo";
///     Ok(ZooKeeper::builder(url, clock)?.application("shop").build())
/// }
/// ```
#[derive(Clone)]
pub struct ZooKeeper(Arc<Inner>);

struct Inner {
    keeper: NodeKeeper,
    /// The name in the log.
    name: String,
    options: ZooKeeperOptions,
    /// The runtime of its tasks, which may be another than that of a caller.
    runtime: Handle,
    /// Keeps nodes in place; ends with the registry.
    tasks: Mutex<JoinSet<()>>,
    announced: Mutex<HashMap<Identity, Announced>>,
    /// The errors of subscriptions.
    errors: Errors,
}

/// The key of an announcement.
type Identity = (ServiceKey, Offer, ByteString);

struct Announced {
    registration: Registration,
    kept: KeptNode,
}

impl ZooKeeper {
    /// The client that everything goes through.
    pub fn client(&self) -> &Client {
        &self.0.keeper.client
    }

    /// The options.
    pub fn options(&self) -> &ZooKeeperOptions {
        &self.0.options
    }

    /// Ends the session, and with it everything that was announced. Subscriptions end.
    pub async fn close(&self) {
        self.client().close().await;
    }

    /// `{root}/{interface}`.
    fn service_path(&self, service: &ServiceKey) -> String {
        format!("{}/{}", self.options().root, names::encode(service.interface()))
    }

    /// The time of day, which tells people and warm-up when a provider began.
    fn now_ms(&self) -> u128 {
        let wall = self.0.keeper.clock.wall();
        wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    fn keep(&self, node: Node) -> KeptNode {
        let (kept, task) = KeptNode::new(self.0.keeper.clone(), node);
        let mut tasks = self.0.tasks.lock();
        // Those that have ended are forgotten.
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.0.runtime);
        kept
    }

    fn keep_provider(&self, registration: &Registration) -> KeptNode {
        let Registration { service, instance, params, .. } = registration;
        let dynamic = params.get("dynamic").map_or(self.options().dynamic, |text| text != "false");
        let name = names::provider(registration, dynamic, self.now_ms());
        self.keep(Node {
            path: format!("{}/providers/{name}", self.service_path(service)),
            data: instance.host.as_bytes().to_vec(),
            ephemeral: dynamic,
        })
    }

    fn keep_consumer(&self, service: &ServiceKey, local: IpAddr) -> Option<KeptNode> {
        let name = names::consumer(service, local, &self.options().application, self.now_ms());
        let node = Node {
            path: format!("{}/consumers/{name}", self.service_path(service)),
            data: local.to_string().into_bytes(),
            ephemeral: true,
        };
        self.options().register.then(|| self.keep(node))
    }

    /// Waits until a node is in place; without `check`, not for a connection, and nothing is an
    /// error that may pass.
    async fn wait_placed(&self, mut node_state: watch::Receiver<NodeState>) -> Result<(), Status> {
        let ZooKeeperOptions { timeout, check, .. } = *self.options();
        let clock = &self.0.keeper.clock;
        let mut late = clock.sleep_until(after(clock.now(), timeout));
        let mut states = self.client().states();
        loop {
            let offline = match &*states.borrow_and_update() {
                ClientState::Connected { .. } => None,
                ClientState::Connecting { error } => Some(error.clone()),
                ClientState::Closed => return Err(self.failed(&Error::Closed)),
            };
            let refused = match *node_state.borrow_and_update() {
                NodeState::Placed => return Ok(()),
                NodeState::Missing(refused) => refused,
                NodeState::Removed | NodeState::RemoveFailed(_) => {
                    return Err(Status::new(Code::Aborted, "unregistered during its registration"));
                }
            };
            match refused {
                _ if !check && (refused.is_some() || offline.is_some()) => {
                    self.log_unplaced();
                    return Ok(());
                }
                Some(error) => return Err(self.failed(&error)),
                None => {}
            }
            tokio::select! {
                _ = node_state.changed() => {}
                _ = states.changed() => {}
                () = &mut late => {
                    if !check {
                        self.log_unplaced();
                        return Ok(());
                    }
                    let why = offline.flatten().unwrap_or_else(|| "no answer yet".into());
                    let why = format!("not done within {timeout:?} ({why}); \
                                       check=false lets a provider start without its registry");
                    return Err(self.failed(&why));
                }
            }
        }
    }

    fn log_unplaced(&self) {
        tracing::warn!(
            registry = self.0.name,
            "a node is not created yet, and check=false: its provider starts; trying goes on"
        );
    }

    /// Waits until a node has been taken back; not for a connection.
    async fn wait_removed(&self, mut node_state: watch::Receiver<NodeState>) -> Result<(), Status> {
        let mut states = self.client().states();
        loop {
            match &*states.borrow_and_update() {
                ClientState::Connected { .. } => {}
                // The node went with the session.
                ClientState::Closed => return Ok(()),
                ClientState::Connecting { .. } => {
                    let why = "not connected; the node goes when zookeeper is reached again, or \
                               with the session";
                    return Err(self.failed(&why));
                }
            }
            match *node_state.borrow_and_update() {
                NodeState::Removed => return Ok(()),
                NodeState::RemoveFailed(error) => return Err(self.failed(&error)),
                NodeState::Placed | NodeState::Missing(_) => {}
            }
            tokio::select! {
                changed = node_state.changed() => if changed.is_err() {
                    return Ok(());
                },
                _ = states.changed() => {}
            }
        }
    }

    fn failed(&self, why: &dyn fmt::Display) -> Status {
        Status::new(Code::Unavailable, format!("{}: {why}", self.0.name))
    }
}

fn identity(registration: &Registration) -> Identity {
    let Registration { service, offer, instance, .. } = registration;
    (service.clone(), offer.clone(), instance.host.clone())
}

impl Registry for ZooKeeper {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn is_read_only(&self) -> bool {
        !self.options().register
    }

    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        if !self.options().register {
            return Box::pin(std::future::ready(Ok(())));
        }
        Box::pin(async move {
            let key = identity(&registration);
            let (node_state, replaced) = {
                let mut announced = self.0.announced.lock();
                match announced.get(&key) {
                    Some(same) if same.registration == registration => (same.kept.state(), None),
                    _ => {
                        let kept = self.keep_provider(&registration);
                        let node_state = kept.state();
                        let now = Announced { registration: registration.clone(), kept };
                        (node_state, announced.insert(key.clone(), now))
                    }
                }
            };
            let done = self.wait_placed(node_state).await;
            // The node with the old parameters goes when the new one is there, lest there be none.
            drop(replaced);
            done.map_err(|status| {
                self.0.announced.lock().remove(&key);
                status.context(format_args!("cannot register {}", registration.service))
            })
        })
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let announced = self.0.announced.lock().remove(&identity(registration));
        let service = registration.service.clone();
        Box::pin(async move {
            let Some(Announced { kept, .. }) = announced else { return Ok(()) };
            let node_state = kept.state();
            drop(kept);
            let done = self.wait_removed(node_state).await;
            done.map_err(|status| status.context(format_args!("cannot unregister {service}")))
        })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let path = self.service_path(service);
        let subscription = Subscription::new(
            self.0.keeper.clone(),
            service.clone(),
            path,
            self.options().register,
            self.0.errors.clone(),
        );
        let registry = self.clone();
        let snapshots =
            stream::unfold((subscription, registry), |(mut subscription, registry)| async {
                let announce = |service: &ServiceKey, local| registry.keep_consumer(service, local);
                let snapshot = subscription.next(announce).await?;
                Some((snapshot, (subscription, registry)))
            });
        Box::pin(std::future::ready(match self.client().state() {
            ClientState::Closed => Err(self.failed(&Error::Closed)),
            _ => Ok(Box::pin(snapshots) as Snapshots),
        }))
    }

    fn backoff(&self) -> FullJitter {
        self.client().backoff()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        match self.client().state() {
            ClientState::Connecting { error } => Some(self.failed(&error?)),
            ClientState::Closed => Some(self.failed(&Error::Closed)),
            ClientState::Connected { .. } => {
                let error = self.0.errors.lock().get(service).copied();
                error.map(|error| self.failed(&error))
            }
        }
    }
}

impl fmt::Debug for ZooKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ZooKeeper").field(&self.0.options).finish()
    }
}
