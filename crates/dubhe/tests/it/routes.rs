//! The services of a server inside a router of axum.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request as AxumRequest};
use axum::routing::get;
use dubhe::http::Routes;
use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::{RunningServer, SockAddr};
use dubhe_testkit::http1::{Response, request};
use futures_util::{Stream, StreamExt as _, future, stream};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

#[dubhe::interface("org.example.Choir")]
trait Choir {
    /// The address of the caller, and what axum noted of it.
    async fn caller(&self, ctx: &Context) -> Result<String, Status>;

    /// Waits until the test lets it end.
    async fn rest(&self) -> Result<i32, Status>;

    async fn fall(&self) -> Result<i32, Status>;

    async fn fail(&self) -> Result<i32, Status>;

    async fn echo(&self, text: String) -> Result<String, Status>;

    /// Every number twice, as it comes.
    async fn canon(
        &self,
        numbers: Streaming<i32>,
    ) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;

    /// Numbers without end.
    async fn drone(&self) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;
}

#[derive(Clone)]
struct Singers {
    begun: Arc<Semaphore>,
    go: Arc<Semaphore>,
    /// Has a permit for each rest and drone that was let go of.
    left: Arc<Semaphore>,
}

struct Leaving(Arc<Semaphore>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Singers {
    fn new() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Self { begun: none(), go: none(), left: none() }
    }

    async fn has(count: &Semaphore) {
        tokio::time::timeout(Duration::from_secs(20), count.acquire())
            .await
            .unwrap()
            .unwrap()
            .forget();
    }
}

/// A mark of the router on its requests.
#[derive(Clone)]
struct Mark(&'static str);

impl Choir for Singers {
    async fn caller(&self, ctx: &Context) -> Result<String, Status> {
        let peer = ctx.peer().unwrap();
        let mark = peer.extensions.get::<Mark>().map_or("no mark", |mark| mark.0);
        Ok(format!("{} {} {mark}", peer.protocol, peer.remote.as_ref().unwrap().ip().unwrap()))
    }

    async fn rest(&self) -> Result<i32, Status> {
        let _leaving = Leaving(self.left.clone());
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        Ok(1)
    }

    #[allow(clippy::panic, reason = "as the test wants")]
    async fn fall(&self) -> Result<i32, Status> {
        panic!("as the test wants")
    }

    async fn fail(&self) -> Result<i32, Status> {
        Err(Status::new(Code::NotFound, "no such song"))
    }

    async fn echo(&self, text: String) -> Result<String, Status> {
        Ok(text)
    }

    async fn canon(
        &self,
        numbers: Streaming<i32>,
    ) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        Ok(numbers.flat_map(|number| stream::iter([number.clone(), number])))
    }

    async fn drone(&self) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        let leaving = Leaving(self.left.clone());
        Ok(stream::iter(0..).map(move |number| {
            let _ = &leaving;
            Ok(number)
        }))
    }
}

/// A server of axum around `routes`, which runs until it is aborted.
async fn serve(routes: Routes) -> (SocketAddr, JoinHandle<()>) {
    let note = async |ConnectInfo(peer): ConnectInfo<SocketAddr>,
                      mut request: AxumRequest,
                      next: axum::middleware::Next| {
        request.extensions_mut().insert(SockAddr::from(peer));
        request.extensions_mut().insert(Mark("marked"));
        next.run(request).await
    };
    let router = Router::new()
        .route("/about", get(async || "a choir"))
        .route_service("/only/{service}/{method}", routes.clone())
        .fallback_service(routes)
        .layer(axum::middleware::from_fn(note));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    (addr, tokio::spawn(async move { axum::serve(listener, service).await.unwrap() }))
}

async fn start(singers: &Singers) -> RunningServer {
    Server::builder().service(ChoirServer::new(singers.clone())).start_unbound().await.unwrap()
}

fn client(addr: SocketAddr, protocol: &str) -> ChoirClient {
    let app = App::builder("test").build().unwrap();
    let client = app.client::<ChoirClient>().url(&format!("{protocol}://{addr}")).retries(0);
    client.timeout(Duration::from_secs(20)).build().unwrap()
}

fn rest(choir: &ChoirClient) -> JoinHandle<Result<i32, Status>> {
    let choir = choir.clone();
    tokio::spawn(async move { choir.rest().await })
}

async fn ask(addr: SocketAddr, line: &'static str, body: &'static str) -> Response {
    let json = ["content-type: application/json"];
    let ask = move || request(addr, line, &json, body).unwrap();
    tokio::task::spawn_blocking(ask).await.unwrap()
}

#[tokio::test]
async fn calls_of_all_kinds_are_answered_beside_the_routes_of_the_router() {
    let server = start(&Singers::new()).await;
    let (addr, _axum) = serve(server.routes()).await;
    for protocol in ["tri", "grpc"] {
        let choir = client(addr, protocol);
        assert_eq!(choir.caller().await.unwrap(), "tri 127.0.0.1 marked");
        let error = choir.fail().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::NotFound, "no such song"));
        // Longer than what is written at once, and than a window of HTTP/2.
        let long = "la".repeat(2_000_000);
        assert_eq!(choir.echo(long.clone()).await.unwrap(), long);
        // A reply to each number before the next one is sent.
        let (send, numbers) = tokio::sync::mpsc::unbounded_channel();
        let numbers = stream::unfold(numbers, |mut numbers| async {
            numbers.recv().await.map(|number: i32| (number, numbers))
        });
        let mut sung = choir.canon(numbers).await.unwrap();
        for number in 0..3 {
            send.send(number).unwrap();
            for _ in 0..2 {
                assert_eq!(sung.message().await.unwrap(), Some(number), "{protocol}");
            }
        }
        drop(send);
        assert_eq!(sung.message().await.unwrap(), None);
        let error = choir.fall().await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{error}");
        assert_eq!(choir.echo("la".into()).await.unwrap(), "la");
    }
    for (line, body, status, answer) in [
        ("GET /about", "", 200, "a choir"),
        ("POST /org.example.Choir/caller", "[]", 200, "\"rest 127.0.0.1 marked\""),
        ("POST /only/org.example.Choir/echo", "[\"la\"]", 200, "\"la\""),
        ("POST /org.example.Choir/fail", "[]", 404, "no such song"),
        ("POST /org.example.Choir/canon", "[]", 415, "stream"),
        ("POST /org.example.Band/play", "[]", 404, "org.example.Band"),
        ("GET /elsewhere", "", 404, "/elsewhere"),
        ("POST /grpc.health.v1.Health/Check", "{}", 200, "SERVING"),
    ] {
        let got = ask(addr, line, body).await;
        assert!(got.status == status && got.body.contains(answer), "{line}: {got:?}");
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_drops_the_handler() {
    let singers = Singers::new();
    let server = start(&singers).await;
    let (addr, _axum) = serve(server.routes()).await;
    let choir = client(addr, "tri");
    let resting = rest(&choir);
    Singers::has(&singers.begun).await;
    assert_eq!(server.connections(), 1, "a call counts");
    resting.abort();
    Singers::has(&singers.left).await;
    // A reader that stops stops the writer, and one that leaves drops it.
    let mut drone = choir.drone().await.unwrap();
    for number in 0..10 {
        assert_eq!(drone.message().await.unwrap(), Some(number));
    }
    assert_eq!(singers.left.available_permits(), 0);
    drop(drone);
    Singers::has(&singers.left).await;
    // A deadline.
    let late = choir.with(CallOptions::new().timeout(Duration::from_millis(50))).rest().await;
    assert_eq!(late.unwrap_err().code(), Code::DeadlineExceeded);
    Singers::has(&singers.left).await;
}

#[tokio::test]
async fn a_stop_waits_for_calls_and_refuses_others() {
    let singers = Singers::new();
    let server = start(&singers).await;
    let (addr, _axum) = serve(server.routes()).await;
    let choir = client(addr, "tri");
    let resting = rest(&choir);
    Singers::has(&singers.begun).await;
    let mut stopping = std::pin::pin!(server.stop());
    // It has begun, and waits.
    let early = future::select(
        &mut stopping,
        Box::pin(async {
            while choir.echo("la".into()).await.is_ok() {
                tokio::task::yield_now().await;
            }
        }),
    );
    assert!(matches!(early.await, future::Either::Right(_)));
    let refused = choir.echo("la".into()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
    assert!(refused.message().contains("is stopping, or has been stopped"), "{refused}");
    singers.go.add_permits(1);
    assert_eq!(stopping.await, 0);
    assert_eq!(resting.await.unwrap().unwrap(), 1);
    assert_eq!(ask(addr, "POST /org.example.Choir/echo", "[\"la\"]").await.status, 503);
    assert_eq!(ask(addr, "GET /about", "").await.status, 200);
}

#[tokio::test]
async fn a_server_that_is_dropped_ends_its_calls() {
    let singers = Singers::new();
    let server = start(&singers).await;
    let (addr, _axum) = serve(server.routes()).await;
    let resting = tokio::spawn(ask(addr, "POST /org.example.Choir/rest", "[]"));
    Singers::has(&singers.begun).await;
    drop(server);
    assert_eq!(resting.await.unwrap().status, 503);
    let refused = client(addr, "grpc").echo("la".into()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
}

#[tokio::test]
async fn services_come_and_go_and_registries_know_what_is_spoken() {
    let (singers, registry) = (Singers::new(), Memory::new());
    let server = Server::builder().registry(registry.clone());
    let error = server.start_unbound().await.unwrap_err();
    assert!(error.message().contains("advertise_port"), "{error}");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::builder().registry(registry.clone()).advertise("127.0.0.1");
    let server = server.options(|o| o.advertise_port = Some(port)).start_unbound().await.unwrap();
    let router = Router::new().fallback_service(server.routes());
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    server.add(ChoirServer::new(singers)).await.unwrap();
    let app = App::builder("test").registry_instance(registry).build().unwrap();
    let choir = app.client::<ChoirClient>().build().unwrap();
    assert_eq!(choir.echo("la".into()).await.unwrap(), "la");
}
