//! An attempt of a call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use dubhe_core::end::{End, Watch};
use dubhe_core::filter::Guards;
use dubhe_core::invoke::Outcome;
use dubhe_core::plan::Picked;
use dubhe_core::watch::Watching;
use dubhe_core::{Call, Code, Invoking, Status};

/// A call that is handed on by reference, lest each step's future has room for it.
pub(crate) struct Unsent(pub(crate) Option<Call>);

impl Unsent {
    pub(crate) fn get(&self) -> Result<&Call, Status> {
        self.0.as_ref().ok_or_else(sent_twice)
    }

    pub(crate) fn get_mut(&mut self) -> Result<&mut Call, Status> {
        self.0.as_mut().ok_or_else(sent_twice)
    }

    pub(crate) fn take(&mut self) -> Result<Call, Status> {
        self.0.take().ok_or_else(sent_twice)
    }

    /// Takes the call and leaves a copy, unless it can be sent only once.
    pub(crate) fn take_and_keep(&mut self) -> Result<Call, Status> {
        let call = self.take()?;
        self.0 = call.try_clone();
        Ok(call)
    }
}

#[cold]
fn sent_twice() -> Status {
    Status::new(Code::Internal, "the call has already been sent")
}

/// An attempt on its way.
#[must_use = "an attempt does nothing until it is polled"]
pub(crate) struct Attempt {
    pub(crate) sending: Invoking,
    pub(crate) hooks: Guards,
    pub(crate) report: Watching<Report>,
}

impl Future for Attempt {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut outcome = ready!(Pin::new(&mut self.sending).poll(cx));
        self.hooks.end(&mut outcome);
        self.report.end(&mut outcome);
        Poll::Ready(outcome)
    }
}

/// Tells the balancer how an attempt ended; until then it counts as in flight.
pub(crate) struct Report(pub(crate) Picked);

impl Watch for Report {
    fn end(&mut self, end: &End<'_>) {
        self.0.finish(end);
    }
}
