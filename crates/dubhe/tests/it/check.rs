//! Clients that are built only when there is a provider.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::time::Duration;

use dubhe::prelude::*;
use dubhe::registry::Memory;

#[dubhe::interface("org.example.One")]
trait One {
    async fn one(&self) -> Result<i32, Status>;
}

struct Always;

impl One for Always {
    async fn one(&self) -> Result<i32, Status> {
        Ok(1)
    }
}

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_provider_in_a_registry_is_waited_for() {
    let registry = Memory::new();
    let app = App::builder("test").registry_instance(registry.clone()).build().unwrap();
    let none = app.client::<OneClient>().build_checked(SHORT).await.unwrap_err();
    assert_eq!(none.code(), Code::Unavailable);
    assert!(none.message().contains("org.example.One: no provider is registered"), "{none}");

    let server = Server::builder().service(OneServer::new(Always)).registry(registry);
    let (client, running) =
        tokio::join!(app.client::<OneClient>().build_checked(LONG), server.start("127.0.0.1:0"));
    let _running = running.unwrap();
    assert_eq!(client.unwrap().one().await.unwrap(), 1);
}

#[tokio::test]
async fn an_address_must_take_connections() {
    let app = App::builder("test").build().unwrap();
    let running =
        Server::builder().service(OneServer::new(Always)).start("127.0.0.1:0").await.unwrap();
    let addr = running.addr();
    for protocol in ["dubbo", "tri"] {
        let client = app.client::<OneClient>().url(&format!("{protocol}://{addr}"));
        assert_eq!(client.build_checked(LONG).await.unwrap().one().await.unwrap(), 1);
    }
    running.stop().await;
    let other = App::builder("test").build().unwrap();
    let client = other.client::<OneClient>().url(&format!("dubbo://{addr}"));
    let none = client.build_checked(SHORT).await.unwrap_err();
    assert!(none.message().contains(&format!("dubbo://{addr}")), "{none}");
}
