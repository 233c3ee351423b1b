//! `dubhe call` against a protobuf service in this process, known by reflection alone.
use std::sync::{Arc, Mutex};

#[cfg(unix)]
use crate::support::dubhe_from;
use crate::support::{
    DEADLINE_EXCEEDED, INVALID_ARGUMENT, OUT_OF_RANGE, ProgramOutput, UNIMPLEMENTED, dubhe,
    dubhe_reading,
};
use dubhe::{Call, Next, RunningServer, Server, ServerBuilder, Value};
use dubhe_stubs::Speaker;
use dubhe_stubs::proto::sample::shapes::v1::ShapesServer;

const SERVICE: &str = "sample.shapes.v1.Shapes";

/// A provider that serves for as long as it is held.
struct Serving {
    _runtime: tokio::runtime::Runtime,
    running: RunningServer,
}

impl Serving {
    fn of(server: ServerBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let server = server.service(ShapesServer::new(Speaker));
        let running = runtime.block_on(server.start("127.0.0.1:0")).unwrap();
        Self { _runtime: runtime, running }
    }

    fn url(&self, protocol: &str) -> String {
        format!("{protocol}://{}", self.running.addr())
    }

    fn call(&self, args: &[&str]) -> ProgramOutput {
        dubhe(&[&["call", &self.url("grpc"), SERVICE], args].concat())
    }
}

fn start() -> Serving {
    Serving::of(Server::builder())
}

fn printed(ended: &ProgramOutput, out: &str) {
    assert_eq!((ended.code, &*ended.out), (0, out), "{}", ended.err);
}

#[test]
fn one_message_for_one() {
    let provider = start();
    let word =
        r#"{"text":"Ada","serialNumber":"7","weight":1.5,"colour":"COLOUR_RED","raw":"AP8="}"#;
    for protocol in ["tri", "grpc"] {
        let call = ["call", &provider.url(protocol), "sample.shapes.v1.Shapes/Say", word];
        let said = dubhe(&[&call[..], &["--compact"]].concat());
        assert_eq!(said.code, 0, "{}", said.err);
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(json(&said.out), json(word));
    }
    // A small first letter as in Java, and no argument for an empty message.
    printed(&provider.call(&["say"]), "{}\n");
    printed(&provider.call(&["type", r#"{"text":"noun"}"#]), "{\n  \"name\": \"noun\"\n}\n");
}

#[test]
#[cfg(unix)]
fn what_is_on_stdin_is_not_left_there() {
    use std::io::{Seek as _, Write as _};

    let provider = start();
    let url = provider.url("grpc");
    let say = ["call", &url, SERVICE, "Say", "--compact"];
    let repeat = ["call", &url, SERVICE, "Repeat"];
    let word = "{\"text\":\"Ada\"}";
    let folder = dubhe_testkit::Folder::new().unwrap();
    let path = folder.path().join("word.json");
    std::fs::write(&path, word).unwrap();
    let file = || std::fs::File::open(&path).unwrap();
    let written = || {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(word.as_bytes()).unwrap();
        (reader, writer)
    };
    let ended = || written().0;
    let (open, _writer) = written();
    for (left, call) in [
        (dubhe_from(&say, file()), "Say"),
        (dubhe_from(&repeat, file()), "Repeat"),
        (dubhe_from(&say, ended()), "Say"),
        (dubhe_from(&say, open), "Say"),
    ] {
        assert_eq!((left.code, &*left.out), (2, ""), "{}", left.err);
        let said = format!("{SERVICE}.{call} takes one message, and stdin has something");
        assert!(left.err.contains(&said) && left.err.contains("hint: - sends"), "{}", left.err);
    }
    let dash = [&say[..], &["-"]].concat();
    printed(&dubhe_from(&dash, ended()), &format!("{word}\n"));

    // Nothing is there, or nobody ever writes.
    let mut at_end = file();
    at_end.seek(std::io::SeekFrom::End(0)).unwrap();
    let (silent, _silent_writer) = std::io::pipe().unwrap();
    printed(&dubhe_from(&say, at_end), "{}\n");
    printed(&dubhe_from(&say, silent), "{}\n");
    printed(&dubhe_from(&say, std::io::pipe().unwrap().0), "{}\n");
    printed(&dubhe_from(&say, std::process::Stdio::null()), "{}\n");
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    printed(&dubhe_from(&say, std::os::fd::OwnedFd::from(socket)), "{}\n");
    // An argument asks for what it is.
    printed(&dubhe_from(&[&say[..], &[word]].concat(), file()), &format!("{word}\n"));
}

#[test]
fn messages_of_a_stream_come_one_a_line() {
    let provider = start();
    let three = provider.call(&["Repeat", r#"{"text":"so","times":3}"#]);
    let lines: Vec<&str> = three.out.lines().collect();
    assert_eq!((three.code, lines.len()), (0, 3), "{}", three.err);
    assert_eq!(lines[2], r#"{"text":"so","times":2}"#);
    printed(&provider.call(&["Repeat"]), "");
}

#[test]
fn a_stream_is_sent_as_arguments_or_lines() {
    let provider = start();
    let (far, wide) = (r#"{"text":"far"}"#, r#"{"text":"wide"}"#);
    let joined = "{\"text\":\"far wide\",\"times\":2}\n";
    printed(&provider.call(&["Join", far, wide, "--compact"]), joined);

    let url = provider.url("grpc");
    let lines = format!("{far}\n\n{wide}\n");
    let reading = |method, lines: &str| {
        dubhe_reading(&["call", &url, SERVICE, method, "--compact"], lines.as_bytes())
    };
    printed(&reading("Join", &lines), joined);
    printed(&reading("Chat", &lines), &format!("{far}\n{wide}\n"));
    printed(&reading("Chat", ""), "");
    // The mark of UTF-8 is no part of the first line.
    printed(&reading("Join", &format!("\u{feff}{lines}")), joined);
    let again = ["call", &url, SERVICE, "Join", "--repeat", "2"];
    let again = dubhe_reading(&again, format!("\u{feff}{lines}").as_bytes());
    assert!(again.out.ends_with("OK       2\n"), "{}", again.err);

    let broken = reading("Chat", "{\"text\":\"far\"}\nwide\n");
    assert_eq!(broken.code, INVALID_ARGUMENT);
    assert!(
        broken.err.contains("line 2 of stdin: \"wide\" is not a valid sample.shapes.v1.Word"),
        "{}",
        broken.err
    );
}

#[test]
fn errors_keep_their_code_and_say_what_to_do() {
    let provider = start();
    let failed = provider.call(&["Say", r#"{"text":"error"}"#]);
    let url = provider.url("grpc");
    let text = format!("error: OUT_OF_RANGE: {SERVICE}.Say on {url}: no such word\n");
    assert_eq!((failed.code, failed.err), (OUT_OF_RANGE, text));
    let midway = provider.call(&["Chat", r#"{"text":"a"}"#, r#"{"text":"error"}"#]);
    let first = "{\"text\":\"a\"}\n";
    assert_eq!((midway.code, &*midway.out), (OUT_OF_RANGE, first), "{}", midway.err);

    for (args, code, said) in [
        (&["Shout"][..], UNIMPLEMENTED, "has Say, Join, Repeat, Chat, New, Type and not \"Shout\""),
        (&["Sya"], UNIMPLEMENTED, "did you mean Say?"),
        (&["Say", "Ada"], 2, "write it like '{\"text\":\"\",\"times\":0,"),
        (&["Say", "{}", "{}"], 2, "takes one message"),
        (&["Join", "{}", r#"{"times":"x"}"#], 2, "argument 2"),
        (&["Say", r#"{"txt":"x"}"#], 2, "txt"),
        (&["Say", r#"{"text":"x"} y"#], 2, "line 1 column 14"),
        (&["Say", "--types", "String"], 2, "--types and --stream are for Java interfaces"),
    ] {
        let ended = provider.call(args);
        assert_eq!((ended.code, &*ended.out), (code, ""), "{args:?}");
        assert!(ended.err.contains(said), "{args:?}: {}", ended.err);
    }
    let other = dubhe(&["call", &provider.url("grpc"), "sample.Other", "Say"]);
    assert_eq!(other.code, UNIMPLEMENTED);
    assert!(other.err.contains("the server has ") && other.err.contains(SERVICE), "{}", other.err);

    let near = dubhe(&["call", &provider.url("grpc"), "Shape", "Say"]);
    assert!(near.err.contains(&format!("did you mean {SERVICE}?")), "{}", near.err);

    for (name, said) in [
        (&*format!("{SERVICE}.Say"), format!("is a method and no service: write {SERVICE}/Say")),
        ("sample.shapes.v1.Word", "is a type and no service".into()),
    ] {
        for words in [&["Say"][..], &["--describe"]] {
            let ended = dubhe(&[&["call", &provider.url("grpc"), name], words].concat());
            assert_eq!((ended.code, &*ended.out), (UNIMPLEMENTED, ""), "{name}");
            assert!(ended.err.contains(&said), "{name}: {}", ended.err);
        }
    }

    let silent = Serving::of(Server::builder().options(|options| options.reflection = false));
    let unknown = silent.call(&["Say"]);
    assert_eq!(unknown.code, UNIMPLEMENTED);
    assert!(unknown.err.contains("has no reflection"), "{}", unknown.err);
}

#[test]
fn headers_are_sent_or_refused() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heads = seen.clone();
    let provider = Serving::of(Server::builder().filter(move |call: Call, next: Next| {
        heads.lock().unwrap().push(call.head.metadata.clone());
        next.run(call)
    }));
    for protocol in ["tri", "grpc"] {
        let call = ["call", &provider.url(protocol), SERVICE, "Say"];
        let sent = ["-H", "x-bin: AAEC", "--attachment", "y-bin=-_8", "-H", "tenant: acme"];
        printed(&dubhe(&[&call[..], &sent].concat()), "{}\n");
        let head = seen.lock().unwrap().pop().unwrap();
        let bytes = |name| head.get(name).cloned();
        assert_eq!(bytes("x-bin"), Some(Value::Bytes(vec![0, 1, 2].into())), "{head:?}");
        assert_eq!(bytes("y-bin"), Some(Value::Bytes(vec![0xfb, 0xff].into())), "{head:?}");
        assert_eq!(head.get_str("tenant"), Some("acme"));

        seen.lock().unwrap().clear();
        for (header, name) in [
            ("x y: 1", "x y"),
            ("x: a\nb", "x"),
            ("x-bin: AAE!", "x-bin"),
            ("grpc-timeout: 1S", "grpc-timeout"),
            ("Content-Type: text/plain", "Content-Type"),
            ("upgrade: h2c", "upgrade"),
            (":path: /x", ":path"),
        ] {
            let refused = dubhe(&[&call[..], &["-H", header]].concat());
            assert_eq!((refused.code, &*refused.out), (2, ""), "{header}: {}", refused.err);
            assert!(refused.err.contains(&format!("{name:?}")), "{header}: {}", refused.err);
        }
        assert!(seen.lock().unwrap().is_empty());
    }
}

#[test]
fn what_takes_for_ever_ends_with_the_timeout() {
    let provider = start();
    let call = ["call", &provider.url("grpc"), "grpc.health.v1.Health", "Watch"];
    let watched = dubhe(&[&call[..], &["--timeout", "1000"]].concat());
    assert_eq!((watched.code, &*watched.out), (DEADLINE_EXCEEDED, "{\"status\":\"SERVING\"}\n"));
    assert!(watched.err.contains("hint: wait longer with --timeout TIME"), "{}", watched.err);
    // Without a limit, a call that ends is not kept.
    printed(&provider.call(&["say", "--timeout", "0"]), "{}\n");
}

#[test]
fn providers_are_found_in_a_registry() {
    let folder = std::env::temp_dir().join(format!("dubhe-cli-proto-{}", std::process::id()));
    let registry = dubhe::registry::File::new(&folder, Arc::new(dubhe::time::TokioClock));
    let _provider = Serving::of(Server::builder().registry(registry));
    let url = format!("file://{}", folder.display());
    printed(&dubhe(&["call", &url, SERVICE, "say"]), "{}\n");
    let described = dubhe(&["call", "--registry", &url, SERVICE, "--describe"]);
    assert!(described.out.contains("service Shapes {"), "{}", described.err);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_service_at_the_dubbo_protocol_is_shown_the_way() {
    let provider = start();
    let addr = provider.running.addr().to_string();
    for args in
        [&["Say", "{}"][..], &["--describe"], &["Say", "--describe"], &["Chat", "--describe"]]
    {
        let wrong = dubhe(&[&["call", &addr, SERVICE], args].concat());
        assert_eq!(&*wrong.out, "", "{args:?}");
        assert!(matches!(wrong.code, INVALID_ARGUMENT | UNIMPLEMENTED), "{args:?}");
        let hint = format!("hint: protobuf services are called at grpc://{addr}, where --describe");
        assert!(wrong.err.contains(&hint), "{args:?}: {}", wrong.err);
    }
}

#[test]
fn services_are_described_as_in_proto_files() {
    let provider = start();
    let url = provider.url("tri");
    let all = dubhe(&["call", &url, "--describe"]);
    assert!(all.code == 0 && all.out.lines().any(|line| line == SERVICE), "{}", all.err);

    let service = dubhe(&["call", &url, "--describe", SERVICE]);
    for part in [
        "// shapes.proto\npackage sample.shapes.v1;\n\nservice Shapes {\n  rpc Say(Word) returns (Word);\n",
        "  rpc Chat(stream Word) returns (stream Word);\n",
        "  rpc New(google.protobuf.Empty) returns (google.protobuf.Empty);\n",
        "  sample.common.Colour colour = 5;\n  map<string, int64> scores = 6;\n",
        "  optional string note = 8;\n  Word inner = 11;\n",
        "  repeated float heights = 13;\n  oneof origin {\n    string author = 9;\n",
        "\nenum sample.common.Colour {\n  COLOUR_UNSPECIFIED = 0;\n",
    ] {
        assert!(service.out.contains(part), "no {part} in {}", service.out);
    }
    assert!(!service.out.contains("message google"), "{}", service.out);

    let method = dubhe(&["call", &url, &format!("{SERVICE}/Type"), "--describe"]);
    assert!(method.out.contains("rpc Type(") && !method.out.contains("rpc Say("), "{}", method.out);
    assert!(method.out.contains("// As JSON: {\"text\":\"\","), "{}", method.out);
}
