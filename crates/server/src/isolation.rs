//! Services on runtimes of their own, so that handlers which compute for long starve no other
//! service: Dubbo's isolated executors (`executor-management-mode=isolation`).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use dubhe_core::definition::ServiceDefinition;
use dubhe_core::filter::Guard;
use dubhe_core::gate::{Arrival, Gate};
use dubhe_core::inherit::{inherited, scope};
use dubhe_core::reply::{Frame, ReplyBody, ReplyStream};
use dubhe_core::{Call, Code, Invoking, Method, ServiceKey, Status};
use futures_util::{Stream, StreamExt as _};
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

use crate::service::Service;
use crate::work::CallTasks;

/// The number of messages of a streamed reply that may wait between the runtime and the connection.
const BUFFERED_MESSAGES: usize = 8;

/// The runtime that a service is configured to run on.
#[derive(Clone, Debug)]
pub(crate) enum Isolation {
    /// A runtime that the application owns.
    Runtime(Handle),
    /// A runtime of its own, with this number of threads.
    Threads(usize),
}

impl Isolation {
    /// Wraps `service` so that it runs on its runtime, with the gate that is closed once the runtime
    /// has ended: calls can go elsewhere then, which they cannot once they have been handed over.
    ///
    /// # Errors
    /// When the runtime cannot be started.
    pub(crate) fn wrap(
        self,
        service: Arc<dyn Service>,
        key: &ServiceKey,
    ) -> Result<IsolatedService, Status> {
        let runtime = match self {
            Self::Runtime(handle) => Runtime { handle, owned: None },
            Self::Threads(threads) => Runtime::start(threads, key)?,
        };
        let gate = RuntimeGate(Task(runtime.handle.spawn(std::future::pending())));
        Ok((Arc::new(Isolated { service, runtime: Arc::new(runtime) }), Arc::new(gate)))
    }
}

/// A service on its runtime, and the gate before it.
type IsolatedService = (Arc<dyn Service>, Arc<dyn Gate>);

/// A gate that is open while a runtime runs: a task that never ends by itself. A runtime that is shut
/// down while all of its workers are busy drops it when the first of them is free; calls that come
/// meanwhile wait until then, and have never begun.
struct RuntimeGate(Task<()>);

impl Gate for RuntimeGate {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        if self.0.0.is_finished() { Err(ended()) } else { Ok(Guard::none()) }
    }
}

/// A runtime for handlers. Calls hold it, so that calls of a removed service end normally.
struct Runtime {
    handle: Handle,
    owned: Option<tokio::runtime::Runtime>,
}

impl Runtime {
    fn start(threads: usize, key: &ServiceKey) -> Result<Self, Status> {
        if threads == 0 {
            let text = format!("service {key}: isolated(0) has no thread; give it at least 1");
            return Err(Status::new(Code::InvalidArgument, text));
        }
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads).thread_name_fn(thread_names(key)).enable_all();
        let owned = builder.build().map_err(|error| {
            let text = format!("service {key}: cannot start its runtime: {error}");
            Status::new(Code::ResourceExhausted, text).with_source(error)
        })?;
        Ok(Self { handle: owned.handle().clone(), owned: Some(owned) })
    }

    /// Runs `future` as a task of a call, with the inherited context of the current one.
    fn run<T: Send + 'static>(
        &self,
        work: &CallTasks,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let running = work.begin();
        let future = async move {
            // In this order: the guard is dropped after the future, also when it was never polled.
            let (future, running) = (future, running);
            running.poll_first();
            future.await
        };
        let task = match inherited() {
            None => self.handle.spawn(future),
            Some(value) => self.handle.spawn(scope(value, future)),
        };
        work.abort_with(task.abort_handle());
        Task(task)
    }
}

/// The names of the threads of a service: those of `org.example.Users` are `Users-1` and so on. Linux
/// shows the first 15 bytes, which of an interface are those of its package.
fn thread_names(key: &ServiceKey) -> impl Fn() -> String + Send + Sync + 'static {
    let interface: &str = key.interface();
    let name = interface.rsplit('.').next().unwrap_or(interface);
    // A thread cannot be started with a zero in its name.
    let name: String = name.chars().filter(|c| !c.is_control()).take(11).collect();
    let count = AtomicUsize::new(1);
    move || format!("{name}-{}", count.fetch_add(1, Ordering::Relaxed))
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A task may not wait for threads to end, and this may be a task of this very runtime.
        if let Some(owned) = self.owned.take() {
            owned.shutdown_background();
        }
    }
}

/// A task that ends with its owner.
struct Task<T>(JoinHandle<T>);

impl<T> Task<T> {
    /// Polls for the value of the task, an error if the runtime was shut down. A panic of the task is
    /// resumed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Status>> {
        Pin::new(&mut self.0).poll(cx).map(|ended| ended.map_err(join_error))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn join_error(error: JoinError) -> Status {
    match error.try_into_panic() {
        // Whoever polls this treats it as a panic of the handler, which it is.
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => ended(),
    }
}

fn ended() -> Status {
    Status::unavailable("the runtime of the service has been shut down")
}

/// A service whose handlers run on `runtime`, each call in a task.
struct Isolated {
    service: Arc<dyn Service>,
    runtime: Arc<Runtime>,
}

impl Service for Isolated {
    fn key(&self) -> ServiceKey {
        self.service.key()
    }

    fn methods(&self) -> Vec<Arc<Method>> {
        self.service.methods()
    }

    fn call(&self, method: usize, call: Call) -> Invoking {
        let (service, runtime) = (self.service.clone(), self.runtime.clone());
        // Without one, a filter has made a call of its own.
        let work = call.head.extensions.get::<CallTasks>().cloned().unwrap_or_default();
        Invoking::boxed(async move {
            let mut task = runtime.run(&work, async move { service.call(method, call).await });
            let ended = std::future::poll_fn(|cx| task.poll(cx)).await;
            // The runtime may have ended with the call in its queue: another provider may take it.
            let unbegun = |error: Status| if work.began() { error } else { error.never_ran() };
            let mut reply = ended.map_err(unbegun)??;
            if let ReplyBody::Stream(frames) = reply.body {
                let frames = frames.wrap(|frames| ForwardedStream::new(frames, runtime, &work));
                reply.body = ReplyBody::Stream(frames);
            }
            Ok(reply)
        })
    }

    fn definition(&self) -> Option<ServiceDefinition> {
        self.service.definition()
    }

    fn descriptors(&self) -> Option<&'static [u8]> {
        self.service.descriptors()
    }
}

/// A streamed reply, forwarded from the runtime to the connection.
struct ForwardedStream {
    frames: mpsc::Receiver<Frame>,
    task: Task<()>,
    /// The runtime, kept for as long as the stream.
    _runtime: Arc<Runtime>,
}

impl ForwardedStream {
    fn new(mut stream: ReplyStream, runtime: Arc<Runtime>, work: &CallTasks) -> Self {
        let (sender, frames) = mpsc::channel(BUFFERED_MESSAGES);
        let task = runtime.run(work, async move {
            while let Some(frame) = stream.next().await {
                if sender.send(frame).await.is_err() {
                    break;
                }
            }
        });
        Self { frames, task, _runtime: runtime }
    }
}

impl Stream for ForwardedStream {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(frame) = ready!(self.frames.poll_recv(cx)) {
            return Poll::Ready(Some(frame));
        }
        // After the last frame, or after an earlier end, of which a panic is resumed.
        if let Err(status) = ready!(self.task.poll(cx)) {
            tracing::debug!(%status, "a streamed reply was cut off");
        }
        Poll::Ready(None)
    }
}
