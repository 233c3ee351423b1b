//! Registries by URL.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_client::RemoteMetadataService;
use dubhe_cluster::Channels;
use dubhe_config::ConfigWatcher;
use dubhe_core::documents::DocumentStore;
use dubhe_core::endpoint::Params;
use dubhe_core::registry::{ConfiguredRegistry, Registry};
use dubhe_core::time::SharedClock;
use dubhe_core::url::Url;
use dubhe_core::{Code, Status};
use dubhe_net::time::TokioClock;
use dubhe_registry::application::{
    ApplicationOptions, ApplicationRegistry, ApplicationRegistryBuilder, MetadataClient,
    ServiceDiscovery, SpringCloud,
};
use dubhe_registry::{File, FileDocuments, Memory, MemoryDiscovery, MemoryDocuments, Static};

use crate::protocols;

/// Returns the registry of `url`, for [`dubhe_server::ServerBuilder::registry`] and
/// [`crate::AppBuilder::registry_instance`]. Each call with `memory://` returns a new registry.
///
/// # Errors
/// When the scheme is unknown or the rest of the URL is wrong; the message lists the known schemes.
pub fn registry_at(
    url: &str,
    application: impl Into<ByteString>,
) -> Result<Arc<dyn Registry>, Status> {
    Ok(RegistryParts::open(url, application)?.registry)
}

/// Returns the registry of `url` as one of applications that are called over HTTP, such as those of
/// Spring Cloud, for [`dubhe_server::ServerBuilder::registry`] and
/// [`crate::AppBuilder::applications`].
///
/// # Errors
/// Those of [`registry_at`], and for a registry that holds no applications, such as `file://`.
pub fn spring_cloud_at(
    url: &str,
    application: impl Into<ByteString>,
) -> Result<SpringCloud, Status> {
    RegistryParts::open(url, application)?.spring_cloud()
}

/// Returns what is followed in the config centre of `url`, for [`dubhe_server::ServerBuilder::config`]
/// of a process without an [`App`](crate::App): the kinds are those of
/// [`crate::AppBuilder::config_center`]. Must be called within a tokio runtime.
///
/// # Errors
/// When the scheme is unknown, or that of a registry without documents, or the rest of the URL is wrong.
pub fn config_at(
    url: &str,
    application: impl Into<ByteString>,
) -> Result<Arc<ConfigWatcher>, Status> {
    let opener = RegistryOpener::alone(application.into());
    let watcher = ConfigWatcher::start(vec![opener.documents(url)?], opener.clock.clone())?;
    Ok(Arc::new(watcher))
}

/// The parts of a registry: what is found and written in each of Dubbo's two models, and its
/// documents. They share connections.
///
/// ```
/// use dubhe::registry::RegistryParts;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), dubhe::Status> {
/// let parts = RegistryParts::open("memory://", "shop")?;
/// assert_eq!(parts.registry.name(), "memory://");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct RegistryParts {
    /// The registry as servers and clients use it, in the model that the parameters of the URL say.
    pub registry: Arc<dyn Registry>,
    /// The registry of services alone: Dubbo's interface level.
    pub services: Option<Arc<dyn Registry>>,
    /// The registry of instances of applications: Dubbo's application level, and that of Spring
    /// Cloud.
    pub instances: Option<Arc<dyn ServiceDiscovery>>,
    /// The documents: rules, metadata, mappings, definitions.
    pub documents: Option<Arc<dyn DocumentStore>>,
}

impl RegistryParts {
    /// Opens the registry of `url` for an application. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the scheme is unknown or the rest of the URL is wrong.
    pub fn open(url: &str, application: impl Into<ByteString>) -> Result<Self, Status> {
        RegistryOpener::alone(application.into()).open(url)
    }

    /// Returns the registry as one of applications that are called over HTTP.
    pub(crate) fn spring_cloud(self) -> Result<SpringCloud, Status> {
        let Self { registry, instances, .. } = self;
        let lacks = || wrong(format!("the registry {} holds no applications", registry.name()));
        instances.map(SpringCloud::new).ok_or_else(lacks)
    }

    fn of_services(services: Arc<dyn Registry>) -> Self {
        let registry = services.clone();
        Self { registry, services: Some(services), instances: None, documents: None }
    }
}

impl fmt::Debug for RegistryParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryParts({})", self.registry.name())
    }
}

/// Opens the registries of an application.
pub(crate) struct RegistryOpener {
    application: ByteString,
    clock: SharedClock,
    /// Asks the instances of applications for their metadata.
    metadata_client: Arc<dyn MetadataClient>,
    /// The config centres of the application; without them, each registry is its own.
    config: Option<Arc<ConfigWatcher>>,
}

impl RegistryOpener {
    /// Opens registries of `application`, whose instances are asked over `channels`.
    pub(crate) fn new(
        application: ByteString,
        clock: SharedClock,
        channels: Arc<Channels>,
    ) -> Self {
        let metadata_client = Arc::new(RemoteMetadataService::new(channels, clock.clone()));
        Self { application, clock, metadata_client, config: None }
    }

    /// Has the registries read the rules of the application in these config centres, and not in their
    /// own documents.
    pub(crate) fn with_config(self, config: Arc<ConfigWatcher>) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Opens registries of `application` in a process without an [`App`](crate::App) of it.
    fn alone(application: ByteString) -> Self {
        let protocols = protocols::built_in(&application, None);
        Self::new(application, Arc::new(TokioClock), Arc::new(Channels::new(protocols)))
    }

    /// Returns the parts of the registry of `url`, which has the parameters that all kinds have beside
    /// its own.
    pub(crate) fn open(&self, url: &str) -> Result<RegistryParts, Status> {
        let params = params_of(url)?;
        let mut parts = self.open_kind(url, &params)?;
        let configured = ConfiguredRegistry::new(parts.registry.clone());
        let configured = configured.with_params(params.iter().map(|(k, v)| (&**k, &**v)))?;
        if !configured.is_plain() {
            parts.registry = Arc::new(configured);
        }
        Ok(parts)
    }

    /// Returns the config centre of `url`.
    pub(crate) fn documents(&self, url: &str) -> Result<Arc<dyn DocumentStore>, Status> {
        if url.starts_with("apollo://") {
            return self.apollo(url);
        }
        let RegistryParts { registry, documents, .. } = self.open_kind(url, &params_of(url)?)?;
        documents.ok_or_else(|| wrong(format!("{} is no config centre", registry.name())))
    }

    #[cfg(feature = "apollo")]
    fn apollo(&self, url: &str) -> Result<Arc<dyn DocumentStore>, Status> {
        let builder = dubhe_apollo::Apollo::builder(url, self.clock.clone())?;
        Ok(Arc::new(builder.application(&*self.application).start()?))
    }

    fn open_kind(&self, url: &str, params: &Params) -> Result<RegistryParts, Status> {
        let options = || ApplicationOptions::from_params(params);
        let (kind, rest) = url.split_once("://").unwrap_or((url, ""));
        match kind {
            "memory" => Ok(self.memory(options()?)),
            "static" => Ok(RegistryParts::of_services(Arc::new(Static::parse(url)?))),
            "file" if rest.starts_with('/') => Ok(RegistryParts {
                documents: Some(Arc::new(self.file_documents(rest))),
                ..RegistryParts::of_services(Arc::new(file(rest, self.clock.clone())?))
            }),
            "file" => Err(wrong(format!("registry {url:?} has no folder; write file:///FOLDER"))),
            "zookeeper" => self.zookeeper(url, options()?),
            "nacos" => self.nacos(url, options()?),
            "etcd" | "etcd3" | "etcdv3" => self.etcd(url, options()?),
            "kubernetes" => self.kubernetes(url, options()?),
            "dns" => self.dns(url),
            other => Err(wrong(format!(
                "unknown kind of registry {other:?}; known kinds: memory, static, file, zookeeper, \
                 nacos, etcd, kubernetes and dns, each with ://"
            ))),
        }
    }

    /// Both models in this process, and none at first.
    fn memory(&self, options: ApplicationOptions) -> RegistryParts {
        let services = Arc::new(Memory::new());
        let instances = Arc::new(MemoryDiscovery::new());
        let documents = Arc::new(MemoryDocuments::new());
        RegistryParts {
            // Nobody else is there whom application-level discovery would concern.
            registry: services.clone(),
            ..self.compose(services, instances, documents, options)
        }
    }

    /// The documents beside the providers in `FOLDER?…`.
    fn file_documents(&self, rest: &str) -> FileDocuments {
        let folder = rest.split('?').next().unwrap_or_default();
        FileDocuments::new(format!("{folder}/config"), self.clock.clone())
    }

    #[cfg(feature = "zookeeper")]
    fn zookeeper(&self, url: &str, options: ApplicationOptions) -> Result<RegistryParts, Status> {
        let builder = dubhe_zookeeper::ZooKeeper::builder(url, self.clock.clone())?;
        let zookeeper = builder.application(self.application.clone()).build();
        let (instances, documents) = (zookeeper.discovery(), zookeeper.documents());
        Ok(self.compose(Arc::new(zookeeper), Arc::new(instances), Arc::new(documents), options))
    }

    #[cfg(feature = "nacos")]
    fn nacos(&self, url: &str, options: ApplicationOptions) -> Result<RegistryParts, Status> {
        let builder = dubhe_nacos::Nacos::builder(url, self.clock.clone())?;
        let nacos = builder.application(self.application.clone()).build();
        let (services, instances) = (nacos.registry(), nacos.discovery());
        let documents = Arc::new(nacos.documents());
        Ok(self.compose(Arc::new(services), Arc::new(instances), documents, options))
    }

    #[cfg(feature = "etcd")]
    fn etcd(&self, url: &str, options: ApplicationOptions) -> Result<RegistryParts, Status> {
        let builder = dubhe_etcd::Etcd::builder(url, self.clock.clone())?;
        let etcd = Arc::new(builder.application(self.application.clone()).build());
        Ok(self.compose(etcd.clone(), etcd.clone(), etcd, options))
    }

    /// Kubernetes, which has instances of applications and no services of their own.
    #[cfg(feature = "kubernetes")]
    fn kubernetes(&self, url: &str, options: ApplicationOptions) -> Result<RegistryParts, Status> {
        let builder = dubhe_kubernetes::Kubernetes::builder(url, self.clock.clone())?;
        let kubernetes = Arc::new(builder.build()?);
        let (instances, documents) = (kubernetes.clone(), kubernetes);
        let registry = self
            .application_level(&(instances.clone() as _), &(documents.clone() as _), options)
            .build();
        Ok(RegistryParts {
            registry: Arc::new(registry),
            services: None,
            instances: Some(instances),
            documents: Some(documents),
        })
    }

    #[cfg(feature = "dns")]
    fn dns(&self, url: &str) -> Result<RegistryParts, Status> {
        let dns = dubhe_dns::Dns::new(url, self.clock.clone())?;
        Ok(RegistryParts::of_services(Arc::new(dns)))
    }

    /// The registry of both models over the parts of a system that has them all.
    fn compose(
        &self,
        services: Arc<dyn Registry>,
        instances: Arc<dyn ServiceDiscovery>,
        documents: Arc<dyn DocumentStore>,
        options: ApplicationOptions,
    ) -> RegistryParts {
        let registry = self.application_level(&instances, &documents, options);
        RegistryParts {
            registry: Arc::new(registry.services(services.clone()).build()),
            services: Some(services),
            instances: Some(instances),
            documents: Some(documents),
        }
    }

    fn application_level(
        &self,
        instances: &Arc<dyn ServiceDiscovery>,
        documents: &Arc<dyn DocumentStore>,
        options: ApplicationOptions,
    ) -> ApplicationRegistryBuilder {
        let registry = ApplicationRegistry::builder(self.application.clone(), self.clock.clone())
            .instances(instances.clone())
            .metadata_center(documents.clone())
            .metadata_client(self.metadata_client.clone())
            .options(options);
        match &self.config {
            Some(config) => registry.config(config.clone()),
            None => registry.config_center(documents.clone()),
        }
    }
}

/// The systems that this program was built without.
macro_rules! without {
    ($($feature:literal $method:ident($($more:ty)?) $name:literal $parts:ty),*) => {
        $(
            #[cfg(not(feature = $feature))]
            impl RegistryOpener {
                fn $method(&self, url: &str $(, _: $more)?) -> Result<$parts, Status> {
                    Err(wrong(format!(
                        "registry {url:?}: this program was built without {}; enable the feature \
                         {:?} of the crate `dubhe`",
                        $name, $feature
                    )))
                }
            }
        )*
    };
}

without! {
    "zookeeper" zookeeper(ApplicationOptions) "ZooKeeper" RegistryParts,
    "nacos" nacos(ApplicationOptions) "Nacos" RegistryParts,
    "etcd" etcd(ApplicationOptions) "etcd" RegistryParts,
    "kubernetes" kubernetes(ApplicationOptions) "Kubernetes" RegistryParts,
    "dns" dns() "DNS" RegistryParts,
    "apollo" apollo() "Apollo" Arc<dyn DocumentStore>
}

/// The parameters of a registry URL. The rest may be no URL, such as several servers.
fn params_of(url: &str) -> Result<Params, Status> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let url = Url::parse(&format!("registry://any?{query}"), "registry");
    Ok(url.map_err(|error| wrong(error.to_string()))?.params)
}

/// The registry of `FOLDER?max.file=BYTES`.
fn file(rest: &str, clock: SharedClock) -> Result<File, Status> {
    let (folder, query) = rest.split_once('?').unwrap_or((rest, ""));
    let registry = File::new(folder, clock);
    let mut parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    match parameters.find(|(name, _)| *name == "max.file") {
        None => Ok(registry),
        Some((_, text)) => match text.parse() {
            Ok(bytes) if bytes > 0 => Ok(registry.max_file(bytes)),
            _ => Err(wrong(format!("max.file={text:?} is not a number of bytes above 0"))),
        },
    }
}

fn wrong(message: String) -> Status {
    Status::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use dubhe_config::Keys;
    use dubhe_core::ServiceKey;
    use dubhe_core::endpoint::{Instance, Offer};
    use dubhe_core::registry::Registration;
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn parameters_of_all_kinds_are_read_whatever_the_kind() {
        for kind in [
            "memory://",
            "file:///tmp/x",
            #[cfg(feature = "zookeeper")]
            "zookeeper://127.0.0.1:1,127.0.0.1:2",
        ] {
            let registry = |query| registry_at(&format!("{kind}?{query}"), "shop");
            let read = registry("subscribe=false&preferred=true&zone=h%20z&weight=7").unwrap();
            let traits = read.traits();
            assert!(traits.preferred && !traits.subscribe && !read.is_read_only());
            assert_eq!((traits.zone.as_deref(), traits.weight), (Some("h z"), 7));
            assert!(registry("register=false").unwrap().is_read_only());
            let error = registry("weight=heavy").err().unwrap();
            assert!(error.message().contains("weight=\"heavy\""), "{error}");
        }
    }

    #[tokio::test]
    async fn the_migration_rule_is_that_of_the_config_center_and_not_of_the_registry() {
        let center = MemoryDocuments::new();
        let config = ConfigWatcher::start(vec![Arc::new(center.clone())], Arc::new(TokioClock));
        let opener = RegistryOpener::alone("shop".into()).with_config(Arc::new(config.unwrap()));
        let (services, own) = (Arc::new(Memory::new()), Arc::new(MemoryDocuments::new()));
        for (store, step) in [(&*own, "FORCE_APPLICATION"), (&center, "FORCE_INTERFACE")] {
            let text = format!("key: shop\nstep: {step}\n");
            store.put(&Keys::migration("shop"), text.into()).await.unwrap();
        }
        let service = ServiceKey::interface_only("org.example.Users");
        let provider = Registration {
            service: service.clone(),
            instance: Arc::new(Instance { host: "10.0.0.1".into(), ..Instance::default() }),
            offer: Offer { protocol: "dubbo".into(), port: 20880 },
            params: Arc::default(),
        };
        services.register(provider.clone()).await.unwrap();
        let (instances, options) =
            (Arc::new(MemoryDiscovery::new()), ApplicationOptions::default());
        let parts = opener.compose(services, instances, own, options);
        // There are no instances: by the rule of the registry there would be no provider.
        let mut snapshots = parts.registry.subscribe(&service).await.unwrap();
        assert_eq!(snapshots.next().await.unwrap().providers, [provider]);
    }

    #[tokio::test]
    async fn knows_its_kinds_and_says_which() {
        let registry = |url| RegistryParts::open(url, "shop");
        for url in [
            "memory://",
            "file:///tmp/x",
            "file:///tmp/x?max.file=100",
            #[cfg(feature = "zookeeper")]
            "zookeeper://127.0.0.1:1?backup=127.0.0.1:2",
        ] {
            assert!(registry(url).is_ok(), "{url}");
        }
        for (url, hint) in [
            ("file://x", "file:///FOLDER"),
            ("file:///tmp/x?max.file=1k", "max.file"),
            #[cfg(feature = "zookeeper")]
            ("zookeeper://h?session=x", "session"),
            #[cfg(not(feature = "zookeeper"))]
            ("zookeeper://h", "feature \"zookeeper\""),
            ("consul://x", "zookeeper, nacos, etcd"),
        ] {
            let error = registry(url).err().unwrap();
            assert!(error.message().contains(hint), "{url}: {error}");
        }
    }
}
