//! A server of a few methods on a socket, and bare clients.

mod http1;
mod raw;
mod services;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_core::reply::ReplyBody;
use dubhe_core::serve::Dispatch;
use dubhe_core::{Encoded, Format, Payload, Reply};
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::ConnectionInfo;
use dubhe_triple::{TripleOptions, TripleProtocol};
use http::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};

pub(crate) use http1::Http1;
pub(crate) use raw::{Got, Raw};
use services::{Services, Shared};

pub(crate) fn framed(message: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap());
    out.extend_from_slice(message);
    out.freeze()
}

pub(crate) fn bytes(payload: &Payload) -> Bytes {
    payload.encoded().expect("the payload is not decoded").bytes().clone()
}

pub(crate) fn message(bytes: Bytes) -> Payload {
    Encoded::new(Format::Protobuf, bytes).into()
}

/// The one message of a reply.
pub(crate) fn only(reply: &Reply) -> Bytes {
    match &reply.body {
        ReplyBody::One(payload, _) => bytes(payload),
        ReplyBody::Stream(_) => panic!("a stream"),
    }
}

pub(crate) fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// A server on a socket that takes one connection after another.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) protocol: TripleProtocol,
    pub(crate) trigger: Trigger,
    pub(crate) started: mpsc::UnboundedReceiver<()>,
    pub(crate) dropped: mpsc::UnboundedReceiver<()>,
    pub(crate) go: Arc<Notify>,
    /// The first connection has ended.
    pub(crate) ended: oneshot::Receiver<()>,
}

/// The services, of a server that nobody watches.
pub(crate) fn services() -> Arc<dyn Dispatch> {
    let (started, _) = mpsc::unbounded_channel();
    let (dropped, _) = mpsc::unbounded_channel();
    Arc::new(Shared(Arc::new(Services { started, dropped, go: Arc::default() })))
}

/// The protocol, of a server that nobody watches.
pub(crate) fn protocol() -> TripleProtocol {
    TripleProtocol::new(services(), TripleOptions::default())
}

pub(crate) async fn serve() -> Server {
    serve_with(TripleOptions::default()).await
}

pub(crate) async fn serve_with(options: TripleOptions) -> Server {
    let (started_tx, started) = mpsc::unbounded_channel();
    let (dropped_tx, dropped) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let services = Services { started: started_tx, dropped: dropped_tx, go: go.clone() };
    let protocol = TripleProtocol::new(Arc::new(Shared(Arc::new(services))), options);
    let Listening { address, trigger, ended } = listen(protocol.clone()).await;
    Server { address, protocol, trigger, started, dropped, go, ended }
}

/// A protocol on a socket.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) trigger: Trigger,
    /// The first connection has ended.
    pub(crate) ended: oneshot::Receiver<()>,
}

/// Lets a protocol serve one connection after another.
pub(crate) async fn listen(protocol: impl Protocol) -> Listening {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ended_tx, ended) = oneshot::channel();
    let trigger = Trigger::new();
    let shutdown = trigger.shutdown();
    tokio::spawn(async move {
        let mut ended = Some(ended_tx);
        while let Ok((stream, remote)) = listener.accept().await {
            let peer = ConnectionInfo::clear(remote, address);
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
    Listening { address, trigger, ended }
}
