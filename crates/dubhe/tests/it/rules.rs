//! Rules in a config centre, which move the calls of clients while these run.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dubhe::documents::{DocumentKey, DocumentStore as _};
use dubhe::prelude::*;
use dubhe::registry::{
    Instance, Memory, MemoryDocuments, Offer, Registration, Registry as _, ServiceParams,
};
use dubhe::{AppBuilder, Code, RunningServer};

#[dubhe::interface("org.example.Regions")]
trait Regions {
    async fn region(&self) -> Result<String, Status>;
}

struct In(&'static str);

impl Regions for In {
    async fn region(&self) -> Result<String, Status> {
        Ok(self.0.to_owned())
    }
}

/// A server in a region, registered as one of the application `regions`.
async fn provider(registry: &Memory, region: &'static str) -> RunningServer {
    let server = Server::builder().service(RegionsServer::new(In(region)));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let params = [("region".into(), region.into()), ("env".into(), "prod".into())].into();
    let registration = Registration {
        service: ServiceKey::interface_only("org.example.Regions"),
        instance: Arc::new(Instance {
            host: "127.0.0.1".into(),
            application: "regions".into(),
            ..Instance::default()
        }),
        offer: Offer { protocol: "tri".into(), port: server.addr().port() },
        params: Arc::new(ServiceParams::new(&params)),
    };
    registry.register(registration).await.unwrap();
    server
}

/// An application with its registry and its config centre.
fn shop(registry: &Memory, center: &MemoryDocuments) -> AppBuilder {
    App::builder("shop").registry_instance(registry.clone()).config_center_instance(center.clone())
}

/// The regions that answer 40 calls.
async fn regions(client: &RegionsClient) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for _ in 0..40 {
        all.insert(client.region().await.unwrap_or_else(|error| error.to_string()));
    }
    all
}

/// Waits until something holds, for 20 s at most.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(within.is_ok(), "not within 20 s: {what}");
}

/// Waits until calls go to these regions alone.
async fn go_to(client: &RegionsClient, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|region| (*region).to_owned()).collect();
    let what = format!("calls go to {expected:?}");
    eventually(&what, async || regions(client).await == expected).await;
}

#[tokio::test]
async fn a_rule_moves_the_calls_of_a_client_while_it_runs() {
    let (registry, center) = (Memory::new(), MemoryDocuments::new());
    let north = provider(&registry, "north").await;
    let south = provider(&registry, "south").await;
    let app = shop(&registry, &center).parameter("region", "north").build().unwrap();
    let client = app.client::<RegionsClient>().build().unwrap();
    go_to(&client, &["north", "south"]).await;

    let of_service = DocumentKey::config("org.example.Regions::.condition-router");
    let write =
        async |key: &DocumentKey, text: &'static str| center.put(key, text.into()).await.unwrap();
    write(&of_service, "force: true\nconditions:\n  - method=region => region=$region\n").await;
    go_to(&client, &["north"]).await;
    write(&of_service, "force: true\nconditions: ['=> region!=$region']\n").await;
    go_to(&client, &["south"]).await;

    // Of the application that provides the service, among those that the rule before it leaves.
    let of_providers = DocumentKey::config("regions.tag-router");
    write(
        &of_providers,
        "configVersion: v3.0\ntags: [{name: t, match: [{key: region, value: {exact: south}}]}]",
    )
    .await;
    eventually("calls without tag get nobody", async || client.region().await.is_err()).await;
    center.remove(&of_providers).await.unwrap();
    go_to(&client, &["south"]).await;

    center.remove(&of_service).await.unwrap();
    go_to(&client, &["north", "south"]).await;
    north.stop().await;
    south.stop().await;
}

#[tokio::test]
async fn an_error_names_the_rule_that_leaves_nobody() {
    let (registry, center) = (Memory::new(), MemoryDocuments::new());
    let server = provider(&registry, "north").await;
    let other = provider(&registry, "south").await;
    let app = shop(&registry, &center).build().unwrap();
    let client = app.client::<RegionsClient>().build().unwrap();
    go_to(&client, &["north", "south"]).await;
    let key = DocumentKey::config("shop.condition-router");
    let text =
        "force: true\nconditions:\n  - '=> env=prod'\n  - '=> region=north'\n  - '=> env=gray'\n";
    center.put(&key, text.into()).await.unwrap();
    let mut error = None;
    eventually("the rule leaves nobody", async || {
        error = client.region().await.err();
        error.is_some()
    })
    .await;
    let error = error.unwrap();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().ends_with(
            "condition `=> env=gray` of shop.condition-router, line 5 dropped the last 1 of 2 that are known"
        ),
        "{error}"
    );
    server.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn configurators_change_weights_and_timeouts_and_take_providers_out_while_a_client_runs() {
    let (registry, center) = (Memory::new(), MemoryDocuments::new());
    let north = provider(&registry, "north").await;
    let south = provider(&registry, "south").await;
    let app = shop(&registry, &center).build().unwrap();
    let client = app.client::<RegionsClient>().timeout(Duration::from_secs(30)).build().unwrap();
    go_to(&client, &["north", "south"]).await;

    let of_service = DocumentKey::config("org.example.Regions::.configurators");
    let of_app = DocumentKey::config("shop.configurators");
    let write = async |key: &DocumentKey, text: String| center.put(key, text.into()).await.unwrap();
    let item = |region: &str, parameters: &str| {
        format!(
            "configVersion: v3.0\nkey: org.example.Regions\nconfigs:\n- side: consumer\n  match: {{param: [{{key: \
             region, value: {{exact: {region}}}}}]}}\n  parameters: {parameters}\n"
        )
    };
    write(&of_service, item("south", "{weight: 0}")).await;
    go_to(&client, &["north"]).await;
    write(&of_service, item("north", "{disabled: true}")).await;
    go_to(&client, &["south"]).await;
    // The service goes before the application.
    let all = "configVersion: v3.0\nscope: application\nkey: shop\nconfigs:\n- side: consumer\n  \
               parameters: {disabled: false, timeout: 1}\n";
    write(&of_app, all.to_owned()).await;
    go_to(&client, &["south"]).await;
    center.remove(&of_service).await.unwrap();
    go_to(&client, &["north", "south"]).await;
    north.stop().await;
    south.stop().await;

    // The timeout goes before that of the client.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("dubbo://{}", silent.local_addr().unwrap());
    let client = app.client::<RegionsClient>().url(&url).timeout(Duration::MAX).retries(0);
    let client = client.build().unwrap();
    let late = tokio::time::timeout(Duration::from_mins(1), client.region()).await;
    assert_eq!(late.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
}
