//! The output of `dubhe call`, on stdout and on stderr.
use crate::support::{Demo, UNAVAILABLE, UNKNOWN, dubhe, dubhe_reading, dubhe_with};
use serde_json::{Value as Json, json};

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

const GREETER: &str = "org.example.Greeter";
const REPEAT: &str = "org.example.Hello/Repeat";
const TWICE: &str = r#"{"name":"Ada","times":2}"#;

#[test]
fn one_object_has_all_that_is_known() {
    let demo = Demo::start();
    let greeted = dubhe(&["call", "-o", "json", &demo.addr, GREETER, "greet", "Ada"]);
    assert_eq!((greeted.code, &*greeted.err), (0, ""));
    let mut object = parsed(&greeted.out);
    let times = object.as_object_mut().unwrap().remove("times_ms").unwrap();
    for part in ["connect", "first_byte", "end"] {
        assert!(times[part].as_f64().unwrap() > 0.0, "{times}");
    }
    let expected = json!({
        "target": format!("dubbo://{}", demo.addr),
        "service": GREETER,
        "method": "greet",
        "code": "OK",
        "number": 0,
        "result": "Hello, Ada",
        "headers": {"provider": "provider 1"},
        "trailers": {},
    });
    assert_eq!(object, expected);

    let failed = dubhe(&["call", "-o", "json", &demo.addr, GREETER, "getUser", "404"]);
    assert_eq!(failed.code, UNKNOWN);
    let object = parsed(&failed.out);
    let class = "org.example.NoSuchUserException";
    assert_eq!((&object["code"], &object["number"]), (&json!("UNKNOWN"), &json!(2)));
    assert_eq!(object["exception"], json!({"class": class, "message": "no user 404"}));
    assert_eq!(object["message"], failed.err.trim_end());

    let url = format!("grpc://{}", demo.addr);
    let stream = dubhe(&["call", "-o", "json", "--compact", &url, REPEAT, TWICE]);
    assert_eq!(stream.out.lines().count(), 1, "{}", stream.out);
    let results = json!([{"text": "Hello 1, Ada"}, {"text": "Hello 2, Ada"}]);
    assert_eq!(parsed(&stream.out)["results"], results);
}

#[test]
fn headers_and_times_are_told_on_stderr() {
    let demo = Demo::start();
    let url = format!("tri://{}", demo.addr);
    let call = ["call", "-v", "-H", "tenant: acme", &url, GREETER, "greet", "Ada"];
    let told = dubhe(&call);
    assert_eq!((told.code, &*told.out), (0, "\"Hello, Ada\"\n"));
    for line in [
        &*format!("* {url} {GREETER}/greet\n"),
        "> tenant: acme\n",
        "< provider: provider 1\n",
        "\n* connect ",
        " ms, first byte ",
        " ms, end ",
    ] {
        assert!(told.err.contains(line), "no {line:?} in {}", told.err);
    }
    let named = format!("tri://localhost:{}", demo.addr.rsplit_once(':').unwrap().1);
    let resolved = dubhe(&["call", "-v", &named, GREETER, "greet", "Ada"]);
    assert!(resolved.err.contains("* resolve "), "{}", resolved.err);
    let plain = dubhe(&["call", &url, GREETER, "greet", "Ada"]);
    assert_eq!(plain.err, "");

    // Nobody listens there any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = dubhe(&["call", "-v", &format!("grpc://{closed}"), REPEAT, TWICE]);
    assert_eq!(refused.code, UNAVAILABLE);
    assert!(refused.err.starts_with("error: UNAVAILABLE: "), "{}", refused.err);
}

#[test]
fn a_call_is_repeated() {
    let demo = Demo::start();
    let times = ["call", "--repeat", "50", "--concurrency", "4", &demo.addr, GREETER];
    let ok = dubhe(&[&times[..], &["greet", "Ada"]].concat());
    assert_eq!((ok.code, &*ok.err), (0, ""));
    let lines: Vec<&str> = ok.out.lines().collect();
    let [calls, latency, "OK       50"] = *lines else { panic!("{}", ok.out) };
    assert!(calls.starts_with("calls    50, 4 at once, in "), "{calls}");
    for part in ["p50 ", "p90 ", "p99 ", "max "] {
        assert!(latency.contains(part), "{latency}");
    }
    let json = dubhe(&[&times[..], &["getUser", "404", "-o", "json"]].concat());
    assert_eq!(json.code, UNKNOWN);
    let object = parsed(&json.out);
    assert_eq!(object["codes"], json!({"OK": 0, "UNKNOWN": 50}));
    assert_eq!((&object["calls"], &object["concurrency"]), (&json!(50), &json!(4)));
    assert!(object["latency_ms"]["p99"].as_f64().unwrap() > 0.0, "{object}");
    assert!(json.err.contains("org.example.NoSuchUserException: no user 404"), "{}", json.err);
    // Protobuf methods and streams too.
    let url = format!("grpc://{}", demo.addr);
    let streams = dubhe(&["call", "--repeat", "3", &url, REPEAT, TWICE]);
    assert!(streams.out.ends_with("OK       3\n"), "{} {}", streams.out, streams.err);
}

#[test]
fn an_argument_may_be_on_stdin_or_in_a_file() {
    let demo = Demo::start();
    let folder = dubhe_testkit::Folder::new().unwrap();
    let path = folder.path().join("request.json");
    std::fs::write(&path, "{\n  \"name\": \"Ada\",\n  \"times\": 1\n}\n").unwrap();
    let file = format!("@{}", path.display());
    let path = folder.path().join("marked.json");
    std::fs::write(&path, "\u{feff}{\"name\":\"Ada\",\"times\":1}").unwrap();
    let marked = format!("@{}", path.display());
    let url = format!("grpc://{}", demo.addr);
    let repeated = "{\"text\":\"Hello 1, Ada\"}\n";
    for (args, stdin, out) in [
        (&["call", &demo.addr, GREETER, "greet", "-"][..], "\"Bob\"\n", "\"Hello, Bob\"\n"),
        (&["call", &demo.addr, GREETER, "greet", "-"], "Bob\n", "\"Hello, Bob\"\n"),
        (&["call", &url, REPEAT, &file], "", repeated),
        (&["call", &url, REPEAT, "-"], "{\"name\":\"Ada\",\n\"times\":1}", repeated),
        // Behind the mark of UTF-8.
        (&["call", &url, REPEAT, &marked], "", repeated),
        (&["call", &url, REPEAT, "-"], "\u{feff}{\"name\":\"Ada\",\"times\":1}", repeated),
        (&["call", &demo.addr, GREETER, "greet", "-"], "\u{feff}Bob", "\"Hello, Bob\"\n"),
        (&["call", &demo.addr, GREETER, "greet", "\"@x\""], "", "\"Hello, @x\"\n"),
    ] {
        let called = dubhe_reading(args, stdin.as_bytes());
        assert_eq!((called.code, &*called.out), (0, out), "{args:?}: {}", called.err);
    }
}

#[test]
fn colours_are_for_terminals() {
    let demo = Demo::start();
    let call = ["call", &demo.addr, GREETER, "greet", "Ada"];
    let coloured = dubhe_with(&call, &[("CLICOLOR_FORCE", "1")]);
    assert_eq!(coloured.out, "\u{1b}[32m\"Hello, Ada\"\u{1b}[0m\n");
    let missing = ["call", &demo.addr, GREETER, "gret", "Ada"];
    let error = dubhe_with(&missing, &[("CLICOLOR_FORCE", "1")]).err;
    assert!(error.contains("\u{1b}[31merror:\u{1b}[0m"), "{error:?}");
    for environment in [&[][..], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]] {
        assert_eq!(dubhe_with(&call, environment).out, "\"Hello, Ada\"\n", "{environment:?}");
        let error = dubhe_with(&missing, environment).err;
        assert!(error.starts_with("error:"), "{environment:?}: {error:?}");
    }
}

#[test]
fn the_url_of_a_provider_may_name_the_service() {
    let demo = Demo::start();
    let url = format!("dubbo://{}/{GREETER}?application=demo&methods=greet", demo.addr);
    let called = dubhe(&["call", &url, "greet", "Ada"]);
    assert_eq!((called.code, &*called.out), (0, "\"Hello, Ada\"\n"), "{}", called.err);
    let other = format!("dubbo://{}?group=g&version=2", demo.addr);
    let wrong = dubhe(&["call", &other, GREETER, "greet", "Ada"]);
    assert!(wrong.err.contains(&format!("g/{GREETER}:2")), "{}", wrong.err);
}

#[test]
fn a_registry_that_is_not_there_is_told_at_once() {
    let call = ["call", "--timeout", "0", "file:///no/such/folder", GREETER, "greet", "Ada"];
    let ended = dubhe(&call);
    assert_eq!((ended.code, &*ended.out), (1, ""));
    assert!(ended.err.contains("/no/such/folder"), "{}", ended.err);
}

#[test]
fn shells_complete_commands_and_options() {
    for (shell, part) in
        [("bash", "complete -F _dubhe"), ("zsh", "#compdef dubhe"), ("fish", "complete -c dubhe")]
    {
        let script = dubhe(&["completions", shell]);
        assert_eq!((script.code, &*script.err), (0, ""), "{shell}");
        for part in [part, "describe", "concurrency", "completions", "dry-run", "gitlab"] {
            assert!(script.out.contains(part), "no {part} in that of {shell}");
        }
    }
    assert_eq!(dubhe(&["completions", "cmd"]).code, 2);
}

#[test]
fn the_help_has_examples() {
    for command in ["call", "new", "completions"] {
        let help = dubhe(&[command, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.out.contains("Examples:\n  "), "{}", help.out);
    }
}
