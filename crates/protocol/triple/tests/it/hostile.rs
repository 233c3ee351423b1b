//! Peers that break the rules, or keep them to the server's harm: each loses its own call or
//! connection, and nobody else notices.

use std::net::SocketAddr;

use bytes::Bytes;
use dubhe_triple::{TripleOptions, TripleProtocol};
use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{self, Raw, framed, serve};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn grpc() -> HeaderMap {
    HeaderMap::from_iter([("content-type".parse().unwrap(), "application/grpc".parse().unwrap())])
}

/// Asserts that others are served as ever.
async fn is_well(address: SocketAddr) {
    let mut raw = Raw::connect(address).await;
    let got = raw.call("/test.Plain/Echo", grpc(), Some(framed(b"hi"))).await;
    assert_eq!(got.body, framed(b"hi"));
}

/// Sends bytes and nothing more, and reads until the server has closed the connection.
async fn sent(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server may have closed before it has read all of them.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    // A reset is as good an end.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

#[tokio::test]
async fn broken_http2_ends_its_connection_alone() {
    let server = serve().await;
    let settings: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    for frames in [
        // No settings first.
        &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8][..],
        // A frame larger than was allowed.
        &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],
        // DATA and a window update on streams that nobody opened; headers that are no HPACK.
        &[settings, &[0, 0, 1, 0, 0, 0, 0, 0, 1, 0]].concat(),
        &[settings, &[0, 0, 4, 8, 0, 0, 0, 0, 7, 0, 0, 0, 0]].concat(),
        &[settings, &[0, 0, 3, 1, 5, 0, 0, 0, 1, 0xff, 0xff, 0xff]].concat(),
        // An even stream, and a continuation of nothing.
        &[settings, &[0, 0, 1, 1, 5, 0, 0, 0, 2, 0x82]].concat(),
        &[settings, &[0, 0, 1, 9, 4, 0, 0, 0, 1, 0x82]].concat(),
    ] {
        let mut bytes = PREFACE.to_vec();
        bytes.extend_from_slice(frames);
        sent(server.address, &bytes).await;
        is_well(server.address).await;
    }
}

#[tokio::test]
async fn headers_without_end_cost_their_call() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let mut headers = grpc();
    for n in 0..20 {
        headers.insert(
            http::HeaderName::try_from(format!("k{n}")).unwrap(),
            "v".repeat(1_000).parse().unwrap(),
        );
    }
    let got = raw.call("/test.Plain/Echo", headers, Some(framed(b"hi"))).await;
    assert_eq!(got.status, 431);
    let got = raw.call("/test.Plain/Echo", grpc(), Some(framed(b"hi"))).await;
    assert_eq!(got.body, framed(b"hi"));
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_writer() {
    let mut server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let message = Bytes::from(vec![7; 1024]);
    let stream = raw.start("/test.Plain/Endless", grpc(), Some(framed(&message))).await;
    let (_, body) = stream.unread().await;
    for _ in 0..50 {
        raw.call("/test.Plain/Echo", grpc(), Some(framed(b"hi"))).await;
    }
    let mut made = 0;
    while server.started.try_recv().is_ok() {
        made += 1;
    }
    // The window of the stream, what is batched behind it, and what waits for room.
    let most = (65_535 + 2 * 32 * 1024) / message.len() + 3;
    assert!((60..=most).contains(&made), "{made} messages were made");
    drop(body);
    server.dropped.recv().await.unwrap();
}

#[tokio::test]
async fn handlers_of_streams_that_are_reset_at_once_end() {
    let mut server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    for _ in 0..2_000 {
        // The server may have had enough of it.
        if raw.reset("/test.Plain/Never", grpc(), framed(b"hi")).await.is_err() {
            break;
        }
    }
    is_well(server.address).await;
    drop(raw);
    while server.started.try_recv().is_ok() {
        server.dropped.recv().await.unwrap();
    }
}

#[tokio::test]
async fn broken_http1_is_told_so() {
    let server = support::listen(support::protocol().http1()).await;
    let long = format!("GET / HTTP/1.1\r\nk: {}\r\n\r\n", "v".repeat(1 << 20));
    for (bytes, status) in [
        ("GET /\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", "400"),
        ("GET / HTTP/9.9\r\n\r\n", "400"),
        (&long, "431"),
    ] {
        let answer = sent(server.address, bytes.as_bytes()).await;
        let line = String::from_utf8_lossy(&answer);
        let line = line.lines().next().unwrap_or_default();
        assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "{line:?} for {bytes:.40}");
    }
}

#[tokio::test]
async fn the_number_of_fields_over_http1_is_an_option() {
    for (option, most) in [(TripleOptions::default().max_headers, 100), (10, 10), (200, 200)] {
        let mut options = TripleOptions::default();
        options.max_headers = option;
        let protocol = TripleProtocol::new(support::services(), options);
        let server = support::listen(protocol.http1()).await;
        for (fields, status) in [(most, "404"), (most + 1, "431")] {
            let fields = "k: v\r\n".repeat(fields - 2);
            let head = format!("GET /x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{fields}\r\n");
            let answer = sent(server.address, head.as_bytes()).await;
            let line = String::from_utf8_lossy(&answer);
            let line = line.lines().next().unwrap_or_default();
            assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "{line:?} for {most}");
        }
    }
}
