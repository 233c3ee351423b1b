//! Work that takes long, beside connections that want to be served.

use tokio::runtime::{Handle, RuntimeFlavor};

/// The bytes up to which decoding a message is short: 64 KiB, which take well below a millisecond
/// as a rule, and at most some tens of them whatever they are.
pub const LONG: usize = 64 * 1024;

/// Returns `true` if decoding a message of `bytes` may take long.
pub fn is_long(bytes: usize) -> bool {
    bytes > LONG
}

/// Runs `work`, which decodes a message of `bytes`. While that may take long, the runtime moves the
/// other tasks of this thread to another one ([`tokio::task::block_in_place`]), so that none of
/// them waits for it. A runtime of one thread has no other one, and the tasks wait.
///
/// To be called in a task that [`tokio::spawn`] started, and not within a
/// [`LocalSet`](tokio::task::LocalSet).
pub fn give_way<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let several = || {
        Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
    };
    if is_long(bytes) && several() { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Has one worker, so that the other task runs only if the first gives way.
    #[test]
    fn other_tasks_run_while_long_work_lasts() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (done, is_done) = mpsc::channel();
        let long = runtime.spawn(async move {
            tokio::spawn(async move { done.send(()) });
            give_way(LONG + 1, || is_done.recv())
        });
        runtime.block_on(long).unwrap().unwrap();
    }

    #[test]
    fn one_thread_and_none_do_the_work_at_once() {
        assert_eq!(give_way(usize::MAX, || 7), 7);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(async { give_way(usize::MAX, || 7) }), 7);
    }
}
