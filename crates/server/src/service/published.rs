//! The options of calls that a service publishes for its consumers.

use std::time::Duration;

use bytestring::ByteString;

use super::Export;

/// Configures what a service publishes for the calls of one method; see [`Export::method`].
///
/// ```
/// # mod dubhe { pub use dubhe_server::{Export, MethodExport}; }
/// use std::time::Duration;
/// use dubhe::{Export, MethodExport};
///
/// /// What consumers should know of a method that is slow, and not to be sent again.
/// fn slow(method: MethodExport) -> MethodExport {
///     method.timeout(Duration::from_secs(30)).retries(0)
/// }
///
/// /// Publishes them, of a service for `ServerBuilder::service`.
/// fn export(export: Export) -> Export {
///     export.retries(1).method("rebuild", slow)
/// }
/// ```
#[derive(Debug)]
pub struct MethodExport {
    options: Vec<(&'static str, ByteString)>,
}

impl MethodExport {
    /// Publishes the time that an attempt may take (`METHOD.timeout`), as [`Export::timeout`] does.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set("timeout", millis(timeout))
    }

    /// Publishes the number of times that a failed call is sent again (`METHOD.retries`).
    pub fn retries(self, retries: u32) -> Self {
        self.set("retries", retries.to_string())
    }

    /// Publishes the name of the balancer (`METHOD.loadbalance`).
    pub fn loadbalance(self, name: impl Into<ByteString>) -> Self {
        self.set("loadbalance", name)
    }

    fn set(mut self, name: &'static str, value: impl Into<ByteString>) -> Self {
        self.options.push((name, value.into()));
        self
    }
}

/// Whole milliseconds of at least 1: Dubbo takes 0 for "not set".
fn millis(timeout: Duration) -> String {
    timeout.as_millis().clamp(1, i32::MAX as u128).to_string()
}

/// The options of Dubbo Java's `@DubboService` that are advice for consumers: what they set themselves
/// goes before it, and what is published for a method before what a consumer sets for all methods.
impl Export {
    /// Publishes the time that an attempt may take, in whole milliseconds of at least 1 (Dubbo's
    /// `timeout`); for consumers that set none, whose default is 1 s. A one-way call, for which nobody
    /// waits, is cancelled here after it.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.param("timeout", millis(timeout))
    }

    /// Publishes the number of times that a failed call is sent again (Dubbo's `retries`); for
    /// consumers that set none, whose default is 2. Consumers of Dubbo Java 3 take it from the URL of a
    /// direct reference alone, and not from a registry.
    pub fn retries(self, retries: u32) -> Self {
        self.param("retries", retries.to_string())
    }

    /// Publishes the name of the balancer, such as `roundrobin` (Dubbo's `loadbalance`); for consumers
    /// that set none. Those of Dubhe know `random` alone.
    pub fn loadbalance(self, name: impl Into<ByteString>) -> Self {
        self.param("loadbalance", name)
    }

    /// Publishes the share of the calls relative to other providers, once this one has warmed up
    /// (Dubbo's `weight`). Default 100; 0 for no calls while others are there.
    pub fn weight(self, weight: u32) -> Self {
        self.param("weight", weight.to_string())
    }

    /// Publishes options for the calls of one method, by its name on the wire. A name that the service
    /// does not have is an error when it is served.
    pub fn method(
        mut self,
        name: impl Into<ByteString>,
        options: impl FnOnce(MethodExport) -> MethodExport,
    ) -> Self {
        let name = name.into();
        for (option, value) in options(MethodExport { options: Vec::new() }).options {
            self = self.param(format!("{name}.{option}"), value);
        }
        self.methods.push(name);
        self
    }
}
