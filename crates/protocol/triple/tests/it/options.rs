//! Options of a server, each seen by a bare client.

use dubhe_triple::{Exceptions, TripleOptions};
use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Raw, framed, serve_with};

fn grpc(agent: &str) -> HeaderMap {
    let pairs = [("content-type", "application/grpc"), ("user-agent", agent)];
    pairs.into_iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
}

#[tokio::test]
async fn the_bounds_of_a_connection() {
    let mut options = TripleOptions::default();
    options.max_streams = 3;
    options.stream_window = 70_000;
    options.max_message = 10;
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    let got = raw.call("/test.Plain/Echo", grpc("a"), Some(framed(b"0123456789"))).await;
    assert_eq!(got.body, framed(b"0123456789"));
    assert_eq!(raw.streams(), 3);
    let got = raw.call("/test.Plain/Echo", grpc("a"), Some(framed(b"0123456789a"))).await;
    assert_eq!(got.headers["grpc-status"], "8");
    assert_eq!(raw.window("/test.Plain/Join", grpc("a")).await, 70_000);
}

#[tokio::test]
async fn a_list_of_headers_stays_below_its_limit() {
    const PATH: &str = "/test.Plain/Echo";
    let agent = "a".repeat(500);
    let pseudo =
        [(":method", "POST"), (":scheme", "http"), (":authority", "test"), (":path", PATH)];
    let fields = [("content-type", "application/grpc"), ("user-agent", &*agent)];
    let all = pseudo.iter().chain(&fields);
    let size: usize = all.map(|(name, value)| name.len() + value.len() + 32).sum();
    for (limit, status) in [(size + 1, 200), (size, 431)] {
        let mut options = TripleOptions::default();
        options.max_header_list = limit.try_into().unwrap();
        let server = serve_with(options).await;
        let mut raw = Raw::connect(server.address).await;
        let got = raw.call(PATH, grpc(&agent), Some(framed(b"hi"))).await;
        assert_eq!(got.status, status, "{size} bytes with a limit of {limit}");
    }
}

/// A frame over HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], body].concat()
}

/// A client that does not wait for the settings of the server, as it may at first.
#[tokio::test]
async fn a_connection_has_as_many_streams_as_it_may_and_not_one_more() {
    const PATH: &[u8] = b"/test.Plain/Never";
    let mut options = TripleOptions::default();
    options.max_streams = 3;
    let mut server = serve_with(options).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let kind = b"application/grpc";
    let lengths = [PATH, kind].map(|text| u8::try_from(text.len()).unwrap());
    // POST, http, an authority, a path and a content type, none of them indexed.
    let head =
        [&[0x83, 0x86, 0x01, 1, b'h', 0x04, lengths[0]][..], PATH, &[0x0f, 0x10, lengths[1]], kind]
            .concat();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    for id in [1, 3, 5, 7] {
        bytes.extend(frame(1, 4, id, &head));
        bytes.extend(frame(0, 1, id, &framed(b"hi")));
    }
    stream.write_all(&bytes).await.unwrap();
    for _ in 0..3 {
        server.started.recv().await.unwrap();
    }
    // The only stream that the server resets: REFUSED_STREAM.
    let mut refused = Vec::new();
    while refused.is_empty() {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let [_, high, low, kind, _, _, _, _, id] = head;
        let mut body = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut body).await.unwrap();
        if kind == 3 {
            refused.push((id, body));
        }
    }
    assert_eq!(refused, [(7, vec![0, 0, 0, 7])]);
    assert!(server.started.try_recv().is_err());
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
