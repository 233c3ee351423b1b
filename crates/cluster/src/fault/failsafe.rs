//! Failures that are of no consequence.

use std::sync::Arc;

use dubhe_core::fault::{Attempts, FaultStrategy};
use dubhe_core::log::OncePerSecond;
use dubhe_core::printable::Printable;
use dubhe_core::{Call, Invoking};

use super::{is_answer, nothing, once};

/// Gives Java's null in place of a failure (Dubbo's `failsafe`): for calls without which work goes on, such as those
/// that write an audit. Errors of the service are answers; without any provider the call fails. One failure a second
/// is a line in the log.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::Failsafe; } pub use dubhe_core::fault::Fault; }
/// use dubhe::Fault;
/// use dubhe::fault::Failsafe;
///
/// let fault = Fault::strategy(Failsafe::default()); // as `fault("failsafe")`
/// ```
#[derive(Clone, Debug, Default)]
pub struct Failsafe {
    log: Arc<OncePerSecond>,
}

impl FaultStrategy for Failsafe {
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        let log = self.log.clone();
        Invoking::boxed(async move {
            let (service, method) = (call.head.service.clone(), call.head.method.clone());
            let kept = call.try_clone();
            let error = match once(call, &attempts).await {
                Err(status) if !is_answer(&status) => status,
                outcome => return outcome,
            };
            if kept.is_some_and(|call| attempts.candidates(&call).is_empty()) {
                return Err(error);
            }
            if let Some(failures) = log.count(attempts.now()) {
                let method = Printable(&method.name);
                tracing::warn!(
                    %service, %method, %error, failures,
                    "a call failed; its caller gets an empty result"
                );
            }
            Ok(nothing())
        })
    }
}
