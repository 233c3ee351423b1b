//! Handlers that block their thread: other connections are served, and the log names the method.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::RunningServer;
use dubhe::prelude::*;
use dubhe_testkit::log::Lines;
use dubhe_testkit::wait_until;
use tokio::runtime::{Builder, Runtime};
use tracing::{Dispatch, Level, dispatcher};

const PROTOCOLS: [&str; 2] = ["dubbo", "tri"];

#[dubhe::interface("org.example.Blocker")]
trait Blocker {
    /// Keeps its thread until the test lets it go.
    async fn block(&self) -> Result<String, Status>;
    async fn ping(&self) -> Result<String, Status>;
}

struct Blocks {
    begun: Arc<AtomicBool>,
    go: Mutex<Receiver<()>>,
}

impl Blocker for Blocks {
    async fn block(&self) -> Result<String, Status> {
        self.begun.store(true, Ordering::SeqCst);
        let released = self.go.lock().unwrap().recv_timeout(Duration::from_secs(20));
        Ok(if released.is_ok() { "released" } else { "forgotten" }.into())
    }

    async fn ping(&self) -> Result<String, Status> {
        Ok("pong".into())
    }
}

/// A server on a runtime of its own.
struct Started {
    server: RunningServer,
    runtime: Runtime,
    begun: Arc<AtomicBool>,
    go: Sender<()>,
    warnings: Lines,
}

impl Started {
    fn with(mut runtime: Builder, threshold: Duration) -> Self {
        let runtime = runtime.enable_all().build().unwrap();
        let (go, wait) = channel();
        let begun = Arc::new(AtomicBool::new(false));
        let blocks = Blocks { begun: begun.clone(), go: Mutex::new(wait) };
        let warnings = Lines::of(Level::WARN);
        let server = Server::builder()
            .service(BlockerServer::new(blocks))
            .options(|o| o.blocking_threshold = threshold);
        let seen = Dispatch::new(warnings.clone());
        let start = || runtime.block_on(server.start("127.0.0.1:0")).unwrap();
        // The thread of the test drives a runtime already.
        let server = std::thread::scope(|scope| {
            scope.spawn(|| dispatcher::with_default(&seen, start)).join().unwrap()
        });
        Self { server, runtime, begun, go, warnings }
    }

    /// A client with a connection of its own, which stands.
    async fn client(&self, protocol: &str) -> (App, BlockerClient) {
        let app = App::builder("test").build().unwrap();
        let url = format!("{protocol}://{}", self.server.addr());
        let client = app.client::<BlockerClient>().url(&url).retries(0);
        let client = client.timeout(Duration::from_secs(20)).build().unwrap();
        assert_eq!(client.ping().await.unwrap(), "pong");
        (app, client)
    }

    async fn begun(&self) {
        wait_until("the handler blocks", || self.begun.swap(false, Ordering::SeqCst)).await;
    }
}

fn workers(workers: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers);
    builder
}

const THRESHOLD: Duration = Duration::from_millis(50);

#[tokio::test]
async fn other_connections_are_served_while_a_worker_is_free_and_the_method_is_named() {
    for protocol in PROTOCOLS {
        let started = Started::with(workers(2), THRESHOLD);
        let (_blocked_app, blocked) = started.client(protocol).await;
        let (_other_app, other) = started.client(protocol).await;
        let mut rounds = 0;
        for _ in 0..5 {
            let call = tokio::spawn({
                let blocked = blocked.clone();
                async move { blocked.block().await }
            });
            started.begun().await;
            for _ in 0..20 {
                assert_eq!(other.ping().await.unwrap(), "pong");
                // The workers have nothing to do in between.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            rounds += 1;
            started.go.send(()).unwrap();
            assert_eq!(call.await.unwrap().unwrap(), "released", "round {rounds} of {protocol}");
        }
        let call = tokio::spawn(async move { blocked.block().await });
        started.begun().await;
        wait_until("it is named", || {
            !started.warnings.with("org.example.Blocker.block").is_empty()
        })
        .await;
        assert_eq!(
            started.warnings.with("no worker of the runtime is free").len(),
            0,
            "{protocol}"
        );
        assert_eq!(other.ping().await.unwrap(), "pong");
        started.go.send(()).unwrap();
        assert_eq!(call.await.unwrap().unwrap(), "released");
        drop(started.server);
        started.runtime.shutdown_background();
    }
}

#[tokio::test]
async fn the_log_says_when_no_worker_is_free() {
    let mut current = Builder::new_current_thread();
    let mut one = workers(1);
    for (runtime, drives) in [(&mut one, false), (&mut current, true)] {
        let runtime = std::mem::replace(runtime, Builder::new_current_thread());
        let started = Arc::new(Started::with(runtime, THRESHOLD));
        let driver = drives.then(|| {
            let (started, (stop, stopped)) =
                (started.clone(), tokio::sync::oneshot::channel::<()>());
            (stop, std::thread::spawn(move || started.runtime.block_on(stopped)))
        });
        let (_app, client) = started.client("dubbo").await;
        let call = tokio::spawn(async move { client.block().await });
        started.begun().await;
        let told = || !started.warnings.with("no worker of the runtime is free").is_empty();
        wait_until("it is told", told).await;
        assert_eq!(started.warnings.with("org.example.Blocker.block").len(), 1);
        started.go.send(()).unwrap();
        assert_eq!(call.await.unwrap().unwrap(), "released");
        if let Some((stop, thread)) = driver {
            stop.send(()).unwrap();
            thread.join().unwrap().unwrap();
        }
        let Started { server, runtime, .. } = Arc::into_inner(started).unwrap();
        drop(server);
        runtime.shutdown_background();
    }
}

/// A line comes each second; a handler that is long by then is named in the next one.
#[tokio::test]
async fn a_handler_that_blocks_just_after_another_is_named_too() {
    let started = Started::with(workers(2), THRESHOLD);
    let (_app, client) = started.client("tri").await;
    for lines in 1..=2 {
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.block().await }
        });
        started.begun().await;
        let named = || started.warnings.with("org.example.Blocker.block").len() == lines;
        wait_until("it is named", named).await;
        started.go.send(()).unwrap();
        assert_eq!(call.await.unwrap().unwrap(), "released");
    }
    drop(started.server);
    started.runtime.shutdown_background();
}

/// A handler that keeps its thread is not reported.
#[tokio::test]
async fn zero_turns_the_watchdog_off() {
    let started = Started::with(workers(2), Duration::ZERO);
    let (_app, client) = started.client("dubbo").await;
    let call = tokio::spawn(async move { client.block().await });
    started.begun().await;
    tokio::time::sleep(4 * THRESHOLD).await;
    assert_eq!(started.warnings.with("").len(), 0);
    started.go.send(()).unwrap();
    assert_eq!(call.await.unwrap().unwrap(), "released");
    drop(started.server);
    started.runtime.shutdown_background();
}
