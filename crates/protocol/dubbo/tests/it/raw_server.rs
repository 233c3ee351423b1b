//! The client against a server that says exactly what the test wants.

use std::time::Duration;

use dubhe_core::status::table::dubbo;
use dubhe_core::status::{Origin, Retry};
use dubhe_core::time::Deadline;
use dubhe_core::{Call, Code, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::PayloadLimit;
use dubhe_dubbo::header::Kind;
use dubhe_dubbo::serialization::SerializationId;
use dubhe_hessian2::{Encode, Encoder};
use dubhe_net::keepalive::KeepaliveOptions;
use dubhe_net::session::CloseReason;

use crate::support::{Raw, Request, call, event, frame, metadata, reply, value};

const HESSIAN2: SerializationId = SerializationId::HESSIAN2;

fn call_within(seconds: u64) -> Call {
    let mut call = call("m", 1);
    let now = dubhe_net::time::now();
    call.head.deadline = Some(Deadline::after(now, Duration::from_secs(seconds)));
    call
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_is_dropped_and_its_slot_serves_another_call() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let first = client.connection.start(call_within(1));
    let (late, _) = raw.next().await.unwrap();
    assert_eq!(first.await.unwrap_err().code(), Code::DeadlineExceeded);
    let second = client.connection.start(call_within(1));
    let (header, _) = raw.next().await.unwrap();
    assert_ne!(header.id, late.id);
    raw.send(&reply(late.id, "late")).await;
    raw.send(&reply(header.id, "in time")).await;
    raw.send(&reply(header.id, "twice")).await;
    assert_eq!(value(&second.await.unwrap()), Value::from("in time"));
    assert_eq!(client.connection.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn five_thousand_deadlines_pass_together_and_leave_nothing() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let calls: Vec<_> = (0..5000).map(|_| client.connection.start(call_within(1))).collect();
    for _ in 0..5000 {
        raw.next().await.unwrap();
    }
    for call in calls {
        assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
    }
    assert_eq!(client.connection.waiting(), 0);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let dropped = client.connection.start(call("m", 1));
    let (header, _) = raw.next().await.unwrap();
    drop(dropped);
    assert_eq!(client.connection.waiting(), 0);
    raw.send(&reply(header.id, "nobody asks")).await;
    let next = client.connection.start(call("m", 2));
    let (header, _) = raw.next().await.unwrap();
    raw.send(&reply(header.id, "next")).await;
    assert_eq!(value(&next.await.unwrap()), Value::from("next"));
}

#[tokio::test]
async fn statuses_and_broken_replies_are_errors_of_their_call() {
    let text = |text: &str| {
        let mut e = Encoder::new();
        e.write_str(text);
        e.into_buffer().to_vec()
    };
    let thrown = |value: Value| {
        let mut e = Encoder::new();
        e.write_i32(0);
        value.encode(&mut e).unwrap();
        e.into_buffer().to_vec()
    };
    let rpc = Value::object("org.apache.dubbo.rpc.RpcException");
    let rpc = rpc.field("detailMessage", "limited").field("code", 7);
    let java = SerializationId::from_name("java").unwrap();
    let cases = [
        (
            HESSIAN2,
            dubbo::SERVER_THREADPOOL_EXHAUSTED,
            text("full"),
            Code::ResourceExhausted,
            Retry::Unstarted,
            "full",
        ),
        (
            HESSIAN2,
            dubbo::SERVER_TIMEOUT,
            text("slow"),
            Code::DeadlineExceeded,
            Retry::Unknown,
            "slow",
        ),
        (
            HESSIAN2,
            dubbo::BAD_REQUEST,
            b"\xff\xfe".to_vec(),
            Code::InvalidArgument,
            Retry::Never,
            "demo.Service.m on",
        ),
        // As Dubbo Java 3.2 sends every text.
        (
            SerializationId::FASTJSON2,
            dubbo::SERVICE_ERROR,
            b"\0\0\0\x05\x4dslow".to_vec(),
            Code::Internal,
            Retry::Never,
            "slow",
        ),
        (
            java,
            dubbo::SERVER_TIMEOUT,
            vec![0xac],
            Code::DeadlineExceeded,
            Retry::Unknown,
            "cannot be read: it is serialized as java (3)",
        ),
        (
            HESSIAN2,
            dubbo::OK,
            vec![0x99],
            Code::Internal,
            Retry::Never,
            "cannot begin with the tag 9",
        ),
        (HESSIAN2, dubbo::OK, vec![], Code::Internal, Retry::Never, "the reply cannot be read"),
        (HESSIAN2, dubbo::OK, vec![0x91, b'Q', 0x95], Code::Internal, Retry::Never, "reference"),
        (java, dubbo::OK, vec![0x91, 0x91], Code::Internal, Retry::Never, "serialized as java (3)"),
        (HESSIAN2, dubbo::OK, thrown(1.into()), Code::Internal, Retry::Never, "expect Throwable"),
        (HESSIAN2, dubbo::OK, thrown(rpc.into()), Code::ResourceExhausted, Retry::Never, "limited"),
    ];
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    for (serialization, status, body, code, retry, part) in cases {
        let calling = client.connection.start(call("m", 1));
        let (header, _) = raw.next().await.unwrap();
        raw.send(&frame(Kind::Reply { status }, serialization, header.id, &body)).await;
        let error = calling.await.unwrap_err();
        assert_eq!((error.code(), error.retry()), (code, retry), "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert_ne!(error.origin(), Origin::Local, "{error}");
    }
}

#[tokio::test]
async fn the_stray_byte_of_dubbo_go_is_ignored() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let calling = client.connection.start(call("m", 1));
    let (header, _) = raw.next().await.unwrap();
    let mut e = Encoder::new();
    e.write_i32(4);
    e.write_str("from go");
    Value::map([("trace", "t")]).encode(&mut e).unwrap();
    e.write_null();
    let body = e.into_buffer();
    raw.send(&frame(Kind::Reply { status: dubbo::OK }, HESSIAN2, header.id, &body)).await;
    let reply = calling.await.unwrap();
    assert_eq!(value(&reply), Value::from("from go"));
    assert_eq!(reply.metadata, metadata("trace", "t"));
}

#[tokio::test]
async fn a_reply_above_the_limit_fails_its_call_at_once_and_is_skipped() {
    let (mut raw, client) =
        Raw::server_of(DubboOptions::default().payload(PayloadLimit::bytes(1000)));
    let calling = client.connection.start(call("m", 1));
    let (header, _) = raw.next().await.unwrap();
    let large = reply(header.id, vec![0; 5000]);
    raw.send(&large[..16]).await;
    let error = calling.await.unwrap_err();
    assert_eq!((error.code(), error.retry()), (Code::ResourceExhausted, Retry::Never));
    assert!(error.message().contains("max payload: 1000"), "{error}");
    raw.send(&large[16..]).await;
    let next = client.connection.start(call("m", 1));
    let (header, _) = raw.next().await.unwrap();
    raw.send(&reply(header.id, 2)).await;
    assert_eq!(value(&next.await.unwrap()), Value::Int(2));
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_sends_heartbeats_and_gives_a_dead_server_up() {
    let options = DubboOptions::default().heartbeat(Duration::from_mins(1));
    let options = options.keepalive(KeepaliveOptions::off());
    let (mut raw, client) = Raw::server_of(options);
    let begin = tokio::time::Instant::now();
    for n in 1..=3 {
        let (header, body) = raw.next().await.unwrap();
        assert_eq!((header.kind, &body[..]), (Kind::Event { two_way: true }, &b"N"[..]));
        assert_eq!(begin.elapsed().as_secs(), 60 * n);
        raw.send(&frame(Kind::EventReply { status: dubbo::OK }, HESSIAN2, header.id, b"N")).await;
    }
    // From here on the server is silent, with a call on its way.
    let calling = client.connection.start(call("m", 1));
    let mut heartbeats = 0;
    while let Some((header, _)) = raw.next().await {
        heartbeats += usize::from(header.kind == Kind::Event { two_way: true });
    }
    assert_eq!(begin.elapsed().as_secs(), 180 + 180);
    assert_eq!(heartbeats, 6, "one after a period, then one each third of it");
    let error = calling.await.unwrap_err();
    assert_eq!((error.code(), error.retry()), (Code::Unavailable, Retry::Unknown));
    assert!(error.message().contains("heartbeats included"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn readonly_stops_new_calls_and_the_last_reply_ends_the_connection() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let (a, b) = (client.connection.start(call("m", 1)), client.connection.start(call("m", 2)));
    let (first, _) = raw.next().await.unwrap();
    let (second, _) = raw.next().await.unwrap();
    raw.send(&[event(false, b"\x01R"), reply(first.id, 1)].concat()).await;
    assert_eq!(value(&a.await.unwrap()), Value::Int(1));
    assert!(!client.connection.accepts_calls());
    assert!(!client.connection.handle().is_closed());
    raw.send(&reply(second.id, 2)).await;
    assert_eq!(value(&b.await.unwrap()), Value::Int(2));
    assert!(raw.next().await.is_none());
    assert!(matches!(client.task.await.unwrap(), CloseReason::Local(_)));
}

#[tokio::test]
async fn writeable_takes_readonly_back() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let calling = client.connection.start(call("m", 1));
    let (header, _) = raw.next().await.unwrap();
    let stream = [event(false, b"\x01R"), event(false, b"\x01W"), reply(header.id, 1)].concat();
    raw.send(&stream).await;
    calling.await.unwrap();
    assert!(client.connection.accepts_calls());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_no_dubbo_server_is_named_as_such() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let calling = client.connection.start(call("m", 1));
    raw.next().await.unwrap();
    raw.send(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let error = calling.await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("check that the port serves the dubbo protocol"), "{error}");
}

#[tokio::test]
async fn a_client_without_services_refuses_calls() {
    let (mut raw, _client) = Raw::server_of(DubboOptions::default());
    raw.send(&Request::new(5, "echo", 1).bytes()).await;
    let (id, status, error) = raw.reply().await;
    assert_eq!((id, status), (5, dubbo::SERVICE_ERROR));
    assert!(error.as_str().unwrap().contains("exports no service"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_holds_callers_back_until_their_deadline() {
    let (raw, client) = Raw::server_of(DubboOptions::default());
    let large = || {
        let mut call = call_within(5);
        call.body = call_body(300_000);
        call
    };
    let calls: Vec<_> = (0..20).map(|_| client.connection.start(large())).collect();
    tokio::task::yield_now().await;
    let queued = client.connection.handle().queued();
    assert!(queued < 2 << 20, "{queued} bytes wait");
    let mut unsent = 0;
    for call in calls {
        let error = call.await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        unsent += usize::from(error.retry() == Retry::Unstarted);
    }
    assert!(unsent >= 10, "{unsent} of 20 were never queued");
    assert_eq!(client.connection.waiting(), 0);
    drop(raw);
}

#[tokio::test]
async fn only_calls_whose_bytes_never_left_are_said_not_to_have_started() {
    let (raw, client) = Raw::server_of(DubboOptions::default());
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let mut call = call("m", 1);
            call.body = call_body(30_000);
            client.connection.start(call)
        })
        .collect();
    // The pipe holds 64 KiB: two calls and a part of the third.
    while client.connection.handle().queued() > 20 * 30_000 - 64 * 1024 + 10_000 {
        tokio::task::yield_now().await;
    }
    client.connection.handle().abort("test");
    let mut retries = Vec::new();
    for call in calls {
        let error = call.await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        retries.push(error.retry());
    }
    let (written, unsent) = retries.split_at(3);
    assert_eq!(written, [Retry::Unknown; 3]);
    assert_eq!(unsent, [Retry::Unstarted; 17]);
    drop(raw);
}

fn call_body(bytes: usize) -> dubhe_core::CallBody {
    let values = [vec![0; bytes].into()];
    dubhe_core::CallBody::One(dubhe_core::Payload::Args(dubhe_core::Args::Values(values.into())))
}
