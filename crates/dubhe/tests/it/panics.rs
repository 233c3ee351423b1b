//! A handler that panics: one line of the log and one error at its caller, the same over every
//! protocol.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use dubhe::prelude::*;
use dubhe::status::{Origin, Retry};
use dubhe_testkit::http1;
use dubhe_testkit::log::Lines;
use futures_util::{Stream, StreamExt as _, stream};
use tracing::{Dispatch, Level, dispatcher};

#[dubhe::interface("org.example.Panics")]
trait Panics {
    /// Panics at once.
    async fn now(&self) -> Result<String, Status>;

    /// Panics after a wait.
    async fn later(&self) -> Result<String, Status>;

    /// Panics behind its first message.
    async fn within(&self) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;
}

struct Clumsy;

impl Panics for Clumsy {
    async fn now(&self) -> Result<String, Status> {
        panic!("dropped a plate")
    }

    async fn later(&self) -> Result<String, Status> {
        tokio::task::yield_now().await;
        panic!("dropped {}", "a plate")
    }

    async fn within(&self) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        Ok(stream::iter([1, 2]).map(|n| if n == 1 { Ok(n) } else { panic!("dropped a plate") }))
    }
}

#[tokio::test]
async fn a_panic_is_one_line_and_one_error_over_every_protocol() {
    let errors = Lines::of(Level::ERROR);
    // All tasks of the test run on its thread.
    let _seen = dispatcher::set_default(&Dispatch::new(errors.clone()));
    let server = Server::builder().service(PanicsServer::new(Clumsy));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let logged = |method: &str| {
        // The only error since the last one was taken.
        let lines = errors.take();
        let [line] = &*lines else { panic!("{lines:?}") };
        for part in [
            "message=a handler panicked",
            "service=org.example.Panics",
            &format!("method={method} "),
            "peer=127.0.0.1:",
            "panic=dropped a plate",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
    };
    let text = |method: &str| {
        format!("the handler of org.example.Panics.{method} panicked; the provider's log says why")
    };

    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{}", server.addr());
        // It would be sent again, if that were right.
        let client = app.client::<PanicsClient>().url(&url).retries(2).build().unwrap();
        for method in ["now", "later"] {
            let called = if method == "now" { client.now().await } else { client.later().await };
            let error = called.unwrap_err();
            logged(method);
            assert_eq!((error.code(), error.retry()), (Code::Internal, Retry::Never), "{protocol}");
            assert_eq!(error.message(), text(method), "{protocol}");
            assert_eq!(error.origin(), Origin::RemoteFramework, "{protocol}");
        }
    }

    let client = app.client::<PanicsClient>().url(&format!("tri://{}", server.addr()));
    let mut numbers = client.build().unwrap().within().await.unwrap();
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    let error = numbers.next().await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Internal, &*text("within")));
    let call = format!("INTERNAL: org.example.Panics.within on tri://{}: ", server.addr());
    assert_eq!(error.to_string(), format!("{call}{}", text("within")));
    logged("within");

    let to = server.addr();
    let ask = move || {
        let json = ["content-type: application/json"];
        http1::request(to, "POST /org.example.Panics/now", &json, "[]").unwrap()
    };
    let got = tokio::task::spawn_blocking(ask).await.unwrap();
    let body = format!(r#"{{"message":"{}","status":"500"}}"#, text("now"));
    assert_eq!((got.status, got.body), (500, body));
    logged("now");
}
