//! The tasks of one call on another runtime, which a cancelled call waits for: a task ends at its
//! next wait, and until then it takes what the permits of the call stand for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use dubhe_core::end::{DelayedEnd, End, GivenUp, Until, Watch};
use dubhe_core::invoke::Outcome;
use dubhe_core::time::{SharedClock, Timer};
use dubhe_core::{Call, Invoke, Invoking};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

/// The tasks of one call. An extension of its head; clones are of the same call.
#[derive(Clone, Default)]
pub(crate) struct CallTasks(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// `true` once a task has been polled.
    began: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of tasks whose futures are not dropped.
    running: usize,
    tasks: Vec<AbortHandle>,
    /// The parts of the call that are dropped after its tasks.
    remains: Vec<Box<dyn Send>>,
}

/// A task that runs, or waits to.
pub(crate) struct TaskGuard(CallTasks);

impl CallTasks {
    /// Counts a task until the guard is dropped.
    pub(crate) fn begin(&self) -> TaskGuard {
        self.0.state.lock().running += 1;
        TaskGuard(self.clone())
    }

    /// Adds the handle of a task that was counted.
    pub(crate) fn abort_with(&self, task: AbortHandle) {
        self.0.state.lock().tasks.push(task);
    }

    /// Returns `true` once a task has been polled. Of a task that was joined it is known for certain.
    pub(crate) fn began(&self) -> bool {
        self.0.began.load(Ordering::Acquire)
    }

    fn is_running(&self) -> bool {
        self.0.state.lock().running > 0
    }

    /// Aborts the tasks, and drops `remains` after them.
    fn end(&self, remains: impl Send + 'static) {
        let tasks = {
            let mut state = self.0.state.lock();
            if state.running > 0 {
                state.remains.push(Box::new(remains));
            }
            std::mem::take(&mut state.tasks)
        };
        tasks.iter().for_each(AbortHandle::abort);
    }
}

impl TaskGuard {
    /// The first poll of the task.
    pub(crate) fn poll_first(&self) {
        self.0.0.began.store(true, Ordering::Release);
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        let remains = {
            let mut state = self.0.0.state.lock();
            state.running -= 1;
            if state.running > 0 { Vec::new() } else { std::mem::take(&mut state.remains) }
        };
        drop(remains);
    }
}

/// The filters and the handler of a service whose handlers are tasks elsewhere. A cancelled call is
/// dropped, and its end told, when the futures of its tasks are gone.
pub(crate) struct Awaited {
    target: Arc<dyn Invoke>,
    clock: SharedClock,
}

impl Awaited {
    pub(crate) fn new(target: Arc<dyn Invoke>, clock: SharedClock) -> Self {
        Self { target, clock }
    }
}

impl Invoke for Awaited {
    fn invoke(&self, mut call: Call) -> Invoking {
        let work = CallTasks::default();
        call.head.extensions.insert(work.clone());
        let timer = Timer::start(self.clock.clone());
        let call = Some(self.target.invoke(call));
        let clock = self.clock.clone();
        Invoking::boxed(AwaitedCall { call, work: work.clone(), clock }).watch(
            WorkWatch(work),
            timer,
            Until::Sent,
        )
    }
}

struct AwaitedCall {
    call: Option<Invoking>,
    work: CallTasks,
    clock: SharedClock,
}

impl Future for AwaitedCall {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let outcome = ready!(Pin::new(call).poll(cx));
        self.call = None;
        Poll::Ready(outcome)
    }
}

impl Drop for AwaitedCall {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.work.end(GivenUp::new(self.clock.now(), call));
        }
    }
}

/// Delays the end of a call while one of its tasks runs.
struct WorkWatch(CallTasks);

impl Watch for WorkWatch {
    fn end(&mut self, _: &End<'_>) {}

    fn is_busy(&self) -> bool {
        self.0.is_running()
    }

    fn delay(&mut self, ended: DelayedEnd) {
        self.0.end(ended);
    }
}
