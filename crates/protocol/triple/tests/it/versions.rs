//! A request and its answer, whichever version of HTTP carries them.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use dubhe_triple::http::{Body, BoxError, HttpService, Service};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{self, Got, Http1, Raw, headers, serve};

/// Answers with pieces of a body, and then with trailers or an error.
#[derive(Clone)]
struct Pieces;

struct Body3(u8, bool);

impl http_body::Body for Body3 {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0 += 1;
        match self.0 {
            // It is not ready at once.
            1 | 3 | 5 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            2 | 4 | 6 => Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'a'; 50_000]))))),
            _ if self.1 => Poll::Ready(Some(Err("broken".into()))),
            _ => Poll::Ready(None),
        }
    }
}

impl Service<Request<Body>> for Pieces {
    type Response = Response<Body3>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert_ne!(request.uri().path(), "/pieces/panic");
        let breaks = request.uri().path() == "/pieces/break";
        ready(Ok(Response::builder().status(203).header("k", "v").body(Body3(0, breaks)).unwrap()))
    }
}

/// The headers that each version of HTTP has for itself.
fn own(got: &mut Got) {
    for name in ["content-length", "transfer-encoding", "connection", "date"] {
        got.headers.remove(name);
    }
}

#[tokio::test]
async fn both_versions_answer_the_same() {
    let server = serve().await;
    let protocol = server.protocol.mount("/pieces", HttpService::new(Pieces));
    let (old, new) = (support::listen(protocol.http1()).await, support::listen(protocol).await);
    let mut raw = Raw::connect(new.address).await;
    let json = ("content-type", "application/json");
    let late = ("connect-timeout-ms", "20");
    let gzip = ("accept-encoding", "gzip");
    let go = ("triple-protocol-version", "1");
    let large = format!("{:?}", "a".repeat(200_000));
    for (method, path, sent, body, status) in [
        ("POST", "/test.Plain/Echo", &[json, ("token", "t"), gzip][..], "{}", 200),
        ("POST", "/test.Plain/Echo", &[json], &large, 200),
        ("POST", "/test.Plain/Echo", &[json], "", 200),
        ("POST", "/test.Plain/Fail", &[json], "{}", 404),
        ("POST", "/test.Plain/Fail", &[json, go], "{}", 404),
        ("POST", "/test.Plain/Panic", &[json], "{}", 500),
        ("POST", "/test.Plain/Never", &[json, late], "{}", 504),
        ("POST", "/test.Plain/Echo", &[json, ("content-encoding", "gzip")], "{}", 400),
        ("POST", "/test.Plain/Echo", &[json, ("content-encoding", "br")], "{}", 501),
        ("POST", "/test.Plain/Echo", &[json, ("connect-timeout-ms", "x")], "{}", 400),
        ("POST", "/test.Plain/Echo", &[("content-type", "text/xml")], "{}", 415),
        ("POST", "/test.Plain/Repeat", &[json], "{}", 415),
        ("POST", "/test.Plain/Missing", &[json], "{}", 404),
        ("POST", "/nothing", &[json], "{}", 404),
        ("GET", "/test.Plain/Echo", &[], "", 405),
        ("OPTIONS", "/test.Plain/Echo", &[], "", 204),
        ("POST", "/test.Java/hello", &[json], r#"["bob"]"#, 200),
        ("POST", "/test.Java/hello", &[], r#""bob""#, 200),
        ("POST", "/test.Java/hello", &[json], "[1,2]", 400),
        ("POST", "/test.Java/fail", &[json], r#"["bob"]"#, 500),
        ("POST", "/test.Java/fail", &[json, go], r#"["bob"]"#, 412),
        ("PUT", "/pieces/x", &[], "body", 203),
        ("GET", "/pieces/panic", &[], "", 500),
    ] {
        let (sent, body) = (headers(sent), Bytes::copy_from_slice(body.as_bytes()));
        let mut one = Http1::ask(old.address, method, path, &sent, &body).await;
        let mut two = raw.request(method, path, sent.clone(), Some(body)).await;
        own(&mut one);
        own(&mut two);
        if status == 504 {
            // It tells how long the call took.
            (one.body, two.body) = (Bytes::new(), Bytes::new());
        }
        assert_eq!(one.status, status, "{method} {path} {sent:?} {:?}", one.body);
        assert_eq!(one, two, "{method} {path} {sent:?}");
    }
}

#[tokio::test]
async fn a_response_with_a_known_length_says_so() {
    let server = support::listen(support::protocol().http1()).await;
    let json = headers(&[("content-type", "application/json")]);
    let got = Http1::ask(server.address, "POST", "/test.Plain/Echo", &json, b"{ }").await;
    assert_eq!(got.headers["content-length"], "3");
    let got = Http1::ask(server.address, "GET", "/test.Plain/Echo", &HeaderMap::new(), b"").await;
    assert_eq!((got.status, &got.headers["content-length"]), (405, &"0".parse().unwrap()));
}

#[tokio::test]
async fn a_body_that_breaks_off_breaks_its_response_off() {
    let protocol = support::protocol().mount("/pieces", HttpService::new(Pieces));
    let (old, new) = (support::listen(protocol.http1()).await, support::listen(protocol).await);
    let cut = Http1::raw(old.address, b"GET /pieces/break HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(cut.len() > 50_000 && !cut.ends_with(b"0\r\n\r\n"), "{}", cut.len());
    let mut raw = Raw::connect(new.address).await;
    let (_, mut body) = raw.start("/pieces/break", HeaderMap::new(), None).await.unread().await;
    let broken = loop {
        match body.data().await {
            Some(Ok(data)) => body.flow_control().release_capacity(data.len()).unwrap(),
            Some(Err(error)) => break error,
            None => panic!("the body ended"),
        }
    };
    assert_eq!(broken.reason(), Some(h2::Reason::INTERNAL_ERROR));
}

#[tokio::test]
async fn grpc_needs_http2() {
    let server = support::listen(support::protocol().http1()).await;
    let grpc = headers(&[("content-type", "application/grpc")]);
    let got = Http1::ask(server.address, "POST", "/test.Plain/Echo", &grpc, b"\0\0\0\0\0").await;
    assert_eq!(got.status, 415);
}

#[tokio::test]
async fn a_caller_that_leaves_drops_the_handler() {
    let mut server = serve().await;
    let old = support::listen(server.protocol.http1()).await;
    let mut stream = TcpStream::connect(old.address).await.unwrap();
    let head = "POST /test.Plain/Never HTTP/1.1\r\nhost: h\r\ncontent-type: application/json";
    stream.write_all(format!("{head}\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes()).await.unwrap();
    server.started.recv().await.unwrap();
    drop(stream);
    server.dropped.recv().await.unwrap();
}

#[tokio::test]
async fn a_drained_connection_answers_and_closes() {
    let mut server = serve().await;
    let old = support::listen(server.protocol.http1()).await;
    let mut stream = TcpStream::connect(old.address).await.unwrap();
    let head = "POST /test.Plain/Wait HTTP/1.1\r\nhost: h\r\ncontent-type: application/json";
    stream.write_all(format!("{head}\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes()).await.unwrap();
    server.started.recv().await.unwrap();
    server.go.notify_one();
    let until = dubhe_net::time::now() + std::time::Duration::from_secs(20);
    let mut answer = String::new();
    let (left, _) = tokio::join!(old.trigger.drain(until), stream.read_to_string(&mut answer));
    assert_eq!(left, 0);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n{}"), "{answer}");
}
