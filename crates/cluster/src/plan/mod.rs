//! The plan of a client that is configured in code: defaults, and options by method.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::CallView;
use dubhe_core::balance::Balance;
use dubhe_core::metadata::Metadata;
use dubhe_core::plan::{Fault, Plan, Policy};

/// What may be set for a client, and again for each of its methods.
#[derive(Clone, Default)]
pub struct Options {
    /// How long an attempt may take; 1 s by default, as in Dubbo. A stream has no such bound but
    /// that of its own method.
    pub timeout: Option<Duration>,
    /// How often a failed call is sent again; 2 by default, as in Dubbo.
    pub retries: Option<u32>,
    /// How failures are treated; failover by default.
    pub fault: Option<Fault>,
    /// Who picks the endpoint; random by weight by default.
    pub balance: Option<Arc<dyn Balance>>,
    /// Whether the call may run twice; yes by default, as in Dubbo.
    pub repeatable: Option<bool>,
    /// Attachments that every call gets.
    pub metadata: Metadata,
}

/// Dubbo's default of `timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// Dubbo's default of `retries`.
pub const DEFAULT_RETRIES: u32 = 2;

impl Options {
    /// These options over `base`.
    fn over(&self, base: &Policy) -> Policy {
        let mut metadata = self.metadata.clone();
        metadata.fill_from(&base.metadata);
        Policy {
            timeout: self.timeout.unwrap_or(base.timeout),
            stream_timeout: base.stream_timeout,
            retries: self.retries.unwrap_or(base.retries),
            fault: self.fault.clone().unwrap_or_else(|| base.fault.clone()),
            balance: self.balance.clone().unwrap_or_else(|| base.balance.clone()),
            repeatable: self.repeatable.unwrap_or(base.repeatable),
            metadata,
        }
    }
}

/// Policies made once, when the client is built.
#[derive(Debug)]
pub struct StaticPlan {
    default: Arc<Policy>,
    methods: HashMap<ByteString, Arc<Policy>>,
}

impl StaticPlan {
    /// The plan of `options`, and of `methods` over them; `balance` where neither names one.
    pub fn new(
        options: &Options,
        methods: impl IntoIterator<Item = (ByteString, Options)>,
        balance: Arc<dyn Balance>,
    ) -> Self {
        let dubbo = Policy {
            timeout: DEFAULT_TIMEOUT,
            stream_timeout: None,
            retries: DEFAULT_RETRIES,
            fault: Fault::default(),
            balance,
            metadata: Metadata::new(),
            repeatable: true,
        };
        let default = options.over(&dubbo);
        let policy =
            |own: Options| Arc::new(Policy { stream_timeout: own.timeout, ..own.over(&default) });
        let methods = methods.into_iter().map(|(method, own)| (method, policy(own))).collect();
        Self { default: Arc::new(default), methods }
    }
}

impl Plan for StaticPlan {
    fn plan(&self, call: &CallView<'_>) -> Arc<Policy> {
        let own =
            if self.methods.is_empty() { None } else { self.methods.get(&call.head().method.name) };
        own.unwrap_or(&self.default).clone()
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::{Call, Head, Method, Payload, ServiceKey, Value};

    use super::*;
    use crate::balance::Random;

    fn call(method: &str) -> Call {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java(method, "")));
        Call::new(head, Payload::dynamic(Value::Null))
    }

    #[test]
    fn a_method_overrides_the_client_which_overrides_dubbo() {
        let client = Options { timeout: Some(Duration::from_secs(3)), ..Options::default() };
        let slow = Options { retries: Some(0), ..Options::default() };
        let plan = StaticPlan::new(&client, [("slow".into(), slow)], Arc::new(Random::from_os()));
        let policy = plan.plan(&CallView::new(&call("slow")));
        assert_eq!((policy.timeout, policy.retries), (Duration::from_secs(3), 0));
        let policy = plan.plan(&CallView::new(&call("other")));
        assert_eq!((policy.timeout, policy.retries), (Duration::from_secs(3), DEFAULT_RETRIES));
        assert_eq!(policy.stream_timeout, None);
        assert_eq!(policy.fault, Fault::Failover);
    }
}
