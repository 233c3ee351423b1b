//! The registry of both levels.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_config::ConfigWatcher;
use dubhe_core::backoff::FullJitter;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::metadata_info::ExportedMetadata;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::registry::{Registering, Registration, Registry, Snapshots};
use dubhe_core::time::SharedClock;
use dubhe_core::{ServiceKey, Status};
use tokio::runtime::Handle;

use super::consumer::Consumer;
use super::discovery::{MetadataClient, ServiceDiscovery};
use super::follow::Pauses;
use super::options::ApplicationOptions;
use super::provider::Provider;

/// The parts of a registry.
pub(super) struct Parts {
    pub(super) application: ByteString,
    pub(super) services: Option<Arc<dyn Registry>>,
    pub(super) instances: Option<Arc<dyn ServiceDiscovery>>,
    pub(super) metadata_center: Option<Arc<dyn DocumentStore>>,
    /// The config centre of the rule of migration, unless there is `config`.
    pub(super) config_center: Option<Arc<dyn DocumentStore>>,
    /// The config centres that the application follows.
    pub(super) config: Option<Arc<ConfigWatcher>>,
    pub(super) metadata_client: Option<Arc<dyn MetadataClient>>,
    pub(super) options: ApplicationOptions,
    pub(super) pauses: Pauses,
    /// The runtime of its tasks, which may be another than that of a caller.
    pub(super) runtime: Handle,
    name: String,
}

/// A registry of services over one of the instances of applications, beside one of single services.
///
/// A service that is registered becomes part of the one instance of its application, whose metadata
/// name all of them, and is registered on its own too, as [`RegisterMode`](super::RegisterMode) says.
/// Registrations that are under way together are published together. `register` fails when a level
/// refuses the service, or a metadata centre its metadata; a mapping that cannot be written is tried
/// again in the background, as in Dubbo Java.
///
/// A subscription finds the applications of a service by `provided-by` or by the mapping, their
/// instances, and what these offer by the metadata of their revision. Which level it takes,
/// [a rule](dubhe_config::rule::migration::MigrationRule) says; it leaves one only when the other has providers. While
/// metadata cannot be read, an instance keeps the services that were last known of it.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{ServiceKey, Status}; pub mod registry { pub use dubhe_core::endpoint::{Instance, Offer}; pub use dubhe_core::registry::{Registration, Registry}; pub use dubhe_registry::{Memory, MemoryDiscovery, MemoryDocuments, application}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use std::sync::Arc;
/// use dubhe::Status;
/// use dubhe::registry::application::{ApplicationOptions, ApplicationRegistry, MetadataStorage};
/// use dubhe::registry::{Memory, MemoryDiscovery, MemoryDocuments};
/// use dubhe::time::SharedClock;
///
/// /// Both levels in one process, with the metadata in a metadata centre. Must be called within a
/// /// tokio runtime.
/// fn in_memory(clock: SharedClock) -> ApplicationRegistry {
///     let center = Arc::new(MemoryDocuments::new());
///     let mut options = ApplicationOptions::default();
///     options.metadata_storage = MetadataStorage::Remote;
///     ApplicationRegistry::builder("shop", clock)
///         .services(Arc::new(Memory::new()))
///         .instances(Arc::new(MemoryDiscovery::new()))
///         .metadata_center(center.clone())
///         .config_center(center)
///         .options(options)
///         .build()
/// }
/// ```
#[derive(Clone)]
pub struct ApplicationRegistry(Arc<Inner>);

struct Inner {
    parts: Arc<Parts>,
    provider: Provider,
    consumer: Arc<Consumer>,
}

impl ApplicationRegistry {
    /// Begins the registry of an application.
    pub fn builder(
        application: impl Into<ByteString>,
        clock: SharedClock,
    ) -> ApplicationRegistryBuilder {
        ApplicationRegistryBuilder {
            application: application.into(),
            services: None,
            instances: None,
            metadata_center: None,
            config_center: None,
            config: None,
            metadata_client: None,
            options: ApplicationOptions::default(),
            clock,
            random: Arc::new(SplitMix::from_os()),
        }
    }

    /// The options.
    pub fn options(&self) -> &ApplicationOptions {
        &self.0.parts.options
    }
}

impl Registry for ApplicationRegistry {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        Box::pin(self.0.provider.register(registration))
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let registration = registration.clone();
        Box::pin(async move { self.0.provider.unregister(&registration).await })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        Box::pin(std::future::ready(self.0.consumer.subscribe(service)))
    }

    /// Lists those of the interface level, and the interfaces of the mapping that are not among them: a
    /// mapping has no groups and versions.
    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        Box::pin(async move {
            let Parts { services, metadata_center, .. } = &*self.0.parts;
            let mut all = match services {
                Some(services) => services.services().await?,
                None => Vec::new(),
            };
            let Some(center) = metadata_center else { return Ok(all) };
            let known: HashSet<_> = all.iter().map(|one| one.interface().clone()).collect();
            let mapped = center.list().await?.into_iter().filter_map(|key| match key {
                DocumentKey::Mapping { interface } if !known.contains(&interface) => {
                    Some(ServiceKey::interface_only(interface))
                }
                _ => None,
            });
            all.extend(mapped);
            all.sort_unstable();
            Ok(all)
        })
    }

    fn name(&self) -> &str {
        &self.0.parts.name
    }

    fn is_read_only(&self) -> bool {
        self.0.provider.is_read_only()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        self.0.consumer.failure(service)
    }

    fn backoff(&self) -> FullJitter {
        let Parts { services, instances, .. } = &*self.0.parts;
        let instances = || instances.as_deref().map(ServiceDiscovery::backoff);
        let services = services.as_deref().map(Registry::backoff);
        services.or_else(instances).unwrap_or_default()
    }

    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        self.0.provider.exported()
    }

    fn publish_definition(
        &self,
        service: &ServiceKey,
        application: &ByteString,
        definition: ByteString,
    ) -> Registering<'_, ()> {
        let (service, application) = (service.clone(), application.clone());
        Box::pin(async move {
            self.0.provider.publish_definition(&service, &application, definition).await
        })
    }
}

impl fmt::Debug for ApplicationRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { application, name, options, .. } = &*self.0.parts;
        f.debug_struct("ApplicationRegistry")
            .field("application", application)
            .field("name", name)
            .field("options", options)
            .finish_non_exhaustive()
    }
}

/// Makes an [`ApplicationRegistry`] of its parts, of which each may be missing.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::{MemoryDiscovery, application}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use std::sync::Arc;
/// use dubhe::registry::MemoryDiscovery;
/// use dubhe::registry::application::{ApplicationRegistry, ApplicationRegistryBuilder, MetadataClient};
/// use dubhe::time::SharedClock;
///
/// /// The application level alone, where providers answer for their metadata themselves.
/// fn instances(client: Arc<dyn MetadataClient>, clock: SharedClock) -> ApplicationRegistryBuilder {
///     ApplicationRegistry::builder("shop", clock)
///         .instances(Arc::new(MemoryDiscovery::new()))
///         .metadata_client(client)
/// }
/// ```
#[derive(Clone)]
pub struct ApplicationRegistryBuilder {
    application: ByteString,
    services: Option<Arc<dyn Registry>>,
    instances: Option<Arc<dyn ServiceDiscovery>>,
    metadata_center: Option<Arc<dyn DocumentStore>>,
    config_center: Option<Arc<dyn DocumentStore>>,
    config: Option<Arc<ConfigWatcher>>,
    metadata_client: Option<Arc<dyn MetadataClient>>,
    options: ApplicationOptions,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
}

impl ApplicationRegistryBuilder {
    /// Sets the registry of single services, which has the interface level.
    pub fn services(mut self, services: Arc<dyn Registry>) -> Self {
        self.services = Some(services);
        self
    }

    /// Sets the registry of instances, which has the application level.
    pub fn instances(mut self, instances: Arc<dyn ServiceDiscovery>) -> Self {
        self.instances = Some(instances);
        self
    }

    /// Sets the store of mappings, of metadata that are published, and of definitions.
    pub fn metadata_center(mut self, center: Arc<dyn DocumentStore>) -> Self {
        self.metadata_center = Some(center);
        self
    }

    /// Sets the store of the [rule of migration](dubhe_config::rule::migration::MigrationRule).
    pub fn config_center(mut self, center: Arc<dyn DocumentStore>) -> Self {
        self.config_center = Some(center);
        self
    }

    /// Reads the rule of migration in the config centres that the application follows, in place of that
    /// of [`config_center`](Self::config_center): it is of the same snapshot as all other rules.
    pub fn config(mut self, config: Arc<ConfigWatcher>) -> Self {
        self.config = Some(config);
        self
    }

    /// Sets the client by which providers are asked for their metadata.
    pub fn metadata_client(mut self, client: Arc<dyn MetadataClient>) -> Self {
        self.metadata_client = Some(client);
        self
    }

    /// Sets the options.
    pub fn options(mut self, options: ApplicationOptions) -> Self {
        self.options = options;
        self
    }

    /// Replaces the source of jitter.
    pub fn random(mut self, random: Arc<dyn RandomSource>) -> Self {
        self.random = random;
        self
    }

    /// Makes the registry. Must be called within a tokio runtime, in which it runs whoever uses it.
    pub fn build(self) -> ApplicationRegistry {
        let services = self.services.as_deref().map(Registry::name);
        let instances = self.instances.as_deref().map(ServiceDiscovery::name);
        let center = self.metadata_center.as_deref().map(DocumentStore::name);
        let name = services.or(instances).or(center).unwrap_or("application://").to_owned();
        let parts = Arc::new(Parts {
            application: self.application,
            services: self.services,
            instances: self.instances,
            metadata_center: self.metadata_center,
            config_center: self.config_center,
            config: self.config,
            metadata_client: self.metadata_client,
            options: self.options,
            pauses: Pauses { clock: self.clock, random: self.random },
            runtime: Handle::current(),
            name,
        });
        ApplicationRegistry(Arc::new(Inner {
            provider: Provider::new(parts.clone()),
            consumer: Arc::new(Consumer::new(parts.clone())),
            parts,
        }))
    }
}

impl fmt::Debug for ApplicationRegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationRegistryBuilder")
            .field("application", &self.application)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
