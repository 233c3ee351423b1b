//! Certificates made on the spot.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, IsCa, KeyPair};

/// A certificate authority of its own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, both in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The chain, leaf first.
    pub chain: String,
    /// The key, PKCS#8.
    pub key: String,
}

impl Authority {
    /// A new authority, which nobody else trusts.
    ///
    /// # Errors
    /// When no key could be made.
    pub fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Unlike that of any it issues: OpenSSL takes a certificate of its issuer's name for a self-signed one.
        params.distinguished_name.push(DnType::CommonName, "test authority");
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    /// The authority's certificate in PEM: give it to whoever shall trust it.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a host name or IP address, for servers and clients alike.
    ///
    /// # Errors
    /// When `name` is neither.
    pub fn issue(&self, name: &str) -> Result<Identity, Error> {
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new([name.to_owned()])?.signed_by(&key, &self.issuer)?;
        Ok(Identity { chain: leaf.pem(), key: key.serialize_pem() })
    }
}
