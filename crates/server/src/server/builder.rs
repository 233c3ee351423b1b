//! The configuration of a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::endpoint::Offer;
use dubhe_core::filter::{Filter, Hook, Step};
use dubhe_core::gate::Gate;
use dubhe_core::registry::Registry;
use dubhe_core::serve::Dispatch;
use dubhe_core::{Code, Status};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::server::DubboProtocol;
use dubhe_net::detect::{AcceptOptions, Acceptor, Protocol, TlsMode};
use dubhe_net::drain::{Scope, Trigger};
use dubhe_net::io::Listen;
use dubhe_net::io::tcp::TcpOptions;
use dubhe_net::tls::ServerTls;
use dubhe_triple::http::{Body, BoxError, HttpService};
use dubhe_triple::{TripleOptions, TripleProtocol};
use tokio::sync::watch;

use super::RunningServer;
use super::constraints::Constraints;
use super::listener::Listener;
use crate::announce::{self, Announced};
use crate::builtin::{self, Catalog};
use crate::service::Export;
use crate::services::ServicesBuilder;
use crate::table::ServiceTable;

/// The options of a server. Each has the default that is given here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The application's name in registries; `""` by default.
    pub application: ByteString,
    /// The host that registries are told; by default `DUBBO_IP_TO_REGISTRY`, else the address
    /// listened on, else, for "all addresses", the one that leads outwards.
    pub advertise: Option<String>,
    /// The port that registries are told; by default that of the first TCP address.
    pub advertise_port: Option<u16>,
    /// How long a shutdown waits for calls to end; 10 s, as `dubbo.service.shutdown.wait`.
    pub shutdown_wait: Duration,
    /// Bounds of the port.
    pub accept: AcceptOptions,
    /// Options of its sockets.
    pub tcp: TcpOptions,
    /// Options of dubbo connections.
    pub dubbo: DubboOptions,
    /// Options of HTTP connections: Triple, gRPC and plain HTTP.
    pub triple: TripleOptions,
    /// The protocols that registries are told; `dubbo` and `tri` by default. The port takes all of
    /// them whatever is announced, and a service is announced under those that can carry it.
    pub announce: Vec<ByteString>,
    /// Whether `grpc.health.v1.Health` is served; yes. It says `SERVING` of the server and of each
    /// service until the server stops.
    pub health: bool,
    /// Whether `grpc.reflection.v1.ServerReflection` is served, and its older form `v1alpha`; yes.
    /// It hands the descriptors of protobuf services to whoever reaches the port.
    pub reflection: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            application: ByteString::new(),
            advertise: None,
            advertise_port: None,
            shutdown_wait: Duration::from_secs(10),
            accept: AcceptOptions::default(),
            tcp: TcpOptions::default(),
            dubbo: DubboOptions::default(),
            triple: TripleOptions::default(),
            announce: vec!["dubbo".into(), "tri".into()],
            health: true,
            reflection: true,
        }
    }
}

/// Makes and starts a server.
#[derive(Default)]
pub struct ServerBuilder {
    services: ServicesBuilder,
    registries: Vec<Arc<dyn Registry>>,
    protocols: Vec<Arc<dyn Protocol>>,
    mounts: Vec<(String, HttpService)>,
    listeners: Vec<Listener>,
    options: ServerOptions,
}

impl ServerBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Serves a service, as it is or as an [`Export`] with parameters and filters of its own.
    pub fn service(mut self, service: impl Into<Export>) -> Self {
        self.services.export(service.into());
        self
    }

    /// Lets `dispatch` find the targets of calls that no service of this server is asked for: a
    /// service is known by its interface, group and version, and those that are exported or built
    /// in come first. Of several, the first added is asked first, and the next one when it answers
    /// [`Code::Unimplemented`].
    ///
    /// The gates, filters and hooks of the server stand before its targets too. Registries, health and
    /// reflection are told of exported services only. A dispatch that takes every name leaves
    /// nothing to what is mounted at `/`.
    pub fn dispatch(mut self, dispatch: impl Dispatch) -> Self {
        self.services.dispatch(Arc::new(dispatch));
        self
    }

    /// Adds a filter around all services, the built-in ones too; the first added is the outermost.
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.services.step(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a filter that never waits around all services.
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.services.step(Step::Hook(Arc::new(hook)));
        self
    }

    /// Adds a gate before all services, the built-in ones too, asked before anything of a request
    /// is decoded.
    pub fn gate(mut self, gate: impl Gate) -> Self {
        self.services.gate(Arc::new(gate));
        self
    }

    /// Announces the services in a registry while the server runs.
    pub fn registry(mut self, registry: impl Registry) -> Self {
        self.registries.push(Arc::new(registry));
        self
    }

    /// The application's name, as registries show it.
    pub fn application(mut self, name: impl Into<ByteString>) -> Self {
        self.options.application = name.into();
        self
    }

    /// The host that registries are told, such as the node's address before a NAT.
    pub fn advertise(mut self, host: impl Into<String>) -> Self {
        self.options.advertise = Some(host.into());
        self
    }

    /// The protocols that registries are told, in place of `dubbo` and `tri`.
    pub fn announce<P: Into<ByteString>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.options.announce = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// How long a shutdown waits for calls to end.
    pub fn shutdown_wait(mut self, wait: Duration) -> Self {
        self.options.shutdown_wait = wait;
        self
    }

    /// Encrypts every protocol on the port; `mode` says whether clear connections are taken too.
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

    /// Lets a `tower` service answer the HTTP requests whose path begins with `prefix`, such as a
    /// router of axum or a server of tonic, over HTTP/1.1 and HTTP/2. It sees the whole path. What
    /// is mounted at `/` gets the requests that no exported service takes.
    pub fn mount<S, B>(mut self, prefix: &str, service: S) -> Self
    where
        S: tower_service::Service<http::Request<Body>, Response = http::Response<B>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: http_body::Body + Send + 'static,
        B::Error: Into<BoxError>,
        B::Data: Send,
    {
        self.mounts.push((prefix.to_owned(), HttpService::new(service)));
        self
    }

    /// Changes the options.
    pub fn options(mut self, change: impl FnOnce(&mut ServerOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Listens on one more address, `host:port`, for the same services, options and drain.
    /// Registries are told the port of the first TCP address, that of [`ServerBuilder::start`]
    /// being the first of all, unless there is a [`ServerOptions::advertise_port`].
    pub fn listen(mut self, addr: impl Into<String>) -> Self {
        self.listeners.push(Listener::Address(addr.into()));
        self
    }

    /// Serves what one more listener accepts, as [`ServerBuilder::listen`].
    pub fn listen_on(mut self, listen: impl Listen) -> Self {
        self.listeners.push(Listener::Open(Box::new(listen)));
        self
    }

    /// Listens on `addr` (`host:port`; port 0 takes a free one) and serves until SIGTERM, SIGINT
    /// or Ctrl-C, then drains: registries first, then connections.
    ///
    /// # Errors
    /// As [`ServerBuilder::start`].
    pub async fn serve(self, addr: &str) -> Result<(), Status> {
        self.start(addr).await?.until_signalled().await;
        Ok(())
    }

    /// Listens on `addr`, and on those of [`ServerBuilder::listen`], and serves in the background
    /// until the result is stopped or dropped.
    ///
    /// # Errors
    /// When an address cannot be listened on, two services have the same name, a setting is
    /// wrong, or a registry refuses. Nothing is listened on then.
    pub async fn start(mut self, addr: &str) -> Result<RunningServer, Status> {
        self.listeners.insert(0, Listener::Address(addr.to_owned()));
        self.run().await
    }

    /// Serves what `listen` accepts, in the background, and what the addresses of
    /// [`ServerBuilder::listen`] do.
    ///
    /// # Errors
    /// As [`ServerBuilder::start`].
    pub async fn start_on(mut self, listen: impl Listen) -> Result<RunningServer, Status> {
        self.listeners.insert(0, Listener::Open(Box::new(listen)));
        self.run().await
    }

    async fn run(self) -> Result<RunningServer, Status> {
        let Self { mut services, registries, mut protocols, mounts, listeners, options } = self;
        let state = watch::Sender::new(Catalog::default());
        builtin::add(&mut services, &options, &state.subscribe());
        let services = services.build()?;
        state.send_replace(Catalog::of(&services));
        let prefixes = mounts.iter().map(|(prefix, _)| &**prefix);
        let mut constraints = Constraints::new(options.dubbo.clone(), prefixes)?;
        let dubbo = constraints.settle(&services)?;
        let services = Arc::new(ServiceTable::new(services));
        let dispatch: Arc<dyn Dispatch> = services.clone();
        protocols.push(Arc::new(DubboProtocol::new(dispatch.clone(), dubbo)));
        let triple = TripleProtocol::new(dispatch, options.triple.clone());
        let mount = |triple: TripleProtocol, (prefix, service): (String, HttpService)| {
            triple.mount(&prefix, service)
        };
        let triple = mounts.into_iter().fold(triple, mount);
        protocols.push(Arc::new(triple.http1()));
        protocols.push(Arc::new(triple));

        let wrong =
            |e: dubhe_net::Error| Status::new(Code::InvalidArgument, e.to_string()).with_source(e);
        let mut acceptors = Vec::new();
        for listener in listeners {
            let listen = listener.open(&options.tcp).await?;
            let acceptor = Acceptor::new(listen, protocols.clone(), options.accept.clone());
            acceptors.push(acceptor.map_err(wrong)?);
        }
        let addrs: Vec<_> = acceptors.iter().map(Acceptor::local_addr).collect();
        let announced = announcing(registries, &addrs, &options)?;
        let (trigger, tasks) = (Trigger::new(), Scope::new());
        // All of them listen, or none does.
        for acceptor in acceptors {
            let shutdown = trigger.shutdown();
            tasks.spawn(async move { acceptor.run(shutdown).await });
        }
        // Announced only once connections are taken, so that nobody is sent to a closed port.
        announced.announce_all(&services.present()).await?;
        Ok(RunningServer {
            addrs,
            services,
            announced,
            state,
            constraints,
            changing: tokio::sync::Mutex::default(),
            trigger,
            tasks,
            wait: options.shutdown_wait,
        })
    }
}

/// The announcements of a server that listens on `addrs`.
fn announcing(
    registries: Vec<Arc<dyn Registry>>,
    addrs: &[SocketAddr],
    options: &ServerOptions,
) -> Result<Announced, Status> {
    let bound = addrs.first().copied();
    let port = options.advertise_port.or(bound.map(|bound| bound.port()));
    let host = announce::host(options.advertise.as_deref(), bound);
    let offer = |port| move |protocol: &ByteString| Offer { protocol: protocol.clone(), port };
    let offers = match (host, port) {
        (Some(host), Some(port)) => (host, options.announce.iter().map(offer(port)).collect()),
        _ if registries.is_empty() => (String::new(), Vec::new()),
        _ => {
            let text = "there is no TCP address to announce in registries: add one with \
                        listen(..), or set advertise and advertise_port";
            return Err(Status::new(Code::InvalidArgument, text));
        }
    };
    let (host, offers) = offers;
    Ok(Announced::new(registries, options.application.clone(), &host, offers))
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerBuilder").field("services", &self.services).finish_non_exhaustive()
    }
}
