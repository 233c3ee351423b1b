//! Triple on a listening port, and everything else that speaks HTTP there.
//!
//! ```text
//! connection ─ exchange ─ mounts ─┬─ mounted: HttpService
//!                                 └─ target ─ protocol: gRPC or plain HTTP ─ Dispatch → handler
//! ```
//!
//! `exchange.rs` takes a request from its head to the end of its reply, step by step. A protocol
//! says how requests and replies look, and nothing else: see `protocol.rs`.

mod exchange;
mod grpc;
mod http1;
mod limits;
mod mount;
mod plain_http;
mod protocol;
mod reply;
mod routes;
mod run;
mod target;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use dubhe_core::payload::DecodeLimits;
use dubhe_core::serve::Dispatch;
use dubhe_core::{Peer, SockAddr};
use dubhe_net::detect::{Probe, Protocol};
use dubhe_net::drain::Shutdown;
use dubhe_net::io::{BoxFuture, ConnectionInfo, Io};
use dubhe_net::long_replies::LongReplies;
use dubhe_net::memory::{ConnectionMemory, MemoryBudget};
use dubhe_net::poll_watch::PollWatch;
use http::Extensions;

pub use http1::Http1Protocol;
pub use mount::{HttpService, IntoHttpService};
pub use routes::{Routes, RoutesBody, RoutesFuture};

use crate::options::TripleOptions;
use crate::transport::serve_http2;
use crate::wire::metadata::UserAgent;
use limits::LimitLog;
use mount::Mounts;

/// The first bytes of a client's HTTP/2 connection (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves HTTP/2 connections: give it to a [`dubhe_net::detect::Acceptor`], and
/// [`TripleProtocol::http1`] beside it.
///
/// A method without Java descriptor exchanges its messages as they are (protobuf); one with a
/// descriptor is called in Triple's wrapper mode. A request that is not gRPC is a plain call of a
/// unary method: see the page on the wire. When the server drains, each connection sends GOAWAY,
/// lets the streams that have begun end, and closes.
#[derive(Clone)]
pub struct TripleProtocol(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    dispatch: Arc<dyn Dispatch>,
    options: TripleOptions,
    /// The limits of what is decoded, from the options.
    decode: DecodeLimits,
    mounts: Mounts,
    watch: Option<Arc<PollWatch>>,
    memory: Option<Arc<MemoryBudget>>,
    long_replies: Arc<LongReplies>,
}

/// A connection, as its requests see it.
struct HttpConnection {
    shared: Arc<Shared>,
    memory: ConnectionMemory,
    limits: Arc<LimitLog>,
    /// The other end, named by what a request speaks, which may change from one to the next.
    grpc: Arc<Peer>,
    plain: OnceLock<Arc<Peer>>,
    agent: UserAgent,
}

impl HttpConnection {
    fn new(shared: Arc<Shared>, peer: ConnectionInfo) -> Arc<Self> {
        let peer = Peer {
            remote: Some(peer.remote),
            local: Some(peer.local),
            protocol: "tri".into(),
            certificate: peer.tls.and_then(|tls| tls.certificates.first().cloned()),
            extensions: Extensions::new(),
        };
        Self::of_peer(shared, peer, Arc::default())
    }

    /// A request of another server as a connection of its own, of which `facts` are known.
    fn hosted(shared: Arc<Shared>, facts: &Extensions, limits: Arc<LimitLog>) -> Arc<Self> {
        let ip = || facts.get::<SocketAddr>().copied().map(SockAddr::Ip);
        let peer = Peer {
            remote: facts.get::<SockAddr>().cloned().or_else(ip),
            protocol: "tri".into(),
            extensions: facts.clone(),
            ..Peer::default()
        };
        Self::of_peer(shared, peer, limits)
    }

    fn of_peer(shared: Arc<Shared>, mut peer: Peer, limits: Arc<LimitLog>) -> Arc<Self> {
        let budget = shared.memory.as_ref();
        let memory = budget.map(|budget| budget.connection(peer.remote.clone()));
        let memory = memory.unwrap_or_default();
        // For what handlers decode.
        peer.extensions.insert(memory.clone());
        let grpc = Arc::new(peer);
        Arc::new(Self {
            shared,
            memory,
            limits,
            grpc,
            plain: OnceLock::new(),
            agent: <_>::default(),
        })
    }

    /// The peer of a gRPC request.
    fn grpc(&self) -> &Arc<Peer> {
        &self.grpc
    }

    /// The peer of a request in plain HTTP.
    fn plain(&self) -> &Arc<Peer> {
        let plain = || Arc::new(Peer { protocol: "rest".into(), ..Peer::clone(&self.grpc) });
        self.plain.get_or_init(plain)
    }
}

impl TripleProtocol {
    /// Serves what `dispatch` finds.
    pub fn new(dispatch: Arc<dyn Dispatch>, options: TripleOptions) -> Self {
        let mounts = Mounts::default();
        Self(Arc::new(Shared {
            dispatch,
            decode: options.decode(),
            options,
            mounts,
            watch: None,
            memory: None,
            long_replies: Arc::default(),
        }))
    }

    /// The same, with a watchdog over the polls of handlers.
    pub fn poll_watch(mut self, watch: Arc<PollWatch>) -> Self {
        Arc::make_mut(&mut self.0).watch = Some(watch);
        self
    }

    /// The same, whose connections count the memory that they hold in `budget`.
    pub fn memory(mut self, budget: Arc<MemoryBudget>) -> Self {
        Arc::make_mut(&mut self.0).memory = Some(budget);
        self
    }

    /// Mounts `service`, which answers the requests whose path begins with `prefix` and sees all of
    /// that path.
    /// The longest prefix counts; what is mounted at `/` gets what nothing else takes.
    pub fn mount(mut self, prefix: &str, service: HttpService) -> Self {
        Arc::make_mut(&mut self.0).mounts.add(prefix, service);
        self
    }

    /// The same for HTTP/1.1, where requests that are not gRPC work as well.
    pub fn http1(&self) -> Http1Protocol {
        Http1Protocol(self.0.clone())
    }
}

impl Protocol for TripleProtocol {
    fn name(&self) -> &'static str {
        "tri"
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        begins(prefix, PREFACE)
    }

    fn serve(&self, io: Io, peer: ConnectionInfo, shutdown: Shutdown) -> BoxFuture<'static, ()> {
        let shared = self.0.clone();
        Box::pin(async move {
            let remote = peer.remote.clone();
            let connection = HttpConnection::new(shared.clone(), peer);
            let answer = |stream| exchange::answer(connection.clone(), stream);
            serve_http2(io, remote, &shared.options, shutdown, answer).await;
        })
    }
}

/// Compares the first bytes of a connection with those that are expected.
fn begins(prefix: &[u8], expected: &[u8]) -> Probe {
    let seen = prefix.len().min(expected.len());
    match (prefix.get(..seen) == expected.get(..seen), seen == expected.len()) {
        (true, true) => Probe::Yes,
        (true, false) => Probe::More,
        (false, _) => Probe::No,
    }
}

impl fmt::Debug for TripleProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripleProtocol").field("options", &self.0.options).finish_non_exhaustive()
    }
}
