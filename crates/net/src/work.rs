//! Work that takes long, beside connections that want to be served.

use tokio::runtime::{Handle, RuntimeFlavor, worker_index};

/// The bytes up to which decoding a message is short: 64 KiB, which take well below a millisecond
/// as a rule, and at most some tens of them whatever they are.
pub const LONG: usize = 64 * 1024;

/// Returns `true` if decoding a message of `bytes` may take long.
pub fn is_long(bytes: usize) -> bool {
    bytes > LONG
}

/// Runs `work`, which decodes or compresses a message of `bytes`. While that may take long, the runtime
/// moves the other tasks of this worker to another thread ([`tokio::task::block_in_place`]), so that
/// none of them waits for it. A runtime of one thread has no other one, and the tasks wait. A thread
/// that is no worker, such as one in `block_on`, with or without a `LocalSet`, does the work at once.
pub fn give_way<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let on_worker_of_several = || {
        worker_index().is_some()
            && Handle::try_current()
                .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
    };
    if is_long(bytes) && on_worker_of_several() {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::LocalSet;

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

    /// A place in which `block_in_place` would panic.
    #[test]
    fn a_local_set_does_the_work_at_once() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let set = LocalSet::new();
        assert_eq!(set.block_on(&runtime, async { give_way(usize::MAX, || 7) }), 7);
        let task = set.spawn_local(async { give_way(usize::MAX, || 8) });
        assert_eq!(set.block_on(&runtime, task).unwrap(), 8);
        let nested = runtime.spawn(async {
            tokio::task::block_in_place(|| {
                let work = async { give_way(usize::MAX, || 9) };
                Handle::current().block_on(LocalSet::new().run_until(work))
            })
        });
        assert_eq!(runtime.block_on(nested).unwrap(), 9);
    }
}
