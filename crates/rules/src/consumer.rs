//! The facts of a consumer that rules look at.

use std::collections::BTreeMap;

use bytestring::ByteString;
use dubhe_core::ServiceKey;

/// The facts of a consumer that rules look at: what Dubbo Java has in the URL of a reference
/// (`consumer://host/interface?application=…`).
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod rules { pub use dubhe_rules::Consumer; } }
/// use dubhe::ServiceKey;
/// use dubhe::rules::Consumer;
///
/// let service = ServiceKey::new("org.example.Users", "", "1.0.0");
/// let consumer = Consumer::new(service, "shop", "10.0.0.100").with_param("region", "hangzhou");
/// assert_eq!(consumer.param("application"), Some("shop"));
/// assert_eq!(consumer.param("version"), Some("1.0.0"));
/// assert_eq!(consumer.param("region"), Some("hangzhou"));
/// assert_eq!(consumer.param("group"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Consumer {
    service: ServiceKey,
    host: ByteString,
    params: BTreeMap<ByteString, ByteString>,
}

/// The protocol of its URL.
const PROTOCOL: &str = "consumer";

impl Consumer {
    /// A consumer of `service` in `application`, on the machine with the address `host`.
    pub fn new(
        service: ServiceKey,
        application: impl Into<ByteString>,
        host: impl Into<ByteString>,
    ) -> Self {
        let all = [
            ("side", "consumer".into()),
            ("application", application.into()),
            ("interface", service.interface().clone()),
            ("group", service.group().clone()),
            ("version", service.version().clone()),
        ];
        let known = all.into_iter().filter(|(_, value)| !value.is_empty());
        let params = known.map(|(name, value)| (name.into(), value)).collect();
        Self { params, service, host: host.into() }
    }

    /// The same with one more parameter, or another value of one.
    pub fn with_param(mut self, name: impl Into<ByteString>, value: impl Into<ByteString>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    /// The service that it consumes.
    pub fn service(&self) -> &ServiceKey {
        &self.service
    }

    /// The name of its application; empty if it has none.
    pub fn application(&self) -> &str {
        self.param("application").unwrap_or_default()
    }

    /// The address of its machine.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A parameter of its URL.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(|value| &**value)
    }

    /// All parameters of its URL.
    pub(crate) fn params(&self) -> &BTreeMap<ByteString, ByteString> {
        &self.params
    }

    /// A parameter that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.param(name).filter(|value| !value.is_empty())
    }

    /// The value that the left side of a condition sees (Dubbo Java `URL.toOriginalMap`): parts of the URL
    /// go before parameters.
    pub(crate) fn seen(&self, key: &str) -> Option<&str> {
        match key {
            "protocol" => Some(PROTOCOL),
            "host" | "address" => Some(&self.host),
            "path" => Some(self.service.interface()),
            _ => self.param(key),
        }
    }

    /// The value that `$name` stands for on the right side of a condition (`URL.getRawParameter`).
    pub(crate) fn referenced(&self, name: &str) -> Option<&str> {
        match name {
            "protocol" => Some(PROTOCOL),
            "host" => Some(&self.host),
            // It listens nowhere.
            "port" => Some("0"),
            "path" => Some(self.service.interface()),
            _ => self.param(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_url_are_no_parameters() {
        let service = ServiceKey::interface_only("a.B");
        let consumer = Consumer::new(service, "shop", "10.0.0.1").with_param("host", "spoof");
        assert_eq!(
            (consumer.seen("host"), consumer.param("host")),
            (Some("10.0.0.1"), Some("spoof"))
        );
        assert_eq!((consumer.seen("port"), consumer.referenced("port")), (None, Some("0")));
        assert_eq!(
            (consumer.seen("address"), consumer.referenced("address")),
            (Some("10.0.0.1"), None)
        );
        assert_eq!((consumer.seen("path"), consumer.param("path")), (Some("a.B"), None));
    }
}
