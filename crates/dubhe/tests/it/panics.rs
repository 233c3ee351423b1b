//! A handler that panics: one line of the log and one error at its caller, the same over every
//! protocol.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use dubhe::prelude::*;
use dubhe::status::{Origin, Retry};
use dubhe_testkit::http1;
use futures_util::{Stream, StreamExt as _, stream};
use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, dispatcher, span};

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

/// The errors in the log.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Errors {
    /// The only error since the last one was taken.
    fn only(&self) -> String {
        let lines = std::mem::take(&mut *self.0.lock().unwrap());
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.into_iter().next().unwrap()
    }
}

#[tokio::test]
async fn a_panic_is_one_line_and_one_error_over_every_protocol() {
    let errors = Errors::default();
    // All tasks of the test run on its thread.
    let _seen = dispatcher::set_default(&Dispatch::new(errors.clone()));
    let server = Server::builder().service(PanicsServer::new(Clumsy));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let logged = |method: &str| {
        let line = errors.only();
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
