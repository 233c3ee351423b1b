//! Policies: the decisions that are made once for a call, from one snapshot of configuration.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use crate::balance::Balance;
use crate::call::{Call, CallView};
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
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_core::plan::{Plan, Policy}; } pub use dubhe_core::CallView; }
/// use std::sync::Arc;
/// use std::time::Duration;
/// use dubhe::fault::{Policy, Plan};
/// use dubhe::CallView;
///
/// /// Gives calls that say that they are urgent less time, and no retries.
/// struct Urgent { inner: Arc<dyn Plan>, urgent: Arc<Policy> }
///
/// impl Urgent {
///     fn around(inner: Arc<dyn Plan>) -> Self {
///         let usual = Policy::clone(&inner.default_policy());
///         let urgent = Policy { timeout: Duration::from_millis(200), retries: 0, ..usual };
///         Self { inner, urgent: Arc::new(urgent) }
///     }
/// }
///
/// impl Plan for Urgent {
///     fn plan(&self, call: &CallView<'_>) -> Arc<Policy> {
///         match call.head().metadata.get_str("urgent") {
///             Some(_) => self.urgent.clone(),
///             None => self.inner.plan(call),
///         }
///     }
///
///     fn default_policy(&self) -> Arc<Policy> {
///         self.inner.default_policy()
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Policy {
    /// The time that each attempt may take, [`Duration::MAX`] for ever. Dubbo's default is 1 s. A
    /// deadline that the call inherits bounds all attempts together.
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
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_core::plan::{Plan, Policy}; } pub use dubhe_core::CallView; pub use dubhe_core::fault::Fault; }
/// use std::sync::Arc;
/// use dubhe::fault::{Plan, Policy};
/// use dubhe::{CallView, Fault};
///
/// /// Sends the calls of one method without retries. `ClientBuilder::plan` takes it.
/// struct Careful(Arc<dyn Plan>);
///
/// impl Plan for Careful {
///     fn plan(&self, call: &CallView<'_>) -> Arc<Policy> {
///         let policy = self.0.plan(call);
///         if call.head().method.name != "pay" {
///             return policy;
///         }
///         Arc::new(Policy { fault: Fault::Failfast, ..Policy::clone(&policy) })
///     }
///
///     fn default_policy(&self) -> Arc<Policy> {
///         self.0.default_policy()
///     }
/// }
/// ```
pub trait Plan: Send + Sync + 'static {
    /// The policy of this call; called once, before its filters.
    fn plan(&self, call: &CallView<'_>) -> Arc<Policy>;

    /// The policy of calls that no rule singles out.
    fn default_policy(&self) -> Arc<Policy>;
}

/// A set of endpoints and the choice among them: all of a service, a subset, a zone, a cluster of
/// a mesh.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub mod fault { pub use dubhe_core::plan::{Destination, Picked}; } pub use dubhe_core::{CallView, Endpoint, Provider}; }
/// use std::future::Future;
/// use std::pin::Pin;
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::directory::Endpoints;
/// use dubhe::fault::{Destination, Picked};
/// use dubhe::{CallView, Endpoint, Provider};
///
/// /// The first endpoint of a set that was not tried yet.
/// struct First(Arc<Endpoints>);
///
/// impl Destination for First {
///     fn snapshot(&self) -> Arc<Endpoints> {
///         self.0.clone()
///     }
///
///     fn changed(&self, _: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
///         Box::pin(std::future::pending())
///     }
///
///     fn pick(&self, _: &CallView<'_>, tried: &[Provider], _: Instant) -> Option<Picked> {
///         let untried = self.0.iter().find(|endpoint| !tried.contains(endpoint.provider()))?;
///         Some(Picked::new(untried, None))
///     }
///
///     fn candidates(&self, _: &CallView<'_>, _: Instant) -> Vec<Endpoint> {
///         self.0.iter().cloned().collect()
///     }
/// }
/// ```
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

    /// The rule that takes the last endpoint from this call at `now`, and how many it takes, if one does; such
    /// as ``condition `=> region=north` of shop.condition-router, line 3``.
    fn emptied_by(&self, call: &CallView<'_>, now: Instant) -> Option<(String, usize)> {
        let _ = (call, now);
        None
    }

    /// The reason why picks are made from an older set than the directory has, if they are.
    fn failure(&self) -> Option<String> {
        None
    }
}

/// A picked endpoint. It counts as in flight until this is dropped.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod fault { pub use dubhe_core::plan::Picked; } }
/// use dubhe::Endpoint;
/// use dubhe::fault::Picked;
///
/// let endpoint = Endpoint::of("dubbo", "10.0.0.7", 20880);
/// // What a destination answers that has no balancer to tell of the end.
/// let picked = Picked::new(&endpoint, None);
/// assert_eq!(picked.endpoint(), &endpoint);
/// ```
#[derive(Debug)]
pub struct Picked {
    endpoint: Endpoint,
    balance: Option<Arc<dyn Balance>>,
    /// The method of the attempt, once it has begun.
    method: ByteString,
}

impl Picked {
    /// Picks `endpoint`; `balance` learns how the attempt ends.
    pub fn new(endpoint: &Endpoint, balance: Option<Arc<dyn Balance>>) -> Self {
        endpoint.stats().begin();
        Self { endpoint: endpoint.clone(), balance, method: ByteString::new() }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Reports the beginning of an attempt of `call` to the balancer.
    pub fn begin(&mut self, call: &Call) {
        if let Some(balance) = &self.balance {
            self.method = call.shared_method_name();
            balance.began(&self.endpoint, &self.method);
        }
    }

    /// Reports the end of the attempt to the balancer.
    pub fn finish(&mut self, end: &End<'_>) {
        if let Some(balance) = self.balance.take() {
            balance.ended(&self.endpoint, &self.method, end);
        }
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.endpoint.stats().finish();
    }
}
