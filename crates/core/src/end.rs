//! The end of a call, and those who watch it.
//!
//! A call ends once, on one of many ways: with a reply, with an error before or after the head of
//! a reply, by cancellation, by a panic, with its connection. A [`Watch`] is told of the end
//! whichever it is. It stands at one of two things that a call goes through: the future of the
//! call ([`Invoking::watch`](crate::Invoking::watch)) and, once that has resolved, the reply
//! ([`Reply::watch`](crate::Reply::watch)), whose stream may go on for long.

mod delayed;
mod given_up;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub use delayed::DelayedEnd;
pub use given_up::GivenUp;
use given_up::given_up;

use crate::metadata::Metadata;
use crate::status::{Code, Status, panicked};
use crate::time::{Deadline, Duration, Timer};

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

/// The facts of a call at its end.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Code, Metadata, Status}; pub use dubhe_core::end::{End, Ending}; }
/// use std::time::Duration;
/// use dubhe::{Code, End, Ending, Metadata, Status};
///
/// /// What a hook does with the end of a call.
/// fn line(end: &End<'_>) -> String {
///     format!("{} after {:?}", end.name(), end.latency)
/// }
///
/// let late = Status::new(Code::DeadlineExceeded, "no reply within 1 s");
/// let none = Metadata::default();
/// let end = End::new(Ending::Failed(&late), Duration::from_secs(1), &none, &none);
/// assert_eq!(line(&end), "DEADLINE_EXCEEDED after 1s");
/// ```
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
    /// The length of these messages in bytes, as they are encoded and before compression, without
    /// what carries them (frames, attachments, Triple's wrapper): the same at both ends. Messages of
    /// Rust types count once the protocol has encoded them.
    pub bytes: u64,
}

impl<'a> End<'a> {
    /// An end after which nothing is known of messages, for those who drive a balancer by hand.
    pub fn new(
        ending: Ending<'a>,
        latency: Duration,
        metadata: &'a Metadata,
        trailers: &'a Metadata,
    ) -> Self {
        Self { ending, latency, metadata, trailers, messages: 0, bytes: 0 }
    }

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

/// A watch over a call, which learns its end once. A panic of one, also of its destructor, harms
/// neither the call nor the other watchers.
///
/// ```
/// # mod dubhe { pub use dubhe_core::end::End; pub mod call { pub use dubhe_core::end::Watch; } }
/// use dubhe::End;
/// use dubhe::call::Watch;
///
/// /// Prints how each call ended.
/// struct Print(&'static str);
///
/// impl Watch for Print {
///     fn end(&mut self, end: &End<'_>) {
///         println!("{}: {} after {:?}, {} messages", self.0, end.name(), end.latency, end.messages);
///     }
/// }
/// ```
pub trait Watch: Send {
    /// Takes the end. Called exactly once, also while a panic unwinds, but not on a watcher that took
    /// the end of the others in its place ([`Watch::delay`]).
    fn end(&mut self, end: &End<'_>);

    /// Returns `true` if work goes on so that the others must not learn the end yet, such as a task
    /// that cannot be stopped at once. Default `false`. Asked when a call ends for those who wait
    /// [until it is sent](Until::Sent), and again of each that is left when a delay is over. One that
    /// panics counts as not busy.
    fn is_busy(&self) -> bool {
        false
    }

    /// Takes, when it [is busy](Watch::is_busy), the end of the other watchers: they learn it when
    /// `ended` is dropped, or, if another one is busy then, after that one as well.
    fn delay(&mut self, ended: DelayedEnd) {
        drop(ended);
    }
}

/// The moment that ends a unary call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The arrival of the reply: the view of a caller.
    Received,
    /// The reply's being written or dropped: the view of a provider.
    Sent,
}

/// A watcher, as a link of a list.
pub(crate) struct Node<W: ?Sized> {
    next: Option<Link>,
    until: Until,
    timer: Option<Timer>,
    deadline: Option<Deadline>,
    progress: Progress,
    watch: W,
}

/// The part of a reply that has passed since it is watched.
#[derive(Default)]
pub(crate) struct Progress {
    /// The attachments of its head, as they were then.
    pub(crate) metadata: Metadata,
    pub(crate) trailers: Metadata,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

type Link = Box<Node<dyn Watch>>;

impl<W: Watch + 'static> Node<W> {
    /// A watch that `timer` measures, if any, from the moment it is pushed.
    pub(crate) fn new(watch: W, timer: Option<Timer>, until: Until) -> Self {
        let progress = Progress::default();
        Self { next: None, until, timer, deadline: None, progress, watch }
    }
}

impl Node<dyn Watch> {
    /// Measures from the beginning of a call with this deadline.
    pub(crate) fn of_call(&mut self, timer: Timer, deadline: Option<Deadline>, until: Until) {
        (self.timer, self.deadline, self.until) = (Some(timer), deadline, until);
    }

    fn tell(&mut self, facts: &Facts<'_>) {
        tell(&mut self.watch, self.timer.as_ref(), self.deadline, facts);
    }
}

/// The watchers of a call; the innermost learns the end first. Dropped while there are some, the
/// call was cancelled or panicked.
#[derive(Default)]
pub(crate) struct Watchers(Option<Link>);

impl Watchers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds a watcher that learns the end before those that are here.
    pub(crate) fn push_inner(&mut self, mut node: Link) {
        node.next = self.0.take();
        self.0 = Some(node);
    }

    /// Adds a watcher that learns the end after those that are here.
    pub(crate) fn push_outer(&mut self, node: Link) {
        self.append(Self(Some(node)));
    }

    /// Adds all of `outer` behind those that are here.
    pub(crate) fn append(&mut self, mut outer: Self) {
        let mut last = &mut self.0;
        while let Some(node) = last {
            last = &mut node.next;
        }
        *last = outer.0.take();
    }

    /// Changes what all watchers know of the progress of their reply.
    pub(crate) fn advance(&mut self, mut change: impl FnMut(&mut Progress)) {
        let mut next = &mut self.0;
        while let Some(node) = next {
            change(&mut node.progress);
            next = &mut node.next;
        }
    }

    /// Passes the end of the reply on to all watchers.
    pub(crate) fn end(&mut self, ending: Ending<'_>) {
        self.passed(ending, Until::Sent);
    }

    /// Passes the end of the reply on to the watchers that wait for `at`.
    pub(crate) fn passed(&mut self, ending: Ending<'_>, at: Until) {
        if !self.delayed(ending, at, true) {
            self.passed_now(ending, at);
        }
    }

    fn passed_now(&mut self, ending: Ending<'_>, at: Until) {
        self.each(at, |node| {
            let Progress { metadata, trailers, messages, bytes } =
                std::mem::take(&mut node.progress);
            let (metadata, trailers) = (&metadata, &trailers);
            node.tell(&Facts { ending, metadata, trailers, messages, bytes });
        });
    }

    /// Passes the end of the call on to the watchers that wait for `at`.
    pub(crate) fn tell(&mut self, at: Until, facts: &Facts<'_>) {
        if !self.delayed(facts.ending, at, false) {
            self.tell_now(at, facts);
        }
    }

    fn tell_now(&mut self, at: Until, facts: &Facts<'_>) {
        self.each(at, |node| node.tell(facts));
    }

    /// Takes out the watchers for whom the call has ended, which are all once its reply is sent.
    fn each(&mut self, at: Until, mut tell: impl FnMut(&mut Node<dyn Watch>)) {
        let mut next = self.0.take();
        while let Some(mut node) = next {
            next = node.next.take();
            if at == Until::Sent || node.until == at {
                last(node, |node| tell(node));
            } else {
                self.push_outer(node);
            }
        }
    }

    /// Runs a piece of what is watched; a panic of it is its end.
    pub(crate) fn guard<T>(&mut self, run: impl FnOnce() -> T) -> T {
        // What a panic leaves half done is not used again but to be dropped.
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(done) => done,
            Err(panic) => {
                self.end(Ending::Failed(&panicked("the call")));
                resume_unwind(panic)
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

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "unwatched" } else { "watched" })
    }
}

/// The facts of an [`End`] without the time.
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
    #[cold]
    pub(crate) fn without_outcome(tell: impl FnOnce(&Facts<'_>)) {
        if std::thread::panicking() {
            tell(&Facts::failed(&panicked("the call")));
        } else {
            tell(&Facts::of(Ending::Cancelled));
        }
    }
}

pub(crate) fn tell(
    watch: &mut (impl Watch + ?Sized),
    timer: Option<&Timer>,
    deadline: Option<Deadline>,
    facts: &Facts<'_>,
) {
    let Facts { mut ending, metadata, trailers, messages, bytes } = *facts;
    let latency = timer.map_or(Duration::ZERO, Timer::elapsed);
    let late = match ending {
        Ending::Cancelled if is_late(timer, deadline, latency) => {
            Some(Status::new(Code::DeadlineExceeded, "the deadline passed"))
        }
        _ => None,
    };
    if let Some(late) = &late {
        ending = Ending::Failed(late);
    }
    watch.end(&End { ending, latency, metadata, trailers, messages, bytes });
}

/// Returns `true` if a call that is dropped now was too late: a protocol drops what runs beyond its
/// deadline.
fn is_late(timer: Option<&Timer>, deadline: Option<Deadline>, latency: Duration) -> bool {
    match (timer, deadline) {
        (Some(timer), Some(deadline)) => {
            deadline.passed(given_up().unwrap_or_else(|| timer.began() + latency))
        }
        _ => false,
    }
}

/// Runs code of a watcher; `None` if it panics. It may run in a destructor, where a panic that
/// escapes may end the process. The panic hook has told of it.
pub(crate) fn contain<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(discard).ok()
}

/// Runs code of a watcher and drops it; it may panic in both.
pub(crate) fn last<W>(watcher: W, run: impl FnOnce(&mut W)) {
    let mut watcher = Some(watcher);
    let ran = contain(|| {
        watcher.as_mut().map(run);
        watcher = None;
    });
    if ran.is_none() {
        // Dropped while the first panic unwinds, a second one would end the process.
        contain(|| watcher = None);
    }
}

/// Drops the payload of a panic, which may panic as well.
#[cold]
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}
