//! Failover: the same call to another endpoint.

use dubhe_core::invoke::Outcome;
use dubhe_core::plan::Policy;
use dubhe_core::status::Retry;
use dubhe_core::{Endpoint, Status};

use crate::cluster::{Cluster, Unsent};

/// Sends `call` to one endpoint and, while that fails and the policy allows it, to others.
pub(crate) async fn failover(cluster: &Cluster, policy: &Policy, call: &mut Unsent) -> Outcome {
    let outer = call.get()?.head.deadline;
    let mut began = cluster.began(call);
    let mut tried: Vec<Endpoint> = Vec::new();
    let mut attempt = 0;
    loop {
        let spare = if attempt < policy.retries { call.get()?.try_clone() } else { None };
        let mut endpoint = None;
        let picked = |picked: &Endpoint| endpoint = Some(picked.clone());
        let status = match cluster.attempt(policy, call, &tried, began, picked).await {
            Ok(reply) => return Ok(reply),
            Err(status) => status,
        };
        // Nobody was there to be asked.
        let Some(endpoint) = endpoint else { return Err(status) };
        began = cluster.clock().now();
        let in_time = outer.is_none_or(|deadline| !deadline.passed(began));
        match spare {
            Some(copy) if in_time && again(policy, &status) => *call = Unsent(Some(copy)),
            _ => return Err(told(status, &endpoint, attempt)),
        }
        tried.push(endpoint);
        attempt += 1;
    }
}

/// Returns `true` if a call that failed so may be sent again: it certainly did not start, or may
/// run twice. Errors of the business are answers.
fn again(policy: &Policy, failure: &Status) -> bool {
    !failure.is_business()
        && match failure.retry() {
            Retry::Never => false,
            Retry::Unstarted => true,
            Retry::Unknown => policy.repeatable,
        }
}

/// Says whom a failure was about, and how often the call was tried.
fn told(status: Status, endpoint: &Endpoint, attempt: u32) -> Status {
    match attempt {
        0 => status,
        n => status.context(format!("attempt {} of the call, last on {endpoint}", n + 1)),
    }
}
