//! Dialing whatever an address names.

use std::fmt;
use std::sync::Arc;

use super::tcp::{TcpDial, TcpOptions};
use super::unix::{UnixDial, UnixOptions};
use super::{Address, BoxFuture, ConnectionInfo, Dial, Io};
use crate::Result;
#[cfg(feature = "tls")]
use crate::tls::ClientTls;

/// The transport under the connections of a client.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ClientTransport {
    /// TCP and Unix sockets.
    #[default]
    Plaintext,
    /// TLS over those.
    #[cfg(feature = "tls")]
    Tls(ClientTls),
    /// Another one, of which connect timeout and TLS are its own matter.
    Custom(Arc<dyn Dial>),
}

impl ClientTransport {
    /// The dialer, with these options where it opens TCP connections.
    pub fn dial(&self, tcp: TcpOptions) -> Arc<dyn Dial> {
        match self {
            Self::Plaintext => Arc::new(SocketDial::new(tcp)),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => Arc::new(tls.dial(SocketDial::new(tcp))),
            Self::Custom(dial) => dial.clone(),
        }
    }
}

impl fmt::Debug for ClientTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plaintext => "ClientTransport(plaintext)",
            #[cfg(feature = "tls")]
            Self::Tls(_) => "ClientTransport(tls)",
            Self::Custom(_) => "ClientTransport(custom)",
        })
    }
}

/// Opens connections over TCP, and those to Unix sockets for addresses that name one.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{Dial, SocketDial}; pub use dubhe_net::io::tcp::TcpOptions; } }
/// use std::sync::Arc;
/// use dubhe::net::{Dial, SocketDial, TcpOptions};
///
/// // TCP and Unix sockets, whichever the address names; for `DubboConnect::dial` and others.
/// let mut tcp = TcpOptions::default();
/// tcp.connect_timeout = std::time::Duration::from_secs(1);
/// let dial: Arc<dyn Dial> = Arc::new(SocketDial::new(tcp));
/// # let _ = dial;
/// ```
#[derive(Debug, Clone, Default)]
pub struct SocketDial {
    tcp: TcpDial,
    unix: UnixDial,
}

impl SocketDial {
    /// A dialer with the given options; the connect timeout holds for Unix sockets too.
    pub fn new(tcp: TcpOptions) -> Self {
        let unix = UnixOptions { connect_timeout: tcp.connect_timeout, ..UnixOptions::default() };
        Self { tcp: TcpDial::new(tcp), unix: UnixDial::new(unix) }
    }
}

impl Dial for SocketDial {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
        match to.unix_path() {
            Some(_) => self.unix.dial(to),
            None => self.tcp.dial(to),
        }
    }
}
