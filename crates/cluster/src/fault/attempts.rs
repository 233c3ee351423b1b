//! The attempts of a call whose strategy is not built in.

use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::fault::MakeAttempt;
use dubhe_core::plan::{Picked, Policy};
use dubhe_core::time::{Duration, Instant, Sleep};
use dubhe_core::{Call, Endpoint, Invoking, Status};
use parking_lot::Mutex;

use crate::cluster::{Cluster, candidates, nobody, patience};

/// A call that a strategy makes attempts of, in a row or at once.
pub(crate) struct CallAttempts {
    cluster: Cluster,
    policy: Arc<Policy>,
    /// The endpoints that were tried, detached, so that providers that are gone and their
    /// connections are not kept.
    tried: Mutex<Vec<Endpoint>>,
}

impl CallAttempts {
    pub(crate) fn new(cluster: Cluster, policy: Arc<Policy>) -> Self {
        Self { cluster, policy, tried: Mutex::default() }
    }

    /// Picks and notes it under one lock, so that simultaneous attempts pick different endpoints.
    fn pick(&self, call: &Call, began: Instant) -> Result<Option<Picked>, Status> {
        let mut tried = self.tried.lock();
        let picked = self.cluster.pick_now(&self.policy, call, &tried, began)?;
        if let Some(picked) = &picked {
            note(&mut tried, picked.endpoint());
        }
        Ok(picked)
    }
}

impl MakeAttempt for CallAttempts {
    fn policy(&self) -> &Policy {
        &self.policy
    }

    fn candidates(&self, call: &Call) -> Vec<Endpoint> {
        let left = candidates(&self.cluster.view(call), &*self.policy.destination);
        left.unwrap_or_else(|error| {
            tracing::error!(%error, "no candidates for a call");
            Vec::new()
        })
    }

    fn attempt(self: Arc<Self>, call: Call, endpoint: Option<Endpoint>) -> Invoking {
        Invoking::boxed(async move {
            let Self { cluster, policy, tried } = &*self;
            let mut began = cluster.clock().now();
            let mut picked = match endpoint {
                Some(endpoint) => {
                    note(&mut tried.lock(), &endpoint);
                    Some(policy.destination.pick_endpoint(&endpoint))
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
            let picked = picked
                .ok_or_else(|| nobody(&cluster.view(&call), &*policy.destination, &tried.lock()))?;
            cluster.send(policy, call, picked, began).await
        })
    }

    fn sleep(&self, time: Duration) -> Sleep {
        let clock = self.cluster.clock();
        clock.sleep_until(clock.now() + time)
    }

    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.cluster.spawn(work);
    }
}

fn note(tried: &mut Vec<Endpoint>, endpoint: &Endpoint) {
    if !tried.contains(endpoint) {
        tried.push(endpoint.detached());
    }
}
