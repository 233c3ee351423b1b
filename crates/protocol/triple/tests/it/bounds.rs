//! Bounds of the memory that a message takes when it is decoded.

use std::io::Write;

use bytes::Bytes;
use dubhe_core::memory::MemoryLimit;
use dubhe_core::{EncodedArgs, Format, Value};
use dubhe_hessian2::payload::arguments_with_memory;
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

/// The limit of the memory of a message in tests that meet it to the byte.
const LIMIT: usize = 64 << 10;

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
    options.decoded = MemoryLimit::new(8, LIMIT);
    let server = listen_with(options).await;
    // A text with an escape is copied. The length of what is around it does not matter.
    let text = |letters: usize| format!("\"\\u0061{}\"", "a".repeat(letters - 1));
    let mut budget = MemoryLimit::default().budget(1_000);
    let all = budget.left();
    let body = Bytes::from(format!("[{}, 1]", text(1_000)));
    dubhe_json::from_bytes_charged(&body, dubhe_json::Limits::default(), &mut budget).unwrap();
    let most = LIMIT - (all - budget.left()) + 1_000;
    assert_eq!(pair(&server, &text(most)).await.status, 200);
    assert_eq!(pair(&server, &text(most + 1)).await.status, 400);
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
async fn the_length_of_what_is_too_large_is_told_where_it_is_known() {
    let mut options = TripleOptions::default();
    options.max_message = 1_000;
    let server = listen_with(options.clone()).await;
    let more = "the message has more than 1000 bytes, the limit; raise triple.max_message";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&[b' '; 3_000]).unwrap();
    let packed = encoder.finish().unwrap();
    let json = ("content-type", "application/json");
    let kinds = [
        (vec![json], vec![b' '; 3_000]),
        (vec![json, ("content-encoding", "gzip")], packed.clone()),
    ];
    for (kind, body) in kinds {
        let got =
            Http1::ask(server.address, "POST", "/test.Java/pair", &headers(&kind), &body).await;
        assert_eq!(got.status, 429, "{kind:?}");
        let text = String::from_utf8_lossy(&got.body).into_owned();
        assert!(text.contains(more), "{text}");
    }
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    // Behind the mark of what is compressed, whose length before that fits.
    let mut marked = framed(&packed).to_vec();
    marked[0] = 1;
    let grpc = headers(&[("content-type", "application/grpc"), ("grpc-encoding", "gzip")]);
    let known = "the message has 3000 bytes, the limit is 1000; raise triple.max_message";
    for (body, expected) in [(Bytes::from(marked), more), (framed(&[0; 3_000]), known)] {
        let got = raw.call("/test.Plain/Echo", grpc.clone(), Some(body)).await;
        let trailers = got.trailers.unwrap_or(got.headers);
        assert_eq!(trailers["grpc-status"], "8");
        let text = trailers["grpc-message"].to_str().unwrap();
        assert!(text.starts_with(expected), "{text}");
    }
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

    // A text in two chunks is copied.
    let text = |letters: u16| {
        let mut text = b"R\0\x01aS".to_vec();
        text.extend_from_slice(&(letters - 1).to_be_bytes());
        text.resize(4 + usize::from(letters) + 2, b'a');
        text
    };
    let given =
        EncodedArgs::separate(Format::Hessian2, [text(1_000).into(), (&b"\x91"[..]).into()]);
    let read = arguments_with_memory::<(Value, Value)>(&given.into());
    let (_, taken) = read.unwrap();
    let most = u16::try_from(LIMIT - taken + 1_000).unwrap();
    let mut options = TripleOptions::default();
    options.decoded = MemoryLimit::new(64, LIMIT);
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    for (letters, fits) in [(most, true), (most + 1, false)] {
        let got = raw.call("/test.Java/pair", grpc(), Some(framed(&wrapper(&text(letters))))).await;
        assert_eq!(!got.headers.contains_key("grpc-status"), fits, "{:?}", got.headers);
    }
}

#[tokio::test]
async fn arguments_in_a_wrapper_have_the_limits_of_hessian() {
    let mut options = TripleOptions::default();
    options.hessian.depth = 3;
    let server = serve_with(options).await;
    let mut raw = Raw::connect(server.address).await;
    let grpc = || headers(&[("content-type", "application/grpc")]);
    let nested = |depth: usize| framed(&wrapper(&[vec![0x79; depth], vec![0x90]].concat()));
    let got = raw.call("/test.Java/pair", grpc(), Some(nested(3))).await;
    assert!(!got.headers.contains_key("grpc-status"), "{:?}", got.headers);
    let got = raw.call("/test.Java/pair", grpc(), Some(nested(4))).await;
    assert_eq!(got.headers["grpc-status"], "3");
    let text = got.headers["grpc-message"].to_str().unwrap();
    assert!(text.contains("raise Limits::depth (option hessian)"), "{text}");
}
