//! The registry of services.

pub(crate) mod instance;
mod names;
mod subscription;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use dubhe_core::backoff::FullJitter;
use dubhe_core::registry::{Registering, Registration, Registry, Snapshots};
use dubhe_core::{ServiceKey, Status};
use futures_util::stream;
use parking_lot::Mutex;

use crate::client::LinkState;
use crate::error::Error;
use crate::nacos::Inner;
use crate::naming::Service;
use subscription::Subscription;

/// A Nacos as a registry of services, at interface level.
///
/// An instance of ours stays registered through every outage: it is registered again over each new
/// connection. Subscribers keep the last set while there is no connection, marked stale; a set that the
/// server says is empty is passed on.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_nacos::{Nacos, NacosRegistry}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::{Nacos, NacosRegistry};
/// use dubhe::time::SharedClock;
///
/// /// Consumers are registered as well, for consoles that show them.
/// fn shown(clock: SharedClock) -> Result<NacosRegistry, Status> {
///     let url = "nacos://10.0.0.1?register-consumer-url=true";
///     Ok(Nacos::builder(url, clock)?.application("shop").build().registry())
/// }
/// ```
#[derive(Clone)]
pub struct NacosRegistry(pub(crate) Arc<Inner>);

/// The errors of those who list services, until one is answered.
pub(crate) type ListErrors = Arc<Mutex<HashMap<ServiceKey, Error>>>;

impl NacosRegistry {
    /// The services of Nacos in which providers of `service` are.
    fn services_of(&self, service: &ServiceKey, with_legacy: bool) -> Vec<Service> {
        let legacy = with_legacy.then(|| names::legacy_name(names::PROVIDERS, service));
        let mut all = vec![names::name(names::PROVIDERS, service)];
        all.extend(legacy);
        all.dedup();
        all.into_iter().map(|name| self.service(name)).collect()
    }

    fn service(&self, name: String) -> Service {
        Service { group: self.0.options.group.as_str().into(), name: name.into() }
    }
}

impl Registry for NacosRegistry {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn is_read_only(&self) -> bool {
        !self.0.options.register
    }

    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        Box::pin(async move {
            if self.is_read_only() {
                return Ok(());
            }
            let inner = &*self.0;
            let instance = instance::provider(&registration, inner.now_ms());
            let service = registration.service.clone();
            let services = self.services_of(&service, inner.options.register_compatible);
            let done = inner.announce(&inner.providers, services, registration, instance).await;
            done.map_err(|status| status.context(format_args!("cannot register {service}")))
        })
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let Registration { service, instance, offer, .. } = registration;
        let (service, ip, offer) = (service.clone(), instance.host.clone(), offer.clone());
        Box::pin(async move {
            let inner = &*self.0;
            for named in self.services_of(&service, inner.options.register_compatible) {
                let key = (named, (ip.clone(), offer.port, Some(offer.protocol.clone())));
                let done = inner.providers.withdraw(&key, &mut inner.waiting()).await;
                done.map_err(|status| status.context(format_args!("cannot unregister {service}")))?;
            }
            Ok(())
        })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let subscription = Subscription::new(self.clone(), service.clone());
        let snapshots = stream::unfold(subscription, |mut subscription| async {
            let snapshot = subscription.next().await?;
            Some((snapshot, subscription))
        });
        Box::pin(std::future::ready(match self.0.naming().link().state() {
            LinkState::Closed => Err(self.0.failed(&Error::Closed)),
            _ => Ok(Box::pin(snapshots) as Snapshots),
        }))
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        Box::pin(async move {
            let names = self.0.listed(&self.0.options.group).await;
            let names = names.map_err(|status| status.context("cannot list the services"))?;
            let services: BTreeSet<_> =
                names.iter().filter_map(|name| names::parse(name)).collect();
            Ok(services.into_iter().collect())
        })
    }

    fn backoff(&self) -> FullJitter {
        self.0.naming().link().backoff()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        let inner = &*self.0;
        let services = self.services_of(service, inner.options.subscribe_legacy);
        inner.link_failure().or_else(|| {
            let listing = inner.list_errors.lock().get(service).cloned();
            let following = || services.iter().find_map(|service| inner.naming().error(service));
            listing.or_else(following).map(|error| inner.failed(&error))
        })
    }
}

impl fmt::Debug for NacosRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NacosRegistry").field(&self.0.options).finish()
    }
}
