//! A registry of instances within one process.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::registry::{Health, Registering};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::application::{InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance};

/// A registry of the instances of applications within one process; clones share it.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::endpoint::Instance; pub use dubhe_registry::{MemoryDiscovery, application}; } }
/// use std::sync::Arc;
/// use dubhe::registry::{Instance, MemoryDiscovery};
/// use dubhe::registry::application::{ServiceDiscovery, ServiceInstance};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The fleet of a test shares a clone each.
/// let fleet = MemoryDiscovery::new();
/// let instance = Instance {
///     host: "10.0.0.7".into(),
///     application: "shop".into(),
///     ..Instance::default()
/// };
/// fleet.register(ServiceInstance { instance: Arc::new(instance), port: 20880 }).await?;
/// assert_eq!(fleet.applications().await?, ["shop"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryDiscovery(Arc<Mutex<BTreeMap<ByteString, watch::Sender<Instances>>>>);

/// The instances of an application; `None` if it never had one.
type Instances = Option<Vec<ServiceInstance>>;

impl MemoryDiscovery {
    /// Makes a registry with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    fn change(&self, application: &ByteString, change: impl FnOnce(&mut Vec<ServiceInstance>)) {
        let mut applications = self.0.lock();
        let sender = applications.entry(application.clone()).or_default();
        sender.send_modify(|instances| change(instances.get_or_insert_default()));
    }
}

fn same_address(a: &ServiceInstance, b: &ServiceInstance) -> bool {
    (&a.instance.host, a.port) == (&b.instance.host, b.port)
}

impl ServiceDiscovery for MemoryDiscovery {
    fn name(&self) -> &'static str {
        "memory://"
    }

    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()> {
        let application = instance.instance.application.clone();
        self.change(&application, |all| {
            match all.iter_mut().find(|known| same_address(known, &instance)) {
                Some(known) => *known = instance,
                None => all.push(instance),
            }
        });
        Box::pin(std::future::ready(Ok(())))
    }

    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()> {
        self.change(&instance.instance.application, |all| {
            all.retain(|known| !same_address(known, instance));
        });
        Box::pin(std::future::ready(Ok(())))
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        let receiver = {
            let mut applications = self.0.lock();
            applications.entry(application.into()).or_default().subscribe()
        };
        let snapshots = stream::unfold((receiver, false), |(mut receiver, told)| async move {
            if told {
                receiver.changed().await.ok()?;
            }
            let instances = receiver.borrow_and_update().clone().unwrap_or_default();
            let snapshot =
                InstanceSnapshot { instances, health: Health::Fresh, excluded: Vec::new() };
            Some((snapshot, (receiver, true)))
        });
        Box::pin(std::future::ready(Ok(Box::pin(snapshots) as InstanceSnapshots)))
    }

    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        let applications = self.0.lock();
        let had = applications.iter().filter(|(_, instances)| instances.borrow().is_some());
        let names = had.map(|(name, _)| name.clone()).collect();
        Box::pin(std::future::ready(Ok(names)))
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::Instance;
    use futures_util::StreamExt as _;

    use super::*;

    fn instance(port: u16, zone: &'static str) -> ServiceInstance {
        let instance = Instance {
            host: "h".into(),
            application: "shop".into(),
            zone: Some(zone.into()),
            ..Instance::default()
        };
        ServiceInstance { instance: Arc::new(instance), port }
    }

    #[tokio::test]
    async fn an_instance_is_replaced_by_its_address() {
        let registry = MemoryDiscovery::new();
        let mut seen = registry.subscribe("shop").await.unwrap();
        assert_eq!(seen.next().await.unwrap(), InstanceSnapshot::default());
        assert_eq!(registry.applications().await.unwrap(), [""; 0], "followed, and never there");
        registry.register(instance(1, "a")).await.unwrap();
        registry.register(instance(2, "a")).await.unwrap();
        registry.register(instance(1, "b")).await.unwrap();
        let now = seen.next().await.unwrap().instances;
        assert_eq!(now, [instance(1, "b"), instance(2, "a")]);
        registry.unregister(&instance(1, "a")).await.unwrap();
        registry.unregister(&instance(2, "a")).await.unwrap();
        assert_eq!(seen.next().await.unwrap().instances, []);
        assert_eq!(registry.applications().await.unwrap(), ["shop"]);
    }
}
