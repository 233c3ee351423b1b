//! An API server that goes away, comes back and forgets.

use dubhe_core::Code;
use dubhe_core::registry::Health;
use dubhe_registry::application::{InstanceSnapshot, ServiceDiscovery as _};
use serde_json::json;

use crate::registering::says;
use crate::server::{Server, endpoint, eventually};
use crate::support::{addresses, until, until_fresh};

#[tokio::test]
async fn the_last_list_stays_while_the_server_is_away() {
    let server = Server::start().await;
    server.service("shop").await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    server.bind("consumer", "dubhe-consumer").await;
    let registry = server.registry("consumer", "");
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    until_fresh(&mut snapshots, &["10.1.0.1:50051"]).await;

    server.run("server-stop");
    let stale = until(&mut snapshots, "that is stale", |now| now.health == Health::Stale).await;
    assert_eq!(addresses(&stale), ["10.1.0.1:50051"]);
    let failure = registry.failure("shop").unwrap();
    assert_eq!(failure.code(), Code::Unavailable, "{failure}");

    server.run("server-start");
    until_fresh(&mut snapshots, &["10.1.0.1:50051"]).await;
    eventually("the failure is over", async || registry.failure("shop").is_none()).await;
    server.slice("shop-a", &[endpoint("10.1.0.2", "shop-2")]).await;
    until_fresh(&mut snapshots, &["10.1.0.2:50051"]).await;
}

#[tokio::test]
async fn what_is_deleted_of_a_provider_comes_back() {
    let server = Server::start().await;
    server.bind("provider", "dubhe-provider").await;
    server.service("shop").await;
    server.pod("shop-1", "5c", json!({})).await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    server.bind("consumer", "dubhe-consumer").await;
    let registry = server.registry("consumer", "");
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    let provider = server.builder("provider", "").pod("shop-1").build().unwrap();
    eventually("the role is known", async || provider.register(says("1a")).await.is_ok()).await;
    let named = |now: &InstanceSnapshot| now.instances.iter().any(|of| of.revision() == Some("1a"));
    until(&mut snapshots, "with a revision", named).await;

    server.delete("/api/v1/namespaces/shop/configmaps/dubhe-metadata-shop").await;
    until(&mut snapshots, "without a revision", |now| !named(now)).await;
    until(&mut snapshots, "with a revision again", named).await;
    drop(provider);
}

#[tokio::test]
async fn history_that_is_gone_is_listed_anew() {
    let server = Server::start().await;
    server.service("shop").await;
    server.slice("shop-a", &[endpoint("10.1.0.1", "shop-1")]).await;
    server.bind("consumer", "dubhe-consumer").await;
    let registry = server.registry("consumer", "");
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    until_fresh(&mut snapshots, &["10.1.0.1:50051"]).await;

    // What happens while no watch can run, and is forgotten before one can.
    server.run("server-stop");
    until(&mut snapshots, "that is stale", |now| now.health == Health::Stale).await;
    server.forget("shop", "shop-a");
    server.run("compact");
    server.run("server-start");
    until_fresh(&mut snapshots, &[]).await;
    server.slice("shop-b", &[endpoint("10.1.0.3", "shop-3")]).await;
    until_fresh(&mut snapshots, &["10.1.0.3:50051"]).await;
}
