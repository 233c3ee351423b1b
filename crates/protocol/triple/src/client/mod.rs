//! Channels to providers that speak Triple or gRPC.

mod call;
mod channel;
mod named;
mod reply;
mod request;
mod sender;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::{Code, Endpoint, Status};
use dubhe_net::io::tcp::TcpOptions;
use dubhe_net::io::{Address, ClientTransport, Dial};
use dubhe_net::pool::{Backoff, Pool, PoolOptions};
#[cfg(feature = "tls")]
use dubhe_net::tls::ClientTls;
use http::uri::Scheme;

use crate::options::TripleOptions;
use crate::transport::Connector;
use channel::TripleChannel;
use request::{Caller, Limits};

/// Opens channels to `tri` or `grpc` endpoints.
///
/// A method without Java descriptor exchanges its messages as they are (protobuf); one with a
/// descriptor is called in Triple's wrapper mode. A call takes the connection with the fewest
/// streams.
///
/// An endpoint's parameters override these options, under Dubbo's names:
///
/// | parameter | meaning | default |
/// | --- | --- | --- |
/// | `connections` | connections to the address | 1 |
/// | `connect.timeout` | milliseconds to open one | 3000 |
/// | `payload` | bytes in a message, 0 or less for any number | 8388608 |
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_core::connect::Connect; pub use dubhe_triple::{TripleConnect, TripleOptions}; } }
/// use std::sync::Arc;
/// use dubhe::connect::{Connect, TripleConnect, TripleOptions};
///
/// // For `Environment::builder(..).connect(..)`: Triple, and the same for endpoints of gRPC.
/// let triple = TripleConnect::new(TripleOptions::default()).application("shop");
/// let both: [Arc<dyn Connect>; 2] = [Arc::new(triple.clone()), Arc::new(triple.grpc())];
/// assert_eq!(both.map(|connect| connect.protocol().to_owned()), ["tri", "grpc"]);
/// ```
#[derive(Clone)]
pub struct TripleConnect {
    protocol: &'static str,
    options: TripleOptions,
    application: ByteString,
    transport: ClientTransport,
    backoff: Backoff,
    random: Arc<dyn RandomSource>,
    quiet: bool,
}

impl TripleConnect {
    /// Connections over plaintext TCP and Unix sockets, by prior knowledge, with these options.
    pub fn new(options: TripleOptions) -> Self {
        Self {
            protocol: "tri",
            options,
            application: ByteString::new(),
            transport: ClientTransport::default(),
            backoff: Backoff::default(),
            random: Arc::new(SplitMix::from_os()),
            quiet: false,
        }
    }

    /// The same for endpoints of the protocol `grpc`.
    pub fn grpc(mut self) -> Self {
        self.protocol = "grpc";
        self
    }

    /// The application that calls; providers see it as `remote.application`.
    pub fn application(mut self, name: impl Into<ByteString>) -> Self {
        self.application = name.into();
        self
    }

    /// The same, encrypted. Offers `h2` by ALPN unless `tls` offers something else.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: &ClientTls) -> Self {
        self.transport = ClientTransport::Tls(tls.with_default_alpn(["h2"]));
        self
    }

    /// The same over another transport; TLS, with `h2` by ALPN, and `connect.timeout` are then that
    /// transport's own matter. `:scheme` is `https` if it [is encrypted](Dial::is_encrypted).
    pub fn dial(mut self, dial: Arc<dyn Dial>) -> Self {
        self.transport = ClientTransport::Custom(dial);
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

    /// The same with lost connections in the log at DEBUG alone, for whoever tells of them in words of
    /// its own, such as a client of a registry.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

/// A parameter of `endpoint` that must be a number.
fn number<T: FromStr>(endpoint: &Endpoint, name: &str) -> Result<Option<T>, Status> {
    let Some(text) = endpoint.param(name) else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| {
        let why = format!("cannot use {endpoint}: {name}={text:?} is not a number");
        Status::new(Code::InvalidArgument, why)
    })
}

impl Connect for TripleConnect {
    fn protocol(&self) -> &str {
        self.protocol
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        let parameters = ["connections", "connect.timeout", "payload"];
        ChannelKey::new(endpoint).with_params(endpoint, &parameters)
    }

    /// Makes the channel. To be called within a tokio runtime.
    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let mut pool = PoolOptions::default();
        pool.backoff = self.backoff;
        pool.quiet = self.quiet;
        if let Some(connections) = number(endpoint, "connections")? {
            pool.connections = connections;
        }
        let mut tcp = TcpOptions::default();
        if let Some(timeout) = number(endpoint, "connect.timeout")? {
            tcp.connect_timeout = Duration::from_millis(timeout);
        }
        let message = self.options.message_limits(number(endpoint, "payload")?);
        let (_, host, port) = endpoint.identity();
        let dial = self.transport.dial(tcp);
        let scheme = if dial.is_encrypted() { Scheme::HTTPS } else { Scheme::HTTP };
        let connector = Connector {
            provider: endpoint.provider().clone(),
            address: Address::new(host, port),
            dial,
            options: self.options.clone(),
        };
        let pool = Pool::new(connector, pool, self.random.clone());
        let accepted = self.options.accepted();
        let limits = Limits { message, decode: self.options.decode(), accepted };
        let caller = Caller::new(scheme, endpoint, &self.application, &self.options, limits)?;
        Ok(Arc::new(TripleChannel::new(endpoint.clone(), pool, caller)))
    }
}

impl fmt::Debug for TripleConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripleConnect").field("options", &self.options).finish_non_exhaustive()
    }
}
