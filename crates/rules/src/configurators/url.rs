//! URLs of services that configurators change.

use bytestring::ByteString;
use dubhe_core::documents::Side;
use dubhe_core::endpoint::Params;

/// The URL of a service on a provider, as the provider or a consumer of it has it.
///
/// ```
/// # mod dubhe { pub mod rules { pub use dubhe_rules::configurators::ServiceUrl; } }
/// use dubhe::rules::ServiceUrl;
///
/// let url = ServiceUrl::new("10.0.0.1", 20880, "org.example.Users").with_param("group", "north");
/// assert_eq!(url.address(), "10.0.0.1:20880");
/// assert_eq!(url.service_key(), "north/org.example.Users");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    host: ByteString,
    port: u16,
    path: ByteString,
    params: Params,
}

impl ServiceUrl {
    /// A URL without parameters, of the provider at `host:port`, whose path is as a rule the interface.
    pub fn new(host: impl Into<ByteString>, port: u16, path: impl Into<ByteString>) -> Self {
        Self { host: host.into(), port, path: path.into(), params: Params::new() }
    }

    /// The same with one more parameter, or another value of one.
    pub fn with_param(mut self, name: impl Into<ByteString>, value: impl Into<ByteString>) -> Self {
        self.set(name.into(), value.into());
        self
    }

    pub(super) fn set(&mut self, name: ByteString, value: ByteString) {
        self.params.insert(name, value);
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(|value| &**value)
    }

    /// All parameters, sorted by name.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The `host:port`, and the host alone of one without port.
    pub fn address(&self) -> String {
        match self.port {
            0 => self.host.to_string(),
            port => format!("{}:{port}", self.host),
        }
    }

    /// The key of the service: `group/interface:version`.
    pub fn service_key(&self) -> String {
        let part = |name| self.param(name).unwrap_or_default();
        let interface = Some(part("interface")).filter(|name| !name.is_empty());
        service_key(interface.unwrap_or(&self.path), part("group"), part("version"))
    }

    /// The side of the one who has it.
    pub(super) fn side(&self) -> Option<Side> {
        match self.param("side")? {
            "consumer" => Some(Side::Consumer),
            "provider" => Some(Side::Provider),
            _ => None,
        }
    }
}

/// `group/interface:version` (Dubbo Java `BaseServiceMetadata.buildServiceKey`).
pub(super) fn service_key(interface: &str, group: &str, version: &str) -> String {
    let mut key = String::new();
    if !group.is_empty() {
        key = format!("{group}/");
    }
    key.push_str(interface);
    if !version.is_empty() {
        key.push(':');
        key.push_str(version);
    }
    key
}
