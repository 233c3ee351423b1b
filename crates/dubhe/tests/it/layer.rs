//! Layers of `tower` around services, over every wire.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as Task, Poll};
use std::time::Duration;

use dubhe::layer::{Layer, LayerFilter, Service};
use dubhe::{Head, RetryBudget, RunningServer, ServerBuilder};
use dubhe_testkit::http1;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tower::ServiceBuilder;
use tower::buffer::BufferLayer;
use tower::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;

use dubhe::prelude::*;

#[dubhe::interface("org.example.Desk")]
trait Desk {
    /// Waits until the test lets it end.
    async fn wait(&self) -> Result<i32, Status>;

    async fn number(&self) -> Result<i32, Status>;

    async fn refuse(&self) -> Result<i32, Status>;
}

#[derive(Clone)]
struct Clerk {
    number: i32,
    begun: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

impl Clerk {
    fn new(number: i32) -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Self { number, begun: none(), go: none() }
    }

    async fn has_begun(&self) {
        self.begun.acquire().await.unwrap().forget();
    }

    fn server(&self) -> ServerBuilder {
        Server::builder().service(DeskServer::new(self.clone()))
    }
}

impl Desk for Clerk {
    async fn wait(&self) -> Result<i32, Status> {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        Ok(self.number)
    }

    async fn number(&self) -> Result<i32, Status> {
        Ok(self.number)
    }

    async fn refuse(&self) -> Result<i32, Status> {
        Err(Status::new(Code::FailedPrecondition, "closed today"))
    }
}

const PROTOCOLS: [&str; 2] = ["dubbo", "tri"];

fn url(protocol: &str, server: &RunningServer) -> String {
    format!("{protocol}://{}", server.addr())
}

fn client(urls: &str) -> DeskClient {
    let app = App::builder("test").build().unwrap();
    let client = app.client::<DeskClient>().url(urls).repeatable(false);
    client.retry_budget(RetryBudget::UNLIMITED).build().unwrap()
}

fn wait(desk: &DeskClient) -> JoinHandle<Result<i32, Status>> {
    let desk = desk.clone();
    tokio::spawn(async move { desk.wait().await })
}

/// The status of a request in plain HTTP for `method`.
async fn http(server: &RunningServer, method: &str) -> u16 {
    let (to, path) = (server.addr(), format!("POST /org.example.Desk/{method}"));
    let json = ["content-type: application/json"];
    let ask = move || http1::request(to, &path, &json, "[]").unwrap().status;
    tokio::task::spawn_blocking(ask).await.unwrap()
}

async fn start(server: ServerBuilder) -> RunningServer {
    server.start("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn a_timeout_ends_a_call_over_every_wire() {
    let clerk = Clerk::new(1);
    let layer = TimeoutLayer::new(Duration::from_millis(50));
    let server = start(clerk.server().layer(layer)).await;
    for protocol in PROTOCOLS {
        let desk = client(&url(protocol, &server));
        assert_eq!(desk.number().await.unwrap(), 1, "{protocol}");
        let late = desk.wait().await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{protocol}: {late}");
        assert!(late.message().contains("request timed out"), "{protocol}: {late}");
        let refused = desk.refuse().await.unwrap_err();
        assert!(refused.message().contains("closed today"), "{protocol}: {refused}");
    }
    assert_eq!(http(&server, "number").await, 200);
    assert_eq!(http(&server, "wait").await, 504);
    // What a layer lets go of is dropped.
    assert_eq!(clerk.begun.available_permits(), 3);
    clerk.go.add_permits(1);
    assert_eq!(clerk.go.available_permits(), 1);
}

#[tokio::test]
async fn a_limit_is_one_for_all_connections_and_protocols() {
    let clerk = Clerk::new(1);
    let server = start(clerk.server().layer(ConcurrencyLimitLayer::new(2))).await;
    let calls = PROTOCOLS.map(|protocol| client(&url(protocol, &server)));
    let calls = calls.iter().flat_map(|desk| [wait(desk), wait(desk)]).collect::<Vec<_>>();
    for _ in 0..2 {
        clerk.has_begun().await;
    }
    // Two wait for a permit, and one that goes away waits no more.
    let late =
        client(&url("tri", &server)).with(CallOptions::new().timeout(Duration::from_millis(50)));
    assert_eq!(late.number().await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(clerk.begun.available_permits(), 0);
    clerk.go.add_permits(calls.len());
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
    assert_eq!(http(&server, "number").await, 200);
}

#[tokio::test]
async fn load_that_is_shed_goes_to_another_provider() {
    let (clerk, other) = (Clerk::new(1), Clerk::new(2));
    let shed = ServiceBuilder::new().layer(LoadShedLayer::new()).concurrency_limit(1).into_inner();
    let (server, free) = (start(clerk.server().layer(shed)).await, start(other.server()).await);
    let first = wait(&client(&url("tri", &server)));
    clerk.has_begun().await;
    for protocol in PROTOCOLS {
        let refused = client(&url(protocol, &server)).number().await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{protocol}: {refused}");
        assert!(refused.message().contains("service overloaded"), "{protocol}: {refused}");
        let both = client(&format!("{};{}", url(protocol, &server), url(protocol, &free)));
        for _ in 0..10 {
            assert_eq!(both.number().await.unwrap(), 2, "{protocol}");
        }
    }
    assert_eq!(http(&server, "number").await, 429);
    clerk.go.add_permits(1);
    assert_eq!(first.await.unwrap().unwrap(), 1);
}

/// A layer that counts calls, and does with them as the test says.
#[derive(Clone)]
struct Each<F>(Arc<AtomicUsize>, F);

#[derive(Clone)]
struct Around<S, F>(S, Each<F>);

impl<S, F: Clone> Layer<S> for Each<F> {
    type Service = Around<S, F>;

    fn layer(&self, inner: S) -> Around<S, F> {
        Around(inner, self.clone())
    }
}

impl<S, F, E> Service<Call> for Around<S, F>
where
    S: Service<Call, Response = Reply, Error = Status, Future: Send + 'static>,
    F: Fn(&mut Call) -> Result<(), E>,
    E: From<Status> + Send + 'static,
{
    type Response = Reply;
    type Error = E;
    type Future = BoxFuture<'static, Result<Reply, E>>;

    fn poll_ready(&mut self, cx: &mut Task<'_>) -> Poll<Result<(), E>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        self.1.0.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) = self.1.1(&mut call) {
            return Box::pin(std::future::ready(Err(refused)));
        }
        let reply = self.0.call(call);
        Box::pin(async move { Ok(reply.await?) })
    }
}

/// An error that has another one as its source.
#[derive(Debug)]
struct Wrapped(Status);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the layer failed")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn each<E>(
    act: impl Fn(&mut Call) -> Result<(), E> + Clone,
) -> Each<impl Fn(&mut Call) -> Result<(), E> + Clone> {
    Each(Arc::default(), act)
}

#[tokio::test]
async fn an_error_of_a_layer_is_a_status_or_becomes_one() {
    let denied = || Status::permission_denied("not you");
    let buffered =
        ServiceBuilder::new().buffer::<Call>(4).layer(each(move |_| Err::<(), _>(denied())));
    let other = each(|_| Err::<(), AnyError>("out of paper".into()));
    let wrapped = each(|_| Err::<(), AnyError>(Wrapped(Status::aborted("again")).into()));
    let forgets = each(|call: &mut Call| {
        *call = Call::new(
            Head::new(call.head.service.clone(), call.head.method.clone()),
            args_of(call),
        );
        Ok::<_, Status>(())
    });
    let servers = [
        (
            Code::PermissionDenied,
            "not you",
            start(Clerk::new(1).server().layer(buffered.into_inner())).await,
        ),
        (Code::Unknown, "out of paper", start(Clerk::new(1).server().layer(other)).await),
        (Code::Aborted, "again", start(Clerk::new(1).server().layer(wrapped)).await),
        (
            Code::Internal,
            "extensions of its head",
            start(Clerk::new(1).server().layer(forgets)).await,
        ),
    ];
    for (code, text, server) in servers {
        let error = client(&url("tri", &server)).number().await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(text), "{error}");
    }
}

fn args_of(call: &mut Call) -> dubhe::Payload {
    match &call.body {
        dubhe::payload::CallBody::One(payload) => payload.clone(),
        dubhe::payload::CallBody::Stream(_) => dubhe::Payload::dynamic(Value::Null),
    }
}

#[tokio::test]
async fn layers_of_a_server_a_service_and_a_client_are_steps_in_their_order() {
    let seen = |name: &'static str| {
        each(move |call: &mut Call| {
            let path = call.head.metadata.get_str("seen").unwrap_or_default().to_owned();
            call.head.metadata.insert("seen", format!("{path}{name},"));
            Ok::<_, Status>(())
        })
    };
    async fn last(call: Call, next: Next) -> Result<Reply, Status> {
        let path = call.head.metadata.get_str("seen").map(str::to_owned);
        let reply = next.run(call).await?;
        assert_eq!(path.as_deref(), Some("client,server,filter,service,"));
        Ok(reply)
    }
    let filter = |mut call: Call, next: Next| {
        let path = call.head.metadata.get_str("seen").unwrap_or_default().to_owned();
        call.head.metadata.insert("seen", format!("{path}filter,"));
        next.run(call)
    };
    let service = Export::new(DeskServer::new(Clerk::new(1))).layer(seen("service")).filter(last);
    let (outer, limited) = (seen("server"), RateLimitLayer::new(1_000, Duration::from_secs(1)));
    let count = outer.0.clone();
    // What is no `Clone` goes behind a buffer.
    let limited = ServiceBuilder::new().layer(BufferLayer::<Call>::new(4)).layer(limited);
    let server = Server::builder().service(service).layer(outer).filter(filter);
    let server = start(server.layer(limited.into_inner())).await;
    for (calls, protocol) in PROTOCOLS.iter().enumerate() {
        let app = App::builder("test").build().unwrap();
        let desk = app.client::<DeskClient>().url(&url(protocol, &server));
        let desk = desk.filter(LayerFilter::new(seen("client"))).build().unwrap();
        assert_eq!(desk.number().await.unwrap(), 1, "{protocol}");
        assert_eq!(count.load(Ordering::Relaxed), calls + 1, "{protocol}");
    }
}

/// A layer may fail never.
#[allow(dead_code, reason = "it is compiled, which is the test")]
fn infallible<L>(server: ServerBuilder, layer: L) -> ServerBuilder
where
    L: Layer<dubhe::layer::NextService>,
    L::Service: Service<Call, Response = Reply, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    <L::Service as Service<Call>>::Future: 'static,
{
    server.layer(layer)
}
