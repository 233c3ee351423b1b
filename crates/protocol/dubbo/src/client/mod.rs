//! Channels to providers that speak dubbo.

mod channel;
mod connector;

use std::fmt;
use std::sync::Arc;

use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::serve::Dispatch;
use dubhe_core::{Code, Endpoint, Status};
use dubhe_net::io::tcp::TcpOptions;
use dubhe_net::io::{Address, ClientTransport, Dial};
use dubhe_net::pool::{Backoff, Pool, PoolOptions};
use dubhe_net::session::SessionOptions;
#[cfg(feature = "tls")]
use dubhe_net::tls::ClientTls;

use crate::options::{DubboOptions, millis};
use crate::serialization;
use channel::DubboChannel;
use connector::Connector;

/// The parameters of an endpoint that its channel depends on.
const PARAMETERS: [&str; 6] = [
    "connections",
    "connect.timeout",
    "heartbeat",
    "payload",
    "prefer.serialization",
    "serialization",
];

/// Opens channels to dubbo endpoints.
///
/// An endpoint's parameters override these options, under Dubbo's names:
///
/// | parameter | meaning | default |
/// | --- | --- | --- |
/// | `connections` | connections to the address | 1 |
/// | `connect.timeout` | milliseconds to open one | 3000 |
/// | `heartbeat` | milliseconds of silence before a heartbeat, 0 for never | 60000 |
/// | `payload` | bytes in a body, 0 or less for any number | 8388608 |
/// | `prefer.serialization`, `serialization` | must admit `hessian2` | `hessian2` |
///
/// Services of one address for which all of these are equal share its connections.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod connect { pub use dubhe_core::connect::Connect; pub use dubhe_dubbo::{DubboConnect, DubboOptions}; } }
/// use std::sync::Arc;
/// use std::time::Duration;
/// use dubhe::Endpoint;
/// use dubhe::connect::{Connect, DubboConnect, DubboOptions};
///
/// // For `Environment::builder(..).connect(..)`, or in place of the one that an `App` has.
/// let options = DubboOptions::default().heartbeat(Duration::from_secs(20));
/// let connect: Arc<dyn Connect> = Arc::new(DubboConnect::new(options));
/// assert_eq!(connect.protocol(), "dubbo");
/// // Endpoints with equal keys share a connection.
/// let endpoint = Endpoint::of("dubbo", "10.0.0.7", 20880);
/// assert_eq!(connect.key(&endpoint), connect.key(&endpoint.detached()));
/// ```
pub struct DubboConnect {
    options: DubboOptions,
    tcp: TcpOptions,
    transport: ClientTransport,
    session: SessionOptions,
    backoff: Backoff,
    random: Arc<dyn RandomSource>,
    dispatch: Option<Arc<dyn Dispatch>>,
}

impl DubboConnect {
    /// Connections over clear TCP and Unix sockets, with these options.
    pub fn new(options: DubboOptions) -> Self {
        Self {
            options,
            tcp: TcpOptions::default(),
            transport: ClientTransport::default(),
            session: SessionOptions::default(),
            backoff: Backoff::default(),
            random: Arc::new(SplitMix::from_os()),
            dispatch: None,
        }
    }

    /// The same with these options on its sockets.
    pub fn tcp(mut self, tcp: TcpOptions) -> Self {
        self.tcp = tcp;
        self
    }

    /// The same, encrypted.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.transport = ClientTransport::Tls(tls);
        self
    }

    /// The same over another transport; socket options, TLS and `connect.timeout` are then that
    /// transport's own matter.
    pub fn dial(mut self, dial: Arc<dyn Dial>) -> Self {
        self.transport = ClientTransport::Custom(dial);
        self
    }

    /// The same with other bounds for each connection's queue and reads.
    pub fn session_options(mut self, options: SessionOptions) -> Self {
        self.session = options;
        self
    }

    /// The same with other pauses between attempts to connect.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The same with another source of randomness for those pauses.
    pub fn random(mut self, random: Arc<dyn RandomSource>) -> Self {
        self.random = random;
        self
    }

    /// The same, and what `dispatch` finds is served to the providers connected to: callbacks.
    pub fn dispatch(mut self, dispatch: Arc<dyn Dispatch>) -> Self {
        self.dispatch = Some(dispatch);
        self
    }
}

impl Connect for DubboConnect {
    fn protocol(&self) -> &'static str {
        "dubbo"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint).with_params(endpoint, &PARAMETERS)
    }

    /// Makes the channel. To be called within a tokio runtime.
    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let params = endpoint.service();
        let refused =
            |code, why: String| Status::new(code, format!("cannot use {endpoint}: {why}"));
        let invalid = |why| refused(Code::InvalidArgument, why);
        serialization::negotiate(params).map_err(|why| refused(Code::FailedPrecondition, why))?;
        let options = self.options.clone().with_params(params).map_err(invalid)?;
        let mut tcp = self.tcp.clone();
        if let Some(timeout) = millis(params, "connect.timeout").map_err(invalid)? {
            tcp.connect_timeout = timeout;
        }
        let mut pool = PoolOptions::default();
        pool.backoff = self.backoff;
        if let Some(text) = params.get("connections") {
            let bad = |_| invalid(format!("connections={text:?} is not a number"));
            pool.connections = text.trim().parse().map_err(bad)?;
        }
        let (_, host, port) = endpoint.identity();
        let connector = Connector {
            provider: endpoint.provider().clone(),
            address: Address::new(host, port),
            dial: self.transport.dial(tcp),
            options: Arc::new(options),
            session: self.session.clone(),
            dispatch: self.dispatch.clone(),
        };
        let pool = Pool::new(connector, pool, self.random.clone());
        Ok(Arc::new(DubboChannel::new(endpoint.clone(), pool)))
    }
}

impl fmt::Debug for DubboConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DubboConnect").field("options", &self.options).finish_non_exhaustive()
    }
}
