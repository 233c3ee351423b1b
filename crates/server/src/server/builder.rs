//! The builder of a server.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_config::ConfigWatcher;
use dubhe_core::filter::{Filter, Hook, Step};
use dubhe_core::gate::Gate;
use dubhe_core::registry::Registry;
use dubhe_core::serve::Dispatch;
use dubhe_core::{Code, Status};
#[cfg(feature = "dubbo")]
use dubhe_dubbo::DubboOptions;
use dubhe_filter::layer::{Layer, LayerFilter, NextService};
use dubhe_net::detect::{AcceptOptions, Acceptor, Protocol, TlsMode};
use dubhe_net::drain::{Scope, Trigger};
use dubhe_net::io::tcp::TcpOptions;
use dubhe_net::io::unix::UnixOptions;
use dubhe_net::io::{Listen, SockAddr};
use dubhe_net::memory::{MemoryBudget, MemoryOptions};
use dubhe_net::poll_watch::PollWatch;
#[cfg(feature = "dubbo")]
use dubhe_net::session::SessionOptions;
#[cfg(feature = "tls")]
use dubhe_net::tls::ServerTls;
#[cfg(feature = "triple")]
use dubhe_triple::TripleOptions;
#[cfg(feature = "triple")]
use dubhe_triple::http::IntoHttpService;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::advertised;
use super::constraints::Constraints;
use super::listener::Listener;
use super::protocols::{self, BuiltIn, Mounts, Parts};
use super::rules::FollowedRules;
use super::running_server::Stopped;
use super::signals::{ForcedExit, Signals};
use super::watchdog::Watchdog;
use super::{RunningServer, ServiceLocks};
use crate::builtin::{self, Catalog};
use crate::metadata_service::Metadata;
use crate::service::IntoExport;
use crate::services::{Services, ServicesBuilder};
use crate::table::ServiceTable;

/// The options of a server. Each has the default that is given here.
///
/// ```
/// use dubhe::Server;
///
/// let server = Server::builder().options(|options| {
///     options.max_calls = 10_000;
///     options.accept.max_connections = 50_000;
///     options.triple.max_message = 16 << 20;
/// });
/// # drop(server);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The name of the application in registries, and the group of its `MetadataService`. Default
    /// `""`, or the name that a registry of application level has of its own.
    pub application: ByteString,
    /// The zone that the server runs in, for routers that prefer what is near. The parameter `zone`
    /// of a service goes before it. Default `None`.
    pub zone: Option<ByteString>,
    /// The host to announce in registries. Default `DUBBO_IP_TO_REGISTRY` of the environment, else the
    /// address of the server, else, for an unspecified address, the source address of packets to
    /// other hosts. A host without port.
    pub advertise: Option<String>,
    /// The port to announce in registries. Default the port of the first TCP address.
    pub advertise_port: Option<u16>,
    /// The longest time that a shutdown waits for calls to end. Default 10 s, as
    /// `dubbo.service.shutdown.wait`.
    pub shutdown_wait: Duration,
    /// The longest time that registries may take to withdraw a service that is removed, or all of
    /// them when the server stops, before `shutdown_wait` begins. Default 3 s.
    pub withdraw_timeout: Duration,
    /// The number of removed services whose late calls are refused in a way that sends them to other
    /// providers. Of more, the oldest is as one that never was. Default 256.
    pub max_removed: usize,
    /// The number of calls that run at once, over all connections and protocols, streams until their
    /// end. Further calls are refused with [`Code::ResourceExhausted`] before they are decoded, so that
    /// clients send them to another provider, and a warning in the log says so, once a second at most.
    /// Calls of the built-in health service and of mounted services do not count. Zero, the default,
    /// is no limit.
    pub max_calls: usize,
    /// Options of the port: connections, detection of protocols and TLS.
    pub accept: AcceptOptions,
    /// Options of its TCP sockets.
    pub tcp: TcpOptions,
    /// Options of its Unix sockets, such as the permissions of their files.
    pub unix: UnixOptions,
    /// Budgets of the memory that peers make the server hold: of all connections together, of
    /// whichever address, and of each. Default a quarter of what the process may use, and a sixteenth
    /// of that.
    pub memory: MemoryOptions,
    /// Options of dubbo connections.
    #[cfg(feature = "dubbo")]
    pub dubbo: DubboOptions,
    /// Bounds of the queue and the reads of dubbo connections.
    #[cfg(feature = "dubbo")]
    pub session: SessionOptions,
    /// Options of HTTP connections: Triple, gRPC and plain HTTP.
    #[cfg(feature = "triple")]
    pub triple: TripleOptions,
    /// The protocols to announce in registries: `dubbo`, `tri`, `grpc`, and any name when the server
    /// has a [protocol](ServerBuilder::protocol) of yours. Default `dubbo` and `tri`. The port serves all
    /// protocols whatever is announced, and a service is announced under those that can carry it.
    pub announce: Vec<ByteString>,
    /// The time for which a handler may keep its thread before a warning in the log names it, as one
    /// that blocks or computes; not for handlers of their own runtime (see
    /// [`Export::isolated`](crate::Export::isolated)). Once a second at most. The watchdog behind it is
    /// a thread that also keeps other connections served meanwhile, while a worker of the runtime is
    /// free. Zero turns both off. Default 100 ms.
    pub blocking_threshold: Duration,
    /// Enables `grpc.health.v1.Health`, which reports `SERVING` for the server and each service until
    /// the server stops. Default `true`.
    #[cfg(feature = "protobuf")]
    pub health: bool,
    /// Enables `grpc.reflection.v1.ServerReflection` and its older form `v1alpha`, which return the
    /// descriptors of protobuf services to everyone who reaches the port. Default `true`.
    #[cfg(feature = "protobuf")]
    pub reflection: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            application: ByteString::new(),
            zone: None,
            advertise: None,
            advertise_port: None,
            shutdown_wait: Duration::from_secs(10),
            withdraw_timeout: Duration::from_secs(3),
            max_removed: 256,
            max_calls: 0,
            accept: AcceptOptions::default(),
            tcp: TcpOptions::default(),
            unix: UnixOptions::default(),
            memory: MemoryOptions::default(),
            #[cfg(feature = "dubbo")]
            dubbo: DubboOptions::default(),
            #[cfg(feature = "dubbo")]
            session: SessionOptions::default(),
            #[cfg(feature = "triple")]
            triple: TripleOptions::default(),
            announce: vec![
                #[cfg(feature = "dubbo")]
                "dubbo".into(),
                #[cfg(feature = "triple")]
                "tri".into(),
            ],
            blocking_threshold: Duration::from_millis(100),
            #[cfg(feature = "protobuf")]
            health: true,
            #[cfg(feature = "protobuf")]
            reflection: true,
        }
    }
}

/// A builder of servers.
///
/// ```no_run
/// use std::time::Duration;
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Users")]
/// # trait Users { async fn get_user(&self, id: i64) -> Result<Option<String>, Status>; }
/// # struct Store;
/// # impl Users for Store {
/// #     async fn get_user(&self, _: i64) -> Result<Option<String>, Status> { Ok(None) }
/// # }
///
/// # async fn run() -> Result<(), Status> {
/// let server = Server::builder()
///     .application("shop")
///     .registry(dubhe::registry_at("zookeeper://127.0.0.1:2181", "shop")?)
///     .service(UsersServer::new(Store))
///     .shutdown_wait(Duration::from_secs(30))
///     .start("0.0.0.0:20880")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ServerBuilder {
    services: ServicesBuilder,
    registries: Vec<Arc<dyn Registry>>,
    config: Option<Arc<ConfigWatcher>>,
    protocols: Vec<Arc<dyn Protocol>>,
    mounts: Mounts,
    listeners: Vec<Listener>,
    options: ServerOptions,
}

impl ServerBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Serves a service, as it is or as an [`Export`](crate::Export) with parameters and filters of its own.
    pub fn service(mut self, service: impl IntoExport) -> Self {
        self.services.export(service.into_export());
        self
    }

    /// Adds a dispatch for calls to services that are neither exported nor built in, by interface,
    /// group and version. Of several, the first added is asked first, and the next one when it
    /// returns [`Code::Unimplemented`].
    ///
    /// It is asked before anything of a call is decoded, and over Triple once more when its types are
    /// known: see [`Dispatch::find`].
    ///
    /// The gates, filters and hooks of the server apply to its targets too. Registries, health and
    /// reflection see exported services only. A dispatch that takes every name leaves nothing to a
    /// service that is mounted at `/`.
    pub fn dispatch(mut self, dispatch: impl Dispatch) -> Self {
        self.services.dispatch(Arc::new(dispatch));
        self
    }

    /// Adds a filter around all services, built-in ones included; the first added is the outermost.
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.services.step(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a hook, a filter that never waits, around all services.
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.services.step(Step::Hook(Arc::new(hook)));
        self
    }

    /// Adds a layer of `tower` around all services and every protocol, as a filter: the first filter,
    /// hook or layer that is added is the outermost. A limit of it is one for the whole server; see
    /// [`LayerFilter`] for its errors.
    ///
    /// The service of the layer is `Clone + Send + Sync`, and its error becomes
    /// `Box<dyn Error + Send + Sync>`. What is not `Clone`, such as the rate limit of `tower`, goes
    /// behind its `Buffer`.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<NextService>,
        LayerFilter<L::Service>: Filter,
    {
        self.filter(LayerFilter::new(layer))
    }

    /// Adds a gate in front of all services, which is asked before anything of a request is decoded.
    /// The built-in health service alone is served without: an orchestrator that is refused for
    /// overload would restart the process. To have a gate in front of health too, export a health
    /// service of your own.
    pub fn gate(mut self, gate: impl Gate) -> Self {
        self.services.gate(Arc::new(gate));
        self
    }

    /// Announces the services in a registry while the server runs.
    pub fn registry(mut self, registry: impl Registry) -> Self {
        self.registries.push(Arc::new(registry));
        self
    }

    /// Follows the rules of the services and of the [application](Self::application) in config centres
    /// while the server runs: the configurators of each service, those of the application, and its
    /// start-up configuration. `config` is that of an application of this process, `App::config`, so that both
    /// read one snapshot, or one of its own over `config_center_at`.
    pub fn config(mut self, config: Arc<ConfigWatcher>) -> Self {
        self.config = Some(config);
        self
    }

    /// Sets the name of the application in registries. One of application level needs it, unless it has
    /// one of its own.
    pub fn application(mut self, name: impl Into<ByteString>) -> Self {
        self.options.application = name.into();
        self
    }

    /// Sets the zone to announce in registries, for routers that prefer what is near.
    pub fn zone(mut self, zone: impl Into<ByteString>) -> Self {
        self.options.zone = Some(zone.into());
        self
    }

    /// Sets the host to announce in registries, such as the address of the node outside a NAT.
    pub fn advertise(mut self, host: impl Into<String>) -> Self {
        self.options.advertise = Some(host.into());
        self
    }

    /// Sets the protocols to announce in registries, in place of `dubbo` and `tri`.
    pub fn announce<P: Into<ByteString>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.options.announce = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the longest time that a shutdown waits for calls to end.
    pub fn shutdown_wait(mut self, wait: Duration) -> Self {
        self.options.shutdown_wait = wait;
        self
    }

    /// Enables TLS for every protocol on the port; with [`TlsMode::Optional`] unencrypted connections
    /// are accepted too.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, mode: TlsMode, tls: ServerTls) -> Self {
        self.options.accept.tls_mode = mode;
        self.options.accept.tls = Some(tls.with_default_alpn(["h2", "http/1.1"]));
        self
    }

    /// Serves one more protocol on the port.
    pub fn protocol(mut self, protocol: impl Protocol) -> Self {
        self.protocols.push(Arc::new(protocol));
        self
    }

    /// Mounts a `tower` service, such as a router of axum or a server of tonic, for the HTTP requests
    /// whose path begins with `prefix`, over HTTP/1.1 and HTTP/2. It sees the whole path. A service
    /// that is mounted at `/` receives the requests that no exported service takes.
    #[cfg(feature = "triple")]
    pub fn mount(mut self, prefix: &str, service: impl IntoHttpService) -> Self {
        self.mounts.add(prefix, service.into_http_service());
        self
    }

    /// Changes the options.
    pub fn options(mut self, change: impl FnOnce(&mut ServerOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Listens on one more address, `host:port` or `unix:path`, with the same services, options and shutdown. The
    /// port of the first TCP address is announced, that of [`ServerBuilder::start`] being the first
    /// of all, unless [`ServerOptions::advertise_port`] is set.
    pub fn listen(mut self, addr: impl Into<String>) -> Self {
        self.listeners.push(Listener::Address(addr.into()));
        self
    }

    /// Serves the connections of one more listener, as [`ServerBuilder::listen`].
    pub fn listen_on(mut self, listen: impl Listen) -> Self {
        self.listeners.push(Listener::Open(Box::new(listen)));
        self
    }

    /// Listens on `addr` and serves until SIGTERM, SIGINT or Ctrl-C, then drains: registries first,
    /// then connections. That holds too while a registry has not answered yet. The forms of `addr` are
    /// those of [`ServerBuilder::start`].
    ///
    /// A second signal ends it at once: this returns, and 500 ms later the process exits with 128 and
    /// the number of the signal, if it has not ended by then, such as for a handler that blocks its
    /// thread.
    ///
    /// # Errors
    /// As [`ServerBuilder::start`].
    pub async fn serve(mut self, addr: &str) -> Result<(), Status> {
        within_a_runtime()?;
        let (mut signals, exit) = (Signals::new(), ForcedExit::start());
        self.listeners.insert(0, Listener::Address(addr.to_owned()));
        let server = self.listen_all().await?;
        tokio::select! {
            biased;
            announced = server.announce_all() => {
                announced?;
                signals.next().await;
            }
            _ = signals.next() => {}
        }
        if let Stopped::Signalled { number, .. } = server.stop_unless_signalled(&mut signals).await
        {
            exit.signalled_again(number);
        }
        Ok(())
    }

    /// Listens on `addr` and serves until `shutdown` resolves, then drains: registries first, then
    /// connections. That holds too while a registry has not answered yet. Signals are left to the
    /// program. The forms of `addr` are those of [`ServerBuilder::start`].
    ///
    /// # Errors
    /// As [`ServerBuilder::start`].
    pub async fn serve_with_shutdown(
        mut self,
        addr: &str,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Status> {
        self.listeners.insert(0, Listener::Address(addr.to_owned()));
        let server = self.listen_all().await?;
        let mut shutdown = std::pin::pin!(shutdown);
        tokio::select! {
            biased;
            announced = server.announce_all() => {
                announced?;
                shutdown.await;
            }
            () = &mut shutdown => {}
        }
        server.stop().await;
        Ok(())
    }

    /// Listens on `addr` and on the addresses of [`ServerBuilder::listen`], and serves in the
    /// background until the returned server is stopped or dropped.
    ///
    /// `addr` is `host:port`, of which port 0 takes a free one; or a Unix socket as gRPC names it,
    /// `unix:///run/shop.sock` or `unix:/run/shop.sock`, and `unix:shop.sock` relative to the
    /// working directory. The file of the socket is removed when the server stops. One that a killed
    /// process left is replaced; one that is listened on is not, nor a file that is no socket.
    ///
    /// # Errors
    /// When an address cannot be listened on, two services have the same name, an option is wrong,
    /// a registry refuses or needs the name of the application, or outside a tokio runtime. Nothing is served then. When the future is dropped, what was registered
    /// is withdrawn in the background.
    pub async fn start(mut self, addr: &str) -> Result<RunningServer, Status> {
        self.listeners.insert(0, Listener::Address(addr.to_owned()));
        self.run().await
    }

    /// Serves the connections of `listen`, and those of [`ServerBuilder::listen`], in the background
    /// until the returned server is stopped or dropped.
    ///
    /// # Errors
    /// As [`ServerBuilder::start`].
    pub async fn start_on(mut self, listen: impl Listen) -> Result<RunningServer, Status> {
        self.listeners.insert(0, Listener::Open(Box::new(listen)));
        self.run().await
    }

    /// Serves without an address, unless there is one of [`ServerBuilder::listen`]: for services that
    /// are called through [`RunningServer::routes`] in a server of another framework. A registry gets
    /// `advertise` and `advertise_port`, which have to be set, and of the protocols to announce those
    /// over HTTP.
    ///
    /// # Errors
    /// As [`ServerBuilder::start`].
    pub async fn start_unbound(self) -> Result<RunningServer, Status> {
        self.run().await
    }

    async fn run(self) -> Result<RunningServer, Status> {
        let server = self.listen_all().await?;
        server.announce_all().await?;
        Ok(server)
    }

    /// Serves without being announced.
    async fn listen_all(self) -> Result<RunningServer, Status> {
        within_a_runtime()?;
        let Self {
            mut services,
            registries,
            config,
            mut protocols,
            mounts,
            listeners,
            mut options,
        } = self;
        let sources: Vec<_> = registries.iter().filter_map(Registry::exported_metadata).collect();
        options.application = advertised::application(&options, &sources)?;
        let metadata = Metadata::new(sources, options.application.clone());
        metadata.export(&mut services);
        let state = watch::Sender::new(Catalog::default());
        builtin::add(&mut services, &options, &state.subscribe());
        services.max_removed(options.max_removed);
        services.max_calls(options.max_calls);
        let services = services.build()?;
        advertised::check(&options, protocols.is_empty())?;
        state.send_replace(Catalog::of(&services));
        let mut constraints = Constraints::new(&options, mounts.prefixes())?;
        constraints.check_all(&services)?;
        let services = Arc::new(ServiceTable::new(services));
        let rules = config.map(|config| FollowedRules::new(config, &options.application));
        if let Some(rules) = &rules {
            rules.follow(&services.current());
        }
        let watch = PollWatch::new();
        let watches = !options.blocking_threshold.is_zero();
        let parts = Parts {
            options: &options,
            #[cfg(feature = "dubbo")]
            dubbo: constraints.dubbo(),
            dispatch: services.clone(),
            memory: MemoryBudget::new(options.memory),
            watch: watches.then(|| watch.clone()),
        };
        let built_in = BuiltIn::new(&parts, mounts);
        protocols.extend(built_in.list);

        let wrong =
            |e: dubhe_net::Error| Status::new(Code::InvalidArgument, e.to_string()).with_source(e);
        let mut acceptors = Vec::new();
        for listener in listeners {
            let listen = listener.open(&options).await?;
            let acceptor = Acceptor::new(listen, protocols.clone(), options.accept.clone());
            acceptors.push(acceptor.map_err(wrong)?);
        }
        let addrs: Vec<_> = acceptors.iter().map(Acceptor::local_addr).collect();
        let announcer = advertised::announcer(registries, &addrs, &options)?;
        metadata.runs(&services, announcer.instance().clone());
        let (trigger, tasks) = (Trigger::new(), Scope::new());
        let watchdog = || Watchdog::start(watch, services.clone(), options.blocking_threshold);
        let watchdog = watches.then(watchdog).flatten();
        // All of them listen, or none does.
        for acceptor in acceptors {
            let shutdown = trigger.shutdown();
            tasks.spawn(async move { acceptor.run(shutdown).await });
        }
        log_start(&addrs, &protocols, options.accept.tls_mode, &services.current());
        Ok(RunningServer {
            addrs,
            services,
            announcer,
            #[cfg(feature = "triple")]
            triple: built_in.triple,
            state,
            constraints,
            rules,
            changing: ServiceLocks::default(),
            trigger,
            tasks,
            _watchdog: watchdog,
            wait: options.shutdown_wait,
            notice: protocols::notice(&options),
        })
    }
}

/// Writes lines to the log: where the server listens, and what it serves there beside the built-in
/// services.
fn log_start(
    addrs: &[SockAddr],
    protocols: &[Arc<dyn Protocol>],
    tls: TlsMode,
    services: &Services,
) {
    let protocols: Vec<_> = protocols.iter().map(|protocol| protocol.name()).collect();
    let protocols = protocols.join(", ");
    for addr in addrs {
        tracing::info!(%addr, protocols, %tls, "listening");
    }
    let mut exported: Vec<_> = services.exported().filter(|exported| !exported.built_in).collect();
    exported.sort_by_cached_key(|exported| exported.key.to_string());
    for exported in exported {
        exported.log_export();
    }
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerBuilder").field("services", &self.services).finish_non_exhaustive()
    }
}

/// The error of a server that is started where nothing could run it.
fn within_a_runtime() -> Result<(), Status> {
    let text = "a server is started within a tokio runtime, which runs its connections";
    Handle::try_current().map(drop).map_err(|_| Status::invalid_argument(text))
}
