//! Services on runtimes of their own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use dubhe::gate::{Arrival, Gate};
use dubhe::net::MinRate;
use dubhe::prelude::*;
use dubhe::registry::{Instance, Memory, Offer, Registration, Registry};
use dubhe::{RunningServer, ServiceKey};
use dubhe_testkit::wait_until;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

const PROTOCOLS: [&str; 2] = ["dubbo", "tri"];

#[dubhe::interface("org.example.Miner")]
trait Miner {
    /// Keeps its thread until the other service was called.
    async fn dig(&self) -> Result<String, Status>;
    async fn fail(&self) -> Result<String, Status>;
    async fn wait(&self) -> Result<String, Status>;
    /// The threads that the parts of a reply are made on.
    async fn threads(&self) -> Result<impl Stream<Item = Result<String, Status>>, Status>;
}

#[dubhe::interface("org.example.Quick")]
trait Quick {
    async fn ping(&self) -> Result<String, Status>;
}

struct Pong;

impl Quick for Pong {
    async fn ping(&self) -> Result<String, Status> {
        Ok(thread())
    }
}

#[derive(Clone)]
struct Pit {
    barrier: Arc<Barrier>,
    begun: Arc<Notify>,
    dropped: Arc<Notify>,
}

impl Default for Pit {
    fn default() -> Self {
        let barrier = Arc::new(Barrier::new(2));
        Self { barrier, begun: Arc::default(), dropped: Arc::default() }
    }
}

struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

fn thread() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

impl Miner for Pit {
    async fn dig(&self) -> Result<String, Status> {
        self.begun.notify_one();
        self.barrier.wait();
        Ok(thread())
    }

    async fn fail(&self) -> Result<String, Status> {
        panic!("as the test wants")
    }

    async fn wait(&self) -> Result<String, Status> {
        let _told = NotifyOnDrop(self.dropped.clone());
        self.begun.notify_one();
        std::future::pending().await
    }

    async fn threads(&self) -> Result<impl Stream<Item = Result<String, Status>>, Status> {
        Ok(stream::iter(0..20).map(|_| Ok(thread())))
    }
}

const NAME: &str = "Miner-";

async fn serve(export: Export) -> RunningServer {
    let server = Server::builder().service(export).service(QuickServer::new(Pong));
    server.start("127.0.0.1:0").await.unwrap()
}

fn isolated(pit: &Pit) -> Export {
    Export::new(MinerServer::new(pit.clone())).isolated(1)
}

fn miner(app: &App, protocol: &str, server: &RunningServer) -> MinerClient {
    let url = format!("{protocol}://{}", server.addr());
    let timeout = Duration::from_secs(20);
    app.client::<MinerClient>().url(&url).retries(0).timeout(timeout).build().unwrap()
}

#[tokio::test]
async fn a_handler_that_keeps_its_thread_starves_nobody() {
    for protocol in PROTOCOLS {
        let pit = Pit::default();
        let server = serve(isolated(&pit)).await;
        let app = App::builder("test").build().unwrap();
        let miner = miner(&app, protocol, &server);
        let digs = tokio::spawn(async move { miner.dig().await });
        pit.begun.notified().await;
        // Connection and test have one thread, and clients of one app share the connection.
        let url = format!("{protocol}://{}", server.addr());
        let quick = app.client::<QuickClient>().url(&url).build().unwrap();
        for _ in 0..3 {
            assert!(!quick.ping().await.unwrap().starts_with(NAME));
        }
        assert_eq!(server.connections(), 1, "{protocol}");
        let barrier = pit.barrier.clone();
        tokio::task::spawn_blocking(move || barrier.wait()).await.unwrap();
        assert!(digs.await.unwrap().unwrap().starts_with(NAME), "{protocol}");
    }
}

#[tokio::test]
async fn a_panic_ends_its_call_alone() {
    for protocol in PROTOCOLS {
        let pit = Pit::default();
        let server = serve(isolated(&pit)).await;
        let app = App::builder("test").build().unwrap();
        let miner = miner(&app, protocol, &server);
        let error = miner.fail().await.unwrap_err();
        assert!(error.message().contains("panicked"), "{protocol}: {error}");
        assert_eq!(server.stop().await, 0, "{protocol}");
    }
}

#[tokio::test]
async fn a_call_whose_connection_goes_is_aborted() {
    for protocol in PROTOCOLS {
        let pit = Pit::default();
        let export = Export::new(MinerServer::new(pit.clone())).runtime(Handle::current());
        let server = serve(export).await;
        let app = App::builder("test").build().unwrap();
        let miner = miner(&app, protocol, &server);
        let waits = tokio::spawn(async move { miner.wait().await });
        pit.begun.notified().await;
        drop(server);
        pit.dropped.notified().await;
        waits.await.unwrap().unwrap_err();
    }
}

#[tokio::test]
async fn streamed_replies_are_made_there_too() {
    let server = serve(isolated(&Pit::default())).await;
    let app = App::builder("test").build().unwrap();
    let threads = miner(&app, "tri", &server).threads().await.unwrap();
    let threads: Vec<String> = threads.map(Result::unwrap).collect().await;
    assert_eq!(threads.len(), 20);
    assert!(threads.iter().all(|name| name.starts_with(NAME)), "{threads:?}");
}

/// A connection keeps the methods that are called over it, while they are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_service_is_dropped_though_its_connections_are_idle() {
    for protocol in PROTOCOLS {
        for isolated in [false, true] {
            let pit = Pit::default();
            let (one, service) = (One::default(), Arc::downgrade(&pit.barrier));
            let gate = Arc::downgrade(&one.0);
            let mut export = Export::new(MinerServer::new(pit)).gate(one);
            if isolated {
                export = export.isolated(1);
            }
            // Nothing else is to wake the connection: neither the first look at the rate at which it
            // receives, nor the deadline of a call.
            let server = Server::builder().options(|o| o.dubbo.min_rate = MinRate::NONE);
            let server = server.service(export).start("127.0.0.1:0").await.unwrap();
            let app = App::builder("test").build().unwrap();
            let url = format!("{protocol}://{}", server.addr());
            let miner = app.client::<MinerClient>().url(&url).timeout(Duration::from_hours(1));
            let miner = miner.retries(0).build().unwrap();
            for _ in 0..4 {
                assert!(!is_refusal(&miner.fail().await.unwrap_err()));
            }
            server.remove(&ServiceKey::interface_only("org.example.Miner")).await.unwrap();
            let dropped = || service.strong_count() == 0 && gate.strong_count() == 0;
            wait_until("the service and its gates are dropped", dropped).await;
            assert_eq!(server.connections(), 1, "{protocol}");
        }
    }
}

#[test]
fn a_runtime_of_somebody_else_may_end() {
    let own = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    here.block_on(async {
        let export = MinerServer::new(Pit::default());
        let server = serve(Export::new(export).runtime(own.handle().clone())).await;
        let app = App::builder("test").build().unwrap();
        let (stop, stopped) = oneshot::channel();
        let miners = PROTOCOLS.map(|protocol| miner(&app, protocol, &server));
        for miner in &miners {
            assert_eq!(miner.fail().await.unwrap_err().code(), Code::Internal);
        }
        std::thread::spawn(move || {
            drop(own);
            stop.send(()).unwrap();
        });
        stopped.await.unwrap();
        for miner in &miners {
            let error = miner.fail().await.unwrap_err();
            assert!(error.message().contains("has been shut down"), "{error}");
            assert_eq!(error.code(), Code::Unavailable, "{error}");
        }

        // Nobody began such a call, so that it goes to another provider.
        let other = serve(Export::new(MinerServer::new(Pit::default()))).await;
        for protocol in PROTOCOLS {
            let url = format!("{protocol}://{};{protocol}://{}", server.addr(), other.addr());
            let client = app.client::<MinerClient>().url(&url).repeatable(false);
            let client = client.retry_budget(dubhe::RetryBudget::UNLIMITED).build().unwrap();
            for _ in 0..10 {
                let error = client.fail().await.unwrap_err();
                assert!(error.message().ends_with("the provider's log says why"), "{error}");
            }
        }
    });
}

/// The error of a call that waits for the worker of a runtime when that ends. A runtime notices its end
/// when a worker is free; calls that came meanwhile never ran.
fn error_in_queue(protocol: &str, change: impl FnOnce(Export) -> Export) -> Status {
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let own = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    here.block_on(async {
        let (pit, told) = (Pit::default(), Admitted::default());
        let export = Export::new(MinerServer::new(pit.clone())).gate(told.clone());
        let server = serve(change(export.runtime(own.handle().clone()))).await;
        let app = App::builder("test").build().unwrap();
        let miner = miner(&app, protocol, &server);
        let first = miner.clone();
        let busy = tokio::spawn(async move { first.dig().await });
        pit.begun.notified().await;
        own.shutdown_background();
        let waits = tokio::spawn(async move { miner.fail().await });
        wait_until("both calls are admitted", || told.0.load(Ordering::SeqCst) == 2).await;
        let barrier = pit.barrier.clone();
        tokio::task::spawn_blocking(move || barrier.wait()).await.unwrap();
        let error = waits.await.unwrap().unwrap_err();
        let _ = busy.await.unwrap();
        error
    })
}

#[test]
fn a_call_that_waits_for_a_worker_of_a_runtime_that_ends_has_not_begun() {
    for protocol in PROTOCOLS {
        for filtered in [false, true] {
            let change = |export: Export| if filtered { export.filter(pass) } else { export };
            let error = error_in_queue(protocol, change);
            assert_eq!(error.retry(), dubhe::status::Retry::Unstarted, "{protocol}: {error}");
        }
    }
}

/// Answers a failed call with an error of its own.
async fn fails_itself(call: Call, next: Next) -> Result<Reply, Status> {
    next.run(call).await.map_err(|_| Status::unavailable("out of coal"))
}

#[test]
fn the_error_that_a_filter_puts_in_place_of_that_is_its_own() {
    for protocol in PROTOCOLS {
        let error = error_in_queue(protocol, |export| export.filter(fails_itself));
        assert_ne!(error.retry(), dubhe::status::Retry::Unstarted, "{protocol}: {error}");
        assert!(error.message().ends_with("out of coal"), "{protocol}: {error}");
    }
}

/// Counts the calls that it admits.
#[derive(Clone, Default)]
struct Admitted(Arc<AtomicUsize>);

impl Gate for Admitted {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Guard::none())
    }
}

/// Returns the error of a call that nobody began.
struct Passes(Code);

impl Quick for Passes {
    async fn ping(&self) -> Result<String, Status> {
        Err(Status::new(self.0, "nested").with_retry(dubhe::status::Retry::Unstarted))
    }
}

#[tokio::test]
async fn what_a_handler_returns_has_begun() {
    use dubhe::status::Retry;
    for (protocol, code, retry) in [
        ("dubbo", Code::Unavailable, Retry::Unknown),
        ("dubbo", Code::ResourceExhausted, Retry::Never),
        ("tri", Code::Unavailable, Retry::Unknown),
        ("tri", Code::ResourceExhausted, Retry::Never),
    ] {
        let server = Server::builder().service(QuickServer::new(Passes(code)));
        let server = server.start("127.0.0.1:0").await.unwrap();
        let app = App::builder("test").build().unwrap();
        let url = format!("{protocol}://{}", server.addr());
        let quick = app.client::<QuickClient>().url(&url).retries(0).build().unwrap();
        let error = quick.ping().await.unwrap_err();
        assert_eq!((error.code(), error.retry()), (code, retry), "{protocol}: {error}");
    }
}

#[tokio::test]
async fn no_thread_is_refused() {
    let export = Export::new(MinerServer::new(Pit::default())).isolated(0);
    let error = Server::builder().service(export).start("127.0.0.1:0").await.unwrap_err();
    assert!(error.message().contains("at least 1"), "{error}");
}

/// Admits one call at a time, and counts those that it refused.
#[derive(Clone, Default)]
struct One(Arc<AtomicBool>);

impl One {
    fn enter(&self) -> Result<Guard, Status> {
        if self.0.swap(true, Ordering::SeqCst) {
            return Err(Status::resource_exhausted("one call runs already"));
        }
        let inside = self.0.clone();
        Ok(Guard::new(move |_| inside.store(false, Ordering::SeqCst)))
    }
}

impl Gate for One {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        self.enter()
    }
}

impl Hook for One {
    fn before(&self, _: &mut Call) -> Result<Guard, Status> {
        self.enter()
    }
}

async fn pass(call: Call, next: Next) -> Result<Reply, Status> {
    next.run(call).await
}

async fn answers_early(call: Call, next: Next) -> Result<Reply, Status> {
    let wait = Duration::from_millis(20);
    tokio::time::timeout(wait, next.run(call))
        .await
        .unwrap_or_else(|_| Err(Status::aborted("late")))
}

fn is_refusal(status: &Status) -> bool {
    status.message().contains("one call runs already")
}

#[tokio::test]
async fn permits_and_counts_are_held_until_the_handler_is_gone() {
    type Change = fn(Export, One) -> Export;
    let cases: [(&str, Change); 4] = [
        ("a gate", |export, one| export.gate(one)),
        ("a hook", |export, one| export.hook(one)),
        ("a gate before a filter", |export, one| export.filter(pass).gate(one)),
        ("a hook between filters", |export, one| export.filter(pass).hook(one).filter(pass)),
    ];
    for (what, change) in cases {
        for (protocol, early) in [("dubbo", false), ("tri", false), ("tri", true)] {
            if early && what != "a gate" {
                continue;
            }
            let (pit, one) = (Pit::default(), One::default());
            let mut export = change(Export::new(MinerServer::new(pit.clone())).isolated(2), one);
            if early {
                export = export.filter(answers_early);
            }
            let server = serve(export).await;
            let app = App::builder("test").build().unwrap();
            let miner = miner(&app, protocol, &server);
            let options = CallOptions::new().timeout(Duration::from_millis(100));
            let late = miner.with(options).dig().await.unwrap_err();
            assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Aborted), "{late}");
            for _ in 0..3 {
                let refused = miner.fail().await.unwrap_err();
                assert!(is_refusal(&refused), "{what}, {protocol}: {refused}");
            }
            let barrier = pit.barrier.clone();
            tokio::task::spawn_blocking(move || barrier.wait()).await.unwrap();
            let admitted = async {
                while is_refusal(&miner.fail().await.unwrap_err()) {
                    tokio::task::yield_now().await;
                }
            };
            let limit = Duration::from_secs(20);
            tokio::time::timeout(limit, admitted).await.unwrap();
        }
    }
}

#[dubhe::interface("org.example.Relay")]
trait Relay {
    async fn relay(&self) -> Result<String, Status>;
}

/// Calls on, by a client of its own that it makes when it is called.
struct On(App, Option<String>);

impl On {
    fn client(&self) -> QuickClient {
        let client = self.0.client::<QuickClient>().retries(0).timeout(Duration::from_secs(20));
        let client = self.1.iter().fold(client, |client, url| client.url(url));
        client.build().unwrap()
    }
}

impl Relay for On {
    async fn relay(&self) -> Result<String, Status> {
        self.client().ping().await
    }
}

/// The first to use what an application shares may be a handler in a runtime that ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_and_directories_outlive_the_runtime_that_needed_them_first() {
    let quick = || async {
        Server::builder().service(QuickServer::new(Pong)).start("127.0.0.1:0").await.unwrap()
    };
    let (one, two) = (quick().await, quick().await);
    let provider = |server: &RunningServer, protocol: &'static str| Registration {
        service: ServiceKey::interface_only("org.example.Quick"),
        instance: Arc::new(Instance { host: "127.0.0.1".into(), ..Instance::default() }),
        offer: Offer { protocol: protocol.into(), port: server.addr().port() },
        params: Arc::default(),
    };
    for protocol in PROTOCOLS {
        for follows in [false, true] {
            let memory = Memory::new();
            memory.register(provider(&one, protocol)).await.unwrap();
            let app = App::builder("relay").registry_instance(memory.clone()).build().unwrap();
            let url = (!follows).then(|| format!("{protocol}://{}", one.addr()));
            let own = On(app.clone(), url);
            let relay = Export::new(RelayServer::new(On(app, own.1.clone()))).isolated(1);
            let front = Server::builder().service(relay).start("127.0.0.1:0").await.unwrap();
            let caller = App::builder("caller").build().unwrap();
            let relay = caller.client::<RelayClient>().url(&format!("dubbo://{}", front.addr()));
            relay.build().unwrap().relay().await.unwrap();
            // The same connection, and the same directory, from here on.
            let client = own.client();
            client.ping().await.unwrap();
            front.remove(&ServiceKey::interface_only("org.example.Relay")).await.unwrap();
            front.stop().await;
            client.ping().await.unwrap();
            own.client().ping().await.unwrap();
            if follows {
                memory.register(provider(&two, protocol)).await.unwrap();
                memory.unregister(&provider(&one, protocol)).await.unwrap();
                let port = two.addr().port();
                let known = || client.client().providers().iter().any(|e| e.offer().port == port);
                wait_until("the other provider is known", known).await;
                client.ping().await.unwrap();
            }
        }
    }
}

/// Notes how calls end.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<String>>>);

impl Hook for Ends {
    fn before(&self, _: &mut Call) -> Result<Guard, Status> {
        let ends = self.0.clone();
        Ok(Guard::new(move |end| ends.lock().unwrap().push(end.name().to_owned())))
    }
}

#[tokio::test]
async fn a_call_given_up_before_its_deadline_is_cancelled_though_its_handler_goes_on_beyond() {
    const TIMEOUT: Duration = Duration::from_secs(2);
    let (pit, ends) = (Pit::default(), Ends::default());
    let server = serve(isolated(&pit).hook(ends.clone())).await;
    let app = App::builder("test").build().unwrap();
    let url = format!("tri://{}", server.addr());
    let miner = app.client::<MinerClient>().url(&url).timeout(TIMEOUT).build().unwrap();
    let digs = tokio::spawn(async move { miner.dig().await });
    pit.begun.notified().await;
    digs.abort();
    tokio::time::sleep(TIMEOUT).await;
    assert!(ends.0.lock().unwrap().is_empty());
    tokio::task::spawn_blocking(move || pit.barrier.wait()).await.unwrap();
    wait_until("the end is told", || !ends.0.lock().unwrap().is_empty()).await;
    assert_eq!(*ends.0.lock().unwrap(), ["CANCELLED"]);
}
