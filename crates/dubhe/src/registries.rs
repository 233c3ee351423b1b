//! Registries by URL.

use std::cell::RefCell;
use std::collections::HashMap;
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
use dubhe_core::url::{Url, redacted};
use dubhe_core::{Code, Status};
use dubhe_net::time::TokioClock;
#[cfg(feature = "tls")]
use dubhe_net::tls::ClientTls;
use dubhe_registry::application::{
    ApplicationOptions, ApplicationRegistry, MetadataClient, ServiceDiscovery, SpringCloud,
};
use dubhe_registry::known_params::warn_of_unknown;
use dubhe_registry::{File, FileDocuments, Memory, MemoryDiscovery, MemoryDocuments, Static};

use crate::metadata_report::WithMetadataReport;
use crate::protocols;
#[cfg(not(feature = "tls"))]
use crate::protocols::ClientTls;

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

/// Returns the config centre of `url`, of any registry that holds documents, or `apollo://HOST:PORT`, for
/// [`crate::AppBuilder::config_center_instance`], and for [`dubhe_server::ServerBuilder::config`] of a
/// process without an [`App`](crate::App). Must be called within a tokio runtime.
///
/// ```
/// use std::sync::Arc;
///
/// use dubhe::Server;
/// use dubhe::config::ConfigWatcher;
/// use dubhe::documents::DocumentKey;
/// use dubhe::time::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), dubhe::Status> {
/// let documents = dubhe::config_center_at("memory://", "shop")?;
/// assert_eq!(documents.get(&DocumentKey::config("shop.tag-router")).await?, None);
/// // A server of its own follows the rules of what it serves.
/// let config = Arc::new(ConfigWatcher::start(vec![documents], Arc::new(TokioClock))?);
/// let server = Server::builder().config(config);
/// # drop(server);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`registry_at`], and for a registry that holds no documents, such as `dns://`.
pub fn config_center_at(
    url: &str,
    application: impl Into<ByteString>,
) -> Result<Arc<dyn DocumentStore>, Status> {
    RegistryOpener::alone(application.into(), None).documents(url)
}

/// Returns the registry of `url` as one of applications that are called over HTTP, such as those of
/// Spring Cloud, for [`dubhe_server::ServerBuilder::registry`] and
/// [`crate::AppBuilder::applications`]. A server without a
/// [name](dubhe_server::ServerBuilder::application) registers itself as `application`.
///
/// # Errors
/// Those of [`registry_at`], and for a registry that holds no applications, such as `file://`.
pub fn spring_cloud_at(
    url: &str,
    application: impl Into<ByteString>,
) -> Result<SpringCloud, Status> {
    let application = application.into();
    let registry = RegistryParts::open(url, application.clone())?.spring_cloud()?;
    Ok(registry.application(application))
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
    /// The services of [`instances`](Self::instances) alone, found by mappings and metadata: the application
    /// level as consumers see it, whatever rule of migration there is.
    pub application_level: Option<Arc<dyn Registry>>,
    /// The documents: rules, metadata, mappings, definitions. The last three are in another system when
    /// the URL has `metadata-report`.
    pub documents: Option<Arc<dyn DocumentStore>>,
}

impl RegistryParts {
    /// Opens the registry of `url` for an application. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the scheme is unknown or the rest of the URL is wrong.
    pub fn open(url: &str, application: impl Into<ByteString>) -> Result<Self, Status> {
        Self::open_over(url, application.into(), None)
    }

    /// Opens the registry of `url` for an application, as [`RegistryParts::open`], whose instances are asked
    /// for their metadata over TLS: those with `metadata-type=local` answer on the port of their services, and
    /// one that takes nothing but TLS does not answer in plain. The connections to the registry itself are
    /// encrypted as the parameters of the URL say ([`TlsOptions`](dubhe_registry::TlsOptions)). An application
    /// with [`AppBuilder::tls`](crate::AppBuilder::tls) asks so without this.
    ///
    /// ```
    /// use dubhe::net::ClientTls;
    /// use dubhe::registry::{Registry, RegistryParts};
    /// use std::sync::Arc;
    ///
    /// /// The services of the application level in a registry whose providers are called over TLS. Must be
    /// /// called within a tokio runtime.
    /// fn secured(url: &str, tls: &ClientTls) -> Result<Option<Arc<dyn Registry>>, dubhe::Status> {
    ///     Ok(RegistryParts::open_secured(url, "shop", tls)?.application_level)
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`RegistryParts::open`].
    #[cfg(feature = "tls")]
    pub fn open_secured(
        url: &str,
        application: impl Into<ByteString>,
        tls: &ClientTls,
    ) -> Result<Self, Status> {
        Self::open_over(url, application.into(), Some(tls))
    }

    fn open_over(
        url: &str,
        application: ByteString,
        tls: Option<&ClientTls>,
    ) -> Result<Self, Status> {
        RegistryOpener::alone(application, tls).open(url)
    }

    /// Returns the registry as one of applications that are called over HTTP.
    pub(crate) fn spring_cloud(self) -> Result<SpringCloud, Status> {
        let Self { registry, instances, .. } = self;
        let lacks = || wrong(format!("the registry {} holds no applications", registry.name()));
        instances.map(SpringCloud::new).ok_or_else(lacks)
    }

    fn of_services(services: Arc<dyn Registry>) -> Self {
        let registry = services.clone();
        let services = Some(services);
        Self { registry, services, instances: None, application_level: None, documents: None }
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
    /// The systems with servers that are opened, by their URLs: a registry, a config centre and a metadata
    /// centre share their connections.
    opened: RefCell<HashMap<String, System>>,
}

/// The parts of a system of both models.
#[derive(Clone)]
struct System {
    services: Option<Arc<dyn Registry>>,
    instances: Arc<dyn ServiceDiscovery>,
    documents: Arc<dyn DocumentStore>,
}

impl RegistryOpener {
    /// Opens registries of `application`, whose instances are asked over `channels`.
    pub(crate) fn new(
        application: ByteString,
        clock: SharedClock,
        channels: Arc<Channels>,
    ) -> Self {
        let metadata_client = Arc::new(RemoteMetadataService::new(channels, clock.clone()));
        Self { application, clock, metadata_client, config: None, opened: RefCell::default() }
    }

    /// Has the registries read the rules of the application in these config centres, and not in their
    /// own documents.
    pub(crate) fn with_config(self, config: Arc<ConfigWatcher>) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Opens registries of `application` in a process without an [`App`](crate::App) of it, whose instances
    /// are asked over connections of their own, encrypted by `tls` if there is one.
    fn alone(application: ByteString, tls: Option<&ClientTls>) -> Self {
        let protocols = protocols::built_in(&application, tls);
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
        let options = || self.options(params);
        let (kind, rest) = url.split_once("://").unwrap_or((url, ""));
        match kind {
            "memory" => {
                warn_of_unknown("memory://", params, &[]);
                Ok(self.memory(options()?))
            }
            "static" => Ok(RegistryParts::of_services(Arc::new(Static::parse(url)?))),
            "file" if rest.starts_with('/') => self.file(rest, params),
            "file" => {
                let what = format!("registry {:?} has no folder", redacted(url));
                Err(wrong(format!("{what}; write file:///FOLDER")))
            }
            "zookeeper" => self.opened(url, options()?, Self::zookeeper),
            "nacos" => self.opened(url, options()?, Self::nacos),
            "etcd" | "etcd3" | "etcdv3" => self.opened(url, options()?, Self::etcd),
            "kubernetes" => self.opened(url, options()?, Self::kubernetes),
            "dns" => self.dns(url),
            "apollo" => Err(wrong(
                "apollo:// is a config centre and no registry: name it by config_center(..) of the \
                 application"
                    .into(),
            )),
            other => Err(wrong(format!(
                "unknown kind of registry {:?}; known kinds: memory, static, file, zookeeper, \
                 nacos, etcd, kubernetes and dns, each with ://",
                redacted(other)
            ))),
        }
    }

    /// Reads what the parameters say of the application level.
    fn options(&self, params: &Params) -> Result<Options, Status> {
        let application = ApplicationOptions::from_params(params)?;
        let metadata = match params.get("metadata-report").filter(|url| !url.is_empty()) {
            None => None,
            Some(url) => {
                Some(self.documents(url).map_err(|error| error.context("metadata-report"))?)
            }
        };
        Ok(Options { application, metadata })
    }

    /// The registry over a system with servers, which `open` opens unless it is open.
    fn opened(
        &self,
        url: &str,
        options: Options,
        open: impl FnOnce(&Self, &str) -> Result<System, Status>,
    ) -> Result<RegistryParts, Status> {
        let known = self.opened.borrow().get(url).cloned();
        let system = match known {
            Some(system) => system,
            None => {
                let system = open(self, url)?;
                self.opened.borrow_mut().insert(url.to_owned(), system.clone());
                system
            }
        };
        Ok(self.compose(system, options))
    }

    /// Both models in this process, and none at first.
    fn memory(&self, options: Options) -> RegistryParts {
        let services = Arc::new(Memory::new());
        let system = System {
            services: Some(services.clone()),
            instances: Arc::new(MemoryDiscovery::new()),
            documents: Arc::new(MemoryDocuments::new()),
        };
        // Nobody else is there whom application-level discovery would concern.
        RegistryParts { registry: services, ..self.compose(system, options) }
    }

    /// The providers in `FOLDER?max.file=BYTES`, and the documents beside them.
    fn file(&self, rest: &str, params: &Params) -> Result<RegistryParts, Status> {
        let folder = rest.split('?').next().unwrap_or_default();
        warn_of_unknown(format_args!("file://{folder}"), params, &["max.file"]);
        let mut registry = File::new(folder, self.clock.clone());
        if let Some(text) = params.get("max.file") {
            registry = match text.parse() {
                Ok(bytes) if bytes > 0 => registry.max_file(bytes),
                _ => {
                    let what = format!("max.file={text:?} is not a number of bytes above 0");
                    return Err(wrong(what));
                }
            };
        }
        let documents = FileDocuments::new(format!("{folder}/config"), self.clock.clone());
        let services = RegistryParts::of_services(Arc::new(registry));
        Ok(RegistryParts { documents: Some(Arc::new(documents)), ..services })
    }

    #[cfg(feature = "zookeeper")]
    fn zookeeper(&self, url: &str) -> Result<System, Status> {
        let builder = dubhe_zookeeper::ZooKeeper::builder(url, self.clock.clone())?;
        let zookeeper = builder.application(self.application.clone()).build();
        let (instances, documents) = (zookeeper.discovery(), zookeeper.documents());
        let (instances, documents) = (Arc::new(instances), Arc::new(documents));
        Ok(System { services: Some(Arc::new(zookeeper)), instances, documents })
    }

    #[cfg(feature = "nacos")]
    fn nacos(&self, url: &str) -> Result<System, Status> {
        let builder = dubhe_nacos::Nacos::builder(url, self.clock.clone())?;
        let nacos = builder.application(self.application.clone()).build();
        Ok(System {
            services: Some(Arc::new(nacos.registry())),
            instances: Arc::new(nacos.discovery()),
            documents: Arc::new(nacos.documents()),
        })
    }

    #[cfg(feature = "etcd")]
    fn etcd(&self, url: &str) -> Result<System, Status> {
        let builder = dubhe_etcd::Etcd::builder(url, self.clock.clone())?;
        let etcd = Arc::new(builder.application(self.application.clone()).build());
        Ok(System { services: Some(etcd.clone()), instances: etcd.clone(), documents: etcd })
    }

    /// Kubernetes, which has instances of applications and no services of their own.
    #[cfg(feature = "kubernetes")]
    fn kubernetes(&self, url: &str) -> Result<System, Status> {
        let builder = dubhe_kubernetes::Kubernetes::builder(url, self.clock.clone())?;
        let kubernetes = Arc::new(builder.build()?);
        Ok(System { services: None, instances: kubernetes.clone(), documents: kubernetes })
    }

    #[cfg(feature = "dns")]
    fn dns(&self, url: &str) -> Result<RegistryParts, Status> {
        let dns = dubhe_dns::Dns::new(url, self.clock.clone())?;
        Ok(RegistryParts::of_services(Arc::new(dns)))
    }

    /// The registry over the parts of a system.
    fn compose(&self, system: System, options: Options) -> RegistryParts {
        let System { services, instances, documents } = system;
        let documents = match options.metadata {
            Some(metadata) => Arc::new(WithMetadataReport::new(documents, metadata)),
            None => documents,
        };
        let application_level =
            ApplicationRegistry::builder(self.application.clone(), self.clock.clone())
                .instances(instances.clone())
                .metadata_center(documents.clone())
                .metadata_client(self.metadata_client.clone())
                .options(options.application);
        let mut registry = match &self.config {
            Some(config) => application_level.clone().config(config.clone()),
            None => application_level.clone().config_center(documents.clone()),
        };
        if let Some(services) = &services {
            registry = registry.services(services.clone());
        }
        RegistryParts {
            registry: Arc::new(registry.build()),
            services,
            instances: Some(instances),
            application_level: Some(Arc::new(application_level.build())),
            documents: Some(documents),
        }
    }
}

/// The parameters of a URL on the application level.
struct Options {
    application: ApplicationOptions,
    /// The metadata centre, when it is another system.
    metadata: Option<Arc<dyn DocumentStore>>,
}

/// The systems that this program was built without.
macro_rules! without {
    ($($feature:literal $method:ident $name:literal $parts:ty),*) => {
        $(
            #[cfg(not(feature = $feature))]
            impl RegistryOpener {
                fn $method(&self, url: &str) -> Result<$parts, Status> {
                    Err(wrong(format!(
                        "{}://: this program was built without {}; enable the feature {:?} of the crate \
                         `dubhe`",
                        url.split("://").next().unwrap_or_default(), $name, $feature
                    )))
                }
            }
        )*
    };
}

without! {
    "zookeeper" zookeeper "ZooKeeper" System,
    "nacos" nacos "Nacos" System,
    "etcd" etcd "etcd" System,
    "kubernetes" kubernetes "Kubernetes" System,
    "dns" dns "DNS" RegistryParts,
    "apollo" apollo "Apollo" Arc<dyn DocumentStore>
}

/// The parameters of a registry URL. The rest may be no URL, such as several servers.
fn params_of(url: &str) -> Result<Params, Status> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let url = Url::parse(&format!("registry://any?{query}"), "registry");
    Ok(url.map_err(|error| wrong(error.to_string()))?.params)
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
    async fn the_metadata_centre_may_be_another_system() {
        let parts =
            RegistryParts::open("memory://?metadata-report=file%3A%2F%2F%2Ftmp%2Fx", "shop");
        let name = parts.unwrap().documents.unwrap().name().to_owned();
        assert_eq!(name, "memory:// with the metadata of file:///tmp/x/config");
        for url in ["static%3A%2F%2Fh:1", "consul%3A%2F%2Fh"] {
            let error = RegistryParts::open(&format!("memory://?metadata-report={url}"), "shop");
            let error = error.err().unwrap();
            assert!(error.message().starts_with("metadata-report: "), "{error}");
        }
    }

    #[cfg(feature = "etcd")]
    #[tokio::test]
    async fn what_has_one_url_has_one_connection() {
        let opener = RegistryOpener::alone("shop".into(), None);
        let center = |url| opener.documents(url).unwrap();
        let registry = |url: &str| opener.open(url).unwrap().documents.unwrap();
        let etcd = center("etcd://127.0.0.1:1");
        assert!(Arc::ptr_eq(&etcd, &registry("etcd://127.0.0.1:1")));
        for other in ["etcd://127.0.0.1:2", "etcd://127.0.0.1:1?group=g"] {
            assert!(!Arc::ptr_eq(&etcd, &registry(other)), "{other}");
        }
        assert!(!Arc::ptr_eq(&center("memory://"), &registry("memory://")));
        let another = RegistryOpener::alone("shop".into(), None);
        assert!(!Arc::ptr_eq(&etcd, &another.documents("etcd://127.0.0.1:1").unwrap()));
    }

    #[tokio::test]
    async fn the_migration_rule_is_that_of_the_config_center_and_not_of_the_registry() {
        let center = MemoryDocuments::new();
        let config = ConfigWatcher::start(vec![Arc::new(center.clone())], Arc::new(TokioClock));
        let opener =
            RegistryOpener::alone("shop".into(), None).with_config(Arc::new(config.unwrap()));
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
        let options = Options { application: ApplicationOptions::default(), metadata: None };
        let instances = Arc::new(MemoryDiscovery::new());
        let parts =
            opener.compose(System { services: Some(services), instances, documents: own }, options);
        // There are no instances: by the rule of the registry there would be no provider.
        let mut snapshots = parts.registry.subscribe(&service).await.unwrap();
        assert_eq!(snapshots.next().await.unwrap().providers, [provider]);
    }

    #[tokio::test]
    async fn knows_its_kinds_and_says_which() {
        let registry = |url| RegistryParts::open(url, "shop");
        // Each with the parts that it has: services, instances, documents.
        for (url, has) in [
            ("memory://", [true; 3]),
            ("file:///tmp/x", [true, false, true]),
            ("file:///tmp/x?max.file=100", [true, false, true]),
            ("static://127.0.0.1:1,127.0.0.1:2?protocol=dubbo", [true, false, false]),
            #[cfg(feature = "zookeeper")]
            ("zookeeper://127.0.0.1:1?backup=127.0.0.1:2", [true; 3]),
            #[cfg(feature = "nacos")]
            ("nacos://127.0.0.1:1?namespace=n", [true; 3]),
            #[cfg(feature = "etcd")]
            ("etcd://127.0.0.1:1", [true; 3]),
            #[cfg(feature = "etcd")]
            ("etcdv3://127.0.0.1:1", [true; 3]),
            #[cfg(feature = "kubernetes")]
            ("kubernetes://127.0.0.1:1/?namespace=n&useHttps=false", [false, true, true]),
            #[cfg(feature = "dns")]
            ("dns://127.0.0.1:1/shop.example.org:50051?protocol=tri", [true, false, false]),
        ] {
            let parts = registry(url).unwrap();
            let services = parts.services.is_some();
            let found = [services, parts.instances.is_some(), parts.documents.is_some()];
            assert_eq!(found, has, "{url}");
            let scheme = url.split_once("://").unwrap().0.trim_end_matches("v3");
            assert!(parts.registry.name().starts_with(scheme), "{}", parts.registry.name());
        }
        for (url, hint) in [
            ("file://x", "file:///FOLDER"),
            ("file:///tmp/x?max.file=1k", "max.file"),
            ("static://127.0.0.1", "static://HOST:PORT"),
            #[cfg(feature = "zookeeper")]
            ("zookeeper://h?session=x", "session"),
            #[cfg(not(feature = "zookeeper"))]
            ("zookeeper://h", "feature \"zookeeper\""),
            #[cfg(feature = "nacos")]
            ("nacos://h?timeout=x", "timeout"),
            #[cfg(not(feature = "nacos"))]
            ("nacos://h", "feature \"nacos\""),
            #[cfg(feature = "etcd")]
            ("etcd://h?session=x", "session"),
            #[cfg(not(feature = "etcd"))]
            ("etcd://h", "feature \"etcd\""),
            #[cfg(feature = "kubernetes")]
            ("kubernetes://h?requestTimeout=x", "requestTimeout"),
            #[cfg(not(feature = "kubernetes"))]
            ("kubernetes://", "feature \"kubernetes\""),
            #[cfg(feature = "dns")]
            ("dns:///", "dns://"),
            #[cfg(not(feature = "dns"))]
            ("dns:///h:1", "feature \"dns\""),
            ("apollo://h?app.id=shop", "config_center"),
            ("consul://x", "zookeeper, nacos, etcd"),
        ] {
            let error = registry(url).err().unwrap();
            assert!(error.message().contains(hint), "{url}: {error}");
        }
    }
}
