//! The wait for a deadline.

use std::future::pending;

use dubhe_core::time::Deadline;
use dubhe_net::time;

/// Waits for the deadline, for ever when there is none.
pub(crate) async fn passed(deadline: Option<Deadline>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.instant()).await,
        None => pending().await,
    }
}
