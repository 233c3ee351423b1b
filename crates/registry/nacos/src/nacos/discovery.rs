//! The registry of applications.

use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::endpoint::{Instance as Process, Params};
use dubhe_core::registry::{Excluded, Health, MAX_EXCLUDED, Registering};
use dubhe_core::url::Url;
use dubhe_registry::application::{
    InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance,
};
use futures_util::stream;
use tokio::sync::watch;

use crate::client::LinkState;
use crate::error::Error;
use crate::nacos::Inner;
use crate::nacos::registry::instance::{address, unusable, weigh};
use crate::names::{from_nacos, to_nacos};
use crate::naming::{Service, ServiceLease};
use crate::wire::{Host, Instance};

/// A Nacos as a registry of applications, in which a service is an application.
///
/// Instances of Spring Cloud are read as they are: what they have is in the parameters of the instance.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_nacos::{Nacos, NacosDiscovery}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::{Nacos, NacosDiscovery};
/// use dubhe::time::SharedClock;
///
/// /// Applications in a group of their own.
/// fn discovery(clock: SharedClock) -> Result<NacosDiscovery, Status> {
///     Ok(Nacos::builder("nacos://10.0.0.1?nacos.group=apps", clock)?.build().discovery())
/// }
/// ```
#[derive(Clone)]
pub struct NacosDiscovery(pub(crate) Arc<Inner>);

impl NacosDiscovery {
    fn service(&self, application: &str) -> Service {
        let group = self.0.options.application_group.as_str().into();
        Service { group, name: to_nacos(application).into() }
    }
}

impl ServiceDiscovery for NacosDiscovery {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()> {
        Box::pin(async move {
            if self.is_read_only() {
                return Ok(());
            }
            let (inner, process) = (&*self.0, instance.instance.clone());
            let ours = Instance::new(process.host.clone(), instance.port, metadata(&process));
            let service = self.service(&process.application);
            let done = inner.announce(&inner.instances, [service], instance, ours).await;
            done.map_err(|status| {
                status.context(format_args!("cannot register {}", process.application))
            })
        })
    }

    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()> {
        let process = instance.instance.clone();
        let port = instance.port;
        Box::pin(async move {
            let inner = &*self.0;
            let identity =
                (process.host.clone(), port, process.params.get("protocol").map(ByteString::from));
            let key = (self.service(&process.application), identity);
            let done = inner.instances.withdraw(&key, &mut inner.waiting()).await;
            done.map_err(|status| {
                status.context(format_args!("cannot unregister {}", process.application))
            })
        })
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        let naming = self.0.naming();
        let following = Following {
            application: application.into(),
            states: naming.link().states(),
            lease: naming.subscribe(&self.service(application)),
            last: None,
        };
        // The connection is kept as long as somebody follows it.
        let snapshots = stream::unfold((following, self.clone()), |(mut following, kept)| async {
            let snapshot = following.next().await?;
            Some((snapshot, (following, kept)))
        });
        Box::pin(std::future::ready(match naming.link().state() {
            LinkState::Closed => Err(self.0.failed(&Error::Closed)),
            _ => Ok(Box::pin(snapshots) as InstanceSnapshots),
        }))
    }

    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        Box::pin(async move {
            let names = self.0.listed(&self.0.options.application_group).await;
            let names = names.map_err(|status| status.context("cannot list the applications"))?;
            // Those with a colon are services of the interface level.
            let names = names.into_iter().filter(|name| !name.contains(':'));
            let mut names: Vec<ByteString> = names.map(|name| from_nacos(&name).into()).collect();
            names.sort_unstable();
            Ok(names)
        })
    }

    fn is_read_only(&self) -> bool {
        !self.0.options.register
    }

    fn failure(&self, application: &str) -> Option<Status> {
        self.0.link_failure().or_else(|| {
            let error = self.0.naming().error(&self.service(application))?;
            Some(self.0.failed(&error))
        })
    }

    fn backoff(&self) -> FullJitter {
        self.0.naming().link().backoff()
    }
}

/// A subscription to an application.
struct Following {
    application: ByteString,
    states: watch::Receiver<LinkState>,
    lease: ServiceLease,
    last: Option<InstanceSnapshot>,
}

impl Following {
    /// The next list that differs from the last; `None` once the link is closed.
    async fn next(&mut self) -> Option<InstanceSnapshot> {
        loop {
            let generation = match &*self.states.borrow_and_update() {
                LinkState::Closed => return None,
                LinkState::Connecting { .. } => None,
                LinkState::Connected(session) => Some(session.generation),
            };
            if let Some(snapshot) = self.snapshot(generation)
                && self.last.as_ref() != Some(&snapshot)
            {
                self.last = Some(snapshot.clone());
                return Some(snapshot);
            }
            tokio::select! {
                // An error says that the link is gone; the next look at its state says so too.
                _ = self.states.changed() => {}
                _ = self.lease.state.changed() => {}
            }
        }
    }

    /// The present list, unless there was no answer yet.
    fn snapshot(&mut self, generation: Option<u64>) -> Option<InstanceSnapshot> {
        let state = self.lease.state.borrow_and_update().clone();
        let info = state.info?;
        let fresh = generation == Some(state.generation);
        let mut excluded = info.unreadable.clone();
        let mut instances = Vec::new();
        for host in &info.hosts {
            match unusable(host) {
                None => instances.push(instance(host, &self.application)),
                Some(why) => {
                    excluded.push(Excluded::new(address(host), why));
                }
            }
        }
        excluded.truncate(MAX_EXCLUDED);
        // A restarted one may be there twice until Nacos forgets its past life; the younger counts.
        instances
            .sort_by_cached_key(|one| (one.address(), std::cmp::Reverse(one.instance.started)));
        instances.dedup_by_key(|one| one.address());
        let health = if fresh { Health::Fresh } else { Health::Stale };
        Some(InstanceSnapshot { instances, health, excluded })
    }
}

/// The metadata of a process: what is known of it, as it is written.
fn metadata(process: &Process) -> Params {
    let mut params = process.params.to_params();
    if let Some(zone) = &process.zone {
        params.entry("zone".into()).or_insert_with(|| zone.clone());
    }
    if let Some(at) = process.started.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
        params.entry("timestamp".into()).or_insert_with(|| at.as_millis().to_string().into());
    }
    params
}

fn instance(host: &Host, application: &ByteString) -> ServiceInstance {
    let mut params = host.metadata.clone();
    weigh(&mut params, host.weight);
    let url = Url { host: host.ip.clone(), params, ..Url::default() };
    let mut instance = url.instance();
    instance.application = application.clone();
    instance.params = url.params.into();
    ServiceInstance { instance: Arc::new(instance), port: host.port }
}

impl fmt::Debug for NacosDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NacosDiscovery").field(&self.0.options).finish()
    }
}
