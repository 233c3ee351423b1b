//! Channels to HTTP servers.

use std::fmt;
use std::sync::Arc;

use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::{Endpoint, Status};
use dubhe_net::io::tcp::TcpOptions;
use dubhe_net::io::{Address, ClientTransport, Dial};
use dubhe_net::pool::Backoff;
#[cfg(feature = "tls")]
use dubhe_net::tls::ClientTls;

use crate::channel::HttpChannel;
use crate::options::HttpOptions;
use crate::pool::{Pool, PoolParts};

/// Opens channels to endpoints of the protocol `http`, or with TLS of `https`.
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_core::connect::Connect; pub use dubhe_http::{HttpConnect, HttpOptions}; } }
/// use dubhe::connect::{Connect as _, HttpConnect, HttpOptions};
///
/// let http = HttpConnect::new(HttpOptions::default());
/// assert_eq!(http.protocol(), "http");
/// ```
#[derive(Clone)]
pub struct HttpConnect {
    protocol: &'static str,
    options: HttpOptions,
    transport: ClientTransport,
    backoff: Backoff,
    random: Arc<dyn RandomSource>,
}

impl HttpConnect {
    /// Connections over plaintext TCP and Unix sockets.
    pub fn new(options: HttpOptions) -> Self {
        Self {
            protocol: "http",
            options,
            transport: ClientTransport::default(),
            backoff: Backoff::default(),
            random: Arc::new(SplitMix::from_os()),
        }
    }

    /// The same for endpoints of the protocol `https`. Offers `http/1.1` by ALPN unless `tls` offers
    /// something else.
    #[cfg(feature = "tls")]
    pub fn https(mut self, tls: &ClientTls) -> Self {
        self.protocol = "https";
        self.transport = ClientTransport::Tls(tls.with_default_alpn(["http/1.1"]));
        self
    }

    /// The same over another transport, whose own matter the connect timeout is.
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
}

impl Connect for HttpConnect {
    fn protocol(&self) -> &str {
        self.protocol
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint)
    }

    /// Makes the channel. To be called within a tokio runtime.
    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let mut tcp = TcpOptions::default();
        tcp.connect_timeout = self.options.connect_timeout;
        let (_, host, port) = endpoint.identity();
        let pool = Pool::new(PoolParts {
            address: Address::new(host, port),
            dial: self.transport.dial(tcp),
            options: self.options.clone(),
            backoff: self.backoff,
            random: self.random.clone(),
        });
        // Endpoints own channels, so this one must not own the state of the endpoint.
        Ok(Arc::new(HttpChannel::new(endpoint.detached(), pool, self.options.clone())))
    }
}

impl fmt::Debug for HttpConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnect")
            .field("protocol", &self.protocol)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
