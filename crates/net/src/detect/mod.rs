//! Several protocols on one port: accept, look at the first bytes, hand over.

mod acceptor;
mod limits;
mod sniff;

use std::{fmt, time::Duration};

pub use acceptor::Acceptor;

use crate::{
    drain::Shutdown,
    io::{BoxFuture, Io, Peer},
};

/// A protocol that can be served.
pub trait Protocol: Send + Sync + 'static {
    /// Its name, for people.
    fn name(&self) -> &str;

    /// Whether a connection that begins with `prefix` is of this protocol. Must decide within
    /// [`SNIFF`] bytes.
    fn probe(&self, prefix: &[u8]) -> Probe;

    /// Serves one connection to its end. At [`Shutdown::draining`] it tells the peer, lets what
    /// has begun end, and closes; the future is dropped when patience ends.
    fn serve(&self, io: Io, peer: Peer, shutdown: Shutdown) -> BoxFuture<'static, ()>;
}

/// What the first bytes of a connection say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// They are of this protocol.
    Yes,
    /// They are not.
    No,
    /// More bytes will tell.
    More,
}

/// How many bytes are looked at before a connection counts as unknown.
pub const SNIFF: usize = 64;

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Clear only.
    #[default]
    Off,
    /// Both on one port: a connection whose first byte is 0x16 is TLS.
    Optional,
    /// Encrypted only.
    Required,
}

/// The bounds of a listener.
#[derive(Clone)]
#[non_exhaustive]
pub struct AcceptOptions {
    /// Connections at a time. Default 10,000; above it, new ones are closed at once.
    pub max_connections: usize,
    /// Connections at a time from one IP address. Default 1,024.
    pub max_per_ip: usize,
    /// How long a peer may take for the TLS handshake, and from its first byte until its protocol
    /// is known. Default 10 s each.
    pub handshake_timeout: Duration,
    /// How long a peer may say nothing at all. Default 185 s: Dubbo consumers connect early and may
    /// not send a byte before their first heartbeat, 60 s by default; three may be late.
    pub silence_timeout: Duration,
    /// Whether connections are encrypted. Default off.
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
            handshake_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(185),
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
            .field("handshake_timeout", &self.handshake_timeout)
            .field("silence_timeout", &self.silence_timeout)
            .field("tls_mode", &self.tls_mode)
            .finish_non_exhaustive()
    }
}
