//! Filters stand around a call, on both sides of the wire.
//!
//! A chain stands at one of three places: around all of a call at its caller, around one attempt
//! of it, whose provider is then known ([`Head::provider`](crate::Head::provider)), and around a
//! handler.

use std::fmt;
use std::sync::Arc;

use crate::call::Call;
use crate::end::{End, Facts, Node, Until, Watch, Watchers};
use crate::invoke::{Invoke, Invoking, Outcome};
use crate::reply::OnEnd;
use crate::status::Status;
use crate::time::{Deadline, Instant, SharedClock, Timer};

/// A step around a call that may wait, answer itself, or change what passes.
///
/// An `async fn(Call, Next) -> Result<Reply, Status>` is a filter as it stands. Its end is that of
/// the function; [`Reply::on_end`](crate::Reply::on_end) tells of the end of the reply, which for
/// a stream comes later.
///
/// A filter around an attempt that refuses its endpoint says by
/// `status.with_retry(Retry::Unstarted)` that the call may go to another one; any other status,
/// [`Retry::Never`](crate::status::Retry::Never) by default, is the error of the call, or, if the
/// call may run twice, a failure of unknown state
/// ([`Retry::Unknown`](crate::status::Retry::Unknown)).
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::{Call, Next, Reply, Status};
///
/// async fn sign(mut call: Call, next: Next) -> Result<Reply, Status> {
///     call.head.metadata.insert("signature", "s3cret");
///     next.run(call).await
/// }
/// # fn is_filter(_: impl dubhe::Filter) {}
/// # is_filter(sign);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a filter",
    note = "a filter is an `async fn(call: Call, next: Next) -> Result<Reply, Status>`, or a type \
            that implements `Filter`; one that never waits implements `Hook` and is added by `hook(..)`"
)]
pub trait Filter: Send + Sync + 'static {
    /// Handles `call`; `next` is the rest of the way.
    fn filter(&self, call: Call, next: Next) -> Invoking;
}

impl<F, Fut> Filter for F
where
    F: Fn(Call, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    fn filter(&self, call: Call, next: Next) -> Invoking {
        Invoking::boxed(self(call, next))
    }
}

/// The cheap form of a filter, which never waits: hooks in a row share one future.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::{Call, Guard, Hook, Status};
///
/// struct Signed;
///
/// impl Hook for Signed {
///     fn before(&self, call: &mut Call) -> Result<Guard, Status> {
///         if call.head.metadata.get_str("signature") != Some("s3cret") {
///             return Err(Status::unauthenticated("the call is not signed"));
///         }
///         let method = call.head.method.clone();
///         Ok(Guard::new(move |end| println!("{}: {}", method.name, end.name())))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hook",
    note = "implement `Hook::before`, which returns a `Guard`; an `async fn(call: Call, next: Next)` \
            is a filter, and is added by `filter(..)`"
)]
pub trait Hook: Send + Sync + 'static {
    /// Looks at a call on its way in; an error answers it. The guard learns how the call ended.
    ///
    /// # Errors
    /// The answer to a call that must not pass. Around an attempt, one with
    /// [`Retry::Unstarted`](crate::status::Retry::Unstarted) lets the call go to another endpoint,
    /// as a [`Filter`] does.
    fn before(&self, call: &mut Call) -> Result<Guard, Status>;
}

/// The memory that a [`Hook`] has of a call until its end.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use std::sync::Arc;
/// use dubhe::Guard;
///
/// let permits = Arc::new(());
/// let permit = permits.clone();
/// let guard = Guard::new(move |end| {
///     println!("ended as {}", end.name());
///     drop(permit);
/// });
/// // What it holds is free again on every way out, of a call that never began too:
/// drop(guard);
/// assert_eq!(Arc::strong_count(&permits), 1);
/// ```
#[derive(Default)]
#[must_use = "the hook is told of the end only by the guard that it returns"]
pub struct Guard(Option<Box<Node<dyn Watch>>>);

impl Guard {
    /// A guard that does nothing at the end.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Runs `then` at the end of the call, on every way out: reply, end of a stream, error,
    /// cancellation, panic. [`End::latency`] is the time since the call arrived, or, around one
    /// attempt, since the attempt began.
    pub fn new(then: impl FnOnce(&End<'_>) + Send + 'static) -> Self {
        Self(Some(Box::new(Node::new(OnEnd(Some(then)), None, Until::Sent))))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Guard" } else { "Guard(none)" })
    }
}

/// A step of a chain.
#[derive(Clone)]
pub enum Step {
    /// A filter.
    Filter(Arc<dyn Filter>),
    /// A hook.
    Hook(Arc<dyn Hook>),
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Filter(_) => "Filter",
            Self::Hook(_) => "Hook",
        })
    }
}

/// An ordered list of steps, outermost first. An empty one costs nothing.
///
/// ```
/// # mod dubhe { pub mod call { pub use dubhe_core::end::Until; } pub mod filter { pub use dubhe_core::filter::{Chain, Hook, Step}; } pub use dubhe_core::{Call, Status}; pub use dubhe_core::filter::Guard; pub mod time { pub use dubhe_core::time::{Clock, SharedClock, Sleep}; } }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::call::Until;
/// use dubhe::filter::{Chain, Hook, Step};
/// use dubhe::{Call, Guard, Status};
/// use dubhe::time::{Clock, SharedClock, Sleep};
/// # struct Stopped(Instant);
/// # impl Clock for Stopped {
/// #     fn now(&self) -> Instant { self.0 }
/// #     fn sleep_until(&self, _: Instant) -> Sleep { Box::pin(std::future::pending()) }
/// #     fn wall(&self) -> std::time::SystemTime { std::time::UNIX_EPOCH }
/// # }
/// # let clock: SharedClock = Arc::new(Stopped(Instant::now()));
///
/// struct Sign;
///
/// impl Hook for Sign {
///     fn before(&self, call: &mut Call) -> Result<Guard, Status> {
///         call.head.metadata.insert("signature", "s3cret");
///         Ok(Guard::none())
///     }
/// }
///
/// // The steps of a `Policy`, in the order in which calls pass them.
/// let chain = Chain::new([Step::Hook(Arc::new(Sign))], &clock, Until::Received);
/// assert!(!chain.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Chain(Option<Arc<Steps>>);

struct Steps {
    list: Box<[Step]>,
    clock: SharedClock,
    until: Until,
}

impl Chain {
    /// The chain of these steps. `clock` measures how long calls take, `until` says when a unary
    /// one has ended.
    pub fn new(steps: impl IntoIterator<Item = Step>, clock: &SharedClock, until: Until) -> Self {
        let steps: Box<[Step]> = steps.into_iter().collect();
        if steps.is_empty() {
            return Self::empty();
        }
        Self(Some(Arc::new(Steps { list: steps, clock: clock.clone(), until })))
    }

    /// The absence of steps.
    pub const fn empty() -> Self {
        Self(None)
    }

    /// Returns `true` if there is no step.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Runs `call`, which began at `began`, through all steps and then `target`.
    pub fn run(&self, call: Call, began: Instant, target: &Arc<dyn Invoke>) -> Invoking {
        match &self.0 {
            None => target.invoke(call),
            Some(steps) => Next::run_from(steps, 0, began, call, || target.clone()),
        }
    }

    /// Runs the hooks before the first filter, without a future: for a target that is no
    /// [`Invoke`] of its own. What comes then is [`Passed::next`], else the target.
    ///
    /// # Errors
    /// The answer of a hook that refused the call.
    pub fn begin(&self, call: &mut Call, began: Instant) -> Result<Passed<'_>, Status> {
        let Some(steps) = &self.0 else {
            return Ok(Passed { hooks: Guards::default(), rest: None });
        };
        let (hooks, at) = Guards::run(steps, 0, began, call)?;
        let rest = (at < steps.list.len()).then_some((steps, at, began));
        Ok(Passed { hooks, rest })
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.fmt(f)
    }
}

/// The part of a chain that a call has passed, and the part that is left.
///
/// ```
/// # mod dubhe { pub mod filter { pub use dubhe_core::filter::{Chain, Passed}; } pub use dubhe_core::{Call, Invoke, Invoking}; }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::filter::{Chain, Passed};
/// use dubhe::{Call, Invoke, Invoking};
///
/// /// What runs a chain in front of a target that is made only where a filter needs one.
/// fn run(chain: &Chain, mut call: Call, now: Instant, target: &Arc<dyn Invoke>) -> Invoking {
///     let mut passed: Passed<'_> = match chain.begin(&mut call, now) {
///         Ok(passed) => passed,
///         Err(status) => return Invoking::ready(Err(status)),
///     };
///     match passed.next(|| target.clone()) {
///         Some(filters) => passed.hooks.follow(filters.run(call)),
///         None => passed.hooks.follow(target.invoke(call)),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Passed<'a> {
    /// The guards of the hooks, which learn the end.
    pub hooks: Guards,
    rest: Option<(&'a Arc<Steps>, usize, Instant)>,
}

impl Passed<'_> {
    /// The steps that are left, from the first filter on, when there is one.
    pub fn next(&mut self, target: impl FnOnce() -> Arc<dyn Invoke>) -> Option<Next> {
        let (steps, at, began) = self.rest.take()?;
        Some(Next { steps: steps.clone(), at, began, target: target() })
    }
}

/// The rest of the way of a call, owned by the filter it was given to. A copy takes a copy of the call
/// the same way.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::{Call, Next, Reply, Status};
///
/// async fn report(call: Call, next: Next) -> Result<Reply, Status> {
///     let method = call.head.method.clone();
///     let outcome = next.run(call).await;
///     if let Err(status) = &outcome {
///         println!("{}: {status}", method.name);
///     }
///     outcome
/// }
/// ```
#[derive(Clone)]
pub struct Next {
    steps: Arc<Steps>,
    at: usize,
    began: Instant,
    target: Arc<dyn Invoke>,
}

impl Next {
    /// Passes the call on.
    pub fn run(self, call: Call) -> Invoking {
        let Self { steps, at, began, target } = self;
        Self::run_from(&steps, at, began, call, || target)
    }

    /// A timer that begins now, by the clock of the application.
    pub fn timer(&self) -> Timer {
        Timer::start(self.steps.clock.clone())
    }

    fn run_from(
        steps: &Arc<Steps>,
        at: usize,
        began: Instant,
        mut call: Call,
        target: impl FnOnce() -> Arc<dyn Invoke>,
    ) -> Invoking {
        let (hooks, at) = match Guards::run(steps, at, began, &mut call) {
            Ok(passed) => passed,
            Err(status) => return Invoking::ready(Err(status)),
        };
        let rest = match steps.list.get(at) {
            Some(Step::Filter(filter)) => {
                let next = Self { steps: steps.clone(), at: at + 1, began, target: target() };
                filter.filter(call, next)
            }
            _ => target().invoke(call),
        };
        hooks.follow(rest)
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.steps.list.len();
        write!(f, "Next({} of {all} steps left)", all - self.at)
    }
}

/// The guards of a call, of hooks and gates that wait for its end. Dropped, they learn that it was
/// cancelled.
///
/// ```
/// # mod dubhe { pub mod dispatch { pub use dubhe_core::gate::Gates; pub use dubhe_core::filter::Guards; pub use dubhe_core::serve::Target; } pub mod gate { pub use dubhe_core::gate::Arrival; } pub use dubhe_core::{Call, Invoke, Invoking, Status}; }
/// use std::time::Instant;
/// use dubhe::dispatch::{Gates, Guards, Target};
/// use dubhe::gate::Arrival;
/// use dubhe::{Call, Invoke, Invoking, Status};
///
/// /// What a protocol does with a call that has arrived.
/// fn serve(target: Target, arrival: &Arrival<'_>, decode: impl FnOnce() -> Result<Call, Status>) -> Invoking {
///     let guards: Guards = match target.gates.admit(arrival) {
///         Ok(guards) => guards,
///         Err(status) => return Invoking::ready(Err(status)),
///     };
///     match decode() {
///         // The gates learn the end of the call, whichever it is.
///         Ok(call) => guards.follow(target.invoke.invoke(call)),
///         Err(status) => Invoking::ready(Err(guards.refused(status))),
///     }
/// }
/// ```
#[derive(Debug, Default)]
#[must_use = "dropped, it tells of a cancelled call"]
pub struct Guards(Watchers);

impl Guards {
    /// Runs the hooks from step `at` on; returns the guards of those that wait for the end, and the
    /// step behind the hooks. The guards before a hook that refuses learn of it.
    fn run(
        steps: &Steps,
        mut at: usize,
        began: Instant,
        call: &mut Call,
    ) -> Result<(Self, usize), Status> {
        let mut guards = Self::default();
        while let Some(Step::Hook(hook)) = steps.list.get(at) {
            match hook.before(call) {
                Ok(guard) => {
                    let timer = || Timer::since(steps.clock.clone(), began);
                    guards.add(guard, timer, call.head.deadline, steps.until);
                }
                Err(status) => return Err(guards.refused(status)),
            }
            at += 1;
        }
        Ok((guards, at))
    }

    /// Adds one that learns the end before those that are here.
    pub(crate) fn add(
        &mut self,
        guard: Guard,
        timer: impl FnOnce() -> Timer,
        deadline: Option<Deadline>,
        until: Until,
    ) {
        if let Some(mut node) = guard.0 {
            node.of_call(timer(), deadline, until);
            self.0.push_inner(node);
        }
    }

    /// Passes the outcome to the guards, or keeps them until its end where that comes later.
    pub fn end(&mut self, outcome: &mut Outcome) {
        self.0.outcome(outcome);
    }

    /// Passes `status`, with which the call was refused, to the guards.
    pub fn refused(mut self, status: Status) -> Status {
        self.0.tell(Until::Sent, &Facts::failed(&status));
        status
    }

    /// Keeps the guards with a call on its way, and then with its reply, to the end.
    pub fn follow(self, call: Invoking) -> Invoking {
        call.watch_all(self.0)
    }
}
