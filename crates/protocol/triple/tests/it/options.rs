//! Options of a server, each seen by a bare client.

use dubhe_triple::{Exceptions, TripleOptions};
use http::HeaderMap;

use crate::support::{Raw, framed, serve_with};

fn grpc(agent: &str) -> HeaderMap {
    let pairs = [("content-type", "application/grpc"), ("user-agent", agent)];
    pairs.into_iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
}

#[tokio::test]
async fn the_bounds_of_a_connection() {
    let mut options = TripleOptions::default();
    options.max_streams = 3;
    options.max_header_list = 1_000;
    options.stream_window = 70_000;
    options.max_message = 10;
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    let got = raw.call("/test.Plain/Echo", grpc("a"), Some(framed(b"0123456789"))).await;
    assert_eq!(got.body, framed(b"0123456789"));
    assert_eq!(raw.streams(), 3);
    let got = raw.call("/test.Plain/Echo", grpc("a"), Some(framed(b"0123456789a"))).await;
    assert_eq!(got.headers["grpc-status"], "8");
    let got = raw.call("/test.Plain/Echo", grpc(&"a".repeat(1_200)), Some(framed(b"hi"))).await;
    assert_eq!(got.status, 431);
    assert_eq!(raw.window("/test.Plain/Join", grpc("a")).await, 70_000);
}

#[tokio::test]
async fn the_window_of_a_connection() {
    let mut options = TripleOptions::default();
    options.connection_window = 100_000;
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    // A call that uses no byte of it, so that what the server says of itself is here.
    raw.call("/test.Plain/Echo", grpc("a"), None).await;
    assert_eq!(raw.window("/test.Plain/Join", grpc("a")).await, 100_000);
}

#[tokio::test]
async fn one_way_to_tell_of_exceptions_for_all() {
    let request = framed(b"\x0a\x08hessian4\x12\x04\x03bob\x1a\x10java.lang.String");
    for (exceptions, thrown) in [(Exceptions::Java, true), (Exceptions::Status, false)] {
        let mut options = TripleOptions::default();
        options.exceptions = exceptions;
        let server = serve_with(options).await;
        let mut raw = Raw::connect(server.address).await;
        for agent in ["java", "grpc-go-triple/0.1.0 (go1.26)"] {
            let got = raw.call("/test.Java/fail", grpc(agent), Some(request.clone())).await;
            let said = got.headers.contains_key("tri-exception-code");
            assert_eq!(said, thrown, "{exceptions:?} {agent}");
        }
    }
}
