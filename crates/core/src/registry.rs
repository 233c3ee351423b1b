//! Registries, in which providers announce themselves and consumers find them.

mod configured;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytestring::ByteString;
use futures_core::Stream;

pub use self::configured::ConfiguredRegistry;
use crate::backoff::FullJitter;
pub use crate::endpoint::Health;
use crate::endpoint::{Instance, Offer, Provider, ServiceParams};
pub use crate::level::DiscoveryLevel;
use crate::metadata_info::ExportedMetadata;
pub use crate::origin::{Origin, RegistryTraits};
use crate::service::ServiceKey;
use crate::status::Status;

/// The announcement of a provider: one service on one instance.
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod registry { pub use dubhe_core::endpoint::{Instance, Offer}; pub use dubhe_core::registry::Registration; } }
/// use std::sync::Arc;
/// use dubhe::ServiceKey;
/// use dubhe::registry::{Instance, Offer, Registration};
///
/// // What a server tells a registry of one service and protocol.
/// let registration = Registration {
///     service: ServiceKey::interface_only("org.example.Greeter"),
///     instance: Arc::new(Instance { host: "10.0.0.7".into(), ..Instance::default() }),
///     offer: Offer { protocol: "dubbo".into(), port: 20880 },
///     params: Arc::default(),
/// };
/// assert_eq!(registration.instance.host, "10.0.0.7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The service.
    pub service: ServiceKey,
    /// The instance that serves it.
    pub instance: Arc<Instance>,
    /// The protocol and port by which it is reached.
    pub offer: Offer,
    /// The parameters of the service on this instance.
    pub params: Arc<ServiceParams>,
}

/// The whole list of the providers of a service.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::registry::{Health, Registration, Snapshot}; } }
/// use dubhe::registry::{Health, Registration, Snapshot};
///
/// /// What a registry of your own says: its providers, or those it knew before it lost its source.
/// fn snapshot(current: Result<Vec<Registration>, std::io::Error>, before: Snapshot) -> Snapshot {
///     match current {
///         Ok(providers) => Snapshot { providers, ..Snapshot::default() },
///         Err(_) => Snapshot { health: Health::Stale, ..before },
///     }
/// }
/// # let lost = Err(std::io::Error::other("lost"));
/// # assert_eq!(snapshot(lost, Snapshot::default()).health, Health::Stale);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The providers.
    pub providers: Vec<Registration>,
    /// The currency of the set.
    pub health: Health,
    /// The instances that the registry knows and does not give, with the reasons: at most
    /// [`MAX_EXCLUDED`].
    pub excluded: Vec<Excluded>,
    /// The level at which the providers are registered, of a registry that has both levels.
    pub level: Option<DiscoveryLevel>,
}

impl Snapshot {
    /// The current snapshot of the `known` providers that a consumer of `service` takes. Those of other
    /// groups and versions are excluded, which says so; those of other interfaces are left out.
    pub fn select(service: &ServiceKey, known: impl IntoIterator<Item = Registration>) -> Self {
        let mut snapshot = Self::default();
        for provider in known {
            if service.takes(&provider.service) {
                snapshot.providers.push(provider);
            } else if provider.service.interface() == service.interface()
                && snapshot.excluded.len() < MAX_EXCLUDED
            {
                let Registration { service: offered, instance, offer, params } = provider;
                let instance = Provider::new(instance, offer, params).to_string();
                let why = format!("it offers {offered}, and {service} is asked for");
                snapshot.excluded.push(Excluded::new(instance, why));
            }
        }
        snapshot
    }
}

/// The number of exclusions that a snapshot tells of at most.
pub const MAX_EXCLUDED: usize = 64;

/// An instance that is not among the providers of a service, and why.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::registry::Excluded; } }
/// use dubhe::registry::Excluded;
///
/// let excluded = Excluded::new("10.0.0.7:20880", "it is disabled");
/// assert_eq!(format!("{} is not used: {}", excluded.instance, excluded.why),
///            "10.0.0.7:20880 is not used: it is disabled");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Excluded {
    /// The address of the instance, or the name that it has in the registry.
    pub instance: ByteString,
    /// The reason, for people.
    pub why: ByteString,
    /// The level at which it is registered, of a registry that has both levels.
    pub level: Option<DiscoveryLevel>,
}

impl Excluded {
    /// The instance of this name, and why it is not used.
    pub fn new(instance: impl Into<ByteString>, why: impl Into<ByteString>) -> Self {
        Self { instance: instance.into(), why: why.into(), level: None }
    }
}

/// Snapshots as they change, each whole; the present one comes first.
pub type Snapshots = Pin<Box<dyn Stream<Item = Snapshot> + Send>>;

/// The snapshots of a set of providers that never changes.
pub fn fixed(providers: Vec<Registration>) -> Snapshots {
    Box::pin(Fixed(Some(Snapshot { providers, ..Snapshot::default() })))
}

struct Fixed(Option<Snapshot>);

impl Stream for Fixed {
    type Item = Snapshot;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Snapshot>> {
        // A stream that ends is a registry that is gone.
        self.0.take().map_or(Poll::Pending, |only| Poll::Ready(Some(only)))
    }
}

/// A future a registry answers with.
pub type Registering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Status>> + Send + 'a>>;

/// A registry.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::registry::{Registering, Registration, Registry, Snapshots, fixed};
/// use dubhe::{ServiceKey, Status};
///
/// /// Providers that never change.
/// struct List(Vec<Registration>);
///
/// impl Registry for List {
///     fn register(&self, _: Registration) -> Registering<'_, ()> {
///         Box::pin(async { Err(Status::unimplemented("the list never changes")) })
///     }
///
///     fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
///         Box::pin(async { Ok(()) })
///     }
///
///     fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
///         let of = self.0.iter().filter(|provider| service.takes(&provider.service)).cloned().collect();
///         Box::pin(async { Ok(fixed(of)) })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a registry",
    note = "a registry of a URL is `dubhe::registry_at(url, application)?`; one of your own implements \
            `Registry`"
)]
pub trait Registry: Send + Sync + 'static {
    /// Announces a provider until it is unregistered or the registry is closed; repeating it is
    /// harmless.
    fn register(&self, registration: Registration) -> Registering<'_, ()>;

    /// Takes an announcement back.
    fn unregister(&self, registration: &Registration) -> Registering<'_, ()>;

    /// Registers the process itself, in registries that hold applications which are called over HTTP.
    /// Does nothing by default. Repeating it is harmless.
    fn register_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        let _ = (instance, offer);
        Box::pin(async { Ok(()) })
    }

    /// Takes the registration of the process back.
    fn unregister_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        let _ = (instance, offer);
        Box::pin(async { Ok(()) })
    }

    /// Follows the providers that a consumer of `service` [takes](ServiceKey::takes), which may be of
    /// several groups and versions; a registration names its own. Dropping the stream ends the
    /// subscription.
    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots>;

    /// Lists the services that have had a provider here, sorted, for people who look: a registry that
    /// cannot tell fails with [`Code::Unimplemented`](crate::Code::Unimplemented), the default.
    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        let text = format!("{} cannot list its services", self.name());
        Box::pin(async move { Err(Status::unimplemented(text)) })
    }

    /// Returns the name of the registry in the log, such as its URL without secrets. Default the name
    /// of its type.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Returns the part that the registry has beside others in finding providers. Default that of a
    /// registry which is like all others. Asked once, when an application is built.
    fn traits(&self) -> RegistryTraits {
        RegistryTraits::default()
    }

    /// Returns `true` if registrations are not written, as those of a registry that is only for finding
    /// providers: a server passes it over. Default `false`.
    fn is_read_only(&self) -> bool {
        false
    }

    /// Returns the last error of following `service`, such as a refused password, until the registry
    /// answers again. It is told to callers who find no provider. None by default.
    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        let _ = service;
        None
    }

    /// Returns the pauses before a registration or a subscription that failed is tried again: at most
    /// 5 s by default.
    fn backoff(&self) -> FullJitter {
        FullJitter::default()
    }

    /// Returns the metadata of the services registered here, for the `MetadataService` of the server;
    /// `None`, the default, for a registry of services alone, which needs none.
    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        None
    }

    /// Publishes the definition of a service of `application`, a JSON text that consoles read, where
    /// the registry has a place for it. Does nothing by default.
    fn publish_definition(
        &self,
        service: &ServiceKey,
        application: &ByteString,
        definition: ByteString,
    ) -> Registering<'_, ()> {
        let _ = (service, application, definition);
        Box::pin(async { Ok(()) })
    }
}

impl<T: Registry + ?Sized> Registry for Arc<T> {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        (**self).register(registration)
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        (**self).unregister(registration)
    }

    fn register_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        (**self).register_instance(instance, offer)
    }

    fn unregister_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        (**self).unregister_instance(instance, offer)
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        (**self).subscribe(service)
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        (**self).services()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn traits(&self) -> RegistryTraits {
        (**self).traits()
    }

    fn is_read_only(&self) -> bool {
        (**self).is_read_only()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        (**self).failure(service)
    }

    fn backoff(&self) -> FullJitter {
        (**self).backoff()
    }

    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        (**self).exported_metadata()
    }

    fn publish_definition(
        &self,
        service: &ServiceKey,
        application: &ByteString,
        definition: ByteString,
    ) -> Registering<'_, ()> {
        (**self).publish_definition(service, application, definition)
    }
}
