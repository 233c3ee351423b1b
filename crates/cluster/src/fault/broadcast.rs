//! All of them.

use dubhe_core::fault::{Attempts, FaultStrategy};
use dubhe_core::{Call, Invoking};

use super::sent_once;

/// Asks all providers that rules leave, one after the other, also those that cannot be reached (Dubbo's `broadcast`): to
/// drop a cache everywhere. The result is that of the last one; if any fails, the call fails with the last failure.
///
/// Errors of the service are failures here. With [`fail_percent`](Self::fail_percent) it ends as soon as so many have
/// failed (Dubbo's `broadcast.fail.percent`).
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::Broadcast; } pub use dubhe_core::fault::Fault; }
/// use dubhe::Fault;
/// use dubhe::fault::Broadcast;
///
/// let fault = Fault::strategy(Broadcast::default().fail_percent(20));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Broadcast {
    percent: usize,
}

impl Default for Broadcast {
    fn default() -> Self {
        Self { percent: 100 }
    }
}

impl Broadcast {
    /// The same with another percentage of the providers that end it when they have failed, 0 to 100; 100, the default,
    /// is all of them, and with 0 everybody is asked too. More is 100.
    pub fn fail_percent(mut self, percent: u32) -> Self {
        self.percent = usize::try_from(percent).unwrap_or(100).min(100);
        self
    }
}

impl FaultStrategy for Broadcast {
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        let percent = self.percent;
        Invoking::boxed(async move {
            let all = attempts.candidates(&call);
            let limit = all.len() * percent / 100;
            let (mut failed, mut failure, mut reply) = (0, None, None);
            for endpoint in &all {
                let Some(copy) = call.try_clone() else { return Err(sent_once("broadcast")) };
                match attempts.on(endpoint, copy).await {
                    Ok(answer) => reply = Some(answer),
                    Err(status) => {
                        tracing::debug!(provider = %endpoint, error = %status, "a call to all failed");
                        failure = Some(status);
                        failed += 1;
                        if failed == limit {
                            break;
                        }
                    }
                }
            }
            match (failure, reply) {
                (Some(failure), _) => {
                    let all = all.len();
                    Err(failure
                        .context(format!("{failed} of {all} providers failed, the last one")))
                }
                (None, Some(reply)) => Ok(reply),
                // Nobody is there, which this says.
                (None, None) => attempts.next(call).await,
            }
        })
    }
}
