//! `dubhe demo`, as a person runs it.
#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
#[cfg(unix)]
use std::process::{Command, Stdio};

#[cfg(unix)]
use dubhe_testkit::Folder;

#[cfg(unix)]
use crate::support::command;
use crate::support::{Demo, UNKNOWN, dubhe};

#[test]
fn shows_calls_to_both_providers_and_ends_after_the_last() {
    let demo = dubhe(&["demo", "--addr", "127.0.0.1:0", "--calls", "40", "--interval", "0"]);
    assert_eq!(demo.code, 0, "{}", demo.err);
    let lines: Vec<&str> = demo.out.lines().collect();
    let latencies: Vec<_> = lines.iter().filter(|line| line.contains(" calls of greet ")).collect();
    assert_eq!(latencies.len(), 2, "{}", demo.out);
    for (line, protocol) in latencies.iter().zip(["dubbo", "tri"]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["1000", "calls", "of", "greet", "over", over, "p50", p50, "ms", "p99", p99, "ms"] =
            *words
        else {
            panic!("{line}")
        };
        let [p50, p99] = [p50, p99].map(|millis| millis.parse::<f64>().unwrap());
        assert!(over == protocol && 0.0 < p50 && p50 <= p99, "{line}");
    }
    let titles = lines.iter().position(|line| line.starts_with("    #")).unwrap();
    assert!(lines[titles].contains("  ms  "), "{}", lines[titles]);
    assert!(titles < 40, "the table begins after {titles} lines");
    let table = &lines[titles + 1..];
    let rows: Vec<&&str> = table.iter().take_while(|line| !line.is_empty()).collect();
    assert_eq!(rows.len(), 40, "{}", demo.out);
    for (number, row) in rows.iter().enumerate() {
        assert!(row.trim_start().starts_with(&(number + 1).to_string()), "{row}");
        let (protocol, result) = match (number + 1) % 5 {
            1 => ("dubbo", "\"Hello, Dubhe\""),
            2 => ("tri", "\"Hello, Dubhe\""),
            3 => ("dubbo", "User { id: 1, name: \"Ada\""),
            4 => ("tri", "org.example.NoSuchUserException: no user 404"),
            _ => ("tri", "[\"Hello 1, Dubhe\", \"Hello 2, Dubhe\", \"Hello 3, Dubhe\"]"),
        };
        assert!(row.contains(&format!(" {protocol} ")) && row.contains(result), "{row}");
    }
    // Random choice leaves one of two out of 40 calls once in 2^39 runs.
    for provider in ["provider 1", "provider 2"] {
        assert!(rows.iter().any(|row| row.contains(provider)), "{}", demo.out);
    }
    assert_eq!(table.last(), Some(&"drained, 0 connections cut"));
}

/// Runs a line as a shell does; its exit status and what it printed.
#[cfg(unix)]
fn shell(line: &str) -> (i32, String) {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

#[cfg(unix)]
#[test]
fn the_printed_lines_work_as_they_are() {
    let mut demo = Demo::start();
    let addr = demo.addr.clone();
    let lines = demo.lines_until("Ctrl-C");
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let mut expected = vec![
        ("greet Ada", 0, "\"Hello, Ada\""),
        ("getUser 1", 0, "\"name\": \"Ada\""),
        ("getUser 404", UNKNOWN, "org.example.NoSuchUserException: no user 404"),
        ("grpc://", 0, "{\"text\":\"Hello 3, Ada\"}"),
        ("--describe", 0, "rpc Repeat(Times) returns (stream Greeting);"),
        ("Greeter/greet", 0, "\"Hello, Ada\""),
        ("Hello/Greet", 0, "{\"text\":\"Hello, Ada\"}"),
    ]
    .into_iter();
    let is_tried = |line: &&&str| {
        (line.contains(" call ") && !line.contains("dns://")) || line.starts_with("curl")
    };
    let commands = lines.iter().filter(is_tried);
    for command in commands {
        let (part, code, result) = expected.next().unwrap();
        assert!(command.contains(part), "{command}");
        let (ended, printed) = shell(command);
        assert_eq!(ended, code, "{command}: {printed}");
        assert!(printed.contains(result), "{command}: {printed}");
    }
    assert_eq!(expected.next(), None);

    // Few machines have grpcurl, and `dubhe call` asks as it does.
    let grpcurl = lines.iter().find(|line| line.starts_with("grpcurl ")).unwrap();
    let message = grpcurl.split('\'').nth(1).unwrap();
    let (target, method) = grpcurl.rsplit_once('\'').unwrap().1.trim().split_once(' ').unwrap();
    let called = dubhe(&["call", &format!("grpc://{target}"), method, message]);
    assert_eq!(called.code, 0, "{}", called.err);
    assert_eq!(called.out.lines().count(), 3, "{}", called.out);

    // One more demo meets in a folder beside this one. The suites of registries do so in theirs.
    let registry = lines.iter().find(|line| line.contains("--registry file://")).unwrap();
    let folder = Folder::new().unwrap();
    let url = format!("file://{}", folder.path().display());
    let registry = registry.replace("file:///tmp/dubhe-demo", &url);
    let (ended, printed) = shell(&format!("{registry} --calls 5 --interval 0"));
    assert_eq!(ended, 0, "{registry}: {printed}");
    assert!(printed.contains("Hello 3, Dubhe") && printed.contains(&url), "{printed}");
    for system in ["zookeeper", "nacos", "etcd", "kubernetes", "dns", "file"] {
        assert!(lines.iter().any(|line| line.contains(&format!("{system}://"))), "{system}");
    }

    let java = format!("@DubboReference(url = \"dubbo://{addr}\")");
    assert!(lines.iter().any(|line| line.starts_with(&java)), "{lines:?}");
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

/// The text with every address as the same one, and the name of the program as users call it.
fn unaddressed(text: &str) -> String {
    let text = text.replace(env!("CARGO_BIN_EXE_dubhe"), "dubhe");
    let text = text.replace("localhost:", "127.0.0.1:");
    let mut parts = text.split("127.0.0.1:");
    let mut without = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        without.push_str("ADDR");
        without.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    without
}

#[test]
fn the_picture_has_what_the_demo_prints() {
    let picture = include_str!("../../../docs/demo.svg");
    let texts = picture.lines().filter_map(|line| line.split_once('>')?.1.strip_suffix("</text>"));
    let plain =
        texts.map(|text| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    let shown: Vec<String> = plain.map(|line| unaddressed(&line)).collect();
    let demo = dubhe(&["demo", "--addr", "127.0.0.1:0", "--calls", "1"]);
    let introduced = demo.out.lines().take_while(|line| !line.contains(" calls of greet "));
    let printed: Vec<String> =
        introduced.filter(|line| !line.is_empty()).map(unaddressed).collect();
    assert!(printed.len() > 20, "{}", demo.out);
    let shown = shown.get(1..=printed.len()).unwrap_or_default();
    assert_eq!(shown, printed, "run cargo xtask picture");
}

#[cfg(unix)]
#[test]
fn ends_while_it_waits_for_its_registry() {
    let args = ["demo", "--addr", "127.0.0.1:0", "--registry", "zookeeper://127.0.0.1:1"];
    let mut child = command(&args).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // By then it listens for signals.
    assert!(lines.any(|line| line.contains("127.0.0.1:1")));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:?}");
}

#[test]
fn a_registry_that_is_only_for_finding_is_refused() {
    let demo = dubhe(&["demo", "--registry", "static://127.0.0.1:1"]);
    assert_eq!(demo.code, 2, "{}", demo.out);
    assert!(demo.err.contains("takes no registrations"), "{}", demo.err);
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
