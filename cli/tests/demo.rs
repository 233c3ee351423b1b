//! `dubhe demo`, as a person runs it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod support;

use support::{Demo, dubhe};

#[test]
fn shows_calls_to_both_providers_and_ends_after_the_last() {
    let demo = dubhe(&["demo", "--addr", "127.0.0.1:0", "--calls", "40", "--interval", "0"]);
    assert_eq!(demo.code, 0, "{}", demo.err);
    for part in ["call 127.0.0.1:", "@DubboReference(url = \"dubbo://127.0.0.1:", "Ctrl-C ends it"]
    {
        assert!(demo.out.contains(part), "{part} is not in {}", demo.out);
    }
    let table: Vec<&str> =
        demo.out.lines().skip_while(|line| !line.starts_with("    #")).skip(1).collect();
    let rows: Vec<&&str> = table.iter().take_while(|line| !line.is_empty()).collect();
    assert_eq!(rows.len(), 40, "{}", demo.out);
    for (number, row) in rows.iter().enumerate() {
        assert!(row.trim_start().starts_with(&(number + 1).to_string()), "{row}");
        let result = match (number + 1) % 4 {
            3 => "User { id: 1, name: \"Ada\"",
            0 => "org.example.NoSuchUserException: no user 404",
            _ => "\"Hello, Dubhe\"",
        };
        assert!(row.contains(result), "{row}");
    }
    // Random choice leaves one of two out of 40 calls once in 2^39 runs.
    for provider in ["provider 1", "provider 2"] {
        assert!(rows.iter().any(|row| row.contains(provider)), "{}", demo.out);
    }
    assert_eq!(table.last(), Some(&"drained, 0 connections cut"));
}

#[cfg(unix)]
#[test]
fn serves_other_processes_until_it_is_asked_to_end() {
    for signal in ["-INT", "-TERM"] {
        let mut demo = Demo::start();
        demo.line_with("Hello, Dubhe");
        let called = dubhe(&["call", &demo.addr, "org.example.Greeter", "greet", "Ada"]);
        assert_eq!((called.code, &*called.out), (0, "\"Hello, Ada\"\n"), "{}", called.err);
        let (code, rest) = demo.end(signal);
        assert_eq!(code, 0);
        assert!(rest.ends_with("drained, 0 connections cut\n"), "{rest}");
    }
}

#[test]
fn a_busy_port_is_named_with_another_to_try() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = busy.local_addr().unwrap();
    let demo = dubhe(&["demo", "--addr", &addr.to_string()]);
    assert_eq!(demo.code, 1);
    assert!(demo.err.contains(&format!("cannot listen on {addr}")), "{}", demo.err);
    assert!(demo.err.contains("hint: dubhe demo --addr 127.0.0.1:"), "{}", demo.err);
}
