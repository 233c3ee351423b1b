//! Panics of parts that others wrote, which must not end the task that follows them.

use std::any::Any;
use std::fmt;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use dubhe_core::registry::Registry;
use dubhe_core::status::panic_message;
use dubhe_core::time::{Duration, Instant, SharedClock};

/// The pause before parts that panicked are asked again, when nothing changes meanwhile.
pub(crate) const PAUSE: Duration = Duration::from_secs(3);

/// Resolves at `time`, never for `None`.
pub(crate) async fn until(clock: &SharedClock, time: Option<Instant>) {
    match time {
        Some(time) => clock.sleep_until(time).await,
        None => pending().await,
    }
}

/// The panic of a part, such as a router.
pub(crate) struct Panicked {
    part: String,
    panic: Box<dyn Any + Send>,
}

/// Runs a part, and catches its panic. The state that this leaves half done is the part's own.
#[inline]
pub(crate) fn guard<T>(
    run: impl FnOnce() -> T,
    part: impl FnOnce() -> String,
) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Panicked::new(part(), panic))
}

/// The name of a registry in the log.
pub(crate) fn registry_name(registry: &Arc<dyn Registry>) -> &str {
    guard(|| registry.name(), String::new).unwrap_or("a registry")
}

impl Panicked {
    pub(crate) fn new(part: String, panic: Box<dyn Any + Send>) -> Self {
        Self { part, panic }
    }

    /// Goes on with the panic, where there is a caller to see it.
    pub(crate) fn resume(self) -> ! {
        resume_unwind(self.panic)
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked: {}", self.part, panic_message(&*self.panic))
    }
}
