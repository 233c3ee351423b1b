//! The code, the origin and the text of an error at its caller, over every protocol: the table in
//! `docs/user/errors.md`, which this reads.

use std::net::SocketAddr;

use dubhe::filter::{Guard, Hook};
use dubhe::gate::{Arrival, Gate};
use dubhe::status::{Origin, Retry};
use dubhe::{App, Call, CallOptions, Code, RunningServer, Server, Status};
use dubhe_stubs::Speaker;
use dubhe_stubs::proto::sample::shapes::v1::{ShapesClient, ShapesServer, Word};
use dubhe_testkit::http1;

const DOCS: &str = include_str!("../../../../docs/user/errors.md");
const TEXT: &str = "the shop is closed";

#[dubhe::interface("org.example.Codes")]
trait Codes {
    async fn fail(&self) -> Result<(), Status>;
}

struct Never;

impl Codes for Never {
    async fn fail(&self) -> Result<(), Status> {
        Ok(())
    }
}

/// Fails as the attachment `fail` says: `business 5`, or `call 5`.
struct Fails;

impl Hook for Fails {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let fail = call.head.metadata.get_str("fail").unwrap_or_default();
        match fail.split_once(' ') {
            Some(("business", number)) => Err(Status::business(code(number), TEXT)),
            Some((_, number)) => Err(Status::new(code(number), TEXT)),
            None => Ok(Guard::none()),
        }
    }
}

/// Refuses with the code that the priority is.
struct Refuses;

impl Gate for Refuses {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        match arrival.priority {
            Some(number) => Err(Status::new(code(number), TEXT)),
            None => Ok(Guard::none()),
        }
    }
}

fn code(number: &str) -> Code {
    Code::from_number(number.parse().unwrap()).unwrap()
}

fn codes() -> impl Iterator<Item = Code> {
    (1..=16).map(|number| Code::from_number(number).unwrap())
}

/// The cells of the row of `code` in the table of the documentation.
fn row(code: Code) -> Vec<String> {
    let section = DOCS.split("## The code at the caller").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let row = section.lines().find(|line| line.starts_with(&format!("| `{code}` |"))).unwrap();
    row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).skip(1).collect()
}

struct Scene {
    server: RunningServer,
    app: App,
}

impl Scene {
    async fn new() -> Self {
        let server = Server::builder().service(CodesServer::new(Never)).hook(Fails).gate(Refuses);
        let server = server.service(ShapesServer::new(Speaker)).start("127.0.0.1:0").await.unwrap();
        Self { server, app: App::builder("codes").build().unwrap() }
    }

    /// The error of a method of an interface.
    async fn interface(&self, protocol: &str, key: &'static str, value: &str) -> Status {
        let url = format!("{protocol}://{}", self.server.addr());
        let client = self.app.client::<CodesClient>().url(&url).retries(0).build().unwrap();
        let options = CallOptions::new().attachment(key, value.to_owned());
        client.with(options).fail().await.unwrap_err()
    }

    /// The error of a protobuf method.
    async fn message(&self, key: &'static str, value: &str) -> Status {
        let url = format!("tri://{}", self.server.addr());
        let client = self.app.client::<ShapesClient>().url(&url).retries(0).build().unwrap();
        let options = CallOptions::new().attachment(key, value.to_owned());
        client.with(options).say(Word::default()).await.unwrap_err()
    }

    async fn http(&self, path: &'static str, header: String) -> http1::Response {
        let to: SocketAddr = self.server.addr();
        let ask = move || {
            let headers = ["content-type: application/json", &header];
            let body = if path.contains("Codes") { "[]" } else { "{}" };
            http1::request(to, path, &headers, body).unwrap()
        };
        tokio::task::spawn_blocking(ask).await.unwrap()
    }
}

#[tokio::test]
async fn an_error_of_the_call_has_the_code_of_the_table() {
    let scene = Scene::new().await;
    for code in codes() {
        let row = row(code);
        let fail = format!("call {}", code.number());

        let dubbo = scene.interface("dubbo", "fail", &fail).await;
        assert_eq!(dubbo.code().name(), row[1], "{dubbo}");
        let again = matches!(code, Code::DeadlineExceeded | Code::Unavailable);
        assert_eq!(dubbo.retry() == Retry::Unknown, again, "{dubbo}");

        let (wrapped, message) =
            (scene.interface("tri", "fail", &fail).await, scene.message("fail", &fail).await);
        for status in [&wrapped, &message] {
            assert_eq!(status.code().name(), row[3], "{status}");
            assert_eq!(status.retry() == Retry::Unknown, code == Code::Unavailable, "{status}");
        }
        // The text names call and provider, the message is the provider's alone.
        let address = scene.server.addr();
        for (status, call, provider) in [
            (dubbo, "org.example.Codes.fail", format!("dubbo://{address}")),
            (wrapped, "org.example.Codes.fail", format!("tri://{address}")),
            (message, "sample.shapes.v1.Shapes.Say", format!("tri://{address}")),
        ] {
            assert_eq!((status.message(), status.origin()), (TEXT, Origin::RemoteFramework));
            let text = format!("{}: {call} on {provider}: {TEXT}", status.code());
            assert_eq!(status.to_string(), text);
        }

        for path in ["POST /org.example.Codes/fail", "POST /sample.shapes.v1.Shapes/Say"] {
            let got = scene.http(path, format!("fail: {fail}")).await;
            assert_eq!(got.status.to_string(), row[4], "{path} {code}");
        }
    }
}

#[tokio::test]
async fn a_refusal_has_the_code_of_the_table_and_may_go_elsewhere_by_its_code() {
    let scene = Scene::new().await;
    for code in codes() {
        let row = row(code);
        let number = code.number().to_string();
        let dubbo = scene.interface("dubbo", "dubhe-priority", &number).await;
        assert_eq!(dubbo.code().name(), row[2], "{dubbo}");
        let wrapped = scene.interface("tri", "dubhe-priority", &number).await;
        let message = scene.message("dubhe-priority", &number).await;
        let elsewhere = matches!(code, Code::ResourceExhausted | Code::Unavailable);
        for status in [&wrapped, &message] {
            assert_eq!(status.code().name(), row[3], "{status}");
        }
        for status in [dubbo, wrapped, message] {
            assert_eq!(status.retry() == Retry::Unstarted, elsewhere, "{code}: {status:?}");
        }
        let got =
            scene.http("POST /org.example.Codes/fail", format!("dubhe-priority: {number}")).await;
        assert_eq!(got.status.to_string(), row[4], "{code}");
    }
}

#[tokio::test]
async fn a_business_error_keeps_its_code_and_is_never_sent_again() {
    let scene = Scene::new().await;
    for code in codes() {
        let fail = format!("business {}", code.number());
        let statuses = [
            scene.interface("dubbo", "fail", &fail).await,
            scene.interface("tri", "fail", &fail).await,
            scene.message("fail", &fail).await,
        ];
        let classes = [0, 1, 2].map(|i| statuses[i].java().map(|e| e.class().to_string()));
        for status in &statuses {
            assert!(status.is_business(), "{status:?}");
            assert_eq!((status.code(), status.retry()), (code, Retry::Never));
            assert_eq!(status.message(), TEXT);
            // The code of a business error is no attachment.
            assert!(status.headers().get("dubhe-business").is_none());
            assert!(status.trailers().get("dubhe-business").is_none());
        }
        // Java peers get the same exception over both protocols.
        let class = match code {
            Code::InvalidArgument => "java.lang.IllegalArgumentException",
            Code::FailedPrecondition => "java.lang.IllegalStateException",
            Code::OutOfRange => "java.lang.IndexOutOfBoundsException",
            Code::Cancelled => "java.lang.InterruptedException",
            _ => "java.lang.RuntimeException",
        };
        assert_eq!(classes, [Some(class.to_owned()), Some(class.to_owned()), None]);

        let got = scene.http("POST /org.example.Codes/fail", format!("fail: {fail}")).await;
        assert_eq!(got.body, format!(r#"{{"message":"{TEXT}","status":"500"}}"#));
        let got = scene.http("POST /sample.shapes.v1.Shapes/Say", format!("fail: {fail}")).await;
        assert_eq!(got.status.to_string(), row(code)[4]);
    }
}
