//! The built-in treatments of failures. One of your own is a
//! [`FaultStrategy`](dubhe_core::fault::FaultStrategy).

mod attempts;
mod budget;
mod failover;

pub use budget::RetryBudget;

pub(crate) use attempts::CallAttempts;
pub(crate) use budget::RetryCounter;
pub(crate) use failover::{FailedAttempts, never_began};
