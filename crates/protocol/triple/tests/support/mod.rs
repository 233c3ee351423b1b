//! A server of a few methods on a socket, and a bare HTTP/2 client.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_core::reply::{Frame, ReplyBody, Trailers};
use dubhe_core::serve::{Dispatch, Overload, Target, Wanted};
use dubhe_core::status::Exception;
use dubhe_core::{
    Body, Call, CallKind, Code, Encoded, Format, Invoke, Invoking, Metadata, Method, Payload,
    Reply, ServiceKey, Status, Value,
};
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::Peer;
use dubhe_triple::{Settings, TripleProtocol};
use futures_util::{StreamExt, stream};
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};

pub fn framed(message: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap());
    out.extend_from_slice(message);
    out.freeze()
}

pub fn bytes(payload: &Payload) -> Bytes {
    payload.encoded().expect("the payload is not decoded").bytes().clone()
}

pub fn message(bytes: Bytes) -> Payload {
    Encoded::new(Format::Protobuf, bytes).into()
}

/// `test.Plain` has protobuf methods, `test.Java` methods of a Java interface.
struct Services {
    started: mpsc::UnboundedSender<()>,
    dropped: mpsc::UnboundedSender<()>,
    go: Arc<Notify>,
}

struct TellsDrop(mpsc::UnboundedSender<()>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

const PLAIN: [(&str, CallKind); 9] = [
    ("Echo", CallKind::Unary),
    ("Fail", CallKind::Unary),
    ("Panic", CallKind::Unary),
    ("Never", CallKind::Unary),
    ("Wait", CallKind::Unary),
    ("Repeat", CallKind::ServerStream),
    ("Endless", CallKind::ServerStream),
    ("Join", CallKind::ClientStream),
    ("Each", CallKind::Bidirectional),
];

struct Shared(Arc<Services>);

impl Dispatch for Shared {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        const STRING: &str = "Ljava/lang/String;";
        const PAIR: &str = "Ljava/lang/Object;Ljava/lang/Object;";
        let plain = PLAIN.iter().find(|(name, _)| *name == wanted.method);
        let java = ["hello", "fail"].contains(&wanted.method);
        let types = match wanted.overload {
            Overload::Types(types) => Some(types),
            Overload::Count(2) => Some(PAIR),
            Overload::Count(_) | Overload::Initials(_) => Some(STRING),
            Overload::Any => None,
        };
        let method = match (wanted.interface, plain, types) {
            ("test.Plain", Some((name, kind)), _) => {
                Method { name: (*name).into(), descriptor: None, kind: *kind }
            }
            ("test.Java", _, None | Some(STRING)) if java => Method::java(wanted.method, STRING),
            ("test.Java", _, None | Some(PAIR)) if wanted.method == "pair" => {
                Method::java("pair", PAIR)
            }
            _ => return Err(Status::new(Code::Unimplemented, "no such method")),
        };
        Ok(Target {
            service: Arc::new(ServiceKey::interface_only(wanted.interface)),
            method: Arc::new(method),
            params: Arc::default(),
            gates: Default::default(),
            invoke: Arc::new(Shared(self.0.clone())),
        })
    }
}

impl Invoke for Shared {
    fn invoke(&self, call: Call) -> Invoking {
        let services = self.0.clone();
        Invoking::boxed(async move { answer(&services, call).await })
    }
}

async fn answer(services: &Services, Call { head, body }: Call) -> Result<Reply, Status> {
    if head.service.interface() == "test.Java" {
        let Body::One(payload) = body else { panic!("a stream") };
        if &*head.method.name == "pair" {
            let (a, b): (Value, Value) = dubhe_hessian2::payload::arguments(&payload)?;
            return Ok(Reply::new(Payload::dynamic(Value::list([a, b]))));
        }
        let (name,): (String,) = dubhe_hessian2::payload::arguments(&payload)?;
        if &*head.method.name == "fail" {
            let class = "java.lang.IllegalStateException";
            let status = Status::exception(Exception::of_class(class, format!("no {name}")));
            return Err(status.with_headers([("seen", "yes")].into_iter().collect()));
        }
        let value = Value::from(format!("hi {name}"));
        let metadata = [("seen", "yes")].into_iter().collect();
        return Ok(Reply::with_metadata(Payload::dynamic(value), metadata));
    }
    let trailers = |metadata: Metadata| Frame::Trailers(Trailers { status: None, metadata });
    let own = |metadata: &Metadata| {
        metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<Metadata>()
    };
    Ok(match (&*head.method.name, body) {
        ("Echo", Body::One(payload)) => Reply::with_metadata(payload, own(&head.metadata)),
        ("Fail", _) => {
            let seen = [("seen", "yes")].into_iter().collect();
            return Err(Status::new(Code::NotFound, "not here").with_headers(seen));
        }
        ("Panic", _) => panic!("as asked"),
        ("Never", _) => {
            let _tells = TellsDrop(services.dropped.clone());
            services.started.send(()).unwrap();
            std::future::pending().await
        }
        ("Wait", Body::One(payload)) => {
            services.started.send(()).unwrap();
            services.go.notified().await;
            Reply::new(payload)
        }
        ("Repeat", Body::One(payload)) => {
            let end = trailers([("k", "end")].into_iter().collect());
            let frames = (0..3).map(move |_| Frame::Message(payload.clone()));
            Reply::stream(stream::iter(frames).chain(stream::iter([end])))
        }
        ("Endless", Body::One(payload)) => {
            let (tells, started) = (TellsDrop(services.dropped.clone()), services.started.clone());
            let frames = stream::repeat_with(move || {
                let _ = &tells;
                started.send(()).unwrap();
                Frame::Message(payload.clone())
            });
            Reply::stream(frames)
        }
        ("Join", Body::Stream(mut stream)) => {
            let mut all = BytesMut::new();
            while let Some(payload) = stream.next().await {
                all.extend_from_slice(&bytes(&payload?));
            }
            Reply::new(message(all.freeze()))
        }
        ("Each", Body::Stream(stream)) => {
            let end = trailers(Metadata::new());
            let frames = stream.map(|payload| match payload {
                Ok(payload) => Frame::Message(payload),
                Err(status) => {
                    Frame::Trailers(Trailers { status: Some(status), metadata: Metadata::new() })
                }
            });
            Reply::stream(frames.chain(stream::iter([end])))
        }
        (other, _) => panic!("{other} with another body"),
    })
}

/// A server on a socket that takes one connection after another.
pub struct Server {
    pub address: SocketAddr,
    pub trigger: Trigger,
    pub started: mpsc::UnboundedReceiver<()>,
    pub dropped: mpsc::UnboundedReceiver<()>,
    pub go: Arc<Notify>,
    /// The first connection has ended.
    pub ended: oneshot::Receiver<()>,
}

/// The protocol, of a server that nobody watches.
pub fn protocol() -> TripleProtocol {
    let (started, _) = mpsc::unbounded_channel();
    let (dropped, _) = mpsc::unbounded_channel();
    let services = Services { started, dropped, go: Arc::default() };
    TripleProtocol::new(Arc::new(Shared(Arc::new(services))), Settings::default())
}

pub async fn serve() -> Server {
    serve_with(Settings::default()).await
}

pub async fn serve_with(settings: Settings) -> Server {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (started_tx, started) = mpsc::unbounded_channel();
    let (dropped_tx, dropped) = mpsc::unbounded_channel();
    let (ended_tx, ended) = oneshot::channel();
    let go = Arc::new(Notify::new());
    let services = Services { started: started_tx, dropped: dropped_tx, go: go.clone() };
    let protocol = TripleProtocol::new(Arc::new(Shared(Arc::new(services))), settings);
    let trigger = Trigger::new();
    let shutdown = trigger.shutdown();
    tokio::spawn(async move {
        let mut ended = Some(ended_tx);
        while let Ok((stream, remote)) = listener.accept().await {
            let peer = Peer::clear(remote, address);
            let connection = protocol.serve(stream.into(), peer, shutdown.clone());
            let (ended, guard) = (ended.take(), shutdown.guard());
            tokio::spawn(async move {
                connection.await;
                drop(guard);
                if let Some(ended) = ended {
                    let _ = ended.send(());
                }
            });
        }
    });
    Server { address, trigger, started, dropped, go, ended }
}

/// A bare client.
#[derive(Clone)]
pub struct Raw(SendRequest<Bytes>);

pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
}

pub struct Started {
    response: ResponseFuture,
    _send: SendStream<Bytes>,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        // A stream that is not read leaves room for the others.
        let (send, connection) = h2::client::Builder::new()
            .initial_connection_window_size(1 << 20)
            .handshake(stream)
            .await
            .unwrap();
        tokio::spawn(connection);
        Self(send)
    }

    /// Begins a stream and resets it at once.
    pub async fn reset(
        &mut self,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(), h2::Error> {
        let mut request = Request::post(format!("http://test{path}")).body(()).unwrap();
        *request.headers_mut() = headers;
        self.0 = self.0.clone().ready().await?;
        let (_, mut send) = self.0.send_request(request, false)?;
        send.send_data(body, true)?;
        tokio::task::yield_now().await;
        send.send_reset(h2::Reason::CANCEL);
        Ok(())
    }

    /// How many streams the server lets it have at once.
    pub fn streams(&self) -> usize {
        self.0.current_max_send_streams()
    }

    /// How many bytes the server takes of a stream before it has used them.
    pub async fn window(&mut self, path: &str, headers: HeaderMap) -> usize {
        let mut request = Request::post(format!("http://test{path}")).body(()).unwrap();
        *request.headers_mut() = headers;
        self.ready().await.unwrap();
        let (_response, mut send) = self.0.send_request(request, false).unwrap();
        send.reserve_capacity(1 << 24);
        std::future::poll_fn(|cx| send.poll_capacity(cx)).await.unwrap().unwrap()
    }

    pub async fn ready(&mut self) -> Result<(), h2::Error> {
        self.0.clone().ready().await.map(drop)
    }

    pub async fn start(&mut self, path: &str, headers: HeaderMap, body: Option<Bytes>) -> Started {
        let mut request = Request::post(format!("http://test{path}")).body(()).unwrap();
        *request.headers_mut() = headers;
        self.ready().await.unwrap();
        let (response, mut send) = self.0.send_request(request, body.is_none()).unwrap();
        if let Some(body) = body {
            send.send_data(body, true).unwrap();
        }
        Started { response, _send: send }
    }

    pub async fn call(&mut self, path: &str, headers: HeaderMap, body: Option<Bytes>) -> Got {
        self.start(path, headers, body).await.response().await
    }
}

impl Started {
    /// The head of the reply, and its body, of which nothing is read.
    pub async fn unread(self) -> (http::response::Parts, h2::RecvStream) {
        self.response.await.unwrap().into_parts()
    }

    pub async fn response(self) -> Got {
        let (parts, mut recv) = self.response.await.unwrap().into_parts();
        let mut body = BytesMut::new();
        while let Some(chunk) = recv.data().await {
            let chunk = chunk.unwrap();
            recv.flow_control().release_capacity(chunk.len()).unwrap();
            body.extend_from_slice(&chunk);
        }
        let trailers = recv.trailers().await.unwrap();
        Got { status: parts.status.as_u16(), headers: parts.headers, body: body.freeze(), trailers }
    }
}

/// The one message of a reply.
pub fn only(reply: &Reply) -> Bytes {
    match &reply.body {
        ReplyBody::One(payload, _) => bytes(payload),
        ReplyBody::Stream(_) => panic!("a stream"),
    }
}
