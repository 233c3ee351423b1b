//! What is decided once for a call, from one snapshot of configuration.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use crate::balance::Balance;
use crate::call::CallView;
use crate::metadata::Metadata;

/// How failures are treated, by Dubbo's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Try other endpoints, up to `retries` more.
    #[default]
    Failover,
    /// Report the first failure.
    Failfast,
    /// A strategy that is registered under this name.
    Named(ByteString),
}

/// Everything that governs one call.
#[derive(Clone)]
pub struct Policy {
    /// How long each attempt may take. Dubbo's default is 1 s. A deadline that the call inherits
    /// bounds all attempts together.
    pub timeout: Duration,
    /// How long an attempt may take whose request or reply is a stream; for ever by default, as in
    /// Dubbo.
    pub stream_timeout: Option<Duration>,
    /// How often a failed call is sent again. Dubbo's default is 2.
    pub retries: u32,
    /// How failures are treated.
    pub fault: Fault,
    /// Who picks the endpoint.
    pub balance: Arc<dyn Balance>,
    /// Attachments that every call gets.
    pub metadata: Metadata,
    /// Whether a method may run twice: then failures of unknown effect are retried as well.
    /// Dubbo treats every method so.
    pub repeatable: bool,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// Chooses the policy of a call.
pub trait Plan: Send + Sync + 'static {
    /// The policy of this call; called once, before the first attempt.
    fn plan(&self, call: &CallView<'_>) -> Arc<Policy>;
}
