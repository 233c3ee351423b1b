//! The two ends of a connection.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use dubhe_core::SockAddr;

/// Both ends of a connection and, over TLS, what the handshake established. Cheap to clone.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::ConnectionInfo; } }
/// use std::net::SocketAddr;
/// use dubhe::net::ConnectionInfo;
///
/// let remote: SocketAddr = "10.0.0.9:51000".parse()?;
/// let local: SocketAddr = "10.0.0.7:20880".parse()?;
/// // What a listener of your own says of a connection without TLS:
/// let info = ConnectionInfo::clear(remote, local);
/// assert!(info.tls.is_none());
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// The address of the other end.
    pub remote: SockAddr,
    /// The address of this end.
    pub local: SockAddr,
    /// The result of the TLS handshake; `None` without TLS.
    pub tls: Option<Arc<TlsPeer>>,
}

impl ConnectionInfo {
    /// The facts of a connection without TLS.
    pub fn clear(remote: impl Into<SockAddr>, local: impl Into<SockAddr>) -> Self {
        Self { remote: remote.into(), local: local.into(), tls: None }
    }
}

/// The result of a TLS handshake.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{ConnectionInfo, TlsPeer}; } }
/// use dubhe::net::{ConnectionInfo, TlsPeer};
///
/// /// Says of a connection which protocol was negotiated, and if the peer showed a certificate.
/// fn describe(info: &ConnectionInfo) -> String {
///     let Some(tls) = info.tls.as_deref() else { return "clear".to_owned() };
///     let TlsPeer { alpn, certificates, .. } = tls;
///     let alpn = alpn.as_deref().map(String::from_utf8_lossy);
///     format!("tls, {}, {} certificates", alpn.as_deref().unwrap_or("no alpn"), certificates.len())
/// }
/// # let addr: std::net::SocketAddr = "10.0.0.9:51000".parse().unwrap();
/// # assert_eq!(describe(&ConnectionInfo::clear(addr, addr)), "clear");
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TlsPeer {
    /// The protocol agreed on by ALPN, for example `h2`.
    pub alpn: Option<Vec<u8>>,
    /// The peer's verified certificates in DER, leaf first; empty when it sent none.
    pub certificates: Vec<Bytes>,
    /// The name the client asked for (SNI), on either side.
    pub server_name: Option<String>,
}

impl fmt::Debug for TlsPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsPeer")
            .field("alpn", &self.alpn.as_deref().map(String::from_utf8_lossy))
            .field("certificates", &self.certificates.len())
            .field("server_name", &self.server_name)
            .finish()
    }
}
