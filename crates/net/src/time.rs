//! The clock that decisions in this crate depend on.
//!
//! Time is the runtime's: [`now`] and every sleep here go through tokio's clock, so a test or a
//! simulation that pauses it (`tokio::time::pause`) drives the production code.

use std::time::{Duration, Instant, SystemTime};

use dubhe_core::time::{Clock, Deadline, Sleep};

/// The current monotonic time of the runtime.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The deadline `timeout` from [`now`]; about 30 years ahead where that is less.
///
/// ```
/// # mod dubhe { pub mod time { pub use dubhe_net::time::{deadline_after, now}; } }
/// use std::time::Duration;
/// use dubhe::time::{deadline_after, now};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let deadline = deadline_after(Duration::from_secs(2)); // for `CallOptions::deadline`
/// assert_eq!(deadline.left(now()), Duration::from_secs(2));
/// # }
/// ```
pub fn deadline_after(timeout: Duration) -> Deadline {
    Deadline::after(now(), timeout)
}

/// The clock of the runtime: real time, or what a test that pauses it says.
///
/// ```
/// # mod dubhe { pub mod time { pub use dubhe_core::time::{SharedClock, Timer}; pub use dubhe_net::time::TokioClock; } }
/// use std::sync::Arc;
/// use std::time::Duration;
/// use dubhe::time::{SharedClock, Timer, TokioClock};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// // The clock of an application; a test that pauses tokio's time pauses it too.
/// let clock: SharedClock = Arc::new(TokioClock);
/// let timer = Timer::start(clock);
/// tokio::time::sleep(Duration::from_secs(60)).await;
/// assert!(timer.elapsed() >= Duration::from_secs(60));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        now()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        Box::pin(sleep_until(when))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Ends at `at`, at once if that has passed.
pub async fn sleep_until(at: Instant) {
    tokio::time::sleep_until(at.into()).await;
}
