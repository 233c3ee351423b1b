//! The handle of a Nacos and its builder.

mod discovery;
mod documents;
mod registry;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::registry::Registration;
use dubhe_core::time::{SharedClock, after};
use dubhe_net::drain::Scope;
use dubhe_net::io::tcp::TcpOptions;
use dubhe_net::io::{ClientTransport, Dial, SocketDial};
#[cfg(feature = "tls")]
use dubhe_net::tls::ClientTls;
use dubhe_registry::TlsOptions;
use dubhe_registry::application::ServiceInstance;
use dubhe_registry::keeping::{Announcement, Announcements, Waiting};
use dubhe_triple::TripleOptions;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::auth::Auth;
use crate::client::{Link, LinkOptions, LinkState, TakePush};
use crate::error::Error;
use crate::http::HttpClient;
use crate::naming::{Naming, Service, Subscriptions};
use crate::options::NacosOptions;
use crate::servers::Servers;
use crate::wire::{Identity, Instance};
pub use discovery::NacosDiscovery;
pub use documents::NacosDocuments;
use documents::{Documents, Watched};
use registry::ListErrors;
pub use registry::NacosRegistry;

/// A cluster of Nacos servers. Clones share its connections: one for services and one for documents, each
/// made when it is first needed.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_nacos::Nacos; pub use dubhe_core::registry::Registry; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::{Nacos, Registry};
/// use dubhe::time::SharedClock;
///
/// /// The registry, for `registry_instance(..)` and `registry(..)`.
/// fn registry(clock: SharedClock) -> Result<impl Registry, Status> {
///     let url = "nacos://10.0.0.1:8848,10.0.0.2:8848?namespace=prod";
///     Ok(Nacos::builder(url, clock)?.application("shop").build().registry())
/// }
/// ```
#[derive(Clone)]
pub struct Nacos(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) options: NacosOptions,
    /// The name in the log.
    pub(crate) name: String,
    pub(crate) clock: SharedClock,
    random: Arc<dyn RandomSource>,
    dial: Arc<dyn Dial>,
    pub(crate) http: HttpClient,
    pub(crate) auth: Arc<Auth>,
    pub(crate) servers: Servers,
    runtime: Handle,
    /// The tasks of the servers and of the links.
    tasks: Scope,
    /// Notices of every connection to the servers.
    reached: watch::Sender<()>,
    naming: OnceLock<Naming>,
    documents: OnceLock<Documents>,
    /// The services, and the instances of applications, that this process announced.
    pub(crate) providers: Announced<Registration>,
    pub(crate) instances: Announced<ServiceInstance>,
    /// The errors of listing services.
    pub(crate) list_errors: ListErrors,
}

/// Makes a [`Nacos`].
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod net { pub use dubhe_net::io::Dial; } pub mod registry { pub use dubhe_nacos::{Nacos, NacosBuilder}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::net::Dial;
/// use dubhe::registry::{Nacos, NacosBuilder};
/// use dubhe::time::SharedClock;
///
/// /// Nacos behind a proxy of its own.
/// fn proxied(clock: SharedClock, proxy: impl Dial) -> Result<NacosBuilder, Status> {
///     Ok(Nacos::builder("nacos://nacos.example.org", clock)?.dial(proxy))
/// }
/// ```
pub struct NacosBuilder {
    options: NacosOptions,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    grpc: ClientTransport,
    http: ClientTransport,
    /// The way to the address server, which has no TLS (Nacos `EndpointServerListProvider`).
    plain: ClientTransport,
}

impl Nacos {
    /// Begins a Nacos of the URL that [`NacosOptions::parse`] describes.
    ///
    /// # Errors
    /// When the URL is wrong, or a file of its TLS cannot be used; whether Nacos is there does not matter.
    pub fn builder(url: &str, clock: SharedClock) -> Result<NacosBuilder, Status> {
        let options = NacosOptions::parse(url)?;
        let transport = |tls: &Option<TlsOptions>, alpn| match tls {
            None => Ok(ClientTransport::default()),
            Some(tls) => tls.dial(SocketDial::default(), &[alpn]).map(ClientTransport::Custom),
        };
        Ok(NacosBuilder {
            grpc: transport(&options.grpc_tls, "h2")?,
            http: transport(&options.http_tls, "http/1.1")?,
            plain: ClientTransport::default(),
            options,
            clock,
            random: Arc::new(SplitMix::from_os()),
        })
    }

    /// The options.
    pub fn options(&self) -> &NacosOptions {
        &self.0.options
    }

    /// The registry of services, at interface level.
    pub fn registry(&self) -> NacosRegistry {
        NacosRegistry(self.0.clone())
    }

    /// The registry of applications.
    pub fn discovery(&self) -> NacosDiscovery {
        NacosDiscovery(self.0.clone())
    }

    /// The config centre and metadata centre.
    pub fn documents(&self) -> NacosDocuments {
        NacosDocuments(self.0.clone())
    }

    /// Ends the connections, and with them everything that was registered. Subscriptions end.
    pub async fn close(&self) {
        if let Some(naming) = self.0.naming.get() {
            naming.link().close().await;
        }
        if let Some(documents) = self.0.documents.get() {
            documents.link().close().await;
        }
    }
}

impl Inner {
    fn link(&self, module: &'static str, pushes: Arc<dyn TakePush>) -> Link {
        let mut triple = TripleOptions::default();
        triple.max_message = self.options.max_message;
        // The health checks of the link tell of a server that is gone.
        triple.keepalive = dubhe_net::keepalive::KeepaliveOptions::off();
        let options = LinkOptions {
            module,
            application: self.options.application.clone(),
            namespace: self.options.namespace.clone(),
            servers: self.servers.clone(),
            port_offset: self.options.grpc_port_offset,
            dial: self.dial.clone(),
            triple,
            max_pause: self.options.max_pause,
            reached: self.reached.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        };
        let _within = self.runtime.enter();
        Link::open(options, self.auth.clone(), pushes, &self.tasks)
    }

    /// The services, over the connection of the module `naming`.
    pub(crate) fn naming(&self) -> &Naming {
        self.naming.get_or_init(|| {
            let subscriptions: Arc<Subscriptions> = Arc::default();
            let link = self.link("naming", subscriptions.clone());
            let namespace = self.options.namespace.clone();
            Naming::new(link, namespace, subscriptions, self.runtime.clone())
        })
    }

    /// The documents, over the connection of the module `config`.
    pub(crate) fn documents(&self) -> &Documents {
        self.documents.get_or_init(|| {
            let watched: Arc<Watched> = Arc::default();
            let link = self.link("config", watched.clone());
            let namespace = self.options.namespace.clone();
            Documents::new(link, namespace, watched, self.runtime.clone())
        })
    }

    /// The time of day, which tells people and warm-up when a provider began.
    pub(crate) fn now_ms(&self) -> u128 {
        self.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    pub(crate) fn failed(&self, error: &Error) -> Status {
        error.status(&self.name)
    }

    /// The error of the connection for services.
    pub(crate) fn link_failure(&self) -> Option<Status> {
        self.naming().link().failure().map(|error| self.failed(&error))
    }

    /// The names of all services of a group, sorted; waits for a connection, within the `timeout` of the
    /// registry.
    pub(crate) async fn listed(&self, group: &str) -> Result<Vec<String>, Status> {
        let link = self.naming().link();
        let list = async {
            link.connected().await?;
            self.naming().services(group).await
        };
        let late = self.clock.sleep_until(after(self.clock.now(), self.options.timeout));
        tokio::select! {
            names = list => names.map_err(|error| self.failed(&error)),
            () = late => Err(self.link_failure().unwrap_or_else(|| self.failed(&Error::Late))),
        }
    }

    /// The terms by which registering, and its end, wait.
    pub(crate) fn waiting(&self) -> Waiting<'_, LinkState> {
        Waiting {
            name: &self.name,
            clock: &self.clock,
            timeout: self.options.timeout,
            check: self.options.check,
            states: self.naming().link().states(),
            // It goes with the connection.
            left_behind: None,
        }
    }

    /// Announces instances of services, and waits until all are registered.
    pub(crate) async fn announce<W: Clone + PartialEq + Send + 'static>(
        &self,
        announced: &Announced<W>,
        services: impl IntoIterator<Item = Service>,
        what: W,
        instance: Instance,
    ) -> Result<(), Status> {
        let all = services.into_iter().map(|service| Announcement {
            key: (service, instance.identity()),
            what: what.clone(),
            // The key says all of it.
            address: String::new(),
            value: instance.clone(),
        });
        let start = |key: &(Service, Identity), _, keeper| self.naming().publish(&key.0, keeper);
        announced.announce(all, &mut self.waiting(), start).await
    }
}

/// Announced instances, by their services and who they are there.
pub(crate) type Announced<W> = Announcements<(Service, Identity), W, Instance>;

impl NacosBuilder {
    /// The application, unless the URL names one: the name that this process has in the server, and that
    /// consumers register under.
    pub fn application(mut self, name: impl Into<ByteString>) -> Self {
        if self.options.application.is_empty() {
            self.options.application = name.into();
        }
        self
    }

    /// Replaces the source of jitter.
    pub fn random(mut self, random: Arc<dyn RandomSource>) -> Self {
        self.random = random;
        self
    }

    /// Encrypts the connections over gRPC, in place of what the URL says, for servers with `nacos.remote.server.rpc.tls.enableTls`. A
    /// login and the list of documents go over HTTP, which is [another option](Self::https).
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: &ClientTls) -> Self {
        self.grpc = ClientTransport::Tls(tls.with_default_alpn(["h2"]));
        self
    }

    /// Encrypts the requests over HTTP, in place of what the URL says, for servers with `server.ssl.enabled`.
    #[cfg(feature = "tls")]
    pub fn https(mut self, tls: &ClientTls) -> Self {
        self.http = ClientTransport::Tls(tls.with_default_alpn(["http/1.1"]));
        self
    }

    /// Replaces how all connections are opened.
    pub fn dial(mut self, dial: impl Dial) -> Self {
        let dial: Arc<dyn Dial> = Arc::new(dial);
        self.grpc = ClientTransport::Custom(dial.clone());
        self.http = ClientTransport::Custom(dial.clone());
        self.plain = ClientTransport::Custom(dial);
        self
    }

    /// Makes the handle, which connects in the background when it is first used, and asks an address server
    /// at once. Must be called within a tokio runtime, in which it runs whoever uses it.
    pub fn build(self) -> Nacos {
        let Self { options, clock, random, grpc, http, plain } = self;
        let http = HttpClient { dial: http.dial(TcpOptions::default()), clock: clock.clone() };
        let plain = HttpClient { dial: plain.dial(TcpOptions::default()), clock: clock.clone() };
        let tasks = Scope::new();
        let servers = Servers::of(&options, plain, random.clone(), &tasks);
        let auth = Arc::new(Auth::new(&options, servers.clone(), http.clone(), random.clone()));
        Nacos(Arc::new(Inner {
            name: options.name(),
            options,
            clock,
            random,
            dial: grpc.dial(TcpOptions::default()),
            http,
            auth,
            servers,
            runtime: Handle::current(),
            tasks,
            reached: watch::Sender::new(()),
            naming: OnceLock::new(),
            documents: OnceLock::new(),
            providers: Announced::default(),
            instances: Announced::default(),
            list_errors: ListErrors::default(),
        }))
    }
}

impl fmt::Debug for Nacos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Nacos").field(&self.0.options).finish()
    }
}

impl fmt::Debug for NacosBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NacosBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
