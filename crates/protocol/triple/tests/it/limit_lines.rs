//! The log lines of limits that strike.

use bytes::Bytes;
use dubhe_core::memory::MemoryLimit;
use dubhe_testkit::log::Lines;
use dubhe_triple::{TripleOptions, TripleProtocol};
use http::HeaderMap;
use tracing::Level;
use tracing::subscriber::DefaultGuard;

use crate::bounds::{list, nulls};
use crate::slow::{self, serve_from};
use crate::support::{self, Http1, Raw, framed, headers, serve_with};

const ECHO: &str = "/test.Plain/Echo";

/// The lines of this thread, which all tasks of a test share.
fn lines(level: Level) -> (Lines, DefaultGuard) {
    let lines = Lines::of(level);
    (lines.clone(), tracing::subscriber::set_default(lines))
}

fn grpc() -> HeaderMap {
    headers(&[("content-type", "application/grpc")])
}

/// Takes the only line, which names an option and a method.
#[track_caller]
fn assert_line(lines: &Lines, option: &str, method: &str) {
    let all = lines.take();
    let [line] = &*all else { panic!("{all:?}") };
    assert!(line.contains(&format!("option=\"{option}")), "{line}");
    assert!(line.contains(&format!("method={method} ")), "{line}");
    assert!(line.contains("failures=1 "), "{line}");
    assert!(line.contains("peer="), "{line}");
}

#[tokio::test]
async fn messages_and_replies_that_are_too_long() {
    let (lines, _guard) = lines(Level::WARN);
    let mut options = TripleOptions::default();
    options.max_message = 20;
    let server = serve_with(options).await;
    for (path, body) in [(ECHO, framed(&[0; 21])), ("/test.Plain/Each", framed(&[0; 21]))] {
        // One line a second, however many calls there are.
        let mut raw = Raw::connect(server.address).await;
        for _ in 0..3 {
            let got = raw.call(path, grpc(), Some(body.clone())).await;
            assert_eq!(got.trailers.unwrap_or(got.headers)["grpc-status"], "8");
        }
        assert_line(&lines, "triple.max_message", path.rsplit('/').next().unwrap());
    }
    // The answer is "hi" and more than the request.
    let json = headers(&[("content-type", "application/json")]);
    let old = support::listen(server.protocol.http1()).await;
    let body = format!("[\"{}\"]", "a".repeat(16));
    let got = Http1::ask(old.address, "POST", "/test.Java/hello", &json, body.as_bytes()).await;
    assert_eq!(got.status, 429);
    assert_line(&lines, "triple.max_sent_message", "hello");
    let got = Http1::ask(old.address, "POST", "/test.Java/hello", &json, b"[\"a\"]").await;
    assert_eq!((got.status, lines.take().len()), (200, 0));
}

#[tokio::test]
async fn json_that_is_too_deep_or_takes_too_much() {
    let (lines, _guard) = lines(Level::WARN);
    let mut options = TripleOptions::default();
    options.json_depth = 10;
    options.decoded = MemoryLimit::new(8, 1 << 20);
    let protocol = TripleProtocol::new(support::services(), options);
    let server = support::listen(protocol.http1()).await;
    let json = headers(&[("content-type", "application/json")]);
    let deep = "[".repeat(20) + &"]".repeat(20);
    for (first, option) in [(deep, "triple.json_depth"), (list("null", 2_000), "triple.decoded\"")]
    {
        let body = format!("[{first}, 1]");
        let got =
            Http1::ask(server.address, "POST", "/test.Java/pair", &json, body.as_bytes()).await;
        assert_eq!(got.status, 400);
        assert_line(&lines, option, "pair");
    }
}

#[tokio::test]
async fn arguments_that_take_too_much() {
    let (lines, _guard) = lines(Level::WARN);
    let mut options = TripleOptions::default();
    options.decoded = MemoryLimit::new(64, 1 << 20);
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    let got = raw.call("/test.Java/pair", grpc(), Some(nulls(40_000))).await;
    assert_eq!(got.headers["grpc-status"], "3");
    assert_line(&lines, "triple.decoded", "pair");
    // An error of a handler that has another reason.
    raw.call("/test.Plain/Fail", grpc(), Some(framed(b""))).await;
    assert_eq!(lines.take(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_come_too_slowly() {
    let (lines, _guard) = lines(Level::WARN);
    for method in ["Echo", "Each"] {
        let served = serve_from(None, TripleOptions::default(), false);
        let (mut send, _connection, _silence) = slow::client(served.io).await;
        let sent = Some(Bytes::from_static(&[0, 0, 0]));
        assert_eq!(slow::status(&mut send, method, sent).await, "4");
        assert_line(&lines, "triple.min_rate", method);
    }
}

/// `h2` answers these itself, and tells of them.
#[tokio::test]
async fn heads_over_http2_that_are_too_long() {
    let (lines, _guard) = lines(Level::DEBUG);
    let mut options = TripleOptions::default();
    options.max_header_list = 1_000;
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    let mut long = grpc();
    long.insert("k", "v".repeat(1_000).parse().unwrap());
    assert_eq!(raw.call(ECHO, long, Some(framed(b"hi"))).await.status, 431);
    assert_eq!(lines.with("REQUEST_HEADER_FIELDS_TOO_LARGE").len(), 1);
}
