//! The server against a client that says exactly what the test wants.

use std::sync::Arc;
use std::time::Duration;

use dubhe_core::status::table::dubbo;
use dubhe_core::time::Timer;
use dubhe_core::{Invoking, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::header::{Header, Kind};
use dubhe_dubbo::serialization::SerializationId;
use dubhe_dubbo::{PayloadLimit, body};
use dubhe_net::session::CloseReason;
use dubhe_net::time::TokioClock;
use tokio::sync::mpsc;

use crate::support::{Methods, Raw, Request, echo, event, frame, reply};

const HESSIAN2: SerializationId = SerializationId::HESSIAN2;

/// Asserts that nothing before has hurt the connection.
async fn still_serves(raw: &mut Raw) {
    raw.send(&Request::new(99, "echo", "still here").bytes()).await;
    assert_eq!(raw.reply().await, (99, dubbo::OK, "still here".into()));
}

#[tokio::test]
async fn each_bad_request_gets_an_error_of_its_own() {
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    let good = || Request::new(5, "echo", 1);
    let mut group = good();
    group.attachments.push(("group", "other".into()));
    let cases = [
        (
            Request { service: "no.Such", attachments: vec![], ..good() },
            dubbo::SERVICE_ERROR,
            "no service \"no.Such\"",
        ),
        (group, dubbo::SERVICE_ERROR, "no service"),
        (Request { method: "other", ..good() }, dubbo::OK, "no such method"),
        (
            Request { descriptor: "Q", ..good() },
            dubbo::BAD_REQUEST,
            "not a list of JVM descriptors",
        ),
        (Request { descriptor: "IIIIIIIIII", ..good() }, dubbo::BAD_REQUEST, "fail to decode"),
        (
            Request { serialization: SerializationId::from_name("java").unwrap(), ..good() },
            dubbo::BAD_REQUEST,
            "set serialization=hessian2",
        ),
    ];
    for (request, status, text) in cases {
        raw.send(&request.bytes()).await;
        let (id, found, error) = raw.reply().await;
        assert_eq!((id, found), (5, status), "{error:?}");
        let thrown = error.get("detailMessage").unwrap_or(&error);
        assert!(thrown.as_str().unwrap().contains(text), "{error:?}");
        still_serves(&mut raw).await;
    }
}

#[tokio::test]
async fn fastjson2_is_refused_in_its_own_form_and_names_the_setting() {
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    let request =
        Request { serialization: SerializationId::FASTJSON2, ..Request::new(5, "echo", 1) };
    raw.send(&request.bytes()).await;
    let (header, body) = raw.next().await.unwrap();
    assert_eq!(header.kind, Kind::Reply { status: dubbo::BAD_REQUEST });
    assert_eq!(header.serialization, SerializationId::FASTJSON2);
    let length = u32::from_be_bytes(body[..4].try_into().unwrap()) as usize;
    assert_eq!((length, body[4]), (body.len() - 4, 0x7a), "one JSONB string");
    let text = std::str::from_utf8(&body[7..]).unwrap();
    assert!(text.contains("prefer.serialization=hessian2"), "{text}");
    still_serves(&mut raw).await;
}

#[tokio::test]
async fn one_way_errors_are_not_sent() {
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    for method in ["other", "echo"] {
        raw.send(&Request { two_way: false, ..Request::new(5, method, 1) }.bytes()).await;
    }
    let large = Request { two_way: false, ..Request::new(5, "echo", vec![0; 9 << 20]) }.bytes();
    let sending = raw.send(&large);
    sending.await;
    still_serves(&mut raw).await;
}

#[tokio::test]
async fn a_one_way_call_ends_with_its_handler() {
    let (ends, mut ended) = mpsc::unbounded_channel();
    let methods = Methods::default().method("tell", move |call| {
        let ends = ends.clone();
        Invoking::boxed(async move {
            let mut reply = echo(call).await?;
            reply.on_end(Timer::start(Arc::new(TokioClock)), move |end| {
                ends.send((end.name(), end.messages)).unwrap();
            });
            Ok(reply)
        })
    });
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), methods);
    for two_way in [false, true] {
        raw.send(&Request { two_way, ..Request::new(5, "tell", 1) }.bytes()).await;
        assert_eq!(ended.recv().await, Some(("OK", 1)), "two-way: {two_way}");
    }
}

#[tokio::test]
async fn a_request_above_the_limit_is_answered_at_once_and_skipped() {
    let options = DubboOptions::default().payload(PayloadLimit::bytes(1000));
    let (mut raw, _server) = Raw::client_of(options, Methods::echo());
    let request = Request::new(5, "echo", vec![0; 100_000]).bytes();
    raw.send(&request[..1000]).await;
    let (id, status, error) = raw.reply().await;
    assert_eq!((id, status), (5, dubbo::BAD_REQUEST));
    assert!(error.as_str().unwrap().contains("max payload: 1000"), "{error:?}");
    raw.send(&request[1000..]).await;
    still_serves(&mut raw).await;
}

#[tokio::test]
async fn a_service_may_have_a_lower_limit_than_its_port() {
    let methods = Methods::default().param("payload", "200").method("echo", echo);
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), methods);
    raw.send(&Request::new(5, "echo", vec![0; 300]).bytes()).await;
    let (id, status, error) = raw.reply().await;
    assert_eq!((id, status), (5, dubbo::BAD_REQUEST));
    assert!(error.as_str().unwrap().contains("max payload: 200"), "{error:?}");
    still_serves(&mut raw).await;
}

#[tokio::test]
async fn attachments_go_back_only_to_clients_that_read_them() {
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    for (version, tag) in [("2.0.2", 0x94), ("2.7.23", 0x91), ("3.3.6", 0x91), ("?", 0x91)] {
        raw.send(&Request { dubbo: version, ..Request::new(5, "echo", 1) }.bytes()).await;
        let (_, body) = raw.next().await.unwrap();
        assert_eq!(body[0], tag, "{version}");
        let mut request = Request { dubbo: version, ..Request::new(5, "echo", Value::Null) };
        request.attachments.push(("k", "v".into()));
        raw.send(&request.bytes()).await;
        let (_, body) = raw.next().await.unwrap();
        assert_eq!(body[0], tag + 1, "{version}");
        let (_, metadata) = body::read_reply(&body, &body::BodyLimits::default()).unwrap();
        assert_eq!(metadata.get_str("k"), (tag == 0x94).then_some("v"), "{version}");
    }
}

#[tokio::test]
async fn heartbeats_are_answered_in_kind_and_other_events_are_not() {
    let (mut raw, server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    raw.send(&event(true, b"N")).await;
    let answer = Header {
        kind: Kind::EventReply { status: dubbo::OK },
        serialization: HESSIAN2,
        id: 7,
        length: 1,
    };
    assert_eq!(raw.next().await.unwrap(), (answer, "N".into()));
    let fastjson2 =
        frame(Kind::Event { two_way: true }, SerializationId::FASTJSON2, 8, &[0, 0, 0, 1, 0xaf]);
    raw.send(&fastjson2).await;
    let (header, body) = raw.next().await.unwrap();
    assert_eq!(
        (header.serialization, &body[..]),
        (SerializationId::FASTJSON2, &[0, 0, 0, 1, 0xaf][..])
    );
    raw.send(&event(false, b"\x01R")).await;
    raw.send(&event(false, b"\x01H")).await;
    raw.send(&event(true, &[0; 16])).await;
    still_serves(&mut raw).await;
    assert!(!server.connection.accepts_calls(), "the peer is readonly");
    raw.send(&event(false, b"\x01W")).await;
    still_serves(&mut raw).await;
    assert!(server.connection.accepts_calls());
}

#[tokio::test]
async fn a_call_whose_time_is_over_never_reaches_its_handler() {
    let (ran, mut calls) = mpsc::unbounded_channel();
    let methods = Methods::echo().method("late", move |call| {
        ran.send(()).unwrap();
        echo(call)
    });
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), methods);
    for left in [Value::Int(0), Value::Long(-5), Value::from("0")] {
        let mut request = Request::new(5, "late", 1);
        request.attachments.push(("timeout", "3000".into()));
        request.attachments.push(("_TO", left));
        raw.send(&request.bytes()).await;
        let (id, status, _) = raw.reply().await;
        assert_eq!((id, status), (5, dubbo::SERVER_TIMEOUT));
    }
    still_serves(&mut raw).await;
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn reading_stops_at_the_limit_of_running_calls() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let (begun, mut calls) = mpsc::unbounded_channel();
    let methods = Methods::default().method("wait", move |call| {
        begun.send(()).unwrap();
        let mut wait = wait.clone();
        Invoking::boxed(async move {
            wait.wait_for(|go| *go).await.unwrap();
            echo(call).await
        })
    });
    let (mut raw, _server) = Raw::client_of(DubboOptions::default().max_running(2), methods);
    let requests: Vec<u8> = (1..=5).flat_map(|n| Request::new(n, "wait", 1).bytes()).collect();
    raw.send(&requests).await;
    for _ in 0..2 {
        calls.recv().await.unwrap();
    }
    tokio::task::yield_now().await;
    assert!(calls.try_recv().is_err(), "the third waits in the buffer");
    go.send(true).unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(raw.reply().await.0);
    }
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_callback_in_flight_keeps_reading_alive_and_refuses_what_is_too_much() {
    let options = DubboOptions::default().max_running(1);
    let (mut raw, _server) = Raw::client_of(options, Methods::back());
    raw.send(&Request::new(1, "back", 1).bytes()).await;
    let (callback, _) = raw.next().await.unwrap();
    assert_eq!(callback.kind, Kind::Call { two_way: true });
    raw.send(&Request::new(2, "back", 1).bytes()).await;
    let (id, status, _) = raw.reply().await;
    assert_eq!((id, status), (2, dubbo::SERVER_THREADPOOL_EXHAUSTED));
    raw.send(&reply(callback.id, "done")).await;
    assert_eq!(raw.reply().await, (1, dubbo::OK, "done".into()));
}

#[tokio::test]
async fn garbage_between_frames_is_skipped() {
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    still_serves(&mut raw).await;
    raw.send(b"telnet> ls\r\n\xda").await;
    still_serves(&mut raw).await;
}

#[tokio::test]
async fn the_garbage_that_is_skipped_has_a_limit_which_is_an_option() {
    let options = DubboOptions::default().max_resync(1_000);
    let (mut raw, server) = Raw::client_of(options, Methods::echo());
    still_serves(&mut raw).await;
    raw.send(&[0; 1_000]).await;
    still_serves(&mut raw).await;
    raw.send(&[0; 1_001]).await;
    assert!(raw.next().await.is_none());
    let why = server.task.await.unwrap().to_string();
    assert!(why.contains("more than 1000 bytes in a row"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn hostile_streams_end_the_connection_and_nothing_else() {
    let mut negative = Request::new(1, "echo", 1).bytes();
    negative[12] = 0xff;
    let streams: [&[u8]; 3] = [b"GET / HTTP/1.1\r\n\r\n", &[0; 200], &negative];
    for stream in streams {
        let (mut raw, server) = Raw::client_of(DubboOptions::default(), Methods::echo());
        raw.send(stream).await;
        assert!(raw.next().await.is_none());
        assert!(matches!(server.task.await.unwrap(), CloseReason::Failed(_)), "{stream:?}");
    }
}

#[tokio::test]
async fn hostile_bodies_get_an_error_each() {
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    let whole = Request::new(5, "echo", Value::list([1, 2, 3])).bytes();
    let body = &whole[16..];
    let mut bodies: Vec<Vec<u8>> = (0..body.len()).map(|n| body[..n].to_vec()).collect();
    // Declares two billion elements, a map in itself, nesting without end.
    for attack in [&b"XI\x7f\xff\xff\xff"[..], b"HQ\x90", &[b'X'; 5000], &[0x57; 5000]] {
        let mut hostile = Request::new(5, "echo", "MARK").bytes()[16..].to_vec();
        let at = hostile.windows(5).position(|w| w == b"\x04MARK").unwrap();
        hostile.splice(at.., attack.iter().copied());
        bodies.push(hostile);
    }
    for body in bodies {
        raw.send(&frame(Kind::Call { two_way: true }, HESSIAN2, 5, &body)).await;
        let (id, status, _) = raw.reply().await;
        assert_eq!(id, 5);
        // Without its attachments a request is still whole.
        assert!(status == dubbo::BAD_REQUEST || status == dubbo::OK, "{status} {body:x?}");
    }
    still_serves(&mut raw).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_given_up_after_three_periods() {
    let options = DubboOptions::default().heartbeat(Duration::from_mins(1));
    let (mut raw, server) = Raw::client_of(options, Methods::echo());
    let begin = tokio::time::Instant::now();
    assert!(raw.next().await.is_none());
    assert_eq!(begin.elapsed().as_secs(), 180);
    let why = server.task.await.unwrap();
    assert!(why.to_string().contains("nothing came from"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_read_from_is_not_taken_for_silent() {
    let (methods, go) = Methods::waiting();
    let (mut raw, _server) = Raw::client_of(DubboOptions::default().max_running(1), methods);
    for id in 1..=2 {
        raw.send(&Request::new(id, "wait", 1).bytes()).await;
    }
    tokio::time::sleep(Duration::from_mins(10)).await;
    go.send(true).unwrap();
    for id in 1..=2 {
        assert_eq!(raw.reply().await, (id, dubbo::OK, 1.into()));
    }
    still_serves(&mut raw).await;
}

#[tokio::test(start_paused = true)]
async fn draining_tells_the_peer_serves_on_and_closes_when_quiet() {
    let (methods, go) = Methods::waiting();
    let (mut raw, server) = Raw::client_of(DubboOptions::default(), methods);
    raw.send(&Request::new(1, "wait", 1).bytes()).await;
    still_serves(&mut raw).await;
    server.connection.drain();
    let (header, body) = raw.next().await.unwrap();
    assert_eq!((header.kind, &body[..]), (Kind::Event { two_way: false }, &b"\x01R"[..]));
    still_serves(&mut raw).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    go.send(true).unwrap();
    assert_eq!(raw.reply().await, (1, dubbo::OK, 1.into()));
    assert!(raw.next().await.is_none());
    let why = server.task.await.unwrap();
    assert!(matches!(why, CloseReason::Local(_)), "{why}");
}
