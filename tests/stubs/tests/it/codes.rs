//! The code, the origin and the text of an error at its caller, over every protocol: the table in
//! `docs/user/errors.md`, which this reads.

use std::net::SocketAddr;

use dubhe::filter::{Guard, Hook};
use dubhe::gate::{Arrival, Gate};
use dubhe::status::{Detail, Exception, Origin, Retry};
use dubhe::{App, Call, CallOptions, Code, RunningServer, Server, Status};
use dubhe_stubs::Speaker;
use dubhe_stubs::proto::sample::shapes::v1::{ShapesClient, ShapesServer, Word};
use dubhe_testkit::http1;

const DOCS: &str = include_str!("../../../../docs/user/errors.md");
const TEXT: &str = "the shop is closed";
const CLASS: &str = "org.example.ShopClosed";

#[dubhe::interface("org.example.Codes")]
trait Codes {
    async fn fail(&self) -> Result<(), Status>;
}

/// The same service with a method that it lacks.
#[dubhe::interface("org.example.Codes")]
trait Typo {
    async fn fial(&self) -> Result<(), Status>;
}

struct Never;

impl Codes for Never {
    async fn fail(&self) -> Result<(), Status> {
        Ok(())
    }
}

/// Fails as the attachment `fail` says: `business 5` or `call 5`, with details; `thrown 5` or
/// `wrapped 5`, as an exception of the service; `passed-on 5`, as one of the call.
struct Fails;

impl Hook for Fails {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let fail = call.head.metadata.get_str("fail").unwrap_or_default();
        match fail.split_once(' ') {
            Some(("business", number)) => {
                Err(Status::business(code(number), TEXT).with_detail(detail()))
            }
            Some(("thrown", number)) => {
                let exception = Exception::of_class(CLASS, TEXT);
                Err(Status::exception(exception).with_code(code(number)))
            }
            Some(("wrapped", number)) => {
                let exception = Exception::of_class(CLASS, TEXT).wrapped();
                Err(Status::exception(exception).with_code(code(number)))
            }
            Some(("passed-on", number)) => {
                let exception = Exception::of_class(CLASS, TEXT);
                Err(Status::new(code(number), TEXT).with_exception(exception))
            }
            Some((_, number)) => Err(Status::new(code(number), TEXT).with_detail(detail())),
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

fn detail() -> Detail {
    Detail { type_url: "type.googleapis.com/a.B".into(), value: "v".into() }
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
async fn an_error_of_the_call_is_the_same_at_every_caller() {
    let scene = Scene::new().await;
    for code in codes() {
        let row = row(code);
        let fail = format!("call {}", code.number());
        let dubbo = scene.interface("dubbo", "fail", &fail).await;
        let (wrapped, message) =
            (scene.interface("tri", "fail", &fail).await, scene.message("fail", &fail).await);
        let late = code == Code::DeadlineExceeded;
        assert_eq!(dubbo.retry() == Retry::Unknown, late || code == Code::Unavailable, "{dubbo}");
        for status in [&wrapped, &message] {
            assert_eq!(status.retry() == Retry::Unknown, code == Code::Unavailable, "{status}");
        }
        // The text names call and provider, the message is the provider's alone.
        let address = scene.server.addr();
        for (status, call, provider) in [
            (dubbo, "org.example.Codes.fail", format!("dubbo://{address}")),
            (wrapped, "org.example.Codes.fail", format!("tri://{address}")),
            (message, "sample.shapes.v1.Shapes.Say", format!("tri://{address}")),
        ] {
            assert_eq!((status.code(), status.message()), (code, TEXT), "{status}");
            assert_eq!(status.origin(), Origin::RemoteFramework, "{status:?}");
            assert_eq!(status.details(), [detail()], "{status:?}");
            assert!(status.java().is_none(), "what stands for a status is no exception");
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
async fn a_refusal_is_the_same_at_every_caller_and_may_go_elsewhere_by_its_code() {
    let scene = Scene::new().await;
    for code in codes() {
        let row = row(code);
        let number = code.number().to_string();
        let elsewhere = matches!(code, Code::ResourceExhausted | Code::Unavailable);
        for status in [
            scene.interface("dubbo", "dubhe-priority", &number).await,
            scene.interface("tri", "dubhe-priority", &number).await,
            scene.message("dubhe-priority", &number).await,
        ] {
            assert_eq!((status.code(), status.message()), (code, TEXT), "{status}");
            assert_eq!(status.origin(), Origin::RemoteFramework, "{status:?}");
            assert_eq!(status.retry() == Retry::Unstarted, elsewhere, "{code}: {status:?}");
        }
        let got =
            scene.http("POST /org.example.Codes/fail", format!("dubhe-priority: {number}")).await;
        assert_eq!(got.status.to_string(), row[4], "{code}");
    }
}

#[tokio::test]
async fn a_business_error_is_the_same_at_every_caller_and_is_never_sent_again() {
    let scene = Scene::new().await;
    for code in codes() {
        let row = row(code);
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
            assert_eq!(status.details(), [detail()], "{status:?}");
            assert_no_marks(status);
        }
        // Java peers get the same exception over both protocols.
        let class = Some(row[3].clone());
        assert_eq!(classes, [class.clone(), class, None]);

        let got = scene.http("POST /org.example.Codes/fail", format!("fail: {fail}")).await;
        assert_eq!(got.body, format!(r#"{{"message":"{TEXT}","status":"500"}}"#));
        let got = scene.http("POST /sample.shapes.v1.Shapes/Say", format!("fail: {fail}")).await;
        assert_eq!(got.status.to_string(), row[4]);
    }
}

#[tokio::test]
async fn an_exception_is_the_same_at_every_caller() {
    let scene = Scene::new().await;
    for code in codes() {
        for (kind, origin) in [
            ("thrown", Origin::RemoteBusiness),
            ("wrapped", Origin::RemoteBusiness),
            ("passed-on", Origin::RemoteFramework),
        ] {
            let fail = format!("{kind} {}", code.number());
            for status in [
                scene.interface("dubbo", "fail", &fail).await,
                scene.interface("tri", "fail", &fail).await,
                scene.message("fail", &fail).await,
            ] {
                assert_eq!((status.code(), status.origin()), (code, origin), "{status:?}");
                let exception = status.java().unwrap();
                assert_eq!(exception.class(), CLASS);
                assert_eq!(exception.message().as_deref(), Some(TEXT));
                assert_no_marks(&status);
            }
        }
    }
}

#[tokio::test]
async fn a_missing_method_is_unimplemented_at_every_caller() {
    let scene = Scene::new().await;
    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{}", scene.server.addr());
        let typo = scene.app.client::<TypoClient>().url(&url).build().unwrap();
        let generic = scene.app.generic("org.example.Codes").url(&url).build().unwrap();
        for status in [
            typo.fial().await.unwrap_err(),
            generic.call_untyped("fial", Vec::new()).await.unwrap_err(),
        ] {
            assert_eq!(status.code(), Code::Unimplemented, "{protocol}: {status}");
            assert_eq!(status.origin(), Origin::RemoteFramework, "{status:?}");
            assert!(status.message().contains("fail"), "what there is: {status}");
        }
    }
}

/// Asserts that what Dubhe says beside an error is no attachment.
fn assert_no_marks(status: &Status) {
    for metadata in [status.headers(), status.trailers()] {
        assert!(!metadata.iter().any(|(key, _)| key.starts_with("dubhe-")), "{metadata:?}");
    }
}
