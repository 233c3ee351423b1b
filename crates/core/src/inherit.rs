//! The inheritance of a call that is made inside a handler from the call that is being handled.
//!
//! The value is present only while the handler's future is polled, so it is neither shared nor
//! left behind; a task that a handler spawns does not inherit unless it is wrapped in [`scope`].

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::metadata::Metadata;
use crate::time::Deadline;

thread_local! {
    static CURRENT: RefCell<Option<Inherited>> = const { RefCell::new(None) };
}

/// Attachments that travel on through a chain of calls: W3C trace context and Dubbo's tag.
const TRAVELLING: [&str; 4] = ["traceparent", "tracestate", "baggage", "dubbo.tag"];

/// Deadline and trace of the surrounding call.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Context; pub mod time { pub use dubhe_core::time::Deadline; } }
/// use std::time::{Duration, Instant};
/// use dubhe::Context;
/// use dubhe::time::Deadline;
///
/// let deadline = Deadline::after(Instant::now(), Duration::from_secs(2));
/// let context = Context::for_test("org.example.Cart", "pay").with_deadline(deadline);
/// // What the calls of this handler take over; `dubhe::spawn` gives it to a task of its own.
/// let inherited = context.inherited();
/// assert_eq!(inherited.deadline, Some(deadline));
/// assert!(!inherited.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// The deadline of the surrounding call.
    pub deadline: Option<Deadline>,
    /// Attachments that travel on.
    pub metadata: Metadata,
}

impl Inherited {
    /// The inheritance of calls that are made while a call with these attachments is served.
    pub fn new(attachments: &Metadata, deadline: Option<Deadline>) -> Self {
        // One pass over what came, which is seldom anything of these.
        let mut metadata = Metadata::new();
        for (key, value) in attachments.iter() {
            if TRAVELLING.iter().any(|t| t.len() == key.len() && t.eq_ignore_ascii_case(key)) {
                metadata.append(key.clone(), value.clone());
            }
        }
        Self { deadline, metadata }
    }

    /// Returns `true` if there is nothing to inherit.
    pub fn is_empty(&self) -> bool {
        self.deadline.is_none() && self.metadata.is_empty()
    }
}

/// The inheritance of a call that is made now; `None` outside a handler.
pub fn inherited() -> Option<Inherited> {
    CURRENT.with(|c| c.borrow().clone())
}

/// Runs `future` so that calls made in it inherit `value`.
pub fn scope<F: Future>(value: Inherited, future: F) -> impl Future<Output = F::Output> {
    Scope { value: Some(value), future: Box::pin(future) }
}

struct Scope<F> {
    value: Option<Inherited>,
    future: Pin<Box<F>>,
}

/// Puts the former value back, also when a poll panics.
struct Restore<'a> {
    slot: &'a mut Option<Inherited>,
}

impl<'a> Restore<'a> {
    fn enter(slot: &'a mut Option<Inherited>) -> Self {
        CURRENT.with(|c| std::mem::swap(&mut *c.borrow_mut(), slot));
        Self { slot }
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        CURRENT.with(|c| std::mem::swap(&mut *c.borrow_mut(), self.slot));
    }
}

/// Runs `poll` with `value` in place.
pub(crate) fn within<R>(value: &mut Option<Inherited>, poll: impl FnOnce() -> R) -> R {
    let _restore = Restore::enter(value);
    poll()
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        within(&mut this.value, || this.future.as_mut().poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_value_is_there_only_inside() {
        let deadline = Some(Deadline::at(Instant::now()));
        let value = Inherited { deadline, metadata: Metadata::new() };
        let mut task = Box::pin(scope(value, async { inherited().and_then(|i| i.deadline) }));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(task.as_mut().poll(&mut cx), Poll::Ready(deadline));
        assert!(inherited().is_none());
    }
}
