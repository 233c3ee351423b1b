//! The log line of calls that are refused at a limit, which names the option.

use dubhe_core::memory::MemoryLimit;
use dubhe_core::status::table::dubbo;
use dubhe_core::{CallBody, Code, Invoking, Reply, Value};
use dubhe_dubbo::{DubboOptions, PayloadLimit};
use dubhe_hessian2::payload;
use dubhe_testkit::log::Lines;
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level, dispatcher};

use crate::support::{Methods, Raw, Request, SERVICE, call, reply};

fn lines() -> (Lines, DefaultGuard) {
    let lines = Lines::of(Level::DEBUG);
    let guard = dispatcher::set_default(&Dispatch::new(lines.clone()));
    (lines, guard)
}

/// A call whose attachments are above the limits here.
fn long(two_way: bool) -> Request<'static> {
    let attachments = vec![("path", SERVICE.into()), ("k", "a".repeat(2_000).into())];
    Request { two_way, attachments, ..Request::new(1, "echo", 1) }
}

/// The only line about calls that were refused.
fn only(lines: &Lines) -> String {
    let mut found = lines.with("calls were refused");
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[tokio::test]
async fn requests_above_a_limit_leave_a_line_a_second() {
    let methods = || {
        Methods::echo().method("value", |call| {
            let CallBody::One(given) = &call.body else { panic!("no arguments") };
            let read = payload::arguments::<(Value,)>(given);
            Invoking::ready(read.map(|_| Reply::new(payload::message(1))))
        })
    };
    let nulls = Value::list(vec![Value::Null; 10_000]);
    let options = DubboOptions::default;
    for (options, request, name) in [
        (options().max_attachments(2_000), long(true), "max_attachments"),
        (options().payload(PayloadLimit::bytes(2_000)), long(true), "raise payload"),
        (
            options().decoded(MemoryLimit::new(1, 64 << 10)),
            Request::new(1, "value", nulls),
            "option decoded",
        ),
    ] {
        let (lines, _guard) = lines();
        let (mut raw, _server) = Raw::client_of(options, methods());
        for _ in 0..3 {
            raw.send(&request.bytes()).await;
            assert_eq!(raw.reply().await.1, dubbo::BAD_REQUEST, "{name}");
        }
        let line = only(&lines);
        assert!(
            line.contains(name) && line.contains("calls=1") && line.contains("peer="),
            "{line}"
        );
    }
}

#[tokio::test]
async fn one_way_requests_above_a_limit_leave_one_too() {
    let (lines, _guard) = lines();
    let options = DubboOptions::default().max_attachments(2_000);
    let (mut raw, _server) = Raw::client_of(options, Methods::echo());
    raw.send(&long(false).bytes()).await;
    raw.send(&Request::new(2, "echo", "after it").bytes()).await;
    assert_eq!(raw.reply().await, (2, dubbo::OK, "after it".into()));
    assert!(only(&lines).contains("max_attachments"));
}

#[tokio::test]
async fn a_call_above_max_running_leaves_one() {
    let (lines, _guard) = lines();
    let options = DubboOptions::default().max_running(1);
    let (mut raw, _server) = Raw::client_of(options, Methods::back());
    raw.send(&Request::new(1, "back", 1).bytes()).await;
    let (callback, _) = raw.next().await.unwrap();
    assert!(lines.with("calls were refused").is_empty());
    raw.send(&Request::new(2, "back", 1).bytes()).await;
    assert_eq!(raw.reply().await.1, dubbo::SERVER_THREADPOOL_EXHAUSTED);
    assert!(only(&lines).contains("raise max_running"));
    raw.send(&reply(callback.id, "done")).await;
    assert_eq!(raw.reply().await, (1, dubbo::OK, "done".into()));
}

#[tokio::test]
async fn max_calls_wait_for_replies_and_not_one_more() {
    let (lines, _guard) = lines();
    let (mut raw, client) = Raw::server_of(DubboOptions::default().max_calls(3));
    let waiting: Vec<_> = (0..3).map(|n| client.connection.start(call("m", n))).collect();
    assert!(lines.with("calls were refused").is_empty());
    let refused = client.connection.start(call("m", 4)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("3 calls wait for replies"), "{refused}");
    assert!(only(&lines).contains("max_calls"));
    // One that is answered makes room for one.
    let (header, _) = raw.next().await.unwrap();
    raw.send(&reply(header.id, "done")).await;
    let mut waiting = waiting.into_iter();
    waiting.next().unwrap().await.unwrap();
    let again = client.connection.start(call("m", 5));
    let full = client.connection.start(call("m", 6)).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);
    drop((again, waiting));
}
