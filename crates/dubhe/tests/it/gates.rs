//! Gates, asked before anything of a request is decoded, over every wire.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::dispatch::{Dispatch, Target, Wanted};
use dubhe::gate::{Arrival, Gate, PRIORITY};
use dubhe::prelude::*;
use dubhe::status::Retry;
use dubhe::{Metadata, RetryBudget, RunningServer, ServiceKey};
use dubhe_testkit::{http1, wait_until};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

const JSON: &str = "content-type: application/json";

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

/// The wires that a gate stands in front of: three protocols of clients, and HTTP/1.1 by hand.
const WIRES: [&str; 4] = ["dubbo", "tri", "grpc", "http"];

/// Lets one call in at a time, and notes what it saw.
#[derive(Clone, Default)]
struct OneAtATime {
    inside: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
    arrivals: Arc<Mutex<Vec<Instant>>>,
}

impl Gate for OneAtATime {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        let method = &arrival.method.name;
        let (bounded, priority) = (arrival.deadline.is_some(), arrival.priority.unwrap_or("-"));
        let protocol = &arrival.peer.protocol;
        self.seen.lock().unwrap().push(format!("{protocol} {method} {bounded} {priority}"));
        self.arrivals.lock().unwrap().push(arrival.at);
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

impl OneAtATime {
    async fn holds(&self, calls: usize) {
        let inside = || self.inside.load(Ordering::SeqCst) == calls;
        wait_until("the gate holds as many calls", inside).await;
    }
}

struct Scene {
    running: RunningServer,
    gate: OneAtATime,
    leave: Arc<Notify>,
    reached: Arc<AtomicUsize>,
    /// The beginnings of calls that reached the filter.
    begun: Arc<Mutex<Vec<Instant>>>,
}

async fn scene() -> Scene {
    let (gate, leave) = (OneAtATime::default(), Arc::new(Notify::new()));
    let (reached, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (count, beginnings) = (reached.clone(), begun.clone());
    let filter = move |call: Call, next: Next| {
        count.fetch_add(1, Ordering::SeqCst);
        beginnings.lock().unwrap().extend(call.head.arrived);
        next.run(call)
    };
    let server = Server::builder().service(DoorsServer::new(House(leave.clone())));
    let running = server.gate(gate.clone()).filter(filter).start("127.0.0.1:0").await.unwrap();
    Scene { running, gate, leave, reached, begun }
}

/// A refusal as the caller sees it.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    code: u16,
    message: String,
    retry_after: Option<String>,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let of = |metadata: &Metadata| metadata.get_str("retry-after").map(str::to_owned);
        let retry_after = of(status.headers()).or_else(|| of(status.trailers()));
        let code = status.code().number().into();
        Self { code, message: status.message().to_owned(), retry_after }
    }
}

/// A caller over one wire.
#[derive(Clone)]
enum Caller {
    Stub(DoorsClient),
    Http(SocketAddr),
}

impl Caller {
    /// Calls `stay` with a high priority, and any other method with none.
    async fn ask(&self, method: &'static str, who: &str) -> Result<String, Refused> {
        match self {
            Self::Stub(doors) if method == "stay" => {
                let urgent = CallOptions::new().attachment(PRIORITY, "high");
                Ok(doors.with(urgent).stay(who.to_owned()).await?)
            }
            Self::Stub(doors) => Ok(doors.pass(who.to_owned()).await?),
            Self::Http(to) => {
                let (to, body) = (*to, format!("[{who:?}]"));
                let ask = move || {
                    let line = format!("POST /org.example.Doors/{method}");
                    let all = [JSON, "tri-service-timeout: 20000", "dubhe-priority: high"];
                    let headers = if method == "stay" { &all[..] } else { &all[..2] };
                    http1::request(to, &line, headers, body).unwrap()
                };
                let answer = tokio::task::spawn_blocking(ask).await.unwrap();
                if answer.status == 200 {
                    return Ok(answer.body.trim_matches('"').to_owned());
                }
                let retry_after = answer.header("retry-after").map(str::to_owned);
                Err(Refused { code: answer.status, message: answer.body, retry_after })
            }
        }
    }
}

impl Scene {
    fn caller(&self, wire: &str) -> Caller {
        if wire == "http" {
            return Caller::Http(self.running.addr());
        }
        let app = App::builder("test").build().unwrap();
        let client = app.client::<DoorsClient>().url(&format!("{wire}://{}", self.running.addr()));
        Caller::Stub(client.retries(0).timeout(Duration::from_secs(20)).build().unwrap())
    }
}

#[tokio::test]
async fn a_permit_lives_until_the_reply_and_a_refusal_reaches_the_caller() {
    for wire in WIRES {
        let scene = scene().await;
        let (first, second) = (scene.caller(wire), scene.caller(wire));
        let before = Instant::now();
        let stays = tokio::spawn(async move { first.ask("stay", "Ada").await });
        scene.gate.holds(1).await;
        let refused = second.ask("pass", "Bob").await.unwrap_err();
        let code = if wire == "http" { 429 } else { 8 };
        assert_eq!(refused.code, code, "{wire}: {refused:?}");
        assert!(refused.message.contains("one at a time"), "{wire}: {refused:?}");
        assert_eq!(refused.retry_after.as_deref(), Some("7"), "{wire}");
        assert_eq!(scene.reached.load(Ordering::SeqCst), 1, "{wire}");

        scene.leave.notify_one();
        assert_eq!(stays.await.unwrap().unwrap(), "Ada", "{wire}");
        scene.gate.holds(0).await;
        assert_eq!(second.ask("pass", "Bob").await.unwrap(), "Bob", "{wire}");
        let seen = std::mem::take(&mut *scene.gate.seen.lock().unwrap());
        // Only the client tells gRPC from Triple.
        let protocol = match wire {
            "grpc" => "tri",
            "http" => "rest",
            other => other,
        };
        let expected = ["stay true high", "pass true -", "pass true -"];
        assert_eq!(seen, expected.map(|line| format!("{protocol} {line}")), "{wire}");

        // Hooks and filters see the same beginning.
        let arrivals = std::mem::take(&mut *scene.gate.arrivals.lock().unwrap());
        let begun = std::mem::take(&mut *scene.begun.lock().unwrap());
        assert_eq!(begun, [arrivals[0], arrivals[2]], "{wire}");
        assert!(before <= arrivals[0] && arrivals.is_sorted(), "{wire}: {arrivals:?}");
        assert!(arrivals[2] <= Instant::now(), "{wire}");
    }
}

/// Refuses every call with metadata: `pass` as the framework does, `stay` as the business does.
struct Informs;

impl Gate for Informs {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        let new = if &*arrival.method.name == "stay" { Status::business } else { Status::new };
        let status = new(Code::ResourceExhausted, "closed");
        let headers = Metadata::from_iter([("x-head", "h")]);
        Err(status.with_headers(headers).with_trailers(Metadata::from_iter([("x-trail", "t")])))
    }
}

#[tokio::test]
async fn a_refusal_has_its_metadata() {
    let server = Server::builder().service(DoorsServer::new(House(Arc::default()))).gate(Informs);
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let both = || ["x-head", "x-trail"].map(str::to_owned).to_vec();
    for (protocol, framework, business) in [
        ("dubbo", [both(), vec![]], [both(), vec![]]),
        // A business error of an interface travels as a Java exception does.
        ("tri", [both(), both()], [both(), vec![]]),
        ("grpc", [both(), both()], [both(), vec![]]),
    ] {
        let url = format!("{protocol}://{}", server.addr());
        let doors = app.client::<DoorsClient>().url(&url).retries(0).build().unwrap();
        let own = |metadata: &Metadata| -> Vec<String> {
            let keys = metadata.iter().map(|(key, _)| key.to_string());
            let mut own: Vec<_> = keys.filter(|key| key.starts_with("x-")).collect();
            own.sort();
            own
        };
        let seen = |status: Status| [own(status.headers()), own(status.trailers())];
        assert_eq!(seen(doors.pass("x".into()).await.unwrap_err()), framework, "{protocol}");
        assert_eq!(seen(doors.stay("x".into()).await.unwrap_err()), business, "{protocol}");
    }
}

#[tokio::test]
async fn a_refused_body_is_not_even_read() {
    let scene = scene().await;
    let caller = scene.caller("http");
    let stays = tokio::spawn(async move { caller.ask("stay", "Ada").await });
    scene.gate.holds(1).await;
    let to = scene.running.addr();
    // This is no JSON.
    let ask = move || http1::request(to, "POST /org.example.Doors/pass", &[JSON], "{").unwrap();
    let refused = tokio::task::spawn_blocking(ask).await.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("7")), "{refused:?}");

    scene.leave.notify_one();
    stays.await.unwrap().unwrap();
    scene.gate.holds(0).await;
    let unreadable = tokio::task::spawn_blocking(ask).await.unwrap();
    assert_eq!(unreadable.status, 400, "{unreadable:?}");
    scene.gate.holds(0).await;
}

#[tokio::test]
async fn a_permit_comes_back_when_the_caller_goes_away() {
    for wire in ["dubbo", "tri", "grpc"] {
        let scene = scene().await;
        let caller = scene.caller(wire);
        let stays = tokio::spawn(async move { caller.ask("stay", "Ada").await });
        scene.gate.holds(1).await;
        stays.abort();
        scene.gate.holds(0).await;
    }
    let scene = scene().await;
    let mut stream = tokio::net::TcpStream::connect(scene.running.addr()).await.unwrap();
    let request = "POST /org.example.Doors/stay HTTP/1.1\r\nhost: x\r\n\
                   content-type: application/json\r\ncontent-length: 7\r\n\r\n[\"Ada\"]";
    stream.write_all(request.as_bytes()).await.unwrap();
    scene.gate.holds(1).await;
    drop(stream);
    scene.gate.holds(0).await;
}

/// Refuses every call.
struct Closed;

impl Gate for Closed {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        Err(Status::unavailable("closed for good"))
    }
}

#[tokio::test]
async fn a_gate_of_one_service_is_asked_after_those_of_the_server() {
    let (outer, inner) = (OneAtATime::default(), OneAtATime::default());
    let house = || DoorsServer::new(House(Arc::new(Notify::new())));
    let server = Server::builder()
        .service(Export::new(house()).gate(inner.clone()).gate(Closed))
        .service(Export::new(house()).group("open"))
        .gate(outer.clone());
    let running = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    for protocol in ["dubbo", "tri", "grpc"] {
        let url = format!("{protocol}://{}", running.addr());
        let client = || app.client::<DoorsClient>().url(&url).retries(0);
        let status = client().build().unwrap().pass("a".into()).await.unwrap_err();
        assert!(status.message().contains("closed for good"), "{protocol}: {status}");
        // Both that had admitted it have their permits back.
        for gate in [&outer, &inner] {
            assert_eq!(gate.seen.lock().unwrap().drain(..).count(), 1, "{protocol}");
            gate.holds(0).await;
        }
        client().group("open").build().unwrap().pass("a".into()).await.unwrap();
        assert_eq!(outer.seen.lock().unwrap().drain(..).count(), 1, "{protocol}");
        assert_eq!(inner.seen.lock().unwrap().len(), 0, "{protocol}");
        outer.holds(0).await;
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

/// Panics when it is asked for its generation, once told to.
struct NoGeneration(Arc<AtomicUsize>);

impl Dispatch for NoGeneration {
    fn find(&self, _: Wanted<'_>) -> Result<Target, Status> {
        Err(Status::unimplemented("nothing here"))
    }

    fn generation(&self) -> u64 {
        assert_eq!(self.0.load(Ordering::SeqCst), 0);
        0
    }
}

#[tokio::test]
async fn a_panic_is_the_error_of_one_call() {
    for protocol in ["dubbo", "tri", "grpc"] {
        let leave = Arc::new(Notify::new());
        let server = Server::builder().service(DoorsServer::new(House(leave.clone())));
        let panics = Arc::new(AtomicUsize::new(0));
        let server = server.gate(Panics).dispatch(NoGeneration(panics.clone())).dispatch(Panics);
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
        // Over dubbo it is asked for before each call.
        if protocol == "dubbo" {
            panics.store(1, Ordering::SeqCst);
            let error = doors.stay("c".into()).await.unwrap_err();
            assert!(error.message().contains("the look-up of the service panicked"), "{error}");
            panics.store(0, Ordering::SeqCst);
        }
        leave.notify_one();
        assert_eq!(stays.await.unwrap().unwrap(), "a", "{protocol}");
        let (to, body) = (running.addr(), "[\"b\"]");
        let ask = move |path: &'static str| http1::request(to, path, &[JSON], body).unwrap();
        let answer = tokio::task::spawn_blocking(move || ask("POST /org.example.Doors/pass"));
        assert_eq!(answer.await.unwrap().status, 500);
    }
}

/// Refuses every call for lack of room.
struct Full;

impl Gate for Full {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        Err(Status::new(Code::ResourceExhausted, "full"))
    }
}

#[tokio::test]
async fn a_refused_call_goes_to_another_provider_over_every_protocol() {
    for protocol in ["dubbo", "tri", "grpc"] {
        let service = || DoorsServer::new(House(Arc::new(Notify::new())));
        let full = Server::builder().service(service()).gate(Full).start("127.0.0.1:0").await;
        let open = Server::builder().service(service()).start("127.0.0.1:0").await;
        let (full, open) = (full.unwrap(), open.unwrap());
        let urls = [&full, &open].map(|server| format!("{protocol}://{}", server.addr()));
        let app = App::builder("test").build().unwrap();
        // Not even what must not run twice stays with the first.
        let client = app.client::<DoorsClient>().url(&urls.join(";")).repeatable(false);
        let client = client.retry_budget(RetryBudget::UNLIMITED).build().unwrap();
        for _ in 0..10 {
            assert_eq!(client.pass("Ada".into()).await.unwrap(), "Ada", "{protocol}");
        }
    }
}

#[tokio::test]
async fn a_gate_of_the_server_is_not_asked_about_health() {
    let service = DoorsServer::new(House(Arc::new(Notify::new())));
    let server = Server::builder().service(service).gate(Full).start("127.0.0.1:0").await.unwrap();
    let to = server.addr();
    let ask = move |(path, body)| {
        http1::request(to, &format!("POST /{path}"), &[JSON], body).unwrap().status
    };
    let asked = [
        ("grpc.health.v1.Health/Check", r#"{"service":""}"#),
        ("org.example.Doors/pass", "[\"b\"]"),
        ("grpc.health.v1.Health/List", "{}"),
    ];
    let answers = tokio::task::spawn_blocking(move || asked.map(ask)).await.unwrap();
    assert_eq!(answers, [200, 429, 200]);
}

#[dubhe::interface("org.example.Chains")]
trait Chains {
    /// Passes on the error of a call of its own that nobody began.
    async fn pass_on(&self) -> Result<String, Status>;
}

struct Middle(AtomicUsize);

impl Chains for Arc<Middle> {
    async fn pass_on(&self) -> Result<String, Status> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(Status::resource_exhausted("the last one is full").with_retry(Retry::Unstarted))
    }
}

/// Passes the call on, and then fails with the error of a call of its own that nobody began.
async fn audits(call: Call, next: Next) -> Result<Reply, Status> {
    next.run(call).await.ok();
    Err(Status::unavailable("the audit is down").with_retry(Retry::Unstarted))
}

#[tokio::test]
async fn a_handler_that_passes_on_what_nobody_began_has_begun() {
    let middle = Arc::new(Middle(AtomicUsize::new(0)));
    let service = || Export::new(ChainsServer::new(middle.clone()));
    let app = App::builder("caller").build().unwrap();
    for (text, service) in [
        ("the last one is full", (&service) as &dyn Fn() -> Export),
        ("the audit is down", &|| service().filter(audits)),
    ] {
        let server = || Server::builder().service(service()).start("127.0.0.1:0");
        let (one, other) = (server().await.unwrap(), server().await.unwrap());
        for protocol in ["dubbo", "tri"] {
            let url = format!("{protocol}://{};{protocol}://{}", one.addr(), other.addr());
            let client = app.client::<ChainsClient>().url(&url).repeatable(false).build().unwrap();
            let error = client.pass_on().await.unwrap_err();
            assert_eq!(error.message(), text, "{protocol}");
            assert_ne!(error.retry(), Retry::Unstarted, "{protocol}");
            assert_eq!(middle.0.swap(0, Ordering::SeqCst), 1, "{protocol}");
        }
    }
}

#[dubhe::interface("org.example.Overloaded")]
trait Overloaded {
    #[java(name = "say")]
    async fn say_number(&self, number: i32) -> Result<String, Status>;
    #[java(name = "say")]
    async fn say_text(&self, text: String) -> Result<String, Status>;
}

struct Said;

impl Overloaded for Said {
    async fn say_number(&self, number: i32) -> Result<String, Status> {
        Ok(number.to_string())
    }

    async fn say_text(&self, text: String) -> Result<String, Status> {
        Ok(text)
    }
}

/// Notes the argument types and the end of each call.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<String>>>);

impl Gate for Ends {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        let (ends, types) = (self.0.clone(), arrival.method.descriptor.clone().unwrap());
        Ok(Guard::new(move |end| ends.lock().unwrap().push(format!("{types} {}", end.name()))))
    }
}

#[tokio::test]
async fn an_overloaded_method_passes_each_gate_once() {
    for protocol in ["dubbo", "tri"] {
        let (of_server, of_service) = (Ends::default(), Ends::default());
        let export = Export::new(OverloadedServer::new(Said)).gate(of_service.clone());
        let server = Server::builder().gate(of_server.clone()).service(export);
        let server = server.start("127.0.0.1:0").await.unwrap();
        let app = App::builder("gates").build().unwrap();
        let url = format!("{protocol}://{}", server.addr());
        let client = app.client::<OverloadedClient>().url(&url).retries(0).build().unwrap();
        assert_eq!(client.say_number(1).await.unwrap(), "1");
        assert_eq!(client.say_text("a".into()).await.unwrap(), "a");
        for ends in [of_server, of_service] {
            let told = || ends.0.lock().unwrap().len() >= 2;
            wait_until("the gates are told", told).await;
            let both = ["I OK", "Ljava/lang/String; OK"];
            assert_eq!(*ends.0.lock().unwrap(), both, "{protocol}");
        }
    }
}

/// A Unix socket has no kernel timeout that gives up a peer which reads nothing.
#[cfg(unix)]
#[tokio::test]
async fn a_permit_comes_back_though_nobody_reads_the_reply() {
    const LONG: usize = 4 << 20;
    let folder = dubhe_testkit::Folder::new().unwrap();
    for (field, end) in [("tri-service-timeout: 300\r\n", "DEADLINE_EXCEEDED"), ("", "CANCELLED")] {
        let ends = Ends::default();
        let server = Server::builder().service(OverloadedServer::new(Said)).gate(ends.clone());
        let stall = if field.is_empty() { 300 } else { 60_000 };
        let server = server.options(|o| o.triple.write_stall = Duration::from_millis(stall));
        let path = folder.path().join(end);
        let _server = server.start(&format!("unix:{}", path.display())).await.unwrap();
        let mut peer = tokio::net::UnixStream::connect(&path).await.unwrap();
        let head = format!(
            "POST /org.example.Overloaded/say~S HTTP/1.1\r\nhost: h\r\n{JSON}\r\n{field}\
             content-length: {}\r\n\r\n",
            LONG + 4
        );
        peer.write_all(head.as_bytes()).await.unwrap();
        peer.write_all(format!("[\"{}\"]", "a".repeat(LONG)).as_bytes()).await.unwrap();
        wait_until("the permit is back", || !ends.0.lock().unwrap().is_empty()).await;
        assert_eq!(*ends.0.lock().unwrap(), [format!("Ljava/lang/String; {end}")]);
    }
}
