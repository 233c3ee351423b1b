//! The trait every step of a call implements.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::call::Call;
use crate::end::{Node, Until, Watch, Watchers};
use crate::inherit::{Inherited, within};
use crate::peer::Peer;
use crate::reply::Reply;
use crate::status::{Code, Status};
use crate::time::Timer;

/// The outcome of a call.
pub type Outcome = Result<Reply, Status>;

/// A target that answers calls: a channel to one endpoint, a cluster of them, a local handler.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Call, Invoke, Invoking, Status}; }
/// use dubhe::{Call, Invoke, Invoking, Status};
///
/// /// Answers every call alike: the target of a gateway, or of a test.
/// struct Closed;
///
/// impl Invoke for Closed {
///     fn invoke(&self, call: Call) -> Invoking {
///         let method = call.head.method;
///         Invoking::ready(Err(Status::unavailable(format!("{}: closed on Sundays", method.name))))
///     }
/// }
/// ```
pub trait Invoke: Send + Sync {
    /// Begins `call`. Dropping the future cancels it.
    fn invoke(&self, call: Call) -> Invoking;
}

impl<T: Invoke + ?Sized> Invoke for Arc<T> {
    fn invoke(&self, call: Call) -> Invoking {
        (**self).invoke(call)
    }
}

/// A way to call a peer over the connection that it opened, for callbacks and server push: an
/// extension of [`Peer`], where the protocol has one.
#[derive(Clone)]
pub struct BackChannel(pub Arc<dyn Invoke>);

impl Peer {
    /// Calls the peer over its [`BackChannel`]. The call fails with [`Code::Unimplemented`] when the
    /// protocol has none.
    pub fn invoke(&self, call: Call) -> Invoking {
        match self.extensions.get::<BackChannel>() {
            Some(BackChannel(back)) => back.invoke(call),
            None => Invoking::ready(Err(Status::new(
                Code::Unimplemented,
                format!("the {} protocol cannot call back over a connection", self.protocol),
            ))),
        }
    }
}

/// Calls that wait in a table of their own, so that a leaf needs no allocation for each.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod call { pub use dubhe_core::invoke::{Outcome, Pending}; } }
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::task::{Context, Poll, Waker};
/// use dubhe::Status;
/// use dubhe::call::{Outcome, Pending};
///
/// /// The calls of a connection that wait: the reply of each, or who is to be woken.
/// #[derive(Default)]
/// struct Table(Mutex<HashMap<u64, Result<Outcome, Waker>>>);
///
/// impl Pending for Table {
///     fn poll_reply(&self, key: u64, cx: &mut Context<'_>) -> Poll<Outcome> {
///         let mut table = self.0.lock().unwrap();
///         match table.remove(&key) {
///             Some(Ok(outcome)) => Poll::Ready(outcome),
///             Some(Err(_)) => {
///                 table.insert(key, Err(cx.waker().clone()));
///                 Poll::Pending
///             }
///             None => Poll::Ready(Err(Status::unavailable("the connection is gone"))),
///         }
///     }
///
///     fn cancel(&self, key: u64) {
///         self.0.lock().unwrap().remove(&key);
///     }
/// }
/// ```
pub trait Pending: Send + Sync {
    /// Polls the call under `key`; after `Ready` the key is free.
    fn poll_reply(&self, key: u64, cx: &mut Context<'_>) -> Poll<Outcome>;

    /// Gives up the call under `key`.
    fn cancel(&self, key: u64);
}

/// A call on its way: one concrete future, boxed only where it has to be.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Invoking, Payload, Reply, Status, Value}; }
/// use dubhe::{Invoking, Payload, Reply, Status, Value};
///
/// // A reply that is there, as of a cache:
/// let cached = Invoking::ready(Ok(Reply::new(Payload::dynamic(Value::from("Hello")))));
/// // One that has to be waited for. Dropped before, it cancels the call.
/// let waiting = Invoking::boxed(async {
///     cached.await.map_err(|status: Status| status.context("from the cache"))
/// });
/// # let mut waiting = std::pin::pin!(waiting);
/// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(std::future::Future::poll(waiting.as_mut(), &mut cx).is_ready());
/// ```
#[must_use = "a call does nothing until it is polled"]
pub struct Invoking {
    state: State,
    watchers: Watchers,
}

enum State {
    /// A known outcome, in a box since it is rare and the largest by far.
    Ready(Option<Box<Outcome>>),
    Table {
        table: Arc<dyn Pending>,
        key: u64,
    },
    Boxed(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Scoped(Option<Inherited>, Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Done,
}

impl Invoking {
    /// A call that is over already. It costs an allocation, as all but a table's do.
    pub fn ready(outcome: Outcome) -> Self {
        Self::new(State::Ready(Some(Box::new(outcome))))
    }

    /// A call that waits under `key` in `table`.
    pub fn table(table: Arc<dyn Pending>, key: u64) -> Self {
        Self::new(State::Table { table, key })
    }

    /// A call that is a future of any type.
    pub fn boxed(future: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self::new(State::Boxed(Box::pin(future)))
    }

    /// A call that is a future of any type, in which calls inherit `value`.
    pub fn scoped(
        value: Inherited,
        future: impl Future<Output = Outcome> + Send + 'static,
    ) -> Self {
        Self::new(State::Scoped(Some(value), Box::pin(future)))
    }

    fn new(state: State) -> Self {
        Self { state, watchers: Watchers::default() }
    }

    /// Passes the end of the call, which `timer` measures, to `watch`, on whichever way: an error,
    /// the end of the reply, a panic, or a drop of the future or of the reply, which cancels.
    pub fn watch(mut self, watch: impl Watch + 'static, timer: Timer, until: Until) -> Self {
        self.watchers.push_outer(Box::new(Node::new(watch, Some(timer), until)));
        self
    }

    pub(crate) fn watch_all(mut self, watchers: Watchers) -> Self {
        self.watchers.append(watchers);
        self
    }
}

impl Future for Invoking {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Self { state, watchers } = &mut *self;
        if watchers.is_empty() {
            return state.poll(cx);
        }
        let polled = watchers.guard(|| state.poll(cx));
        polled.map(|mut outcome| {
            watchers.outcome(&mut outcome);
            outcome
        })
    }
}

impl State {
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let polled = match self {
            Self::Table { table, key } => table.poll_reply(*key, cx),
            Self::Boxed(future) => future.as_mut().poll(cx),
            Self::Scoped(value, future) => within(value, || future.as_mut().poll(cx)),
            // Polled again after the end, there is nothing left to wake for.
            Self::Ready(outcome) => outcome.take().map_or(Poll::Pending, |o| Poll::Ready(*o)),
            Self::Done => return Poll::Pending,
        };
        if polled.is_ready() {
            *self = Self::Done;
        }
        polled
    }
}

impl Drop for Invoking {
    fn drop(&mut self) {
        if let State::Table { table, key } = &self.state {
            table.cancel(*key);
        }
    }
}

impl fmt::Debug for BackChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackChannel")
    }
}

impl fmt::Debug for Invoking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Ready(_) => "Invoking(ready)",
            State::Table { .. } | State::Boxed(_) | State::Scoped(..) => "Invoking(pending)",
            State::Done => "Invoking(done)",
        })
    }
}
