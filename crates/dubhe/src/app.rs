//! The application that calls services.

use std::path::PathBuf;
use std::sync::Arc;

use bytestring::ByteString;
#[cfg(feature = "http")]
use dubhe_client::http::HttpClient;
use dubhe_client::{ClientBuilder, Environment, Generic, Stub};
use dubhe_cluster::Channels;
use dubhe_config::{ConfigSnapshot, ConfigWatcher, Following, Keys};
use dubhe_core::connect::Connect;
use dubhe_core::documents::DocumentStore;
use dubhe_core::registry::Registry;
use dubhe_core::time::{Duration, SharedClock};
use dubhe_core::{ServiceKey, Status};
use dubhe_net::time::TokioClock;
#[cfg(feature = "tls")]
use dubhe_net::tls::ClientTls;

use crate::protocols;
#[cfg(not(feature = "tls"))]
use crate::protocols::ClientTls;
use crate::registries::RegistryOpener;
use crate::start_up;
use tokio::runtime::Handle;

/// An application that calls services: its protocols, connections and registries. It owns all state,
/// so several applications can share a process. Cheap to clone.
///
/// ```no_run
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Users")]
/// # trait Users { async fn get_user(&self, id: i64) -> Result<Option<String>, Status>; }
///
/// # async fn run() -> Result<(), Status> {
/// let app = App::builder("shop").registry("zookeeper://127.0.0.1:2181").build()?;
/// let users = app.client::<UsersClient>().build()?;
/// println!("{:?}", users.get_user(1).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct App {
    env: Environment,
    /// The rules of the application, which are followed while there is the application.
    _own_rules: Option<Arc<Following>>,
}

/// A builder of [`App`].
///
/// ```no_run
/// use dubhe::prelude::*;
/// use dubhe::net::ClientTls;
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::builder("shop")
///     .registry("file:///etc/shop/providers")
///     .tls(ClientTls::from_file("ca.pem")?.build()?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct AppBuilder {
    name: ByteString,
    clock: SharedClock,
    connectors: Vec<Arc<dyn Connect>>,
    registries: Vec<Source>,
    #[cfg(feature = "http")]
    applications: Vec<Source>,
    config_centers: Vec<ConfigCenter>,
    params: Vec<(ByteString, ByteString)>,
    #[cfg(feature = "script")]
    scripts: dubhe_script::JavaScript,
    zone: Option<ByteString>,
    cache: Option<PathBuf>,
    tls: Option<ClientTls>,
}

/// A config centre of an application.
enum ConfigCenter {
    Url(String),
    Store(Arc<dyn DocumentStore>),
}

/// A registry of an application.
enum Source {
    Url(String),
    Instance(Arc<dyn Registry>),
}

impl App {
    /// Returns a builder of the application of this name, which providers see as
    /// `remote.application`.
    pub fn builder(name: impl Into<ByteString>) -> AppBuilder {
        AppBuilder {
            name: name.into(),
            clock: Arc::new(TokioClock),
            connectors: Vec::new(),
            registries: Vec::new(),
            #[cfg(feature = "http")]
            applications: Vec::new(),
            config_centers: Vec::new(),
            params: Vec::new(),
            #[cfg(feature = "script")]
            scripts: dubhe_script::JavaScript::default(),
            zone: None,
            cache: None,
            tls: None,
        }
    }

    /// Returns a builder of a client, of a type that `#[dubhe::interface]` or `dubhe-build` generated.
    pub fn client<T: Stub>(&self) -> ClientBuilder<T> {
        ClientBuilder::new(&self.env)
    }

    /// Returns a builder of a generic client, which calls any service by names and values.
    pub fn generic(&self, interface: impl Into<ByteString>) -> ClientBuilder<Generic> {
        ClientBuilder::new(&self.env).service(ServiceKey::interface_only(interface))
    }

    /// Returns a builder of a client of an application that is called over HTTP, such as a Spring Cloud
    /// application, by its name in the [registries of applications](AppBuilder::applications); or, with a
    /// [`url`](ClientBuilder::url) such as `http://127.0.0.1:8080`, of the server there.
    #[cfg(feature = "http")]
    pub fn http(&self, application: impl Into<ByteString>) -> ClientBuilder<HttpClient> {
        ClientBuilder::new(&self.env).application(application)
    }

    /// Returns what the application follows in its [config centres](AppBuilder::config_center): one snapshot
    /// of all rules and settings, with the document, the version and the last error of each. `None` without
    /// a config centre. A server of this process reads the same snapshot with
    /// [`ServerBuilder::config`](crate::ServerBuilder::config).
    pub fn config(&self) -> Option<&Arc<ConfigWatcher>> {
        self.env.config()
    }

    /// Returns the environment that the clients share.
    pub fn environment(&self) -> &Environment {
        &self.env
    }

    /// Closes each connection once its calls in flight have ended, and ends what goes on in the
    /// background, such as attempts of a fault strategy. All other calls fail with
    /// [`Code::Unavailable`](dubhe_core::Code::Unavailable) from now on, those of new clients too.
    pub fn close(&self) {
        self.env.close();
    }
}

impl AppBuilder {
    /// Adds a registry by URL: `zookeeper://HOST:PORT`, `nacos://HOST:PORT`, `etcd://HOST:PORT`,
    /// `kubernetes://`, `dns:///NAME:PORT`, each with the feature of its name, `static://HOST:PORT`,
    /// `file:///FOLDER` or `memory://`. The parameters of those with instances of applications are also
    /// those of [`ApplicationOptions`](crate::registry::application::ApplicationOptions); each takes
    /// `subscribe=false`, and `preferred`, `zone` and `weight` as in
    /// [`RegistryTraits`](crate::registry::RegistryTraits). A wrong URL is reported by
    /// [`AppBuilder::build`], which opens the registry.
    pub fn registry(mut self, url: &str) -> Self {
        self.registries.push(Source::Url(url.to_owned()));
        self
    }

    /// Adds a registry instance, such as one that is shared with a server of this process.
    pub fn registry_instance(mut self, registry: impl Registry) -> Self {
        self.registries.push(Source::Instance(Arc::new(registry)));
        self
    }

    /// Adds a registry of applications that are called over HTTP, such as those of Spring Cloud, for
    /// [`App::http`], by URL: `nacos://HOST:PORT`. A wrong URL is reported by [`AppBuilder::build`].
    #[cfg(feature = "http")]
    pub fn spring_cloud(mut self, url: &str) -> Self {
        self.applications.push(Source::Url(url.to_owned()));
        self
    }

    /// Adds a registry of applications that are called over HTTP, such as one that is shared with a
    /// server of this process.
    #[cfg(feature = "http")]
    pub fn applications(mut self, registry: impl Registry) -> Self {
        self.applications.push(Source::Instance(Arc::new(registry)));
        self
    }

    /// Adds a config centre by URL, of any registry that holds documents, or `apollo://HOST:PORT`. The
    /// application follows its rules and its start-up configuration there, and the rules of the services
    /// that it has clients of and of the applications that provide them, live and parsed: see
    /// [`App::config`]. The start-up configuration has an effect with
    /// [`build_configured`](Self::build_configured). Of several, the first that has a document counts. A
    /// wrong URL is reported by [`AppBuilder::build`].
    pub fn config_center(mut self, url: &str) -> Self {
        self.config_centers.push(ConfigCenter::Url(url.to_owned()));
        self
    }

    /// Adds a config centre of one's own, or one that is shared.
    pub fn config_center_instance(mut self, store: impl DocumentStore) -> Self {
        self.config_centers.push(ConfigCenter::Store(Arc::new(store)));
        self
    }

    /// Adds a parameter of the application, which rules see of each of its clients: the left side of conditions,
    /// `$name` on the right, and `sourceLabels` of mesh rules; `dubbo.tag` is the tag of its calls. Dubbo's
    /// `dubbo.application.parameters`.
    ///
    /// ```
    /// let app = dubhe::App::builder("shop").parameter("region", "hangzhou");
    /// ```
    pub fn parameter(mut self, name: impl Into<ByteString>, value: impl Into<ByteString>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sets the bounds of script rules: the time and memory of each for a call, by default 10 ms and 16 MiB.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dubhe::rules::JavaScript;
    ///
    /// let scripts = JavaScript::default().time(Duration::from_millis(2));
    /// let app = dubhe::App::builder("shop").scripts(scripts);
    /// ```
    #[cfg(feature = "script")]
    pub fn scripts(mut self, engine: dubhe_script::JavaScript) -> Self {
        self.scripts = engine;
        self
    }

    /// Sets the zone that the application runs in: of several registries with a `zone`, calls go to the one
    /// in this zone, unless they name one by the attachment `registry_zone`.
    ///
    /// ```
    /// let zone = String::from("north");
    /// let app = dubhe::App::builder("shop").zone(&zone);
    /// ```
    pub fn zone(mut self, zone: impl AsRef<str>) -> Self {
        self.zone = Some(zone.as_ref().into());
        self
    }

    /// Keeps the last providers of each service in files of this folder, and begins with them when a
    /// registry does not answer within 500 ms of a start; see the chapter on discovery of the manual. The
    /// files have all parameters of the providers, tokens too, and only this user reads them. Nothing is
    /// written by default.
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Adds a protocol, or one of the built-in ones (`dubbo`, `tri`, `grpc`, `http`, `https`) with
    /// options of its own; it takes the place of the built-in one of that name.
    pub fn protocol(mut self, connector: impl Connect) -> Self {
        self.connectors.push(Arc::new(connector));
        self
    }

    /// Enables TLS for the connections of the built-in protocols; of HTTP, for those of `https`, which
    /// are not to be had without.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Builds the application. Its clients share connections and directories, whose tasks run in the
    /// tokio runtime in which this is called: it must go on running for as long as there are calls,
    /// from whichever runtime these come.
    ///
    /// # Errors
    /// When the URL of a registry is wrong, or outside a tokio runtime.
    pub fn build(self) -> Result<App, Status> {
        let opened = self.open()?;
        opened.build(None)
    }

    /// Waits for the start-up configuration in the [config centres](Self::config_center), at most for
    /// `wait`, and builds the application with it. What it sets goes before what is set here, as in Dubbo
    /// Java, and stays as it is until the application ends; the chapter on rules of the manual has the
    /// keys that have an effect. Without a config centre this is [`build`](Self::build).
    ///
    /// # Errors
    /// Those of [`build`](Self::build), and [`Code::Unavailable`](dubhe_core::Code::Unavailable) when a
    /// config centre has not answered within `wait`, [`Code::InvalidArgument`](dubhe_core::Code::InvalidArgument)
    /// when the start-up configuration cannot be read.
    pub async fn build_configured(self, wait: Duration) -> Result<App, Status> {
        let opened = self.open()?;
        let start_up = match &opened.config {
            Some((config, _)) => {
                let AppBuilder { name, clock, .. } = &opened.builder;
                Some(start_up::read(config, name, clock, wait).await?)
            }
            None => None,
        };
        opened.build(start_up)
    }

    /// Opens what comes before the registries.
    fn open(mut self) -> Result<Opened, Status> {
        if Handle::try_current().is_err() {
            let text = "an application is built within a tokio runtime, which runs its connections";
            return Err(Status::invalid_argument(text));
        }
        let mut connectors = protocols::built_in(&self.name, self.tls.as_ref());
        connectors.retain(|built_in| {
            !self.connectors.iter().any(|own| own.protocol() == built_in.protocol())
        });
        connectors.append(&mut self.connectors);
        // They come first: registries ask instances for their metadata over them.
        let channels = Arc::new(Channels::new(connectors));
        let opener = RegistryOpener::new(self.name.clone(), self.clock.clone(), channels.clone());
        let stores = self.config_centers.drain(..).map(|center| match center {
            ConfigCenter::Url(url) => opener.documents(&url),
            ConfigCenter::Store(store) => Ok(store),
        });
        let stores = stores.collect::<Result<Vec<_>, Status>>()?;
        let config = if stores.is_empty() {
            None
        } else {
            let config = Arc::new(ConfigWatcher::start(stores, self.clock.clone())?);
            let own = config.follow(Keys::own(&self.name));
            Some((config, own))
        };
        Ok(Opened { builder: self, channels, opener, config })
    }
}

/// An application whose registries are not opened yet.
struct Opened {
    builder: AppBuilder,
    channels: Arc<Channels>,
    opener: RegistryOpener,
    /// The config centres, and the rules of the application there.
    config: Option<(Arc<ConfigWatcher>, Following)>,
}

impl Opened {
    fn build(self, start_up: Option<Arc<ConfigSnapshot>>) -> Result<App, Status> {
        let Self { mut builder, channels, mut opener, config } = self;
        let mut env = Environment::builder(builder.name.clone(), builder.clock).channels(channels);
        let mut own_rules = None;
        if let Some((config, own)) = config {
            opener = opener.with_config(config.clone());
            env = env.config(config);
            own_rules = Some(Arc::new(own));
        }
        if let Some(start_up) = start_up {
            let urls = start_up::registries(&start_up, &builder.name)?;
            if !urls.is_empty() {
                builder.registries.retain(|registry| matches!(registry, Source::Instance(_)));
                builder.registries.extend(urls.into_iter().map(Source::Url));
            }
            env = env.start_up(start_up);
        }
        for registry in builder.registries {
            env = env.registry(match registry {
                Source::Url(url) => opener.open(&url)?.registry,
                Source::Instance(registry) => registry,
            });
        }
        #[cfg(feature = "http")]
        for registry in builder.applications {
            env = env.applications(match registry {
                Source::Url(url) => Arc::new(opener.open(&url)?.spring_cloud()?),
                Source::Instance(registry) => registry,
            });
        }
        #[cfg(feature = "script")]
        {
            env = env.scripts(builder.scripts.engine());
        }
        for (name, value) in builder.params {
            env = env.parameter(name, value);
        }
        if let Some(zone) = builder.zone {
            env = env.zone(zone);
        }
        if let Some(folder) = builder.cache {
            env = env.cache_dir(folder);
        }
        Ok(App { env: env.build(), _own_rules: own_rules })
    }
}

impl std::fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AppBuilder({:?})", &*self.name)
    }
}
