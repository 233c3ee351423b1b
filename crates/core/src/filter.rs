//! Filters stand around a call, on both sides of the wire.

use std::fmt;
use std::sync::Arc;

use crate::call::{Call, Head};
use crate::invoke::{Invoke, Invoking, Outcome};
use crate::status::Status;

/// A step around a call that may wait, answer itself, or change what passes.
///
/// An `async fn(Call, Next) -> Result<Reply, Status>` is a filter as it stands.
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

/// The cheap form of a filter: it never waits, so a call costs no allocation for it.
pub trait Hook: Send + Sync + 'static {
    /// Looks at a call on its way in; an error answers it.
    fn before(&self, call: &mut Call) -> Result<(), Status>;

    /// Looks at the outcome. `head` is as `before` left it. Called once for each call that
    /// `before` let pass and that was not cancelled.
    fn after(&self, head: &Head, outcome: &Outcome) {
        let _ = (head, outcome);
    }

    /// Whether `after` does anything. A chain without one keeps no copy of the head.
    fn observes(&self) -> bool {
        false
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

/// An ordered list of steps, outermost first.
#[derive(Clone, Debug, Default)]
pub struct Chain(Option<Arc<[Step]>>);

impl Chain {
    /// The chain of these steps.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: Arc<[Step]> = steps.into_iter().collect();
        Self((!steps.is_empty()).then_some(steps))
    }

    /// Runs `call` through all steps and then `target`.
    pub fn run(&self, call: Call, target: &Arc<dyn Invoke>) -> Invoking {
        match &self.0 {
            None => target.invoke(call),
            Some(steps) => Next { steps: steps.clone(), at: 0, target: target.clone() }.run(call),
        }
    }
}

/// The rest of the way of a call, owned by the filter it was given to.
pub struct Next {
    steps: Arc<[Step]>,
    at: usize,
    target: Arc<dyn Invoke>,
}

impl Next {
    /// Passes the call on.
    pub fn run(mut self, mut call: Call) -> Invoking {
        loop {
            match self.steps.get(self.at) {
                None => return self.target.invoke(call),
                Some(Step::Filter(filter)) => {
                    let filter = filter.clone();
                    self.at += 1;
                    return filter.filter(call, self);
                }
                Some(Step::Hook(hook)) => {
                    if let Err(status) = hook.before(&mut call) {
                        return Invoking::ready(Err(status));
                    }
                    self.at += 1;
                    if hook.observes() {
                        let (hook, head) = (hook.clone(), call.head.clone());
                        let rest = self.run(call);
                        return Invoking::boxed(async move {
                            let outcome = rest.await;
                            hook.after(&head, &outcome);
                            outcome
                        });
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Next({} of {} steps left)", self.steps.len() - self.at, self.steps.len())
    }
}
