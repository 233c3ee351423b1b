//! Replies whose head is their end, as grpc-go answers a stream that sends nothing.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::connect::Connect as _;
use dubhe_core::reply::{Frame, ReplyBody};
use dubhe_core::{
    Call, CallKind, Code, Encoded, Endpoint, Format, Head, Invoke as _, Method, Reply, ServiceKey,
    Status,
};
use dubhe_triple::{TripleConnect, TripleOptions};
use futures_util::StreamExt as _;
use tokio::net::TcpListener;

/// A server that answers every request so.
async fn serve() -> Endpoint {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let head = http::Response::builder().header("content-type", "application/grpc");
            let head = head.header("grpc-status", "0").header("cost", "3").body(()).unwrap();
            respond.send_response(head, true).unwrap();
        }
    });
    Endpoint::of("tri", "127.0.0.1", port)
}

async fn call(kind: CallKind) -> Result<Reply, Status> {
    let channel = TripleConnect::new(TripleOptions::default()).connect(&serve().await).unwrap();
    let method = Method { name: "Any".into(), descriptor: None, kind };
    let head = Head::new(Arc::new(ServiceKey::interface_only("a.B")), Arc::new(method));
    let message = Encoded::new(Format::Protobuf, Bytes::new()).into();
    channel.invoke(Call::new(head, message)).await
}

#[tokio::test]
async fn of_many_messages_they_are_none() {
    let reply = call(CallKind::ServerStream).await.unwrap();
    let ReplyBody::Stream(mut frames) = reply.body else { panic!("no stream") };
    let Some(Frame::Trailers(trailers)) = frames.next().await else { panic!("no trailers") };
    assert!(trailers.status.is_none());
    assert_eq!(trailers.metadata, [("cost", "3")].into_iter().collect());
    assert!(frames.next().await.is_none());
}

#[tokio::test]
async fn of_one_message_it_is_missing() {
    let error = call(CallKind::Unary).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert!(error.message().contains("no message came"), "{error}");
}
