//! The lines of the log that operators live by: `docs/user/logs.md` lists them.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dubhe::balance::TimeoutLimit;
use dubhe::filter::AccessLog;
use dubhe::net::{ClientTls, ServerTls, TlsMode};
use dubhe::prelude::*;
use dubhe::registry::{FullJitter, Memory, Registering, Registration, Registry, Snapshots, fixed};
use dubhe::{Export, RunningServer, ServiceKey};
use dubhe_testkit::certs::Authority;
use dubhe_testkit::log::{Lines, ThreadGuard};
use dubhe_testkit::wait_until;
use futures_util::{Stream, StreamExt as _, stream};
use tracing::Level;

#[dubhe::interface("org.example.Bell", version = "1.0.0")]
trait Bell {
    async fn ring(&self) -> Result<i32, Status>;
    async fn peal(&self, times: i32) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;
}

struct Iron;

impl Bell for Iron {
    async fn ring(&self) -> Result<i32, Status> {
        Ok(1)
    }

    async fn peal(&self, times: i32) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        Ok(stream::iter((0..times).map(Ok)))
    }
}

const SERVICE: &str = "service=org.example.Bell:1.0.0 ";

fn lines() -> (Lines, ThreadGuard) {
    Lines::from_level_of_this_thread(Level::INFO)
}

/// The lines with all of these parts, level and message among them.
fn with(lines: &Lines, parts: &[&str]) -> Vec<String> {
    let mut found = lines.with("");
    found.retain(|line| parts.iter().all(|part| line.contains(part)));
    found
}

#[track_caller]
fn assert_one(lines: &Lines, parts: &[&str]) -> String {
    let mut found = with(lines, parts);
    assert_eq!(found.len(), 1, "{parts:?} in {:#?}", lines.with(""));
    found.remove(0)
}

/// Waits for one line with all of these parts.
async fn wait_for(lines: &Lines, parts: &[&str]) {
    let found = tokio::time::timeout(Duration::from_secs(20), async {
        while with(lines, parts).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    // What is there says more than that the time is over.
    let _ = found.await;
    assert_one(lines, parts);
}

async fn start(registry: &Memory) -> RunningServer {
    let server = Server::builder().service(BellServer::new(Iron)).registry(registry.clone());
    server.start("127.0.0.1:0").await.unwrap()
}

async fn serve(addr: &str) -> RunningServer {
    Server::builder().service(BellServer::new(Iron)).start(addr).await.unwrap()
}

#[tokio::test]
async fn a_server_tells_where_it_listens_what_it_exports_and_where_that_is_announced() {
    let (lines, _guard) = lines();
    let running = Server::builder()
        .service(BellServer::new(Iron))
        .service(Export::new(BellServer::new(Iron)).group("north").version("2"))
        .listen("127.0.0.1:0")
        .registry(Memory::new())
        .start("127.0.0.1:0")
        .await
        .unwrap();
    for addr in running.addrs() {
        let addr = format!("addr={addr} ");
        let listening = ["INFO message=listening ", &addr, "\"dubbo, http/1.1, tri\"", "tls=off"];
        assert_one(&lines, &listening);
    }
    let (plain, north) = (SERVICE, "service=north/org.example.Bell:2 ");
    for service in [plain, north] {
        assert_one(&lines, &["INFO message=service exported ", service]);
        for protocol in ["dubbo", "tri"] {
            let provider = format!("provider={protocol}://{} ", running.addr());
            let parts = [service, &provider, "registry=\"memory://\""];
            assert_one(&lines, &[&["INFO message=service announced "][..], &parts].concat());
        }
    }
    assert_eq!(with(&lines, &["grpc."]), [""; 0], "built-in services");

    running.remove(&ServiceKey::new("org.example.Bell", "north", "2")).await.unwrap();
    assert_one(&lines, &["INFO message=service removed ", north]);
    assert_eq!(with(&lines, &["INFO message=service withdrawn ", north]).len(), 2);
    running.add(Export::new(BellServer::new(Iron)).group("south")).await.unwrap();
    assert_one(&lines, &["INFO message=service exported ", "service=south/"]);

    let addr = running.addr();
    running.stop().await;
    assert_one(&lines, &["INFO message=shutting down; ", "connections=0 ", "wait=10s"]);
    for protocol in ["dubbo", "tri"] {
        let provider = format!("provider={protocol}://{addr} ");
        let parts = [SERVICE, &provider, "registry=\"memory://\""];
        assert_one(&lines, &[&["INFO message=service withdrawn "][..], &parts].concat());
    }
    assert_one(&lines, &["INFO message=shut down; no call was cut off", "took="]);
    assert_eq!(with(&lines, &["WARN"]), [""; 0]);
}

#[tokio::test]
async fn a_client_tells_which_providers_come_and_go_and_that_none_is_left() {
    let (lines, _guard) = lines();
    let registry = Memory::new();
    let app = App::builder("test").registry_instance(registry.clone()).build().unwrap();
    let bell = app.client::<BellClient>().build().unwrap();
    let none = ["WARN message=no provider of a service is left; ", SERVICE, "no provider is reg"];
    wait_for(&lines, &none).await;

    let first = start(&registry).await;
    let second = start(&registry).await;
    let all = ["INFO message=the providers of a service changed ", SERVICE];
    let url = |server: &RunningServer| format!("tri://{}", server.addr());
    let (one, other) = (url(&first), url(&second));
    let added = [&all[..], &["providers=2 ", "added=", &other]].concat();
    wait_for(&lines, &added).await;
    // The client prepares for the set in a task of its own.
    while bell.ring().await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    lines.take();

    first.stop().await;
    let removed = format!("removed={one}");
    let goes = [&all[..], &["providers=1 ", &removed]].concat();
    wait_for(&lines, &goes).await;
    assert_eq!(with(&lines, &none), [""; 0]);
    second.stop().await;
    wait_for(&lines, &none).await;
    let line = assert_one(&lines, &[&all[..], &["providers=0 "]].concat());
    assert!(line.contains(&format!("removed={other}")) && !line.contains("added="), "{line}");
}

#[tokio::test]
async fn clients_of_a_service_by_two_protocols_tell_once_that_no_provider_is_left() {
    let (lines, _guard) = lines();
    let registry = Memory::new();
    let app = App::builder("test").registry_instance(registry.clone()).build().unwrap();
    let both =
        ["dubbo", "tri"].map(|name| app.client::<BellClient>().protocol(name).build().unwrap());
    let any = app.client::<BellClient>().build().unwrap();
    let none = ["WARN message=no provider of a service is left; ", SERVICE, "no provider is reg"];
    // A call fails at once only where the directory has its first set.
    for bell in both.iter().chain([&any]) {
        bell.ring().await.unwrap_err();
    }
    assert_one(&lines, &none);
    lines.take();

    for _ in 0..2 {
        let server = start(&registry).await;
        for bell in both.iter().chain([&any]) {
            while bell.ring().await.is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(with(&lines, &none), [""; 0]);
        server.stop().await;
        for bell in both.iter().chain([&any]) {
            while !bell.ring().await.unwrap_err().message().contains("no provider") {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        // Its call may have failed on the last one before that left.
        wait_for(&lines, &none).await;
        assert_one(&lines, &none);
        lines.take();
    }
}

#[tokio::test]
async fn a_client_tells_of_a_provider_that_is_lost_and_of_one_that_is_back() {
    for protocol in ["dubbo", "tri"] {
        let (lines, _guard) = lines();
        let server = serve("127.0.0.1:0").await;
        let addr = server.addr().to_string();
        let provider = format!("provider={protocol}://{addr} ");
        let app = App::builder("test").build().unwrap();
        let bell = app.client::<BellClient>().url(&format!("{protocol}://{addr}"));
        let bell = bell.timeout(Duration::from_secs(20)).build().unwrap();
        bell.ring().await.unwrap();
        let lost = ["WARN message=no connection to a provider; trying again ", &provider, "error="];
        let back = ["INFO message=connected to the provider again ", &provider];
        assert_eq!([with(&lines, &lost), with(&lines, &back)], [[""; 0], [""; 0]]);

        server.stop().await;
        wait_for(&lines, &lost).await;
        let _again = serve(&addr).await;
        bell.ring().await.unwrap();
        wait_for(&lines, &back).await;
        // However many attempts there were.
        assert_one(&lines, &lost);
    }
}

#[tokio::test]
async fn a_client_tells_of_retries_and_of_providers_that_let_calls_time_out() {
    let (lines, _guard) = lines();
    let hangs = Arc::new(AtomicBool::new(true));
    let hung = hangs.clone();
    let filter = move |call: Call, next: Next| {
        let hung = hung.clone();
        async move {
            if hung.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            next.run(call).await
        }
    };
    let slow = Server::builder().service(BellServer::new(Iron)).filter(filter);
    let slow = slow.start("127.0.0.1:0").await.unwrap();
    let good = serve("127.0.0.1:0").await;
    let [slow, good] = [&slow, &good].map(|server| format!("dubbo://{}", server.addr()));
    let limit = TimeoutLimit::default().in_a_row(2);
    let limit = limit.pauses(Duration::from_millis(1), Duration::from_millis(1));
    let app = App::builder("test").build().unwrap();
    let bell = app.client::<BellClient>().url(&slow).url(&good).timeout_limit(limit);
    let bell = bell.timeout(Duration::from_millis(100)).retries(1).build().unwrap();

    let over = format!("provider={slow} ");
    let passed_over = ["WARN message=calls time out in a row; ", &over, "timeouts=2"];
    while with(&lines, &passed_over).is_empty() {
        bell.ring().await.unwrap();
    }
    let (failed, to) = (format!("failed=on {slow} after "), format!("to={good} "));
    let retry = ["INFO message=a call is tried again ", SERVICE, "method=ring ", &failed, &to];
    let found = with(&lines, &[&retry[..], &["retry=1 "]].concat());
    assert!(found[0].contains("retries=1 "), "{found:?}");

    hangs.store(false, Ordering::SeqCst);
    let again = ["INFO message=a provider answers calls in time again ", &over];
    while with(&lines, &again).is_empty() {
        bell.ring().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A registry that refuses the first subscription.
struct Moody(AtomicBool);

impl Registry for Moody {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        let first = !self.0.swap(true, Ordering::SeqCst);
        let none = || fixed(Vec::new());
        let answer = if first { Err(Status::unavailable("not today")) } else { Ok(none()) };
        Box::pin(std::future::ready(answer))
    }

    fn backoff(&self) -> FullJitter {
        FullJitter::default().capped(Duration::from_millis(1))
    }
}

#[tokio::test]
async fn a_client_tells_that_a_registry_is_lost_and_back_and_a_server_which_it_is() {
    let (lines, _guard) = lines();
    let moody = Moody(AtomicBool::new(false));
    let app = App::builder("test").registry_instance(moody).build().unwrap();
    let _bell = app.client::<BellClient>().build().unwrap();
    let back = ["INFO message=follows the providers again ", SERVICE, "::Moody\""];
    wait_for(&lines, &back).await;
    let lost = ["WARN message=cannot follow the providers; ", "::Moody\"", "error=", "not today"];
    assert_one(&lines, &lost);

    // One that takes no registrations is none in which a service is announced.
    let server = Server::builder().service(BellServer::new(Iron)).registry(ReadOnly);
    server.start("127.0.0.1:0").await.unwrap().stop().await;
    assert_eq!(with(&lines, &["message=service announced"]), [""; 0]);
    assert_eq!(with(&lines, &["message=service withdrawn"]), [""; 0]);
    assert_one(&lines, &["WARN message=no registry takes the services: ", "ReadOnly"]);
}

#[tokio::test]
async fn a_server_does_not_tell_of_the_withdrawal_of_what_no_registry_took() {
    let (lines, _guard) = lines();
    let server = Server::builder().service(BellServer::new(Iron));
    let server = server.registry(Memory::new()).registry(Refusing);
    let error = server.start("127.0.0.1:0").await.unwrap_err();
    assert!(error.message().contains("not today"), "{error}");
    let withdrawn = with(&lines, &["INFO message=service withdrawn ", SERVICE]);
    assert_eq!(withdrawn.len(), 2, "{withdrawn:?}");
    assert!(withdrawn.iter().all(|line| line.contains("registry=\"memory://\"")), "{withdrawn:?}");
}

/// A registry that takes nothing.
struct Refusing;

impl Registry for Refusing {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(std::future::ready(Err(Status::unavailable("not today"))))
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        Box::pin(std::future::ready(Ok(fixed(Vec::new()))))
    }
}

/// A registry only for finding providers.
struct ReadOnly;

impl Registry for ReadOnly {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        unreachable!("it is read-only")
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        unreachable!("it is read-only")
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        Box::pin(std::future::ready(Ok(fixed(Vec::new()))))
    }

    fn is_read_only(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_server_tells_of_tls_handshakes_that_are_refused() {
    let ca = Authority::new().unwrap();
    let identity = ca.issue("localhost").unwrap();
    let tls = || ServerTls::builder(identity.chain.clone(), identity.key.clone()).build().unwrap();
    let stranger = ClientTls::builder(Authority::new().unwrap().pem()).build().unwrap();
    let refused = ["WARN message=tls handshakes refused ", "remote=127.0.0.1:", "refused=1 "];
    for (mode, client, why) in [
        (TlsMode::Required, Some(stranger.clone()), "received fatal alert: "),
        (TlsMode::Required, None, "without tls, which is required here"),
        (TlsMode::Off, Some(stranger), "tls, which is off here"),
    ] {
        let (lines, _guard) = lines();
        let server = Server::builder().service(BellServer::new(Iron)).tls(mode, tls());
        let server = server.start("127.0.0.1:0").await.unwrap();
        let tls = format!("tls={mode}");
        assert_one(&lines, &["INFO message=listening ", &tls]);
        let app = client.into_iter().fold(App::builder("test"), dubhe::AppBuilder::tls);
        let url = format!("dubbo://localhost:{}", server.addr().port());
        let bell = app.build().unwrap().client::<BellClient>().url(&url).retries(0);
        let bell = bell.timeout(Duration::from_millis(500)).build().unwrap();
        bell.ring().await.unwrap_err();
        wait_for(&lines, &refused).await;
        assert_one(&lines, &[&refused[..], &["error=", why]].concat());
    }
}

#[tokio::test]
async fn the_access_log_has_the_number_of_messages_at_the_end_of_a_stream() {
    let (lines, _guard) = lines();
    let server = Server::builder().service(BellServer::new(Iron)).hook(AccessLog::new());
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let url = format!("tri://{}", server.addr());
    let bell = app.client::<BellClient>().url(&url).build().unwrap();
    bell.ring().await.unwrap();
    let mut peal = bell.peal(3).await.unwrap();
    let peer = "peer=\"127.0.0.1:";
    let line = |method, messages| {
        let parts = ["INFO ", peer, SERVICE, method, "outcome=\"OK\" micros=", messages];
        with(&lines, &parts).len()
    };
    for n in 0..3 {
        assert_eq!(peal.next().await.unwrap().unwrap(), n);
    }
    assert!(peal.next().await.is_none());
    wait_until("the stream has its line", || line("method=peal", "messages=3 ") == 1).await;
    assert_eq!(line("method=ring", "messages=1 "), 1);
}
