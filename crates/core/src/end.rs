//! The end of a call, and who is told of it.
//!
//! A call ends once, on one of many ways: with a reply, with an error before or after the head of
//! a reply, by cancellation, by a panic, with its connection. A [`Watch`] is told of the end
//! whichever it is. It stands at one of two things that a call goes through: the future of the
//! call ([`Invoking::watch`](crate::Invoking::watch)) and, once that has resolved, the reply
//! ([`Reply::watch`](crate::Reply::watch)), whose stream may go on for long.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::invoke::Invoking;
use crate::metadata::Metadata;
use crate::reply::Reply;
use crate::status::{Code, Status};
use crate::time::Duration;

/// The outcome of a call at its end.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// Success.
    Ok,
    /// An error, which may have come after the head of the reply.
    Failed(&'a Status),
    /// The caller gave up: the call, or the rest of its reply, was dropped.
    Cancelled,
}

/// What is known of a call at its end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct End<'a> {
    /// The outcome.
    pub ending: Ending<'a>,
    /// The time since what is watched began.
    pub latency: Duration,
    /// The attachments of the head of the reply, also of a failed one.
    pub metadata: &'a Metadata,
    /// The attachments of its end.
    pub trailers: &'a Metadata,
    /// The number of messages of the reply that passed.
    pub messages: u64,
    /// The length of these messages in bytes, as they are encoded and before compression. Messages
    /// of Rust types count once the protocol has encoded them.
    pub bytes: u64,
}

impl End<'_> {
    /// The error, when the call failed.
    pub fn status(&self) -> Option<&Status> {
        match self.ending {
            Ending::Failed(status) => Some(status),
            Ending::Ok | Ending::Cancelled => None,
        }
    }

    /// The error code, `None` for success; [`Code::Cancelled`] when the caller gave up.
    pub fn code(&self) -> Option<Code> {
        match self.ending {
            Ending::Ok => None,
            Ending::Failed(status) => Some(status.code()),
            Ending::Cancelled => Some(Code::Cancelled),
        }
    }

    /// The outcome by gRPC's name: `OK`, `NOT_FOUND` and so on.
    pub fn name(&self) -> &'static str {
        self.code().map_or("OK", Code::name)
    }
}

/// Told once of the end of a call.
pub trait Watch: Send {
    /// The time since what it watches began, by the clock of its maker.
    fn elapsed(&self) -> Duration;

    /// Takes the end. Called exactly once, also while a panic unwinds.
    fn end(&mut self, end: &End<'_>);
}

/// The moment that ends a unary call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The arrival of the reply: the view of a caller.
    Received,
    /// The reply's being written or dropped: the view of a provider.
    Sent,
}

struct Node<W: ?Sized> {
    next: Option<Link>,
    until: Until,
    watch: W,
}

type Link = Box<Node<dyn Watch>>;

/// Those who watch a call; the innermost is told first. Dropped with somebody left, the call was
/// cancelled or panicked.
#[derive(Default)]
pub(crate) struct Watchers(Option<Link>);

impl Watchers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn push(&mut self, watch: impl Watch + 'static, until: Until) {
        self.append(Self(Some(Box::new(Node { next: None, until, watch }))));
    }

    /// Adds all of `outer` behind those that are here.
    pub(crate) fn append(&mut self, mut outer: Self) {
        let mut last = &mut self.0;
        while let Some(node) = last {
            last = &mut node.next;
        }
        *last = outer.0.take();
    }

    /// Tells those for whom the call has ended, which are all once a unary reply is sent.
    pub(crate) fn tell(&mut self, at: Until, facts: &Facts<'_>) {
        let mut next = self.0.take();
        while let Some(mut node) = next {
            next = node.next.take();
            if at == Until::Sent || node.until == at {
                tell(&mut node.watch, facts);
            } else {
                self.append(Self(Some(node)));
            }
        }
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        if !self.is_empty() {
            Facts::without_outcome(|facts| self.tell(Until::Sent, facts));
        }
    }
}

/// All of an [`End`] but the time.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) ending: Ending<'a>,
    pub(crate) metadata: &'a Metadata,
    pub(crate) trailers: &'a Metadata,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl<'a> Facts<'a> {
    fn of(ending: Ending<'a>) -> Self {
        const NONE: &Metadata = &Metadata::new();
        let (metadata, trailers) = match ending {
            Ending::Failed(status) => (status.headers(), status.trailers()),
            Ending::Ok | Ending::Cancelled => (NONE, NONE),
        };
        Self { ending, metadata, trailers, messages: 0, bytes: 0 }
    }

    pub(crate) fn failed(status: &'a Status) -> Self {
        Self::of(Ending::Failed(status))
    }

    /// Runs `tell` with the facts of a call that was dropped.
    pub(crate) fn without_outcome(tell: impl FnOnce(&Facts<'_>)) {
        if std::thread::panicking() {
            let status = Status::new(Code::Internal, "the call panicked; the log says where");
            tell(&Facts::failed(&status));
        } else {
            tell(&Facts::of(Ending::Cancelled));
        }
    }
}

fn tell(watch: &mut (impl Watch + ?Sized), facts: &Facts<'_>) {
    let Facts { ending, metadata, trailers, messages, bytes } = *facts;
    contained(|| {
        let latency = watch.elapsed();
        watch.end(&End { ending, latency, metadata, trailers, messages, bytes });
    });
}

/// Keeps a panic of `tell`, of which the panic hook has told: watches run in destructors, where
/// one that escapes may end the process.
pub(crate) fn contained(tell: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(tell));
}

/// A watch over a call within one function: dropped without an outcome, the call was cancelled or
/// panicked. Allocates no memory unless the end comes after the function's.
pub struct Watching<W: Watch + 'static>(Option<W>);

impl<W: Watch + 'static> Watching<W> {
    /// Begins to watch.
    pub fn new(watch: W) -> Self {
        Self(Some(watch))
    }

    /// The watch, until its end.
    pub fn get_mut(&mut self) -> Option<&mut W> {
        self.0.as_mut()
    }

    /// Tells of the outcome of the call, or stays with the reply to its end.
    pub fn end(mut self, outcome: &mut Result<Reply, Status>, until: Until) {
        let Some(mut watch) = self.0.take() else { return };
        match outcome {
            Err(status) => tell(&mut watch, &Facts::failed(status)),
            Ok(reply) => match reply.received() {
                Some(facts) if until == Until::Received => tell(&mut watch, &facts),
                _ => reply.watch(watch, until),
            },
        }
    }

    /// Stays with a call on its way, and then with its reply, to the end.
    pub fn follow(mut self, call: Invoking, until: Until) -> Invoking {
        match self.0.take() {
            Some(watch) => call.watch(watch, until),
            None => call,
        }
    }
}

impl<W: Watch + 'static> Drop for Watching<W> {
    fn drop(&mut self) {
        if let Some(watch) = &mut self.0 {
            Facts::without_outcome(|facts| tell(watch, facts));
        }
    }
}

impl<W: Watch + 'static> fmt::Debug for Watching<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watching")
    }
}
