//! Addresses to dial, as registries and users name endpoints.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::Path,
    str::FromStr,
    sync::Arc,
};

use dubhe_core::SockAddr;
use dubhe_core::printable::Printable;
use dubhe_core::sock_addr::unix_path;

use crate::{Error, ErrorKind};

/// A host (name or IP address) and a port, or the path of a Unix socket. Cheap to clone; prints as
/// `host:port`, with brackets around an IPv6 address, or as `unix:path`.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Address; } }
/// use dubhe::net::Address;
///
/// let address: Address = "[::1]:20880".parse()?;
/// assert_eq!((address.host(), address.port()), ("::1", 20880));
/// // Names are resolved when a connection is opened.
/// assert_eq!(Address::new("zk1.example.org", 2181).as_socket_addr(), None);
/// # Ok::<(), dubhe_net::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Target);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Target {
    Host { host: Arc<str>, port: u16 },
    Unix(Arc<Path>),
}

impl Address {
    /// An address from its parts; an IPv6 host is given without brackets. The host `unix:path`
    /// is that of an endpoint behind a Unix socket, whose port means nothing.
    pub fn new(host: impl Into<Arc<str>>, port: u16) -> Self {
        let host = host.into();
        match unix_path(&host) {
            Some(path) => Self::unix(Path::new(path)),
            None => Self(Target::Host { host, port }),
        }
    }

    /// The address of the Unix socket at `path`.
    pub fn unix(path: impl Into<Arc<Path>>) -> Self {
        Self(Target::Unix(path.into()))
    }

    /// The host, without brackets; `localhost` of a Unix socket.
    pub fn host(&self) -> &str {
        match &self.0 {
            Target::Host { host, .. } => host,
            Target::Unix(_) => "localhost",
        }
    }

    /// The port; 0 of a Unix socket.
    pub fn port(&self) -> u16 {
        match self.0 {
            Target::Host { port, .. } => port,
            Target::Unix(_) => 0,
        }
    }

    /// The path of a Unix socket.
    pub fn unix_path(&self) -> Option<&Arc<Path>> {
        match &self.0 {
            Target::Unix(path) => Some(path),
            Target::Host { .. } => None,
        }
    }

    /// The socket address, when the host is an IP address and needs no look-up.
    pub fn as_socket_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Target::Host { host, port } => {
                host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, *port))
            }
            Target::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::new(addr.ip().to_string(), addr.port())
    }
}

/// The address by which a listener is reached.
impl TryFrom<SockAddr> for Address {
    type Error = Error;

    /// Fails for a Unix socket that is bound to no path.
    fn try_from(addr: SockAddr) -> Result<Self, Error> {
        match addr {
            SockAddr::Ip(addr) => Ok(addr.into()),
            SockAddr::Unix(Some(path)) => Ok(Self::unix(path)),
            SockAddr::Unix(None) => {
                let message = "a Unix socket that is bound to no path cannot be dialed";
                Err(Error::new(ErrorKind::Config, message))
            }
        }
    }
}

/// Reads `host:port`, and a Unix socket as gRPC writes it: `unix:///path` and `unix:/path`, or
/// `unix:path` relative to the working directory.
impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |write: &str| {
            let message = format!("\"{text}\" is not an address: write {write}");
            Error::new(ErrorKind::Config, message)
        };
        if let Some(path) = unix_path(text) {
            let path = match path.strip_prefix("//") {
                Some(path) if path.starts_with('/') => path,
                Some(_) => "",
                None => path,
            };
            if path.is_empty() {
                return Err(wrong("unix:/path or unix:///path"));
            }
            return Ok(Self::unix(Path::new(path)));
        }
        let wrong = || wrong("host:port, with brackets around IPv6");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let host = rest.strip_suffix(']').ok_or_else(wrong)?;
                host.parse::<Ipv6Addr>().map_err(|_| wrong())?;
                host
            }
            None if host.is_empty() || host.contains([':', '[', ']', '/', ' ']) => {
                return Err(wrong());
            }
            None => host,
        };
        Ok(Self::new(host, port))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Host { host, port } => {
                let host = Printable(host);
                if self.host().contains(':') {
                    write!(f, "[{host}]:{port}")
                } else {
                    write!(f, "{host}:{port}")
                }
            }
            Target::Unix(path) => write!(f, "unix:{}", Printable(path.display())),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_the_three_shapes() {
        for (text, host, port) in [
            ("127.0.0.1:20880", "127.0.0.1", 20880),
            ("[::1]:1", "::1", 1),
            ("provider.shop.svc:50051", "provider.shop.svc", 50051),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address, Address::new(host, port));
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn reads_a_unix_socket_as_grpc_writes_it() {
        for (text, path) in [
            ("unix:/run/shop.sock", "/run/shop.sock"),
            ("unix:///run/shop.sock", "/run/shop.sock"),
            ("unix:shop.sock", "shop.sock"),
            ("unix:20880", "20880"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.unix_path().map(|path| &**path), Some(Path::new(path)), "{text}");
            assert_eq!(address.to_string(), format!("unix:{path}"));
            assert_eq!(address, Address::new(format!("unix:{path}"), 0));
            assert_eq!((address.host(), address.port()), ("localhost", 0));
            assert_eq!(address.as_socket_addr(), None);
            let bound = SockAddr::Unix(Some(Path::new(path).into()));
            assert_eq!(Address::try_from(bound).unwrap(), address);
        }
        let error = Address::try_from(SockAddr::Unix(None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        for text in ["unix:", "unix://", "unix://run/shop.sock"] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.to_string().contains("unix:///path"), "{error}");
        }
    }

    #[test]
    fn refuses_what_names_no_endpoint() {
        for text in ["", "host", ":80", "::1:80", "[::1:80", "[host]:80", "host:65536", "a/b:80"] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        }
    }
}
