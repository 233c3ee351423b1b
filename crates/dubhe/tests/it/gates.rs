//! Gates, asked before anything of a request is decoded, over every wire.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::dispatch::{Dispatch, Target, Wanted};
use dubhe::gate::{Arrival, Gate};
use dubhe::prelude::*;
use dubhe::{Metadata, RunningServer, ServiceKey};
use dubhe_testkit::http1;
use tokio::sync::Notify;

#[dubhe::interface("org.example.Doors")]
trait Doors {
    /// Waits until the test lets it end.
    async fn stay(&self, who: String) -> Result<String, Status>;

    async fn pass(&self, who: String) -> Result<String, Status>;
}

struct House(Arc<Notify>);

impl Doors for House {
    async fn stay(&self, who: String) -> Result<String, Status> {
        self.0.notified().await;
        Ok(who)
    }

    async fn pass(&self, who: String) -> Result<String, Status> {
        Ok(who)
    }
}

/// Lets one call in at a time, and notes what it saw.
#[derive(Clone, Default)]
struct One {
    inside: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Gate for One {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        let method = &arrival.method.name;
        let (bounded, priority) = (arrival.deadline.is_some(), arrival.priority.unwrap_or("-"));
        let protocol = &arrival.peer.protocol;
        self.seen.lock().unwrap().push(format!("{protocol} {method} {bounded} {priority}"));
        if self.inside.fetch_add(1, Ordering::SeqCst) > 0 {
            self.inside.fetch_sub(1, Ordering::SeqCst);
            let wait = Metadata::from_iter([("retry-after", "7")]);
            return Err(Status::new(Code::ResourceExhausted, "one at a time").with_headers(wait));
        }
        let inside = self.inside.clone();
        Ok(Guard::new(move |_| {
            inside.fetch_sub(1, Ordering::SeqCst);
        }))
    }
}

struct Scene {
    running: RunningServer,
    gate: One,
    leave: Arc<Notify>,
    reached: Arc<AtomicUsize>,
}

async fn scene() -> Scene {
    let (gate, leave) = (One::default(), Arc::new(Notify::new()));
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    let filter = move |call: Call, next: Next| {
        count.fetch_add(1, Ordering::SeqCst);
        next.run(call)
    };
    let server = Server::builder().service(DoorsServer::new(House(leave.clone())));
    let running = server.gate(gate.clone()).filter(filter).start("127.0.0.1:0").await.unwrap();
    Scene { running, gate, leave, reached }
}

impl Scene {
    fn client(&self, protocol: &str) -> DoorsClient {
        let app = App::builder("test").build().unwrap();
        let client =
            app.client::<DoorsClient>().url(&format!("{protocol}://{}", self.running.addr()));
        client.retries(0).timeout(Duration::from_secs(20)).build().unwrap()
    }
}

#[tokio::test]
async fn a_permit_lives_until_the_reply_and_a_refusal_reaches_the_caller() {
    for protocol in ["dubbo", "tri"] {
        let scene = scene().await;
        let urgent = CallOptions::new().attachment("dubhe-priority", "high");
        let (first, second) = (scene.client(protocol), scene.client(protocol));
        let stays = tokio::spawn(async move { first.with(urgent).stay("Ada".into()).await });
        while scene.gate.inside.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let status = second.pass("Bob".into()).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{protocol}: {status}");
        assert!(status.message().contains("one at a time"), "{protocol}: {status}");
        assert_eq!(scene.reached.load(Ordering::SeqCst), 1, "{protocol}");

        scene.leave.notify_one();
        assert_eq!(stays.await.unwrap().unwrap(), "Ada");
        assert_eq!(second.pass("Bob".into()).await.unwrap(), "Bob", "{protocol}");
        let seen = std::mem::take(&mut *scene.gate.seen.lock().unwrap());
        let expected = ["stay true high", "pass true -", "pass true -"];
        let expected = expected.map(|line| format!("{protocol} {line}"));
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_metadata_over_http() {
    let scene = scene().await;
    let stays = tokio::spawn({
        let client = scene.client("tri");
        async move { client.stay("Ada".into()).await }
    });
    while scene.gate.inside.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let status = scene.client("tri").pass("Bob".into()).await.unwrap_err();
    let sent = status.headers().get_str("retry-after").or(status.trailers().get_str("retry-after"));
    assert_eq!(sent, Some("7"));

    // What is refused is not even read: this is no JSON.
    let to = scene.running.addr();
    let ask = move || {
        let line = "POST /org.example.Doors/pass";
        http1::request(to, line, &["content-type: application/json"], "{").unwrap()
    };
    let refused = tokio::task::spawn_blocking(ask).await.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("7")), "{refused:?}");

    scene.leave.notify_one();
    stays.await.unwrap().unwrap();
    let unreadable = tokio::task::spawn_blocking(ask).await.unwrap();
    assert_eq!(unreadable.status, 400, "{unreadable:?}");
    assert_eq!(scene.gate.inside.load(Ordering::SeqCst), 0, "every permit came back");
}

#[tokio::test]
async fn a_permit_comes_back_when_the_caller_goes_away() {
    for protocol in ["dubbo", "tri"] {
        let scene = scene().await;
        let client = scene.client(protocol);
        let stays = tokio::time::timeout(Duration::from_millis(50), client.stay("Ada".into()));
        stays.await.unwrap_err();
        drop(client);
        let back = async {
            while scene.gate.inside.load(Ordering::SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), back).await.unwrap();
    }
}

/// Panics for calls of `pass`.
struct Panics;

impl Gate for Panics {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        assert_ne!(&*arrival.method.name, "pass");
        Ok(Guard::none())
    }
}

impl Dispatch for Panics {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        panic!("{wanted:?}")
    }
}

#[tokio::test]
async fn a_panic_is_the_error_of_one_call() {
    for protocol in ["dubbo", "tri"] {
        let leave = Arc::new(Notify::new());
        let server = Server::builder().service(DoorsServer::new(House(leave.clone())));
        let server = server.gate(Panics).dispatch(Panics);
        let running = server.start("127.0.0.1:0").await.unwrap();
        let app = App::builder("gates").build().unwrap();
        let url = format!("{protocol}://{}", running.addr());
        let doors = app.client::<DoorsClient>().url(&url).retries(0).build().unwrap();
        let other = doors.clone();
        let stays = tokio::spawn(async move { other.stay("a".into()).await });
        while running.connections() == 0 {
            tokio::task::yield_now().await;
        }
        let error = doors.pass("b".into()).await.unwrap_err();
        assert!(error.message().contains("a gate panicked"), "{protocol}: {error}");
        let other = ServiceKey::interface_only("org.example.Windows");
        let other = app.client::<DoorsClient>().service(other).url(&url).retries(0).build();
        let error = other.unwrap().pass("b".into()).await.unwrap_err();
        assert!(error.message().contains("the look-up of the service panicked"), "{error}");
        leave.notify_one();
        assert_eq!(stays.await.unwrap().unwrap(), "a", "{protocol}");
        let (to, body) = (running.addr(), "[\"b\"]");
        let json = ["content-type: application/json"];
        let ask = move |path: &'static str| http1::request(to, path, &json, body).unwrap();
        let answer = tokio::task::spawn_blocking(move || ask("POST /org.example.Doors/pass"));
        assert_eq!(answer.await.unwrap().status, 500);
    }
}
