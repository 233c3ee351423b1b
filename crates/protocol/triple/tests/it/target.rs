//! The search for the target of a request: once, whatever the protocol.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use dubhe_core::filter::Guard;
use dubhe_core::gate::{Arrival, Gate, Gates};
use dubhe_core::serve::{Dispatch, Overload, Target, Wanted};
use dubhe_core::time::SharedClock;
use dubhe_core::{Call, Invoke, Invoking, Method, Payload, Reply, ServiceKey, Status};
use dubhe_net::time::TokioClock;
use dubhe_triple::http::{Body, HttpService, Service};
use dubhe_triple::{TripleOptions, TripleProtocol};
use http::{Request, Response};

use crate::support::{self, Http1, Raw, framed, headers};

/// Counts how often it is asked.
struct Counting {
    services: Arc<dyn Dispatch>,
    asked: AtomicUsize,
}

impl Dispatch for Counting {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.services.find(wanted)
    }
}

/// Answers with its name.
#[derive(Clone)]
struct Named(&'static str);

impl Service<Request<Body>> for Named {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(self.0.to_owned())))
    }
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");
const JSON: (&str, &str) = ("content-type", "application/json");
const PROTO: (&str, &str) = ("content-type", "application/proto");
const GO: (&str, &str) = ("triple-protocol-version", "1");

#[tokio::test]
async fn each_request_asks_once_and_overloads_once_more() {
    let bob = wrapped("java.lang.String", b"\x03bob");
    let counting = Arc::new(Counting { services: support::services(), asked: AtomicUsize::new(0) });
    let protocol = TripleProtocol::new(counting.clone(), TripleOptions::default())
        .mount("/files", HttpService::new(Named("files")))
        .mount("/", HttpService::new(Named("root")));
    let (old, new) = (support::listen(protocol.http1()).await, support::listen(protocol).await);
    let mut raw = Raw::connect(new.address).await;
    let hi = Bytes::from_static(b"{}");
    for (path, sent, body, answer, asked) in [
        ("/test.Plain/Echo", &[GRPC][..], framed(b"hi"), framed(b"hi"), 1),
        ("/test.Plain/Join", &[GRPC], framed(b"hi"), framed(b"hi"), 1),
        ("/test.Plain/Echo", &[JSON], hi.clone(), hi, 1),
        ("/test.Plain/Echo", &[PROTO], "hi".into(), "hi".into(), 1),
        // The types are those of the method that was found.
        ("/test.Java/hello", &[GRPC], framed(&bob), framed(&bob_said("hi bob")), 1),
        ("/test.Java/hello", &[GO, PROTO], bob, bob_said("hi bob"), 1),
        // The number of arguments may mean another method.
        ("/test.Java/hello", &[JSON], r#"["bob"]"#.into(), r#""hi bob""#.into(), 2),
        ("/files/hello", &[GRPC], framed(b"hi"), "files".into(), 0),
        ("/files", &[], Bytes::new(), "files".into(), 0),
        ("/elsewhere", &[JSON], Bytes::new(), "root".into(), 0),
    ] {
        counting.asked.store(0, Ordering::Relaxed);
        let got = raw.call(path, headers(sent), Some(body.clone())).await;
        assert_eq!((got.status, got.body), (200, answer.clone()), "{path} {sent:?}");
        assert_eq!(counting.asked.load(Ordering::Relaxed), asked, "{path} {sent:?}");
        if sent == [GRPC] {
            continue;
        }
        counting.asked.store(0, Ordering::Relaxed);
        let got = Http1::ask(old.address, "POST", path, &headers(sent), &body).await;
        assert_eq!((got.status, got.body), (200, answer), "{path} {sent:?}");
        assert_eq!(counting.asked.load(Ordering::Relaxed), asked, "{path} {sent:?}");
    }
}

/// The wrapper of one argument.
fn wrapped(types: &str, args: &[u8]) -> Bytes {
    let lengths = [u8::try_from(args.len()).unwrap(), u8::try_from(types.len()).unwrap()];
    let [of_args, of_types] = lengths;
    let parts: [&[u8]; 5] =
        [b"\x0a\x08hessian4\x12", &[of_args], args, &[0x1a, of_types], types.as_bytes()];
    parts.concat().into()
}

/// Methods of one name, of which the first is found where nothing tells which is meant.
/// With `true`, gates wait for the arguments.
struct Overloads(Arc<Door>, bool);

/// Refuses the method with this descriptor, and counts its permits.
struct Door {
    refused: &'static str,
    asked: Mutex<Vec<String>>,
    inside: Arc<AtomicUsize>,
}

impl Gate for Door {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        let types = arrival.method.descriptor.as_deref().unwrap().to_owned();
        let refused = types == self.refused;
        self.asked.lock().unwrap().push(types);
        if refused || self.inside.fetch_add(1, Ordering::SeqCst) > 0 {
            return Err(Status::permission_denied("closed"));
        }
        let inside = self.inside.clone();
        Ok(Guard::new(move |_| {
            inside.fetch_sub(1, Ordering::SeqCst);
        }))
    }
}

struct Ran(&'static str);

impl Invoke for Ran {
    fn invoke(&self, _: Call) -> Invoking {
        Invoking::ready(Ok(Reply::new(Payload::dynamic(self.0.into()))))
    }
}

impl Dispatch for Overloads {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let types = match wanted.overload {
            Overload::Types("J") => "J",
            Overload::Types("I") => "I",
            _ => "Ljava/lang/String;",
        };
        let clock: SharedClock = Arc::new(TokioClock);
        let gates = Gates::new([self.0.clone() as Arc<dyn Gate>], &clock);
        let gates = if self.1 { gates.by_arguments() } else { gates };
        Ok(Target {
            service: Arc::new(ServiceKey::interface_only(wanted.interface)),
            method: Arc::new(Method::java(wanted.method, types)),
            params: Arc::default(),
            gates,
            invoke: Arc::new(Ran(types)),
        })
    }
}

#[tokio::test]
async fn a_gate_is_asked_once_about_the_overload_that_the_arguments_choose() {
    let door = Arc::new(Door { refused: "J", asked: Mutex::default(), inside: Arc::default() });
    let dispatch = Arc::new(Overloads(door.clone(), true));
    let protocol = TripleProtocol::new(dispatch, TripleOptions::default());
    let new = support::listen(protocol).await;
    let mut raw = Raw::connect(new.address).await;
    for (types, argument, status, asked) in [
        ("java.lang.String", &b"\x03bob"[..], 200, "Ljava/lang/String;"),
        ("int", b"\x91", 200, "I"),
        ("long", b"\xe1", 403, "J"),
    ] {
        let sent = headers(&[GO, PROTO]);
        let got = raw.call("/test.Any/ask", sent, Some(wrapped(types, argument))).await;
        assert_eq!(got.status, status, "{types}: {got:?}");
        assert_eq!(std::mem::take(&mut *door.asked.lock().unwrap()), [asked], "{types}");
        assert_eq!(door.inside.load(Ordering::SeqCst), 0, "{types}");
    }
}

/// Notes the protocol of each peer, and refuses all.
struct Asks(Mutex<Vec<String>>);

impl Gate for Asks {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        self.0.lock().unwrap().push(arrival.peer.protocol.to_string());
        Err(Status::permission_denied("closed"))
    }
}

/// Finds every method of a protobuf service, behind a gate.
struct Behind(Arc<Asks>);

impl Dispatch for Behind {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let (gate, clock): (Arc<dyn Gate>, SharedClock) = (self.0.clone(), Arc::new(TokioClock));
        let mut method = Method::java(wanted.method, "");
        method.descriptor = None;
        Ok(Target {
            service: Arc::new(ServiceKey::interface_only(wanted.interface)),
            method: Arc::new(method),
            params: Arc::default(),
            gates: Gates::new([gate], &clock),
            invoke: Arc::new(Ran("never")),
        })
    }
}

#[tokio::test]
async fn a_peer_is_named_by_the_protocol_of_each_request() {
    let asks = Arc::new(Asks(Mutex::default()));
    let protocol = TripleProtocol::new(Arc::new(Behind(asks.clone())), TripleOptions::default());
    let (old, new) = (support::listen(protocol.http1()).await, support::listen(protocol).await);
    // One connection may speak both.
    let mut raw = Raw::connect(new.address).await;
    for (sent, body) in [(GRPC, framed(b"hi")), (JSON, "{}".into()), (GRPC, framed(b"hi"))] {
        raw.call("/test.Any/Ask", headers(&[sent]), Some(body)).await;
    }
    Http1::ask(old.address, "POST", "/test.Any/Ask", &headers(&[JSON]), b"{}").await;
    assert_eq!(*asks.0.lock().unwrap(), ["tri", "rest", "tri", "rest"]);
}

#[tokio::test]
async fn a_gate_is_asked_before_the_message_of_a_grpc_call_is_read() {
    let string = "Ljava/lang/String;";
    let door = Arc::new(Door { refused: string, asked: Mutex::default(), inside: Arc::default() });
    let protocol = TripleProtocol::new(Arc::new(Overloads(door, false)), TripleOptions::default());
    let server = support::listen(protocol).await;
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (mut send, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    // A message that does not come, half of one, and one that nobody can read.
    for sent in [&[][..], &[0, 0, 0], &[0, 0, 0, 0, 2, 0xff, 0xff]] {
        let request = Request::post("http://h/test.Any/ask");
        let request = request.header("content-type", "application/grpc").body(()).unwrap();
        let (response, mut body) = send.send_request(request, false).unwrap();
        body.send_data(Bytes::from_static(sent), false).unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.headers()["grpc-status"], "7", "{sent:?}");
    }
    connection.abort();
}

/// The wrapper of a result.
fn bob_said(text: &str) -> Bytes {
    let text = text.as_bytes();
    let length = u8::try_from(text.len()).unwrap();
    let parts: [&[u8]; 5] =
        [b"\x0a\x08hessian4\x12", &[length + 1, length], text, b"\x1a\x10", b"java.lang.Object"];
    parts.concat().into()
}
