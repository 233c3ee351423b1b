//! The end of a call as hooks of both sides see it, over every protocol and for every kind of end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::time::Duration;

use dubhe::prelude::*;
use dubhe::{Metadata, RunningServer};
use dubhe_testkit::http1;
use dubhe_testkit::proxy::{Faults, Proxy};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

#[dubhe::interface("org.example.Endings")]
trait Endings {
    /// Ends as `how` says.
    async fn end(&self, how: String) -> Result<String, Status>;

    /// Sends two numbers and then ends as `how` says.
    async fn count(&self, how: String) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;
}

struct AsAsked;

async fn end_as(how: &str) -> Result<(), Status> {
    match how {
        "ok" | "large" => Ok(()),
        "panic" => panic!("as the test wants"),
        "wait" => std::future::pending().await,
        "large error" => Err(Status::business(Code::OutOfRange, "x".repeat(7 << 20))),
        _ => Err(Status::new(Code::OutOfRange, how.to_owned())),
    }
}

impl Endings for AsAsked {
    async fn end(&self, how: String) -> Result<String, Status> {
        let large = how == "large";
        end_as(&how).await.map(|()| if large { "x".repeat(7 << 20) } else { how })
    }

    async fn count(&self, how: String) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        let end = stream::once(async move { end_as(&how).await.map(|()| 3) });
        Ok(stream::iter([Ok(1), Ok(2)]).chain(end))
    }
}

/// Sends the outcome of each call, and how many messages its reply had, of which the bytes are
/// known wherever there are any.
struct Notes(mpsc::UnboundedSender<(String, u64)>);

impl Hook for Notes {
    fn before(&self, _: &mut Call) -> Result<Guard, Status> {
        let to = self.0.clone();
        Ok(Guard::new(move |end| {
            let known = (end.bytes > 0) == (end.messages > 0);
            let name = if known { end.name().to_owned() } else { format!("{end:?}") };
            let _ = to.send((name, end.messages));
        }))
    }
}

struct Scene {
    running: RunningServer,
    client: EndingsClient,
    server_ends: mpsc::UnboundedReceiver<(String, u64)>,
    client_ends: mpsc::UnboundedReceiver<(String, u64)>,
}

async fn scene(protocol: &str) -> Scene {
    let (server, server_ends) = mpsc::unbounded_channel();
    let (client, client_ends) = mpsc::unbounded_channel();
    let services = Server::builder().service(EndingsServer::new(AsAsked)).hook(Notes(server));
    let running = services.start("127.0.0.1:0").await.unwrap();
    let url = format!("{protocol}://{}", running.addr());
    let app = App::builder("test").build().unwrap();
    let client = app.client::<EndingsClient>().url(&url).retries(0).endpoint_hook(Notes(client));
    let client = client.timeout(Duration::from_secs(20)).build().unwrap();
    Scene { running, client, server_ends, client_ends }
}

impl Scene {
    /// The next ends of a call that the hooks of the server and of the client receive.
    async fn ends(&mut self) -> [(String, u64); 2] {
        [self.server_ends.recv().await.unwrap(), self.client_ends.recv().await.unwrap()]
    }

    /// Returns `true` if no call is counted as in flight.
    fn is_quiet(&self) -> bool {
        self.client.client().providers().iter().all(|e| e.state().in_flight() == 0)
    }
}

fn both(name: &str, messages: u64) -> [(String, u64); 2] {
    [(name.to_owned(), messages), (name.to_owned(), messages)]
}

#[tokio::test]
async fn unary_calls() {
    for protocol in ["dubbo", "tri"] {
        let mut scene = scene(protocol).await;
        scene.client.end("ok".into()).await.unwrap();
        assert_eq!(scene.ends().await, both("OK", 1), "{protocol}");

        scene.client.end("bad".into()).await.unwrap_err();
        let [server, _] = scene.ends().await;
        assert_eq!(server, ("OUT_OF_RANGE".to_owned(), 0), "{protocol}");

        scene.client.end("panic".into()).await.unwrap_err();
        assert_eq!(scene.ends().await, both("INTERNAL", 0), "{protocol}");

        let hasty = CallOptions::new().timeout(Duration::from_millis(20));
        scene.client.with(hasty).end("wait".into()).await.unwrap_err();
        let [(server, _), client] = scene.ends().await;
        // The caller's reset may be there before the provider's own timer.
        assert!(["DEADLINE_EXCEEDED", "CANCELLED"].contains(&&*server), "{protocol}: {server}");
        assert_eq!(client, ("DEADLINE_EXCEEDED".to_owned(), 0), "{protocol}");
        assert!(scene.is_quiet(), "{protocol}");
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_or_goes_away() {
    for protocol in ["dubbo", "tri"] {
        let mut scene = scene(protocol).await;
        let waits = tokio::time::timeout(Duration::from_millis(20), async {
            scene.client.end("wait".into()).await.unwrap();
        });
        waits.await.unwrap_err();
        assert_eq!(scene.client_ends.recv().await.unwrap().0, "CANCELLED", "{protocol}");
        assert!(scene.is_quiet(), "{protocol}");
        // Over dubbo, only the end of the connection tells the server.
        drop(scene.client);
        assert_eq!(scene.server_ends.recv().await.unwrap().0, "CANCELLED", "{protocol}");
    }
}

#[tokio::test]
async fn a_connection_that_is_cut() {
    for protocol in ["dubbo", "tri"] {
        let mut scene = scene(protocol).await;
        let client = scene.client.clone();
        let call = tokio::spawn(async move { client.end("wait".into()).await });
        // The call has arrived once the connection is there and has settled.
        while scene.running.connections() == 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(scene.running);
        call.await.unwrap().unwrap_err();
        assert_eq!(scene.server_ends.recv().await.unwrap().0, "CANCELLED", "{protocol}");
        let (name, _) = scene.client_ends.recv().await.unwrap();
        assert_eq!(name, "UNAVAILABLE", "{protocol}");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut() {
    for (protocol, by_server) in [("tri", true), ("tri", false), ("grpc", true), ("grpc", false)] {
        let mut scene = scene(protocol).await;
        let proxy = Proxy::start(scene.running.addr(), Faults::none()).await.unwrap();
        let url = format!("{protocol}://{}", proxy.addr());
        let (ends, mut client_ends) = mpsc::unbounded_channel();
        let client = App::builder("test").build().unwrap().client::<EndingsClient>();
        let client = client.url(&url).retries(0).timeout(Duration::from_secs(20));
        let client = client.endpoint_hook(Notes(ends)).build().unwrap();
        let mut numbers = client.count("wait".into()).await.unwrap();
        for _ in 0..2 {
            numbers.next().await.unwrap().unwrap();
        }
        if by_server {
            drop(scene.running);
        } else {
            drop(proxy);
        }
        let error = numbers.next().await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{protocol}, {by_server}: {error}");
        assert!(numbers.next().await.is_none(), "{protocol}, {by_server}");
        let server = scene.server_ends.recv().await.unwrap();
        assert_eq!((&*server.0, server.1), ("CANCELLED", 2), "{protocol}, {by_server}");
        let end = client_ends.recv().await.unwrap();
        assert_eq!((&*end.0, end.1), ("UNAVAILABLE", 2), "{protocol}, {by_server}");
        let quiet = client.client().providers().iter().all(|e| e.state().in_flight() == 0);
        assert!(quiet, "{protocol}, {by_server}");
    }
}

#[tokio::test]
async fn streams() {
    let mut scene = scene("tri").await;
    let numbers: Vec<_> = scene.client.count("ok".into()).await.unwrap().collect().await;
    assert_eq!(numbers.len(), 3);
    assert_eq!(scene.ends().await, both("OK", 3));

    let numbers: Vec<_> = scene.client.count("bad".into()).await.unwrap().collect().await;
    assert_eq!(numbers.last().unwrap().as_ref().unwrap_err().code(), Code::OutOfRange);
    assert_eq!(scene.ends().await, both("OUT_OF_RANGE", 2));

    let numbers: Vec<_> = scene.client.count("panic".into()).await.unwrap().collect().await;
    assert_eq!(numbers.last().unwrap().as_ref().unwrap_err().code(), Code::Internal);
    assert_eq!(scene.ends().await, both("INTERNAL", 2));

    let mut waits = scene.client.count("wait".into()).await.unwrap();
    waits.next().await.unwrap().unwrap();
    assert!(!scene.is_quiet(), "a stream counts until its end");
    drop(waits);
    let [server, client] = scene.ends().await;
    assert_eq!((&*server.0, server.1), ("CANCELLED", 2));
    assert_eq!((&*client.0, client.1), ("CANCELLED", 1));
    assert!(scene.is_quiet());

    let hasty = CallOptions::new().timeout(Duration::from_millis(50));
    let waits = scene.client.with(hasty).count("wait".into()).await.unwrap();
    let numbers: Vec<_> = waits.collect().await;
    assert_eq!(numbers.last().unwrap().as_ref().unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(scene.ends().await, both("DEADLINE_EXCEEDED", 2));
}

#[tokio::test]
async fn plain_http() {
    let mut scene = scene("tri").await;
    for (how, end) in [("ok", ("OK", 1)), ("bad", ("OUT_OF_RANGE", 0)), ("panic", ("INTERNAL", 0))]
    {
        let body = format!("[{how:?}]");
        let (to, line) = (scene.running.addr(), "POST /org.example.Endings/end");
        let ask = move || http1::request(to, line, &["content-type: application/json"], body);
        tokio::task::spawn_blocking(ask).await.unwrap().unwrap();
        let (name, messages) = scene.server_ends.recv().await.unwrap();
        assert_eq!((&*name, messages), end, "{how}");
    }
}

#[tokio::test]
async fn a_client_over_http1_that_leaves_with_requests_behind() {
    // Only Linux tells of an end behind bytes that are not read.
    for requests in [1, 2].into_iter().take(if cfg!(target_os = "linux") { 2 } else { 1 }) {
        let mut scene = scene("tri").await;
        let mut stream = tokio::net::TcpStream::connect(scene.running.addr()).await.unwrap();
        let request = "POST /org.example.Endings/end HTTP/1.1\r\nhost: x\r\n\
                       content-type: application/json\r\ncontent-length: 8\r\n\r\n[\"wait\"]";
        stream.write_all(request.repeat(requests).as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(scene.server_ends.try_recv().is_err());
        drop(stream);
        assert_eq!(scene.server_ends.recv().await.unwrap().0, "CANCELLED", "{requests}");
    }
}

/// A filter that waits longer than an attempt may take.
async fn slow(call: Call, next: Next) -> Result<Reply, Status> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    next.run(call).await
}

#[tokio::test]
async fn the_time_in_filters_is_no_part_of_an_attempt() {
    let mut scene = scene("dubbo").await;
    let (ends, mut client_ends) = mpsc::unbounded_channel();
    let url = format!("dubbo://{}", scene.running.addr());
    let client =
        App::builder("test").build().unwrap().client::<EndingsClient>().url(&url).retries(0);
    let client = client.timeout(Duration::from_millis(200)).filter(slow);
    let client = client.endpoint_hook(Notes(ends)).build().unwrap();
    client.end("ok".into()).await.unwrap();
    assert_eq!(client_ends.recv().await.unwrap().0, "OK");
    assert_eq!(scene.server_ends.recv().await.unwrap().0, "OK");
}

/// A filter that answers otherwise than the handler.
async fn discard(call: Call, next: Next) -> Result<Reply, Status> {
    next.run(call).await?;
    Err(Status::not_found("discarded"))
}

#[tokio::test]
async fn a_reply_that_a_filter_discards_is_cancelled() {
    for protocol in ["dubbo", "tri"] {
        let (outer, mut outer_ends) = mpsc::unbounded_channel();
        let (inner, mut inner_ends) = mpsc::unbounded_channel();
        let server = Server::builder().service(EndingsServer::new(AsAsked)).hook(Notes(outer));
        let server = server.filter(discard).hook(Notes(inner));
        let running = server.start("127.0.0.1:0").await.unwrap();
        let client = App::builder("test").build().unwrap().client::<EndingsClient>();
        let client = client.url(&format!("{protocol}://{}", running.addr())).retries(0);
        client.build().unwrap().end("ok".into()).await.unwrap_err();
        assert_eq!(outer_ends.recv().await.unwrap().0, "NOT_FOUND", "{protocol}");
        assert_eq!(inner_ends.recv().await.unwrap().0, "CANCELLED", "{protocol}");
    }
}

/// A map of more attachments than a map of headers holds.
fn much() -> Metadata {
    (0..40_000).map(|n| (format!("k{n}"), "v")).collect()
}

async fn many(_: Call, _: Next) -> Result<Reply, Status> {
    Err(Status::not_found("much to say").with_headers(much()))
}

#[tokio::test]
async fn more_attachments_than_headers_can_be_are_left_out() {
    let server = Server::builder().service(EndingsServer::new(AsAsked)).filter(many);
    let running = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{}", running.addr());
        let client = app.client::<EndingsClient>().url(&url).retries(0);
        let client = client.filter(|mut call: Call, next: Next| {
            call.head.metadata = much();
            next.run(call)
        });
        let client = client.build().unwrap();
        client.end("ok".into()).await.unwrap_err();
    }
    let to = running.addr();
    let json = ["content-type: application/json"];
    let ask = move || http1::request(to, "POST /org.example.Endings/end", &json, "[\"ok\"]");
    assert_eq!(tokio::task::spawn_blocking(ask).await.unwrap().unwrap().status, 404);
}

/// The large replies, and how they end for a caller that goes away before it has read them.
const LARGE: [(&str, &str); 2] = [("large", "CANCELLED"), ("large error", "OUT_OF_RANGE")];

#[tokio::test]
async fn a_reply_over_http1_that_nobody_reads_has_not_ended() {
    for (how, end) in LARGE {
        let mut scene = scene("tri").await;
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(scene.running.addr()).await.unwrap();
        let (body, path) = (format!("[{how:?}]"), "/org.example.Endings/end");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        // The head has come, so that the rest is on its way.
        let mut head = vec![0; 400];
        stream.read_exact(&mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        assert!(length.parse::<usize>().unwrap() > 7 << 20, "{head}");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(scene.server_ends.try_recv().is_err(), "{how}");
        drop(stream);
        assert_eq!(scene.server_ends.recv().await.unwrap().0, end, "{how}");
    }
}

#[tokio::test]
async fn a_large_reply_over_dubbo_that_nobody_reads_has_not_ended() {
    for (how, end) in LARGE {
        let mut scene = scene("dubbo").await;
        // What a client sends, seen by a listener of the test, is sent again by a peer that reads
        // nothing.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("dubbo://{}", listener.local_addr().unwrap());
        let client = App::builder("test").build().unwrap().client::<EndingsClient>().url(&url);
        let client = client.timeout(Duration::from_mins(1)).build().unwrap();
        let _call = tokio::spawn(async move { client.end(how.into()).await });
        let (mut seen, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = seen.read(&mut request).await.unwrap();

        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(scene.running.addr()).await.unwrap();
        stream.write_all(&request[..length]).await.unwrap();
        // The head has come, so that the rest is on its way.
        stream.read_exact(&mut [0; 16]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(scene.server_ends.try_recv().is_err(), "{how}");
        drop(stream);
        assert_eq!(scene.server_ends.recv().await.unwrap().0, end, "{how}");
    }
}

/// Sends the messages and the bytes of each reply.
struct Sizes(mpsc::UnboundedSender<(u64, u64)>);

impl Hook for Sizes {
    fn before(&self, _: &mut Call) -> Result<Guard, Status> {
        let to = self.0.clone();
        Ok(Guard::new(move |end| {
            let _ = to.send((end.messages, end.bytes));
        }))
    }
}

#[tokio::test]
async fn a_reply_has_as_many_bytes_at_either_end() {
    for protocol in ["dubbo", "tri", "grpc"] {
        let (server, mut of_server) = mpsc::unbounded_channel();
        let (client, mut of_client) = mpsc::unbounded_channel();
        let services = Server::builder().service(EndingsServer::new(AsAsked)).hook(Sizes(server));
        let running = services.start("127.0.0.1:0").await.unwrap();
        let url = format!("{protocol}://{}", running.addr());
        let builder = App::builder("test").build().unwrap().client::<EndingsClient>().url(&url);
        // A reply of 7 MiB takes a build without optimizations its time.
        let client = builder.hook(Sizes(client)).timeout(Duration::from_mins(1)).build().unwrap();
        client.end("ok".into()).await.unwrap();
        // A text: its tag, and two characters.
        assert_eq!(of_server.recv().await, Some((1, 3)), "{protocol}");
        assert_eq!(of_client.recv().await, Some((1, 3)), "{protocol}");
        client.end("large".into()).await.unwrap();
        let large = of_server.recv().await;
        assert_eq!(large, of_client.recv().await, "{protocol}");
        assert!(large.unwrap().1 > 7 << 20, "{protocol}");
        if protocol != "dubbo" {
            let numbers: Vec<_> = client.count("ok".into()).await.unwrap().collect().await;
            assert_eq!(numbers.len(), 3);
            // Small integers have a byte each.
            assert_eq!(of_server.recv().await, Some((3, 3)), "{protocol}");
            assert_eq!(of_client.recv().await, Some((3, 3)), "{protocol}");
        }
    }
}
