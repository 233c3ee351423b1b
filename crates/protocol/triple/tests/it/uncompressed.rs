//! Ends that decompress nothing, and peers that compress all the same.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::connect::Connect;
use dubhe_core::{Call, CallKind, Code, Endpoint, Head, Invoke as _, Method, ServiceKey};
use dubhe_triple::{Compress, TripleConnect, TripleOptions};
use http::{HeaderMap, Response};
use tokio::net::TcpListener;

use crate::support::{Http1, Raw, framed, headers, listen, message, only, serve, serve_with};

const ECHO: &str = "/test.Plain/Echo";

fn uncompressed() -> TripleOptions {
    let mut options = TripleOptions::default();
    options.accept_compression = false;
    options
}

#[tokio::test]
async fn a_server_refuses_compressed_requests_unread() {
    let server = serve_with(uncompressed()).await;
    let mut raw = Raw::connect(server.address).await;
    // No gzip at all: it would be another error to unpack it.
    let mut marked = framed(b"no gzip").to_vec();
    marked[0] = 1;
    let grpc = [("content-type", "application/grpc"), ("grpc-encoding", "gzip")];
    let got = raw.call(ECHO, headers(&grpc), Some(marked.into())).await;
    assert_eq!(
        (&got.headers["grpc-status"], &got.headers["grpc-accept-encoding"]),
        (&"12".parse().unwrap(), &"identity".parse().unwrap())
    );
    let text = got.headers["grpc-message"].to_str().unwrap();
    assert!(text.contains("triple.accept_compression"), "{text}");
    let got = raw.call(ECHO, headers(&grpc[..1]), Some(framed(b"plain"))).await;
    assert_eq!(got.body, framed(b"plain"));

    let plain = [("content-type", "application/proto"), ("content-encoding", "gzip")];
    let got = raw.call(ECHO, headers(&plain), Some(Bytes::from_static(b"no gzip"))).await;
    assert_eq!((got.status, &got.headers["accept-encoding"]), (415, &"identity".parse().unwrap()));
    let old = listen(server.protocol.http1()).await;
    let got = Http1::ask(old.address, "POST", ECHO, &headers(&plain), b"no gzip").await;
    assert_eq!(got.status, 415);
    let got = Http1::ask(old.address, "POST", ECHO, &headers(&plain[..1]), b"plain").await;
    assert_eq!((got.status, &got.body[..]), (200, &b"plain"[..]));
}

fn call() -> Call {
    let method = Method { name: "Echo".into(), descriptor: None, kind: CallKind::Unary };
    let head = Head::new(Arc::new(ServiceKey::interface_only("test.Plain")), Arc::new(method));
    Call::new(head, message(Bytes::from_static(b"hi")))
}

/// A server that answers one call, compressed whatever the client says. Returns its port; the task ends
/// with the headers of the request.
async fn compressing() -> (u16, tokio::task::JoinHandle<HeaderMap>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, mut respond) = connection.accept().await.unwrap().unwrap();
        let head = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-encoding", "gzip");
        let mut send = respond.send_response(head.body(()).unwrap(), false).unwrap();
        send.send_data(framed(b"hi"), false).unwrap();
        send.send_trailers(headers(&[("grpc-status", "0")])).unwrap();
        tokio::spawn(async move { while connection.accept().await.is_some() {} });
        request.into_parts().0.headers
    });
    (port, served)
}

#[tokio::test]
async fn a_client_offers_no_compression_and_refuses_compressed_replies() {
    for (options, offered) in [(TripleOptions::default(), "gzip"), (uncompressed(), "identity")] {
        let (port, served) = compressing().await;
        let endpoint = Endpoint::of("tri", "127.0.0.1", port);
        let channel = TripleConnect::new(options).connect(&endpoint).unwrap();
        let outcome = channel.invoke(call()).await;
        assert_eq!(served.await.unwrap()["grpc-accept-encoding"], offered);
        if offered == "gzip" {
            // The message itself is marked as not compressed.
            assert_eq!(only(&outcome.unwrap()), "hi");
        } else {
            let error = outcome.unwrap_err();
            assert_eq!(error.code(), Code::Internal);
            assert!(error.message().contains("triple.accept_compression"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_client_that_decompresses_nothing_may_compress() {
    let server = serve().await;
    let mut options = uncompressed();
    options.compress = Compress::Always;
    let endpoint = Endpoint::of("tri", "127.0.0.1", server.address.port());
    let channel = TripleConnect::new(options).connect(&endpoint).unwrap();
    assert_eq!(only(&channel.invoke(call()).await.unwrap()), "hi");
}
