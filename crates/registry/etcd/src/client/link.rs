//! The connection to a server.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::connect::{Channel, Connect};
use dubhe_core::reply::ReplyBody;
use dubhe_core::time::Deadline;
use dubhe_core::{
    Call, CallBody, CallKind, Code, Endpoint, Head, Reply, ServiceKey, SockAddr, Status, Streaming,
};
use dubhe_net::io::{Address, BoxFuture, ConnectionInfo, Dial, Io};
use dubhe_net::{Error, ErrorKind};
use dubhe_protobuf::{Message, decode_or, message, method};
use dubhe_triple::{TripleConnect, TripleOptions};
use futures_util::{Stream, StreamExt};
use parking_lot::Mutex;

use super::EtcdClientOptions;

/// The longest time for the answer to a request.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection. When it is lost, it is not made again: another link is.
pub(super) struct Link {
    channel: Arc<dyn Channel>,
    /// The token of the user.
    token: Mutex<Option<ByteString>>,
    /// The number among the connections of the client, from 1.
    pub(super) number: u64,
    pub(super) server: Address,
    pub(super) local: Option<IpAddr>,
}

/// A method of etcd's.
#[derive(Clone, Copy)]
pub(super) struct Rpc {
    pub(super) service: &'static str,
    pub(super) name: &'static str,
}

impl Rpc {
    fn head(self, kind: CallKind, token: Option<ByteString>) -> Head {
        let service = Arc::new(ServiceKey::interface_only(self.service));
        let mut head = Head::new(service, method(self.name, kind));
        if let Some(token) = token {
            head.metadata.insert("token", token);
        }
        head
    }
}

impl Link {
    /// Dials a server.
    pub(super) async fn open(
        options: &EtcdClientOptions,
        server: &Address,
        number: u64,
    ) -> Result<Self, Status> {
        let dialed = options.dial.dial(server).await;
        let (io, info) = dialed.map_err(|error| Status::unavailable(error.to_string()))?;
        let local = match &info.local {
            SockAddr::Ip(addr) => Some(addr.ip()),
            SockAddr::Unix(_) => None,
        };
        let mut triple = TripleOptions::default();
        triple.max_message = options.max_frame;
        let once =
            Once { connection: Mutex::new(Some((io, info))), tls: options.dial.is_encrypted() };
        let connect = TripleConnect::new(triple).grpc().dial(Arc::new(once));
        // The driver tells of what is lost.
        let connect = connect.random(options.random.clone()).quiet();
        let host = match server.unix_path() {
            Some(path) => format!("unix:{}", path.display()),
            None => server.host().to_owned(),
        };
        let channel = connect.connect(&Endpoint::of("grpc", host, server.port()))?;
        let server = server.clone();
        Ok(Self { channel, token: Mutex::new(None), number, server, local })
    }

    /// The channel of the connection.
    pub(super) fn channel(&self) -> &Arc<dyn Channel> {
        &self.channel
    }

    pub(super) fn close(&self) {
        self.channel.close(true);
    }

    pub(super) fn token(&self) -> Option<ByteString> {
        self.token.lock().clone()
    }

    pub(super) fn set_token(&self, token: ByteString) {
        *self.token.lock() = Some(token);
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn unary<T: Message>(
        &self,
        rpc: Rpc,
        request: impl Message,
        token: Option<ByteString>,
        deadline: Deadline,
    ) -> Result<T, Status> {
        let mut head = rpc.head(CallKind::Unary, token);
        head.deadline = Some(deadline);
        let reply = self.channel.invoke(Call::new(head, message(request))).await?;
        match reply.body {
            ReplyBody::One(payload, _) => decode_or(payload, Code::Internal),
            ReplyBody::Stream(_) => {
                Err(Status::new(Code::Internal, "a stream in place of one answer"))
            }
        }
    }

    /// Begins to exchange messages. Resolves with the first answer, so `requests` must have one.
    pub(super) async fn stream<M: Message, T: Message>(
        &self,
        rpc: Rpc,
        requests: impl Stream<Item = M> + Send + 'static,
        token: Option<ByteString>,
    ) -> Result<Streaming<T>, Status> {
        let head = rpc.head(CallKind::Bidirectional, token);
        let body = CallBody::Stream(Box::pin(requests.map(|request| Ok(message(request)))));
        let reply: Reply = self.channel.invoke(Call { head, body }).await?;
        Ok(Streaming::of_reply(reply, decode_or))
    }
}

/// Gives the one connection that was dialed before: who has lost it must look at all servers again.
struct Once {
    connection: Mutex<Option<(Io, ConnectionInfo)>>,
    tls: bool,
}

impl Dial for Once {
    fn dial<'a>(
        &'a self,
        _: &'a Address,
    ) -> BoxFuture<'a, dubhe_net::Result<(Io, ConnectionInfo)>> {
        let taken = self.connection.lock().take();
        let lost = || Error::new(ErrorKind::Io, "the connection was lost");
        Box::pin(std::future::ready(taken.ok_or_else(lost)))
    }

    fn is_encrypted(&self) -> bool {
        self.tls
    }
}
