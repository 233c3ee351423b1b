//! Tasks that a handler spawns.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::time::Duration;

use dubhe::prelude::*;

#[dubhe::interface("org.example.Inner")]
trait Inner {
    async fn left(&self, ctx: &Context) -> Result<String, Status>;
}

#[dubhe::interface("org.example.Outer")]
trait Outer {
    async fn ask(&self, inherits: bool) -> Result<String, Status>;
}

/// The timeout of the outer call; the inner one has a longer one.
const SHORT: Duration = Duration::from_secs(30);

struct Told;

impl Inner for Told {
    async fn left(&self, ctx: &Context) -> Result<String, Status> {
        let left = ctx.deadline().unwrap().left(dubhe::time::now());
        let trace = ctx.attachment("traceparent").unwrap_or("none");
        Ok(format!("{} {trace}", if left <= SHORT { "short" } else { "long" }))
    }
}

struct Asks(InnerClient);

impl Outer for Asks {
    async fn ask(&self, inherits: bool) -> Result<String, Status> {
        let inner = self.0.clone();
        let call = async move { inner.left().await };
        let task = if inherits { dubhe::spawn(call) } else { tokio::spawn(call) };
        task.await.unwrap()
    }
}

#[tokio::test]
async fn a_spawned_task_keeps_the_deadline_and_the_trace_of_the_call() {
    let inner =
        Server::builder().service(InnerServer::new(Told)).start("127.0.0.1:0").await.unwrap();
    let app = App::builder("spawn").build().unwrap();
    let client = app.client::<InnerClient>().url(&format!("dubbo://{}", inner.addr()));
    let client = client.timeout(2 * SHORT).build().unwrap();
    let outer = OuterServer::new(Asks(client));
    let outer = Server::builder().service(outer).start("127.0.0.1:0").await.unwrap();
    let client = app.client::<OuterClient>().url(&format!("dubbo://{}", outer.addr()));
    let client = client.timeout(SHORT).build().unwrap();
    let traced = client.with(CallOptions::new().attachment("traceparent", "00-1"));

    assert_eq!(traced.ask(true).await.unwrap(), "short 00-1");
    assert_eq!(traced.ask(false).await.unwrap(), "long none");
}

#[tokio::test]
async fn outside_a_handler_a_task_has_no_deadline() {
    let task = dubhe::spawn(async { dubhe::call::inherited().is_none() });
    assert!(task.await.unwrap());
}
