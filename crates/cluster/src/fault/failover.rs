//! Failover and failfast: attempts in a row.

use std::sync::Arc;

use dubhe_core::fault::{Attempts, Fault};
use dubhe_core::invoke::Outcome;
use dubhe_core::plan::{Picked, Policy};
use dubhe_core::status::Retry;
use dubhe_core::time::Instant;
use dubhe_core::{Endpoint, Status};

use super::CallAttempts;
use crate::cluster::{Attempt, Cluster, Unsent};

impl Cluster {
    /// Makes the attempts that the policy's treatment of failures asks for: one, or more on other
    /// endpoints while the call fails and may be sent again. The first begins at `began`.
    pub(crate) async fn treat(
        &self,
        policy: &Arc<Policy>,
        call: &mut Unsent,
        mut began: Instant,
    ) -> Outcome {
        let retries = match &policy.fault {
            Fault::Failover => policy.retries,
            Fault::Strategy(strategy) => {
                let attempts = CallAttempts::new(self.clone(), policy.clone());
                let running = strategy.run(call.take()?, Attempts::new(Arc::new(attempts)));
                return running.await;
            }
            _ => 0,
        };
        let outer = call.get()?.head.deadline;
        let mut tried: Vec<Endpoint> = Vec::new();
        let mut attempt = 0;
        loop {
            let picked = self.pick(policy, call, &tried, began).await?;
            let (sending, again) = self.attempt(policy, call, picked, began, attempt < retries)?;
            let status = match sending.await {
                Ok(reply) => return Ok(reply),
                Err(status) => with_attempt(status, tried.last(), attempt),
            };
            began = self.clock().now();
            let in_time = outer.is_none_or(|deadline| !deadline.passed(began));
            match again {
                Some(endpoint) if in_time && may_repeat(policy, &status) => tried.push(endpoint),
                _ => return Err(status),
            }
            attempt += 1;
        }
    }

    /// Sends `call` to whom was picked, and says to whom; only a call that may be sent `again` is
    /// kept. No future: what has moved would have room in it.
    fn attempt(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        picked: Picked,
        began: Instant,
        again: bool,
    ) -> Result<(Attempt, Option<Endpoint>), Status> {
        let sent = if again { call.take_and_keep()? } else { call.take()? };
        let endpoint = call.0.as_ref().map(|_| picked.endpoint().clone());
        Ok((self.send(policy, sent, picked, began), endpoint))
    }
}

/// Returns `true` if a call that failed so may be sent again: it certainly did not start, or may
/// run twice. Errors of the business are answers.
fn may_repeat(policy: &Policy, failure: &Status) -> bool {
    !failure.is_business()
        && match failure.retry() {
            Retry::Never => false,
            Retry::Unstarted => true,
            Retry::Unknown => policy.repeatable,
        }
}

/// Adds the number of the attempt, and the endpoint of the one before, to a failure.
fn with_attempt(status: Status, endpoint: Option<&Endpoint>, attempt: u32) -> Status {
    match endpoint {
        None => status,
        Some(before) => status
            .context(format!("attempt {} of the call, after an attempt on {before}", attempt + 1)),
    }
}
