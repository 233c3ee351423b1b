//! The registry [`Etcd`]: announcements, subscriptions and documents.

mod announced;
mod builder;
mod discovery;
mod documents;
mod kept;
mod listing;
mod snapshots;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use dubhe_core::backoff::FullJitter;
use dubhe_core::registry::{Registering, Registration, Registry, Snapshots};
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, ServiceKey, Status};
use dubhe_registry::names;
use futures_util::stream::{self, Stream};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use self::announced::What;
use self::kept::{KeptKey, Kind};
use self::snapshots::Providers;
use crate::client::{Client, ClientState, KeyRange, View};
use crate::options::EtcdOptions;
pub use builder::EtcdBuilder;

/// An etcd cluster as a registry of services ([`Registry`]) and of applications
/// ([`ServiceDiscovery`](dubhe_registry::application::ServiceDiscovery)), and as a config centre and
/// metadata centre ([`DocumentStore`](dubhe_core::documents::DocumentStore)). Clones share one connection
/// and one lease.
///
/// Keys of ours are kept in place: they are put again with a new lease when theirs is lost, and at once
/// when somebody removes them or puts others in their place; who does so again and again is answered after
/// growing pauses. Subscribers keep the last set while there
/// is no connection, marked stale.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_etcd::Etcd; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::Etcd;
/// use dubhe::time::SharedClock;
///
/// /// A registry that applications and servers share, for `registry_instance(..)` and `registry(..)`.
/// fn cluster(clock: SharedClock) -> Result<Etcd, Status> {
///     let url = "etcd://shop:secret@10.0.0.1:2379,10.0.0.2:2379?session=30000";
///     Ok(Etcd::builder(url, clock)?.application("shop").build())
/// }
/// ```
#[derive(Clone)]
pub struct Etcd(Arc<Inner>);

struct Inner {
    client: Client,
    clock: SharedClock,
    /// The name in the log.
    name: String,
    options: EtcdOptions,
    /// The runtime of its tasks, which may be another than that of a caller.
    runtime: Handle,
    /// Keeps keys in place; ends with the registry.
    tasks: Mutex<JoinSet<()>>,
    announced: announced::All,
    /// The last errors of what is followed, by its prefix, until etcd answers.
    errors: Mutex<HashMap<String, Status>>,
}

impl Etcd {
    /// The client that everything goes through.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The options.
    pub fn options(&self) -> &EtcdOptions {
        &self.0.options
    }

    /// Revokes the lease, and with it everything that was announced. Subscriptions end.
    pub async fn close(&self) {
        self.client().close().await;
    }

    fn inner(&self) -> &Inner {
        &self.0
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.tasks.lock();
        // Those that have ended are forgotten.
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.0.runtime);
    }

    /// `{root}/{interface}`.
    fn service_path(&self, service: &ServiceKey) -> String {
        format!("{}/{}", self.options().root, names::encode(service.interface()))
    }

    /// The time of day, which tells people and warm-up when a provider began.
    fn now_ms(&self) -> u128 {
        self.0.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    fn keep_consumer(&self, service: &ServiceKey, local: IpAddr) -> KeptKey {
        let name =
            names::consumer(service, local, &self.options().application, self.now_ms(), false);
        self.keep_own(format!("{}/consumers/{name}", self.service_path(service)))
    }

    /// The views of a prefix once something is known of it, each as `read` makes it; equal ones once.
    fn followed<T, R>(
        &self,
        prefix: String,
        mut read: R,
    ) -> impl Stream<Item = T> + Send + use<T, R>
    where
        T: Clone + PartialEq + Send + 'static,
        R: FnMut(&Self, &View) -> T + Send + 'static,
    {
        let follow = self.client().follow(KeyRange::prefix(prefix.clone()));
        let errors = ErrorsOf { registry: self.clone(), prefix };
        let mut last = None;
        let next = move |view: &View, registry: &Self| {
            let now = read(registry, view);
            (last.as_ref() != Some(&now)).then(|| last.insert(now).clone())
        };
        stream::unfold((follow, errors, next), |(mut follow, errors, mut next)| async {
            loop {
                let view = follow.next().await?;
                errors.set(view.error.as_ref());
                if view.is_known
                    && let Some(snapshot) = next(&view, &errors.registry)
                {
                    return Some((snapshot, (follow, errors, next)));
                }
            }
        })
    }

    fn failed(&self, why: &dyn fmt::Display) -> Status {
        Status::new(Code::Unavailable, format!("{}: {why}", self.0.name))
    }

    /// The last error of following a prefix.
    fn failure_of(&self, prefix: &str) -> Option<Status> {
        match self.client().state() {
            ClientState::Connecting { error } => Some(self.failed(&error?)),
            ClientState::Closed => Some(self.failed(&"the registry is closed")),
            ClientState::Connected(_) => {
                let errors = self.0.errors.lock();
                errors.get(prefix).map(|status| self.failed(status).with_code(status.code()))
            }
        }
    }

    /// The error of a registry that is closed.
    fn open(&self) -> Result<(), Status> {
        match self.client().state() {
            ClientState::Closed => Err(self.failed(&"the registry is closed")),
            _ => Ok(()),
        }
    }
}

/// The place for the errors of one prefix.
struct ErrorsOf {
    registry: Etcd,
    prefix: String,
}

impl ErrorsOf {
    fn set(&self, error: Option<&Status>) {
        let mut errors = self.registry.0.errors.lock();
        match error {
            Some(status) => errors.insert(self.prefix.clone(), status.clone()),
            None => errors.remove(&self.prefix),
        };
    }
}

impl Drop for ErrorsOf {
    fn drop(&mut self) {
        self.set(None);
    }
}

impl Registry for Etcd {
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
        let dynamic = registration.params.get("dynamic");
        let dynamic = dynamic.map_or(self.options().dynamic, |text| text != "false");
        let name = names::provider(&registration, dynamic, self.now_ms(), None);
        let key = format!("{}/providers/{name}", self.service_path(&registration.service));
        // dubbo-go leaves the value empty (`registry/etcdv3/registry.go`).
        let kind = Kind { dynamic, twice: false };
        Box::pin(self.announce(What::Service(registration), key, Bytes::new(), kind))
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        Box::pin(self.withdraw(What::Service(registration.clone()).identity()))
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let prefix = self.providers_of(service);
        let mut providers = Providers::new(service.clone(), prefix.clone());
        let (mut consumer, service) = (None, service.clone());
        let snapshots = self.followed(prefix, move |registry, view| {
            if consumer.is_none()
                && registry.options().register
                && let ClientState::Connected(connected) = registry.client().state()
                && let Some(local) = connected.local()
            {
                consumer = Some(registry.keep_consumer(&service, local));
            }
            providers.snapshot(view)
        });
        let opened = self.open().map(|()| Box::pin(snapshots) as Snapshots);
        Box::pin(std::future::ready(opened))
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        Box::pin(async {
            let prefix = format!("{}/", self.options().root);
            let keys = self.client().keys(&KeyRange::prefix(prefix.clone())).await;
            let keys = keys.map_err(|status| {
                let failed = self.failed(&status).with_code(status.code());
                failed.context("cannot list the services")
            })?;
            Ok(listing::services(&prefix, &keys))
        })
    }

    fn backoff(&self) -> FullJitter {
        self.client().backoff()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        self.failure_of(&self.providers_of(service))
    }
}

impl Etcd {
    fn providers_of(&self, service: &ServiceKey) -> String {
        format!("{}/providers/", self.service_path(service))
    }
}

impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Etcd").field(&self.0.options).finish()
    }
}
