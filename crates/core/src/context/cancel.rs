//! Cancellation that is a drop.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

/// Informs its watchers when it is dropped. Costs one word until somebody watches.
#[derive(Debug, Default)]
pub struct CancelOnDrop(OnceLock<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    over: bool,
    wakers: Vec<Waker>,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CancelOnDrop {
    /// A future that resolves when `self` is dropped.
    pub fn watch(&self) -> Cancelled {
        Cancelled(self.0.get_or_init(Arc::default).clone())
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(shared) = self.0.get() {
            let wakers = {
                let mut state = shared.state();
                state.over = true;
                std::mem::take(&mut state.wakers)
            };
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

/// Resolves when the call it belongs to is over.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Context; }
/// use dubhe::Context;
///
/// let context = Context::for_test("org.example.Reports", "build");
/// let cancelled = context.cancelled();
/// assert!(!cancelled.is_cancelled()); // or `cancelled.await`, beside the work
///
/// drop(context); // the caller has given up, or the call is over
/// assert!(cancelled.is_cancelled());
/// ```
#[derive(Clone, Debug)]
pub struct Cancelled(Arc<Shared>);

impl Cancelled {
    /// Returns `true` if the call is over already.
    pub fn is_cancelled(&self) -> bool {
        self.0.state().over
    }
}

impl Future for Cancelled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state();
        if state.over {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|w| w.will_wake(cx.waker())) {
            state.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watchers_see_the_drop() {
        let owner = CancelOnDrop::default();
        let mut watcher = owner.watch();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut watcher).poll(&mut cx).is_pending());
        drop(owner);
        assert!(Pin::new(&mut watcher).poll(&mut cx).is_ready());
        assert!(watcher.is_cancelled());
    }
}
