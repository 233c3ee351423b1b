//! Runs every example and checks what it prints.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

#[path = "../../src/bin/fault_strategy.rs"]
#[allow(dead_code, reason = "its main is run as a program")]
mod hedging;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe::prelude::*;
use dubhe_examples::{OneUser, UsersClient, UsersServer};

fn run(program: &str) -> String {
    let output = Command::new(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {text}{error}");
    text
}

#[test]
fn parts_of_ones_own_are_short() {
    for (name, program) in [
        ("balancer", include_str!("../../src/bin/balancer.rs")),
        ("custom_registry", include_str!("../../src/bin/custom_registry.rs")),
        ("endpoint_filter", include_str!("../../src/bin/endpoint_filter.rs")),
        ("fault_strategy", include_str!("../../src/bin/fault_strategy.rs")),
        ("router", include_str!("../../src/bin/router.rs")),
    ] {
        let lines = program.lines().count();
        assert!(lines < 30, "{name} has {lines} lines");
    }
}

#[test]
fn provider() {
    let text = run(env!("CARGO_BIN_EXE_provider"));
    assert!(text.contains("\"name\": \"Ada\""), "{text}");
    assert!(text.ends_with("drained, 0 connections cut\n"), "{text}");
}

#[test]
fn consumer() {
    let text = run(env!("CARGO_BIN_EXE_consumer"));
    assert!(text.contains("user 1: Some(User { id: 1, name: \"Ada\""), "{text}");
    assert!(text.contains("user 2: None\nall: 1 user(s)\n"), "{text}");
    assert!(text.contains("\"class\": \"org.example.User\""), "{text}");
}

#[test]
fn exceptions() {
    let text = run(env!("CARGO_BIN_EXE_exceptions"));
    assert!(text.contains("left 70, served for Some(\"acme\")"), "{text}");
    assert!(text.contains("\nnot enough: 30 missing\n"), "{text}");
    assert!(text.contains("the account is not empty (java.lang.IllegalStateException)"), "{text}");
}

#[test]
fn java_api() {
    let text = run(env!("CARGO_BIN_EXE_java_api"));
    let line = "OrderLine { article: Some(\"teapot\"), amount: 2, price: None }";
    assert_eq!(text, format!("order 7 has Some([{line}])\nthere are 3 left\n"));
}

#[test]
fn callbacks() {
    let text = run(env!("CARGO_BIN_EXE_callbacks"));
    assert_eq!(text, "left shows 42, right shows 42\nright shows 43\n");
}

#[test]
fn filter() {
    let text = run(env!("CARGO_BIN_EXE_filter"));
    assert!(text.contains("getUser: OK\n"), "{text}");
    assert!(text.contains("signed: answered\n"), "{text}");
    assert!(text.contains("the call is not signed"), "{text}");
}

#[test]
fn balancer() {
    let text = run(env!("CARGO_BIN_EXE_balancer"));
    assert_eq!(text, "20 calls went to 1 of 3 providers\n");
}

#[test]
fn by_name() {
    let text = run(env!("CARGO_BIN_EXE_by_name"));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["20 calls went to 1 of 3 providers", "others went to 3"]);
    assert!(
        lines[2].contains("no balancer is called \"round-robin\"; did you mean \"roundrobin\"?"),
        "{text}"
    );
}

#[test]
fn endpoint_filter() {
    let text = run(env!("CARGO_BIN_EXE_endpoint_filter"));
    let lines: Vec<_> = text.lines().map(|line| line.split_once(": ").unwrap()).collect();
    assert!(lines.iter().all(|(endpoint, _)| endpoint.starts_with("dubbo://127.0.0.1:")), "{text}");
    let mut ends: Vec<_> = lines.iter().map(|(_, end)| *end).collect();
    assert_eq!(ends.pop(), Some("OK"));
    assert!(ends.iter().all(|end| *end == "UNAVAILABLE"), "{text}");
}

#[test]
fn router() {
    let text = run(env!("CARGO_BIN_EXE_router"));
    assert_eq!(text, "20 calls went to 2 of 3 providers\n");
}

#[test]
fn fault_strategy() {
    let text = run(env!("CARGO_BIN_EXE_fault_strategy"));
    assert_eq!(text, "found Some(\"Ada\")\n");
}

#[tokio::test]
async fn the_hedging_strategy_takes_an_answer_for_one_and_repeats_what_it_may() {
    for (refusal, repeatable, tries) in [
        (Status::business(Code::FailedPrecondition, "no funds"), true, 1),
        (Status::permission_denied("no"), true, 1),
        (Status::unavailable("full"), true, 2),
        (Status::unavailable("full"), false, 1),
    ] {
        let runs = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (runs.clone(), refusal.clone());
        let refuse = move |_: Call, _: Next| {
            count.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Err(answer.clone()))
        };
        let server = || Server::builder().service(UsersServer::new(OneUser)).filter(refuse.clone());
        let one = server().start("127.0.0.1:0").await.unwrap();
        let other = server().start("127.0.0.1:0").await.unwrap();
        let client = App::builder("test").build().unwrap().client::<UsersClient>();
        let client = client.url(&format!("tri://{};tri://{}", one.addr(), other.addr()));
        let client = client.fault(Fault::strategy(hedging::hedge)).repeatable(repeatable);
        let error = client.build().unwrap().get_user(1).await.unwrap_err();
        assert_eq!(error.message(), refusal.message());
        assert_eq!(runs.load(Ordering::Relaxed), tries, "{refusal}");
    }
}

#[test]
fn rules() {
    let text = run(env!("CARGO_BIN_EXE_rules"));
    assert_eq!(text, "20 calls went to 2 of 3 providers\ncalls go to the other zone\n");
}

#[test]
fn gate() {
    let text = run(env!("CARGO_BIN_EXE_gate"));
    let (refused, answered) = text.split_once('\n').unwrap();
    assert!(refused.starts_with("refused: RESOURCE_EXHAUSTED: org.example.Users"), "{text}");
    assert!(refused.ends_with(": too many calls of org.example.Users.getUser"), "{text}");
    assert_eq!(answered, "answered: Some(\"Ada\")\n");
}

#[test]
fn live_services() {
    let text = run(env!("CARGO_BIN_EXE_live_services"));
    assert_eq!(text, "before: UNIMPLEMENTED\nadded: answered\nremoved: UNAVAILABLE\n");
}

#[test]
fn hello() {
    assert_eq!(run(env!("CARGO_BIN_EXE_hello")), "Hello, Ada\n");
}

#[test]
fn forward() {
    let text = run(env!("CARGO_BIN_EXE_forward"));
    assert_eq!(text, "dubbo to tri: Some(\"Ada\") of 1\ntri to dubbo: Some(\"Ada\") of 1\n");
}

#[test]
fn isolated() {
    let text = run(env!("CARGO_BIN_EXE_isolated"));
    assert_eq!(text, "Hello, Ada while counting 168 primes\n");
}

#[test]
fn streaming() {
    let text = run(env!("CARGO_BIN_EXE_streaming"));
    assert!(text.contains("repeat: [\"Hello, Ada\", \"Hello, Ada\", \"Hello, Ada\"]"), "{text}");
    assert!(text.contains("welcome: Hello, Ada and Grace\n"), "{text}");
    assert!(text.ends_with("chat: Hello, Ada\nchat: Hello, Grace\n"), "{text}");
}

#[test]
fn every_protocol() {
    let text = run(env!("CARGO_BIN_EXE_every_protocol"));
    for line in ["dubbo: Some(\"Ada\")", "tri: Some(\"Ada\")", "grpc: Hello, Ada"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(
        text.contains("\"name\":\"Ada\"") && text.contains("\"text\":\"Hello, Ada\""),
        "{text}"
    );
    assert!(text.ends_with("0 connections cut\n"), "{text}");
}

#[test]
fn registry() {
    let text = run(env!("CARGO_BIN_EXE_registry"));
    assert_eq!(text.matches("found Some(\"Ada\")").count(), 4, "{text}");
    assert!(text.ends_with("0 connections cut\n"), "{text}");
}

#[test]
fn spring_cloud() {
    let text = run(env!("CARGO_BIN_EXE_spring_cloud"));
    assert_eq!(text, "200 OK: Hello, Ada\n");
}

#[test]
fn custom_registry() {
    let text = run(env!("CARGO_BIN_EXE_custom_registry"));
    assert_eq!(text, "found Some(\"Ada\")\n");
}

#[test]
fn with_tonic() {
    let text = run(env!("CARGO_BIN_EXE_with_tonic"));
    assert_eq!(text, "tonic: Hello, tonic\naxum: a file\n");
}

#[test]
fn in_axum() {
    let text = run(env!("CARGO_BIN_EXE_in_axum"));
    let json = "JSON: {\"text\":\"Hello, Ada\"}";
    assert_eq!(
        text,
        format!("gRPC: Hello, Ada\n{json}\naxum: a page of axum\nstopped, 0 calls cut\n")
    );
}

#[test]
fn layer() {
    let text = run(env!("CARGO_BIN_EXE_layer"));
    for line in [
        "dubbo: Some(\"Ada\")",
        "dubbo: DEADLINE_EXCEEDED: request timed out",
        "dubbo: RESOURCE_EXHAUSTED: service overloaded",
        "tri: Some(\"Ada\")",
        "tri: DEADLINE_EXCEEDED: request timed out",
        "tri: RESOURCE_EXHAUSTED: service overloaded",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line}: {text}");
    }
}

#[test]
fn custom_protocol() {
    let text = run(env!("CARGO_BIN_EXE_custom_protocol"));
    assert!(text.contains("client: before b\"\", now b\"Dubhe\"\n"), "{text}");
    assert!(text.contains("server: closed by this side: the store is going\n"), "{text}");
    assert!(text.ends_with("server: drained, 0 connections cut\n"), "{text}");
}
