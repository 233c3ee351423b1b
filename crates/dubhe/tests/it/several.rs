//! Clients of several groups and versions of a service, and what providers publish for their calls.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dubhe::ServiceKey;
use dubhe::prelude::*;
use dubhe::registry::{File, Memory, Registry};
use dubhe::time::TokioClock;
use dubhe::{ClientBuilder, RunningServer};
use dubhe_testkit::log::Lines;
use dubhe_testkit::{Folder, wait_until};
use tracing::Level;

#[dubhe::interface("org.example.Shops")]
trait Shops {
    /// The service that the call is for, as the callee sees it.
    async fn name(&self, ctx: &Context) -> Result<String, Status>;
    async fn sleep(&self, millis: i32) -> Result<i32, Status>;
    async fn fail(&self) -> Result<i32, Status>;
}

#[derive(Clone, Default)]
struct Shop(Arc<AtomicU32>);

impl Shops for Shop {
    async fn name(&self, ctx: &Context) -> Result<String, Status> {
        Ok(ctx.service().to_string())
    }

    async fn sleep(&self, millis: i32) -> Result<i32, Status> {
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs().into())).await;
        Ok(millis)
    }

    async fn fail(&self) -> Result<i32, Status> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(Status::unavailable("closed"))
    }
}

fn export(group: &'static str, version: &'static str) -> Export {
    Export::new(ShopsServer::new(Shop::default())).group(group).version(version)
}

// One server with three services, which share its address.
async fn three(registry: impl Registry) -> RunningServer {
    Server::builder()
        .service(export("a", "1"))
        .service(export("b", "1"))
        .service(export("b", "2"))
        .registry(registry)
        .start("127.0.0.1:0")
        .await
        .unwrap()
}

fn app(registry: impl Registry) -> App {
    App::builder("several").registry_instance(registry).build().unwrap()
}

/// The services that calls of this client reach.
async fn reached(client: ClientBuilder<ShopsClient>) -> BTreeSet<String> {
    let client = client.build().unwrap();
    let mut all = BTreeSet::new();
    for _ in 0..60 {
        all.insert(client.name().await.unwrap());
    }
    all
}

const A1: &str = "a/org.example.Shops:1";
const B1: &str = "b/org.example.Shops:1";
const B2: &str = "b/org.example.Shops:2";

/// Calls of clients of several services, each for the service of the provider that is picked.
async fn reach_each(app: &App) {
    for protocol in ["dubbo", "tri"] {
        for (group, version, expected) in [
            ("*", "*", &[A1, B1, B2][..]),
            ("*", "1", &[A1, B1]),
            ("a, b", "1", &[A1, B1]),
            ("b", "*", &[B1, B2]),
            ("c,b", "2", &[B2]),
            ("a", "1", &[A1]),
        ] {
            let client = app.client::<ShopsClient>().protocol(protocol);
            let seen = reached(client.group(group).version(version)).await;
            assert!(seen.iter().eq(expected), "{protocol} {group} {version}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_client_of_several_groups_and_versions_picks_providers_of_each() {
    let memory = Memory::new();
    let running = three(memory.clone()).await;
    reach_each(&app(memory.clone())).await;

    // What goes away is no longer picked, though another service is at the same address.
    let app = app(memory);
    let client = app.client::<ShopsClient>().group("*").version("*").build().unwrap();
    let known = || client.client().providers().len();
    client.name().await.unwrap();
    assert_eq!(known(), 3);
    running.remove(&ServiceKey::parse(A1)).await.unwrap();
    wait_until("the removal", || known() == 2).await;
    for _ in 0..20 {
        assert_ne!(client.name().await.unwrap(), A1);
    }
}

#[tokio::test]
async fn a_folder_has_the_providers_of_several_groups_and_versions() {
    let folder = Folder::new().unwrap();
    let registry = File::new(folder.path(), Arc::new(TokioClock));
    let _running = three(registry.clone()).await;
    reach_each(&app(registry)).await;
}

#[tokio::test]
async fn a_url_names_the_group_and_the_version_that_its_provider_is_called_with() {
    let running = three(Memory::new()).await;
    let app = App::builder("several").build().unwrap();
    for protocol in ["dubbo", "tri"] {
        let at = |query: &str| format!("{protocol}://{}{query}", running.addr());
        let both = format!("{};{}", at("?group=a&version=1"), at("?group=b&version=2"));
        let client = || app.client::<ShopsClient>().url(&both);
        for client in [client(), client().group("*").version("*")] {
            let seen = reached(client).await;
            assert!(seen.iter().eq([A1, B2].iter()), "{protocol}: {seen:?}");
        }
        let client = app.client::<ShopsClient>().group("b").version("1").url(&at(""));
        assert!(reached(client).await.iter().eq([B1].iter()));
        // Without parameters there is no group to call it with.
        let client = app.client::<ShopsClient>().group("*").version("*").url(&at(""));
        let error = client.build().unwrap().name().await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented, "{error}");
    }
}

/// A provider that publishes what its calls need: 50 ms, and 5 s for `sleep`; 1 retry, and 3 for `fail`.
async fn publishing(registry: &Memory, shop: &Shop) -> RunningServer {
    publishing_balancer(registry, shop, "roundrobin").await
}

async fn publishing_balancer(registry: &Memory, shop: &Shop, name: &'static str) -> RunningServer {
    let export = Export::new(ShopsServer::new(shop.clone()))
        .timeout(Duration::from_millis(50))
        .retries(1)
        .loadbalance(name)
        .weight(7)
        .method("sleep", |m| m.timeout(Duration::from_secs(5)).retries(0))
        .method("fail", |m| m.retries(3).loadbalance("leastactive"));
    Server::builder().service(export).registry(registry.clone()).start("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn what_a_provider_publishes_holds_until_the_client_says_otherwise() {
    let (registry, shop) = (Memory::new(), Shop::default());
    // As many as attempts, since a call whose effect is not known goes to another one.
    let mut running = Vec::new();
    for _ in 0..4 {
        running.push(publishing(&registry, &shop).await);
    }
    let app = app(registry.clone());
    let client = |make: fn(ClientBuilder<ShopsClient>) -> ClientBuilder<ShopsClient>| {
        make(app.client::<ShopsClient>()).build().unwrap()
    };
    let soon = Duration::from_millis(20);

    // The method of the provider goes before the client, the method of the client before both.
    let plain = client(|c| c);
    assert_eq!(plain.sleep(300).await.unwrap(), 300);
    assert_eq!(client(|c| c.timeout(Duration::from_millis(20))).sleep(300).await.unwrap(), 300);
    let own = client(|c| c.method("sleep", |m| m.timeout(Duration::from_millis(20))));
    assert_eq!(own.sleep(5_000).await.unwrap_err().code(), Code::DeadlineExceeded);
    let call = plain.with(CallOptions::new().timeout(soon));
    assert_eq!(call.sleep(5_000).await.unwrap_err().code(), Code::DeadlineExceeded);

    let attempts = async |client: &ShopsClient| {
        client.fail().await.unwrap_err();
        shop.0.swap(0, Ordering::Relaxed)
    };
    assert_eq!(attempts(&plain).await, 4);
    assert_eq!(attempts(&client(|c| c.retries(2))).await, 4);
    assert_eq!(attempts(&client(|c| c.method("fail", |m| m.retries(1)))).await, 2);
    assert_eq!(attempts(&client(|c| c.fault(Fault::Failfast))).await, 1);

    // A generic call is one of the method that it names.
    let generic = app.generic("org.example.Shops").build().unwrap();
    assert_eq!(generic.call("sleep", args!["int" => 300]).await.unwrap(), Value::Int(300));
    let own = |m: dubhe::MethodBuilder| m.timeout(Duration::from_millis(20));
    let generic = app.generic("org.example.Shops").method("sleep", own).build().unwrap();
    let late = generic.call("sleep", args!["int" => 5_000]).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded, "{late}");
}

#[tokio::test]
async fn a_balancer_that_is_not_there_is_one_warning() {
    let (registry, shop) = (Memory::new(), Shop::default());
    let (lines, _guard) = Lines::of_this_thread(Level::WARN);
    let _running = publishing_balancer(&registry, &shop, "mine").await;
    let app = app(registry.clone());
    let client = app.client::<ShopsClient>().build().unwrap();
    client.name().await.unwrap();
    let _second = publishing_balancer(&registry, &shop, "mine").await;
    wait_until("both", || client.client().providers().len() == 2).await;
    client.name().await.unwrap();
    assert_eq!(lines.with("asks for a balancer").len(), 1);
}

#[tokio::test]
async fn a_balancer_that_providers_publish_picks() {
    let (registry, mut seen, mut running) = (Memory::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let calls = Arc::new(AtomicU32::new(0));
        seen.push(calls.clone());
        let count = move |call: Call, next: Next| {
            calls.fetch_add(1, Ordering::Relaxed);
            next.run(call)
        };
        let export = Export::new(ShopsServer::new(Shop::default())).loadbalance("roundrobin");
        let server = Server::builder().service(export).registry(registry.clone()).filter(count);
        running.push(server.start("127.0.0.1:0").await.unwrap());
    }
    let app = app(registry);
    let client = app.client::<ShopsClient>().build().unwrap();
    wait_until("all", || client.client().providers().len() == 3).await;
    let calls = async |client: &ShopsClient| {
        for _ in 0..9 {
            client.name().await.unwrap();
        }
        seen.iter().map(|calls| calls.swap(0, Ordering::Relaxed)).collect::<Vec<_>>()
    };
    assert_eq!(calls(&client).await, [3, 3, 3]);
    let sticky = app.client::<ShopsClient>().sticky(true).build().unwrap();
    let mut sticky = calls(&sticky).await;
    sticky.sort_unstable();
    assert_eq!(sticky, [0, 0, 9]);
}

#[tokio::test]
async fn options_of_a_method_that_the_service_lacks_are_refused() {
    let export = export("", "").method("naem", |m| m.retries(0));
    let error = Server::builder().service(export).start("127.0.0.1:0").await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("naem") && text.contains("fail,name,sleep"), "{text}");
}
