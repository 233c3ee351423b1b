//! The built-in treatments of failures. One of your own is a
//! [`FaultStrategy`](dubhe_core::fault::FaultStrategy).

mod budget;
mod failover;

pub use budget::RetryBudget;

pub(crate) use budget::RetryCounter;
pub(crate) use failover::{BUDGET_SPENT, FailedAttempts, is_refusal, never_began};
