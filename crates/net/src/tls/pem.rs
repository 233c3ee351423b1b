//! Certificates and keys in PEM.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::tls_error;
use crate::{Error, ErrorKind, Result};

/// A certificate chain and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a chain (leaf first) and a key (PKCS#8, PKCS#1 or SEC 1).
    pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<Self> {
        Ok(Self { chain: certificates(chain)?, key: private_key(key)? })
    }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        tls_error("the pem has no private key: it must hold BEGIN PRIVATE KEY", error)
    })
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|e| tls_error("the certificates are not pem", e))?;
    if all.is_empty() {
        let message = "the pem has no certificate: it must hold BEGIN CERTIFICATE";
        return Err(Error::new(ErrorKind::Tls, message));
    }
    Ok(all)
}

/// Reads a PEM file of certificates.
pub(super) fn certificates_file(path: &Path) -> Result<Vec<u8>> {
    file(path, |pem| certificates(pem).map(drop))
}

/// Reads a PEM file of a private key.
pub(super) fn key_file(path: &Path) -> Result<Vec<u8>> {
    file(path, |pem| private_key(pem).map(drop))
}

/// Reads a file whose content `check` accepts; an error names the file.
fn file(path: &Path, check: impl FnOnce(&[u8]) -> Result<()>) -> Result<Vec<u8>> {
    let of = |what| format!("cannot {what} the pem file {}", path.display());
    let pem = std::fs::read(path).map_err(|error| tls_error(&of("read"), error))?;
    check(&pem).map_err(|error| tls_error(&of("use"), error))?;
    Ok(pem)
}

/// Reads the certificates that are trusted to sign others.
pub(super) fn roots(pem: &[u8]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots
            .add(certificate)
            .map_err(|e| tls_error("a certificate of the ca is not usable", e))?;
    }
    Ok(roots)
}

/// Reads the certificates that the system trusts.
pub(super) fn system_roots() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    if let Some(error) = found.errors.first() {
        let count = found.errors.len();
        tracing::warn!(%error, count, "cannot read certificates that the system trusts");
    }
    if unusable > 0 {
        tracing::debug!(unusable, "certificates that the system trusts are not usable");
    }
    if roots.is_empty() {
        let message = "the system trusts no certificate: install its ca-certificates, set \
                       SSL_CERT_FILE, or give ClientTls::builder a ca";
        return Err(Error::new(ErrorKind::Tls, message));
    }
    Ok(roots)
}
