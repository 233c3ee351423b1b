//! The rules of failover.

use dubhe_core::plan::Policy;
use dubhe_core::status::Retry;
use dubhe_core::{Endpoint, Status};

/// Returns `true` if a call that failed so may be sent again: it certainly did not start, or may
/// run twice. Errors of the business are answers.
pub(crate) fn may_repeat(policy: &Policy, failure: &Status) -> bool {
    !failure.is_business()
        && match failure.retry() {
            Retry::Never => false,
            Retry::Unstarted => true,
            Retry::Unknown => policy.repeatable,
        }
}

/// Adds the number of the attempt, and the endpoint of the one before, to a failure.
pub(crate) fn with_attempt(status: Status, endpoint: Option<&Endpoint>, attempt: u32) -> Status {
    match endpoint {
        None => status,
        Some(before) => status
            .context(format!("attempt {} of the call, after an attempt on {before}", attempt + 1)),
    }
}
