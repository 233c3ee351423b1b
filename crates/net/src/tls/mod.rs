//! TLS for both sides: certificates from PEM, one-way and mutual, replaceable while running.
//!
//! TLS 1.3 and 1.2 with rustls and aws-lc-rs; neither its types nor a way to skip verification is
//! offered. Keys never print.

mod client;
mod config;
mod pem;
mod server;

pub use client::{ClientTls, ClientTlsBuilder, TlsDial};
pub use server::{ServerTls, ServerTlsBuilder};

use std::{io, sync::Arc};

use bytes::Bytes;
use rustls::InvalidMessage;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

use crate::io::TlsPeer;
use crate::{Error, ErrorKind};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn tls_error(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::with_source(ErrorKind::Tls, what, source)
}

/// Returns true if the first bytes of the peer are not TLS.
fn begins_without_tls(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
}

fn tls_peer(
    alpn: Option<&[u8]>,
    certificates: Option<&[CertificateDer<'_>]>,
    server_name: Option<String>,
) -> TlsPeer {
    let certificates = certificates.unwrap_or_default();
    TlsPeer {
        alpn: alpn.map(<[u8]>::to_vec),
        certificates: certificates.iter().map(|c| Bytes::copy_from_slice(c)).collect(),
        server_name,
    }
}

#[cfg(test)]
mod tests {
    use dubhe_testkit::certs::Authority;
    use rustls::pki_types::ServerName;
    use rustls::{HandshakeKind, NamedGroup};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::{ClientTls, ServerTls};

    #[tokio::test]
    async fn both_sides_agree_on_a_post_quantum_key_exchange_at_once() {
        let ca = Authority::new().unwrap();
        let identity = ca.issue("localhost").unwrap();
        let server = ServerTls::builder(identity.chain, identity.key).build().unwrap();
        let client = ClientTls::builder(ca.pem()).build().unwrap();

        let (near, far) = tokio::io::duplex(64 * 1024);
        let name = ServerName::try_from("localhost").unwrap();
        let (near, far) = tokio::try_join!(
            TlsConnector::from(client.config.load()).connect(name, near),
            TlsAcceptor::from(server.config.load()).accept(far),
        )
        .unwrap();
        let group = |group: Option<&dyn rustls::crypto::SupportedKxGroup>| {
            group.map(rustls::crypto::SupportedKxGroup::name)
        };
        let (near, far) = (near.get_ref().1, far.get_ref().1);
        for agreed in [near.negotiated_key_exchange_group(), far.negotiated_key_exchange_group()] {
            assert_eq!(group(agreed), Some(NamedGroup::X25519MLKEM768));
        }
        // The client's first message has the key already; the server need not ask for it.
        assert_eq!(near.handshake_kind(), Some(HandshakeKind::Full));
    }
}
