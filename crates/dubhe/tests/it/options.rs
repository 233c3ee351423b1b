//! Options of a server, each seen from outside.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::ServiceKey;
use dubhe::filter::AccessLog;
use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::registry::{FullJitter, Registering, Registration, Registry, Snapshots, fixed};
use dubhe_testkit::log;
use dubhe_testkit::wait_until;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use tracing::{Dispatch, Level, dispatcher};

#[dubhe::interface("org.example.Clock", version = "2.0.0")]
trait Clock {
    async fn sleep(&self, millis: i32) -> Result<i32, Status>;
    async fn echo(&self, data: Vec<u8>) -> Result<i32, Status>;
    /// Sends as many ticks, and then fails.
    async fn tick(&self, ticks: i32) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;
}

struct Slow;

impl Clock for Slow {
    async fn sleep(&self, millis: i32) -> Result<i32, Status> {
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs().into())).await;
        Ok(millis)
    }

    async fn echo(&self, data: Vec<u8>) -> Result<i32, Status> {
        Ok(i32::try_from(data.len()).unwrap())
    }

    async fn tick(&self, ticks: i32) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        let broken = Err(Status::new(Code::DataLoss, "the spring broke"));
        Ok(stream::iter((0..ticks).map(Ok).chain([broken])))
    }
}

fn client(running: &dubhe::RunningServer) -> ClockClient {
    let app = App::builder("test").build().unwrap();
    let url = format!("dubbo://{}", running.addr());
    let client = app.client::<ClockClient>().url(&url).retries(0);
    client.timeout(Duration::from_secs(20)).build().unwrap()
}

#[tokio::test]
async fn registries_are_told_application_host_port_and_parameters() {
    let registry = Memory::new();
    let export = Export::new(ClockServer::new(Slow)).group("g").version("3").param("weight", "7");
    let export = export.param("zone", "hz");
    let running = Server::builder()
        .service(export)
        .registry(registry.clone())
        .application("clocks")
        .advertise("clock.example")
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let key = ServiceKey::new("org.example.Clock", "g", "3");
    let mut seen = registry.subscribe(&key).await.unwrap();
    let providers = seen.next().await.unwrap().providers;
    let offers: Vec<_> = providers.iter().map(|p| (&*p.offer.protocol, p.offer.port)).collect();
    let port = running.addr().port();
    assert_eq!(offers, [("dubbo", port), ("tri", port)]);
    for provider in &providers {
        assert_eq!(provider.instance.host, "clock.example");
        assert_eq!(provider.instance.application, "clocks");
        assert_eq!(provider.instance.zone.as_deref(), Some("hz"));
        assert_eq!(provider.params.get("weight"), Some("7"));
    }
    running.stop().await;
    assert!(seen.next().await.unwrap().providers.is_empty());
}

async fn announcing(
    registry: impl Registry,
    export: Export,
) -> Result<dubhe::RunningServer, Status> {
    Server::builder()
        .service(export)
        .announce(["tri"])
        .registry(registry)
        .start("127.0.0.1:0")
        .await
}

/// The changing providers of the clock.
async fn followed(registry: &Memory) -> Snapshots {
    registry.subscribe(&ServiceKey::new("org.example.Clock", "", "2.0.0")).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_service_is_announced_after_its_delay() {
    let registry = Memory::new();
    let delay = Duration::from_secs(5);
    let began = tokio::time::Instant::now();
    let export = Export::new(ClockServer::new(Slow)).delay(delay);
    let running = announcing(registry.clone(), export).await.unwrap();
    let mut seen = followed(&registry).await;
    assert!(seen.next().await.unwrap().providers.is_empty());
    let providers = seen.next().await.unwrap().providers;
    assert_eq!(providers[0].params.get("delay"), Some("5000"));
    assert!(began.elapsed() >= delay, "{:?}", began.elapsed());
    running.stop().await;
    assert!(seen.next().await.unwrap().providers.is_empty());

    // One that stops before its time is never announced.
    let export = Export::new(ClockServer::new(Slow)).delay(delay);
    announcing(registry.clone(), export).await.unwrap().stop().await;
    tokio::time::sleep(2 * delay).await;
    assert!(followed(&registry).await.next().await.unwrap().providers.is_empty());

    let export = Export::new(ClockServer::new(Slow)).param("delay", "soon");
    let wrong = announcing(registry, export).await.unwrap_err();
    assert!(wrong.message().contains("delay=\"soon\""), "{wrong}");
}

/// A registry that fails at first.
struct Late(Memory, AtomicUsize);

impl Registry for Late {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        if self.1.fetch_add(1, Ordering::Relaxed) < 2 {
            return Box::pin(std::future::ready(Err(Status::new(Code::Unavailable, "away"))));
        }
        self.0.register(registration)
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.0.unregister(registration)
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.0.subscribe(service)
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_refuses_a_delayed_service_is_asked_again() {
    let registry = Memory::new();
    let late = || Late(registry.clone(), AtomicUsize::new(0));
    let export = Export::new(ClockServer::new(Slow));
    announcing(late(), export.clone()).await.unwrap_err();
    let delayed = export.delay(Duration::from_millis(1));
    let _running = announcing(late(), delayed).await.unwrap();
    let mut seen = followed(&registry).await;
    assert!(seen.next().await.unwrap().providers.is_empty());
    assert_eq!(seen.next().await.unwrap().providers.len(), 1);
}

/// A registry that refuses every registration, and notes when it was asked.
#[derive(Clone)]
struct Away {
    backoff: FullJitter,
    asked: Arc<Mutex<Vec<tokio::time::Instant>>>,
}

impl Registry for Away {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        self.asked.lock().unwrap().push(tokio::time::Instant::now());
        Box::pin(std::future::ready(Err(Status::new(Code::Unavailable, "away"))))
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        Box::pin(std::future::ready(Ok(fixed(Vec::new()))))
    }

    fn backoff(&self) -> FullJitter {
        self.backoff
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_is_asked_again_after_random_pauses_of_its_own_bound() {
    for most in [Duration::from_secs(5), Duration::from_millis(200)] {
        let backoff = FullJitter::default().capped(most);
        let registry = Away { backoff, asked: Arc::default() };
        let export = Export::new(ClockServer::new(Slow)).delay(Duration::from_millis(1));
        let running = announcing(registry.clone(), export).await.unwrap();
        tokio::time::sleep(most * 400).await;
        let asked = registry.asked.lock().unwrap().clone();
        let pauses: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!((700..900).contains(&pauses.len()), "{most:?}: {}", pauses.len());
        let longest = *pauses.iter().max().unwrap();
        // The timer of tokio rounds up to 1 ms.
        assert!(longest <= most + Duration::from_millis(1), "{most:?}: {longest:?}");
        assert!(longest >= most * 9 / 10, "{most:?}: {longest:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_service_need_not_be_announced_and_may_be_static() {
    let registry = Memory::new();
    let export = Export::new(ClockServer::new(Slow)).register(false);
    let running = announcing(registry.clone(), export).await.unwrap();
    assert!(followed(&registry).await.next().await.unwrap().providers.is_empty());
    assert_eq!(client(&running).sleep(1).await.unwrap(), 1);

    let export = Export::new(ClockServer::new(Slow)).dynamic(false);
    let _running = announcing(registry.clone(), export).await.unwrap();
    let providers = followed(&registry).await.next().await.unwrap().providers;
    assert_eq!(providers[0].params.get("dynamic"), Some("false"));
}

#[tokio::test]
async fn what_is_announced_can_be_chosen() {
    let registry = Memory::new();
    let server = Server::builder().service(ClockServer::new(Slow)).registry(registry.clone());
    let _running = server.announce(["tri"]).start("127.0.0.1:0").await.unwrap();
    let key = ServiceKey::new("org.example.Clock", "", "2.0.0");
    let mut seen = registry.subscribe(&key).await.unwrap();
    let providers = seen.next().await.unwrap().providers;
    let protocols: Vec<_> = providers.iter().map(|p| &*p.offer.protocol).collect();
    assert_eq!(protocols, ["tri"]);

    let app = App::builder("test").registry_instance(registry).build().unwrap();
    let clock = app.client::<ClockClient>().build().unwrap();
    assert_eq!(clock.sleep(1).await.unwrap(), 1);
    let dubbo = app.client::<ClockClient>().protocol("dubbo").build().unwrap();
    assert_eq!(dubbo.sleep(1).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_stop_waits_for_calls_but_not_for_ever() {
    let start = |wait| {
        let server = Server::builder().service(ClockServer::new(Slow));
        server.shutdown_wait(wait).start("127.0.0.1:0")
    };
    let patient = start(Duration::from_secs(20)).await.unwrap();
    let clock = client(&patient);
    assert_eq!(clock.sleep(1).await.unwrap(), 1);
    let (answer, cut) = tokio::join!(clock.sleep(300), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        patient.stop().await
    });
    assert_eq!((answer.unwrap(), cut), (300, 0));

    let warnings = log::Lines::of(Level::WARN);
    let _guard = dispatcher::set_default(&Dispatch::new(warnings.clone()));
    let hasty = start(Duration::from_millis(50)).await.unwrap();
    let clock = client(&hasty);
    assert_eq!(clock.sleep(1).await.unwrap(), 1);
    let (answer, cut) = tokio::join!(clock.sleep(10_000), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        hasty.stop().await
    });
    assert_eq!((answer.unwrap_err().code(), cut), (Code::Unavailable, 1));
    assert_eq!(warnings.with("did not end within shutdown_wait").len(), 1);
}

/// The longest duration means "never", and does not overflow.
#[tokio::test]
async fn options_may_be_as_long_as_a_duration_can_be() {
    for protocol in ["dubbo", "tri"] {
        let server = Server::builder().service(ClockServer::new(Slow)).options(|o| {
            (o.shutdown_wait, o.withdraw_timeout) = (Duration::MAX, Duration::MAX);
            (o.accept.handshake_timeout, o.accept.first_byte_timeout) =
                (Duration::MAX, Duration::MAX);
            (o.dubbo.drain_quiet, o.dubbo.heartbeat) = (Duration::MAX, Duration::MAX);
            (o.dubbo.one_way_timeout, o.session.write_stall) = (Duration::MAX, Duration::MAX);
            (o.dubbo.min_rate.window, o.triple.min_rate.window) = (Duration::MAX, Duration::MAX);
            (o.triple.idle_timeout, o.triple.ping_interval) = (Duration::MAX, Duration::MAX);
            (o.triple.drain_quiet, o.triple.write_stall) = (Duration::MAX, Duration::MAX);
            o.triple.handshake_timeout = Duration::MAX;
        });
        let server = server.registry(Memory::new()).start("127.0.0.1:0").await.unwrap();
        let app = App::builder("test").build().unwrap();
        let url = format!("{protocol}://{}", server.addr());
        let clock = app.client::<ClockClient>().url(&url).retries(0).build().unwrap();
        assert_eq!(clock.sleep(1).await.unwrap(), 1);
        let key = ServiceKey::new("org.example.Clock", "", "2.0.0");
        let removal = server.remove(&key);
        let waits = tokio::time::timeout(Duration::from_millis(50), removal).await;
        assert!(waits.is_err(), "{protocol}: a removal waits for callers: {waits:?}");
        let stop = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let stop = tokio::time::timeout(Duration::from_millis(200), server.stop()).await;
            assert!(stop.is_err(), "{protocol}: a stop waits for calls: {stop:?}");
        };
        let (answer, ()) = tokio::join!(clock.sleep(10_000), stop);
        assert_eq!(answer.unwrap_err().code(), Code::Unavailable, "{protocol}");
    }
}

#[tokio::test]
async fn a_service_takes_what_its_payload_allows() {
    let export = Export::new(ClockServer::new(Slow)).param("payload", "1000");
    let running = Server::builder().service(export).start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let options = "the limit is 1000; raise triple.max_message, or the parameter payload";
    for (protocol, text) in [("dubbo", "data length too large"), ("tri", options)] {
        let url = format!("{protocol}://{}", running.addr());
        let clock = app.client::<ClockClient>().url(&url).build().unwrap();
        assert_eq!(clock.echo(vec![0; 500]).await.unwrap(), 500);
        let status = clock.echo(vec![0; 5000]).await.unwrap_err();
        assert!(status.message().contains(text), "{status}");
        assert_eq!(clock.echo(vec![0; 500]).await.unwrap(), 500);
    }
}

#[tokio::test]
async fn what_one_service_takes_others_need_not() {
    let large = Export::new(ClockServer::new(Slow)).param("payload", "20000000");
    let usual = Export::new(ClockServer::new(Slow)).group("usual");
    let server = Server::builder().service(large).service(usual);
    let running = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let url = format!("tri://{}?payload=30000000", running.addr());
    let client = || app.client::<ClockClient>().url(&url).timeout(Duration::from_secs(20));
    let data = vec![0; 9_000_000];
    assert_eq!(client().build().unwrap().echo(data.clone()).await.unwrap(), 9_000_000);
    let status = client().group("usual").build().unwrap().echo(data).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_access_log_has_a_line_for_each_call() {
    let lines = Lines::default();
    let log = AccessLog::to_writer(lines.clone());
    let server = Server::builder().service(ClockServer::new(Slow)).hook(log);
    let running = server.start("127.0.0.1:0").await.unwrap();
    client(&running).sleep(1).await.unwrap();
    let text = lines.text();
    assert!(text.starts_with("127.0.0.1:"), "{text}");
    assert!(text.contains(" org.example.Clock:2.0.0 sleep OK "), "{text}");
    assert!(text.ends_with("us 1msg\n"), "{text}");

    // A stream has its line when it ends, and not a good one for a good beginning.
    let app = App::builder("test").build().unwrap();
    let url = format!("tri://{}", running.addr());
    let clock = app.client::<ClockClient>().url(&url).build().unwrap();
    let mut ticks = clock.tick(3).await.unwrap();
    for tick in 0..3 {
        assert_eq!(ticks.next().await.unwrap().unwrap(), tick);
    }
    assert_eq!(ticks.next().await.unwrap().unwrap_err().code(), Code::DataLoss);
    wait_until("the stream has a line", || lines.text().lines().count() == 2).await;
    let text = lines.text();
    assert!(text.contains(" org.example.Clock:2.0.0 tick DATA_LOSS "), "{text}");
    assert!(text.ends_with("us 3msg\n"), "{text}");
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_name_that_is_taken_are_told_of() {
    let first =
        Server::builder().service(ClockServer::new(Slow)).start("127.0.0.1:0").await.unwrap();
    let again = Server::builder().start(&first.addr().to_string()).await.unwrap_err();
    assert!(again.message().contains("choose another port"), "{again}");
    let twice = Server::builder()
        .service(ClockServer::new(Slow))
        .service(ClockServer::new(Slow))
        .start("127.0.0.1:0")
        .await
        .unwrap_err();
    assert_eq!(twice.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn wrong_urls_fail_when_client_or_server_are_built() {
    let app = App::builder("test").build().unwrap();
    for (url, hint) in [
        ("foo://127.0.0.1:1", "protocol \"foo\" is not configured, only dubbo, tri, grpc"),
        ("dubbo://127.0.0.1:1?connections=x", "connections=\"x\" is not a number"),
        ("tri://127.0.0.1:1?connections=x", "connections=\"x\" is not a number"),
        ("grpc://127.0.0.1:1?connect.timeout=1s", "connect.timeout=\"1s\" is not a number"),
        ("tri://127.0.0.1", "has no port; write tri://HOST:PORT"),
        ("127.0.0.1:0", "has no port; write dubbo://HOST:PORT"),
        ("tri://127.0.0.1:99999", "no valid port"),
        ("tri://:1", "no host"),
        ("tri://a b:1", "has spaces"),
        ("tri://127.0.0.1:1;foo://127.0.0.1:1", "protocol \"foo\""),
    ] {
        let error = app.client::<ClockClient>().url(url).build().err().unwrap();
        assert_eq!(error.code(), Code::InvalidArgument, "{url}");
        assert!(error.message().contains(hint), "{url}: {error}");
    }
    for url in ["127.0.0.1:1", "grpc://[::1]:1", "tri+unix:///run/a.sock"] {
        assert!(app.client::<ClockClient>().url(url).build().is_ok(), "{url}");
    }
    for (addr, hint) in [
        ("tri://127.0.0.1:0", "it is a URL"),
        ("127.0.0.1", "write HOST:PORT"),
        ("127.0.0.1:99999", "write HOST:PORT"),
        ("unix:", "write"),
    ] {
        let error = Server::builder().start(addr).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{addr}: {error}");
        assert!(error.message().contains(hint), "{addr}: {error}");
    }
    for server in [Server::builder().announce(["rest"]), Server::builder().advertise("h:1")] {
        let error = server.start("127.0.0.1:0").await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().starts_with("cannot announce"), "{error}");
    }
    for url in
        ["zookeeper://", "zookeeper://h:99999", "zookeeper://h:x", "nacos://h:x", "consul://h:1"]
    {
        let error = App::builder("test").registry(url).build().err().unwrap();
        assert_eq!(error.code(), Code::InvalidArgument, "{url}: {error}");
    }
}

#[test]
fn applications_and_servers_begin_within_a_runtime() {
    let app = App::builder("test").build().unwrap_err();
    let server = || Server::builder().service(ClockServer::new(Slow));
    let start = server().start("127.0.0.1:0").now_or_never().unwrap().unwrap_err();
    let serve = server().serve("127.0.0.1:0").now_or_never().unwrap().unwrap_err();
    for error in [app, start, serve] {
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains("within a tokio runtime"), "{error}");
    }
}
