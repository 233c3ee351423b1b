//! The attempts of a call whose strategy is not built in.

use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::endpoint::Level;
use dubhe_core::fault::MakeAttempt;
use dubhe_core::payload::Content;
use dubhe_core::plan::{Picked, Policy};
use dubhe_core::status::Retry;
use dubhe_core::time::{Duration, Instant, Sleep, after};
use dubhe_core::{Call, Code, Endpoint, Invoking, Payload, Provider, Status, Value};
use parking_lot::Mutex;

use super::{Cluster, candidates, nobody, patience};
use crate::fault::{BUDGET_SPENT, never_began};

/// A call that a strategy makes attempts of, in a row or at once.
pub(crate) struct CallAttempts {
    cluster: Cluster,
    policy: Arc<Policy>,
    made: Mutex<Made>,
}

/// The attempts so far.
#[derive(Default)]
struct Made {
    /// The providers that were tried.
    tried: Vec<Provider>,
    /// The attempts that nobody began and that none has followed yet: to go on elsewhere is no retry.
    free: u32,
    /// The call was sent to a provider again although it was no retry.
    resent: bool,
    /// The last failure.
    failure: Option<Status>,
}

impl Made {
    /// Notes an attempt on `provider`, which is `chosen` by the strategy or else picked by the
    /// balancer. `true` if it is a retry: another one in place of an attempt, or a second one on the
    /// same provider. A strategy that sends the call to several, each once, repeats nothing.
    fn note(&mut self, provider: &Provider, chosen: bool) -> bool {
        let known = self.tried.contains(provider);
        let again = if chosen { known } else { !self.tried.is_empty() };
        if !known {
            self.tried.push(provider.clone());
        }
        if again && self.free > 0 && (!known || !std::mem::replace(&mut self.resent, true)) {
            self.free -= 1;
            return false;
        }
        again
    }

    /// The error of a retry that the budget does not allow; it must not be repeated.
    fn budget_spent(&self) -> Status {
        let status = match &self.failure {
            Some(failure) => failure.clone().context(BUDGET_SPENT),
            None => Status::new(Code::ResourceExhausted, BUDGET_SPENT),
        };
        status.with_retry(Retry::Never)
    }
}

impl CallAttempts {
    pub(crate) fn new(cluster: Cluster, policy: Arc<Policy>) -> Self {
        Self { cluster, policy, made: Mutex::default() }
    }

    /// Picks and notes it under one lock, so that simultaneous attempts pick different endpoints.
    /// Says if the attempt is a retry.
    fn pick(&self, call: &Call, began: Instant) -> Result<Option<(Picked, bool)>, Status> {
        let mut made = self.made.lock();
        let picked = self.cluster.pick_now(&self.policy, call, &made.tried, began)?;
        Ok(picked.map(|picked| {
            let retry = made.note(picked.endpoint(), false);
            (picked, retry)
        }))
    }
}

impl MakeAttempt for CallAttempts {
    fn retries(&self) -> u32 {
        self.policy.retries
    }

    fn timeout(&self) -> Duration {
        self.policy.timeout
    }

    fn is_repeatable(&self) -> bool {
        self.policy.repeatable
    }

    fn may_repeat(&self, failure: &Status) -> bool {
        self.policy.may_repeat(failure)
    }

    fn candidates(&self, call: &Call) -> Vec<Endpoint> {
        let now = self.cluster.clock().now();
        let left = candidates(&self.cluster.view(call), &*self.policy.destination, now);
        left.unwrap_or_else(|error| {
            tracing::error!(%error, "no candidates for a call");
            Vec::new()
        })
    }

    fn available(&self, call: &Call) -> Vec<Endpoint> {
        let now = self.cluster.clock().now();
        let mut all = self.candidates(call);
        all.retain(|one| one.instance().is_available() && !one.state().is_away(now));
        all
    }

    fn choose(&self, call: &Call, but: &[Provider]) -> Option<Endpoint> {
        let now = self.cluster.clock().now();
        let picked = self.cluster.pick_now(&self.policy, call, but, now).ok()??;
        Some(picked.endpoint().clone())
    }

    fn set_retries(&self) -> Option<u32> {
        (self.policy.retries_level > Level::Default).then_some(self.policy.retries)
    }

    fn values(&self, payload: &Payload) -> Option<Vec<Value>> {
        match payload {
            Payload::Message(Content::Dynamic(value)) => Some(vec![value.clone()]),
            other => self.cluster.decode(other),
        }
    }

    fn attempt(self: Arc<Self>, call: Call, endpoint: Option<Endpoint>) -> Invoking {
        Invoking::boxed(async move {
            let Self { cluster, policy, made } = &*self;
            let mut began = cluster.clock().now();
            let mut picked = match endpoint {
                Some(endpoint) => {
                    let retry = made.lock().note(&endpoint, true);
                    Some((policy.destination.pick_endpoint(&endpoint), retry))
                }
                None => self.pick(&call, began)?,
            };
            if picked.is_none() {
                // Nobody is there yet; those who wait for the first set then pick in turn.
                let patience = patience(policy, &call, began);
                cluster.first_set(policy, patience).await;
                began = cluster.clock().now();
                picked = self.pick(&call, began)?;
            }
            let (picked, retry) = picked.ok_or_else(|| {
                nobody(&cluster.view(&call), &*policy.destination, &made.lock().tried, began)
            })?;
            if retry && !cluster.take_retry(began) {
                return Err(made.lock().budget_spent());
            }
            let outcome = cluster.send(policy, call, picked, began).await;
            if let Err(failure) = &outcome {
                let mut made = made.lock();
                made.free += u32::from(never_began(failure));
                made.failure = Some(failure.clone());
            }
            outcome
        })
    }

    fn now(&self) -> Instant {
        self.cluster.clock().now()
    }

    fn sleep(&self, time: Duration) -> Sleep {
        let clock = self.cluster.clock();
        clock.sleep_until(after(clock.now(), time))
    }

    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.cluster.spawn(work);
    }
}
