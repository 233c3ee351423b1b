//! The first that can be asked.

use dubhe_core::fault::{Attempts, FaultStrategy};
use dubhe_core::status::Retry;
use dubhe_core::{Call, Code, Invoking, Status};

/// Asks the first provider that can be asked, in the order of the registry, once (Dubbo's `available`): a primary and
/// its stand-ins. The balancer picks nobody; without one that can be asked the call fails.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::Available; } pub use dubhe_core::fault::Fault; }
/// use dubhe::Fault;
/// use dubhe::fault::Available;
///
/// let fault = Fault::strategy(Available); // as `fault("available")`
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Available;

impl FaultStrategy for Available {
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        if let Some(first) = attempts.available(&call).first() {
            return attempts.on(first, call);
        }
        let all = attempts.candidates(&call).len();
        if all == 0 {
            // Nobody is there, which this says.
            return attempts.next(call);
        }
        let text = format!("none of the {all} providers can be asked now");
        let status = Status::new(Code::Unavailable, text).with_retry(Retry::Unstarted);
        Invoking::ready(Err(status))
    }
}
