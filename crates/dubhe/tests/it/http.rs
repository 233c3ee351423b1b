//! An interface, called in plain HTTP as with curl; and what is mounted beside it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context as Task, Poll};

use dubhe::RunningServer;
use dubhe::hessian2::Array;
use dubhe::http::Body;
use dubhe::prelude::*;
use dubhe_testkit::http1::{Response, request};

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.Page")]
struct Page {
    number: i32,
    tags: Vec<String>,
}

#[derive(JavaException, Clone, Debug)]
#[java(class = "org.example.Refused")]
struct Refused {
    #[java(message)]
    message: String,
}

#[dubhe::interface("org.example.Desk", version = "1.0.0")]
trait Desk {
    async fn greet(&self, ctx: &Context, name: String) -> Result<String, Status>;
    async fn add(&self, a: i64, b: i32) -> Result<i64, Status>;
    #[java(name = "over")]
    async fn over_text(&self, text: String) -> Result<String, Status>;
    #[java(name = "over")]
    async fn over_number(&self, number: i32) -> Result<String, Status>;
    async fn page(&self, page: Page) -> Result<Page, Status>;
    async fn join(&self, words: Vec<String>) -> Result<String, Status>;
    async fn sum(&self, numbers: Array<i32>) -> Result<i32, Status>;
    async fn nothing(&self) -> Result<(), Status>;
    async fn refuse(&self) -> Result<(), Refused>;
    async fn forbid(&self) -> Result<(), Status>;
}

struct Clerk;

impl Desk for Clerk {
    async fn greet(&self, ctx: &Context, name: String) -> Result<String, Status> {
        ctx.set_reply_attachment("desk", "1");
        let title = ctx.attachment("title").unwrap_or("dear");
        Ok(format!("Hello, {title} {name}"))
    }
    async fn add(&self, a: i64, b: i32) -> Result<i64, Status> {
        Ok(a + i64::from(b))
    }
    async fn over_text(&self, text: String) -> Result<String, Status> {
        Ok(format!("text {text}"))
    }
    async fn over_number(&self, number: i32) -> Result<String, Status> {
        Ok(format!("number {number}"))
    }
    async fn page(&self, page: Page) -> Result<Page, Status> {
        Ok(Page { number: page.number + 1, ..page })
    }
    async fn join(&self, words: Vec<String>) -> Result<String, Status> {
        Ok(words.join("-"))
    }
    async fn sum(&self, numbers: Array<i32>) -> Result<i32, Status> {
        Ok(numbers.0.iter().sum())
    }
    async fn nothing(&self) -> Result<(), Status> {
        Ok(())
    }
    async fn refuse(&self) -> Result<(), Refused> {
        Err(Refused { message: "not today".into() })
    }
    async fn forbid(&self) -> Result<(), Status> {
        Err(Status::new(Code::PermissionDenied, "not you"))
    }
}

/// Answers with its name and the path.
#[derive(Clone)]
struct Named(&'static str);

impl dubhe::http::Service<http::Request<Body>> for Named {
    type Response = http::Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        ready(Ok(http::Response::new(format!("{} {}", self.0, request.uri().path()))))
    }
}

async fn serve() -> RunningServer {
    let server = Server::builder().service(DeskServer::new(Clerk));
    server.mount("/files", Named("files")).start("127.0.0.1:0").await.unwrap()
}

const JSON: &str = "content-type: application/json";

async fn ask(to: SocketAddr, line: &str, headers: &[&str], body: &str) -> Response {
    let headers: Vec<String> = headers.iter().map(|&header| header.to_owned()).collect();
    let (line, body) = (line.to_owned(), body.to_owned());
    let asked = move || {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        request(to, &line, &headers, body).unwrap()
    };
    tokio::task::spawn_blocking(asked).await.unwrap()
}

#[tokio::test]
async fn arguments_are_an_array_or_the_only_one() {
    let server = serve().await;
    for (method, body, result) in [
        ("greet", r#"["Ada"]"#, r#""Hello, dear Ada""#),
        ("greet", r#""Ada""#, r#""Hello, dear Ada""#),
        ("Greet", r#"["Ada"]"#, r#""Hello, dear Ada""#),
        ("add", "[4000000000,2]", "4000000002"),
        ("page", r#"{"number":1,"tags":["a"]}"#, r#"{"tags":["a"],"number":2}"#),
        ("page", r#"[{"number":1,"tags":[]}]"#, r#"{"tags":[],"number":2}"#),
        ("join", r#"["a","b"]"#, r#""a-b""#),
        ("join", r#"[["a","b"]]"#, r#""a-b""#),
        ("sum", "[1,2,3]", "6"),
        ("over~S", r#"["7"]"#, r#""text 7""#),
        ("over~i", "7", r#""number 7""#),
        ("nothing", "[]", "null"),
        ("nothing", "", "null"),
    ] {
        let line = format!("POST /org.example.Desk/{method}");
        let got = ask(server.addr(), &line, &[JSON], body).await;
        assert_eq!((got.status, &*got.body), (200, result), "{method} {body}");
        assert_eq!(got.header("content-type"), Some("application/json"));
    }
    let got = ask(server.addr(), "GET /org.example.Desk/nothing", &[], "").await;
    assert_eq!((got.status, &*got.body), (200, "null"));
    // As curl sends a body when it is told nothing about it.
    let form = "content-type: application/x-www-form-urlencoded";
    let got = ask(server.addr(), "POST /org.example.Desk/greet", &[form], r#"["Ada"]"#).await;
    assert_eq!(&*got.body, r#""Hello, dear Ada""#);
}

#[tokio::test]
async fn attachments_are_headers() {
    let server = serve().await;
    let headers = [JSON, "title: Countess", "tri-service-version: 1.0.0"];
    let got = ask(server.addr(), "POST /org.example.Desk/greet", &headers, r#"["Ada"]"#).await;
    assert_eq!((&*got.body, got.header("desk")), (r#""Hello, Countess Ada""#, Some("1")));
}

#[tokio::test]
async fn errors_are_javas_and_dubbo_gos() {
    let server = serve().await;
    for (method, body, status, message) in [
        ("refuse", "[]", 500, "not today"),
        ("forbid", "[]", 403, "not you"),
        ("greet", "[", 400, "the body is not json"),
        ("greet", r#"["a","b"]"#, 400, "does not take 2 arguments"),
        ("page", r#"{"number":"x"}"#, 400, "arguments of"),
        ("missing", "[]", 404, "has no method"),
    ] {
        let line = format!("POST /org.example.Desk/{method}");
        let got = ask(server.addr(), &line, &[JSON], body).await;
        assert_eq!(got.status, status, "{method}: {got:?}");
        assert!(got.body.contains(message), "{method}: {got:?}");
    }
    let got = ask(server.addr(), "POST /org.example.Desk/refuse", &[JSON], "[]").await;
    assert_eq!(got.body, r#"{"message":"not today","status":"500"}"#);
    let go = [JSON, "triple-protocol-version: 0.1.0"];
    let got = ask(server.addr(), "POST /org.example.Desk/forbid", &go, "[]").await;
    assert_eq!(
        (got.status, &*got.body),
        (403, r#"{"code":"permission_denied","message":"not you"}"#)
    );
}

#[tokio::test]
async fn what_is_missing_has_the_error_of_connect_and_of_java() {
    let server = serve().await;
    let desk = ServiceKey::new("org.example.Desk", "", "1.0.0");
    let parts = |text: &str, code: &str, status: u16| {
        let text = text.replace('"', "\\\"");
        let fields = [("code", code), ("message", &text)];
        let [code, message] = fields.map(|(name, value)| format!("\"{name}\":\"{value}\""));
        (status, format!("{{{code},{message},\"status\":\"{status}\"}}"))
    };
    let no_method = "service org.example.Desk:1.0.0 has no method \"missing\"; it has add, forbid, \
                     greet, join, nothing, over, page, refuse, sum";
    let no_service =
        "service org.example.Nobody not found: this server does not export that interface";
    for (line, text) in [
        ("POST /org.example.Desk/missing", no_method),
        ("POST /org.example.Nobody/greet", no_service),
    ] {
        let got = ask(server.addr(), line, &[JSON], "[]").await;
        assert_eq!((got.status, got.body), parts(text, "unimplemented", 404));
        // dubbo-go reads Connect's.
        let go = [JSON, "triple-protocol-version: 0.1.0"];
        let got = ask(server.addr(), line, &go, "[]").await;
        assert!(got.body.starts_with(r#"{"code":"unimplemented","message":""#), "{got:?}");
        assert!(!got.body.contains("\"status\""), "{got:?}");
    }
    server.remove(&desk).await.unwrap();
    let text = "service org.example.Desk:1.0.0 has been removed from this server";
    let version = "tri-service-version: 1.0.0";
    let got = ask(server.addr(), "POST /org.example.Desk/greet", &[JSON, version], "[]").await;
    assert_eq!((got.status, got.body), parts(text, "unavailable", 503));
}

#[tokio::test]
async fn what_is_mounted_has_its_paths_to_itself() {
    let server = serve().await;
    let got = ask(server.addr(), "PUT /files/a/b?c", &[], "x").await;
    assert_eq!((got.status, &*got.body), (200, "files /files/a/b"));
    assert_eq!(ask(server.addr(), "GET /filesystem", &[], "").await.status, 404);

    let rest = Server::builder().service(DeskServer::new(Clerk)).mount("/", Named("rest"));
    let rest = rest.start("127.0.0.1:0").await.unwrap();
    let got = ask(rest.addr(), "GET /filesystem", &[], "").await;
    assert_eq!((got.status, &*got.body), (200, "rest /filesystem"));
    let got = ask(rest.addr(), "POST /org.example.Desk/nothing", &[JSON], "[]").await;
    assert_eq!((got.status, &*got.body), (200, "null"));

    // A server of gRPC may be mounted, too: this one answers as none.
    let app = App::builder("test").build().unwrap();
    let url = format!("grpc://{}", rest.addr());
    let call = app.generic("org.example.Elsewhere").url(&url).retries(0).build().unwrap();
    let error = call.call("any", args![]).await.unwrap_err();
    assert!(error.message().contains("content-type none, not as gRPC"), "{error}");
    let desk = app.client::<DeskClient>().url(&url).build().unwrap();
    desk.nothing().await.unwrap();
}

#[tokio::test]
async fn a_path_has_one_target() {
    let server = || Server::builder().service(DeskServer::new(Clerk));
    let twice = server().mount("/a", Named("1")).mount("a/", Named("2"));
    let hides = server().mount("/org.example.Desk", Named("1"));
    for (server, hint) in [(twice, "another service is mounted there"), (hides, "is exported")] {
        let error = server.start("127.0.0.1:0").await.unwrap_err();
        assert!(error.message().contains(hint), "{error}");
    }
}
