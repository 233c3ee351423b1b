//! Services to call, and peers that speak byte by byte.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dubhe_core::gate::{Gate, Gates};
use dubhe_core::reply::ReplyBody;
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::time::SharedClock;
use dubhe_core::{
    Args, Call, Code, Format, Head, Invoke, Invoking, Metadata, Method, Payload, Reply, ServiceKey,
    Status, Value,
};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::exchange::{Connection, Exchange, Role};
use dubhe_dubbo::frame::{Frame, Splitter};
use dubhe_dubbo::header::{Header, Kind};
use dubhe_dubbo::serialization::SerializationId;
use dubhe_dubbo::{PayloadLimit, body};
use dubhe_hessian2::{Encode, Encoder};
use dubhe_net::io::memory::Network;
use dubhe_net::io::{ConnectionInfo, Io};
use dubhe_net::session::{CloseReason, Driver, SessionOptions};
use dubhe_net::time::TokioClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const SERVICE: &str = "demo.Service";
pub(crate) const ANY: &str = "Ljava/lang/Object;";

type Handler = Arc<dyn Fn(Call) -> Invoking + Send + Sync>;

struct Run(Handler);

impl Invoke for Run {
    fn invoke(&self, call: Call) -> Invoking {
        (self.0)(call)
    }
}

/// Methods of [`SERVICE`] that take one object.
#[derive(Default)]
pub(crate) struct Methods {
    targets: HashMap<&'static str, Target>,
    params: Vec<(&'static str, &'static str)>,
    gates: Gates,
}

impl Methods {
    /// `echo` alone.
    pub(crate) fn echo() -> Self {
        Self::default().method("echo", echo)
    }

    /// `back`, which calls `notify` of its caller and answers with the reply.
    pub(crate) fn back() -> Self {
        Self::default().method("back", |subscription| {
            let peer = subscription.head.peer.clone().unwrap();
            Invoking::boxed(async move { peer.invoke(call("notify", 1)).await })
        })
    }

    /// A service without methods yet; `gate` will be in front of all.
    pub(crate) fn gated(gate: impl Gate) -> Self {
        let (gate, clock): (Arc<dyn Gate>, SharedClock) = (Arc::new(gate), Arc::new(TokioClock));
        Self { gates: Gates::new([gate], &clock), ..Self::default() }
    }

    /// `echo`, and `wait`, which echoes once the sender says true.
    pub(crate) fn waiting() -> (Self, watch::Sender<bool>) {
        let (go, wait) = watch::channel(false);
        let methods = Self::echo().method("wait", move |call| {
            let mut wait = wait.clone();
            Invoking::boxed(async move {
                wait.wait_for(|go| *go).await.unwrap();
                echo(call).await
            })
        });
        (methods, go)
    }

    pub(crate) fn param(mut self, name: &'static str, value: &'static str) -> Self {
        self.params.push((name, value));
        self
    }

    pub(crate) fn method(
        mut self,
        name: &'static str,
        handler: impl Fn(Call) -> Invoking + Send + Sync + 'static,
    ) -> Self {
        let params = self.params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let target = Target {
            service: Arc::new(ServiceKey::interface_only(SERVICE)),
            method: Arc::new(Method::java(name, ANY)),
            params: Arc::new(dubhe_core::endpoint::ServiceParams::new(&params)),
            gates: self.gates.clone(),
            invoke: Arc::new(Run(Arc::new(handler))),
        };
        self.targets.insert(name, target);
        self
    }
}

impl Dispatch for Methods {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        if wanted.interface != SERVICE || !wanted.group.is_empty() {
            let text = format!("no service {:?} here", wanted.interface);
            return Err(Status::new(Code::Unimplemented, text));
        }
        let target = self.targets.get(wanted.method).cloned();
        target.ok_or_else(|| Status::new(Code::InvalidArgument, "no such method here"))
    }
}

/// Answers with the argument and the attachments it got.
pub(crate) fn echo(call: Call) -> Invoking {
    let dubhe_core::CallBody::One(payload) = call.body else { panic!("no arguments") };
    Invoking::ready(Ok(Reply::with_metadata(payload, call.head.metadata)))
}

/// A call of one argument.
pub(crate) fn call(method: &str, argument: impl Into<Value>) -> Call {
    let service = Arc::new(ServiceKey::interface_only(SERVICE));
    let head = Head::new(service, Arc::new(Method::java(method, ANY)));
    Call::new(head, Payload::Args(Args::Values([argument.into()].into())))
}

/// The value of a reply.
pub(crate) fn value(reply: &Reply) -> Value {
    let ReplyBody::One(payload, _) = &reply.body else { panic!("a stream") };
    let encoded = payload.encoded().expect("a reply from the wire is encoded");
    assert_eq!(*encoded.format(), Format::Hessian2);
    dubhe_hessian2::from_bytes(encoded.bytes()).unwrap()
}

/// An end of a connection that runs.
pub(crate) struct End {
    pub(crate) connection: Arc<Connection>,
    pub(crate) task: JoinHandle<CloseReason>,
}

impl End {
    pub(crate) fn start(
        (io, peer): (Io, ConnectionInfo),
        role: Role,
        options: DubboOptions,
        dispatch: Option<Methods>,
    ) -> Self {
        let dispatch = dispatch.map(|methods| Arc::new(methods) as Arc<dyn Dispatch>);
        let mut connection = None;
        let session = SessionOptions::default();
        let driver = Driver::new(io, peer, session, |handle| {
            let exchange = Exchange::new(handle, role, Arc::new(options), dispatch);
            connection = Some(exchange.connection().clone());
            exchange
        });
        Self { connection: connection.unwrap(), task: tokio::spawn(driver) }
    }

    pub(crate) async fn call(&self, call: Call) -> Result<Reply, Status> {
        self.connection.start(call).await
    }
}

/// A client and a server of this implementation, connected in memory.
pub(crate) fn pair(
    options: DubboOptions,
    client: Option<Methods>,
    server: Option<Methods>,
) -> (End, End) {
    let (a, b) = Network::default().pair();
    (
        End::start(a, Role::Client, options.clone(), client),
        End::start(b, Role::Server, options, server),
    )
}

/// A peer that the test speaks for.
pub(crate) struct Raw {
    pub(crate) io: Io,
    input: BytesMut,
    splitter: Splitter,
}

impl Raw {
    pub(crate) fn new(io: Io) -> Self {
        let splitter = Splitter::new(PayloadLimit::UNLIMITED);
        Self { io, input: BytesMut::new(), splitter }
    }

    /// A server of ours that the test calls by hand.
    pub(crate) fn client_of(options: DubboOptions, server: Methods) -> (Self, End) {
        let ((io, _), b) = Network::default().pair();
        (Self::new(io), End::start(b, Role::Server, options, Some(server)))
    }

    /// A client of ours that the test answers by hand.
    pub(crate) fn server_of(options: DubboOptions) -> (Self, End) {
        let ((io, _), b) = Network::default().pair();
        (Self::new(io), End::start(b, Role::Client, options, None))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.unwrap();
        self.io.flush().await.unwrap();
    }

    /// The next frame; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<(Header, Bytes)> {
        loop {
            match self.splitter.next(&mut self.input).unwrap() {
                Some(Frame::Whole(header, body)) => return Some((header, body)),
                Some(Frame::TooLarge(header)) => panic!("{header:?}"),
                None => {}
            }
            if self.io.read_buf(&mut self.input).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// The next frame, which must be a reply: its id, status, and value or error text.
    pub(crate) async fn reply(&mut self) -> (u64, u8, Value) {
        let (header, body) = self.next().await.expect("a reply");
        let Kind::Reply { status } = header.kind else { panic!("{header:?}") };
        let value = if status == 20 {
            match body::read_reply(&body, &body::BodyLimits::default()).unwrap().0 {
                body::Answer::Value(bytes) => dubhe_hessian2::from_bytes(&bytes).unwrap(),
                body::Answer::Exception(value) => value,
            }
        } else {
            Value::from(&*body::read_error(&body))
        };
        (header.id, status, value)
    }
}

/// A request as a client of Dubbo Java writes it.
pub(crate) struct Request<'a> {
    pub(crate) id: u64,
    pub(crate) two_way: bool,
    pub(crate) serialization: SerializationId,
    pub(crate) dubbo: &'a str,
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    pub(crate) descriptor: &'a str,
    pub(crate) argument: Value,
    pub(crate) attachments: Vec<(&'a str, Value)>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(id: u64, method: &'a str, argument: impl Into<Value>) -> Self {
        Self {
            id,
            two_way: true,
            serialization: SerializationId::HESSIAN2,
            dubbo: "2.0.2",
            service: SERVICE,
            method,
            descriptor: ANY,
            argument: argument.into(),
            attachments: vec![("path", SERVICE.into())],
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut e = Encoder::new();
        for text in [self.dubbo, self.service, "0.0.0", self.method, self.descriptor] {
            e.write_str(text);
        }
        self.argument.encode(&mut e).unwrap();
        Value::map(self.attachments.iter().cloned()).encode(&mut e).unwrap();
        let body = e.into_buffer();
        frame(Kind::Call { two_way: self.two_way }, self.serialization, self.id, &body)
    }
}

/// A frame of any kind.
pub(crate) fn frame(kind: Kind, serialization: SerializationId, id: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    let mut bytes = Header { kind, serialization, id, length }.to_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// A reply of a server: tag, then `value`.
pub(crate) fn reply(id: u64, value: impl Into<Value>) -> Vec<u8> {
    let mut e = Encoder::new();
    e.write_i32(1);
    value.into().encode(&mut e).unwrap();
    let body = e.into_buffer();
    frame(Kind::Reply { status: 20 }, SerializationId::HESSIAN2, id, &body)
}

/// An event.
pub(crate) fn event(two_way: bool, body: &[u8]) -> Vec<u8> {
    frame(Kind::Event { two_way }, SerializationId::HESSIAN2, 7, body)
}

/// Attachments of one pair.
pub(crate) fn metadata(key: &'static str, value: impl Into<Value>) -> Metadata {
    [(key, value.into())].into_iter().collect()
}
