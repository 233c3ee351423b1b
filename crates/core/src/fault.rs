//! The treatment of failures: one attempt, several in a row, or several at once.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;

use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::instance::Provider;
use crate::invoke::{Invoking, Outcome};
use crate::payload::{Content, Payload};
use crate::status::Status;
use crate::time::{Duration, Instant, Sleep};
use crate::value::Value;

/// The treatment of failures, by Dubbo's names (`cluster` of a reference).
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::{Attempts, Call, Fault, Reply, Status};
///
/// async fn once_more(call: Call, attempts: Attempts) -> Result<Reply, Status> {
///     let again = call.try_clone();
///     match (attempts.next(call).await, again) {
///         (Err(status), Some(again)) if attempts.may_repeat(&status) => attempts.next(again).await,
///         (outcome, _) => outcome,
///     }
/// }
///
/// let fault = Fault::strategy(once_more); // or Fault::Failover, Fault::Failfast
/// ```
#[derive(Clone, Default)]
pub enum Fault {
    /// Tries other endpoints, up to `retries` more.
    #[default]
    Failover,
    /// Reports the first failure.
    Failfast,
    /// The treatment of this name, such as `failsafe`. A client looks it up when it is built; in a policy of a plan
    /// of your own it is not looked up, and its calls fail.
    Named(ByteString),
    /// Runs attempts as the strategy sees fit.
    Strategy(Arc<dyn FaultStrategy>),
}

impl Fault {
    /// A strategy of one's own.
    pub fn strategy(strategy: impl FaultStrategy) -> Self {
        Self::Strategy(Arc::new(strategy))
    }
}

/// A treatment of failures as builders take it: a [`Fault`], a [`FaultStrategy`], or the name of one such as
/// `"failsafe"`.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_core::fault::IntoFault; } pub use dubhe_core::fault::{Attempts, Fault}; pub use dubhe_core::{Call, Reply, Status}; }
/// use dubhe::fault::IntoFault;
/// use dubhe::{Attempts, Call, Fault, Reply, Status};
///
/// /// Takes what `ClientBuilder::fault` takes.
/// fn configure(fault: impl IntoFault) -> Fault {
///     fault.into_fault()
/// }
///
/// async fn once(call: Call, attempts: Attempts) -> Result<Reply, Status> {
///     attempts.next(call).await
/// }
/// assert!(matches!(configure(Fault::Failfast), Fault::Failfast));
/// assert!(matches!(configure(once), Fault::Strategy(_)));
/// assert!(matches!(configure("failback"), Fault::Named(_)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a treatment of failures",
    note = "it is a `Fault`, such as `Fault::Failfast`, a name, such as \"failsafe\", or a strategy: an \
            `async fn(call: Call, attempts: Attempts) -> Result<Reply, Status>`"
)]
pub trait IntoFault {
    /// The treatment.
    fn into_fault(self) -> Fault;
}

impl IntoFault for Fault {
    fn into_fault(self) -> Fault {
        self
    }
}

impl IntoFault for &str {
    fn into_fault(self) -> Fault {
        Fault::Named(self.into())
    }
}

impl<S: FaultStrategy> IntoFault for S {
    fn into_fault(self) -> Fault {
        Fault::strategy(self)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failover => f.write_str("Failover"),
            Self::Failfast => f.write_str("Failfast"),
            Self::Named(name) => write!(f, "Named({name:?})"),
            Self::Strategy(_) => f.write_str("Strategy(..)"),
        }
    }
}

/// A treatment of failures: makes attempts and says which outcome is the call's.
///
/// An `async fn(Call, Attempts) -> Result<Reply, Status>` is a strategy as it stands.
///
/// ```
/// # mod dubhe { pub use dubhe_core::fault::{Attempts, Fault, FaultStrategy}; pub use dubhe_core::{Call, Invoking}; }
/// use dubhe::{Attempts, Call, Fault, FaultStrategy, Invoking};
///
/// /// Asks the provider that a user was given first, and nobody else.
/// struct Pinned(&'static str);
///
/// impl FaultStrategy for Pinned {
///     fn run(&self, call: Call, attempts: Attempts) -> Invoking {
///         let all = attempts.candidates(&call);
///         match all.iter().find(|endpoint| *endpoint.instance().host == *self.0) {
///             Some(endpoint) => attempts.on(endpoint, call),
///             None => attempts.next(call),
///         }
///     }
/// }
///
/// let fault = Fault::strategy(Pinned("10.0.0.7"));
/// assert!(matches!(fault, Fault::Strategy(_)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fault strategy",
    note = "a strategy is an `async fn(call: Call, attempts: Attempts) -> Result<Reply, Status>`"
)]
pub trait FaultStrategy: Send + Sync + 'static {
    /// Answers `call` by attempts. Each attempt needs a call of its own:
    /// [`Call::try_clone`](crate::Call::try_clone), which gives none of a stream.
    ///
    /// An attempt has its deadline, and is cancelled when it is dropped. To send the call again only
    /// where [`Attempts::may_repeat`] permits it, as often as the policy says, never where it may have
    /// run, and not after the deadline of the call, is up to the strategy.
    ///
    /// The retry budget of the client counts its calls, and is charged for attempts beyond the first
    /// as for retries: for each of [`Attempts::next`], and for those of [`Attempts::on`] to a provider
    /// that was asked before. To go on after an attempt that nobody began is free.
    fn run(&self, call: Call, attempts: Attempts) -> Invoking;
}

impl<F, Fut> FaultStrategy for F
where
    F: Fn(Call, Attempts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        Invoking::boxed(self(call, attempts))
    }
}

/// The attempts of one call, as a strategy makes them. Clones are of the same call.
///
/// ```
/// # mod dubhe { pub use dubhe_core::fault::{Attempts, Fault}; pub use dubhe_core::{Call, Reply, Status}; }
/// use std::time::Duration;
/// use dubhe::{Attempts, Call, Fault, Reply, Status};
///
/// /// Tries again after a pause, as often as the client may retry.
/// async fn patient(call: Call, attempts: Attempts) -> Result<Reply, Status> {
///     for _ in 0..attempts.retries() {
///         let Some(copy) = call.try_clone() else { break };
///         match attempts.next(copy).await {
///             Err(status) if attempts.may_repeat(&status) => {}
///             outcome => return outcome,
///         }
///         attempts.sleep(Duration::from_millis(100)).await;
///     }
///     attempts.next(call).await
/// }
/// # let _ = Fault::strategy(patient);
/// ```
#[derive(Clone)]
pub struct Attempts(Arc<dyn MakeAttempt>);

/// The source of [`Attempts`], which a cluster implements.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_core::fault::MakeAttempt; } pub mod time { pub use dubhe_core::time::Sleep; } pub use dubhe_core::fault::Attempts; pub use dubhe_core::{Call, Endpoint, Invoking, Status}; }
/// use std::future::Future;
/// use std::pin::Pin;
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
/// use dubhe::fault::MakeAttempt;
/// use dubhe::time::Sleep;
/// use dubhe::{Attempts, Call, Endpoint, Invoking, Status};
///
/// /// The attempts of a test of a strategy, which all fail alike.
/// struct Failing;
///
/// impl MakeAttempt for Failing {
///     fn retries(&self) -> u32 { 2 }
///     fn timeout(&self) -> Duration { Duration::from_secs(1) }
///     fn is_repeatable(&self) -> bool { true }
///     fn may_repeat(&self, _: &Status) -> bool { true }
///     fn candidates(&self, _: &Call) -> Vec<Endpoint> { Vec::new() }
///     fn attempt(self: Arc<Self>, _: Call, _: Option<Endpoint>) -> Invoking {
///         Invoking::ready(Err(Status::unavailable("as ever")))
///     }
///     fn now(&self) -> Instant { Instant::now() }
///     fn sleep(&self, _: Duration) -> Sleep { Box::pin(std::future::ready(())) }
///     fn spawn(&self, _: Pin<Box<dyn Future<Output = ()> + Send>>) {}
/// }
///
/// assert_eq!(Attempts::new(Arc::new(Failing)).retries(), 2);
/// ```
pub trait MakeAttempt: Send + Sync {
    /// The number of times that the policy lets a failed call be sent again.
    fn retries(&self) -> u32;

    /// The time that the policy gives each attempt.
    fn timeout(&self) -> Duration;

    /// Returns `true` if the policy lets the call run twice.
    fn is_repeatable(&self) -> bool;

    /// Returns `true` if the policy lets a call that failed so be sent again.
    fn may_repeat(&self, failure: &Status) -> bool;

    /// The endpoints that rules leave for `call`.
    fn candidates(&self, call: &Call) -> Vec<Endpoint>;

    /// The candidates that can be asked now; by default all.
    fn available(&self, call: &Call) -> Vec<Endpoint> {
        self.candidates(call)
    }

    /// The endpoint that the balancer picks for `call`, another one than those `but` where there is one; by default
    /// the first.
    fn choose(&self, call: &Call, but: &[Provider]) -> Option<Endpoint> {
        let all = self.candidates(call);
        let other = all.iter().find(|endpoint| !but.contains(endpoint.provider()));
        other.or(all.first()).cloned()
    }

    /// The retries that the client sets for the call; by default none.
    fn set_retries(&self) -> Option<u32> {
        None
    }

    /// The values of `payload`, if they can be seen; by default those that are values already.
    fn values(&self, payload: &Payload) -> Option<Vec<Value>> {
        match payload {
            Payload::Message(Content::Dynamic(value)) => Some(vec![value.clone()]),
            _ => None,
        }
    }

    /// Sends `call` to `endpoint`, or else to one that was not tried yet where there is one.
    fn attempt(self: Arc<Self>, call: Call, endpoint: Option<Endpoint>) -> Invoking;

    /// The present, by the clock of the application.
    fn now(&self) -> Instant;

    /// Resolves after `time`, by the clock of the application.
    fn sleep(&self, time: Duration) -> Sleep;

    /// Runs `work` until it ends or the application does.
    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>);
}

impl Attempts {
    /// The attempts that `attempt` makes.
    pub fn new(attempt: Arc<dyn MakeAttempt>) -> Self {
        Self(attempt)
    }

    /// The number of times that the policy lets a failed call be sent again.
    pub fn retries(&self) -> u32 {
        self.0.retries()
    }

    /// The time that the policy gives each attempt of a unary call.
    pub fn timeout(&self) -> Duration {
        self.0.timeout()
    }

    /// Returns `true` if the policy lets the call run twice, so that a second attempt may begin before
    /// the first one has failed.
    pub fn is_repeatable(&self) -> bool {
        self.0.is_repeatable()
    }

    /// Returns `true` if a call that failed so may be sent again: it certainly did not begin, or the
    /// policy lets it run twice, though not where it may have run. Errors of the business are answers.
    pub fn may_repeat(&self, failure: &Status) -> bool {
        self.0.may_repeat(failure)
    }

    /// The endpoints that rules leave for `call`.
    pub fn candidates(&self, call: &Call) -> Vec<Endpoint> {
        self.0.candidates(call)
    }

    /// The [candidates](Self::candidates) that can be asked now: ready, connected as far as is known, and not passed
    /// over.
    pub fn available(&self, call: &Call) -> Vec<Endpoint> {
        self.0.available(call)
    }

    /// Chooses an endpoint by the balancer for [`on`](Self::on), another one than those `but` where there is one. It
    /// is asked nothing yet.
    pub fn choose(&self, call: &Call, but: &[Provider]) -> Option<Endpoint> {
        self.0.choose(call, but)
    }

    /// The [retries](Self::retries) that the client sets for the call, `None` where they are a default.
    pub fn set_retries(&self) -> Option<u32> {
        self.0.set_retries()
    }

    /// Decodes the values of a payload, such as the message of a reply; `None` if it is in a format that the client
    /// does not decode.
    pub fn values(&self, payload: &Payload) -> Option<Vec<Value>> {
        self.0.values(payload)
    }

    /// Sends `call` to an endpoint that the balancer picks, which none of the attempts so far went
    /// to where there is such a one.
    pub fn next(&self, call: Call) -> Invoking {
        self.0.clone().attempt(call, None)
    }

    /// Sends `call` to `endpoint`.
    pub fn on(&self, endpoint: &Endpoint, call: Call) -> Invoking {
        self.0.clone().attempt(call, Some(endpoint.clone()))
    }

    /// The present, by the clock of the application.
    pub fn now(&self) -> Instant {
        self.0.now()
    }

    /// Resolves after `time`, by the clock of the application.
    pub fn sleep(&self, time: Duration) -> Sleep {
        self.0.sleep(time)
    }

    /// Runs `work` in the background until it ends or the application does, such as attempts that
    /// go on after the caller was answered.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(Box::pin(work));
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("retries", &self.retries()).finish_non_exhaustive()
    }
}
