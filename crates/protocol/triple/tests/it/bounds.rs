//! Bounds of the memory that a message takes when it is decoded.

use std::io::Write;

use bytes::Bytes;
use dubhe_core::memory::MemoryLimit;
use dubhe_triple::{TripleOptions, TripleProtocol};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{self, Got, Http1, Listening, Raw, framed, headers, serve_with};

/// A server of plain HTTP.
async fn listen_with(options: TripleOptions) -> Listening {
    support::listen(TripleProtocol::new(support::services(), options).http1()).await
}

async fn pair(server: &Listening, first: &str) -> Got {
    let json = headers(&[("content-type", "application/json")]);
    let body = format!("[{first}, 1]");
    Http1::ask(server.address, "POST", "/test.Java/pair", &json, body.as_bytes()).await
}

pub(crate) fn list(element: &str, count: usize) -> String {
    format!("[{}]", vec![element; count].join(","))
}

#[tokio::test]
async fn json_takes_memory_by_its_length() {
    let server = listen_with(TripleOptions::default()).await;
    assert_eq!(pair(&server, &list("null", 100_000)).await.status, 200);
    assert_eq!(pair(&server, &list("1", 100_000)).await.status, 200);
    for element in ["[]", "{}", "1"] {
        let got = pair(&server, &list(element, 2_000_000)).await;
        assert_eq!(got.status, 400, "{element}");
        let text = String::from_utf8_lossy(&got.body).into_owned();
        assert!(text.contains("raise MemoryLimit"), "{text}");
    }
    let mut options = TripleOptions::default();
    options.decoded = MemoryLimit::new(8, 1 << 20);
    let server = listen_with(options).await;
    assert_eq!(pair(&server, &list("null", 1_000)).await.status, 200);
    assert_eq!(pair(&server, &list("null", 2_000)).await.status, 400);
}

#[tokio::test]
async fn json_that_was_compressed_well_is_taken_by_its_own_length() {
    let server = listen_with(TripleOptions::default()).await;
    let text = format!("[{}, 1]", list(r#"{"id":1,"name":"x"}"#, 200_000));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    assert!(text.len() > 4_000_000 && packed.len() < 50_000);
    let json = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let path = "/test.Java/pair";
    let got = Http1::ask(server.address, "POST", path, &headers(&json), &packed).await;
    assert_eq!((got.status, got.body.len() > 4_000_000), (200.try_into().unwrap(), true));
}

#[tokio::test]
async fn json_has_a_depth_and_numbers_that_can_be_held() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let mut options = TripleOptions::default();
    options.json_depth = 10;
    let server = listen_with(options).await;
    // The arguments, and the list that the result is, are one more.
    assert_eq!(pair(&server, &nested(9)).await.status, 200);
    let got = pair(&server, &nested(10)).await;
    assert_eq!(got.status, 400);
    assert!(String::from_utf8_lossy(&got.body).contains("nests deeper than 10"), "{:?}", got.body);
    assert!(String::from_utf8_lossy(&got.body).contains("triple.json_depth"), "{:?}", got.body);
    let got = pair(&server, "1e400").await;
    assert_eq!(got.status, 400);
    assert!(String::from_utf8_lossy(&got.body).contains("beyond a double"), "{:?}", got.body);
}

/// Two arguments in their wrapper.
fn wrapper(first: &[u8]) -> Vec<u8> {
    let mut out = b"\x0a\x08hessian4\x12".to_vec();
    let mut length = first.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend_from_slice(first);
    out.extend_from_slice(b"\x12\x01\x91");
    for _ in 0..2 {
        out.extend_from_slice(b"\x1a\x10java.lang.Object");
    }
    out
}

/// Two arguments in a message, of which the first is a list of so many nulls.
pub(crate) fn nulls(count: u32) -> Bytes {
    let mut list = vec![0x58, b'I'];
    list.extend_from_slice(&count.to_be_bytes());
    list.resize(list.len() + usize::try_from(count).unwrap(), b'N');
    framed(&wrapper(&list))
}

#[tokio::test]
async fn arguments_in_a_wrapper_take_memory_by_their_length() {
    let mut options = TripleOptions::default();
    options.decoded = MemoryLimit::new(64, 1 << 20);
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    let grpc = || headers(&[("content-type", "application/grpc")]);
    let got = raw.call("/test.Java/pair", grpc(), Some(nulls(20_000))).await;
    assert!(!got.headers.contains_key("grpc-status"), "{:?}", got.headers);
    let got = raw.call("/test.Java/pair", grpc(), Some(nulls(40_000))).await;
    assert_eq!(got.headers["grpc-status"], "3");
    let text = got.headers["grpc-message"].to_str().unwrap();
    assert!(text.contains("raise MemoryLimit"), "{text}");
}
