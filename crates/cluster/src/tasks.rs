//! Tasks that end with their owner.

use parking_lot::Mutex;
use tokio::task::{JoinHandle, JoinSet};

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

/// Tasks that end by themselves or with their owner. Those that have ended are let go when the next
/// one begins.
#[derive(Debug, Default)]
pub struct Tasks(Mutex<JoinSet<()>>);

impl Tasks {
    /// Runs `task` until it ends or the owner does. Must be called within a tokio runtime.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock();
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended
                && error.is_panic()
            {
                tracing::error!(%error, "a task panicked");
            }
        }
        tasks.spawn(task);
    }

    /// The number of tasks that were not let go yet.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
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
            std::future::pending::<()>().await;
            drop(alive);
        });
        assert!(tasks.len() <= 2);
        drop(tasks);
        assert_eq!(gone.recv().await, None);
    }
}
