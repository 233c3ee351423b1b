//! What happens after a failure.

use dubhe_core::Status;
use dubhe_core::plan::{Fault, Policy};
use dubhe_core::status::Retry;

/// Whether another attempt follows the failure of attempt number `attempt`, counted from 0.
///
/// Failover sends a call again when it certainly did not start, or may run twice; errors of the
/// business never are. Failfast never sends it again.
pub fn again(policy: &Policy, attempt: u32, failure: &Status) -> bool {
    if attempt >= policy.retries || failure.is_business() {
        return false;
    }
    match policy.fault {
        Fault::Failover => match failure.retry() {
            Retry::Never => false,
            Retry::Unstarted => true,
            Retry::Unknown => policy.repeatable,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use dubhe_core::{Code, Metadata};

    use super::*;
    use crate::balance::Random;

    fn policy(fault: Fault, repeatable: bool) -> Policy {
        Policy {
            stream_timeout: None,
            timeout: Duration::from_secs(1),
            retries: 2,
            fault,
            balance: Arc::new(Random::from_os()),
            metadata: Metadata::new(),
            repeatable,
        }
    }

    #[test]
    fn failover_follows_the_verdict() {
        let down = |retry| Status::new(Code::Unavailable, "down").with_retry(retry);
        let p = policy(Fault::Failover, true);
        assert!(again(&p, 0, &down(Retry::Unknown)));
        assert!(again(&p, 1, &down(Retry::Unstarted)));
        assert!(!again(&p, 2, &down(Retry::Unstarted)));
        assert!(!again(&p, 0, &down(Retry::Never)));
        let once = policy(Fault::Failover, false);
        assert!(!again(&once, 0, &down(Retry::Unknown)));
        assert!(again(&once, 0, &down(Retry::Unstarted)));
    }

    #[test]
    fn business_errors_and_failfast_end_at_once() {
        let business = Status::business(Code::NotFound, "no such user");
        assert!(!again(&policy(Fault::Failover, true), 0, &business));
        let down = Status::new(Code::Unavailable, "down").with_retry(Retry::Unstarted);
        assert!(!again(&policy(Fault::Failfast, true), 0, &down));
    }
}
