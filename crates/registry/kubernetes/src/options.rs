//! The URL of a Kubernetes registry.

use std::path::PathBuf;

use bytestring::ByteString;
use dubhe_core::time::Duration;
use dubhe_core::url::Url;
use dubhe_core::{Code, Status};
use dubhe_registry::known_params::warn_of_unknown;
use dubhe_registry::registry_url::check_user_info;

/// The host that stands for the API server of the cluster that this is a pod of, or of the
/// kubeconfig (Dubbo Java `KubernetesClientConst`).
const DEFAULT_MASTER_HOST: &str = "DEFAULT_MASTER_HOST";

/// Parameters of Dubbo Java that cannot be honoured, with the reason.
const REFUSED: [(&str, &str); 3] = [
    ("httpProxy", "a proxy to the API server is not supported"),
    ("httpsProxy", "a proxy to the API server is not supported"),
    ("clientKeyPassphrase", "an encrypted client key is not supported: decrypt it"),
];

/// The parameters that only Kubernetes has. The last ones are those of Dubbo Java (`KubernetesClientConst`), which
/// have no meaning here.
const OWN_PARAMS: &[&str] = &[
    "apiVersion",
    "caCertData",
    "caCertFile",
    "clientCertData",
    "clientCertFile",
    "clientKeyData",
    "clientKeyFile",
    "connectionTimeout",
    "context",
    "contexts",
    "enableRegister",
    "kubeconfig",
    "multicluster",
    "oauthToken",
    "pod-annotation",
    "region",
    "requestTimeout",
    "trustCerts",
    "useHttps",
    "watchReconnectInterval",
    "clientKeyAlgo",
    "clientKeyPassphrase",
    "http2Disable",
    "httpProxy",
    "httpsProxy",
    "loggingInterval",
    "noProxy",
    "proxyPassword",
    "proxyUsername",
    "rollingTimeout",
    "watchReconnectLimit",
];

/// The options of a URL `kubernetes://[host[:port]]/[?parameters]`. The names of parameters are those
/// of Dubbo Java's extension where it has them.
///
/// Without a host, or with `DEFAULT_MASTER_HOST`, a pod uses its own service account, and what is no
/// pod the kubeconfig.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_kubernetes::KubernetesOptions; } }
/// use dubhe::registry::KubernetesOptions;
///
/// let options = KubernetesOptions::parse("kubernetes://?namespace=shop&contexts=north,south")?;
/// assert_eq!(options.namespace.as_deref(), Some("shop"));
/// assert_eq!(options.contexts, ["north", "south"]);
/// assert!(options.server.is_none() && options.register);
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubernetesOptions {
    /// The API server when the URL names one: `https://host:port`, or `http://` with
    /// `useHttps=false`. Its credentials are then those of [`Self::credentials`] alone.
    pub server: Option<String>,
    /// `namespace`; by default that of the pod's service account or of the context.
    pub namespace: Option<String>,
    /// `context`, or several clusters read as one by `contexts=a,b`; none for the current one. The
    /// first is where this process is: it is written to, and has the rules and the mapping of
    /// interfaces. Metadata is read in all of them.
    pub contexts: Vec<String>,
    /// `kubeconfig`: the file; by default that of the environment variable `KUBECONFIG`, else
    /// `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// `oauthToken`, `username` and `password`, certificates: for a server that the URL names.
    pub credentials: Credentials,
    /// `port`: the name of the port of the Service that instances are reached at. By default the one
    /// named `dubbo`, `tri`, `triple`, `grpc`, `h2c`, `http2`, `http` or `web`, or one of them and a
    /// suffix after `-`, in this order; else the only one.
    pub port: Option<String>,
    /// `cluster`: the name of the cluster in instances; by default the context, when there are several.
    pub cluster: Option<ByteString>,
    /// `region`: the region of instances whose pods do not say it in a label
    /// `topology.kubernetes.io/region`. Those of other contexts and of imports are elsewhere: it is not
    /// theirs.
    pub region: Option<ByteString>,
    /// `multicluster`: whether instances of other clusters that mcs-api imports are used. Default
    /// false.
    pub multicluster: bool,
    /// `pod-annotation`: whether a provider writes its metadata to the annotation `io.dubbo/metadata`
    /// of its pod, where Dubbo Java looks for it. Default false, which needs no permission to change
    /// pods: consumers in Java then do not see it.
    pub pod_annotation: bool,
    /// `enableRegister`: whether anything is written; without it, this registry is only for finding
    /// providers. Default true.
    pub register: bool,
    /// `check`: whether registering fails when it cannot be written. Default true; without it, a provider
    /// starts, and writes it when the server is there.
    pub check: bool,
    /// `connectionTimeout` in milliseconds. Default 10 s.
    pub connect_timeout: Duration,
    /// `requestTimeout` in milliseconds: the longest time until an answer is whole, and until a watch
    /// begins. Default 10 s.
    pub request_timeout: Duration,
    /// `watchReconnectInterval` in milliseconds: the longest pause after a first failure, which grows
    /// to five times as much; of each a random part is waited. Default 1 s. It never gives up.
    pub retry: Duration,
}

/// The credentials for a server that a URL names. They never print.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_kubernetes::{Credentials as KubernetesCredentials, KubernetesOptions}; } }
/// use dubhe::registry::{KubernetesCredentials, KubernetesOptions};
///
/// let options = KubernetesOptions::parse("kubernetes://10.0.0.1:6443/?oauthToken=t0ken")?;
/// let credentials: &KubernetesCredentials = &options.credentials;
/// assert_eq!(credentials.token.as_deref(), Some("t0ken"));
/// assert!(!format!("{credentials:?}").contains("t0ken"));
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// `oauthToken`: a bearer token.
    pub token: Option<String>,
    /// `username` and `password` of basic authentication.
    pub basic: Option<(String, String)>,
    /// `caCertFile` or `caCertData`: the authority of the server's certificate.
    pub ca: Option<Pem>,
    /// `clientCertFile` or `clientCertData`.
    pub certificate: Option<Pem>,
    /// `clientKeyFile` or `clientKeyData`.
    pub key: Option<Pem>,
    /// `trustCerts`: whether any certificate of the server is taken. Default false.
    pub trust_all: bool,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("trust_all", &self.trust_all).finish_non_exhaustive()
    }
}

/// PEM in a file or in the URL.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_kubernetes::{KubernetesOptions, Pem as KubernetesPem}; } }
/// use dubhe::registry::{KubernetesOptions, KubernetesPem};
///
/// let options = KubernetesOptions::parse("kubernetes://10.0.0.1:6443/?caCertFile=/etc/ca.pem")?;
/// let authority = options.credentials.ca.expect("the URL names one");
/// assert!(matches!(authority, KubernetesPem::File(file) if file.ends_with("ca.pem")));
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Pem {
    /// A file.
    File(PathBuf),
    /// The text itself.
    Text(String),
}

impl KubernetesOptions {
    /// Reads the URL of a registry.
    ///
    /// # Errors
    /// When a parameter cannot be what it should be.
    pub fn parse(url: &str) -> Result<Self, Status> {
        let wrong = |what: String| {
            Status::new(Code::InvalidArgument, format!("wrong registry URL: {what}"))
        };
        let url = Url::parse(&with_host(url), "kubernetes").map_err(|e| wrong(e.to_string()))?;
        check_user_info(&url)?;
        warn_of_unknown(format_args!("kubernetes://{}", url.host), &url.params, OWN_PARAMS);
        for (name, why) in REFUSED {
            if url.param(name).is_some_and(|value| !value.is_empty()) {
                return Err(wrong(format!("{name}: {why}")));
            }
        }
        let text = |name: &str| url.param(name).filter(|value| !value.is_empty());
        let flag = |name: &str, default: bool| match url.param(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(wrong(format!("{name}={other:?} is neither true nor false"))),
        };
        let time = |name: &str, default: u64| match url.param(name) {
            None => Ok(Duration::from_millis(default)),
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => Ok(Duration::from_millis(number)),
                _ => Err(wrong(format!("{name}={text:?} is not a number of milliseconds above 0"))),
            },
        };
        let inferred = url.host.eq_ignore_ascii_case(DEFAULT_MASTER_HOST);
        let https = flag("useHttps", true)?;
        let server = (!inferred).then(|| {
            let (scheme, port) = if https { ("https", 443) } else { ("http", 80) };
            let port = if url.port == 0 { port } else { url.port };
            let host = &url.host;
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
            format!("{scheme}://{host}:{port}")
        });
        if let Some(version) = text("apiVersion").filter(|version| *version != "v1") {
            return Err(wrong(format!("apiVersion={version:?}: only v1 is known")));
        }
        let contexts: Vec<String> =
            text("contexts").or_else(|| text("context")).map_or_else(Vec::new, |list| {
                list.split(',').map(str::trim).filter(|of| !of.is_empty()).map(Into::into).collect()
            });
        if server.is_some() && !contexts.is_empty() {
            let what = "contexts are of a kubeconfig, which names its servers: leave the host out";
            return Err(wrong(what.into()));
        }
        let pem = |file: &str, data: &str| match (text(file), text(data)) {
            (_, Some(text)) => Some(Pem::Text(text.to_owned())),
            (Some(file), None) => Some(Pem::File(file.into())),
            (None, None) => None,
        };
        let own = |own: &str, name| {
            if own.is_empty() { text(name).unwrap_or_default() } else { own }.to_owned()
        };
        let user = own(&url.user, "username");
        let namespace = text("namespace").map(ToOwned::to_owned);
        if let Some(name) = namespace.as_deref().filter(|name| !is_label(name)) {
            let what = "is no name of a namespace: at most 63 lower-case letters, digits and -";
            return Err(wrong(format!("namespace={name:?} {what}")));
        }
        Ok(Self {
            credentials: Credentials {
                token: text("oauthToken").map(ToOwned::to_owned),
                basic: (!user.is_empty()).then(|| (user, own(&url.password, "password"))),
                ca: pem("caCertFile", "caCertData"),
                certificate: pem("clientCertFile", "clientCertData"),
                key: pem("clientKeyFile", "clientKeyData"),
                trust_all: flag("trustCerts", false)?,
            },
            server,
            namespace,
            contexts,
            kubeconfig: text("kubeconfig").map(PathBuf::from),
            port: text("port").map(ToOwned::to_owned),
            cluster: text("cluster").map(Into::into),
            region: text("region").map(Into::into),
            multicluster: flag("multicluster", false)?,
            pod_annotation: flag("pod-annotation", false)?,
            register: flag("enableRegister", true)?,
            check: flag("check", true)?,
            connect_timeout: time("connectionTimeout", 10_000)?,
            request_timeout: time("requestTimeout", 10_000)?,
            retry: time("watchReconnectInterval", 1_000)?,
        })
    }
}

/// Returns `true` if a text is a label of DNS, as names of namespaces are (RFC 1123).
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| inner(byte) && byte != b'-');
    text.len() <= 63
        && text.bytes().all(inner)
        && edge(text.bytes().next())
        && edge(text.bytes().last())
}

/// The URL with [`DEFAULT_MASTER_HOST`] where it has no host.
fn with_host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("kubernetes", url));
    if rest.is_empty() || rest.starts_with(['/', '?']) {
        format!("{scheme}://{DEFAULT_MASTER_HOST}{rest}")
    } else {
        url.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_host_everything_is_inferred() {
        for url in [
            "kubernetes://",
            "kubernetes:///",
            "kubernetes://?a=b",
            "kubernetes://DEFAULT_MASTER_HOST",
        ] {
            let options = KubernetesOptions::parse(url).unwrap();
            let expected = KubernetesOptions {
                server: None,
                namespace: None,
                contexts: Vec::new(),
                kubeconfig: None,
                credentials: Credentials::default(),
                port: None,
                cluster: None,
                region: None,
                multicluster: false,
                pod_annotation: false,
                register: true,
                check: true,
                connect_timeout: Duration::from_secs(10),
                request_timeout: Duration::from_secs(10),
                retry: Duration::from_secs(1),
            };
            assert_eq!(options, expected, "{url}");
        }
    }

    #[test]
    fn every_parameter_is_read() {
        let url = "kubernetes://me:secret@10.0.0.1:6443/?namespace=shop&caCertFile=/ca&clientCertData=C\
                   &clientKeyFile=/key&oauthToken=secret&trustCerts=true&port=tri&cluster=c&region=r\
                   &multicluster=true&pod-annotation=true&enableRegister=false&check=false&connectionTimeout=1\
                   &requestTimeout=2&watchReconnectInterval=3&apiVersion=v1&kubeconfig=/k";
        let options = KubernetesOptions::parse(url).unwrap();
        let expected = KubernetesOptions {
            server: Some("https://10.0.0.1:6443".into()),
            namespace: Some("shop".into()),
            contexts: Vec::new(),
            kubeconfig: Some("/k".into()),
            credentials: Credentials {
                token: Some("secret".into()),
                basic: Some(("me".into(), "secret".into())),
                ca: Some(Pem::File("/ca".into())),
                certificate: Some(Pem::Text("C".into())),
                key: Some(Pem::File("/key".into())),
                trust_all: true,
            },
            port: Some("tri".into()),
            cluster: Some("c".into()),
            region: Some("r".into()),
            multicluster: true,
            pod_annotation: true,
            register: false,
            check: false,
            connect_timeout: Duration::from_millis(1),
            request_timeout: Duration::from_millis(2),
            retry: Duration::from_millis(3),
        };
        assert_eq!(options, expected);
        assert!(!format!("{options:?}").contains("secret"));
        let server = |url| KubernetesOptions::parse(url).unwrap().server;
        assert_eq!(server("kubernetes://h?useHttps=false").as_deref(), Some("http://h:80"));
        assert_eq!(server("kubernetes://[::1]").as_deref(), Some("https://[::1]:443"));
        let contexts = KubernetesOptions::parse("kubernetes://?contexts=a,+b,,").unwrap().contexts;
        assert_eq!(contexts, ["a", "b"]);
    }

    #[test]
    fn what_cannot_work_is_said() {
        for (url, named) in [
            ("kubernetes://a b", "host"),
            ("kubernetes://?namespace=Shop", "namespace"),
            ("kubernetes://?namespace=-", "namespace"),
            ("kubernetes://?requestTimeout=soon", "requestTimeout"),
            ("kubernetes://?connectionTimeout=0", "connectionTimeout"),
            ("kubernetes://?trustCerts=maybe", "trustCerts"),
            ("kubernetes://?check=maybe", "check"),
            ("kubernetes://?httpProxy=http://p", "httpProxy"),
            ("kubernetes://?clientKeyPassphrase=x", "clientKeyPassphrase"),
            ("kubernetes://?apiVersion=v2", "apiVersion"),
            ("kubernetes://h?context=a", "context"),
        ] {
            let error = KubernetesOptions::parse(url).unwrap_err();
            assert!(error.message().contains(named), "{url}: {error}");
        }
    }
}
