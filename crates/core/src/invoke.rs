//! The trait every step of a call implements.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::call::Call;
use crate::context::{Inherited, within};
use crate::reply::Reply;
use crate::status::Status;

/// The outcome of a call.
pub type Outcome = Result<Reply, Status>;

/// Something that answers calls: a channel to one endpoint, a cluster of them, a local handler.
pub trait Invoke: Send + Sync {
    /// Begins `call`. Dropping the future cancels it.
    fn invoke(&self, call: Call) -> Invoking;
}

impl<T: Invoke + ?Sized> Invoke for Arc<T> {
    fn invoke(&self, call: Call) -> Invoking {
        (**self).invoke(call)
    }
}

/// Calls that wait in a table of their own, so that a leaf needs no allocation for each.
pub trait Pending: Send + Sync {
    /// Polls the call under `key`; after `Ready` the key is free.
    fn poll_reply(&self, key: u64, cx: &mut Context<'_>) -> Poll<Outcome>;

    /// Gives up the call under `key`.
    fn cancel(&self, key: u64);
}

/// A call on its way: one concrete future, boxed only where it has to be.
#[must_use = "a call does nothing until it is polled"]
pub struct Invoking(State);

enum State {
    Ready(Option<Outcome>),
    Table { table: Arc<dyn Pending>, key: u64 },
    Boxed(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Scoped(Option<Inherited>, Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Done,
}

impl Invoking {
    /// A call that is over already.
    pub fn ready(outcome: Outcome) -> Self {
        Self(State::Ready(Some(outcome)))
    }

    /// A call that waits under `key` in `table`.
    pub fn table(table: Arc<dyn Pending>, key: u64) -> Self {
        Self(State::Table { table, key })
    }

    /// A call that is a future of any type.
    pub fn boxed(future: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self(State::Boxed(Box::pin(future)))
    }

    /// A call that is a future of any type, in which calls inherit `value`.
    pub fn scoped(
        value: Inherited,
        future: impl Future<Output = Outcome> + Send + 'static,
    ) -> Self {
        Self(State::Scoped(Some(value), Box::pin(future)))
    }
}

impl Future for Invoking {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let outcome = match &mut self.0 {
            State::Ready(outcome) => outcome.take(),
            State::Table { table, key } => Some(std::task::ready!(table.poll_reply(*key, cx))),
            State::Boxed(future) => Some(std::task::ready!(future.as_mut().poll(cx))),
            State::Scoped(value, future) => {
                let poll = within(value, || future.as_mut().poll(cx));
                Some(std::task::ready!(poll))
            }
            State::Done => None,
        };
        self.0 = State::Done;
        // Polled again after the end: there is nothing left to wake for.
        outcome.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Invoking {
    fn drop(&mut self) {
        if let State::Table { table, key } = &self.0 {
            table.cancel(*key);
        }
    }
}

impl fmt::Debug for Invoking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Ready(_) => "Invoking(ready)",
            State::Table { .. } | State::Boxed(_) | State::Scoped(..) => "Invoking(pending)",
            State::Done => "Invoking(done)",
        })
    }
}
