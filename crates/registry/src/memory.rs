//! A registry within one process.

mod discovery;
mod documents;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::registry::{Registering, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::{ServiceKey, Status};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::watch;

pub use discovery::MemoryDiscovery;
pub use documents::MemoryDocuments;

/// A registry within one process; clones share it.
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod registry { pub use dubhe_core::endpoint::{Instance, Offer}; pub use dubhe_registry::Memory; pub use dubhe_core::registry::{Registration, Registry}; } }
/// use std::sync::Arc;
/// use dubhe::ServiceKey;
/// use futures_core::Stream as _;
/// use dubhe::registry::{Instance, Memory, Offer, Registration, Registry};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Servers and clients of one test share a clone each.
/// let registry = Memory::new();
/// let greeter = ServiceKey::interface_only("org.example.Greeter");
/// let registration = Registration {
///     service: greeter.clone(),
///     instance: Arc::new(Instance { host: "127.0.0.1".into(), ..Instance::default() }),
///     offer: Offer { protocol: "dubbo".into(), port: 20880 },
///     params: Arc::default(),
/// };
/// registry.register(registration).await?;
///
/// let mut snapshots = registry.subscribe(&greeter).await?;
/// let first = std::future::poll_fn(|cx| snapshots.as_mut().poll_next(cx)).await;
/// assert_eq!(first.map(|snapshot| snapshot.providers.len()), Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<HashMap<ByteString, Sender>>>);

/// The providers of one interface, of all groups and versions.
type Sender = watch::Sender<Snapshot>;

impl Memory {
    /// A registry with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    fn change(&self, service: &ServiceKey, change: impl FnOnce(&mut Vec<Registration>)) {
        let mut interfaces = self.0.lock();
        let sender = interfaces.entry(service.interface().clone()).or_default();
        sender.send_modify(|snapshot| change(&mut snapshot.providers));
    }
}

/// Returns true if two registrations are of the same provider.
fn same_provider(a: &Registration, b: &Registration) -> bool {
    a.service == b.service && a.offer == b.offer && a.instance.host == b.instance.host
}

impl Registry for Memory {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        let service = registration.service.clone();
        self.change(&service, |providers| {
            providers.retain(|p| !same_provider(p, &registration));
            providers.push(registration);
        });
        Box::pin(std::future::ready(Ok(())))
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.change(&registration.service, |p| p.retain(|p| !same_provider(p, registration)));
        Box::pin(std::future::ready(Ok(())))
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        let interfaces = self.0.lock();
        let all = interfaces.values().flat_map(|sender| {
            let snapshot = sender.borrow();
            snapshot.providers.iter().map(|one| one.service.clone()).collect::<Vec<_>>()
        });
        let all: BTreeSet<_> = all.collect();
        Box::pin(std::future::ready(Ok(all.into_iter().collect())))
    }

    fn name(&self) -> &'static str {
        "memory://"
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let receiver = {
            let mut interfaces = self.0.lock();
            interfaces.entry(service.interface().clone()).or_default().subscribe()
        };
        let changes = Changes { receiver, service: service.clone(), last: None };
        Box::pin(std::future::ready(Ok::<_, Status>(changes.follow())))
    }
}

/// The providers of an interface, of which a consumer of `service` takes some.
struct Changes {
    receiver: watch::Receiver<Snapshot>,
    service: ServiceKey,
    last: Option<Snapshot>,
}

impl Changes {
    /// The snapshots, the present one first, the others when something changed.
    fn follow(self) -> Snapshots {
        Box::pin(stream::unfold(self, |mut changes| async move {
            let snapshot = changes.next().await?;
            Some((snapshot, changes))
        }))
    }

    async fn next(&mut self) -> Option<Snapshot> {
        loop {
            if self.last.is_some() {
                self.receiver.changed().await.ok()?;
            }
            let known = self.receiver.borrow_and_update().providers.clone();
            let now = Snapshot::select(&self.service, known);
            if self.last.as_ref() != Some(&now) {
                self.last = Some(now.clone());
                return Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::registry::Excluded;
    use dubhe_core::{Instance, Offer};
    use futures_util::StreamExt;

    use super::*;

    fn provider(port: u16) -> Registration {
        Registration {
            service: ServiceKey::interface_only("a.B"),
            instance: Arc::new(Instance { host: "h".into(), ..Instance::default() }),
            offer: Offer { protocol: "dubbo".into(), port },
            params: Arc::default(),
        }
    }

    #[tokio::test]
    async fn subscribers_see_the_present_and_every_change() {
        let registry = Memory::new();
        registry.register(provider(1)).await.unwrap();
        let mut seen = registry.subscribe(&ServiceKey::interface_only("a.B")).await.unwrap();
        assert_eq!(seen.next().await.unwrap().providers, [provider(1)]);
        registry.register(provider(2)).await.unwrap();
        assert_eq!(seen.next().await.unwrap().providers, [provider(1), provider(2)]);
        registry.register(provider(1)).await.unwrap();
        registry.unregister(&provider(1)).await.unwrap();
        assert_eq!(seen.next().await.unwrap().providers, [provider(2)]);
    }

    #[tokio::test]
    async fn a_consumer_of_several_groups_and_versions_sees_the_providers_of_each() {
        let registry = Memory::new();
        let of = |port, group: &'static str, version: &'static str| Registration {
            service: ServiceKey::new("a.B", group, version),
            ..provider(port)
        };
        registry.register(of(1, "a", "1")).await.unwrap();
        let wanted = |group: &'static str, version: &'static str| {
            registry.subscribe(&ServiceKey::new("a.B", group, version))
        };
        let mut any = wanted("*", "*").await.unwrap();
        let mut list = wanted("a,c", "1").await.unwrap();
        assert_eq!(any.next().await.unwrap().providers, [of(1, "a", "1")]);
        assert_eq!(list.next().await.unwrap().providers, [of(1, "a", "1")]);
        // Two services at one address are two providers.
        registry.register(of(1, "b", "2")).await.unwrap();
        registry.register(of(2, "c", "1")).await.unwrap();
        registry.unregister(&of(1, "a", "1")).await.unwrap();
        assert_eq!(any.next().await.unwrap().providers, [of(1, "b", "2"), of(2, "c", "1")]);
        let last = list.next().await.unwrap();
        assert_eq!(last.providers, [of(2, "c", "1")]);
        let why = "it offers b/a.B:2, and a,c/a.B:1 is asked for";
        assert_eq!(last.excluded, [Excluded::new("dubbo://h:1", why)]);
    }
}
