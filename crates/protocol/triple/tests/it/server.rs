//! The server, as a bare HTTP/2 client sees it over a socket.

use std::time::Duration;

use bytes::Bytes;
use dubhe_net::detect::{Probe, Protocol};
use dubhe_net::time;
use http::HeaderMap;

use crate::support::{self, Raw, framed, serve};

fn grpc(extra: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/grpc".parse().unwrap());
    headers.insert("te", "trailers".parse().unwrap());
    for (name, value) in extra {
        headers.insert(*name, value.parse().unwrap());
    }
    headers
}

#[tokio::test]
async fn a_unary_call_echoes_its_message_and_metadata() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let message = framed(b"hi");
    let got = raw.call("/test.Plain/Echo", grpc(&[("k", "v")]), Some(message.clone())).await;
    assert_eq!((got.status, got.body), (200, message));
    assert_eq!(got.headers["content-type"], "application/grpc");
    assert_eq!(got.headers["k"], "v");
    assert_eq!(got.trailers.unwrap()["grpc-status"], "0");
}

#[tokio::test]
async fn errors_before_a_message_are_trailers_only() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    for (path, timeout, message, status) in [
        ("/test.Plain/Panic", "5S", Some(framed(b"hi")), "13"),
        ("/test.Plain/Never", "20m", Some(framed(b"hi")), "4"),
        ("/test.Plain/Missing", "5S", Some(framed(b"hi")), "12"),
        ("/test.Missing/Echo", "5S", Some(framed(b"hi")), "12"),
        ("/test.Plain/Echo", "5x", Some(framed(b"hi")), "13"),
        ("/test.Plain/Echo", "5S", None, "12"),
        ("/test.Plain/Echo", "5S", Some([framed(b"a"), framed(b"b")].concat().into()), "12"),
        ("/test.Plain/Echo", "5S", Some(Bytes::from_static(&[0, 0, 0, 0, 9, 1])), "13"),
        ("/test.Plain/Echo", "5S", Some(Bytes::from_static(&[1, 0, 0, 0, 1, 1])), "13"),
        ("/test.Plain/Echo", "5S", Some(Bytes::from_static(&[0, 255, 0, 0, 1, 1])), "8"),
    ] {
        let got = raw.call(path, grpc(&[("grpc-timeout", timeout)]), message).await;
        assert_eq!(got.status, 200, "{path}");
        assert_eq!(got.headers["grpc-status"], status, "{path}");
        assert!(got.body.is_empty() && got.trailers.is_none(), "{path}");
    }
    // The connection has survived all of them.
    let got = raw.call("/test.Plain/Echo", grpc(&[]), Some(framed(b"hi"))).await;
    assert_eq!(got.body, framed(b"hi"));
}

#[tokio::test]
async fn what_is_no_grpc_is_told_so_in_http() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let got = raw.call("/test.Plain/Echo", HeaderMap::new(), Some(framed(b"hi"))).await;
    assert_eq!(got.status, 415);
}

#[tokio::test]
async fn every_kind_of_stream() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let three: Bytes = [framed(b"a"), framed(b"b"), framed(b"c")].concat().into();
    let got = raw.call("/test.Plain/Repeat", grpc(&[]), Some(framed(b"a"))).await;
    assert_eq!(got.body, [framed(b"a"), framed(b"a"), framed(b"a")].concat());
    assert_eq!(got.trailers.unwrap()["k"], "end");
    let got = raw.call("/test.Plain/Join", grpc(&[]), Some(three.clone())).await;
    assert_eq!(got.body, framed(b"abc"));
    let got = raw.call("/test.Plain/Each", grpc(&[]), Some(three.clone())).await;
    assert_eq!((got.body, &got.trailers.unwrap()["grpc-status"]), (three, &"0".parse().unwrap()));
}

#[tokio::test]
async fn a_reply_is_labelled_as_its_request() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let mut headers = grpc(&[]);
    headers.insert("content-type", "application/grpc+json".parse().unwrap());
    for path in ["/test.Plain/Echo", "/test.Plain/Fail"] {
        let got = raw.call(path, headers.clone(), Some(framed(b"{}"))).await;
        assert_eq!(got.headers["content-type"], "application/grpc+json", "{path}");
    }
}

#[tokio::test]
async fn a_java_interface_is_called_in_its_wrapper() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let request = framed(b"\x0a\x08hessian4\x12\x04\x03bob\x1a\x10java.lang.String");
    let got = raw.call("/test.Java/hello", grpc(&[]), Some(request.clone())).await;
    let reply = framed(b"\x0a\x08hessian4\x12\x07\x06hi bob\x1a\x10java.lang.Object");
    assert_eq!(got.body, reply);
    let trailers = got.trailers.unwrap();
    assert_eq!(
        (&trailers["grpc-status"], &trailers["seen"]),
        (&"0".parse().unwrap(), &"yes".parse().unwrap())
    );
    let wrong = framed(b"\x0a\x08hessian4\x12\x01\x90\x1a\x03int");
    let got = raw.call("/test.Java/hello", grpc(&[]), Some(wrong)).await;
    assert_eq!(got.headers["grpc-status"], "12");
    let other = framed(b"\x0a\x09fastjson2\x12\x01\x90\x1a\x10java.lang.String");
    let got = raw.call("/test.Java/hello", grpc(&[]), Some(other)).await;
    assert_eq!(got.headers["grpc-status"], "12");
}

#[tokio::test]
async fn a_java_exception_is_told_as_the_peer_understands_it() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let request = framed(b"\x0a\x08hessian4\x12\x04\x03bob\x1a\x10java.lang.String");
    let got = raw.call("/test.Java/fail", grpc(&[]), Some(request.clone())).await;
    assert_eq!(got.headers["tri-exception-code"], "3");
    assert_eq!(got.trailers.unwrap()["grpc-status"], "0");
    let class = b"java.lang.IllegalStateException";
    assert!(got.body.windows(class.len()).any(|bytes| bytes == class));
    let go = grpc(&[("user-agent", "grpc-go-triple/0.1.0 (go1.26)")]);
    let got = raw.call("/test.Java/fail", go, Some(request)).await;
    assert_eq!(
        (&got.headers["grpc-status"], &got.headers["grpc-message"]),
        (&"9".parse().unwrap(), &"no bob".parse().unwrap())
    );
}

#[tokio::test]
async fn a_reset_drops_the_handler() {
    let mut server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let stream = raw.start("/test.Plain/Never", grpc(&[]), Some(framed(b"hi"))).await;
    server.started.recv().await.unwrap();
    drop(stream);
    server.dropped.recv().await.unwrap();
}

#[tokio::test]
async fn draining_ends_what_has_begun_and_refuses_the_rest() {
    let mut server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let stream = raw.start("/test.Plain/Wait", grpc(&[]), Some(framed(b"hi"))).await;
    server.started.recv().await.unwrap();
    let mut late = raw.clone();
    let (left, got, refused) = tokio::join!(
        server.trigger.drain(time::now() + Duration::from_secs(20)),
        async {
            server.go.notify_one();
            stream.response().await
        },
        async {
            // The connection ends, and with it the wish for more.
            server.ended.await.unwrap();
            late.ready().await
        },
    );
    assert_eq!(left, 0);
    assert_eq!(got.body, framed(b"hi"));
    assert!(refused.is_err());
}

#[test]
fn only_the_preface_of_http2_is_taken() {
    let protocol = support::protocol();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for seen in 0..preface.len() {
        assert_eq!(protocol.probe(&preface[..seen]), Probe::More);
    }
    assert_eq!(protocol.probe(&[&preface[..], b"more"].concat()), Probe::Yes);
    assert_eq!(protocol.probe(b"POST / HTTP/1.1\r\n"), Probe::No);
    assert_eq!(protocol.probe(&[0xda, 0xbb]), Probe::No);
}
