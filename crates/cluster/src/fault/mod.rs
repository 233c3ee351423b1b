//! The treatment of failures, by Dubbo's names. One of your own is a
//! [`FaultStrategy`](dubhe_core::fault::FaultStrategy).
//!
//! | module | treatment | name |
//! | --- | --- | --- |
//! | `failover` | tries other endpoints; built into the call | `failover`, `failfast` |
//! | `failsafe` | gives an empty result for a failure | `failsafe` |
//! | `failback` | gives an empty result, and tries again later | `failback` |
//! | `forking` | asks several at once | `forking` |
//! | `broadcast` | asks all | `broadcast` |
//! | `available` | asks the first that can be asked | `available` |
//! | `mergeable` | asks one of each group, and joins the results | `mergeable` |
//! | `hedge` | asks another one while the first is slow | |

mod available;
mod broadcast;
mod budget;
mod failback;
mod failover;
mod failsafe;
mod forking;
mod hedge;
mod merge;
mod mergeable;
mod named;

pub use available::Available;
pub use broadcast::Broadcast;
pub use budget::RetryBudget;
pub use failback::Failback;
pub use failsafe::Failsafe;
pub use forking::Forking;
pub use hedge::Hedge;
pub use merge::Merger;
pub use mergeable::Mergeable;
pub use named::named;

pub(crate) use budget::RetryCounter;
pub(crate) use failover::{BUDGET_SPENT, FailedAttempts, is_refusal, never_began};

use dubhe_core::fault::Attempts;
use dubhe_core::invoke::Outcome;
use dubhe_core::status::Exception;
use dubhe_core::{Call, Code, Payload, Reply, Status, Value};

/// The most times that a call goes on to others because nobody began it.
const RESENDS: usize = 16;

/// Returns `true` if the service itself answered with this error, and not Dubbo Java in its place.
fn is_answer(failure: &Status) -> bool {
    failure.is_business() && !failure.java().is_some_and(Exception::is_rpc)
}

/// Java's null in place of a result.
fn nothing() -> Reply {
    Reply::new(Payload::dynamic(Value::Null))
}

/// Makes one attempt; what nobody begins goes on to others, as in failover.
async fn once(call: Call, attempts: &Attempts) -> Outcome {
    let Some(kept) = call.try_clone() else { return attempts.next(call).await };
    let mut outcome = attempts.next(call).await;
    for _ in 0..RESENDS {
        let goes_on = outcome.as_ref().err().is_some_and(never_began);
        let Some(copy) = kept.try_clone().filter(|_| goes_on) else { break };
        outcome = attempts.next(copy).await;
    }
    outcome
}

/// The error of a stream where a call has to be sent more than once.
fn sent_once(treatment: &str) -> Status {
    let text = format!("{treatment} sends a call several times, and a stream can be sent once");
    Status::new(Code::InvalidArgument, text)
}
