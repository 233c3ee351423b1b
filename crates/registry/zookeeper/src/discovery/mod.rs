//! Instances of applications: the [`ServiceDiscovery`] of ZooKeeper.

mod subscription;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::printable::Printable;
use dubhe_core::registry::Registering;
use dubhe_core::{Code, Status};
use dubhe_registry::application::{InstanceSnapshots, ServiceDiscovery, ServiceInstance};
use dubhe_registry::keeping::{Announcement, Announcements};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::Error;
use crate::ensemble::{Ensemble, Errors, READS_AT_ONCE};
use crate::instance_json::{RegisteredInstance, to_json};
use crate::node::Node;
use subscription::Subscription;

/// The instances that were announced, and the errors of subscriptions to applications.
#[derive(Default)]
pub(crate) struct Instances {
    announced: Announcements<Identity, ServiceInstance, Bytes>,
    errors: Arc<Errors<ByteString>>,
}

/// The application and the address of an instance.
type Identity = (ByteString, String);

/// The instances of applications in a ZooKeeper ensemble, each an ephemeral node
/// `/services/{application}/{host:port}` as Dubbo Java and dubbo-go make it; from
/// [`ZooKeeper::discovery`](crate::ZooKeeper::discovery). Clones share one session.
///
/// Nodes of ours are kept in place as those of providers are, data included. An instance that is
/// registered again with other data replaces those of its node; when that is refused, they stay. Subscribers watch the children of an
/// application and each node, read those alone that are new or changed, 100 ms after the first sign of
/// it, and keep the last list, marked stale, while there is no connection.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_zookeeper::{ZooKeeper, ZooKeeperDiscovery}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::{ZooKeeper, ZooKeeperDiscovery};
/// use dubhe::time::SharedClock;
///
/// /// Instances beside those of Java, under `/services`.
/// fn discovery(clock: SharedClock) -> Result<ZooKeeperDiscovery, Status> {
///     Ok(ZooKeeper::builder("zookeeper://10.0.0.1:2181", clock)?.build().discovery())
/// }
/// ```
#[derive(Clone)]
pub struct ZooKeeperDiscovery {
    ensemble: Arc<Ensemble>,
    instances: Arc<Instances>,
}

impl ZooKeeperDiscovery {
    pub(crate) fn new(ensemble: Arc<Ensemble>, instances: Arc<Instances>) -> Self {
        Self { ensemble, instances }
    }

    /// The node of an application.
    fn application_path(&self, application: &str) -> Result<String, Status> {
        let usable = !application.is_empty()
            && !matches!(application, "." | "..")
            && !application.contains(|c: char| c == '/' || c.is_control());
        if usable {
            return Ok(format!("{}/{application}", self.ensemble.options.services_root));
        }
        let why = format!("{} is no name of an application in zookeeper", Printable(application));
        Err(Status::new(Code::InvalidArgument, why))
    }

    /// The announcement of an instance, whose data say when it was registered.
    fn announcement(
        &self,
        instance: ServiceInstance,
    ) -> Result<Announcement<Identity, ServiceInstance, Bytes>, Status> {
        let path = self.application_path(&instance.instance.application)?;
        let registered = u64::try_from(self.ensemble.now_ms()).unwrap_or(u64::MAX);
        let registered = RegisteredInstance { instance: instance.clone(), registered };
        Ok(Announcement {
            key: identity(&instance),
            address: format!("{path}/{}", instance.address()),
            value: to_json(&registered).into(),
            what: instance,
        })
    }

    async fn list(&self) -> Result<Vec<ByteString>, Error> {
        let client = self.ensemble.client();
        let (root, shared) = (&*self.ensemble.options.services_root, &*self.ensemble.options.root);
        let names = match client.list(if root.is_empty() { "/" } else { root }).await {
            Err(Error::NoNode) => Vec::new(),
            names => names?,
        };
        // Under a root that interfaces and documents share, those are not applications.
        let is_other = |name: String| async move {
            let other = root == shared
                && (matches!(&*name, "config" | "mapping" | "metadata")
                    || client.stat(&format!("{root}/{name}/providers")).await?.is_some());
            Ok((!other).then(|| ByteString::from(name)))
        };
        let names = stream::iter(names).map(is_other).buffered(READS_AT_ONCE);
        let mut names: Vec<_> = names.try_filter_map(async |name| Ok(name)).try_collect().await?;
        names.sort_unstable();
        Ok(names)
    }
}

fn identity(instance: &ServiceInstance) -> Identity {
    (instance.instance.application.clone(), instance.address())
}

impl ServiceDiscovery for ZooKeeperDiscovery {
    fn name(&self) -> &str {
        &self.ensemble.name
    }

    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()> {
        if self.is_read_only() {
            return Box::pin(std::future::ready(Ok(())));
        }
        Box::pin(async move {
            let (application, address) = identity(&instance);
            let start = |_: &Identity, path, keeper| {
                self.ensemble.run(Node { path, ephemeral: true, checks_data: true }, keeper);
            };
            let done = match self.announcement(instance) {
                Err(wrong) => Err(wrong),
                Ok(announcement) => {
                    let mut waiting = self.ensemble.waiting();
                    self.instances.announced.announce([announcement], &mut waiting, start).await
                }
            };
            done.map_err(|status| {
                status.context(format_args!(
                    "cannot register the instance {address} of {}",
                    Printable(&application)
                ))
            })
        })
    }

    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()> {
        let key = identity(instance);
        Box::pin(async move {
            let mut waiting = self.ensemble.waiting();
            let done = self.instances.announced.withdraw(&key, &mut waiting).await;
            done.map_err(|status| {
                status.context(format_args!("cannot unregister the instance {}", key.1))
            })
        })
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        let subscription = self.application_path(application).and_then(|path| {
            self.ensemble.open()?;
            let (keeper, errors) = (self.ensemble.keeper.clone(), self.instances.errors.clone());
            Ok(Subscription::new(keeper, application.into(), path, errors))
        });
        // What is registered stays for as long as subscriptions do.
        let discovery = self.clone();
        Box::pin(std::future::ready(subscription.map(|subscription| {
            let state = (subscription, discovery);
            Box::pin(stream::unfold(state, async |(mut subscription, discovery)| {
                let snapshot = subscription.next().await?;
                Some((snapshot, (subscription, discovery)))
            })) as InstanceSnapshots
        })))
    }

    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        Box::pin(async move {
            let done = self.ensemble.repeated(|| self.list()).await;
            done.map_err(|status| status.context("cannot list the applications"))
        })
    }

    fn is_read_only(&self) -> bool {
        !self.ensemble.options.register
    }

    fn failure(&self, application: &str) -> Option<Status> {
        self.ensemble.failure(&*self.instances.errors, application)
    }

    fn backoff(&self) -> FullJitter {
        self.ensemble.client().backoff()
    }
}

impl fmt::Debug for ZooKeeperDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ZooKeeperDiscovery").field(&self.ensemble.options).finish()
    }
}
