//! The services of a revision, as all its instances share them.

use std::collections::HashMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::registry::{DiscoveryLevel, Registration};
use dubhe_core::url::timestamp;

use crate::application::instance::ServiceInstance;
use crate::application::metadata_info;
use crate::provider_url::{known_protocol, without_unset_weight};

/// The services of a revision.
#[derive(Debug, Default)]
pub(super) struct Services {
    by_interface: HashMap<ByteString, Vec<Service>>,
    /// The zone that the services tell of their instance, if any does.
    zone: Option<ByteString>,
    /// `true` if the revision is a digest of the ports too, so that they are those of all instances.
    has_ports: bool,
}

/// A service and a protocol that offers it.
#[derive(Debug)]
struct Service {
    key: ServiceKey,
    protocol: ByteString,
    port: u16,
    params: Arc<ServiceParams>,
}

impl Services {
    /// The services of `info`, which was asked for by `revision`.
    pub(super) fn new(info: MetadataInfo, revision: &str) -> Self {
        let has_ports = metadata_info::revision(&info) == revision;
        let mut services = Self { has_ports, ..Self::default() };
        for ServiceInfo { service, protocol, port, path, mut params } in info.services.into_values()
        {
            if !path.is_empty() && path != *service.interface() {
                params.entry(ByteString::from_static("path")).or_insert(path);
            }
            let params = ServiceParams::new(&without_unset_weight(params));
            services.zone = services.zone.take().or_else(|| params.zone());
            let same = services.by_interface.entry(service.interface().clone()).or_default();
            same.push(Service {
                key: service,
                protocol: known_protocol(&protocol),
                port,
                params: Arc::new(params),
            });
        }
        services
    }
}

/// An instance and what is known of its services.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// The digest of the instance as it was found, to know it again.
    pub(super) found: u64,
    /// The instance, without what Dubbo wrote for finding its services.
    pub(super) instance: Arc<Instance>,
    /// The port by which the registry knows it.
    pub(super) port: u16,
    endpoints: Box<[Offer]>,
    /// The revision that it names; empty for none.
    pub(super) revision: ByteString,
    /// The services that were last known of it.
    pub(super) services: Option<Arc<Services>>,
}

impl Member {
    /// Reads what `found`, an instance of `application`, says of itself.
    pub(super) fn new(found: &ServiceInstance, digest: u64, application: &ByteString) -> Self {
        let Instance { host, zone, region, cluster, node, started, params, .. } = &*found.instance;
        let param = |name: &str| params.get(name).filter(|value| !value.is_empty());
        // What many instances have in common takes memory once, and what is not kept none.
        let kept = params.iter().filter(|(name, _)| !ServiceInstance::is_reserved(name));
        let instance = Instance {
            host: host.clone(),
            application: application.clone(),
            zone: zone.clone().or_else(|| param("zone").map(ByteString::from)),
            region: region.clone(),
            cluster: cluster.clone(),
            node: node.clone(),
            ready: found.instance.ready,
            serving: found.instance.serving,
            terminating: found.instance.terminating,
            started: started.or_else(|| param("timestamp").and_then(timestamp)),
            level: DiscoveryLevel::Application,
            params: kept.map(|(name, value)| (name.into(), value.into())).collect(),
        };
        let endpoints = found
            .endpoints()
            .into_iter()
            .map(|offer| Offer { protocol: known_protocol(&offer.protocol), port: offer.port });
        Self {
            found: digest,
            instance: Arc::new(instance),
            port: found.port,
            endpoints: endpoints.collect(),
            revision: found.revision().unwrap_or_default().into(),
            services: None,
        }
    }

    /// Takes what is now known of its services.
    pub(super) fn learn(&mut self, services: Arc<Services>) {
        if self.instance.zone.is_none() && services.zone.is_some() {
            Arc::make_mut(&mut self.instance).zone.clone_from(&services.zone);
        }
        self.services = Some(services);
    }

    /// The identity within the application.
    pub(super) fn address(&self) -> (&ByteString, u16) {
        (&self.instance.host, self.port)
    }

    /// The port of a service: by its protocol as the instance tells it, else that of the service, else
    /// that of the instance. Where the revision says that all its instances have the same ports, that
    /// of the service goes first, as in Java: an application may have a protocol at two ports.
    fn port_of(&self, service: &Service, has_ports: bool) -> u16 {
        if has_ports && service.port != 0 {
            return service.port;
        }
        let told = self.endpoints.iter().find(|offer| offer.protocol == service.protocol);
        let own = if service.port == 0 { self.port } else { service.port };
        told.map_or(own, |offer| offer.port)
    }

    /// The registrations that a consumer of `wanted` takes.
    pub(super) fn registrations(&self, wanted: &ServiceKey) -> impl Iterator<Item = Registration> {
        let services = self.services.as_deref();
        let same = services.and_then(|services| services.by_interface.get(wanted.interface()));
        let taken = same.into_iter().flatten().filter(|service| wanted.takes(&service.key));
        let has_ports = services.is_some_and(|services| services.has_ports);
        taken.map(move |service| Registration {
            service: service.key.clone(),
            instance: self.instance.clone(),
            offer: Offer {
                protocol: service.protocol.clone(),
                port: self.port_of(service, has_ports),
            },
            params: service.params.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::endpoint::PackedParams;
    use dubhe_core::time::{Duration, SystemTime};

    use super::*;

    fn info(service: ServiceInfo) -> MetadataInfo {
        let mut info = MetadataInfo { application: "shop".into(), ..MetadataInfo::default() };
        info.services.insert(service.match_key().into(), service);
        info
    }

    fn service(port: u16, params: &[(&'static str, &'static str)]) -> ServiceInfo {
        let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        ServiceInfo {
            service: ServiceKey::new("a.B", "g", "1.0"),
            protocol: "dubbo".into(),
            port,
            path: "a.B".into(),
            params: params.collect(),
        }
    }

    fn found(params: &[(&'static str, &'static str)]) -> ServiceInstance {
        let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let instance = Instance {
            host: "h".into(),
            application: "shop".into(),
            params: params.collect(),
            ..Instance::default()
        };
        ServiceInstance { instance: Arc::new(instance), port: 1 }
    }

    fn registration(member: &Member) -> Registration {
        member.registrations(&ServiceKey::new("a.B", "*", "*")).next().unwrap()
    }

    #[test]
    fn ports_are_those_of_the_instance_unless_the_revision_has_them() {
        let endpoints = ("dubbo.endpoints", r#"[{"port":2,"protocol":"dubbo"}]"#);
        for (endpoints, of_service, pinned, expected) in [
            (Some(endpoints), 3, false, 2),
            (Some(endpoints), 0, false, 2),
            (Some(endpoints), 3, true, 3),
            (None, 3, false, 3),
            (None, 0, false, 1),
            (None, 0, true, 1),
        ] {
            let info = info(service(of_service, &[]));
            let revision = if pinned { metadata_info::revision(&info) } else { "1234".to_owned() };
            let mut member = Member::new(&found(endpoints.as_slice()), 0, &"shop".into());
            member.learn(Arc::new(Services::new(info, &revision)));
            assert_eq!(registration(&member).offer.port, expected, "{endpoints:?} {of_service}");
        }
    }

    #[test]
    fn facts_of_the_instance_are_kept_and_what_finds_it_is_not() {
        let instance = found(&[
            ("dubbo.metadata.revision", "9"),
            ("dubbo.metadata-service.url-params", "{}"),
            ("timestamp", "1700000000"),
            ("heartbeat.timeout", "3"),
        ]);
        let mut member = Member::new(&instance, 0, &"shop".into());
        assert_eq!(&*member.revision, "9");
        let go = [("weight", "0"), ("release", "dubbo-golang-3.3.1"), ("zone", "north")];
        let info = info(ServiceInfo { path: "other".into(), ..service(3, &go) });
        member.learn(Arc::new(Services::new(info, "9")));
        let registration = registration(&member);
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(registration.instance.started, Some(started));
        assert_eq!(registration.instance.zone.as_deref(), Some("north"));
        let params = PackedParams::from([("heartbeat.timeout".into(), "3".into())]);
        assert_eq!(registration.instance.params, params);
        assert_eq!(registration.params.get("weight"), None, "dubbo-go's default");
        assert_eq!(registration.params.get("path"), Some("other"));
    }

    #[test]
    fn a_consumer_gets_what_it_takes() {
        let mut member = Member::new(&found(&[]), 0, &"shop".into());
        member.learn(Arc::new(Services::new(info(service(3, &[])), "9")));
        for (key, count) in [("g/a.B:1.0", 1), ("a.B:1.0", 0), ("g/a.B", 0), ("*/a.B:*", 1)] {
            assert_eq!(member.registrations(&ServiceKey::parse(key)).count(), count, "{key}");
        }
    }
}
