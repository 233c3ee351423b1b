//! The attempts of a call whose strategy is not built in.

use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::fault::Attempt;
use dubhe_core::plan::{Picked, Policy};
use dubhe_core::time::{Duration, Sleep};
use dubhe_core::{Call, Endpoint, Invoking};
use parking_lot::Mutex;

use crate::cluster::{Cluster, Unsent};

/// A call that a strategy makes attempts of, in a row or at once.
pub(crate) struct CallAttempts {
    cluster: Cluster,
    policy: Arc<Policy>,
    tried: Mutex<Vec<Endpoint>>,
}

impl CallAttempts {
    pub(crate) fn new(cluster: Cluster, policy: Arc<Policy>) -> Self {
        Self { cluster, policy, tried: Mutex::default() }
    }
}

impl Attempt for CallAttempts {
    fn policy(&self) -> &Policy {
        &self.policy
    }

    fn candidates(&self, call: &Call) -> Vec<Endpoint> {
        self.policy.destination.candidates(&self.cluster.view(call))
    }

    fn attempt(self: Arc<Self>, call: Call, endpoint: Option<Endpoint>) -> Invoking {
        Invoking::boxed(async move {
            let Self { cluster, policy, tried } = &*self;
            let began = cluster.clock().now();
            let call = &mut Unsent(Some(call));
            let picked = match endpoint {
                Some(endpoint) => Picked::new(&endpoint, None),
                None => {
                    let known = tried.lock().clone();
                    cluster.pick(policy, call, &known, began).await?
                }
            };
            tried.lock().push(picked.endpoint().clone());
            cluster.send(policy, call.take()?, picked, began).await
        })
    }

    fn sleep(&self, time: Duration) -> Sleep {
        let clock = self.cluster.clock();
        clock.sleep_until(clock.now() + time)
    }

    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.cluster.tasks().spawn(work);
    }
}
