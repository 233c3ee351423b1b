//! Connections of clients, as a pool holds them.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use dubhe_core::{Provider, SockAddr};
use dubhe_net::io::{Address, Dial};
use dubhe_net::pool;
use dubhe_net::{ErrorKind, Result};
use futures_util::FutureExt;
use h2::client::{ResponseFuture, SendRequest};
use http::{Request, response};
use tokio::sync::watch;

use super::error::ADVICE;
use super::keepalive::{InFlight, Probes, Streams};
use super::stream::{Incoming, Sending};
use super::task_end::TaskEnd;
use crate::options::TripleOptions;
use crate::transport::Error;
use crate::transport::coalesced::coalesced;
use crate::transport::coop::YieldOnWake;
use crate::transport::stream::{Receiver, Sender};
use crate::transport::version::Each;
use crate::wire::data::Data;

/// Opens connections to one address.
pub(crate) struct Connector {
    pub(crate) provider: Provider,
    pub(crate) address: Address,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) options: TripleOptions,
}

/// An HTTP/2 connection. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Connection {
    send: SendRequest<Data>,
    shared: Arc<Shared>,
}

/// The part of a connection that its handles and its task share.
pub(super) struct Shared {
    state: watch::Sender<State>,
    remote: SockAddr,
    /// The error with which the connection ended.
    failure: OnceLock<dubhe_net::Error>,
    /// The counter of streams: each has a clone.
    pub(super) streams: Arc<Streams>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// No more streams are taken until the peer answers.
    Hung,
    /// No more streams are taken.
    Draining,
    /// The connection ends now.
    Closed,
}

impl Shared {
    /// Changes the state, unless the connection is about to end and this is no nearer to it.
    pub(super) fn advance(&self, state: State) {
        self.state.send_if_modified(|now| {
            let change = matches!(now, State::Open | State::Hung) || state == State::Closed;
            if change {
                *now = state;
            }
            change
        });
        if state == State::Closed {
            self.streams.task_end().set(TaskEnd::CLOSED);
        }
    }

    /// Keeps the first error of the connection.
    #[cold]
    fn broke_off(&self, error: h2::Error) {
        // A peer that says why it goes speaks HTTP/2.
        let advice = if error.is_remote() { "" } else { ADVICE };
        let what = format!("the http/2 connection with {} broke off{advice}", self.remote);
        let _ = self.failure.set(dubhe_net::Error::with_source(ErrorKind::Protocol, what, error));
    }
}

/// The longest time for the last bytes of a connection that nobody uses.
const LINGER: Duration = Duration::from_secs(1);

/// A request that has been begun, and the response that will come.
pub(crate) struct ClientStream {
    pub(crate) send: Sender,
    pub(crate) response: Response,
}

/// The head of a response, and the way to the rest of it.
pub(crate) struct Response(ResponseFuture);

impl Future for Response {
    type Output = std::result::Result<(response::Parts, Receiver), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.0).poll(cx)).map_err(Error::Http2)?;
        let (head, body) = response.into_parts();
        Poll::Ready(Ok((head, Each::Http2(Incoming(body)).into())))
    }
}

impl Connection {
    /// Becomes ready when the peer takes one more stream.
    ///
    /// Resolves to `false` when it takes none any more: the connection then leaves its pool.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.send.poll_ready(cx).map(|ready| match ready {
            Ok(()) => true,
            Err(error) => {
                self.shared.broke_off(error);
                self.shared.advance(State::Draining);
                false
            }
        })
    }

    /// Begins a request whose data follows.
    pub(crate) fn open(&mut self, head: Request<()>) -> std::result::Result<ClientStream, Error> {
        let (response, send) = self.send.send_request(head, false).map_err(Error::Http2)?;
        let send = Sender::from(Each::Http2(Sending(send)));
        Ok(ClientStream { send, response: Response(response) })
    }

    pub(crate) fn begin(&self) -> InFlight {
        InFlight::new(&self.shared.streams)
    }
}

impl pool::Connection for Connection {
    fn load(&self) -> usize {
        Arc::strong_count(&self.shared.streams)
    }

    fn is_ready(&self) -> bool {
        *self.shared.state.borrow() == State::Open
    }

    fn is_hung(&self) -> bool {
        *self.shared.state.borrow() == State::Hung
    }

    async fn hung_changed(&self, seen: bool) {
        let changed = |state: &State| (*state == State::Hung) != seen;
        // An error would mean that the sender is gone, which `self` holds.
        let _ = self.shared.state.subscribe().wait_for(changed).await;
    }

    fn has_answered(&self) -> bool {
        self.shared.streams.has_answered()
    }

    fn failure(&self) -> Option<dubhe_net::Error> {
        self.shared.failure.get().cloned()
    }

    async fn draining(&self) {
        let ends = |state: &State| matches!(state, State::Draining | State::Closed);
        let _ = self.shared.state.subscribe().wait_for(ends).await;
    }

    fn close(&self, now: bool) {
        self.shared.advance(if now { State::Closed } else { State::Draining });
    }
}

impl pool::MakeConnection for Connector {
    type Conn = Connection;

    fn endpoint(&self) -> impl fmt::Display {
        &self.provider
    }

    async fn connect(&self) -> Result<Connection> {
        let (io, peer) = self.dial.dial(&self.address).await?;
        let remote = peer.remote;
        let (io, flusher) = coalesced(io, None);
        let handshake = h2::client::Builder::new()
            .enable_push(false)
            .max_header_list_size(self.options.max_header_list)
            .initial_window_size(self.options.stream_window)
            .initial_connection_window_size(self.options.connection_window)
            .handshake(io);
        let handshake = flusher.after(handshake);
        let failed = |error: h2::Error| {
            let what = format!("no http/2 connection was made with {remote}");
            dubhe_net::Error::with_source(ErrorKind::Protocol, what, error)
        };
        let (send, mut connection) = handshake.await.map_err(failed)?;
        let state = watch::Sender::new(State::Open);
        let shared = Arc::new(Shared {
            state,
            remote: remote.clone(),
            failure: OnceLock::new(),
            streams: Arc::default(),
        });
        let mut probes = connection.ping_pong().map(|ping_pong| {
            Probes::new(self.options.keepalive, ping_pong, &shared, remote.clone())
        });
        let mut coop = YieldOnWake::default();
        let connection = poll_fn(move |cx| {
            coop.poll(cx, |cx| {
                let polled = connection.poll_unpin(cx);
                if let (Poll::Pending, Some(probes)) = (&polled, &mut probes) {
                    probes.poll(cx, &flusher);
                }
                flusher.flush(cx);
                polled
            })
        });
        let (ended, task_end) = (Arc::downgrade(&shared), shared.streams.task_end().clone());
        tokio::spawn(async move {
            let let_go = async {
                task_end.reaches(TaskEnd::UNUSED).await;
                // HTTP/2 says goodbye, to a peer that may take nothing any more.
                let _ = tokio::time::timeout(LINGER, task_end.reaches(TaskEnd::CLOSED)).await;
            };
            let mut failure = None;
            tokio::select! {
                // The other hardly ever is ready.
                biased;
                outcome = connection => match outcome {
                    Ok(()) => tracing::debug!(%remote, "triple connection ended"),
                    Err(error) => {
                        tracing::debug!(%remote, %error, "triple connection failed");
                        failure = Some(error);
                    }
                },
                () = let_go => tracing::debug!(%remote, "triple connection closed"),
            }
            if let Some(shared) = ended.upgrade() {
                if let Some(error) = failure {
                    shared.broke_off(error);
                }
                shared.advance(State::Closed);
            }
        });
        Ok(Connection { send, shared })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use dubhe_core::Endpoint;
    use dubhe_net::io::memory::Network;
    use dubhe_net::io::{Io, Listen};
    use dubhe_net::pool::MakeConnection;
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// A connection and its peer, which takes no byte, so that no goodbye reaches it.
    async fn connect() -> (Connection, Io) {
        let network = Network::with_pipe(16);
        let mut listen = network.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listen.local_addr().to_string().parse().unwrap();
        let options = TripleOptions::default();
        let provider = Endpoint::of("tri", "127.0.0.1", 0).provider().clone();
        let connector = Connector { provider, address, dial: Arc::new(network), options };
        let connection = connector.connect().await.unwrap();
        let (peer, _) = poll_fn(|cx| listen.poll_accept(cx)).await.unwrap();
        (connection, peer)
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_with_the_last_connection_or_stream() {
        let (connection, mut peer) = connect().await;
        let stream = connection.begin();
        drop(connection);
        tokio::time::sleep(60 * LINGER).await;
        peer.write_all(&[0]).await.expect("a stream holds it");
        drop(stream);
        tokio::time::sleep(2 * LINGER).await;
        peer.write_all(&[0]).await.expect_err("nobody holds it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_connection_ends_at_once_though_streams_hold_it() {
        let (connection, mut peer) = connect().await;
        let _stream = connection.begin();
        pool::Connection::close(&connection, false);
        tokio::time::sleep(2 * LINGER).await;
        peer.write_all(&[0]).await.expect("a draining connection goes on for its streams");
        pool::Connection::close(&connection, true);
        tokio::time::sleep(LINGER / 2).await;
        peer.write_all(&[0]).await.expect_err("a closed one does not");
    }
}
