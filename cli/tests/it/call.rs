//! `dubhe call` against a provider in this process.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::support::{
    DEADLINE_EXCEEDED, INVALID_ARGUMENT, ProgramOutput, UNAVAILABLE, UNIMPLEMENTED, UNKNOWN, dubhe,
};
use dubhe::hessian2::Array;
use dubhe::prelude::*;
use dubhe::{RunningServer, java};
use serde_json::{Value as Json, json};

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.User")]
struct User {
    id: i64,
    name: Option<String>,
    tags: Vec<String>,
}

#[derive(JavaException, Clone, Debug)]
#[java(class = "org.example.Refused")]
struct Refused {
    #[java(message)]
    message: String,
    retry_after: i32,
}

#[dubhe::interface("org.example.Everything")]
trait Everything {
    async fn add(&self, a: i64, b: i32) -> Result<i64, Status>;
    async fn half(&self, of: f64) -> Result<f64, Status>;
    async fn not(&self, value: bool) -> Result<bool, Status>;
    async fn sum(&self, numbers: Array<i32>) -> Result<i32, Status>;
    async fn join(&self, words: Vec<String>) -> Result<String, Status>;
    async fn swap(&self, map: HashMap<String, String>) -> Result<HashMap<String, String>, Status>;
    async fn rename(&self, user: User, name: String) -> Result<User, Status>;
    async fn later(&self, date: java::Date) -> Result<java::Date, Status>;
    async fn reverse(&self, bytes: Array<i8>) -> Result<Vec<u8>, Status>;
    async fn same(&self, id: java::Uuid) -> Result<java::Uuid, Status>;
    #[java(name = "over")]
    async fn over_long(&self, n: i64) -> Result<String, Status>;
    #[java(name = "over")]
    async fn over_text(&self, s: String) -> Result<String, Status>;
    async fn attachment(&self, ctx: &Context, key: String) -> Result<Option<String>, Status>;
    async fn nothing(&self) -> Result<(), Status>;
    async fn refuse(&self) -> Result<(), Refused>;
    async fn sleep(&self) -> Result<(), Status>;
}

#[derive(Clone, Default)]
struct Provider {
    slept: Arc<Mutex<u32>>,
}

impl Everything for Provider {
    async fn add(&self, a: i64, b: i32) -> Result<i64, Status> {
        Ok(a + i64::from(b))
    }
    async fn half(&self, of: f64) -> Result<f64, Status> {
        Ok(of / 2.0)
    }
    async fn not(&self, value: bool) -> Result<bool, Status> {
        Ok(!value)
    }
    async fn sum(&self, numbers: Array<i32>) -> Result<i32, Status> {
        Ok(numbers.0.iter().sum())
    }
    async fn join(&self, words: Vec<String>) -> Result<String, Status> {
        Ok(words.join("-"))
    }
    async fn swap(&self, map: HashMap<String, String>) -> Result<HashMap<String, String>, Status> {
        Ok(map.into_iter().map(|(k, v)| (v, k)).collect())
    }
    async fn rename(&self, user: User, name: String) -> Result<User, Status> {
        Ok(User { name: Some(name), ..user })
    }
    async fn later(&self, date: java::Date) -> Result<java::Date, Status> {
        Ok(java::Date(date.0 + 1))
    }
    async fn reverse(&self, bytes: Array<i8>) -> Result<Vec<u8>, Status> {
        Ok(bytes.0.into_iter().rev().map(i8::cast_unsigned).collect())
    }
    async fn same(&self, id: java::Uuid) -> Result<java::Uuid, Status> {
        Ok(id)
    }
    async fn over_long(&self, n: i64) -> Result<String, Status> {
        Ok(format!("long {n}"))
    }
    async fn over_text(&self, s: String) -> Result<String, Status> {
        Ok(format!("text {s}"))
    }
    async fn attachment(&self, ctx: &Context, key: String) -> Result<Option<String>, Status> {
        Ok(ctx.attachment(&key).map(str::to_owned))
    }
    async fn nothing(&self) -> Result<(), Status> {
        Ok(())
    }
    async fn refuse(&self) -> Result<(), Refused> {
        Err(Refused { message: "not now".into(), retry_after: 5 })
    }
    async fn sleep(&self) -> Result<(), Status> {
        *self.slept.lock().unwrap() += 1;
        std::future::pending().await
    }
}

const SERVICE: &str = "org.example.Everything";

/// A provider that serves for as long as it is held.
struct Serving {
    _runtime: tokio::runtime::Runtime,
    running: RunningServer,
    provider: Provider,
}

impl Serving {
    fn start() -> Self {
        Self::of(Server::builder(), Export::new)
    }

    fn of(
        server: dubhe::ServerBuilder,
        export: impl FnOnce(EverythingServer<Provider>) -> Export,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let provider = Provider::default();
        let export = export(EverythingServer::new(provider.clone()));
        let running = runtime.block_on(server.service(export).start("127.0.0.1:0")).unwrap();
        Self { _runtime: runtime, running, provider }
    }

    fn addr(&self) -> String {
        self.running.addr().to_string()
    }

    fn call(&self, rest: &[&str]) -> ProgramOutput {
        dubhe(&[&["call", &self.addr(), SERVICE], rest].concat())
    }

    /// The result of a call that must succeed.
    fn result(&self, rest: &[&str]) -> Json {
        let ProgramOutput { code, out, err } = self.call(rest);
        assert_eq!((code, &*err), (0, ""), "{rest:?}");
        serde_json::from_str(&out).unwrap()
    }
}

#[test]
fn arguments_without_types_are_what_the_method_takes() {
    let provider = Serving::start();
    for (call, result) in [
        (&["add", "40", "2"][..], json!(42)),
        (&["add", "-1", "-1"], json!(-2)),
        (&["half", "3"], json!(1.5)),
        (&["half", "-0.5"], json!(-0.25)),
        (&["not", "true"], json!(false)),
        (&["sum", "[1,2,3]"], json!(6)),
        (&["join", r#"["a","b"]"#], json!("a-b")),
        (&["swap", r#"{"a":"b"}"#], json!({"b": "a"})),
        (&["nothing"], json!(null)),
        (
            &["rename", r#"{"id":7,"name":null,"tags":["x"]}"#, "Ada"],
            json!({"class": "org.example.User", "id": 7, "name": "Ada", "tags": ["x"]}),
        ),
    ] {
        assert_eq!(provider.result(call), result, "{call:?}");
    }
}

#[test]
fn arguments_with_types_pick_overloads_and_classes() {
    let provider = Serving::start();
    for (call, result) in [
        (&["add", "long:40", "int:2"][..], json!(42)),
        (&["over", "long:42"], json!("long 42")),
        (&["over", "String:42"], json!("text 42")),
        (&["over", "java.lang.String:\"x\""], json!("text x")),
        // No types: the provider cannot tell, so they follow from the values.
        (&["over", "x"], json!("text x")),
        (&["over", "4000000000"], json!("long 4000000000")),
        (&["over", "--types", "long", "42"], json!("long 42")),
        (&["add", "--types", "long,int", "1", "2"], json!(3)),
        (&["sum", "int[]:[1,2]"], json!(3)),
        (&["reverse", "byte[]:[1,-1]"], json!("/wE=")),
        (
            &["same", "UUID:0b9e2f5e-3d09-4d0c-9c5f-7b8b1c6a7e11"],
            json!("0b9e2f5e-3d09-4d0c-9c5f-7b8b1c6a7e11"),
        ),
        (&["later", "Date:5"], json!("1970-01-01 00:00:00.006")),
        (&["join", "List:[\"a\"]"], json!("a")),
    ] {
        assert_eq!(provider.result(call), result, "{call:?}");
    }
    let user = provider.result(&["rename", r#"org.example.User:{"id":7,"tags":[]}"#, "String:7"]);
    assert_eq!(user["name"], "7");
}

#[test]
fn the_result_is_pretty_or_on_one_line() {
    let provider = Serving::start();
    let pretty = provider.call(&["swap", r#"{"a":"b"}"#]);
    assert_eq!(pretty.out, "{\n  \"b\": \"a\"\n}\n");
    let compact = provider.call(&["swap", "--compact", r#"{"a":"b"}"#]);
    assert_eq!(compact.out, "{\"b\":\"a\"}\n");
}

#[test]
fn attachments_are_sent() {
    let provider = Serving::start();
    let call = ["attachment", "tenant", "--attachment", "tenant=a=b", "--attachment", "x=y"];
    assert_eq!(provider.result(&call), json!("a=b"));
    assert_eq!(provider.result(&["attachment", "other"]), json!(null));
}

#[test]
fn group_and_version_choose_the_service() {
    let provider =
        Serving::of(Server::builder(), |s| Export::new(s).group("shop").version("1.2.0"));
    let call = ["not", "true", "--group", "shop", "--version", "1.2.0"];
    assert_eq!(provider.result(&call), json!(false));
    let key = format!("shop/{SERVICE}:1.2.0");
    let short = dubhe(&["call", &provider.addr(), &key, "not", "true"]);
    assert_eq!((short.code, &*short.out), (0, "false\n"), "{}", short.err);
    let without = provider.call(&["not", "true"]);
    assert_eq!(without.code, UNIMPLEMENTED, "{}", without.err);
    assert!(without.err.contains(&key), "{}", without.err);
}

#[test]
fn providers_are_found_in_a_folder() {
    let folder = std::env::temp_dir().join(format!("dubhe-cli-{}", std::process::id()));
    let clock = Arc::new(dubhe::time::TokioClock);
    let registry = dubhe::registry::File::new(&folder, clock);
    let provider = Serving::of(Server::builder().registry(registry), Export::new);
    let url = format!("file://{}", folder.display());
    let called = dubhe(&["call", &url, SERVICE, "not", "true"]);
    assert_eq!((called.code, &*called.out), (0, "false\n"), "{}", called.err);
    let unknown = dubhe(&["call", &url, "org.example.Other", "not", "true"]);
    assert_eq!(unknown.code, UNAVAILABLE);
    assert!(unknown.err.contains("no provider is registered"), "{}", unknown.err);
    let near = dubhe(&["call", &url, "org.example.Evrything", "not", "true"]);
    assert!(near.err.contains(&format!("did you mean {SERVICE}?")), "{}", near.err);
    let all = dubhe(&["call", &url, "--describe"]);
    assert_eq!((all.code, &*all.out), (0, &*format!("{SERVICE}\n")), "{}", all.err);
    drop(provider);
    std::fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn a_provider_is_called_through_a_unix_socket() {
    let folder = dubhe_testkit::Folder::new().unwrap();
    let path = folder.path().join("shop.sock").display().to_string();
    let server = Server::builder().listen(format!("unix:{path}"));
    let provider = Serving::of(server, Export::new);
    for url in [format!("unix:{path}"), format!("unix://{path}"), format!("tri+unix://{path}")] {
        let called = dubhe(&["call", &url, SERVICE, "add", "1", "2"]);
        assert_eq!((called.code, &*called.out), (0, "3\n"), "{url}: {}", called.err);
    }
    drop(provider);
    let url = format!("dubbo+unix://{path}");
    let nobody = dubhe(&["call", &url, SERVICE, "nothing"]);
    let hint = format!("hint: is a provider running at {url}?");
    assert!(nobody.code == UNAVAILABLE && nobody.err.contains(&hint), "{}", nobody.err);
}

#[test]
fn an_interface_is_called_over_triple_too() {
    let provider = Serving::start();
    let url = format!("tri://{}", provider.addr());
    let call = |args: &[&str]| dubhe(&[&["call", &url, SERVICE], args].concat());
    for (args, result) in [
        (&["add", "1", "2"][..], "3\n"),
        (&["over", "long:7"], "\"long 7\"\n"),
        (&["attachment", "key", "--header", "key: value"], "\"value\"\n"),
        (&["nothing"], "null\n"),
    ] {
        let called = call(args);
        assert_eq!((called.code, &*called.out), (0, result), "{args:?}: {}", called.err);
    }
    let slashed = dubhe(&["call", &url, &format!("{SERVICE}/half"), "3.0"]);
    assert_eq!((slashed.code, &*slashed.out), (0, "1.5\n"), "{}", slashed.err);
    let refused = call(&["refuse"]);
    assert_eq!((refused.code, &*refused.err), (UNKNOWN, "org.example.Refused: not now\n"));
    let nope = call(&["nope"]);
    assert!(nope.code == UNIMPLEMENTED && nope.err.contains("add(long, int)"), "{}", nope.err);
}

#[test]
fn a_provider_in_a_registry_may_be_called_over_either_protocol() {
    let folder = std::env::temp_dir().join(format!("dubhe-cli-both-{}", std::process::id()));
    let registry = dubhe::registry::File::new(&folder, Arc::new(dubhe::time::TokioClock));
    let _provider = Serving::of(Server::builder().registry(registry), Export::new);
    let url = format!("file://{}", folder.display());
    for protocol in [&[][..], &["--protocol", "dubbo"], &["--protocol", "tri"]] {
        let call = [&["call", "--registry", &url, SERVICE, "not", "true"], protocol].concat();
        let called = dubhe(&call);
        assert_eq!((called.code, &*called.out), (0, "false\n"), "{protocol:?} {}", called.err);
    }
    let other = dubhe(&["call", "--registry", &url, SERVICE, "not", "true", "--protocol", "grpc"]);
    assert_eq!(other.code, UNAVAILABLE);
    assert!(other.err.contains("those registered offer dubbo, tri"), "{}", other.err);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_interface_is_described_by_its_provider() {
    let provider = Serving::start();
    for url in [provider.addr(), format!("tri://{}", provider.addr())] {
        let all = dubhe(&["call", &url, "--describe", SERVICE]);
        assert_eq!(all.code, 0, "{}", all.err);
        assert!(all.out.starts_with("interface org.example.Everything {\n"), "{}", all.out);
        let rename = "  rename(org.example.User, java.lang.String);\n";
        assert!(all.out.contains(rename) && all.out.ends_with("}\n"), "{}", all.out);
        let one = dubhe(&["call", &url, SERVICE, "over", "--describe"]);
        let overloads = "  over(long);\n  over(java.lang.String);\n";
        let note = "  // what they return is not on the wire\n";
        assert_eq!(
            one.out,
            format!("interface {SERVICE} {{\n{overloads}{note}}}\n"),
            "{}",
            one.err
        );
        let none = dubhe(&["call", &url, SERVICE, "nope", "--describe"]);
        assert!(none.code == UNIMPLEMENTED && none.err.contains("add(long, int)"), "{}", none.err);
    }
}

#[test]
fn an_exception_is_told_with_its_class_and_message() {
    let refused = Serving::start().call(&["refuse"]);
    assert_eq!((refused.code, &*refused.out), (UNKNOWN, ""));
    assert_eq!(refused.err, "org.example.Refused: not now\n");
}

#[test]
fn a_call_that_takes_too_long_ran_once() {
    let provider = Serving::start();
    let late = provider.call(&["sleep", "--timeout", "50"]);
    assert_eq!(late.code, DEADLINE_EXCEEDED);
    assert!(late.err.contains("hint: wait longer with --timeout TIME"), "{}", late.err);
    assert_eq!(*provider.provider.slept.lock().unwrap(), 1);
}

#[test]
fn errors_say_what_to_do() {
    let provider = Serving::start();
    for (call, expected, said) in [
        (&["nope", "1"][..], UNIMPLEMENTED, "add(long, int)"),
        (&["nope", "1"], UNIMPLEMENTED, "hint: check the method's name"),
        (&["renam", "1"], UNIMPLEMENTED, "hint: did you mean rename?"),
        (&["add", "1"], UNIMPLEMENTED, "check the method's name and number of arguments"),
        (&["over", "int:1"], UNIMPLEMENTED, "over(java.lang.String)"),
        (&["add", "x", "1"], INVALID_ARGUMENT, "argument 1: expected long, found a string"),
    ] {
        let ProgramOutput { code, out, err } = provider.call(call);
        assert_eq!((code, &*out), (expected, ""), "{call:?}: {err}");
        assert!(err.contains(said), "{call:?}: {err}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = dubhe(&["call", &closed.to_string(), SERVICE, "not", "true"]);
    assert_eq!(refused.code, UNAVAILABLE);
    let hint = format!("is a provider running at dubbo://{closed}?");
    assert!(refused.err.contains(&hint), "{}", refused.err);
}

#[test]
fn a_wrong_command_line_is_told_apart_from_a_failed_call() {
    for (args, said) in [
        (&["call"][..], "<TARGET>"),
        (&["call", "localhost", "a.B", "m"], "20880"),
        (&["call", "consul://h:8500", "a.B", "m"], "file:///FOLDER"),
        (&["call", "nacos://h:x", "a.B", "m"], "wrong registry URL"),
        (&["call", "h:1", "a.B"], "<METHOD> is missing"),
        (&["call", "h:1", "a.B", "m", "{\"a\":1"], "line 1 column 6"),
        (&["call", "h:1", "a.B", "m", "{\"a\":1} x"], "line 1 column 9"),
        (&["call", "h:1", "a.B", "m", "-", "-"], "- is there twice"),
        (&["call", "h:1", "a.B", "m", "-"], "stdin is empty"),
        (&["call", "h:1", "a.B", "m", "@no/such"], "cannot read no/such"),
        (&["call", "h:1", "a.B", "m", "1", "--describe"], "--describe takes no arguments"),
        (&["call", "h:1", "a.B", "m", "-o", "json", "[1"], "line 1 column 2"),
        (&["call", "h:1", "a.B", "m", "--describe", "-v"], "cannot be used with"),
        (&["call", "h:1", "a.B", "m", "--concurrency", "2"], "--repeat"),
        (&["call", "h:1", "a.B", "m", "--timeout", "5 parsecs"], "500ms"),
        (&["call", "h:1", "a.B", "m", "--cert", "x"], "--key"),
        (&["call", "h:1", "a.B", "m", "--stream", "both"], "dubbo does not carry"),
        (&["call", "--registry", "file:///x", "tri://h:1", "a.B", "m"], "one target"),
        (&["call", "h:1", "a.B", "m", "--protocol", "tri"], "tri://HOST:PORT"),
        (&["call", "h:1", "--describe"], "<SERVICE> is missing"),
        (&["call", "h:1", "a.B", "m", "--header", "k"], "KEY: VALUE"),
        (&["call", "h:1", "a.B", "m", "int:x"], "\"x\" is not a valid int"),
        (&["call", "h:1", "a.B", "m", "1", "--types", "int,int"], "one for each"),
        (&["call", "h:1", "a.B", "m", "--attachment", "k"], "KEY=VALUE"),
        (&["decode", "xyz"], "neither a file nor hex digits"),
        (&["nonsense"], "unrecognized subcommand"),
    ] {
        let ProgramOutput { code, out, err } = dubhe(args);
        assert_eq!((code, &*out), (2, ""), "{args:?}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
}
