//! The end of a server, whatever its registries do.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dubhe::prelude::*;
use dubhe::registry::{Memory, Registering, Registration, Registry, Snapshots};
use dubhe::{RunningServer, ServiceKey};
use dubhe_testkit::log::Lines;
use dubhe_testkit::{http1, wait_until};
use futures_util::StreamExt as _;
use tokio::sync::{Barrier, Notify, Semaphore};
use tracing::Level;

#[dubhe::interface("org.example.Inn")]
trait Inn {
    async fn stay(&self) -> Result<String, Status>;
}

#[derive(Clone, Default)]
struct Guest(Arc<Notify>);

impl Inn for Guest {
    async fn stay(&self) -> Result<String, Status> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// A registry in memory that does not answer when it is told not to. Clones are the same.
#[derive(Clone, Default)]
struct Silent {
    known: Memory,
    /// The registration that is not answered, by its number from 1; 0 for none.
    registration: usize,
    registrations: Arc<AtomicUsize>,
    /// A notice that a withdrawal is asked for.
    asked: Arc<Notify>,
    /// Withdrawals are answered when so many wait; never, without one.
    withdrawals: Option<Arc<Barrier>>,
    panics: bool,
}

impl Silent {
    fn answering_withdrawals_together(count: usize) -> Self {
        Self { withdrawals: Some(Arc::new(Barrier::new(count))), ..Self::default() }
    }

    async fn providers(&self) -> usize {
        self.known.subscribe(&inn()).await.unwrap().next().await.unwrap().providers.len()
    }

    async fn until_withdrawn(&self) {
        while self.providers().await > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Registry for Silent {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        if self.registrations.fetch_add(1, Ordering::SeqCst) + 1 == self.registration {
            return Box::pin(std::future::pending());
        }
        self.known.register(registration)
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        assert!(!self.panics, "as the test wants");
        self.asked.notify_one();
        let registration = registration.clone();
        Box::pin(async move {
            match &self.withdrawals {
                Some(barrier) => barrier.wait().await,
                None => std::future::pending().await,
            };
            self.known.unregister(&registration).await
        })
    }

    fn subscribe(&self, key: &ServiceKey) -> Registering<'_, Snapshots> {
        self.known.subscribe(key)
    }
}

/// A builder whose service is announced twice in each registry.
fn builder(registries: &[&Silent]) -> dubhe::ServerBuilder {
    let server = Server::builder().service(InnServer::new(Guest::default()));
    registries.iter().fold(server, |server, registry| server.registry((*registry).clone()))
}

async fn serve(registries: &[&Silent]) -> RunningServer {
    builder(registries).start("127.0.0.1:0").await.unwrap()
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.unwrap()
}

#[tokio::test]
async fn registries_that_do_not_answer_hold_up_neither_stop_nor_removal() {
    let (silent, other) = (Silent::default(), Silent::answering_withdrawals_together(2));
    let hasty = |registry| {
        builder(&[&silent, registry])
            .options(|options| options.withdraw_timeout = Duration::from_millis(20))
            .start("127.0.0.1:0")
    };
    let server = hasty(&other).await.unwrap();
    in_time(server.stop()).await;
    assert_eq!(other.providers().await, 0, "the silence of one is nothing to others");

    let broken = Silent { panics: true, ..Silent::default() };
    let server = hasty(&broken).await.unwrap();
    let error = in_time(server.remove(&inn())).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let text = "service org.example.Inn is not withdrawn from registry [1, 2] of 2";
    assert!(error.message().starts_with(text), "{error}");
    in_time(server.stop()).await;
}

/// Time that is paused passes when nothing else is to be done, so that its length is exact.
#[tokio::test(start_paused = true)]
async fn a_stop_and_a_removal_wait_for_a_silent_registry_as_long_as_the_option_says() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    assert_eq!(dubhe::ServerOptions::default().withdraw_timeout, Duration::from_secs(3));
    for timeout in [Duration::from_millis(20), Duration::from_secs(3), Duration::from_hours(1)] {
        let server = builder(&[&Silent::default()])
            .options(|options| options.withdraw_timeout = timeout)
            .start("127.0.0.1:0")
            .await
            .unwrap();
        let began = tokio::time::Instant::now();
        server.remove(&inn()).await.unwrap_err();
        // Then the service is served for the quiet period, 1 s.
        let waited = began.elapsed();
        assert!((timeout..timeout + Duration::from_secs(2)).contains(&waited), "{waited:?}");
        let began = tokio::time::Instant::now();
        server.stop().await;
        // The timer of tokio rounds up to 1 ms.
        let waited = began.elapsed();
        let exact = timeout..=timeout + Duration::from_millis(1);
        assert!(exact.contains(&waited), "{waited:?} of {timeout:?}");
        // What is left of a server is asked for once more when it is dropped, and nobody waits for that.
        let lines = warnings.with(&format!("timeout={timeout:?} "));
        assert_eq!(lines.len(), 2, "{lines:?}");
        let named = |line: &String| line.contains("within withdraw_timeout; going on without it");
        assert!(lines.iter().all(named), "{lines:?}");
    }
}

#[tokio::test]
async fn a_registry_that_answers_in_time_does_not_hold_up_a_stop() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let registry = Silent::answering_withdrawals_together(2);
    let server = builder(&[&registry]).options(|o| o.withdraw_timeout = Duration::from_hours(1));
    in_time(server.start("127.0.0.1:0").await.unwrap().stop()).await;
    assert_eq!((registry.providers().await, warnings.take()), (0, Vec::new()));
}

#[tokio::test]
async fn all_withdrawals_are_asked_for_at_once() {
    // Two protocols in two registries.
    let one = Silent::answering_withdrawals_together(4);
    let other = Silent { withdrawals: one.withdrawals.clone(), ..Silent::default() };
    let server = builder(&[&one, &other])
        .options(|options| options.withdraw_timeout = Duration::from_mins(1));
    in_time(server.start("127.0.0.1:0").await.unwrap().stop()).await;
    assert_eq!((one.providers().await, other.providers().await), (0, 0));
}

#[tokio::test]
async fn health_says_not_serving_before_registries_are_asked() {
    let registry = Silent::answering_withdrawals_together(3);
    let server = serve(&[&registry]).await;
    let addr = server.addr();
    let stop = tokio::spawn(server.stop());
    in_time(registry.asked.notified()).await;
    let health = tokio::task::spawn_blocking(move || {
        let json = ["content-type: application/json"];
        http1::request(addr, "POST /grpc.health.v1.Health/Check", &json, "{}").unwrap()
    });
    let health = health.await.unwrap();
    assert!(health.body.contains("NOT_SERVING"), "{health:?}");
    registry.withdrawals.as_ref().unwrap().wait().await;
    in_time(stop).await.unwrap();
}

/// A registry whose news take a while, as those of Nacos, which waits half a second for more.
#[derive(Clone, Default)]
struct Late(Memory);

impl Registry for Late {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        self.0.register(registration)
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.0.unregister(registration)
    }

    fn subscribe(&self, key: &ServiceKey) -> Registering<'_, Snapshots> {
        let key = key.clone();
        Box::pin(async move {
            let late = self.0.subscribe(&key).await?.then(async |snapshot| {
                tokio::time::sleep(Duration::from_millis(500)).await;
                snapshot
            });
            Ok(Box::pin(late) as Snapshots)
        })
    }
}

#[dubhe::interface("org.example.Clerk")]
trait Clerk {
    async fn who(&self) -> Result<i32, Status>;
}

struct Number(i32);

impl Clerk for Number {
    async fn who(&self) -> Result<i32, Status> {
        Ok(self.0)
    }
}

#[tokio::test]
async fn calls_are_served_until_the_news_of_a_registry_reach_callers() {
    for protocol in ["dubbo", "tri"] {
        let registry = Late::default();
        let serve = async |number| {
            let server = Server::builder().registry(registry.clone()).announce([protocol]);
            let server = server.service(ClerkServer::new(Number(number)));
            server.start("127.0.0.1:0").await.unwrap()
        };
        let old = serve(1).await;
        let app = App::builder("test").registry_instance(registry.clone()).build().unwrap();
        let clerk = app.client::<ClerkClient>().retries(0).build().unwrap();
        assert_eq!(clerk.who().await.unwrap(), 1);
        // The old one stops as soon as the new one is registered.
        let new = serve(2).await;
        let stop = tokio::spawn(old.stop());
        while clerk.who().await.unwrap() == 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(in_time(stop).await.unwrap(), 0);
        // Nobody is connected any more, or registered, for whom it would have to wait.
        drop(app);
        drop(clerk);
        assert_eq!(in_time(new.stop()).await, 0);
    }
}

#[tokio::test]
async fn what_is_dropped_withdraws_its_registrations() {
    let silent = || Silent::answering_withdrawals_together(1);
    let registry = silent();
    drop(serve(&[&registry]).await);
    in_time(registry.until_withdrawn()).await;

    // A start that is given up while a registry does not answer.
    let registry = Silent { registration: 2, ..silent() };
    let start = tokio::spawn(builder(&[&registry]).start("127.0.0.1:0"));
    let registered = || registry.registrations.load(Ordering::SeqCst) == 2;
    wait_until("two registrations were asked for", registered).await;
    assert_eq!(registry.providers().await, 1);
    start.abort();
    in_time(registry.until_withdrawn()).await;

    // A stop that is given up as soon as it has begun.
    let registry = silent();
    let server = serve(&[&registry]).await;
    let mut stop = Box::pin(server.stop());
    assert!(futures_util::poll!(&mut stop).is_pending());
    drop(stop);
    in_time(registry.until_withdrawn()).await;
}

/// A registry in memory that answers a withdrawal when it is permitted to. Clones are the same.
#[derive(Clone)]
struct Hesitant {
    known: Memory,
    permits: Arc<Semaphore>,
    /// The number of withdrawals that fail, before others succeed.
    failures: Arc<AtomicUsize>,
    /// The number of withdrawals that were asked for.
    asked: Arc<AtomicUsize>,
    /// Fails a registration after it is made, as when its answer is lost.
    loses_answers: bool,
}

impl Hesitant {
    fn failing(failures: usize) -> Self {
        Self {
            known: Memory::new(),
            permits: Arc::new(Semaphore::new(0)),
            failures: Arc::new(AtomicUsize::new(failures)),
            asked: Arc::default(),
            loses_answers: false,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn providers(&self) -> usize {
        self.known.subscribe(&inn()).await.unwrap().next().await.unwrap().providers.len()
    }
}

impl Registry for Hesitant {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        Box::pin(async {
            self.known.register(registration).await?;
            if self.loses_answers { Err(Status::unavailable("as the test wants")) } else { Ok(()) }
        })
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let registration = registration.clone();
        Box::pin(async move {
            let _permit = self.permits.acquire().await.unwrap();
            let less = |left: usize| left.checked_sub(1);
            if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
                return Err(Status::unavailable("as the test wants"));
            }
            self.known.unregister(&registration).await
        })
    }

    fn subscribe(&self, key: &ServiceKey) -> Registering<'_, Snapshots> {
        self.known.subscribe(key)
    }
}

fn inn() -> ServiceKey {
    ServiceKey::interface_only("org.example.Inn")
}

/// A builder of a server whose removals wait for the registry only.
fn hesitant(registry: &Hesitant) -> dubhe::ServerBuilder {
    Server::builder().registry(registry.clone()).options(|options| {
        options.withdraw_timeout = Duration::from_mins(1);
        options.dubbo.drain_quiet = Duration::ZERO;
        options.triple.drain_quiet = Duration::ZERO;
    })
}

async fn removing(registry: &Hesitant) -> RunningServer {
    let server = hesitant(registry).service(InnServer::new(Guest::default()));
    server.start("127.0.0.1:0").await.unwrap()
}

/// Begins a removal and drops it when the registry is asked about both protocols.
async fn drop_removal(server: &RunningServer, registry: &Hesitant) {
    let key = inn();
    let mut removal = Box::pin(server.remove(&key));
    assert!(futures_util::poll!(&mut removal).is_pending());
    drop(removal);
    wait_until("two withdrawals were asked for", || registry.asked() == 2).await;
}

#[tokio::test]
async fn a_stop_waits_for_the_withdrawal_of_a_dropped_removal_and_tries_again() {
    for failures in [0, 1, 2] {
        let registry = Hesitant::failing(failures);
        let server = removing(&registry).await;
        drop_removal(&server, &registry).await;
        let mut stop = Box::pin(server.stop());
        assert!(futures_util::poll!(&mut stop).is_pending());
        assert_eq!((registry.asked(), registry.providers().await), (2, 2));
        registry.permits.add_permits(2);
        in_time(stop).await;
        assert_eq!((registry.asked(), registry.providers().await), (2 + failures, 0));
    }
}

#[tokio::test]
async fn a_withdrawal_that_is_under_way_does_not_hold_up_what_others_left() {
    let registry = Hesitant::failing(2);
    let server = removing(&registry).await;
    server.add(Export::new(InnServer::new(Guest::default())).group("other")).await.unwrap();
    registry.permits.add_permits(2);
    in_time(server.remove(&inn().with_group("other"))).await.unwrap_err();
    assert_eq!(registry.permits.forget_permits(2), 2);
    let key = inn();
    let mut removal = Box::pin(server.remove(&key));
    assert!(futures_util::poll!(&mut removal).is_pending());
    drop(removal);
    wait_until("four withdrawals were asked for", || registry.asked() == 4).await;
    let mut stop = Box::pin(server.stop());
    assert!(futures_util::poll!(&mut stop).is_pending());
    wait_until("two are asked for again", || registry.asked() == 6).await;
    registry.permits.add_permits(2);
    in_time(stop).await;
    assert_eq!((registry.asked(), registry.providers().await), (6, 0));
}

#[tokio::test]
async fn what_a_dropped_removal_left_is_tried_again_by_the_next() {
    let registry = Hesitant::failing(2);
    let server = removing(&registry).await;
    drop_removal(&server, &registry).await;
    registry.permits.add_permits(2);
    in_time(server.remove(&inn())).await.unwrap();
    assert_eq!((registry.asked(), registry.providers().await), (4, 0));
    assert!(server.services().iter().all(|(key, _)| **key != inn()));
    in_time(server.stop()).await;
    assert_eq!(registry.asked(), 4, "nothing is left to the stop");
}

#[tokio::test]
async fn a_dropped_addition_is_withdrawn_by_a_stop_or_a_removal() {
    for removed in [false, true] {
        let registry = Hesitant { loses_answers: true, ..Hesitant::failing(1) };
        let server = hesitant(&registry).start("127.0.0.1:0").await.unwrap();
        let mut addition = Box::pin(server.add(InnServer::new(Guest::default())));
        assert!(futures_util::poll!(&mut addition).is_pending());
        drop(addition);
        wait_until("two withdrawals were asked for", || registry.asked() == 2).await;
        assert_eq!(registry.providers().await, 1);
        registry.permits.add_permits(1);
        if removed {
            in_time(server.remove(&inn())).await.unwrap();
            assert_eq!((registry.asked(), registry.providers().await), (3, 0));
        }
        in_time(server.stop()).await;
        assert_eq!((registry.asked(), registry.providers().await), (3, 0));
    }
}

/// Time that is paused passes when nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn a_late_withdrawal_does_not_take_away_the_next_service() {
    let registry = Hesitant::failing(0);
    let server = removing(&registry).await;
    drop_removal(&server, &registry).await;
    let error = server.add(InnServer::new(Guest::default())).await.unwrap_err();
    assert!(error.message().contains("call `remove` again if its future was dropped"), "{error}");
    let mut change = Box::pin(async {
        server.remove(&inn()).await?;
        server.add(InnServer::new(Guest::default())).await
    });
    let waited = tokio::time::timeout(Duration::from_secs(1), &mut change).await;
    assert!(waited.is_err(), "the withdrawal is still under way");
    registry.permits.add_permits(2);
    change.await.unwrap();
    assert_eq!((registry.asked(), registry.providers().await), (2, 2));
}

#[test]
fn a_server_that_is_dropped_after_its_runtime_ends_quietly() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let registry = Silent::default();
    let server = runtime.block_on(serve(&[&registry]));
    drop(runtime);
    drop(server);
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_signal_ends_a_stop_at_once() {
    let signal = || {
        let id = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.unwrap().success());
    };
    let (guest, registry) = (Guest::default(), Silent::answering_withdrawals_together(1));
    let server = Server::builder()
        .service(InnServer::new(guest.clone()))
        .registry(registry.clone())
        .shutdown_wait(Duration::from_hours(1));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let url = format!("dubbo://{}", server.addr());
    let inn = app.client::<InnClient>().url(&url).retries(0);
    let inn = inn.timeout(Duration::from_hours(1)).build().unwrap();
    let stay = tokio::spawn(async move { inn.stay().await });
    in_time(guest.0.notified()).await;

    let end = tokio::spawn(server.until_signalled());
    // On this one thread, it waits for signals after that.
    tokio::task::yield_now().await;
    signal();
    in_time(registry.until_withdrawn()).await;
    assert!(!end.is_finished());
    signal();
    assert_eq!(in_time(end).await.unwrap(), 1);
    in_time(stay).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_server_with_a_shutdown_of_its_own_drains_when_that_resolves() {
    let registry = Silent::answering_withdrawals_together(1);
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let server =
        Server::builder().service(InnServer::new(Guest::default())).registry(registry.clone());
    let server = server.serve_with_shutdown("127.0.0.1:0", async { ended.await.unwrap() });
    let server = tokio::spawn(server);
    while registry.providers().await == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert_eq!(registry.providers().await, 0);
}

#[tokio::test]
async fn a_shutdown_of_its_own_ends_a_server_whose_registry_is_silent() {
    let registry = Silent { registration: 1, ..Silent::answering_withdrawals_together(1) };
    let registrations = registry.registrations.clone();
    let shutdown =
        wait_until("the registry is asked", move || registrations.load(Ordering::SeqCst) > 0);
    let server = Server::builder().service(InnServer::new(Guest::default())).registry(registry);
    server.serve_with_shutdown("127.0.0.1:0", shutdown).await.unwrap();
}
