//! Channels to providers that speak Triple or gRPC.

mod call;
mod channel;
mod connection;
mod reply;
mod request;

use std::fmt;
use std::sync::Arc;

use dubhe_core::connect::{Channel, Connect};
use dubhe_core::random::{Random, SplitMix};
use dubhe_core::{Code, Endpoint, Status};
use dubhe_net::io::tcp::{TcpDial, TcpOptions};
use dubhe_net::io::{Address, Dial};
use dubhe_net::pool::{Backoff, Pool, PoolOptions};
use dubhe_net::tls::ClientTls;

use crate::settings::Settings;
use channel::TripleChannel;
use connection::Connector;

/// Opens channels to `tri` endpoints.
///
/// A method without Java descriptor exchanges its messages as they are (protobuf); one with a
/// descriptor is called in Triple's wrapper mode. An endpoint's parameter `connections` says how
/// many connections there are to its address, 1 by default; a call takes the one with the fewest
/// streams.
pub struct TripleConnect {
    protocol: &'static str,
    settings: Settings,
    dial: Arc<dyn Dial>,
    scheme: &'static str,
    backoff: Backoff,
    random: Arc<dyn Random>,
}

impl TripleConnect {
    /// Connections over clear TCP, by prior knowledge, with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            protocol: "tri",
            settings,
            dial: Arc::new(TcpDial::new(TcpOptions::default())),
            scheme: "http",
            backoff: Backoff::default(),
            random: Arc::new(SplitMix::from_os()),
        }
    }

    /// The same for endpoints of the protocol `grpc`.
    pub fn grpc(mut self) -> Self {
        self.protocol = "grpc";
        self
    }

    /// The same, encrypted; `tls` offers `h2` by ALPN where its builder was told so.
    pub fn tls(mut self, tls: &ClientTls, tcp: TcpOptions) -> Self {
        self.dial = Arc::new(tls.dial(TcpDial::new(tcp)));
        self.scheme = "https";
        self
    }

    /// The same over another transport.
    pub fn dial(mut self, dial: Arc<dyn Dial>) -> Self {
        self.dial = dial;
        self
    }

    /// The same with other pauses between attempts to connect.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The same with another source of randomness for those pauses.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }
}

impl Connect for TripleConnect {
    fn protocol(&self) -> &str {
        self.protocol
    }

    /// Must be called within a tokio runtime.
    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let mut options = PoolOptions::default();
        options.backoff = self.backoff;
        if let Some(text) = endpoint.service().get("connections") {
            options.connections = text.trim().parse().map_err(|_| {
                let why = format!("cannot use {endpoint}: connections={text:?} is no number");
                Status::new(Code::InvalidArgument, why)
            })?;
        }
        let (_, host, port) = endpoint.identity();
        let connector = Connector {
            address: Address::new(host, port),
            dial: self.dial.clone(),
            settings: self.settings.clone(),
        };
        let pool = Pool::new(connector, options, self.random.clone());
        let origin = format!("{}://{}", self.scheme, endpoint.address());
        let limit = self.settings.max_message;
        Ok(Arc::new(TripleChannel::new(endpoint.clone(), pool, origin, limit)))
    }
}

impl fmt::Debug for TripleConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripleConnect").field("settings", &self.settings).finish_non_exhaustive()
    }
}
