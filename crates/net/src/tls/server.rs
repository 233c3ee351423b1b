//! The accepting side.

use std::{fmt, io, path::Path, sync::Arc};

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::{TlsAcceptor, TlsStream};

use super::{begins_without_tls, config::SharedConfig, pem, provider, tls_error, tls_peer};
use crate::{
    Error, ErrorKind, Result,
    io::{ConnectionInfo, Io, SockAddr},
};

/// Certificate and key of a server, and the clients that it lets in. Clones share them, so that a
/// reload reaches every listener; connections that stand are not touched.
///
/// ```no_run
/// # mod dubhe { pub mod net { pub use dubhe_net::tls::*; } }
/// # fn run() -> dubhe_net::Result<()> {
///
/// use dubhe::net::ServerTls;
///
/// let tls = ServerTls::from_files("server.pem", "server.key")?.build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServerTls {
    pub(super) config: SharedConfig<ServerConfig>,
    options: Arc<ServerTlsOptions>,
}

#[derive(Clone, Default)]
struct ServerTlsOptions {
    alpn: Vec<Vec<u8>>,
    client_ca: Option<Vec<u8>>,
    optional: bool,
}

/// Makes a [`ServerTls`].
///
/// ```no_run
/// # mod dubhe { pub mod net { pub use dubhe_net::tls::*; } }
/// # fn run() -> dubhe_net::Result<()> {
///
/// use dubhe::net::ServerTls;
///
/// # let ca = Vec::new();
/// // Lets in clients with a certificate of this authority alone:
/// let tls = ServerTls::from_files("server.pem", "server.key")?.client_ca(ca).build()?;
/// # Ok(())
/// # }
/// ```
pub struct ServerTlsBuilder {
    chain: Vec<u8>,
    key: Vec<u8>,
    options: ServerTlsOptions,
}

impl ServerTls {
    /// Begins with a certificate chain (leaf first) and its key, both in PEM.
    pub fn builder(chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> ServerTlsBuilder {
        ServerTlsBuilder {
            chain: chain.into(),
            key: key.into(),
            options: ServerTlsOptions::default(),
        }
    }

    /// Begins with PEM files of a certificate chain (leaf first) and of its key, read at once.
    ///
    /// # Errors
    /// When a file cannot be read, or has no certificate or no key.
    pub fn from_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<ServerTlsBuilder> {
        Ok(Self::builder(pem::certificates_file(chain.as_ref())?, pem::key_file(key.as_ref())?))
    }

    /// Uses another certificate and key from the next handshake on.
    ///
    /// # Errors
    /// When they are not usable; the old ones stay.
    pub fn reload(&self, chain: &[u8], key: &[u8]) -> Result<()> {
        self.config.replace(self.options.config(chain, key)?);
        Ok(())
    }

    /// Returns the same configuration, which offers these protocols by ALPN unless the builder was
    /// given others. A reload reaches it as well.
    pub fn with_default_alpn(&self, alpn: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let config = self.config.with_default_alpn(alpn.into_iter().map(Into::into).collect());
        Self { config, options: self.options.clone() }
    }

    /// Does the handshake.
    pub(crate) async fn accept(
        &self,
        io: Io,
        mut peer: ConnectionInfo,
    ) -> Result<(Io, ConnectionInfo)> {
        let acceptor = TlsAcceptor::from(self.config.load());
        let stream = acceptor.accept(io).await.map_err(|error| failed(&peer.remote, error))?;
        let (_, session) = stream.get_ref();
        let name = session.server_name().map(str::to_owned);
        let tls = tls_peer(session.alpn_protocol(), session.peer_certificates(), name);
        peer.tls = Some(Arc::new(tls));
        Ok((TlsStream::Server(stream).into(), peer))
    }
}

/// The error of a handshake: of TLS when one side refuses the other, of the transport when the peer
/// leaves without a word, as those do that only test whether a port is open.
fn failed(remote: &SockAddr, error: io::Error) -> Error {
    if begins_without_tls(&error) {
        let message = "the peer begins without tls, which is required here; call with it, or take \
                       both by TlsMode::Optional";
        return Error::new(ErrorKind::Tls, message);
    }
    let what = format!("the tls handshake with {remote} failed");
    match error.kind() {
        io::ErrorKind::InvalidData => tls_error(&what, error),
        _ => Error::io(what, error),
    }
}

impl ServerTlsOptions {
    fn config(&self, chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>> {
        let identity = pem::Identity::read(chain, key)?;
        let versions = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| tls_error("no tls version is usable", e))?;
        let verified = match &self.client_ca {
            None => versions.with_no_client_auth(),
            Some(ca) => {
                let roots = Arc::new(pem::roots(ca)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let verifier =
                    if self.optional { verifier.allow_unauthenticated() } else { verifier };
                let verifier = verifier
                    .build()
                    .map_err(|e| tls_error("the ca of clients is not usable", e))?;
                versions.with_client_cert_verifier(verifier)
            }
        };
        let mut config = verified
            .with_single_cert(identity.chain, identity.key)
            .map_err(|e| tls_error("the certificate and the key do not fit", e))?;
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(Arc::new(config))
    }
}

impl ServerTlsBuilder {
    /// Requires clients to have a certificate that one of these signed (PEM): mutual TLS.
    pub fn client_ca(mut self, ca: impl Into<Vec<u8>>) -> Self {
        self.options.client_ca = Some(ca.into());
        self
    }

    /// Accepts clients without a certificate as well, beside those that
    /// [`client_ca`](Self::client_ca) allows.
    pub fn client_optional(mut self) -> Self {
        self.options.optional = true;
        self
    }

    /// Offers these protocols by ALPN, most preferred first. Without any, ALPN is not used.
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.options.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// When certificate, key or CA is not usable, or they do not fit each other.
    pub fn build(self) -> Result<ServerTls, Error> {
        let config = self.options.config(&self.chain, &self.key)?;
        Ok(ServerTls { config: SharedConfig::new(config), options: Arc::new(self.options) })
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("mutual", &self.options.client_ca.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerTlsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTlsBuilder(..)")
    }
}
