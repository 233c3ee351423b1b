//! The built-in treatments of failures. One of your own is a
//! [`FaultStrategy`](dubhe_core::fault::FaultStrategy).

mod attempts;
mod failover;

pub(crate) use attempts::CallAttempts;
pub(crate) use failover::{may_repeat, with_attempt};
