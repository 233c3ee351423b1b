//! The rules of gRPC over HTTP/2 that callers and handlers see.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dubhe_core::connect::Connect as _;
use dubhe_core::time::Deadline;
use dubhe_core::{
    Call, CallKind, Code, Encoded, Endpoint, Format, Head, Invoke as _, Metadata, Method, Reply,
    ServiceKey, Status,
};
use dubhe_net::time;
use dubhe_triple::{TripleConnect, TripleOptions};
use http::HeaderMap;
use tokio::net::TcpListener;

use crate::support::{Raw, framed, headers, serve};

/// A server that answers every request with this head, these bytes and these trailers.
async fn answering(head: HeaderMap, body: Bytes, trailers: HeaderMap) -> Endpoint {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut response = http::Response::new(());
            *response.headers_mut() = head.clone();
            let mut send = respond.send_response(response, false).unwrap();
            send.send_data(body.clone(), false).unwrap();
            send.send_trailers(trailers.clone()).unwrap();
        }
    });
    Endpoint::of("tri", "127.0.0.1", port)
}

async fn call(endpoint: &Endpoint, options: TripleOptions) -> Result<Reply, Status> {
    let channel = TripleConnect::new(options).connect(endpoint).unwrap();
    let method = Method { name: "Echo".into(), descriptor: None, kind: CallKind::Unary };
    let head = Head::new(Arc::new(ServiceKey::interface_only("test.Plain")), Arc::new(method));
    let message = Encoded::new(Format::Protobuf, Bytes::from_static(b"0123456789")).into();
    channel.invoke(Call::new(head, message)).await
}

/// The outcome of a call that is answered so.
async fn answered(
    head: &[(&'static str, &str)],
    body: Bytes,
    end: &[(&'static str, &str)],
) -> Result<Reply, Status> {
    let mut all = headers(&[("content-type", "application/grpc")]);
    all.extend(headers(head));
    let endpoint = answering(all, body, headers(end)).await;
    call(&endpoint, TripleOptions::default()).await
}

const OK: &[(&str, &str)] = &[("grpc-status", "0")];

#[tokio::test]
async fn a_status_counts_only_at_the_end() {
    let early = [("grpc-status", "9"), ("grpc-message", "early")];
    assert!(answered(&early, framed(b"x"), OK).await.is_ok());
    let late = answered(OK, framed(b"x"), &[("grpc-status", "5")]).await.unwrap_err();
    assert_eq!(late.code(), Code::NotFound);
}

#[tokio::test]
async fn a_reply_in_an_encoding_that_was_not_offered_is_the_servers_fault() {
    let status = answered(&[("grpc-encoding", "snappy")], framed(b"x"), OK).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal, "{status}");
    assert!(status.message().contains("snappy"), "{status}");
    // Names of encodings have no case.
    assert!(answered(&[("grpc-encoding", "Identity")], framed(b"x"), OK).await.is_ok());
}

#[tokio::test]
async fn no_message_or_two_where_one_is_due_are_unimplemented() {
    for body in [Bytes::new(), [framed(b"x"), framed(b"y")].concat().into()] {
        let status = answered(&[], body.clone(), OK).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{status}");
        let server = serve().await;
        let mut raw = Raw::connect(server.address).await;
        let request = headers(&[("content-type", "application/grpc")]);
        let got = raw.call("/test.Plain/Echo", request, Some(body)).await;
        assert_eq!(got.headers["grpc-status"], "12");
    }
}

#[tokio::test]
async fn trailers_of_a_reply_of_one_message_stay_apart() {
    let end = [("grpc-status", "0"), ("k", "end")];
    let reply = answered(&[("k", "begin")], framed(b"x"), &end).await.unwrap();
    assert_eq!(reply.metadata, Metadata::from_iter([("k", "begin")]));
    let dubhe_core::reply::ReplyBody::One(_, trailers) = reply.body else { panic!("a stream") };
    assert_eq!(trailers, Metadata::from_iter([("k", "end")]));
}

#[tokio::test]
async fn an_error_sends_its_headers_apart_from_its_trailers() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let request = headers(&[("content-type", "application/grpc")]);
    let got = raw.call("/test.Plain/Fail", request, Some(framed(b""))).await;
    assert_eq!((got.status, got.headers["seen"].to_str().unwrap()), (200, "yes"));
    assert!(!got.headers.contains_key("grpc-status"));
    let trailers = got.trailers.unwrap();
    assert_eq!(trailers["grpc-status"], "5");
    assert!(!trailers.contains_key("seen"));
}

#[tokio::test]
async fn a_stream_that_fails_at_once_sends_its_headers_and_its_trailers() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let request = headers(&[("content-type", "application/grpc")]);
    let got = raw.call("/test.Plain/Refused", request, Some(framed(b""))).await;
    assert_eq!((got.status, got.headers["seen"].to_str().unwrap()), (200, "yes"));
    assert!(got.body.is_empty() && !got.headers.contains_key("grpc-status"));
    let trailers = got.trailers.unwrap();
    assert_eq!(
        (&trailers["grpc-status"], &trailers["k"]),
        (&"5".parse().unwrap(), &"end".parse().unwrap())
    );
    assert!(!trailers.contains_key("seen"));
}

#[tokio::test]
async fn a_call_without_a_deadline_sends_no_timeout() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = Endpoint::of("tri", "127.0.0.1", listener.local_addr().unwrap().port());
    let channel = TripleConnect::new(TripleOptions::default()).connect(&endpoint).unwrap();
    let method = Method { name: "Echo".into(), descriptor: None, kind: CallKind::Unary };
    let service = Arc::new(ServiceKey::interface_only("test.Plain"));
    let mut head = Head::new(service, Arc::new(method));
    let calls = [None, Some(Deadline::after(time::now(), Duration::from_mins(1)))];
    let calls = calls.map(|deadline| {
        head.deadline = deadline;
        let message = Encoded::new(Format::Protobuf, Bytes::new()).into();
        tokio::spawn(channel.invoke(Call::new(head.clone(), message)))
    });
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let mut timeouts = Vec::new();
    for _ in &calls {
        let (request, _) = connection.accept().await.unwrap().unwrap();
        timeouts.push(request.headers().contains_key("grpc-timeout"));
    }
    timeouts.sort_unstable();
    assert_eq!(timeouts, [false, true]);
}

#[tokio::test]
async fn handlers_see_the_agent_of_each_request() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    for agent in ["first/1", "second/2", "first/1"] {
        let request = [("content-type", "application/grpc"), ("user-agent", agent), ("k", "v")];
        let (echoed, only) = (headers(&request), headers(&request[..2]));
        let got = raw.call("/test.Plain/Agent", echoed, Some(framed(b""))).await;
        assert_eq!(got.body, framed(agent.as_bytes()));
        let got = raw.call("/test.Plain/Agent", only, Some(framed(b""))).await;
        assert_eq!(got.body, framed(agent.as_bytes()));
    }
}

#[tokio::test]
async fn what_is_received_and_what_is_sent_have_limits_of_their_own() {
    let server = serve().await;
    let endpoint = Endpoint::of("tri", "127.0.0.1", server.address.port());
    let outcome = |received, sent| {
        let mut options = TripleOptions::default();
        (options.max_message, options.max_sent_message) = (received, sent);
        let endpoint = &endpoint;
        async move { call(endpoint, options).await.map(drop).map_err(|status| status.to_string()) }
    };
    assert_eq!(outcome(10, None).await, Ok(()));
    let received = outcome(9, Some(10)).await.unwrap_err();
    assert!(received.contains("the message has 10 bytes, the limit is 9; "), "{received}");
    for (limit, sent) in [(10, Some(9)), (9, None)] {
        let sent = outcome(limit, sent).await.unwrap_err();
        assert!(sent.contains("10 bytes, the limit of what is sent is 9; raise triple"), "{sent}");
    }
}

#[tokio::test]
async fn media_types_have_no_case_and_an_unknown_one_gets_no_body() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    for kind in ["Application/JSON", "application/Proto; charset=utf-8", "application/GRPC+Proto"] {
        let body = if kind.contains("GRPC") { framed(b"") } else { Bytes::new() };
        let got =
            raw.call("/test.Plain/Echo", headers(&[("content-type", kind)]), Some(body)).await;
        assert_eq!(got.status, 200, "{kind}");
    }
    let unknown = headers(&[("content-type", "text/plain")]);
    let got = raw.call("/test.Plain/Echo", unknown, Some(Bytes::from_static(b"x"))).await;
    assert_eq!((got.status, got.body.len()), (415, 0));
    assert_eq!(got.headers["accept-post"], "application/json, application/proto");
}

#[tokio::test]
async fn a_method_of_http_that_is_not_taken_is_told_which_are() {
    let server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let json = headers(&[("content-type", "application/json")]);
    let grpc = headers(&[("content-type", "application/grpc")]);
    for (method, path, request, allowed) in [
        ("GET", "/test.Plain/Echo", &grpc, "POST"),
        ("PUT", "/test.Plain/Echo", &json, "POST, OPTIONS"),
        ("PUT", "/test.Java/hello", &json, "POST, GET, OPTIONS"),
    ] {
        let got = raw.request(method, path, request.clone(), None).await;
        assert_eq!((got.status, got.headers["allow"].to_str().unwrap()), (405, allowed), "{path}");
    }
}

/// Runs on one thread, so that the call is answered only if the stream lets others run.
#[tokio::test]
async fn a_stream_that_is_always_ready_gives_way_to_a_call_on_its_connection() {
    let mut server = serve().await;
    let mut raw = Raw::connect(server.address).await;
    let grpc = || headers(&[("content-type", "application/grpc")]);
    let endless = raw.start("/test.Plain/Slow", grpc(), Some(framed(b"x"))).await;
    let mut made = || std::iter::from_fn(|| server.started.try_recv().ok()).count();
    // Those that leave together are thousands of this length.
    let (_head, _messages) = endless.unread().await;
    let before = made();
    assert!(before < 500, "{before} messages were made before the head arrived");
    let got = raw.call("/test.Plain/Echo", grpc(), Some(framed(b"hi"))).await;
    assert_eq!(got.body, framed(b"hi"));
    let before = made();
    assert!(before < 500, "{before} messages were made before the call was answered");
}
