//! The clock of the runtime.

use dubhe_core::time::{Clock, Instant, Sleep};

/// tokio's clock: real time, or what a test that pauses it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        Box::pin(tokio::time::sleep_until(when.into()))
    }
}
