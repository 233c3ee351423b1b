//! The state that is to be registered: the instances of the application at this process and their services.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::endpoint::{Instance, Offer, PackedParams};
use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::registry::Registration;
use dubhe_core::time::SystemTime;

use crate::application::instance::{MetadataStorage, ServiceInstance};
use crate::application::metadata_info::{is_of_process, revision};
use crate::application::options::ApplicationOptions;
use crate::provider_url;
use crate::simplified::simplify;

/// The instances of the application. There is one for each host, and more where one protocol has
/// several ports: an instance has one port for each protocol.
#[derive(Default)]
pub(super) struct Desired {
    pub(super) processes: Vec<Process>,
    count: u64,
}

/// An instance: the services at one host.
pub(super) struct Process {
    /// The identity among those of this process.
    pub(super) number: u64,
    host: ByteString,
    /// The port by which it is known, that of the first service.
    port: u16,
    /// The start of the process.
    started: SystemTime,
    services: BTreeMap<Key, Service>,
}

/// A service, and the protocol and port that offer it.
type Key = (ServiceKey, ByteString, u16);

fn key(registration: &Registration) -> Key {
    let Offer { protocol, port } = &registration.offer;
    (registration.service.clone(), protocol.clone(), *port)
}

/// A service as it was registered, and as it is published.
struct Service {
    registration: Registration,
    info: ServiceInfo,
}

/// An instance as it is to be published.
#[derive(Clone)]
pub(super) struct Publication {
    pub(super) number: u64,
    pub(super) instance: ServiceInstance,
    /// The services; none when the instance is to be taken back.
    pub(super) info: Arc<MetadataInfo>,
}

impl Desired {
    /// Adds a service. Returns `false` if it is there, and else gives `before` what it takes the place of.
    pub(super) fn add(
        &mut self,
        registration: Registration,
        info: ServiceInfo,
        now: SystemTime,
        before: &mut Option<Registration>,
    ) -> bool {
        let Registration { instance, offer, .. } = &registration;
        let fits = |process: &Process, same_port: bool| {
            let mut ports = process.services.keys().filter(|(_, of, _)| *of == offer.protocol);
            process.host == instance.host
                && ports.all(|(_, _, port)| *port == offer.port)
                && (!same_port || process.services.keys().any(|(_, _, port)| *port == offer.port))
        };
        // Two servers of one process come each with its port: services of a port stay together.
        let place = [true, false].into_iter().find_map(|same_port| {
            self.processes.iter().position(|process| fits(process, same_port))
        });
        let place = place.unwrap_or_else(|| {
            self.count += 1;
            self.processes.push(Process {
                number: self.count,
                host: instance.host.clone(),
                port: offer.port,
                started: instance.started.unwrap_or(now),
                services: BTreeMap::new(),
            });
            self.processes.len() - 1
        });
        let Some(process) = self.processes.get_mut(place) else { return false };
        let key = key(&registration);
        if process.services.get(&key).is_some_and(|known| known.registration == registration) {
            return false;
        }
        let replaced = process.services.insert(key, Service { registration, info });
        *before = replaced.map(|replaced| replaced.registration);
        true
    }

    /// Removes a service. Returns `false` if it is not there.
    pub(super) fn remove(&mut self, registration: &Registration) -> bool {
        let key = key(registration);
        let host = &registration.instance.host;
        let mut of_host = self.processes.iter_mut().filter(|process| process.host == *host);
        of_host.any(|process| process.services.remove(&key).is_some())
    }

    /// Forgets an instance that was taken back, unless it has services again.
    pub(super) fn forget(&mut self, number: u64) {
        self.processes.retain(|process| process.number != number || !process.services.is_empty());
    }

    /// Returns `true` if an interface has a service.
    pub(super) fn has_interface(&self, interface: &ByteString) -> bool {
        let services = self.processes.iter().flat_map(|process| process.services.keys());
        services.into_iter().any(|(service, _, _)| service.interface() == interface)
    }
}

impl Process {
    /// The instance with its services, as Dubbo Java publishes them.
    pub(super) fn publication(
        &self,
        application: &ByteString,
        storage: MetadataStorage,
    ) -> Publication {
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut info = MetadataInfo { application: application.clone(), ..MetadataInfo::default() };
        let mut endpoints: Vec<Offer> = Vec::new();
        for Service { registration, info: service } in self.services.values() {
            let offer = &registration.offer;
            if !endpoints.contains(offer) {
                endpoints.push(offer.clone());
            }
            info.services.insert(service.match_key().into(), service.clone());
        }
        endpoints.sort_unstable_by(|a, b| a.protocol.cmp(&b.protocol));
        info.revision = revision(&info).into();
        let mut instance = self.instance(application);
        let mut params = instance.params.to_params();
        params.entry("timestamp".into()).or_insert_with(|| started.to_string().into());
        if let Some(zone) = &instance.zone {
            params.entry("zone".into()).or_insert_with(|| zone.clone());
        }
        if storage == MetadataStorage::Remote {
            params.insert("dubbo.metadata.cluster".into(), "default".into());
        }
        instance.params = params.into();
        ServiceInstance::describe(&mut instance, &endpoints, &info.revision, storage);
        Publication {
            number: self.number,
            instance: ServiceInstance { instance: Arc::new(instance), port: self.port },
            info: Arc::new(info),
        }
    }

    /// The instance, with the facts that one of the services tells.
    fn instance(&self, application: &ByteString) -> Instance {
        let told = self.services.values().next();
        let told = told.map(|of| (*of.registration.instance).clone());
        let told =
            told.unwrap_or_else(|| Instance { host: self.host.clone(), ..Instance::default() });
        Instance { application: application.clone(), started: Some(self.started), ..told }
    }
}

/// A service in the metadata of its application (Dubbo Java `MetadataInfo.ServiceInfo`): with the
/// parameters of its provider URL but those about the process, and the cluster of registries.
pub(super) fn service_info(
    registration: &Registration,
    application: &ByteString,
    options: &ApplicationOptions,
) -> ServiceInfo {
    let Registration { service, instance, offer, params } = registration;
    // Parameters of the instance are published with it.
    let of_service = Instance {
        application: application.clone(),
        params: PackedParams::default(),
        ..(**instance).clone()
    };
    let dynamic = params.get("dynamic") != Some("false");
    let of_service = Registration { instance: Arc::new(of_service), ..registration.clone() };
    let mut params = provider_url::to_published_url(&of_service, dynamic, 0).params;
    if options.simplified {
        params = simplify(&params, &options.kept_keys());
    }
    params.retain(|name, _| !is_of_process(name));
    params
        .entry(ByteString::from_static("REGISTRY_CLUSTER"))
        .or_insert_with(|| ByteString::from_static("default"));
    let path = params.get("path").cloned().unwrap_or_else(|| service.interface().clone());
    ServiceInfo {
        service: service.clone(),
        protocol: offer.protocol.clone(),
        port: offer.port,
        path,
        params,
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::endpoint::ServiceParams;
    use dubhe_core::time::Duration;

    use super::*;
    use crate::provider_url::RELEASE;

    fn registration(interface: &'static str, protocol: &'static str, port: u16) -> Registration {
        let instance = Instance { host: "h".into(), ..Instance::default() };
        Registration {
            service: ServiceKey::new(interface, "g", "1.0"),
            instance: Arc::new(instance),
            offer: Offer { protocol: protocol.into(), port },
            params: Arc::default(),
        }
    }

    fn publications(desired: &Desired) -> Vec<Publication> {
        let processes = desired.processes.iter();
        let publication =
            |process: &Process| process.publication(&"shop".into(), MetadataStorage::Local);
        processes.map(publication).collect()
    }

    fn add(desired: &mut Desired, registration: Registration) -> bool {
        let options = ApplicationOptions::default();
        let info = service_info(&registration, &"shop".into(), &options);
        desired.add(registration, info, UNIX_EPOCH + Duration::from_secs(5), &mut None)
    }

    #[test]
    fn an_instance_is_published_as_java_does_it() {
        let mut desired = Desired::default();
        let params =
            [("methods", "add,hello"), ("pid", "7"), ("qos.port", "1"), ("timestamp", "5")];
        let params = params.map(|(name, value)| (name.into(), value.into())).into();
        let greet = Registration {
            params: Arc::new(ServiceParams::new(&params)),
            instance: Arc::new(Instance {
                host: "h".into(),
                zone: Some("north".into()),
                params: PackedParams::from([("heartbeat.timeout".into(), "9".into())]),
                ..Instance::default()
            }),
            ..registration("demo.Greet", "tri", 50051)
        };
        assert!(add(&mut desired, greet.clone()));
        assert!(!add(&mut desired, greet));
        add(&mut desired, registration("demo.Greet", "dubbo", 20880));
        let all = publications(&desired);
        let [publication] = &all[..] else { panic!("{}", all.len()) };
        let text = crate::application::metadata_info::to_json(&publication.info);
        let common = format!(
            r#""application":"shop","deprecated":"false","dubbo":"2.0.2","dynamic":"true","generic":"false","group":"g","interface":"demo.Greet",%"prefer.serialization":"hessian2","release":"{RELEASE}","revision":"1.0","side":"provider","version":"1.0""#
        );
        let (dubbo, tri) =
            (common.replace('%', ""), common.replace('%', r#""methods":"add,hello","#));
        let revision = &publication.info.revision;
        let expected = format!(
            r#"{{"app":"shop","revision":"{revision}","services":{{"g/demo.Greet:1.0:dubbo":{{"name":"demo.Greet","group":"g","version":"1.0","protocol":"dubbo","port":20880,"path":"demo.Greet","params":{{"REGISTRY_CLUSTER":"default",{dubbo}}}}},"g/demo.Greet:1.0:tri":{{"name":"demo.Greet","group":"g","version":"1.0","protocol":"tri","port":50051,"path":"demo.Greet","params":{{"REGISTRY_CLUSTER":"default",{tri},"zone":"north"}}}}}}}}"#
        );
        assert_eq!(text, expected);
        let ServiceInstance { instance, port } = &publication.instance;
        assert_eq!((&*instance.host, *port), ("h", 50051));
        let param = |name: &str| instance.params.get(name);
        let endpoints = r#"[{"port":20880,"protocol":"dubbo"},{"port":50051,"protocol":"tri"}]"#;
        assert_eq!(param("dubbo.endpoints"), Some(endpoints));
        assert_eq!(param("timestamp"), Some("5000"));
        assert_eq!(param("dubbo.metadata.revision"), Some(&**revision));
        assert_eq!(param("meta-v"), Some("2.0.0"));
    }

    #[test]
    fn a_protocol_at_two_ports_makes_two_instances() {
        let mut desired = Desired::default();
        for (protocol, port) in [("dubbo", 1), ("tri", 1), ("dubbo", 2), ("tri", 2)] {
            add(&mut desired, registration("a.B", protocol, port));
        }
        let all = publications(&desired);
        let addresses: Vec<_> = all.iter().map(|of| of.instance.address()).collect();
        assert_eq!(addresses, ["h:1", "h:2"]);
        assert_eq!(all[1].instance.endpoints().len(), 2);
        assert!(desired.remove(&registration("a.B", "dubbo", 2)));
        assert!(!desired.remove(&registration("a.B", "dubbo", 2)));
        assert!(desired.remove(&registration("a.B", "tri", 2)));
        assert_eq!(&*publications(&desired)[1].info.revision, "0");
        desired.forget(2);
        assert_eq!(publications(&desired).len(), 1);
        assert!(desired.has_interface(&"a.B".into()));
    }
}
