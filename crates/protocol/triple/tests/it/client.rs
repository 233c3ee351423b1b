//! The client, against the server of this crate over a socket.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dubhe_core::connect::{Channel, Connect};
use dubhe_core::endpoint::{Offer, ServiceParams};
use dubhe_core::payload::Args;
use dubhe_core::reply::{Frame, ReplyBody};
use dubhe_core::status::Retry;
use dubhe_core::time::Deadline;
use dubhe_core::{
    Call, CallBody, CallKind, Code, Endpoint, Head, Invoke, Method, Payload, Reply, ServiceKey,
    Status, Value,
};
use dubhe_hessian2::java::Throwable;
use dubhe_net::time;
use dubhe_triple::{Compress, TripleConnect, TripleOptions};
use futures_util::{StreamExt, stream};

use crate::support::{self, Server, message, only, serve};

fn channel(server: &Server) -> Arc<dyn Channel> {
    let endpoint = Endpoint::of("tri", "127.0.0.1", server.address.port());
    TripleConnect::new(TripleOptions::default()).connect(&endpoint).unwrap()
}

fn head(method: &'static str, kind: CallKind) -> Head {
    let method = Method { name: method.into(), descriptor: None, kind };
    Head::new(Arc::new(ServiceKey::new("test.Plain", "g", "2")), Arc::new(method))
}

fn hi() -> Bytes {
    Bytes::from_static(b"hi")
}

fn java(name: &'static str) -> Call {
    let method = Arc::new(Method::java(name, "Ljava/lang/String;"));
    let head = Head::new(Arc::new(ServiceKey::interface_only("test.Java")), method);
    Call::new(head, dubhe_hessian2::payload::args(("bob".to_owned(),)))
}

fn streamed(messages: &'static [&'static str]) -> CallBody {
    let each = messages.iter().map(|text| Ok(message(Bytes::from_static(text.as_bytes()))));
    CallBody::Stream(Box::pin(stream::iter(each)))
}

/// The messages of a streamed reply, and how it ended.
async fn drain(reply: Reply) -> (Vec<Bytes>, dubhe_core::Trailers) {
    let ReplyBody::Stream(mut stream) = reply.body else { panic!("no stream") };
    let mut messages = Vec::new();
    loop {
        match stream.next().await.expect("a stream ends with trailers") {
            Frame::Message(payload) => messages.push(support::bytes(&payload)),
            Frame::Trailers(trailers) => return (messages, trailers),
        }
    }
}

#[tokio::test]
async fn a_unary_call_carries_message_and_metadata_both_ways() {
    let server = serve().await;
    let mut head = head("Echo", CallKind::Unary);
    head.metadata.insert("traceId", "7");
    let reply = channel(&server).invoke(Call::new(head, message(hi()))).await.unwrap();
    assert_eq!(only(&reply), hi());
    assert_eq!(reply.metadata, [("traceId", "7")].into_iter().collect());
}

#[tokio::test]
async fn a_message_larger_than_every_window_arrives() {
    let server = serve().await;
    let large = Bytes::from(vec![7; 6 * 1024 * 1024]);
    let call = Call::new(head("Echo", CallKind::Unary), message(large.clone()));
    assert_eq!(only(&channel(&server).invoke(call).await.unwrap()), large);
    let above = Bytes::from(vec![7; 8 * 1024 * 1024 + 1]);
    let call = Call::new(head("Echo", CallKind::Unary), message(above));
    let error = channel(&server).invoke(call).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_client_that_compresses_is_answered_in_kind() {
    let server = serve().await;
    let mut options = TripleOptions::default();
    options.compress = Compress::Always;
    let endpoint = Endpoint::of("tri", "127.0.0.1", server.address.port());
    let channel = TripleConnect::new(options).connect(&endpoint).unwrap();
    // It fits the windows of a stream compressed only.
    let large = Bytes::from(vec![7; 6 * 1024 * 1024]);
    let call = Call::new(head("Echo", CallKind::Unary), message(large.clone()));
    assert_eq!(only(&channel.invoke(call).await.unwrap()), large);
    let call =
        Call { head: head("Each", CallKind::Bidirectional), body: streamed(&["a", "b", "c"]) };
    let (messages, _) = drain(channel.invoke(call).await.unwrap()).await;
    assert_eq!(messages, ["a", "b", "c"]);
    let above = Bytes::from(vec![7; 8 * 1024 * 1024 + 1]);
    let call = Call::new(head("Echo", CallKind::Unary), message(above));
    assert_eq!(channel.invoke(call).await.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn messages_that_are_ready_together_arrive_one_by_one() {
    let server = serve().await;
    let all: Vec<Bytes> = (0..5_000_u32).map(|n| n.to_string().into()).collect();
    let sent = all.clone().into_iter().map(|bytes| Ok(message(bytes)));
    let body = CallBody::Stream(Box::pin(stream::iter(sent)));
    let call = Call { head: head("Each", CallKind::Bidirectional), body };
    let (messages, _) = drain(channel(&server).invoke(call).await.unwrap()).await;
    assert_eq!(messages, all);
}

#[tokio::test]
async fn a_request_is_sent_while_nobody_reads_the_reply() {
    let server = serve().await;
    let (sent, mut taken) = tokio::sync::mpsc::unbounded_channel();
    let each = (0..3).map(move |n| {
        sent.send(n).unwrap();
        Ok(message(hi()))
    });
    // The first message is there when the reply begins; the others follow at their own time.
    let slow = stream::iter(each).then(|message| async {
        tokio::task::yield_now().await;
        message
    });
    let call = Call {
        head: head("Each", CallKind::Bidirectional),
        body: CallBody::Stream(Box::pin(slow)),
    };
    let reply = channel(&server).invoke(call).await.unwrap();
    for n in 0..3 {
        assert_eq!(taken.recv().await, Some(n));
    }
    assert_eq!(drain(reply).await.0.len(), 3);
}

#[tokio::test]
async fn every_kind_of_stream() {
    let server = serve().await;
    let channel = channel(&server);
    let call = Call::new(head("Repeat", CallKind::ServerStream), message(hi()));
    let (messages, trailers) = drain(channel.invoke(call).await.unwrap()).await;
    assert_eq!(messages, [hi(), hi(), hi()]);
    assert!(trailers.status.is_none());
    assert_eq!(trailers.metadata, [("k", "end")].into_iter().collect());
    let call =
        Call { head: head("Join", CallKind::ClientStream), body: streamed(&["a", "b", "c"]) };
    assert_eq!(only(&channel.invoke(call).await.unwrap()), "abc");
    let call =
        Call { head: head("Each", CallKind::Bidirectional), body: streamed(&["a", "b", "c"]) };
    let (messages, trailers) = drain(channel.invoke(call).await.unwrap()).await;
    assert_eq!(messages, ["a", "b", "c"]);
    assert!(trailers.status.is_none());
}

#[tokio::test]
async fn attachments_of_an_error_are_found_at_its_head() {
    let server = serve().await;
    let plain = Call::new(head("Fail", CallKind::Unary), message(hi()));
    for call in [plain, java("fail")] {
        let error = channel(&server).invoke(call).await.unwrap_err();
        assert_eq!(error.headers().get_str("seen"), Some("yes"), "{error}");
    }
}

#[tokio::test]
async fn a_request_that_fails_fails_the_call() {
    let server = serve().await;
    let broken = stream::iter([Ok(message(hi())), Err(Status::new(Code::DataLoss, "broken"))]);
    let body = CallBody::Stream(Box::pin(broken));
    let call = Call { head: head("Join", CallKind::ClientStream), body };
    assert_eq!(channel(&server).invoke(call).await.unwrap_err().code(), Code::DataLoss);

    // Also after the reply has begun, and whatever the other end says of the reset.
    let (send, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let body = CallBody::Stream(Box::pin(stream::poll_fn(move |cx| sent.poll_recv(cx))));
    let call = Call { head: head("Each", CallKind::Bidirectional), body };
    send.send(Ok(message(hi()))).unwrap();
    let reply = channel(&server).invoke(call).await.unwrap();
    send.send(Err(Status::new(Code::DataLoss, "broken"))).unwrap();
    let (_, trailers) = drain(reply).await;
    assert_eq!(trailers.status.unwrap().code(), Code::DataLoss);
}

#[tokio::test]
async fn errors_come_back_as_they_were() {
    let server = serve().await;
    let channel = channel(&server);
    for (method, code) in
        [("Fail", Code::NotFound), ("Panic", Code::Internal), ("Missing", Code::Unimplemented)]
    {
        let call = Call::new(head(method, CallKind::Unary), message(hi()));
        assert_eq!(channel.invoke(call).await.unwrap_err().code(), code, "{method}");
    }
    let call = Call::new(head("Fail", CallKind::Unary), message(hi()));
    assert_eq!(channel.invoke(call).await.unwrap_err().message(), "not here");
}

#[tokio::test]
async fn the_deadline_ends_a_call_at_both_ends() {
    let mut server = serve().await;
    let mut head = head("Never", CallKind::Unary);
    head.deadline = Some(Deadline::after(time::now(), Duration::from_millis(50)));
    let call = Call::new(head, message(hi()));
    let error = channel(&server).invoke(call).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    server.dropped.recv().await.unwrap();
}

#[tokio::test]
async fn dropping_a_call_drops_its_handler() {
    let mut server = serve().await;
    let channel = channel(&server);
    let call = Call::new(head("Never", CallKind::Unary), message(hi()));
    let invoking = tokio::spawn(channel.invoke(call));
    server.started.recv().await.unwrap();
    invoking.abort();
    server.dropped.recv().await.unwrap();
}

#[tokio::test]
async fn a_java_interface_and_its_exceptions() {
    let server = serve().await;
    let channel = channel(&server);
    let reply = channel.invoke(java("hello")).await.unwrap();
    assert_eq!(dubhe_hessian2::payload::reply::<String>(&reply).unwrap(), "hi bob");
    assert_eq!(reply.metadata, [("seen", "yes")].into_iter().collect());
    let error = channel.invoke(java("fail")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::FailedPrecondition, "no bob"));
    let thrown = Throwable::of(&error).unwrap();
    assert_eq!(&*thrown.class, "java.lang.IllegalStateException");
    assert!(error.is_business());
}

#[tokio::test]
async fn arguments_of_one_class_are_encoded_each_alone() {
    let server = serve().await;
    let user = |name: &str| Value::from(Value::object("a.User").field("name", name));
    let descriptor = "Ljava/lang/Object;Ljava/lang/Object;";
    let interface = Arc::new(ServiceKey::interface_only("test.Java"));
    for payload in [
        dubhe_hessian2::payload::args((user("a"), user("b"))),
        Payload::Args(Args::Values([user("a"), user("b")].into())),
    ] {
        let method = Arc::new(Method::java("pair", descriptor));
        let call = Call::new(Head::new(interface.clone(), method), payload);
        let reply = channel(&server).invoke(call).await.unwrap();
        let got = dubhe_hessian2::payload::reply::<Value>(&reply).unwrap();
        assert_eq!(got.items(), [user("a"), user("b")]);
    }
}

#[tokio::test]
async fn an_endpoint_whose_parameters_are_nonsense_is_refused() {
    let params = [("connections".into(), "many".into())].into();
    let offer = Offer { protocol: "tri".into(), port: 1 };
    let service = Arc::new(ServiceParams::new(&params));
    let endpoint = Endpoint::new(Arc::default(), offer, service);
    let refused = TripleConnect::new(TripleOptions::default()).connect(&endpoint);
    assert_eq!(refused.err().unwrap().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn nobody_listening_is_unavailable_and_safe_to_retry() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = Endpoint::of("tri", "127.0.0.1", listener.local_addr().unwrap().port());
    drop(listener);
    let channel = TripleConnect::new(TripleOptions::default()).connect(&endpoint).unwrap();
    let call = Call::new(head("Echo", CallKind::Unary), message(hi()));
    let error = channel.invoke(call).await.unwrap_err();
    assert_eq!((error.code(), error.retry()), (Code::Unavailable, Retry::Unstarted));
}

#[tokio::test]
async fn a_drained_connection_ends_its_calls_and_closes() {
    let mut server = serve().await;
    let channel = channel(&server);
    let call = Call::new(head("Wait", CallKind::Unary), message(hi()));
    let waiting = tokio::spawn(channel.invoke(call));
    server.started.recv().await.unwrap();
    server.go.notify_one();
    let (left, reply) =
        tokio::join!(server.trigger.drain(time::now() + Duration::from_secs(20)), waiting);
    assert_eq!(left, 0);
    assert_eq!(only(&reply.unwrap().unwrap()), hi());
    server.ended.await.unwrap();
}
