//! TLS to the servers of a registry, as its URL says.

use std::sync::Arc;

use dubhe_core::Status;
use dubhe_net::io::Dial;

use crate::registry_url::{RegistryUrl, wrong};

/// TLS to the servers of a registry. Servers are checked by name in every case.
///
/// Every registry with TLS reads these parameters, and some read others of their own before them:
/// TLS is on with `tls=true` or any of the others. The names are those of dubbo-go's `TLSConfig`.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::TlsOptions; } }
/// use dubhe::registry::TlsOptions;
///
/// // `tls=true` alone: the certificates of the system, and none of our own.
/// let tls = TlsOptions::default();
/// assert_eq!((tls.ca, tls.identity, tls.server_name), (None, None, None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsOptions {
    /// `ca-cert-file`: the PEM file of the certificates that are trusted. Default those of the system.
    pub ca: Option<String>,
    /// `tls-cert-file` and `tls-key-file`: the PEM files of the certificate that is shown to servers
    /// that ask for one, leaf first, and its key. Default none.
    pub identity: Option<(String, String)>,
    /// `tls-server-name`: the name in the certificates of servers. Default the host of each.
    pub server_name: Option<String>,
}

/// The names of the parameters in a URL.
#[derive(Clone, Copy, Debug)]
pub struct TlsNames {
    /// The flag that turns TLS on or off.
    pub enable: &'static str,
    /// The file of trusted certificates.
    pub ca: &'static str,
    /// The file of the certificate that is shown.
    pub chain: &'static str,
    /// The file of its key.
    pub key: &'static str,
    /// The name in the certificates of servers.
    pub server_name: &'static str,
}

impl TlsNames {
    /// The names that all registries have.
    pub const SHARED: Self = Self {
        enable: "tls",
        ca: "ca-cert-file",
        chain: "tls-cert-file",
        key: "tls-key-file",
        server_name: "tls-server-name",
    };
}

impl TlsOptions {
    /// Reads the TLS of a URL, by names of its kind of registry before those that all have; `None`
    /// for connections in clear.
    ///
    /// # Errors
    /// When a certificate has no key, or TLS is turned off and has options all the same.
    pub fn read(url: &RegistryUrl, own: Option<&TlsNames>) -> Result<Option<Self>, Status> {
        let shared = Self::named(url, &TlsNames::SHARED)?;
        let Some(own) = own else { return Ok(shared.enabled()?.then_some(shared.options)) };
        let own = Self::named(url, own)?;
        let is_on = match own.enable {
            Some(_) => own.enabled()?,
            None => own.is_named() || shared.enabled()?,
        };
        let (own, shared) = (own.options, shared.options);
        Ok(is_on.then(|| Self {
            ca: own.ca.or(shared.ca),
            identity: own.identity.or(shared.identity),
            server_name: own.server_name.or(shared.server_name),
        }))
    }

    fn named(url: &RegistryUrl, names: &TlsNames) -> Result<Named, Status> {
        let text = |name| url.text(name).map(str::to_owned);
        let identity = match (text(names.chain), text(names.key)) {
            (Some(chain), Some(key)) => Some((chain, key)),
            (None, None) => None,
            _ => return Err(wrong(format!("{} and {} need one another", names.chain, names.key))),
        };
        let options = Self { ca: text(names.ca), identity, server_name: text(names.server_name) };
        let enable = match url.param(names.enable) {
            None => None,
            Some(_) => Some(url.flag(names.enable, false)?),
        };
        Ok(Named { enable, options, flag: names.enable })
    }

    /// Encrypts what `dial` opens, for a protocol of these names in ALPN.
    ///
    /// # Errors
    /// When a file cannot be read or used, or this program was built without TLS.
    #[cfg(feature = "tls")]
    pub fn dial(&self, dial: impl Dial, alpn: &[&str]) -> Result<Arc<dyn Dial>, Status> {
        use dubhe_net::tls::ClientTls;

        let read = |path: &String| {
            std::fs::read(path)
                .map_err(|error| wrong(format!("tls: cannot read {path:?}: {error}")))
        };
        let mut builder = match &self.ca {
            Some(path) => ClientTls::from_file(path).map_err(|error| unusable(&error))?,
            None => ClientTls::system_roots().map_err(|error| unusable(&error))?,
        };
        if let Some((chain, key)) = &self.identity {
            builder = builder.identity(read(chain)?, read(key)?);
        }
        if let Some(name) = &self.server_name {
            builder = builder.server_name(name);
        }
        let tls = builder.build().map_err(|error| unusable(&error))?;
        Ok(Arc::new(tls.with_default_alpn(alpn.iter().copied()).dial(dial)))
    }

    /// Says that this program was built without TLS.
    #[cfg(not(feature = "tls"))]
    pub fn dial(&self, _: impl Dial, _: &[&str]) -> Result<Arc<dyn Dial>, Status> {
        let why = "tls: this program was built without it; enable the feature \"tls\" of the crate \
                   `dubhe`";
        Err(wrong(why))
    }
}

/// The error of a file, with all of its reasons.
#[cfg(feature = "tls")]
fn unusable(error: &dubhe_net::Error) -> Status {
    let mut why = format!("tls: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        why = format!("{why}: {error}");
        source = error.source();
    }
    wrong(why)
}

/// The options of one set of names.
struct Named {
    enable: Option<bool>,
    options: TlsOptions,
    flag: &'static str,
}

impl Named {
    fn is_named(&self) -> bool {
        self.options != TlsOptions::default()
    }

    fn enabled(&self) -> Result<bool, Status> {
        match (self.enable, self.is_named()) {
            // Lest somebody take a plain connection for an encrypted one.
            (Some(false), true) => {
                Err(wrong(format!("{}=false, but there are other parameters of TLS", self.flag)))
            }
            (enable, named) => Ok(enable.unwrap_or(named)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: TlsNames = TlsNames {
        enable: "ssl",
        ca: "ssl.ca",
        chain: "ssl.cert",
        key: "ssl.key",
        server_name: "ssl.server.name",
    };

    fn read(query: &str) -> Result<Option<TlsOptions>, Status> {
        let url = RegistryUrl::parse(&format!("registry://h?{query}"), "registry").unwrap();
        TlsOptions::read(&url, Some(&OWN))
    }

    #[test]
    fn own_names_go_before_those_that_all_have() {
        let all = TlsOptions {
            ca: Some("/ca".into()),
            identity: Some(("/c".into(), "/k".into())),
            server_name: Some("n".into()),
        };
        for query in [
            "ca-cert-file=/ca&tls-cert-file=/c&tls-key-file=/k&tls-server-name=n",
            "ssl=true&ssl.ca=/ca&ssl.cert=/c&ssl.key=/k&ssl.server.name=n",
            "ssl.ca=/ca&ssl.cert=/c&ssl.key=/k&tls-server-name=n&ca-cert-file=/other",
        ] {
            assert_eq!(read(query).unwrap(), Some(all.clone()), "{query}");
        }
        for query in
            ["", "tls=false", "ssl=false", "ssl=false&ca-cert-file=/ca", "ssl=false&tls=true"]
        {
            assert_eq!(read(query).unwrap(), None, "{query}");
        }
        for query in ["tls=true", "ssl=true", "ssl=true&tls=false"] {
            assert_eq!(read(query).unwrap(), Some(TlsOptions::default()), "{query}");
        }
    }

    #[test]
    fn what_cannot_work_is_said() {
        for (query, named) in [
            ("tls-cert-file=/c", "tls-key-file"),
            ("ssl=true&ssl.key=/k", "ssl.cert and ssl.key"),
            ("tls=false&ca-cert-file=/c", "tls=false"),
            ("ssl=false&ssl.ca=/c", "ssl=false"),
            ("ssl=yes", "ssl"),
            ("tls=yes", "tls"),
        ] {
            let error = read(query).unwrap_err();
            assert!(error.message().contains(named), "{query}: {error}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        use dubhe_net::io::tcp::TcpDial;

        let at = |ca: &str| TlsOptions { ca: Some(ca.into()), ..TlsOptions::default() };
        for ca in ["/no/such/file", env!("CARGO_MANIFEST_DIR")] {
            let Err(error) = at(ca).dial(TcpDial::default(), &[]) else { panic!("{ca} is used") };
            assert!(error.message().contains(ca), "{error}");
        }
    }
}
