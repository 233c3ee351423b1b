//! Services that are added and removed while the server runs, and the dispatch of an application.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use dubhe::dispatch::{Dispatch, Overload, Target, Wanted};
use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::registry::{Registering, Registration, Registry, Snapshots};
use dubhe::{Client, Guard, Hook, Method, RetryBudget, RunningServer, ServiceKey};
use dubhe::{Invoke, Invoking};
use dubhe_testkit::http1;
use futures_util::StreamExt as _;
use tokio::sync::Notify;

const PROTOCOLS: [&str; 2] = ["dubbo", "tri"];

#[dubhe::interface("org.example.Guide")]
trait Guide {
    async fn name(&self, prefix: String) -> Result<String, Status>;
    async fn wait(&self) -> Result<String, Status>;
}

#[derive(Default)]
struct Gate {
    begun: Notify,
    open: Notify,
}

struct Named(&'static str, Arc<Gate>);

impl Guide for Named {
    async fn name(&self, prefix: String) -> Result<String, Status> {
        Ok(prefix + self.0)
    }

    async fn wait(&self) -> Result<String, Status> {
        self.1.begun.notify_one();
        self.1.open.notified().await;
        Ok(self.0.to_owned())
    }
}

fn guide(name: &'static str) -> GuideServer<Named> {
    GuideServer::new(Named(name, Arc::default()))
}

fn key() -> ServiceKey {
    ServiceKey::interface_only("org.example.Guide")
}

fn client(app: &App, protocol: &str, server: &RunningServer) -> GuideClient {
    let url = format!("{protocol}://{}", server.addr());
    app.client::<GuideClient>().url(&url).retries(0).build().unwrap()
}

/// Calls often enough for a connection to remember the request.
async fn names(client: &GuideClient) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(client.name(String::new()).await.unwrap());
    }
    names.dedup();
    names
}

async fn health(server: &RunningServer) -> u16 {
    let addr = server.addr();
    let json = ["content-type: application/json"];
    let ask = move || {
        let body = r#"{"service":"org.example.Guide"}"#;
        http1::request(addr, "POST /grpc.health.v1.Health/Check", &json, body).unwrap().status
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

#[tokio::test]
async fn services_come_and_go_under_open_connections() {
    let server = Server::builder().start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let clients = PROTOCOLS.map(|protocol| client(&app, protocol, &server));
    for (name, code, why) in [
        ("first", Code::Unimplemented, "not found"),
        ("second", Code::Unavailable, "has been removed from this server"),
    ] {
        for (protocol, client) in PROTOCOLS.iter().zip(&clients) {
            let error = client.name(String::new()).await.unwrap_err();
            assert!(error.message().contains(why), "{error}");
            assert_eq!(error.code(), code, "{protocol}: {error}");
        }
        assert_eq!(health(&server).await, 404);
        server.add(guide(name)).await.unwrap();
        assert_eq!(health(&server).await, 200);
        for client in &clients {
            assert_eq!(names(client).await, [name]);
        }
        server.remove(&key()).await.unwrap();
    }
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn so_many_removed_services_are_remembered() {
    for (most, codes) in [
        (0, [Code::Unimplemented, Code::Unimplemented]),
        (1, [Code::Unimplemented, Code::Unavailable]),
        (2, [Code::Unavailable, Code::Unavailable]),
    ] {
        let server = Server::builder().options(|options| options.max_removed = most);
        let server = server.start("127.0.0.1:0").await.unwrap();
        let keys = ["a", "b"].map(|group| key().with_group(group));
        for key in &keys {
            let service = Export::new(guide("gone")).group(key.group().clone());
            server.add(service).await.unwrap();
            server.remove(key).await.unwrap();
        }
        let app = App::builder("test").build().unwrap();
        for (key, code) in keys.iter().zip(codes) {
            let client = app.client::<GuideClient>().url(&format!("tri://{}", server.addr()));
            let client = client.group(key.group().clone()).retries(0).build().unwrap();
            let error = client.name(String::new()).await.unwrap_err();
            assert_eq!(error.code(), code, "{most}: {error}");
        }
    }
}

#[tokio::test]
async fn calls_of_a_removed_service_end_normally() {
    for protocol in PROTOCOLS {
        let gate = Arc::<Gate>::default();
        let service = GuideServer::new(Named("old", gate.clone()));
        let server = Server::builder().service(service).start("127.0.0.1:0").await.unwrap();
        let app = App::builder("test").build().unwrap();
        let client = client(&app, protocol, &server);
        let waits = tokio::spawn({
            let client = client.clone();
            async move { client.wait().await }
        });
        gate.begun.notified().await;
        server.remove(&key()).await.unwrap();
        server.add(guide("new")).await.unwrap();
        assert_eq!(names(&client).await, ["new"], "{protocol}");
        gate.open.notify_one();
        assert_eq!(waits.await.unwrap().unwrap(), "old", "{protocol}");
    }
}

#[tokio::test]
async fn registries_are_told_of_both() {
    let registry = Memory::new();
    let server = Server::builder().registry(registry.clone()).start("127.0.0.1:0").await.unwrap();
    let mut seen = registry.subscribe(&key()).await.unwrap();
    assert!(seen.next().await.unwrap().providers.is_empty());
    server.add(Export::new(guide("a")).param("weight", "7")).await.unwrap();
    let told = loop {
        let told = seen.next().await.unwrap().providers;
        if told.len() == 2 {
            break told;
        }
    };
    assert!(told.iter().all(|provider| provider.params.get("weight") == Some("7")));
    server.remove(&key()).await.unwrap();
    while !seen.next().await.unwrap().providers.is_empty() {}
}

/// Takes the first announcement, refuses the second, and panics at the third.
#[derive(Clone)]
struct Refusing(Memory, Arc<AtomicUsize>);

impl Registry for Refusing {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        match self.1.fetch_add(1, Ordering::Relaxed) {
            1 => Box::pin(std::future::ready(Err(Status::new(Code::Unavailable, "away")))),
            2 => panic!("as the test wants"),
            _ => self.0.register(registration),
        }
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.0.unregister(registration)
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.0.subscribe(service)
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_added_leaves_nothing_behind() {
    let registry = Refusing(Memory::new(), Arc::default());
    let server = Server::builder().registry(registry.clone());
    let server = server.start("127.0.0.1:0").await.unwrap();
    for failure in ["away", "a registry panicked"] {
        let error = server.add(guide("a")).await.unwrap_err();
        assert!(error.message().contains(failure), "{error}");
        let told = registry.subscribe(&key()).await.unwrap().next().await.unwrap();
        assert!(told.providers.is_empty());
        assert_eq!(health(&server).await, 404);
        let app = App::builder("test").build().unwrap();
        let error = client(&app, "tri", &server).name(String::new()).await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented, "it was never there: {error}");
    }
    server.add(guide("a")).await.unwrap();
    server.remove(&key()).await.unwrap();
    // The registry refuses once more.
    registry.1.store(1, Ordering::Relaxed);
    server.add(guide("b")).await.unwrap_err();
    let app = App::builder("test").build().unwrap();
    let error = client(&app, "tri", &server).name(String::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "the first is still a removed one: {error}");

    let error = server.remove(&key()).await.unwrap_err();
    assert!(error.message().contains("is not exported"), "{error}");
    let health = ServiceKey::interface_only("grpc.health.v1.Health");
    let error = server.remove(&health).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(error.message().contains("is built in"), "{error}");

    let server = Server::builder().service(guide("a")).start("127.0.0.1:0").await.unwrap();
    let twice = server.add(guide("b")).await.unwrap_err();
    assert!(twice.message().contains("exported twice"), "{twice}");
    let large = Export::new(guide("b")).group("g").param("payload", "9000000");
    let large = server.add(large).await.unwrap_err();
    assert!(large.message().contains("dubbo.payload"), "{large}");
    assert_eq!(server.services().iter().filter(|(key, _)| key.group() == "g").count(), 0);
}

#[tokio::test]
async fn registries_show_the_zone_of_the_server_unless_a_service_has_one() {
    let registry = Memory::new();
    let own = Export::new(guide("b")).group("own").param("zone", "sh");
    let server = Server::builder().zone("hz").service(guide("a")).service(own);
    let _running = server.registry(registry.clone()).start("127.0.0.1:0").await.unwrap();
    for (key, zone) in [(key(), "hz"), (key().with_group("own"), "sh")] {
        let known = registry.subscribe(&key).await.unwrap().next().await.unwrap().providers;
        assert!(!known.is_empty());
        assert!(known.iter().all(|p| p.instance.zone.as_deref() == Some(zone)), "{known:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_being_removed_says_so() {
    let server = Server::builder().registry(Memory::new()).service(guide("a"));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let addr = server.addr();
    let health = move || async move {
        let ask = move || {
            let json = ["content-type: application/json"];
            let body = r#"{"service":"org.example.Guide"}"#;
            http1::request(addr, "POST /grpc.health.v1.Health/Check", &json, body).unwrap().body
        };
        tokio::task::spawn_blocking(ask).await.unwrap()
    };
    let key = key();
    let mut removal = std::pin::pin!(server.remove(&key));
    assert!(futures_util::poll!(&mut removal).is_pending());
    let body = health().await;
    assert!(body.contains("NOT_SERVING"), "{body}");
    let error = server.add(guide("b")).await.unwrap_err();
    assert!(error.message().contains("is being removed"), "{error}");
    removal.await.unwrap();
    server.add(guide("b")).await.unwrap();
    let body = health().await;
    assert!(body.contains("SERVING") && !body.contains("NOT_SERVING"), "{body}");
}

/// Refuses the first announcement, later than it is asked for.
#[derive(Clone)]
struct Wavering(Memory, Arc<AtomicUsize>, Arc<Notify>);

impl Registry for Wavering {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        if self.1.fetch_add(1, Ordering::Relaxed) > 0 {
            return self.0.register(registration);
        }
        Box::pin(async {
            self.2.notified().await;
            Err(Status::unavailable("away"))
        })
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.0.unregister(registration)
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.0.subscribe(service)
    }
}

#[tokio::test]
async fn a_service_that_is_removed_before_it_is_announced_is_not_announced() {
    let registry = Wavering(Memory::new(), Arc::default(), Arc::default());
    let server = Server::builder().registry(registry.clone()).start("127.0.0.1:0").await.unwrap();
    let key = key();
    let adds = async {
        let first = server.add(guide("a")).await.unwrap_err();
        // The removal has waited for the first one, and is asked before this one.
        (first, server.add(guide("b")).await.unwrap_err())
    };
    let mut both = Box::pin(futures_util::future::join(adds, server.remove(&key)));
    assert!(futures_util::poll!(&mut both).is_pending());
    registry.2.notify_one();
    let ((first, second), removed) = both.await;
    assert!(first.message().contains("away"), "{first}");
    assert!(second.message().contains("is being removed by a call of `remove`"), "{second}");
    removed.unwrap();
    assert!(server.services().iter().all(|(other, _)| **other != key));
    let told = registry.subscribe(&key).await.unwrap().next().await.unwrap();
    assert!(told.providers.is_empty());
    server.add(guide("c")).await.unwrap();
}

/// A registry that never answers an announcement in the group "slow".
#[derive(Clone)]
struct Slow(Memory);

impl Registry for Slow {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        if registration.service.group() == "slow" {
            return Box::pin(std::future::pending());
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

/// Refuses as many withdrawals.
#[derive(Clone)]
struct Keeping(Memory, Arc<AtomicUsize>);

impl Registry for Keeping {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        self.0.register(registration)
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let less = |left: usize| left.checked_sub(1);
        if self.1.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            return Box::pin(std::future::ready(Err(Status::new(Code::Unavailable, "away"))));
        }
        self.0.unregister(registration)
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.0.subscribe(service)
    }
}

#[tokio::test]
async fn what_a_registry_did_not_withdraw_is_withdrawn_by_stop() {
    let registry = Keeping(Memory::new(), Arc::new(AtomicUsize::new(2)));
    let server = Server::builder().registry(Memory::new()).registry(registry.clone());
    let server = server.service(guide("a")).start("127.0.0.1:0").await.unwrap();
    let error = server.remove(&key()).await.unwrap_err();
    assert!(error.message().contains("org.example.Guide is not withdrawn"), "{error}");
    assert!(error.message().contains("registry [2] of 2"), "{error}");
    assert!(server.services().iter().all(|(other, _)| **other != key()));
    let mut seen = registry.subscribe(&key()).await.unwrap();
    assert_eq!(seen.next().await.unwrap().providers.len(), 2);
    server.stop().await;
    while !seen.next().await.unwrap().providers.is_empty() {}
}

#[tokio::test]
async fn a_registry_that_does_not_answer_holds_up_one_service() {
    let server = Server::builder().registry(Slow(Memory::new())).service(guide("a"));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let mut slow = std::pin::pin!(server.add(Export::new(guide("b")).group("slow")));
    assert!(futures_util::poll!(&mut slow).is_pending());
    server.add(Export::new(guide("c")).group("other")).await.unwrap();
    server.remove(&key()).await.unwrap();
    let groups = server.services();
    let groups =
        ["slow", "other", ""].map(|g| groups.iter().any(|(k, _)| **k == key().with_group(g)));
    assert_eq!(groups, [true, true, false]);
}

/// Passes every call of `org.example.*` on to the present client.
struct Gateway {
    clients: Vec<Client>,
    present: Arc<AtomicU64>,
}

struct Via(Client);

impl Invoke for Via {
    fn invoke(&self, call: Call) -> Invoking {
        let client = self.0.clone();
        Invoking::boxed(async move {
            client.send(&call.head.method, call.body, &CallOptions::new()).await
        })
    }
}

impl Dispatch for Gateway {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        if !wanted.interface.starts_with("org.example.") {
            let text = format!("no route to {}", wanted.interface);
            return Err(Status::new(Code::Unimplemented, text));
        }
        let types = match wanted.overload {
            Overload::Types(types) => types,
            _ => "Ljava/lang/String;",
        };
        let at = usize::try_from(self.generation()).unwrap();
        Ok(Target {
            service: Arc::new(ServiceKey::interface_only(wanted.interface)),
            method: Arc::new(Method::java(wanted.method, types)),
            params: Arc::default(),
            gates: dubhe::dispatch::Gates::default(),
            invoke: Arc::new(Via(self.clients[at].clone())),
        })
    }

    fn generation(&self) -> u64 {
        self.present.load(Ordering::Acquire)
    }
}

struct Count(Arc<AtomicUsize>);

impl Hook for Count {
    fn before(&self, _: &mut Call) -> Result<Guard, Status> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Guard::none())
    }
}

#[tokio::test]
async fn a_dispatch_answers_for_all_that_is_not_exported() {
    let app = App::builder("test").build().unwrap();
    for protocol in PROTOCOLS {
        let mut backends = Vec::new();
        for name in ["first", "second"] {
            let backend = Server::builder().service(guide(name)).start("127.0.0.1:0");
            backends.push(backend.await.unwrap());
        }
        let through = |backend: &RunningServer| {
            let url = format!("{protocol}://{}", backend.addr());
            app.client::<Client>().service(key()).url(&url).build().unwrap()
        };
        let (present, count) = (Arc::<AtomicU64>::default(), Arc::<AtomicUsize>::default());
        let clients = backends.iter().map(through).collect();
        let gateway = Gateway { clients, present: present.clone() };
        let server = Server::builder().dispatch(gateway).hook(Count(count.clone()));
        let server = server.start("127.0.0.1:0").await.unwrap();
        let via = client(&app, protocol, &server);
        assert_eq!(names(&via).await, ["first"], "{protocol}");
        assert_eq!(count.load(Ordering::Relaxed), 4);
        // A connection that remembers the way notices that there is another one.
        present.store(1, Ordering::Release);
        assert_eq!(names(&via).await, ["second"], "{protocol}");
        // What is exported comes first.
        server.add(guide("own")).await.unwrap();
        assert_eq!(names(&via).await, ["own"], "{protocol}");

        let url = format!("{protocol}://{}", server.addr());
        let other = app.generic("org.other.Guide").url(&url).retries(0).build().unwrap();
        let error = other.call("name", args!["java.lang.String" => "x"]).await.unwrap_err();
        let text = "service org.other.Guide is not exported, and a dispatch refuses the call: \
                    no route to org.other.Guide";
        assert_eq!(error.message(), text);
    }
}

#[tokio::test]
async fn a_removal_loses_no_call() {
    for protocol in PROTOCOLS {
        let registry = Memory::new();
        let start = async |name| {
            let server = Server::builder().registry(registry.clone()).announce([protocol]);
            server.service(guide(name)).start("127.0.0.1:0").await.unwrap()
        };
        let (leaves, _stays) = (start("leaves").await, start("stays").await);
        let app = App::builder("test").registry_instance(registry.clone()).build().unwrap();
        let client = app.client::<GuideClient>().retries(0).build().unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let calls = tokio::spawn({
            let done = done.clone();
            async move {
                loop {
                    let last = done.load(Ordering::Relaxed);
                    let name = client.name(String::new()).await.unwrap();
                    if last {
                        return name;
                    }
                }
            }
        });
        leaves.remove(&key()).await.unwrap();
        done.store(true, Ordering::Relaxed);
        assert_eq!(calls.await.unwrap(), "stays", "{protocol}");
    }
}

/// A client that learns nothing of the removal asks another provider.
#[tokio::test]
async fn a_late_call_of_a_removed_service_goes_to_another_provider() {
    for protocol in PROTOCOLS {
        let start =
            async |name| Server::builder().service(guide(name)).start("127.0.0.1:0").await.unwrap();
        let (leaves, stays) = (start("leaves").await, start("stays").await);
        let urls = [&leaves, &stays].map(|server| format!("{protocol}://{}", server.addr()));
        let app = App::builder("test").build().unwrap();
        let client = app.client::<GuideClient>().url(&urls.join(";")).repeatable(false);
        let client = client.retry_budget(RetryBudget::UNLIMITED).build().unwrap();
        leaves.remove(&key()).await.unwrap();
        for _ in 0..20 {
            assert_eq!(client.name(String::new()).await.unwrap(), "stays", "{protocol}");
        }
    }
}
