//! An attempt of a call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use dubhe_core::end::{End, Ending, Watch};
use dubhe_core::filter::Guards;
use dubhe_core::invoke::Outcome;
use dubhe_core::plan::Picked;
use dubhe_core::status::{Origin, Retry};
use dubhe_core::time::Instant;
use dubhe_core::watch::Watching;
use dubhe_core::{Call, CallKind, Code, Endpoint, Invoking, Status};

/// A call that is handed on by reference, so that the future of each step has no room for it.
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

    /// Returns a copy of the call, or the call itself if it can be sent only once.
    #[inline]
    pub(crate) fn copy_or_take(&mut self) -> Result<Call, Status> {
        match self.get()?.try_clone() {
            Some(copy) => Ok(copy),
            None => self.take(),
        }
    }
}

#[cold]
pub(crate) fn sent_twice() -> Status {
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
        let left = self.report.watch().is_some_and(|report| has_left(report.endpoint(), &outcome));
        self.report.end(&mut outcome);
        if left {
            // As if it could not be reached: others begin the call.
            outcome = outcome
                .map_err(|status| status.with_origin(Origin::Local).with_retry(Retry::Unstarted));
        }
        Poll::Ready(outcome)
    }
}

/// Returns `true` if the endpoint, which no registry knows any more, refused the call as not its own: the
/// service was removed from a server that goes on, or the server stops.
fn has_left(endpoint: &Endpoint, outcome: &Outcome) -> bool {
    let Err(status) = outcome else { return false };
    let refuses = match status.code() {
        Code::Unavailable => status.retry() == Retry::Unstarted,
        Code::Unimplemented => true,
        _ => false,
    };
    refuses && status.origin() == Origin::RemoteFramework && endpoint.state().refused()
}

/// Reports to the balancer how an attempt ended; until then it counts as in flight. Notes timeouts
/// of the endpoint, and its answers.
pub(crate) struct Report {
    picked: Picked,
    /// The beginning of the attempt, if an answer is expected.
    began: Option<Instant>,
}

impl Report {
    /// The report of an attempt that begins at `began`.
    pub(crate) fn new(mut picked: Picked, call: &Call, began: Instant) -> Self {
        picked.begin(call);
        let answered = call.head.method.kind != CallKind::OneWay;
        Self { picked, began: answered.then_some(began) }
    }
}

impl Report {
    /// The endpoint of the attempt.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        self.picked.endpoint()
    }
}

impl Watch for Report {
    fn end(&mut self, end: &End<'_>) {
        if let Some(began) = self.began {
            note(self.picked.endpoint(), end, began);
        }
        self.picked.finish(end);
    }
}

fn note(endpoint: &Endpoint, end: &End<'_>, began: Instant) {
    match end.ending {
        Ending::Ok => answered(endpoint),
        Ending::Failed(status) => match status.origin() {
            Origin::RemoteFramework | Origin::RemoteBusiness => answered(endpoint),
            Origin::Caller | Origin::Local => {
                // A call that was never sent tells nothing of the endpoint.
                let sent = status.retry() != Retry::Unstarted;
                if sent && status.code() == Code::DeadlineExceeded {
                    timed_out(endpoint, began + end.latency);
                }
            }
        },
        Ending::Cancelled => {}
    }
}

fn answered(endpoint: &Endpoint) {
    if endpoint.state().answered() {
        is_back(endpoint);
    }
}

#[cold]
fn is_back(endpoint: &Endpoint) {
    tracing::info!(provider = %endpoint, "a provider answers calls in time again");
}

#[cold]
fn timed_out(endpoint: &Endpoint, now: Instant) {
    if let Some(timeouts) = endpoint.state().timed_out(now) {
        tracing::warn!(
            provider = %endpoint,
            timeouts,
            "calls time out in a row; the provider is passed over while others are there"
        );
    }
}
