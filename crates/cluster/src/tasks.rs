//! Tasks that end with their owner.

use std::future::pending;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

/// The runtime of what callers share. It is the one in which the application was made, and not that
/// of whoever is the first to need something, which may end earlier.
#[derive(Clone, Debug)]
pub(crate) struct SharedRuntime(Option<Handle>);

impl SharedRuntime {
    /// The runtime of the caller, if there is one.
    pub(crate) fn current() -> Self {
        Self(Handle::try_current().ok())
    }

    /// The runtime; that of the caller when there was none, or when it has ended.
    pub(crate) fn handle(&self) -> Handle {
        let alive = |runtime: &&Handle| {
            // A runtime that has ended drops a task at once.
            let probe = runtime.spawn(pending::<()>());
            let alive = !probe.is_finished();
            probe.abort();
            alive
        };
        self.0.as_ref().filter(alive).cloned().unwrap_or_else(Handle::current)
    }
}

/// A task that ends by itself or with its owner.
#[derive(Debug)]
pub(crate) struct OwnedTask(JoinHandle<()>);

impl OwnedTask {
    /// Runs `task` until it ends or the owner does. Must be called within a tokio runtime.
    pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// Returns `true` once it has ended, in whatever way.
    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for OwnedTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tasks that end by themselves or with their owner, in the runtime in which the owner was made.
/// Those that have ended are let go when the next one begins.
///
/// ```
/// # mod dubhe { pub mod client { pub use dubhe_cluster::Tasks; } }
/// use std::sync::Arc;
/// use dubhe::client::Tasks;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let held = Arc::new(());
/// let tasks = Tasks::default();
/// let kept = held.clone();
/// tasks.spawn(async move {
///     let _kept = kept;
///     std::future::pending().await
/// });
/// assert_eq!(tasks.len(), 1);
///
/// tasks.end(); // as when the last of its owners is dropped
/// while Arc::strong_count(&held) > 1 {
///     tokio::task::yield_now().await;
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Tasks {
    runtime: SharedRuntime,
    /// `None` once they were ended.
    running: Mutex<Option<JoinSet<()>>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { runtime: SharedRuntime::current(), running: Mutex::new(Some(JoinSet::new())) }
    }
}

impl Tasks {
    /// Runs `task` until it ends or the owner does. Must be called within a tokio runtime unless the
    /// owner was made in one. A task that panics ends alone, with an error in the log.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_abortable(task);
    }

    /// [`Self::spawn`] of a task that can be ended before its owner; `None` after [`Self::end`].
    pub(crate) fn spawn_abortable(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        let runtime = self.runtime.handle();
        // A runtime that shuts down drops a task while it is spawned. Kept here too, it is dropped
        // outside of the lock: what it holds may come back for another.
        let kept = Arc::new(Mutex::new(Some(task)));
        let task = kept.clone();
        let run = async move {
            let task = task.lock().take();
            if let Some(task) = task {
                task.await;
            }
        };
        let mut running = self.running.lock();
        let tasks = running.as_mut()?;
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended
                && error.is_panic()
            {
                tracing::error!(%error, "a task panicked");
            }
        }
        let handle = tasks.spawn_on(run, &runtime);
        drop(running);
        drop(kept);
        Some(handle)
    }

    /// Ends all tasks. No other begins from then on.
    pub fn end(&self) {
        let tasks = self.running.lock().take();
        drop(tasks);
    }

    /// The runtime in which tasks run.
    pub(crate) fn runtime(&self) -> Handle {
        self.runtime.handle()
    }

    /// The number of tasks that were not let go yet.
    pub fn len(&self) -> usize {
        self.running.lock().as_ref().map_or(0, JoinSet::len)
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;

    #[tokio::test]
    async fn tasks_that_ended_are_let_go_and_others_end_with_their_owner() {
        let tasks = Tasks::default();
        let (alive, mut gone) = tokio::sync::mpsc::channel::<()>(1);
        for _ in 0..10 {
            tasks.spawn(async {});
            tokio::task::yield_now().await;
        }
        tasks.spawn(async move {
            pending::<()>().await;
            drop(alive);
        });
        assert!(tasks.len() <= 2);
        drop(tasks);
        assert_eq!(gone.recv().await, None);
    }

    #[tokio::test]
    async fn no_task_begins_after_the_end() {
        let tasks = Tasks::default();
        let (alive, mut gone) = tokio::sync::mpsc::channel::<()>(1);
        let also = alive.clone();
        tasks.spawn(async move {
            pending::<()>().await;
            drop(also);
        });
        tasks.end();
        tasks.spawn(async move {
            pending::<()>().await;
            drop(alive);
        });
        assert_eq!(gone.recv().await, None);
    }

    /// Begins another task when it is dropped.
    struct Again(Weak<Tasks>);

    impl Drop for Again {
        fn drop(&mut self) {
            if let Some(tasks) = self.0.upgrade() {
                tasks.spawn(async {});
            }
        }
    }

    #[test]
    fn a_task_that_is_dropped_at_once_may_begin_another() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let tasks = runtime.block_on(async { Arc::new(Tasks::default()) });
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        let again = Again(Arc::downgrade(&tasks));
        tasks.spawn(async move {
            pending::<()>().await;
            drop(again);
        });
        // Both were dropped, and the second let the first go.
        assert_eq!(tasks.len(), 1);
    }

    #[test]
    fn tasks_run_where_the_owner_was_made_and_elsewhere_once_that_ended() {
        let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
        let (first, other) = (runtime().unwrap(), runtime().unwrap());
        let tasks = first.block_on(async { Tasks::default() });
        let (tell, told) = std::sync::mpsc::channel();
        let spawn = || {
            let tell = tell.clone();
            tasks.spawn(async move { tell.send(Handle::current().id()).unwrap() });
            told.recv().unwrap()
        };
        assert_eq!(other.block_on(async { spawn() }), first.handle().id());
        drop(first);
        assert_eq!(other.block_on(async { spawn() }), other.handle().id());
    }
}
