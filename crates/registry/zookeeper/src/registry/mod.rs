//! The registry [`ZooKeeper`]: announcements and subscriptions.

mod builder;
mod listing;
mod subscription;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::{Registering, Registration, Registry, Snapshots};
use dubhe_core::{ServiceKey, Status};
use dubhe_registry::keeping::{Announcement, Announcements};
use dubhe_registry::names::{self, encode};
use futures_util::stream;

use crate::client::Client;
use crate::discovery::{Instances, ZooKeeperDiscovery};
use crate::documents::ZooKeeperDocuments;
use crate::ensemble::{Ensemble, Errors};
use crate::node::{KeptNode, Node};
use crate::options::ZooKeeperOptions;
pub use builder::ZooKeeperBuilder;
use subscription::Subscription;

/// A ZooKeeper ensemble as a registry. Clones share one session.
///
/// Nodes of ours are kept in place: they are made again in a new session, when somebody removes
/// them, and when one of an older session is in their place. Subscribers keep the last set while
/// there is no connection, marked stale.
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
    ensemble: Arc<Ensemble>,
    providers: Providers,
    instances: Arc<Instances>,
}

/// The providers that were announced, and the errors of subscriptions to services.
#[derive(Default)]
struct Providers {
    announced: Announcements<Identity, Registration, Bytes>,
    errors: Arc<Errors<ServiceKey>>,
}

/// The key of an announcement.
type Identity = (ServiceKey, Offer, ByteString);

impl ZooKeeper {
    fn new(ensemble: Arc<Ensemble>) -> Self {
        Self(Arc::new(Inner {
            ensemble,
            providers: Providers::default(),
            instances: Arc::default(),
        }))
    }

    /// The client that everything goes through.
    pub fn client(&self) -> &Client {
        &self.0.ensemble.keeper.client
    }

    /// The options.
    pub fn options(&self) -> &ZooKeeperOptions {
        &self.0.ensemble.options
    }

    /// Ends the session, and with it everything that was announced. Subscriptions end.
    pub async fn close(&self) {
        self.client().close().await;
    }

    /// The instances of applications in the same ensemble, for registries of application level. It
    /// shares the session, and what is registered through it.
    pub fn discovery(&self) -> ZooKeeperDiscovery {
        ZooKeeperDiscovery::new(self.0.ensemble.clone(), self.0.instances.clone())
    }

    /// The documents in the same ensemble: a config centre and a metadata centre, in the same session.
    pub fn documents(&self) -> ZooKeeperDocuments {
        ZooKeeperDocuments::new(self.0.ensemble.clone())
    }

    /// `{root}/{interface}`.
    fn service_path(&self, service: &ServiceKey) -> String {
        format!("{}/{}", self.options().root, encode(service.interface()))
    }

    fn keep_consumer(&self, service: &ServiceKey, local: IpAddr) -> Option<KeptNode> {
        let (application, simplified) =
            (&self.options().application, self.options().simplified.is_some());
        let name =
            names::consumer(service, local, application, self.0.ensemble.now_ms(), simplified);
        let node = Node {
            path: format!("{}/consumers/{name}", self.service_path(service)),
            ephemeral: true,
            checks_data: false,
        };
        let data = local.to_string().into();
        self.options().register.then(|| self.0.ensemble.keep(node, data))
    }
}

fn identity(registration: &Registration) -> Identity {
    let Registration { service, offer, instance, .. } = registration;
    (service.clone(), offer.clone(), instance.host.clone())
}

impl Registry for ZooKeeper {
    fn name(&self) -> &str {
        &self.0.ensemble.name
    }

    fn is_read_only(&self) -> bool {
        !self.options().register
    }

    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        if !self.options().register {
            return Box::pin(std::future::ready(Ok(())));
        }
        let Registration { service, instance, params, .. } = &registration;
        let dynamic = params.get("dynamic").map_or(self.options().dynamic, |text| text != "false");
        let simplified = self.options().simplified.as_deref();
        let name = names::provider(&registration, dynamic, self.0.ensemble.now_ms(), simplified);
        let announcement = Announcement {
            key: identity(&registration),
            address: format!("{}/providers/{name}", self.service_path(service)),
            value: instance.host.clone().into_bytes(),
            what: registration,
        };
        Box::pin(async move {
            let context = format!("cannot register {}", announcement.key.0);
            let start = |_: &Identity, path, keeper| {
                let node = Node { path, ephemeral: dynamic, checks_data: false };
                self.0.ensemble.run(node, keeper);
            };
            let mut waiting = self.0.ensemble.waiting();
            let done = self.0.providers.announced.announce([announcement], &mut waiting, start);
            done.await.map_err(|status| status.context(context))
        })
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let key = identity(registration);
        Box::pin(async move {
            let mut waiting = self.0.ensemble.waiting();
            let done = self.0.providers.announced.withdraw(&key, &mut waiting).await;
            done.map_err(|status| status.context(format_args!("cannot unregister {}", key.0)))
        })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let path = self.service_path(service);
        let subscription = Subscription::new(
            self.0.ensemble.keeper.clone(),
            service.clone(),
            path,
            self.options().register,
            self.0.providers.errors.clone(),
        );
        let registry = self.clone();
        let snapshots =
            stream::unfold((subscription, registry), |(mut subscription, registry)| async {
                let announce = |service: &ServiceKey, local| registry.keep_consumer(service, local);
                let snapshot = subscription.next(announce).await?;
                Some((snapshot, (subscription, registry)))
            });
        let open = self.0.ensemble.open();
        Box::pin(std::future::ready(open.map(|()| Box::pin(snapshots) as Snapshots)))
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        Box::pin(async move {
            let list = || listing::list(self.client(), &self.options().root);
            let done = self.0.ensemble.repeated(list).await;
            done.map_err(|status| status.context("cannot list the services"))
        })
    }

    fn backoff(&self) -> FullJitter {
        self.client().backoff()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        self.0.ensemble.failure(&self.0.providers.errors, service)
    }
}

impl fmt::Debug for ZooKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ZooKeeper").field(&self.0.ensemble.options).finish()
    }
}
