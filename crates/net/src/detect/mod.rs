//! The detection of the protocol on a port: accept, look at the first bytes, hand over.

mod acceptor;
mod limits;
mod sniff;

use std::{fmt, time::Duration};

pub use acceptor::Acceptor;

use crate::{
    drain::Shutdown,
    io::{BoxFuture, ConnectionInfo, Io, Subnet},
};

/// A protocol that can be served.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{BoxFuture, ConnectionInfo, Io}; pub use dubhe_net::detect::{Probe, Protocol}; pub use dubhe_net::drain::Shutdown; } }
/// use dubhe::net::{BoxFuture, ConnectionInfo, Io, Probe, Protocol, Shutdown};
/// use tokio::io::AsyncWriteExt as _;
///
/// /// Answers a probe of a load balancer, on the port of everything else.
/// struct Alive;
///
/// impl Protocol for Alive {
///     fn name(&self) -> &str {
///         "alive"
///     }
///
///     fn probe(&self, prefix: &[u8]) -> Probe {
///         match prefix.len() {
///             0..5 if b"ALIVE".starts_with(prefix) => Probe::More,
///             _ if prefix.starts_with(b"ALIVE") => Probe::Yes,
///             _ => Probe::No,
///         }
///     }
///
///     fn serve(&self, mut io: Io, _: ConnectionInfo, _: Shutdown) -> BoxFuture<'static, ()> {
///         Box::pin(async move { drop(io.write_all(b"YES\n").await) })
///     }
/// }
///
/// assert_eq!(Alive.probe(b"AL"), Probe::More);
/// assert_eq!(Alive.probe(b"GET /"), Probe::No);
/// ```
pub trait Protocol: Send + Sync + 'static {
    /// The name of the protocol, for people.
    fn name(&self) -> &str;

    /// Decides if a connection that begins with `prefix` is of this protocol, from at most
    /// [`MAX_SNIFF_BYTES`] bytes.
    fn probe(&self, prefix: &[u8]) -> Probe;

    /// Serves one connection to its end. At [`Shutdown::draining`] it notifies the peer, lets what
    /// has begun end, and closes; the future is dropped when patience ends.
    fn serve(&self, io: Io, peer: ConnectionInfo, shutdown: Shutdown) -> BoxFuture<'static, ()>;
}

/// The result of looking at the first bytes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// The bytes are of this protocol.
    Yes,
    /// The bytes are not of this protocol.
    No,
    /// More bytes are needed to decide.
    More,
}

/// The number of bytes that are looked at before a connection counts as unknown.
pub const MAX_SNIFF_BYTES: usize = 64;

/// The use of TLS on a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain connections only.
    #[default]
    Off,
    /// Plain and TLS connections: one whose first byte is 0x16 is TLS.
    Optional,
    /// TLS connections only.
    Required,
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        })
    }
}

/// The bounds of a listener.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::detect::AcceptOptions; } }
/// use dubhe::net::AcceptOptions;
///
/// let mut accept = AcceptOptions::default(); // `options.accept` of a server
/// accept.max_connections = 50_000;
/// accept.max_per_ip = 200;
/// accept.unlimited.push("10.0.0.0/8".parse()?); // load balancers
/// # Ok::<(), dubhe_net::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct AcceptOptions {
    /// Connections at a time. Default 10,000; above it, new ones are closed at once.
    pub max_connections: usize,
    /// Connections at a time from one IPv4 address, or one network of IPv6 addresses. Default 1,024.
    /// Those over a Unix socket have none and are bounded by `max_connections` alone.
    pub max_per_ip: usize,
    /// The bits of an IPv6 address that count for `max_per_ip`. Default 64: a host may have any
    /// address of such a network.
    pub ipv6_bits: u8,
    /// The addresses for which `max_per_ip` does not count, such as those behind which many clients
    /// stand by NAT or a proxy. Default none.
    pub unlimited: Vec<Subnet>,
    /// The longest time for the TLS handshake, and from the first byte of a peer until its protocol
    /// is known. Default 10 s each.
    pub handshake_timeout: Duration,
    /// The longest time without a first byte. Default 185 s: Dubbo consumers connect early and may
    /// not send a byte before their first heartbeat, 60 s by default; three may be late.
    pub first_byte_timeout: Duration,
    /// The use of TLS. Default off.
    pub tls_mode: TlsMode,
    /// Certificate and key, needed unless the mode is off.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::tls::ServerTls>,
}

impl Default for AcceptOptions {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_per_ip: 1024,
            ipv6_bits: 64,
            unlimited: Vec::new(),
            handshake_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(185),
            tls_mode: TlsMode::Off,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl fmt::Debug for AcceptOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptOptions")
            .field("max_connections", &self.max_connections)
            .field("max_per_ip", &self.max_per_ip)
            .field("ipv6_bits", &self.ipv6_bits)
            .field("unlimited", &self.unlimited)
            .field("handshake_timeout", &self.handshake_timeout)
            .field("first_byte_timeout", &self.first_byte_timeout)
            .field("tls_mode", &self.tls_mode)
            .finish_non_exhaustive()
    }
}
