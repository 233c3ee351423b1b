//! Addresses of sockets.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use crate::percent;
use crate::printable::Printable;

/// The address of one end of a connection, or of a listener. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SockAddr {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A Unix domain socket, and its path when it is bound to one: those that connect seldom are.
    Unix(Option<Arc<Path>>),
}

impl SockAddr {
    /// The IP address; `None` of a Unix socket.
    pub fn ip(&self) -> Option<IpAddr> {
        self.as_socket_addr().map(|addr| addr.ip())
    }

    /// The IP address and the port; `None` of a Unix socket.
    pub fn as_socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            Self::Unix(_) => None,
        }
    }

    /// Returns `true` for a Unix socket, with a path or without.
    pub fn is_unix(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// The path of a Unix socket that is bound to one.
    pub fn unix_path(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => path.as_deref(),
            Self::Ip(_) => None,
        }
    }
}

impl SockAddr {
    /// The URL of what speaks `protocol` here, as an endpoint prints it: `dubbo://127.0.0.1:20880`,
    /// `dubbo+unix:///run/shop.sock` or, without a path, `dubbo+unix:`.
    pub fn url(&self, protocol: &str) -> impl fmt::Display {
        fmt::from_fn(move |f| match self {
            Self::Ip(addr) => write!(f, "{protocol}://{addr}"),
            Self::Unix(path) => {
                let path = path.as_deref().map(Path::to_string_lossy);
                write_unix(f, protocol, path.as_deref().unwrap_or_default())
            }
        })
    }
}

impl From<SocketAddr> for SockAddr {
    fn from(addr: SocketAddr) -> Self {
        Self::Ip(addr)
    }
}

/// Prints `127.0.0.1:20880`, `[::1]:20880`, `unix:/run/shop.sock` or, without a path, `unix`.
impl fmt::Display for SockAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self {
            Self::Ip(addr) => return addr.fmt(f),
            Self::Unix(None) => return f.pad("unix"),
            Self::Unix(Some(path)) => path,
        };
        // A peer chooses its path.
        write!(f, "unix:{}", Printable(path.display()))
    }
}

impl fmt::Debug for SockAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The path in a host that names a Unix socket, `unix:PATH`; `None` of a host name and of an IP
/// address.
pub fn unix_path(host: &str) -> Option<&str> {
    host.strip_prefix("unix:")
}

/// Writes the URL of a Unix socket, as far as the query.
pub(crate) fn write_unix(f: &mut fmt::Formatter<'_>, protocol: &str, path: &str) -> fmt::Result {
    write!(f, "{protocol}+unix:{}", if path.starts_with('/') { "//" } else { "" })?;
    for (i, name) in path.split('/').enumerate() {
        f.write_str(if i == 0 { "" } else { "/" })?;
        percent::encode(f, name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_prints_and_answers() {
        let tcp: SocketAddr = "[::1]:20880".parse().unwrap();
        let (ip, unnamed) = (SockAddr::from(tcp), SockAddr::Unix(None));
        let path = Path::new("/run/shop.sock");
        let bound = SockAddr::Unix(Some(path.into()));
        assert_eq!(
            [&ip, &unnamed, &bound].map(ToString::to_string),
            ["[::1]:20880", "unix", "unix:/run/shop.sock"]
        );
        assert_eq!(
            [&ip, &unnamed, &bound].map(|addr| addr.url("dubbo").to_string()),
            ["dubbo://[::1]:20880", "dubbo+unix:", "dubbo+unix:///run/shop.sock"]
        );
        assert_eq!((ip.ip(), ip.as_socket_addr()), (Some(tcp.ip()), Some(tcp)));
        assert_eq!((bound.ip(), bound.unix_path()), (None, Some(path)));
        assert!(bound.is_unix() && unnamed.is_unix() && !ip.is_unix());
    }

    #[test]
    fn a_path_begins_no_line() {
        let path = Path::new("/tmp/a\nb");
        assert_eq!(SockAddr::Unix(Some(path.into())).to_string(), "unix:/tmp/a\\nb");
    }
}
