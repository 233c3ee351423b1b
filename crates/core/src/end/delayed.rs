//! An end that waits for the work that goes on after it.

use super::{Ending, Facts, Link, Until, Watchers, contain, is_late, last};
use crate::status::Status;
use crate::time::{Duration, Timer};

/// The watchers of a call that has ended, which learn the end when this is dropped and none of them
/// [is busy](super::Watch::is_busy) any more. The outcome is that of the end; the latency goes on.
///
/// ```
/// # mod dubhe { pub use dubhe_core::end::End; pub mod call { pub use dubhe_core::end::{DelayedEnd, Watch}; } }
/// use dubhe::End;
/// use dubhe::call::{DelayedEnd, Watch};
///
/// /// Counts a call as running until its work is done, and not only until its caller has given up.
/// #[derive(Default)]
/// struct Running { working: bool, held: Option<DelayedEnd> }
///
/// impl Watch for Running {
///     fn end(&mut self, _: &End<'_>) {}
///
///     fn is_busy(&self) -> bool {
///         self.working
///     }
///
///     fn delay(&mut self, ended: DelayedEnd) {
///         self.held = Some(ended); // to be dropped when the work is done
///     }
/// }
/// ```
#[derive(Debug)]
pub struct DelayedEnd {
    watchers: Watchers,
    /// The outcome, `None` when the caller gave up.
    outcome: Option<Result<(), Status>>,
    /// `true` if the progress of a reply is known.
    replied: bool,
}

impl DelayedEnd {
    /// Passes the watchers to one of them that is busy.
    fn pass_to(self, busy: Link) {
        // Where it panics, the end is dropped and so told.
        last(busy, |busy| busy.watch.delay(self));
    }
}

impl Drop for DelayedEnd {
    fn drop(&mut self) {
        let Self { watchers, outcome, replied } = self;
        if let Some(busy) = watchers.take_busy() {
            let (watchers, outcome) = (std::mem::take(watchers), outcome.take());
            return Self { watchers, outcome, replied: *replied }.pass_to(busy);
        }
        let ending = match outcome {
            Some(Ok(())) => Ending::Ok,
            Some(Err(status)) => Ending::Failed(status),
            None => Ending::Cancelled,
        };
        if *replied {
            watchers.passed_now(ending, Until::Sent);
        } else {
            watchers.tell_now(Until::Sent, &Facts::of(ending));
        }
    }
}

impl Watchers {
    /// Delays the end for all watchers while one of them is busy.
    pub(super) fn delayed(&mut self, ending: Ending<'_>, at: Until, replied: bool) -> bool {
        if at != Until::Sent {
            return false;
        }
        let Some(busy) = self.take_busy() else { return false };
        self.delay(busy, ending, replied);
        true
    }

    #[cold]
    fn delay(&mut self, busy: Link, ending: Ending<'_>, replied: bool) {
        let mut watchers = std::mem::take(self);
        let outcome = match ending {
            Ending::Ok => Some(Ok(())),
            Ending::Failed(status) => Some(Err(status.clone())),
            Ending::Cancelled => {
                watchers.forget_deadlines_ahead();
                None
            }
        };
        DelayedEnd { watchers, outcome, replied }.pass_to(busy);
    }

    /// Takes out the first watcher that is busy.
    fn take_busy(&mut self) -> Option<Link> {
        let at = self.find_busy()?;
        let mut next = &mut self.0;
        for _ in 0..at {
            next = &mut next.as_mut()?.next;
        }
        let mut busy = next.take()?;
        *next = busy.next.take();
        Some(busy)
    }

    /// The number of watchers before the first one that is busy.
    fn find_busy(&self) -> Option<usize> {
        let (mut next, mut at) = (self.0.as_deref(), 0);
        loop {
            let found = contain(|| {
                while let Some(node) = next {
                    next = node.next.as_deref();
                    at += 1;
                    if node.watch.is_busy() {
                        return true;
                    }
                }
                false
            });
            // One that panics is not busy; those behind it are asked still.
            if let Some(found) = found {
                return found.then(|| at - 1);
            }
        }
    }

    /// Decides for each watcher whether a cancelled call was late: a deadline that lies ahead cannot
    /// be missed any more.
    fn forget_deadlines_ahead(&mut self) {
        let mut next = &mut self.0;
        while let Some(node) = next {
            let (timer, deadline) = (node.timer.as_ref(), node.deadline);
            let is_late = || is_late(timer, deadline, timer.map_or(Duration::ZERO, Timer::elapsed));
            if !contain(is_late).unwrap_or_default() {
                node.deadline = None;
            }
            next = &mut node.next;
        }
    }
}
