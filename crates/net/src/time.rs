//! The clock that decisions in this crate depend on.
//!
//! Time is the runtime's: [`now`] and every sleep here go through tokio's clock, so a test or a
//! simulation that pauses it ([`tokio::time::pause`]) drives the production code.

use std::time::Instant;

/// The current monotonic time of the runtime.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Ends at `at`, at once if that has passed.
pub async fn sleep_until(at: Instant) {
    tokio::time::sleep_until(at.into()).await;
}
