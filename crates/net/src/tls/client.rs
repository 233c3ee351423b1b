//! The connecting side.

use std::{fmt, io, path::Path, sync::Arc};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, TlsStream};

use super::{begins_without_tls, config::SharedConfig, pem, provider, tls_error, tls_peer};
use crate::{
    Error, Result,
    io::{Address, BoxFuture, ConnectionInfo, Dial, Io},
};

/// The certificates that a client trusts and, for mutual TLS, its own. Clones share them.
///
/// ```no_run
/// # mod dubhe { pub mod net { pub use dubhe_net::tls::*; } }
/// # fn run() -> dubhe_net::Result<()> {
///
/// use dubhe::net::ClientTls;
///
/// let tls = ClientTls::from_file("ca.pem")?.build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientTls {
    pub(super) config: SharedConfig<ClientConfig>,
    options: Arc<ClientTlsOptions>,
}

#[derive(Clone)]
struct ClientTlsOptions {
    roots: Roots,
    alpn: Vec<Vec<u8>>,
    server_name: Option<String>,
}

/// The certificates that are trusted.
#[derive(Clone)]
enum Roots {
    Pem(Vec<u8>),
    System(RootCertStore),
}

/// Makes a [`ClientTls`].
///
/// ```no_run
/// # mod dubhe { pub mod net { pub use dubhe_net::tls::*; } }
/// # fn run() -> dubhe_net::Result<()> {
///
/// use dubhe::net::ClientTls;
///
/// # let (chain, key) = (Vec::new(), Vec::new());
/// let tls = ClientTls::from_file("ca.pem")?.identity(chain, key).server_name("shop.example").build()?;
/// # Ok(())
/// # }
/// ```
pub struct ClientTlsBuilder {
    options: ClientTlsOptions,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl ClientTls {
    /// Begins with the certificates that are trusted to sign those of servers, in PEM.
    pub fn builder(ca: impl Into<Vec<u8>>) -> ClientTlsBuilder {
        Self::trusting(Roots::Pem(ca.into()))
    }

    /// Begins with the certificates that the system trusts, read at once: those of `SSL_CERT_FILE`
    /// and `SSL_CERT_DIR` where the environment has them, else those of the operating system.
    ///
    /// # Errors
    /// When there is none. Some that cannot be read are a warning in the log.
    pub fn system_roots() -> Result<ClientTlsBuilder> {
        pem::system_roots().map(|roots| Self::trusting(Roots::System(roots)))
    }

    fn trusting(roots: Roots) -> ClientTlsBuilder {
        let options = ClientTlsOptions { roots, alpn: Vec::new(), server_name: None };
        ClientTlsBuilder { options, identity: None }
    }

    /// Begins with a PEM file of the certificates that are trusted, read at once.
    ///
    /// # Errors
    /// When the file cannot be read, or has no certificate.
    pub fn from_file(ca: impl AsRef<Path>) -> Result<ClientTlsBuilder> {
        pem::certificates_file(ca.as_ref()).map(Self::builder)
    }

    /// Shows another certificate from the next handshake on.
    ///
    /// # Errors
    /// When it or its key is not usable; the old one stays.
    pub fn reload(&self, chain: &[u8], key: &[u8]) -> Result<()> {
        self.config.replace(self.options.config(Some((chain, key)))?);
        Ok(())
    }

    /// Returns the same configuration, which asks for these protocols by ALPN unless the builder
    /// was given others. A reload reaches it as well.
    pub fn with_default_alpn(&self, alpn: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let config = self.config.with_default_alpn(alpn.into_iter().map(Into::into).collect());
        Self { config, options: self.options.clone() }
    }

    /// A dialer that does the handshake on what `dial` opens.
    pub fn dial(&self, dial: impl Dial) -> TlsDial {
        TlsDial { tls: self.clone(), dial: Box::new(dial) }
    }

    async fn connect(
        &self,
        to: &Address,
        io: Io,
        mut peer: ConnectionInfo,
    ) -> Result<(Io, ConnectionInfo)> {
        let name = self.options.server_name.as_deref().unwrap_or(to.host());
        let server = ServerName::try_from(name.to_owned()).map_err(|e| {
            tls_error(&format!("{name:?} is not a valid server name for tls: set server_name"), e)
        })?;
        let connector = TlsConnector::from(self.config.load());
        let stream = connector.connect(server, io).await.map_err(|error| failed(to, error))?;
        let (_, session) = stream.get_ref();
        let certificates = session.peer_certificates();
        let tls = tls_peer(session.alpn_protocol(), certificates, Some(name.to_owned()));
        peer.tls = Some(Arc::new(tls));
        Ok((TlsStream::Client(stream).into(), peer))
    }
}

/// The error of a handshake.
fn failed(to: &Address, error: io::Error) -> Error {
    // A peer that refuses with an alert, or whose certificate is refused, speaks TLS.
    let is_silent = error.kind() != io::ErrorKind::InvalidData;
    let advice = if is_silent || begins_without_tls(&error) {
        "; check that the port takes tls"
    } else {
        ""
    };
    tls_error(&format!("the tls handshake with {to} failed{advice}"), error)
}

impl ClientTlsOptions {
    fn config(&self, identity: Option<(&[u8], &[u8])>) -> Result<Arc<ClientConfig>> {
        let roots = match &self.roots {
            Roots::Pem(ca) => pem::roots(ca)?,
            Roots::System(roots) => roots.clone(),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| tls_error("no tls version is usable", e))?
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let identity = pem::Identity::read(chain, key)?;
                builder
                    .with_client_auth_cert(identity.chain, identity.key)
                    .map_err(|e| tls_error("the certificate and the key do not fit", e))?
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(Arc::new(config))
    }
}

impl ClientTlsBuilder {
    /// Shows this certificate chain (leaf first) to servers that ask: mutual TLS.
    pub fn identity(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((chain.into(), key.into()));
        self
    }

    /// Expects this name in the server's certificate, in place of the host that is dialed; for a
    /// Unix socket that is `localhost`.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.options.server_name = Some(name.into());
        self
    }

    /// Asks for one of these protocols by ALPN, most preferred first.
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.options.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// When a CA, certificate or key is not usable.
    pub fn build(self) -> Result<ClientTls> {
        let identity = self.identity.as_ref().map(|(chain, key)| (&chain[..], &key[..]));
        let config = self.options.config(identity)?;
        Ok(ClientTls { config: SharedConfig::new(config), options: Arc::new(self.options) })
    }
}

/// Opens encrypted streams. The dialer inside has its own connect timeout; the handshake may take
/// ten seconds more.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::tls::{ClientTls, TlsDial}; pub use dubhe_net::Error; pub use dubhe_net::io::tcp::TcpDial; } }
/// use dubhe::net::{ClientTls, Error, TcpDial, TlsDial};
///
/// /// Encrypted connections for a client that is given its dialer, such as that of ZooKeeper.
/// fn encrypted(ca: &str) -> Result<TlsDial, Error> {
///     Ok(ClientTls::from_file(ca)?.build()?.dial(TcpDial::default()))
/// }
/// assert!(encrypted("no-such-ca.pem").is_err());
/// ```
pub struct TlsDial {
    tls: ClientTls,
    dial: Box<dyn Dial>,
}

/// The longest time for the handshake.
const HANDSHAKE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

impl Dial for TlsDial {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
        Box::pin(async move {
            let (io, peer) = self.dial.dial(to).await?;
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, self.tls.connect(to, io, peer)).await {
                Ok(connected) => connected,
                Err(_) => {
                    let what = format_args!("the tls handshake with {to}");
                    Err(Error::timeout(what, HANDSHAKE_TIMEOUT))
                }
            }
        })
    }

    fn is_encrypted(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsDial")
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("server_name", &self.options.server_name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientTlsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTlsBuilder(..)")
    }
}
