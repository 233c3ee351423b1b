//! Applications of Spring Cloud, called and found over HTTP.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::registry::{Registering, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::{ServiceKey, Status};
use futures_util::StreamExt as _;

use super::discovery::{InstanceSnapshot, ServiceDiscovery};
use super::instance::ServiceInstance;

/// Says that an instance is reached by HTTPS (Spring Cloud Alibaba `NacosServiceInstance`).
const SECURE: &str = "secure";
/// The kind of application that an instance is (Spring Cloud Alibaba `NacosDiscoveryProperties`).
const SOURCE: &str = "preserved.register.source";

/// A registry of applications that are called over HTTP, such as those of Spring Cloud: the service
/// is the application, and each of its instances offers `http`, or `https` where it says so. A server
/// registers itself as one more instance of its application.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::application; } }
/// use std::sync::Arc;
/// use dubhe::registry::application::{ServiceDiscovery, SpringCloud};
///
/// /// The registry of an application, for `AppBuilder::applications` and `ServerBuilder::registry`.
/// fn over(discovery: Arc<dyn ServiceDiscovery>) -> SpringCloud {
///     SpringCloud::new(discovery)
/// }
/// ```
#[derive(Clone)]
pub struct SpringCloud {
    discovery: Arc<dyn ServiceDiscovery>,
    /// The name under which a server without one of its own registers itself.
    application: ByteString,
}

impl SpringCloud {
    /// The applications that `discovery` holds.
    pub fn new(discovery: Arc<dyn ServiceDiscovery>) -> Self {
        Self { discovery, application: ByteString::new() }
    }

    /// Sets the name under which a server registers itself when it has none of its own. Default `""`: such
    /// a server does not start.
    pub fn application(mut self, name: impl Into<ByteString>) -> Self {
        self.application = name.into();
        self
    }

    /// The instance of this process.
    fn own(&self, instance: &Instance, offer: &Offer) -> ServiceInstance {
        let mut own = instance.clone();
        if own.application.is_empty() {
            own.application = self.application.clone();
        }
        let mut params = own.params.to_params();
        let mut set = |name: &'static str, value: &'static str| {
            params.entry(name.into()).or_insert_with(|| value.into());
        };
        set(SOURCE, "SPRING_CLOUD");
        if &*offer.protocol == "https" {
            set(SECURE, "true");
        }
        own.params = params.into();
        ServiceInstance { instance: Arc::new(own), port: offer.port }
    }
}

/// The ways to an instance by HTTP. One of Dubbo has those of its endpoints that speak it.
fn offers(instance: &ServiceInstance) -> Vec<Offer> {
    let secure = instance.instance.params.get(SECURE) == Some("true");
    let http = |port| Offer { protocol: if secure { "https" } else { "http" }.into(), port };
    let endpoints = instance.endpoints();
    if endpoints.is_empty() {
        return vec![http(instance.port)];
    }
    let speak = endpoints.iter().filter(|of| matches!(&*of.protocol, "rest" | "tri"));
    let mut ports: Vec<u16> = speak.map(|of| of.port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports.into_iter().map(http).collect()
}

fn snapshot(application: &ServiceKey, instances: InstanceSnapshot) -> Snapshot {
    let InstanceSnapshot { instances, health, excluded } = instances;
    let providers = instances.iter().flat_map(|one| {
        let params = Arc::new(ServiceParams::new(&one.instance.params.to_params()));
        offers(one).into_iter().map(move |offer| Registration {
            service: application.clone(),
            instance: one.instance.clone(),
            offer,
            params: params.clone(),
        })
    });
    let providers = providers.collect();
    Snapshot { providers, health, excluded, ..Snapshot::default() }
}

impl Registry for SpringCloud {
    /// Does nothing: the application is registered, and not its services.
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn register_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        let own = self.own(instance, offer);
        if own.instance.application.is_empty() {
            let text = "an application is registered by its name, which this server lacks: set it \
                        with application(..)";
            return Box::pin(async move { Err(Status::invalid_argument(text)) });
        }
        self.discovery.register(own)
    }

    fn unregister_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        let own = self.own(instance, offer);
        Box::pin(async move { self.discovery.unregister(&own).await })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let application = service.clone();
        Box::pin(async move {
            let instances = self.discovery.subscribe(application.interface()).await?;
            let snapshots = instances.map(move |instances| snapshot(&application, instances));
            Ok(Box::pin(snapshots) as Snapshots)
        })
    }

    fn name(&self) -> &str {
        self.discovery.name()
    }

    fn is_read_only(&self) -> bool {
        self.discovery.is_read_only()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        self.discovery.failure(service.interface())
    }

    fn backoff(&self) -> dubhe_core::backoff::FullJitter {
        self.discovery.backoff()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryDiscovery;

    fn instance(port: u16, params: &[(&'static str, &'static str)]) -> ServiceInstance {
        let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let host = "h".into();
        let instance = Instance { host, params: params.collect(), ..Instance::default() };
        ServiceInstance { instance: Arc::new(instance), port }
    }

    #[test]
    fn instances_offer_http_where_they_speak_it() {
        let endpoints = r#"[{"port":1,"protocol":"dubbo"},{"port":2,"protocol":"tri"},{"port":2,"protocol":"rest"}]"#;
        for (params, expected) in [
            (&[][..], vec![("http", 80)]),
            (&[(SECURE, "true")][..], vec![("https", 80)]),
            (&[("dubbo.endpoints", endpoints)][..], vec![("http", 2)]),
            (&[("dubbo.endpoints", r#"[{"port":1,"protocol":"dubbo"}]"#)][..], vec![]),
        ] {
            let offers = offers(&instance(80, params));
            let offers: Vec<_> = offers.iter().map(|of| (&*of.protocol, of.port)).collect();
            assert_eq!(offers, expected, "{params:?}");
        }
    }

    #[test]
    fn a_snapshot_has_the_parameters_of_each_instance() {
        let application = ServiceKey::interface_only("user-service");
        let instances = vec![instance(1, &[("weight", "7")]), instance(2, &[])];
        let got = snapshot(&application, InstanceSnapshot { instances, ..Default::default() });
        let got: Vec<_> =
            got.providers.iter().map(|p| (p.offer.port, p.params.get("weight"))).collect();
        assert_eq!(got, [(1, Some("7")), (2, None)]);
    }

    #[test]
    fn a_process_registers_as_spring_does() {
        let offer = Offer { protocol: "https".into(), port: 443 };
        let registry =
            SpringCloud::new(Arc::new(MemoryDiscovery::new())).application("user-service");
        let own = registry.own(&instance(1, &[]).instance, &offer);
        let params = |name| own.instance.params.get(name);
        assert_eq!((params(SOURCE), params(SECURE)), (Some("SPRING_CLOUD"), Some("true")));
        assert_eq!((own.port, &*own.instance.application), (443, "user-service"));
        let named = Instance { application: "shop".into(), ..Instance::default() };
        assert_eq!(registry.own(&named, &offer).instance.application, "shop");
    }
}
