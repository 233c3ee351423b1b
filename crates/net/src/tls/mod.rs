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

use std::sync::Arc;

use bytes::Bytes;
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
