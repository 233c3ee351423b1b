//! The facts of a consumer that rules look at.

use std::collections::BTreeMap;

use bytestring::ByteString;
use dubhe_core::ServiceKey;

/// The facts of a consumer that rules look at: what Dubbo Java has in the URL of a reference
/// (`consumer://host/interface?application=…`).
///
/// ```
/// use dubhe_core::ServiceKey;
/// use dubhe_rules::Consumer;
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
    params: BTreeMap<ByteString, ByteString>,
}

impl Consumer {
    /// A consumer of `service` in `application`, on the machine with the address `host`.
    pub fn new(
        service: ServiceKey,
        application: impl Into<ByteString>,
        host: impl Into<ByteString>,
    ) -> Self {
        let all = [
            ("protocol", "consumer".into()),
            ("side", "consumer".into()),
            ("host", host.into()),
            ("application", application.into()),
            ("interface", service.interface().clone()),
            ("path", service.interface().clone()),
            ("group", service.group().clone()),
            ("version", service.version().clone()),
        ];
        let known = all.into_iter().filter(|(_, value)| !value.is_empty());
        Self { params: known.map(|(name, value)| (name.into(), value)).collect(), service }
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

    /// A parameter of its URL, or one of the parts of that URL: `protocol`, `host`, `path`.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(|value| &**value)
    }
}
