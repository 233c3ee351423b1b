//! How a server is configured.

use std::collections::HashSet;
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
use dubhe_dubbo::exchange::Settings;
use dubhe_dubbo::server::DubboProtocol;
use dubhe_net::detect::{AcceptOptions, Acceptor, Protocol, TlsMode};
use dubhe_net::drain::{Scope, Trigger};
use dubhe_net::io::Listen;
use dubhe_net::io::tcp::{TcpListen, TcpOptions};
use dubhe_net::tls::ServerTls;
use dubhe_triple::TripleProtocol;
use dubhe_triple::http::{Body, BoxError, HttpService};
use tokio::sync::watch;

use super::Running;
use crate::announce::{self, Announced};
use crate::builtin;
use crate::service::Export;
use crate::services::{Services, ServicesBuilder};

/// The bounds of a server. What is not set has the default that is given here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The application's name in registries; `""` by default.
    pub application: ByteString,
    /// The host that registries are told; by default `DUBBO_IP_TO_REGISTRY`, else the address
    /// listened on, else, for "all addresses", the one that leads outwards.
    pub advertise: Option<String>,
    /// How long a shutdown waits for calls to end; 10 s, as `dubbo.service.shutdown.wait`.
    pub shutdown_wait: Duration,
    /// Bounds of the port.
    pub accept: AcceptOptions,
    /// Options of its sockets.
    pub tcp: TcpOptions,
    /// Settings of dubbo connections.
    pub dubbo: Settings,
    /// Settings of HTTP connections: Triple, gRPC and plain HTTP.
    pub triple: dubhe_triple::Settings,
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

impl Default for Options {
    fn default() -> Self {
        Self {
            application: ByteString::new(),
            advertise: None,
            shutdown_wait: Duration::from_secs(10),
            accept: AcceptOptions::default(),
            tcp: TcpOptions::default(),
            dubbo: Settings::default(),
            triple: dubhe_triple::Settings::default(),
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
    options: Options,
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
        self.options.accept.tls = Some(tls.offering(["h2", "http/1.1"]));
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

    /// Changes the bounds.
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
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

    /// Listens on `addr` and serves in the background until the result is stopped or dropped.
    ///
    /// # Errors
    /// When the address cannot be listened on, two services have the same name, a setting is
    /// wrong, or a registry refuses.
    pub async fn start(self, addr: &str) -> Result<Running, Status> {
        let addr = resolve(addr).await?;
        let listen = TcpListen::bind(addr, self.options.tcp.clone()).map_err(|error| {
            let hint = "choose another port, or stop what holds it";
            Status::new(Code::Unavailable, format!("{error}; {hint}")).with_source(error)
        })?;
        self.start_on(listen).await
    }

    /// Serves what `listen` accepts, in the background.
    ///
    /// # Errors
    /// As [`ServerBuilder::start`].
    pub async fn start_on(self, listen: impl Listen) -> Result<Running, Status> {
        let Self { mut services, registries, mut protocols, mounts, options } = self;
        let serving = watch::Sender::new(true);
        builtin::add(&mut services, &options, &serving.subscribe());
        let services = Arc::new(services.build()?);
        let mut dubbo = options.dubbo.clone();
        dubbo.payload = largest_payload(&services, &dubbo)?;
        let dispatch: Arc<dyn Dispatch> = services.clone();
        protocols.push(Arc::new(DubboProtocol::new(dispatch.clone(), dubbo)));
        mounts_have_paths_of_their_own(&mounts, &services)?;
        let triple = TripleProtocol::new(dispatch, options.triple);
        let mount = |triple: TripleProtocol, (prefix, service): (String, HttpService)| {
            triple.mount(&prefix, service)
        };
        let triple = mounts.into_iter().fold(triple, mount);
        protocols.push(Arc::new(triple.http1()));
        protocols.push(Arc::new(triple));

        let wrong =
            |e: dubhe_net::Error| Status::new(Code::InvalidArgument, e.to_string()).with_source(e);
        let acceptor = Acceptor::new(listen, protocols, options.accept).map_err(wrong)?;
        let bound = acceptor.local_addr();
        let host = announce::host(options.advertise.as_deref(), bound);
        let trigger = Trigger::new();
        let shutdown = trigger.shutdown();
        let tasks = Scope::new();
        tasks.spawn(async move { acceptor.run(shutdown).await });
        // Announced only once connections are taken, so that nobody is sent to a closed port.
        let offer = |protocol| Offer { protocol, port: bound.port() };
        let offers: Vec<_> = options.announce.into_iter().map(offer).collect();
        let announced =
            Announced::announce(registries, &services, &options.application, &host, &offers)
                .await?;
        Ok(Running {
            addr: bound,
            services,
            announced,
            serving,
            trigger,
            tasks,
            wait: options.shutdown_wait,
        })
    }
}

/// A frame is cut before its service is known, so the largest limit of all services holds for the
/// connection; each service's own is checked once it is found.
fn largest_payload(
    services: &Services,
    settings: &Settings,
) -> Result<dubhe_dubbo::PayloadLimit, Status> {
    let mut largest = settings.payload;
    for (key, params) in services.iter() {
        let own = settings
            .clone()
            .with_params(params)
            .map_err(|what| Status::new(Code::InvalidArgument, format!("service {key}: {what}")))?;
        largest = largest.max(own.payload);
    }
    Ok(largest)
}

/// What one path leads to must not depend on the order of the builder's calls.
fn mounts_have_paths_of_their_own(
    mounts: &[(String, HttpService)],
    services: &Services,
) -> Result<(), Status> {
    let mut seen = HashSet::new();
    for prefix in mounts.iter().map(|(prefix, _)| prefix.trim_matches('/')) {
        let refuse = |what| {
            let text = format!("cannot mount at /{prefix}: {what}");
            Err(Status::new(Code::AlreadyExists, text))
        };
        if !seen.insert(prefix) {
            return refuse("something is mounted there already");
        }
        if services.iter().any(|(key, _)| *key.interface() == prefix) {
            return refuse("the service of that name is exported");
        }
    }
    Ok(())
}

async fn resolve(addr: &str) -> Result<SocketAddr, Status> {
    let wrong = |why: String| {
        let text = format!("cannot listen on {addr:?}: {why}; write HOST:PORT");
        Status::new(Code::InvalidArgument, text)
    };
    let mut found = tokio::net::lookup_host(addr).await.map_err(|e| wrong(e.to_string()))?;
    found.next().ok_or_else(|| wrong("the host has no address".into()))
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerBuilder").field("services", &self.services).finish_non_exhaustive()
    }
}
