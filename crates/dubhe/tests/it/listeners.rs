//! A server on several addresses.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::net::{SocketAddr, TcpListener};

use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::registry::Registry;
use dubhe::{ServerBuilder, ServiceKey};
use futures_util::StreamExt as _;

#[dubhe::interface("org.example.Host")]
trait Host {
    async fn greet(&self, name: String) -> Result<String, Status>;
}

struct Polite;

impl Host for Polite {
    async fn greet(&self, name: String) -> Result<String, Status> {
        Ok(format!("Hello, {name}"))
    }
}

fn server() -> ServerBuilder {
    Server::builder().service(HostServer::new(Polite))
}

async fn greet(app: &App, url: &str) -> Result<String, Status> {
    let host = app.client::<HostClient>().url(url).retries(0).build().unwrap();
    host.greet("Ada".into()).await
}

fn is_free(addr: &SocketAddr) -> bool {
    TcpListener::bind(addr).is_ok()
}

#[tokio::test]
async fn every_address_serves_and_one_stop_drains_them_all() {
    let registry = Memory::new();
    let server = server().listen("127.0.0.1:0").listen("127.0.0.1:0").registry(registry.clone());
    let server = server.start("127.0.0.1:0").await.unwrap();
    let addrs: Vec<_> = server.addrs().iter().filter_map(dubhe::SockAddr::as_socket_addr).collect();
    assert_eq!((addrs.len(), addrs[0]), (3, server.addr()));

    let key = ServiceKey::interface_only("org.example.Host");
    let told = registry.subscribe(&key).await.unwrap().next().await.unwrap().providers;
    assert!(told.iter().all(|provider| provider.offer.port == addrs[0].port()));

    let app = App::builder("test").build().unwrap();
    for addr in &addrs {
        for protocol in ["dubbo", "tri"] {
            let said = greet(&app, &format!("{protocol}://{addr}")).await.unwrap();
            assert_eq!(said, "Hello, Ada");
        }
    }
    assert_eq!(server.stop().await, 0);
    assert!(addrs.iter().all(is_free));
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_the_others_are_left_alone() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, first) = (taken.local_addr().unwrap(), free.local_addr().unwrap());
    drop(free);
    let server = server().listen(addr.to_string());
    let error = server.start(&first.to_string()).await.unwrap_err();
    assert!(error.message().contains(&addr.to_string()), "{error}");
    assert!(is_free(&first));
}

#[tokio::test]
async fn a_stop_without_connections_frees_the_address_before_it_returns() {
    let server = server().start("127.0.0.1:0").await.unwrap();
    let addr = server.addr();
    assert_eq!(server.stop().await, 0);
    assert!(is_free(&addr));
}

#[tokio::test]
async fn another_port_is_announced_on_request() {
    let registry = Memory::new();
    let server = server().registry(registry.clone()).options(|o| o.advertise_port = Some(7));
    let _server = server.advertise("nat.example").start("127.0.0.1:0").await.unwrap();
    let key = ServiceKey::interface_only("org.example.Host");
    let told = registry.subscribe(&key).await.unwrap().next().await.unwrap().providers;
    let told: Vec<_> = told.iter().map(|p| (&*p.instance.host, p.offer.port)).collect();
    assert_eq!(told, [("nat.example", 7), ("nat.example", 7)]);
}
