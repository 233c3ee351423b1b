//! The URL of a ZooKeeper registry.

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::time::Duration;
use dubhe_net::io::Address;
use dubhe_registry::registry_url::RegistryUrl;
use dubhe_registry::{TlsNames, TlsOptions};

use crate::client::Credentials;

/// ZooKeeper's port.
const DEFAULT_PORT: u16 = 2181;
/// The names that ZooKeeper has for TLS, as in its own clients' `zookeeper.ssl.…`.
const TLS: TlsNames = TlsNames {
    enable: "ssl",
    ca: "ssl.ca",
    chain: "ssl.cert",
    key: "ssl.key",
    server_name: "ssl.server.name",
};

/// The parameters that only ZooKeeper has. The last ones are those of Dubbo Java (`CuratorFrameworkParams`,
/// `AbstractZookeeperClient`), which have no meaning here.
const OWN_PARAMS: &[&str] = &[
    "jute.maxbuffer",
    "rootPath",
    TLS.enable,
    TLS.ca,
    TLS.chain,
    TLS.key,
    TLS.server_name,
    "baseSleepTimeMs",
    "blockUntilConnectedUnit",
    "blockUntilConnectedWait",
    "instanceHost",
    "instancePort",
    "maxRetries",
    "maxSleepMs",
    "zk.session.expire",
];

/// The options of a URL `zookeeper://[user:password@]host[:2181][,host…][?parameters]`; the
/// parameters are Dubbo's.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_zookeeper::ZooKeeperOptions; } }
/// use std::time::Duration;
/// use dubhe::registry::ZooKeeperOptions;
///
/// let options = ZooKeeperOptions::parse("zookeeper://10.0.0.1,10.0.0.2:2182?session=30000")?;
/// assert_eq!(options.servers.len(), 2);
/// assert_eq!(options.servers[0].port(), 2181);
/// assert_eq!(options.session_timeout, Duration::from_secs(30));
/// assert_eq!(options.root, "/dubbo");
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZooKeeperOptions {
    /// The servers: the URL's own and those of `backup`, separated by commas.
    pub servers: Vec<Address>,
    /// The node under which everything is, `/dubbo` unless `group` says otherwise; a chroot such
    /// as `/fleet/dubbo` may have several parts.
    pub root: String,
    /// The node under which instances of applications are: `rootPath`, else `group`, else `/services`
    /// (Dubbo Java `CuratorFrameworkUtils.getRootPath`).
    pub services_root: String,
    /// The node under which documents of a config centre are: `/{namespace}/config`, `/dubbo/config`
    /// without a `namespace` (Dubbo Java `TreePathDynamicConfiguration`).
    pub config_root: String,
    /// TLS to the servers, by the parameters of [`TlsOptions`] or `ssl`, `ssl.ca`, `ssl.cert`, `ssl.key` and
    /// `ssl.server.name`. Default none.
    pub tls: Option<TlsOptions>,
    /// `simplified=true`: providers and consumers are registered with the few parameters that consumers
    /// need, and with those that `extra-keys` names, separated by commas. Default none, all of them.
    pub simplified: Option<Vec<ByteString>>,
    /// User and password, from `user:password@` or `username` and `password`.
    pub credentials: Option<Credentials>,
    /// `session` in milliseconds: the time for which nodes outlive a provider that is gone. Default
    /// 60 s; the server may grant less.
    pub session_timeout: Duration,
    /// `timeout` in milliseconds: the longest time that registering waits for ZooKeeper. Default 30
    /// s.
    pub timeout: Duration,
    /// `retry.period` in milliseconds: the longest pause before ZooKeeper is asked again after a
    /// failure, of which a random part is waited. Default, and most, 10 s and a quarter of the session
    /// that the server granted.
    pub max_pause: Duration,
    /// `jute.maxbuffer` in bytes: the largest frame that is read, such as the list of all providers of a
    /// service; a larger one ends the connection. Default 16 MiB, some 30,000 providers.
    pub max_frame: usize,
    /// `check`: whether registering fails when that takes longer. Default true; without it,
    /// registering goes on in the background.
    pub check: bool,
    /// `register`: whether anything is written there; without it, this registry is only for finding
    /// providers. Default true.
    pub register: bool,
    /// `dynamic`: whether nodes of providers go with our session, unless the service has a word of
    /// its own. Default true.
    pub dynamic: bool,
    /// `application`: the name that consumers register under.
    pub application: ByteString,
}

impl ZooKeeperOptions {
    /// Reads the URL of a registry.
    ///
    /// # Errors
    /// When it has no host, or a parameter that cannot be what it should be.
    pub fn parse(url: &str) -> Result<Self, Status> {
        let url = RegistryUrl::parse(url, "zookeeper")?;
        url.warn_of_unknown(OWN_PARAMS);
        let max_frame = url.number("jute.maxbuffer", "bytes", 16 * 1024 * 1024)?;
        let group = url.path("group", "dubbo")?;
        // As in Java, `/services` may be said and means nothing.
        let services = url.text("rootPath").filter(|text| !text.eq_ignore_ascii_case("/services"));
        let services_root = match (services, url.text("group")) {
            (Some(_), _) => url.path("rootPath", "")?,
            (None, Some(_)) => group.clone(),
            (None, None) => "/services".to_owned(),
        };
        let simplified = url.flag("simplified", false)?.then(|| {
            let keys = url.text("extra-keys").unwrap_or_default().split(',').map(str::trim);
            keys.filter(|key| !key.is_empty()).map(ByteString::from).collect()
        });
        Ok(Self {
            servers: url.servers(DEFAULT_PORT, |host, port| Address::new(host, port))?,
            root: group,
            services_root,
            config_root: format!("{}/config", url.path("namespace", "dubbo")?),
            tls: TlsOptions::read(&url, Some(&TLS))?,
            simplified,
            credentials: url.credentials().map(|(user, password)| Credentials { user, password }),
            session_timeout: url.time("session", 60_000)?,
            timeout: url.time("timeout", 30_000)?,
            max_pause: url.time("retry.period", 10_000)?,
            max_frame: usize::try_from(max_frame).unwrap_or(usize::MAX),
            check: url.flag("check", true)?,
            register: url.flag("register", true)?,
            dynamic: url.flag("dynamic", true)?,
            application: url.param("application").unwrap_or_default().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected_tls() -> TlsOptions {
        let mut tls = TlsOptions::default();
        tls.ca = Some("/ca".into());
        tls.identity = Some(("/c".into(), "/k".into()));
        tls.server_name = Some("zk".into());
        tls
    }

    #[test]
    fn defaults_are_those_of_dubbo() {
        let options = ZooKeeperOptions::parse("zookeeper://zk").unwrap();
        let expected = ZooKeeperOptions {
            servers: vec![Address::new("zk", 2181)],
            root: "/dubbo".to_owned(),
            services_root: "/services".to_owned(),
            config_root: "/dubbo/config".to_owned(),
            tls: None,
            simplified: None,
            credentials: None,
            session_timeout: Duration::from_mins(1),
            timeout: Duration::from_secs(30),
            max_pause: Duration::from_secs(10),
            max_frame: 16 * 1024 * 1024,
            check: true,
            register: true,
            dynamic: true,
            application: "".into(),
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn every_parameter_is_read() {
        let url = "zookeeper://me:secret@a:1,b?backup=c:3,[::1]:4&group=/fleet/x/&session=5000\
                   &timeout=100&retry.period=700&jute.maxbuffer=4096&check=false&register=false&dynamic=false&application=shop\
                   &simplified=true&extra-keys=zone,%20x&rootPath=apps/&namespace=ops&ssl=true\
                   &ssl.ca=/ca&ssl.cert=/c&ssl.key=/k&ssl.server.name=zk";
        let options = ZooKeeperOptions::parse(url).unwrap();
        let expected = ZooKeeperOptions {
            servers: vec![
                Address::new("a", 1),
                Address::new("b", 2181),
                Address::new("c", 3),
                Address::new("::1", 4),
            ],
            root: "/fleet/x".to_owned(),
            services_root: "/apps".to_owned(),
            config_root: "/ops/config".to_owned(),
            tls: Some(expected_tls()),
            simplified: Some(vec!["zone".into(), "x".into()]),
            credentials: Some(Credentials { user: "me".into(), password: "secret".into() }),
            session_timeout: Duration::from_secs(5),
            timeout: Duration::from_millis(100),
            max_pause: Duration::from_millis(700),
            max_frame: 4096,
            check: false,
            register: false,
            dynamic: false,
            application: "shop".into(),
        };
        assert_eq!(options, expected);
        assert!(!format!("{options:?}").contains("secret"));
        let named = ZooKeeperOptions::parse("zookeeper://a?username=me&password=secret").unwrap();
        assert_eq!(named.credentials, expected.credentials);
        assert_eq!(ZooKeeperOptions::parse("zookeeper://a?group=/").unwrap().root, "");
    }

    #[test]
    fn instances_are_where_java_looks_for_them() {
        for (parameters, root) in [
            ("", "/services"),
            ("group=fleet/a", "/fleet/a"),
            ("group=fleet&rootPath=/services", "/fleet"),
            ("group=fleet&rootPath=apps", "/apps"),
            ("rootPath=/", ""),
        ] {
            let options = ZooKeeperOptions::parse(&format!("zookeeper://a?{parameters}")).unwrap();
            assert_eq!(options.services_root, root, "{parameters}");
        }
    }

    #[test]
    fn what_cannot_work_is_said() {
        for (url, named) in [
            ("zookeeper://", "host"),
            ("zookeeper://a?session=soon", "session"),
            ("zookeeper://a?timeout=0", "timeout"),
            ("zookeeper://a?jute.maxbuffer=4k", "jute.maxbuffer"),
            ("zookeeper://a?check=maybe", "check"),
            ("zookeeper://a?register=no", "register"),
            ("zookeeper://a?group=../x", "group"),
            ("zookeeper://a?rootPath=..", "rootPath"),
            ("zookeeper://a?namespace=a/../b", "namespace"),
            ("zookeeper://a?simplified=1", "simplified"),
            ("zookeeper://a?ssl=yes", "ssl"),
            ("zookeeper://a?ssl=true&ssl.cert=/c", "ssl.key"),
            ("zookeeper://a?tls-cert-file=/c", "tls-key-file"),
            ("zookeeper://a?backup=b:port", "b:port"),
        ] {
            let error = ZooKeeperOptions::parse(url).unwrap_err();
            assert!(error.message().contains(named), "{url}: {error}");
        }
    }
}
