//! Watches over the outcome of a call, which end with it or stay with its reply.

use std::fmt;

use crate::end::{Facts, Until, Watch, Watchers, last, tell};
use crate::reply::Reply;
use crate::status::Status;
use crate::time::Timer;

impl Watchers {
    /// Passes the outcome of a call to the watchers, or keeps them with its reply to the end.
    pub(crate) fn outcome(&mut self, outcome: &mut Result<Reply, Status>) {
        match outcome {
            _ if self.is_empty() => {}
            Err(status) => {
                self.tell(Until::Received, &Facts::failed(status));
                if !self.is_empty() {
                    status.watch_all(std::mem::take(self));
                }
            }
            Ok(reply) => {
                if let Some(facts) = reply.received() {
                    self.tell(Until::Received, &facts);
                }
                if !self.is_empty() {
                    reply.watch_all(std::mem::take(self));
                }
            }
        }
    }
}

/// A watch over an outgoing call within one function: dropped without an outcome, the call was
/// cancelled or panicked. Allocates no memory unless the end comes after the function's.
pub struct Watching<W: Watch + 'static> {
    watch: Option<W>,
    timer: Timer,
}

impl<W: Watch + 'static> Watching<W> {
    /// Begins to watch a call that `timer` measures, [until it is received](Until::Received).
    pub fn new(watch: W, timer: Timer) -> Self {
        Self { watch: Some(watch), timer }
    }

    /// The watch, until it has learnt the end.
    pub fn watch(&self) -> Option<&W> {
        self.watch.as_ref()
    }

    /// Passes the outcome of the call to the watch, or keeps it with a streamed reply to its end.
    pub fn end(&mut self, outcome: &mut Result<Reply, Status>) {
        let Some(watch) = self.watch.take() else { return };
        let facts = match outcome {
            Err(status) => Facts::failed(status),
            Ok(reply) => match reply.received() {
                Some(facts) => facts,
                None => return reply.watch(watch, self.timer.clone(), Until::Received),
            },
        };
        self.tell(watch, &facts);
    }

    fn tell(&self, watch: W, facts: &Facts<'_>) {
        last(watch, |watch| tell(watch, Some(&self.timer), None, facts));
    }
}

impl<W: Watch + 'static> Drop for Watching<W> {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            Facts::without_outcome(|facts| self.tell(watch, facts));
        }
    }
}

impl<W: Watch + 'static> fmt::Debug for Watching<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watching")
    }
}
