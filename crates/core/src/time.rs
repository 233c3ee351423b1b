//! Time, as decisions see it: an injected clock and deadlines.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
pub use std::time::{Duration, Instant, SystemTime};

/// A pending sleep.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A monotonic clock and its timer, for decisions and for sleeps that are part of one. Production
/// uses the runtime's, which a simulation pauses. A clock of one's own above real protocols must tell
/// the runtime's instants: their timers are the runtime's.
///
/// ```
/// # mod dubhe { pub mod time { pub use dubhe_core::time::{Clock, Sleep, Timer}; } }
/// use std::sync::{Arc, Mutex};
/// use std::time::{Duration, Instant, SystemTime};
/// use dubhe::time::{Clock, Sleep, Timer};
///
/// /// The clock of a test without sockets, which stands until it is told to go on.
/// struct Stopped(Mutex<Instant>);
///
/// impl Clock for Stopped {
///     fn now(&self) -> Instant {
///         *self.0.lock().unwrap()
///     }
///
///     fn sleep_until(&self, _: Instant) -> Sleep {
///         Box::pin(std::future::pending())
///     }
///
///     fn wall(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH
///     }
/// }
///
/// let clock = Arc::new(Stopped(Mutex::new(Instant::now())));
/// let timer = Timer::start(clock.clone());
/// *clock.0.lock().unwrap() += Duration::from_secs(5);
/// assert_eq!(timer.elapsed(), Duration::from_secs(5));
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The present.
    fn now(&self) -> Instant;

    /// Resolves at `when`, at once if that has passed.
    fn sleep_until(&self, when: Instant) -> Sleep;

    /// The time of day, for times that come from other processes.
    fn wall(&self) -> SystemTime;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// Returns the instant `duration` after `now`; saturates about 30 years ahead, so that an option of
/// `Duration::MAX` means "never" and does not overflow.
pub fn after(now: Instant, duration: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(30 * 365 * 24);
    now.checked_add(duration.min(FAR)).unwrap_or(now)
}

/// The time since a moment, by an injected clock.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Call, Reply, Status}; pub use dubhe_core::filter::Next; }
/// use dubhe::{Call, Next, Reply, Status};
///
/// /// Says how long a call took, as the clock of the client sees it.
/// async fn timed(call: Call, next: Next) -> Result<Reply, Status> {
///     let timer = next.timer();
///     let outcome = next.run(call).await;
///     println!("{:?}", timer.elapsed());
///     outcome
/// }
/// ```
#[derive(Clone)]
pub struct Timer {
    clock: SharedClock,
    began: Instant,
}

impl Timer {
    /// A timer that began at `began`.
    pub fn since(clock: SharedClock, began: Instant) -> Self {
        Self { clock, began }
    }

    /// A timer that begins now.
    pub fn start(clock: SharedClock) -> Self {
        let began = clock.now();
        Self { clock, began }
    }

    /// The moment at which it began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// The time since the timer began.
    pub fn elapsed(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.began)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timer({:?})", self.elapsed())
    }
}

/// The point in time after which nobody waits for the reply.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use std::time::{Duration, Instant};
/// use dubhe::time::Deadline;
///
/// let now = Instant::now();
/// let deadline = Deadline::after(now, Duration::from_secs(2));
/// assert_eq!(deadline.left(now), Duration::from_secs(2));
/// assert!(deadline.passed(now + Duration::from_secs(3)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline at `when`.
    pub fn at(when: Instant) -> Self {
        Self(when)
    }

    /// The deadline `timeout` after `now`. This crate knows no clock, so that a decision reads its own
    /// once; `dubhe::time::deadline_after` reads the runtime's.
    pub fn after(now: Instant, timeout: Duration) -> Self {
        Self(after(now, timeout))
    }

    /// The instant itself.
    pub fn instant(self) -> Instant {
        self.0
    }

    /// The time left at `now`, zero when it has passed.
    pub fn left(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// Returns `true` if it has passed at `now`.
    pub fn passed(self, now: Instant) -> bool {
        self.0 <= now
    }

    /// The earlier of two deadlines, where `None` is "never".
    pub fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deadline({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_runs_out_and_never_overflows() {
        let now = Instant::now();
        let d = Deadline::after(now, Duration::from_millis(5));
        assert_eq!(d.left(now), Duration::from_millis(5));
        assert!(!d.passed(now));
        assert!(d.passed(now + Duration::from_millis(5)));
        assert!(!Deadline::after(now, Duration::MAX).passed(now));
    }

    #[test]
    fn the_longest_duration_does_not_overflow() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(5)), now + Duration::from_secs(5));
        let far = after(now, Duration::MAX);
        assert!(far > now + Duration::from_hours(20 * 365 * 24));
        assert!(after(far, Duration::MAX) > far);
    }

    #[test]
    fn no_deadline_is_later_than_any() {
        let d = Deadline::at(Instant::now());
        assert_eq!(Deadline::earlier(None, Some(d)), Some(d));
        assert_eq!(Deadline::earlier(None, None), None);
    }
}
