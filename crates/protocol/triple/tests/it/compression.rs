//! Messages compressed with gzip, in both directions.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_net::poll_watch::{PollKey, PollWatch};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::HeaderMap;

use crate::support::{self, Http1, Raw, framed, listen, serve};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A message that says it is compressed.
fn marked(bytes: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(1);
    out.put_u32(u32::try_from(bytes.len()).unwrap());
    out.extend_from_slice(bytes);
    out.freeze()
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let grpc = [("content-type", "application/grpc")];
    let pair = |(name, value): &(&'static str, &'static str)| {
        (name.parse().unwrap(), value.parse().unwrap())
    };
    grpc.iter().chain(pairs).map(pair).collect()
}

#[tokio::test]
async fn a_compressed_request_gets_a_compressed_reply() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let text = b"again ".repeat(2_000);
    // Names of encodings have no case.
    let asks = headers(&[("grpc-encoding", "GZip"), ("grpc-accept-encoding", "identity,GZIP")]);
    let got = raw.call("/test.Plain/Echo", asks, Some(marked(&gzip(&text)))).await;
    assert_eq!(got.headers["grpc-encoding"], "gzip");
    assert_eq!((got.body[0], got.body.len() < 1_000), (1, true));
    let mut plain = Vec::new();
    GzDecoder::new(&got.body[5..]).read_to_end(&mut plain).unwrap();
    assert_eq!(plain, text);

    // A message need not be compressed because the stream may be, and a caller that reads no gzip
    // gets none.
    let only = headers(&[("grpc-encoding", "gzip")]);
    let got = raw.call("/test.Plain/Echo", only, Some(framed(b"plain"))).await;
    assert_eq!((got.headers.get("grpc-encoding"), &got.body), (None, &framed(b"plain")));
}

#[tokio::test]
async fn every_message_of_a_stream_is_compressed() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let asks = headers(&[("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")]);
    let sent = [marked(&gzip(b"one")), framed(b"two"), marked(&gzip(b"three"))].concat();
    let got = raw.call("/test.Plain/Each", asks, Some(sent.into())).await;
    let mut rest = &got.body[..];
    for expected in ["one", "two", "three"] {
        let length = usize::try_from(u32::from_be_bytes(rest[1..5].try_into().unwrap())).unwrap();
        let mut plain = String::new();
        GzDecoder::new(&rest[5..5 + length]).read_to_string(&mut plain).unwrap();
        assert_eq!((rest[0], &*plain), (1, expected));
        rest = &rest[5 + length..];
    }
    assert!(rest.is_empty());
}

#[tokio::test]
async fn what_cannot_be_decompressed_is_an_error_of_its_call() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    // More than the 8 MiB that a message may have, from a few kilobytes.
    let bomb = marked(&gzip(&vec![0; 9 << 20]));
    assert!(bomb.len() < 20_000);
    let gzip_says: &[_] = &[("grpc-encoding", "gzip")];
    for (pairs, body, status) in [
        (&[][..], marked(&gzip(b"x")), "13"),
        (gzip_says, marked(b"no gzip"), "13"),
        (gzip_says, bomb, "8"),
        (&[("grpc-encoding", "snappy")], framed(b"x"), "12"),
    ] {
        let got = raw.call("/test.Plain/Echo", headers(pairs), Some(body)).await;
        let status_of = got.trailers.as_ref().unwrap_or(&got.headers);
        assert_eq!(status_of["grpc-status"], status, "{pairs:?}");
        if status == "12" {
            assert_eq!(status_of["grpc-accept-encoding"], "gzip");
        }
    }
    let got = raw.call("/test.Plain/Echo", headers(&[]), Some(framed(b"still here"))).await;
    assert_eq!(got.body, framed(b"still here"));
}

/// Tells if something with a name was polled at two looks, one after the other.
fn look_out(watch: Arc<PollWatch>, seen: Arc<AtomicBool>) {
    thread::spawn(move || {
        let (mut found, mut before) = (Vec::new(), Vec::new());
        while Arc::strong_count(&seen) > 1 {
            watch.look(&mut found);
            if found.iter().any(|poll| poll.key() != PollKey::NONE && before.contains(poll)) {
                seen.store(true, Ordering::SeqCst);
            }
            before.clone_from(&found);
            thread::sleep(Duration::from_micros(200));
        }
    });
}

/// Calls until the watchdog sees the work on a long message, which is not that of a handler.
#[tokio::test]
async fn the_watchdog_sees_long_messages_that_are_packed_and_unpacked() {
    let server = serve().await;
    let (watch, seen) = (PollWatch::new(), Arc::new(AtomicBool::new(false)));
    look_out(watch.clone(), seen.clone());
    let protocol = server.protocol.clone().poll_watch(watch);
    let (http1, http2) = (listen(protocol.http1()).await, listen(protocol).await);
    let mut raw = Raw::connect(http2.address).await;
    let says: &[_] = &[("grpc-encoding", "gzip")];
    let asks: &[_] = &[("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")];
    let fits = gzip(&vec![0; 7 << 20]);
    // A message that is too long has no handler.
    let too_long = gzip(&vec![0; 9 << 20]);
    for (pairs, body) in [(says, &too_long), (asks, &fits)] {
        seen.store(false, Ordering::SeqCst);
        for call in 1.. {
            raw.call("/test.Plain/Echo", headers(pairs), Some(marked(body))).await;
            if seen.load(Ordering::SeqCst) {
                break;
            }
            assert!(call < 1_000, "the watchdog saw nothing");
        }
    }
    seen.store(false, Ordering::SeqCst);
    let plain = [("content-type", "application/proto"), ("content-encoding", "gzip")];
    for call in 1.. {
        let plain = support::headers(&plain);
        let got = Http1::ask(http1.address, "POST", "/test.Plain/Echo", &plain, &too_long).await;
        assert_eq!(got.status, 429);
        if seen.load(Ordering::SeqCst) {
            break;
        }
        assert!(call < 1_000, "the watchdog saw nothing");
    }
}
