//! The URL of a Nacos registry.

use std::fmt;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::time::Duration;
use dubhe_net::io::Address;
use dubhe_registry::registry_url::{RegistryUrl, wrong};
use dubhe_registry::{TlsNames, TlsOptions};

use crate::http::encode;

/// Nacos' HTTP port.
pub(crate) const DEFAULT_PORT: u16 = 8848;
/// The gRPC port of a server is this much above its HTTP port.
const GRPC_PORT_OFFSET: u16 = 1000;
/// The namespace of those who name none, under its own name.
pub(crate) const PUBLIC: &str = "public";
/// The group of those who name none.
const DEFAULT_GROUP: &str = "DEFAULT_GROUP";
/// The context path of a server that says nothing else.
const CONTEXT_PATH: &str = "/nacos";
/// The port of an address server (Nacos `EndpointServerListProvider`), and the last part of the path of its
/// list.
const ADDRESS_SERVER_PORT: u16 = 8080;
const SERVER_LIST: &str = "serverlist";

/// The options of a URL `nacos://[user:password@]host[:8848][,host…][?parameters]`; the parameters are
/// Dubbo's and those of Nacos' clients.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_nacos::NacosOptions; } }
/// use dubhe::registry::NacosOptions;
///
/// let url = "nacos://10.0.0.1,10.0.0.2:8858?namespace=prod&group=shop";
/// let options = NacosOptions::parse(url)?;
/// assert_eq!(options.servers.len(), 2);
/// assert_eq!(options.servers[0].port(), 8848);
/// assert_eq!(options.namespace, "prod");
/// assert_eq!(options.group, "shop");
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NacosOptions {
    /// The servers by their HTTP ports: the URL's own and those of `backup`, separated by commas. With an
    /// address server they have no meaning.
    pub servers: Vec<Address>,
    /// `endpoint`: the address server that is asked for the servers, in place of those of the URL. Default
    /// none.
    pub address_server: Option<NacosAddressServer>,
    /// `nacos.server.grpc.port.offset`: how much the gRPC port is above the HTTP port. Default 1000.
    pub grpc_port_offset: u16,
    /// `contextPath`: the path of the HTTP interface. Default `/nacos`.
    pub context_path: String,
    /// `namespace`: its id. Default `public`, which is sent by this name.
    pub namespace: String,
    /// `group`: the Nacos group of services. Default `DEFAULT_GROUP`.
    pub group: String,
    /// `nacos.group`: that of applications, where it is another. Default as `group`.
    pub application_group: String,
    /// The authorization of requests: `username` and `password` (or `user:password@`), `accessToken`, or
    /// `accessKey` and `secretKey`. Default none.
    pub credentials: NacosCredentials,
    /// `timeout` in milliseconds: the longest time that registering waits for Nacos. Default 30 s.
    pub timeout: Duration,
    /// `retry.period` in milliseconds: the longest pause before Nacos is asked again after a failure, of
    /// which a random part is waited. Default 5 s.
    pub max_pause: Duration,
    /// `nacos.remote.client.grpc.maxinbound.message.size` in bytes: the largest message that is read,
    /// such as the list of all instances of a service; a larger one ends the connection. Default 32
    /// MiB, which is three times that of Nacos' own clients.
    pub max_message: usize,
    /// `check` or `nacos.check`: whether registering fails when that takes longer. Default true; without
    /// it, registering goes on in the background.
    pub check: bool,
    /// `register`: whether anything is written there; without it, this registry is only for finding
    /// providers. Default true.
    pub register: bool,
    /// `register-consumer-url`: whether consumers are registered too. Default false.
    pub register_consumers: bool,
    /// `nacos.register-compatible`: whether a provider is registered once more under the name that Dubbo
    /// before 2.7.6 looked for. Default false.
    pub register_compatible: bool,
    /// `nacos.subscribe.legacy-name`: whether providers are looked for under that name too. Default
    /// false.
    pub subscribe_legacy: bool,
    /// TLS of the connections over gRPC, by the parameters of [`TlsOptions`] or
    /// `nacos.remote.client.rpc.tls.enable` and the others of Nacos' clients. Default none.
    pub grpc_tls: Option<TlsOptions>,
    /// TLS of the requests over HTTP, which are logins and lists of documents, by the parameters of
    /// [`TlsOptions`] or `tls.enable` and the others of Nacos' clients. Default none.
    pub http_tls: Option<TlsOptions>,
    /// `application`: the name that this process has in the server and consumers register under.
    pub application: ByteString,
}

/// An address server, which answers `GET` over HTTP with the servers of a cluster, a line each.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_nacos::NacosOptions; } }
/// use dubhe::registry::NacosOptions;
///
/// let url = "nacos://nacos?endpoint=addresses.example.org&endpointPort=80&namespace=prod";
/// let server = NacosOptions::parse(url)?.address_server.unwrap();
/// assert_eq!(server.address.to_string(), "addresses.example.org:80");
/// assert_eq!(server.target, "/nacos/serverlist?namespace=prod");
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NacosAddressServer {
    /// `endpoint` and `endpointPort`, which is 8080 by default.
    pub address: Address,
    /// The path of the list with its query: `/{endpointContextPath}/{endpointClusterName}`, with the
    /// `namespace` if the URL has one and with `endpointQueryParams`. Default `contextPath` and
    /// `serverlist`.
    pub target: String,
    /// `endpointRefreshIntervalSeconds`: the time after which it is asked again. Default 30 s.
    pub period: Duration,
}

/// The authorization of requests. Secrets never print.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_nacos::NacosCredentials; } }
/// use dubhe::registry::NacosCredentials;
///
/// let credentials = NacosCredentials::Token("s3cret".to_owned());
/// assert!(!format!("{credentials:?}").contains("s3cret"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NacosCredentials {
    /// No authorization.
    None,
    /// A token for which a user logs in, and again before it ends.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token that somebody else gives, such as an identity provider (OIDC).
    Token(String),
    /// Signatures with an access key (RAM). Needs the feature `tls`.
    Keys {
        /// The access key.
        access: String,
        /// The secret key.
        secret: String,
    },
}

impl fmt::Debug for NacosCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Password { user, .. } => write!(f, "Password({user:?})"),
            Self::Token(_) => f.write_str("Token(..)"),
            Self::Keys { access, .. } => write!(f, "Keys({access:?})"),
        }
    }
}

impl NacosOptions {
    /// Reads the URL of a registry.
    ///
    /// # Errors
    /// When it has no host, or a parameter that cannot be what it should be.
    pub fn parse(url: &str) -> Result<Self, Status> {
        let url = RegistryUrl::parse(url, "nacos")?;
        url.warn_of_unknown(OWN_PARAMS);
        let servers = url.servers(DEFAULT_PORT, |host, port| Address::new(host, port))?;
        let grpc_port_offset = match url.param("nacos.server.grpc.port.offset") {
            None => GRPC_PORT_OFFSET,
            Some(text) => text.parse().map_err(|_| {
                wrong(format!("nacos.server.grpc.port.offset={text:?} is not a number below 65536"))
            })?,
        };
        if let Some(server) =
            servers.iter().find(|s| s.port().checked_add(grpc_port_offset).is_none())
        {
            return Err(wrong(format!(
                "{server} has no gRPC port {grpc_port_offset} above: give the HTTP port"
            )));
        }
        if url.flag(TRUST_ALL, false)? {
            let what = format!("{TRUST_ALL}: servers are always checked; give {}", GRPC_TLS.ca);
            return Err(wrong(what));
        }
        let max_message = url.number(MAX_MESSAGE, "bytes", 32 * 1024 * 1024)?;
        let group = url.text("group").unwrap_or(DEFAULT_GROUP);
        let context_path = context_path(url.text("contextPath").unwrap_or(CONTEXT_PATH));
        Ok(Self {
            servers,
            address_server: address_server(&url, &context_path)?,
            grpc_port_offset,
            context_path,
            namespace: url.text("namespace").unwrap_or(PUBLIC).to_owned(),
            group: group.to_owned(),
            application_group: url.text("nacos.group").unwrap_or(group).to_owned(),
            credentials: credentials(&url)?,
            timeout: url.time("timeout", 30_000)?,
            max_pause: url.time("retry.period", 5_000)?,
            max_message: usize::try_from(max_message).unwrap_or(usize::MAX),
            check: url.flag("check", true)? && url.flag("nacos.check", true)?,
            register: url.flag("register", true)?,
            register_consumers: url.flag("register-consumer-url", false)?,
            register_compatible: url.flag("nacos.register-compatible", false)?,
            subscribe_legacy: url.flag("nacos.subscribe.legacy-name", false)?,
            grpc_tls: TlsOptions::read(&url, Some(&GRPC_TLS))?,
            http_tls: TlsOptions::read(&url, Some(&HTTP_TLS))?,
            application: url.param("application").unwrap_or_default().into(),
        })
    }

    /// The URL without secrets, of which the parameters that say where it is are left.
    pub(crate) fn name(&self) -> String {
        let servers = match &self.address_server {
            Some(server) => vec![server.address.to_string()],
            None => self.servers.iter().map(ToString::to_string).collect(),
        };
        let mut name = format!("nacos://{}", servers.join(","));
        let mut between = '?';
        for (parameter, value, default) in
            [("namespace", &self.namespace, PUBLIC), ("group", &self.group, DEFAULT_GROUP)]
        {
            if value != default {
                name.extend([between.to_string().as_str(), parameter, "=", value]);
                between = '&';
            }
        }
        name
    }
}

/// The names of Nacos' clients for TLS over gRPC (Nacos `RpcConstants`).
const GRPC_TLS: TlsNames = TlsNames {
    enable: "nacos.remote.client.rpc.tls.enable",
    ca: "nacos.remote.client.rpc.tls.trustCollectionChainPath",
    chain: "nacos.remote.client.rpc.tls.certChainFile",
    key: "nacos.remote.client.rpc.tls.certPrivateKey",
    server_name: TlsNames::SHARED.server_name,
};

/// Nacos' name of the wish to check no server.
const TRUST_ALL: &str = "nacos.remote.client.rpc.tls.trustAll";

/// The names of Nacos' clients for TLS over HTTP (Nacos `TlsSystemConfig`).
const HTTP_TLS: TlsNames = TlsNames {
    enable: "tls.enable",
    ca: "tls.client.trustCertPath",
    chain: "tls.client.certPath",
    key: "tls.client.keyPath",
    server_name: TlsNames::SHARED.server_name,
};

/// The parameters that only Nacos has. The last ones are those of Dubbo Java and of Nacos' client
/// (`NacosConnectionManager`, `PropertyKeyConst`), which have no meaning here.
const OWN_PARAMS: &[&str] = &[
    "accessKey",
    "accessToken",
    "contextPath",
    ENDPOINT,
    "endpointClusterName",
    "endpointContextPath",
    "endpointPort",
    "endpointQueryParams",
    "endpointRefreshIntervalSeconds",
    "nacos.check",
    "nacos.group",
    "nacos.register-compatible",
    "nacos.server.grpc.port.offset",
    "nacos.subscribe.legacy-name",
    "register-consumer-url",
    "secretKey",
    MAX_MESSAGE,
    TRUST_ALL,
    GRPC_TLS.enable,
    GRPC_TLS.ca,
    GRPC_TLS.chain,
    GRPC_TLS.key,
    HTTP_TLS.enable,
    HTTP_TLS.ca,
    HTTP_TLS.chain,
    HTTP_TLS.key,
    "clientWorkerMaxThreadCount",
    "clientWorkerThreadCount",
    "clusterName",
    "configLongPollTimeout",
    "configRequestTimeout",
    "configRetryTime",
    "enableRemoteSyncConfig",
    "encode",
    "isUseCloudNamespaceParsing",
    "isUseEndpointParsingRule",
    "isUseRamInfoParsing",
    "logAllProperties",
    "maxRetry",
    "nacos.retry",
    "nacos.retry-wait",
    "namingAsyncQuerySubscribeService",
    "namingCacheRegistryDir",
    "namingClientBeatThreadCount",
    "namingLoadCacheAtStart",
    "namingPollingMaxThreadCount",
    "namingPollingThreadCount",
    "namingPushEmptyProtection",
    "namingRequestDomainMaxRetryCount",
    "ramRoleName",
    "redoDelayThreadCount",
    "redoDelayTime",
    "serverAddr",
    "serverName",
    "signatureRegionId",
];

/// Nacos' name of the host of an address server.
const ENDPOINT: &str = "endpoint";

/// Nacos' name of the largest message.
const MAX_MESSAGE: &str = "nacos.remote.client.grpc.maxinbound.message.size";

/// The path with a slash before it and none behind; the root is the empty text.
fn context_path(path: &str) -> String {
    match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    }
}

fn address_server(url: &RegistryUrl, context: &str) -> Result<Option<NacosAddressServer>, Status> {
    let Some(host) = url.text(ENDPOINT) else { return Ok(None) };
    if host.contains(['/', '$']) || (host.contains(':') && !host.ends_with(']')) {
        return Err(wrong(format!("{ENDPOINT}={host:?} is not a host; the port is endpointPort")));
    }
    let port = url.number("endpointPort", "a port", ADDRESS_SERVER_PORT.into())?;
    let port = u16::try_from(port)
        .map_err(|_| wrong(format!("endpointPort={port} is not a number below 65536")))?;
    let context = url.text("endpointContextPath").map_or(context.to_owned(), context_path);
    let list = url.text("endpointClusterName").unwrap_or(SERVER_LIST);
    let namespace = url.text("namespace").map(|id| format!("namespace={}", encode(id)));
    let query = [namespace, url.text("endpointQueryParams").map(str::to_owned)];
    let query: Vec<String> = query.into_iter().flatten().collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let target = format!("{context}/{list}{mark}{}", query.join("&"));
    if let Err(error) = target.parse::<http::uri::PathAndQuery>() {
        return Err(wrong(format!("{target:?} is not the path of an address server: {error}")));
    }
    let seconds = url.number("endpointRefreshIntervalSeconds", "seconds", 30)?;
    Ok(Some(NacosAddressServer {
        address: Address::new(host.trim_matches(['[', ']']), port),
        target,
        period: Duration::from_secs(seconds),
    }))
}

fn credentials(url: &RegistryUrl) -> Result<NacosCredentials, Status> {
    let of = |own: &str, param| {
        let text = if own.is_empty() { url.param(param).unwrap_or_default() } else { own };
        Some(text.to_owned()).filter(|text| !text.is_empty())
    };
    let pair = |one: Option<String>, other: Option<String>, names: &str| match (one, other) {
        (Some(one), Some(other)) => Ok(Some((one, other))),
        (None, None) => Ok(None),
        _ => Err(wrong(format!("{names} belong together, and one is missing"))),
    };
    let user = pair(
        of(&url.url().user, "username"),
        of(&url.url().password, "password"),
        "username and password",
    )?;
    let keys = pair(of("", "accessKey"), of("", "secretKey"), "accessKey and secretKey")?;
    let mut given = [
        user.map(|(user, password)| NacosCredentials::Password { user, password }),
        of("", "accessToken").map(NacosCredentials::Token),
        keys.map(|(access, secret)| NacosCredentials::Keys { access, secret }),
    ]
    .into_iter()
    .flatten();
    let first = given.next().unwrap_or(NacosCredentials::None);
    if given.next().is_some() {
        let names = "username, accessToken and accessKey";
        return Err(wrong(format!("of {names} only one can be used, and several are given")));
    }
    if matches!(first, NacosCredentials::Keys { .. }) && !cfg!(feature = "tls") {
        return Err(wrong("accessKey needs the feature `tls` of the crate"));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_dubbo() {
        let options = NacosOptions::parse("nacos://n").unwrap();
        let expected = NacosOptions {
            servers: vec![Address::new("n", 8848)],
            address_server: None,
            grpc_port_offset: 1000,
            context_path: "/nacos".into(),
            namespace: "public".into(),
            group: "DEFAULT_GROUP".into(),
            application_group: "DEFAULT_GROUP".into(),
            credentials: NacosCredentials::None,
            timeout: Duration::from_secs(30),
            max_pause: Duration::from_secs(5),
            max_message: 32 * 1024 * 1024,
            check: true,
            register: true,
            register_consumers: false,
            register_compatible: false,
            subscribe_legacy: false,
            grpc_tls: None,
            http_tls: None,
            application: "".into(),
        };
        assert_eq!(options, expected);
        assert_eq!(options.name(), "nacos://n:8848");
    }

    #[test]
    fn every_parameter_is_read() {
        let url = "nacos://me:se,cret@a:1,b?backup=c:3,[::1]:4&namespace=prod&group=g&nacos.group=h\
                   &contextPath=/x/&timeout=100&retry.period=700&check=false&register=false\
                   &nacos.remote.client.grpc.maxinbound.message.size=4096&register-consumer-url=true\
                   &nacos.register-compatible=true&nacos.subscribe.legacy-name=true&application=shop\
                   &nacos.server.grpc.port.offset=7";
        let options = NacosOptions::parse(url).unwrap();
        let expected = NacosOptions {
            servers: vec![
                Address::new("a", 1),
                Address::new("b", 8848),
                Address::new("c", 3),
                Address::new("::1", 4),
            ],
            address_server: None,
            grpc_port_offset: 7,
            context_path: "/x".into(),
            namespace: "prod".into(),
            group: "g".into(),
            application_group: "h".into(),
            credentials: NacosCredentials::Password {
                user: "me".into(),
                password: "se,cret".into(),
            },
            timeout: Duration::from_millis(100),
            max_pause: Duration::from_millis(700),
            max_message: 4096,
            check: false,
            register: false,
            register_consumers: true,
            register_compatible: true,
            subscribe_legacy: true,
            grpc_tls: None,
            http_tls: None,
            application: "shop".into(),
        };
        assert_eq!(options, expected);
        assert!(!format!("{options:?}").contains("cret"));
        assert_eq!(options.name(), "nacos://a:1,b:8848,c:3,[::1]:4?namespace=prod&group=g");
        let named = NacosOptions::parse("nacos://a?username=me&password=se,cret").unwrap();
        assert_eq!(named.credentials, expected.credentials);
        let token = NacosOptions::parse("nacos://a?accessToken=t0ken").unwrap().credentials;
        assert_eq!(token, NacosCredentials::Token("t0ken".into()));
        assert_eq!(NacosOptions::parse("nacos://a?contextPath=/").unwrap().context_path, "");
    }

    #[test]
    fn an_address_server_is_read_as_nacos_reads_it() {
        let read = |query: &str| {
            let options = NacosOptions::parse(&format!("nacos://a?{query}")).unwrap();
            let server = options.address_server.clone().unwrap();
            (options.name(), server.target, server.period.as_secs())
        };
        let of = |name: &str, target: &str, period| (name.to_owned(), target.to_owned(), period);
        assert_eq!(read("endpoint=e"), of("nacos://e:8080", "/nacos/serverlist", 30));
        assert_eq!(
            read(
                "endpoint=[::1]&endpointPort=80&endpointContextPath=x&endpointClusterName=list\
                 &namespace=a b&endpointQueryParams=k%3Dv&endpointRefreshIntervalSeconds=5"
            ),
            of("nacos://[::1]:80?namespace=a b", "/x/list?namespace=a%20b&k=v", 5)
        );
        assert_eq!(read("endpoint=e&contextPath=/").1, "/serverlist");
    }

    #[test]
    fn tls_is_of_both_protocols_or_of_one() {
        let tls = |query: &str| {
            let options = NacosOptions::parse(&format!("nacos://a?{query}")).unwrap();
            let ca = |tls: Option<TlsOptions>| tls.map(|tls| tls.ca.unwrap_or_default());
            (ca(options.grpc_tls), ca(options.http_tls))
        };
        let of = |grpc: Option<&str>, http: Option<&str>| {
            (grpc.map(str::to_owned), http.map(str::to_owned))
        };
        assert_eq!(tls("tls=true"), of(Some(""), Some("")));
        assert_eq!(tls("ca-cert-file=/ca&tls.enable=false"), of(Some("/ca"), None));
        assert_eq!(
            tls("tls.client.trustCertPath=/h&ca-cert-file=/ca"),
            of(Some("/ca"), Some("/h"))
        );
        let grpc = "nacos.remote.client.rpc.tls";
        let named = format!("{grpc}.enable=true&{grpc}.trustCollectionChainPath=/g");
        assert_eq!(tls(&named), of(Some("/g"), None));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn keys_are_read_and_their_secret_does_not_print() {
        let keys =
            NacosOptions::parse("nacos://a?accessKey=ak&secretKey=s3cret").unwrap().credentials;
        assert_eq!(keys, NacosCredentials::Keys { access: "ak".into(), secret: "s3cret".into() });
        assert_eq!(format!("{keys:?}"), r#"Keys("ak")"#);
    }

    #[test]
    fn what_cannot_work_is_said() {
        for (url, named) in [
            ("nacos://", "host"),
            ("nacos://a?timeout=0", "timeout"),
            ("nacos://a?retry.period=soon", "retry.period"),
            ("nacos://a?check=maybe", "check"),
            ("nacos://a?nacos.check=1", "nacos.check"),
            ("nacos://a?register-consumer-url=yes", "register-consumer-url"),
            ("nacos://a?backup=b:port", "b:port"),
            ("nacos://a?username=me", "belong together"),
            ("nacos://a?secretKey=x", "belong together"),
            ("nacos://me:x@a?accessToken=t", "only one"),
            ("nacos://a?nacos.remote.client.rpc.tls.trustAll=true", "trustCollectionChainPath"),
            ("nacos://a?tls.client.certPath=/c", "tls.client.keyPath"),
            ("nacos://a?endpoint=e:80", "endpointPort"),
            ("nacos://a?endpoint=http://e", "endpointPort"),
            ("nacos://a?endpoint=e&endpointPort=70000", "endpointPort"),
            ("nacos://a?endpoint=e&endpointClusterName=a b", "path"),
            ("nacos://a:65000", "HTTP port"),
            ("nacos://a?nacos.server.grpc.port.offset=x", "offset"),
            ("nacos://a?nacos.remote.client.grpc.maxinbound.message.size=4k", "4k"),
        ] {
            let error = NacosOptions::parse(url).unwrap_err();
            assert!(error.message().contains(named), "{url}: {error}");
        }
    }
}
