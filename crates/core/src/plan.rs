//! Policies: the decisions that are made once for a call, from one snapshot of configuration.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::balance::Balance;
use crate::call::CallView;
use crate::defaults::Level;
use crate::end::End;
use crate::endpoint::{Endpoint, Endpoints};
use crate::fault::Fault;
use crate::filter::Chain;
use crate::instance::Provider;
use crate::metadata::Metadata;
use crate::status::{Retry, Status};
use crate::time::Instant;

/// The rules that govern a call.
#[derive(Clone)]
pub struct Policy {
    /// The time that each attempt may take, [`Duration::MAX`] for ever. Dubbo's default is 1 s. A deadline that the call
    /// inherits bounds all attempts together.
    pub timeout: Duration,
    /// The level of `timeout`, which decides whether a timeout that the provider publishes goes before it.
    pub timeout_level: Level,
    /// The time that an attempt may take whose request or reply is a stream; for ever by default,
    /// as in Dubbo.
    pub stream_timeout: Option<Duration>,
    /// The number of times that a failed call is sent again. Dubbo's default is 2.
    pub retries: u32,
    /// The level of `retries`, likewise.
    pub retries_level: Level,
    /// The treatment of failures.
    pub fault: Fault,
    /// The endpoints, and the choice among them.
    pub destination: Arc<dyn Destination>,
    /// Attachments that every call gets.
    pub metadata: Metadata,
    /// Permission to run a method twice: then failures of unknown effect are retried as well.
    /// Dubbo treats every method so.
    pub repeatable: bool,
    /// The steps around all attempts of a call.
    pub filters: Chain,
    /// The steps around each attempt, whose provider is in the head: Dubbo's filters of an invoker.
    pub endpoint_filters: Chain,
}

impl Policy {
    /// The time that an attempt of `method` at `provider` may take: `timeout`, unless what the provider
    /// publishes goes before it.
    pub fn timeout_at(&self, provider: &Provider, method: &str) -> Duration {
        let published = provider.call_defaults();
        published.and_then(|all| all.timeout(method, self.timeout_level)).unwrap_or(self.timeout)
    }

    /// The number of retries of `method` whose first attempt is at `provider`: `retries`, unless what
    /// the provider publishes goes before it.
    pub fn retries_at(&self, provider: &Provider, method: &str) -> u32 {
        let published = provider.call_defaults();
        published.and_then(|all| all.retries(method, self.retries_level)).unwrap_or(self.retries)
    }

    /// Returns `true` if a call that failed so may be sent again: it certainly did not start, or
    /// may run twice. Errors of the business are answers.
    pub fn may_repeat(&self, failure: &Status) -> bool {
        !failure.is_business()
            && match failure.retry() {
                Retry::Never => false,
                Retry::Unstarted => true,
                Retry::Unknown => self.repeatable,
            }
    }
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
    /// The policy of this call; called once, before its filters.
    fn plan(&self, call: &CallView<'_>) -> Arc<Policy>;

    /// The policy of calls that no rule singles out.
    fn default_policy(&self) -> Arc<Policy>;
}

/// A set of endpoints and the choice among them: all of a service, a subset, a zone, a cluster of
/// a mesh.
pub trait Destination: Send + Sync + 'static {
    /// The present set, before rules.
    fn snapshot(&self) -> Arc<Endpoints>;

    /// Resolves once the set that picks are made from is no longer `seen` (by generation).
    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Picks an endpoint for one attempt, another than those `tried` where there is one. `None`
    /// when nobody is there.
    fn pick(&self, call: &CallView<'_>, tried: &[Provider], now: Instant) -> Option<Picked>;

    /// Picks this endpoint for one attempt, such as one of the [`Self::candidates`]; a destination with
    /// a balancer lets it learn how the attempt ends.
    fn pick_endpoint(&self, endpoint: &Endpoint) -> Picked {
        Picked::new(endpoint, None)
    }

    /// All endpoints that rules leave for this call at `now`, for strategies that ask several.
    fn candidates(&self, call: &CallView<'_>, now: Instant) -> Vec<Endpoint>;

    /// The reason why picks are made from an older set than the directory has, if they are.
    fn failure(&self) -> Option<String> {
        None
    }
}

/// A picked endpoint. It counts as in flight until this is dropped.
#[derive(Debug)]
pub struct Picked {
    endpoint: Endpoint,
    balance: Option<Arc<dyn Balance>>,
}

impl Picked {
    /// Picks `endpoint`; `balance` learns how the attempt ends.
    pub fn new(endpoint: &Endpoint, balance: Option<Arc<dyn Balance>>) -> Self {
        endpoint.stats().begin();
        Self { endpoint: endpoint.clone(), balance }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Reports the end of the attempt to the balancer.
    pub fn finish(&mut self, end: &End<'_>) {
        if let Some(balance) = self.balance.take() {
            balance.finish(&self.endpoint, end);
        }
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.endpoint.stats().finish();
    }
}
