//! The URL of an etcd registry.

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::time::Duration;
use dubhe_net::io::Address;
use dubhe_registry::TlsOptions;
use dubhe_registry::registry_url::{RegistryUrl, wrong};

use crate::client::Credentials;

/// etcd's port for clients.
const DEFAULT_PORT: u16 = 2379;

/// The options of a URL `etcd://[user:password@]host[:2379][,host…][?parameters]`, or `etcdv3://` as
/// dubbo-go has it; the parameters are Dubbo's, and those of TLS dubbo-go's.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_etcd::EtcdOptions; } }
/// use std::time::Duration;
/// use dubhe::registry::EtcdOptions;
///
/// let options = EtcdOptions::parse("etcd://10.0.0.1,10.0.0.2:2380?session=30000")?;
/// assert_eq!(options.servers.len(), 2);
/// assert_eq!(options.servers[0].port(), 2379);
/// assert_eq!(options.session_timeout, Duration::from_secs(30));
/// assert_eq!(options.root, "/dubbo");
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EtcdOptions {
    /// The servers: the URL's own and those of `backup`, separated by commas.
    pub servers: Vec<Address>,
    /// The prefix of all keys but those of instances, `/dubbo` unless `group` says otherwise. Consumers
    /// of dubbo-go look below `/dubbo` alone.
    pub root: String,
    /// User and password, from `user:password@` or `username` and `password`.
    pub credentials: Option<Credentials>,
    /// `session` in milliseconds: the time to live of the lease, for which keys outlive a provider that is
    /// gone. It is rounded up to seconds; etcd may grant more. Default 60 s.
    pub session_timeout: Duration,
    /// `timeout` in milliseconds: the longest time that registering waits for etcd. Default 30 s.
    pub timeout: Duration,
    /// `retry.period` in milliseconds: the longest pause before etcd is asked again after a failure, of
    /// which a random part is waited. Default, and most, 10 s and a quarter of the session.
    pub max_pause: Duration,
    /// `max.frame` in bytes: the largest message that is read, and the most that the keys and values of one
    /// subscription may have together. Default 16 MiB, some 30,000 providers.
    pub max_frame: usize,
    /// `check`: whether registering fails when that takes longer. Default true; without it, registering
    /// goes on in the background.
    pub check: bool,
    /// `register`: whether anything is written there; without it, this registry is only for finding
    /// providers. Default true.
    pub register: bool,
    /// `dynamic`: whether keys of providers go with our lease, unless the service has a word of its own.
    /// Default true.
    pub dynamic: bool,
    /// `application`: the name that consumers register under.
    pub application: ByteString,
    /// TLS, by the parameters of [`TlsOptions`]. Default none.
    pub tls: Option<TlsOptions>,
}

impl EtcdOptions {
    /// Reads the URL of a registry.
    ///
    /// # Errors
    /// When it has no host, or a parameter that cannot be what it should be.
    pub fn parse(url: &str) -> Result<Self, Status> {
        let url = RegistryUrl::parse(url, "etcd")?;
        let protocol = &*url.url().protocol;
        if !matches!(protocol, "etcd" | "etcd3" | "etcdv3") {
            return Err(wrong(format!("{protocol}:// is not etcd://, etcd3:// or etcdv3://")));
        }
        url.warn_of_unknown(&["max.frame"]);
        let max_frame = url.number("max.frame", "bytes", 16 * 1024 * 1024)?;
        Ok(Self {
            servers: url.servers(DEFAULT_PORT, |host, port| Address::new(host, port))?,
            root: url.path("group", "dubbo")?,
            credentials: url.credentials().map(|(user, password)| Credentials { user, password }),
            session_timeout: url.time("session", 60_000)?,
            timeout: url.time("timeout", 30_000)?,
            max_pause: url.time("retry.period", 10_000)?,
            max_frame: usize::try_from(max_frame).unwrap_or(usize::MAX),
            check: url.flag("check", true)?,
            register: url.flag("register", true)?,
            dynamic: url.flag("dynamic", true)?,
            application: url.param("application").unwrap_or_default().into(),
            tls: TlsOptions::read(&url, None)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected_tls() -> TlsOptions {
        let mut tls = TlsOptions::default();
        tls.ca = Some("/ca.pem".into());
        tls.identity = Some(("/c.pem".into(), "/k.pem".into()));
        tls.server_name = Some("etcd.example".into());
        tls
    }

    #[test]
    fn defaults_are_those_of_dubbo() {
        let options = EtcdOptions::parse("etcdv3://etcd").unwrap();
        let expected = EtcdOptions {
            servers: vec![Address::new("etcd", 2379)],
            root: "/dubbo".to_owned(),
            credentials: None,
            session_timeout: Duration::from_mins(1),
            timeout: Duration::from_secs(30),
            max_pause: Duration::from_secs(10),
            max_frame: 16 * 1024 * 1024,
            check: true,
            register: true,
            dynamic: true,
            application: "".into(),
            tls: None,
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn every_parameter_is_read() {
        let url = "etcd://me:secret@a:1,b?backup=c:3,[::1]:4&group=/fleet/x/&session=5000&timeout=100\
                   &retry.period=700&max.frame=4096&check=false&register=false&dynamic=false\
                   &application=shop&ca-cert-file=/ca.pem&tls-cert-file=/c.pem&tls-key-file=/k.pem\
                   &tls-server-name=etcd.example";
        let options = EtcdOptions::parse(url).unwrap();
        let expected = EtcdOptions {
            servers: vec![
                Address::new("a", 1),
                Address::new("b", 2379),
                Address::new("c", 3),
                Address::new("::1", 4),
            ],
            root: "/fleet/x".to_owned(),
            credentials: Some(Credentials { user: "me".into(), password: "secret".into() }),
            session_timeout: Duration::from_secs(5),
            timeout: Duration::from_millis(100),
            max_pause: Duration::from_millis(700),
            max_frame: 4096,
            check: false,
            register: false,
            dynamic: false,
            application: "shop".into(),
            tls: Some(expected_tls()),
        };
        assert_eq!(options, expected);
        assert!(!format!("{options:?}").contains("secret"));
        let system = EtcdOptions::parse("etcd://a?tls=true").unwrap().tls;
        assert_eq!(system, Some(TlsOptions::default()));
    }

    #[test]
    fn what_cannot_work_is_said() {
        for (url, named) in [
            ("etcd://", "host"),
            ("zookeeper://a", "zookeeper://"),
            ("etcd://a?session=soon", "session"),
            ("etcd://a?max.frame=4k", "max.frame"),
            ("etcd://a?check=maybe", "check"),
            ("etcd://a?group=../x", "group"),
            ("etcd://a?backup=b:port", "b:port"),
            ("etcd://a?tls-cert-file=/c.pem", "tls-key-file"),
            ("etcd://a?tls=false&ca-cert-file=/c.pem", "tls=false"),
        ] {
            let error = EtcdOptions::parse(url).unwrap_err();
            assert!(error.message().contains(named), "{url}: {error}");
        }
    }
}
