//! A registry whose services and instances are made up.

use std::sync::Arc;

use dubhe::registry::application::{
    InstanceSnapshot, InstanceSnapshots, MetadataClient, MetadataStorage, MetadataTarget,
    ServiceDiscovery, ServiceInstance,
};
use dubhe::registry::{
    Instance, MetadataInfo, Offer, Params, Registering, Registration, Registry, ServiceInfo,
    Snapshot, Snapshots, provider_url,
};
use dubhe::{ServiceKey, Status};
use futures_util::stream;
use tokio::sync::watch;

use crate::Error;

/// The parameters that each service has of its own, as those of Dubbo Java do.
const OWN: u32 = 15;
/// The protocol of every instance.
const PROTOCOL: &str = "dubbo";

/// The source: for each service the numbers of its instances, which are pushed as they change.
pub(crate) struct Source {
    services: Vec<watch::Sender<Vec<u32>>>,
    port: u16,
}

impl Source {
    pub(crate) fn new(services: u32, instances: u32, port: u16) -> Self {
        let each = instances / services.max(1);
        let members = |service| (service * each..(service + 1) * each).collect();
        Self { services: (0..services).map(|s| watch::Sender::new(members(s))).collect(), port }
    }

    /// Replaces an instance of a service by a new one.
    pub(crate) fn replace(&self, change: u32) {
        let count = u32::try_from(self.services.len()).unwrap_or(u32::MAX).max(1);
        let service = usize::try_from(change % count).unwrap_or_default();
        if let Some(members) = self.services.get(service) {
            members.send_modify(|members| {
                let place = usize::try_from(change / count).unwrap_or_default();
                let place = place % members.len().max(1);
                // Numbers that nobody had before.
                if let Some(member) = members.get_mut(place) {
                    *member = *member % 1_000_000 + 1_000_000 + change;
                }
            });
        }
    }

    fn members(&self, name: &str) -> Option<watch::Receiver<Vec<u32>>> {
        let number = name.rsplit('-').next().and_then(|number| number.parse::<usize>().ok());
        Some(self.services.get(number?)?.subscribe())
    }
}

pub(crate) fn interface(service: u32) -> String {
    format!("org.example.bench.fleet.Service-{service}")
}

/// An address of the loopback for each number.
fn host(number: u32) -> String {
    let [_, a, b, c] = number.to_be_bytes();
    format!("127.{}.{b}.{c}", a.max(1))
}

fn own_params() -> impl Iterator<Item = (String, String)> {
    (0..OWN).map(|i| (format!("parameter.{i:02}"), format!("a-value-of-{i:02}")))
}

/// Lists as they change, the present one first.
fn follow<T: Send + 'static>(
    mut members: watch::Receiver<Vec<u32>>,
    list: impl Fn(&[u32]) -> T + Send + 'static,
) -> impl futures_util::Stream<Item = T> + Send + 'static {
    members.mark_changed();
    stream::unfold((members, list), |(mut members, list)| async move {
        members.changed().await.ok()?;
        let now = list(&members.borrow_and_update());
        Some((now, (members, list)))
    })
}

fn read_only() -> Status {
    Status::unimplemented("the fleet is made up")
}

/// The source as a registry of services, whose providers are URLs.
pub(crate) struct Services(pub(crate) Arc<Source>);

impl Registry for Services {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Err(read_only()) })
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let (interface, port) = (service.interface().clone(), self.0.port);
        let members = self.0.members(&interface);
        Box::pin(async move {
            let members = members.ok_or_else(|| Status::not_found("no such service"))?;
            let list = move |members: &[u32]| {
                let providers = members.iter().filter_map(|&n| provider(&interface, n, port).ok());
                Snapshot { providers: providers.collect(), ..Snapshot::default() }
            };
            Ok(Box::pin(follow(members, list)) as Snapshots)
        })
    }
}

/// A provider as it is read from its URL.
fn provider(interface: &str, number: u32, port: u16) -> Result<Registration, Error> {
    let mut text = format!(
        "{PROTOCOL}://{}:{port}/{interface}?application=fleet&dubbo=2.0.2&interface={interface}\
         &methods=echo&release=3.3.6&side=provider&timestamp={}",
        host(number),
        1_700_000_000_000_u64 + u64::from(number)
    );
    for (name, value) in own_params() {
        text.extend(["&", &name, "=", &value]);
    }
    Ok(provider_url::from_url(&dubhe::Url::parse(&text, PROTOCOL)?))
}

/// The source as a registry of applications, each with one service.
pub(crate) struct Applications(pub(crate) Arc<Source>);

impl ServiceDiscovery for Applications {
    fn name(&self) -> &'static str {
        "fleet"
    }

    fn register(&self, _: ServiceInstance) -> Registering<'_, ()> {
        Box::pin(async { Err(read_only()) })
    }

    fn unregister(&self, _: &ServiceInstance) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        let (members, port) = (self.0.members(application), self.0.port);
        let application = application.to_owned();
        Box::pin(async move {
            let members = members.ok_or_else(|| Status::not_found("no such application"))?;
            let list = move |members: &[u32]| {
                let instances = members.iter().map(|&n| instance(&application, n, port)).collect();
                InstanceSnapshot { instances, ..InstanceSnapshot::default() }
            };
            Ok(Box::pin(follow(members, list)) as InstanceSnapshots)
        })
    }

    fn applications(&self) -> Registering<'_, Vec<bytestring::ByteString>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn is_read_only(&self) -> bool {
        true
    }
}

fn instance(application: &str, number: u32, port: u16) -> ServiceInstance {
    let mut instance = Instance {
        host: host(number).into(),
        application: application.into(),
        ..Instance::default()
    };
    let timestamp = 1_700_000_000_000 + u64::from(number);
    instance.params.set("timestamp", timestamp.to_string());
    // The revision is that of the application, which the name tells.
    let endpoints = [Offer { protocol: PROTOCOL.into(), port }];
    ServiceInstance::describe(&mut instance, &endpoints, application, MetadataStorage::Local);
    ServiceInstance { instance: Arc::new(instance), port }
}

/// The metadata of the applications.
pub(crate) struct Metadata;

impl MetadataClient for Metadata {
    fn metadata(&self, target: &MetadataTarget, revision: &str) -> Registering<'_, MetadataInfo> {
        let number = target.application.rsplit('-').next().and_then(|n| n.parse().ok());
        let interface = interface(number.unwrap_or_default());
        let params = own_params().map(|(name, value)| (name.into(), value.into()));
        let service = ServiceInfo {
            service: ServiceKey::interface_only(interface.clone()),
            protocol: PROTOCOL.into(),
            port: target.offer.port,
            path: interface.into(),
            params: params.collect::<Params>(),
        };
        let mut info = MetadataInfo {
            application: target.application.clone(),
            revision: revision.to_owned().into(),
            ..MetadataInfo::default()
        };
        info.services.insert(service.match_key().into(), service);
        Box::pin(async { Ok(info) })
    }
}
