//! Clients of applications over HTTP.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router as Axum;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use dubhe::balance::{Balance, Pick, Selection};
use dubhe::http::{HttpClient, MethodName};
use dubhe::prelude::*;
use dubhe::router::{Bitmap, Endpoints, PreparedRouter, Router, Trace};
use dubhe::{Call, Next};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// The requests that a server has had.
#[derive(Clone, Default)]
struct Seen(Arc<AtomicUsize>);

impl Seen {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn routes(seen: Seen) -> Axum {
    Axum::new()
        .route(
            "/echo",
            post(|headers: HeaderMap, uri: Uri, body: Bytes| async move {
                let query = uri.query().unwrap_or_default().to_owned();
                ([("x-query", query), ("x-host", text(&headers, "host"))], body)
            }),
        )
        .route("/missing", get(|| async { (StatusCode::NOT_FOUND, "no such user") }))
        .route("/broken", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "a bug") }))
        .route("/busy", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "later") }))
        .route("/gateway", get(|| async { (StatusCode::BAD_GATEWAY, "nobody") }))
        .route("/late", get(|| async { (StatusCode::GATEWAY_TIMEOUT, "too late") }))
        .route("/limited", post(|| async { (StatusCode::TOO_MANY_REQUESTS, "slower") }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_mins(1)).await }))
        .route("/large", get(|| async { vec![b'x'; 3 << 20] }))
        .layer(axum::middleware::from_fn_with_state(seen, count))
}

async fn count(
    State(seen): State<Seen>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> impl IntoResponse {
    seen.0.fetch_add(1, Ordering::SeqCst);
    next.run(request).await
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// A server, its URL and what it has seen.
async fn serve() -> (String, Seen) {
    let seen = Seen::default();
    (serve_as(&seen).await, seen)
}

/// The URL of a server whose requests `seen` counts.
async fn serve_as(seen: &Seen) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = routes(seen.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

fn client(urls: &[&str]) -> HttpClient {
    let app = App::builder("shop").build().unwrap();
    app.http("user-service").url(&urls.join(";")).timeout(Duration::from_secs(10)).build().unwrap()
}

fn request(method: &str, path: &str) -> Request<String> {
    Request::builder().method(method).uri(path).body(String::new()).unwrap()
}

#[tokio::test]
async fn a_request_arrives_whole_and_so_does_the_response() {
    let (url, seen) = serve().await;
    let client = client(&[&url]);
    let sent = Request::post("http://ignored/echo?a=1&b=%20").body("grüße".repeat(40_000)).unwrap();
    let body = sent.body().clone();
    let response = client.send(sent).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response.headers(), "x-query"), "a=1&b=%20");
    assert_eq!(text(response.headers(), "x-host"), url.strip_prefix("http://").unwrap());
    assert_eq!(response.into_body().bytes().await.unwrap(), body);
    let large = client.send(request("GET", "/large")).await.unwrap();
    assert_eq!(large.into_body().bytes().await.unwrap().len(), 3 << 20);
    assert_eq!(seen.count(), 2);
}

#[tokio::test]
async fn responses_are_responses_whatever_their_status() {
    let (url, seen) = serve().await;
    let client = client(&[&url, &serve_as(&seen).await]);
    for (method, path, status, body, requests) in [
        ("GET", "/missing", 404, "no such user", 1),
        // An error of the business is not tried again, one of the server is tried elsewhere.
        ("GET", "/broken", 500, "a bug", 1),
        ("GET", "/gateway", 502, "nobody", 2),
        ("GET", "/busy", 503, "later", 2),
        ("GET", "/late", 504, "too late", 2),
        // It was not begun, so it is sent again whatever the verb is, to the same one, too.
        ("POST", "/limited", 429, "slower", 3),
    ] {
        let before = seen.count();
        let response = client.send(request(method, path)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.into_body().bytes().await.unwrap(), body, "{path}");
        assert_eq!(seen.count() - before, requests, "{path}");
    }
}

#[tokio::test]
async fn another_instance_answers_for_one_that_is_gone_or_busy() {
    let (url, _) = serve().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client(&[&format!("http://{gone}"), &url]);
    for _ in 0..20 {
        let sent = Request::post("/echo").body("x".to_owned()).unwrap();
        let response = client.send(sent).await.unwrap();
        assert_eq!(response.into_body().bytes().await.unwrap(), "x");
    }
}

/// The URL of a server that reads requests, counted by `seen`, and hangs up.
async fn hang_up(seen: &Seen) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, seen) = (format!("http://{}", listener.local_addr().unwrap()), seen.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {
                seen.0.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    url
}

#[tokio::test]
async fn a_verb_that_is_not_idempotent_is_sent_once() {
    let seen = Seen::default();
    let urls = [hang_up(&seen).await, hang_up(&seen).await];
    let client = client(&[&urls[0], &urls[1]]);
    let error = client.send(request("POST", "/echo")).await.unwrap_err();
    assert_eq!((error.code(), seen.count()), (Code::Unavailable, 1), "{error}");
    let error = client.send(request("PUT", "/echo")).await.unwrap_err();
    assert_eq!((error.code(), seen.count()), (Code::Unavailable, 3), "{error}");
}

#[tokio::test]
async fn the_timeout_is_the_clients() {
    let (url, _) = serve().await;
    let app = App::builder("shop").build().unwrap();
    let timeout = Duration::from_millis(200);
    let client = app.http("user-service").url(&url).timeout(timeout).retries(0).build().unwrap();
    let error = client.send(request("GET", "/slow")).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
    // The connection of the late one is not used again.
    let response = client.send(request("GET", "/missing")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn filters_see_the_application_and_the_method() {
    let (url, _) = serve().await;
    let app = App::builder("shop").build().unwrap();
    let names = Arc::new(Mutex::new(Vec::new()));
    let told = names.clone();
    let filter = move |call: Call, next: Next| {
        let name = format!("{} {}", call.head.service, call.head.method.name);
        told.lock().unwrap().push(name);
        next.run(call)
    };
    let client = app.http("user-service").url(&url).filter(filter).build().unwrap();
    client.send(request("GET", "/missing?x=1")).await.unwrap();
    let mut named = request("GET", "/missing");
    named.extensions_mut().insert(MethodName("GET /{what}".into()));
    client.send(named).await.unwrap();
    assert_eq!(*names.lock().unwrap(), ["user-service GET /missing", "user-service GET /{what}"]);
}

#[tokio::test]
async fn a_client_is_a_service_behind_layers() {
    let (url, seen) = serve().await;
    let client = client(&[&url]);
    let layers = || tower::ServiceBuilder::new().concurrency_limit(1);
    let limited = layers().service(client.clone());
    let response = limited.oneshot(request("GET", "/missing")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.into_body().bytes().await.unwrap(), "no such user");
    let late = layers().timeout(Duration::from_millis(50)).service(client);
    let error = late.oneshot(request("GET", "/slow")).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    assert!(seen.count() >= 1);
}

/// A router that leaves the endpoint of this address, and a balancer that takes it.
#[derive(Clone)]
struct Only(String);

impl Router for Only {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let mut only = Bitmap::empty(set.len());
        let places = set.iter().enumerate().filter(|(_, one)| one.address() == self.0);
        places.for_each(|(place, _)| only.insert(place));
        Box::new(Left(only))
    }
}

struct Left(Bitmap);

impl PreparedRouter for Left {
    fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, _: Instant, _: Option<&mut Trace>) {
        set.intersect(&self.0);
    }
}

impl Balance for Only {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let is_it = |n: &usize| set.get(*n).is_some_and(|one| one.address() == self.0);
        let place = (0..set.len()).find(is_it).and_then(|n| set.place(n));
        Box::new(Picked(place))
    }
}

struct Picked(Option<usize>);

impl Pick for Picked {
    fn pick<'a>(&self, call: &CallView<'_>, of: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        assert_eq!(&*call.head().method.name, "GET /missing");
        of.at(self.0?)
    }
}

#[tokio::test]
async fn routers_and_balancers_choose_the_instance() {
    let (first, second) = (serve().await, serve().await);
    let app = App::builder("shop").build().unwrap();
    let only = Only(second.0.strip_prefix("http://").unwrap().to_owned());
    let client = || app.http("user-service").url(&format!("{};{}", first.0, second.0));
    for (number, client) in
        [client().router(only.clone()), client().balance(only)].into_iter().enumerate()
    {
        let client = client.build().unwrap();
        for _ in 0..20 {
            client.send(request("GET", "/missing")).await.unwrap();
        }
        assert_eq!((first.1.count(), second.1.count()), (0, 20 * (number + 1)));
    }
}

#[tokio::test]
async fn connections_are_used_again_and_bounded() {
    let (url, seen) = serve().await;
    let app = App::builder("shop");
    let mut options = dubhe::connect::HttpOptions::default();
    options.max_connections = 2;
    let app = app.protocol(dubhe::connect::HttpConnect::new(options)).build().unwrap();
    let client = app.http("user-service").url(&url).build().unwrap();
    client.client().ready(Instant::now() + Duration::from_secs(5)).await.unwrap();
    let all = (0..50).map(|_| async {
        let response = client.send(request("GET", "/missing")).await.unwrap();
        response.into_body().bytes().await.unwrap()
    });
    futures_util::future::join_all(all).await;
    assert_eq!(seen.count(), 50);
}

#[tokio::test]
async fn a_client_needs_a_way_to_find_its_application() {
    let app = App::builder("shop").build().unwrap();
    let error = app.http("user-service").build().unwrap_err();
    assert!(error.message().contains("spring_cloud(..)"), "{error}");
}
