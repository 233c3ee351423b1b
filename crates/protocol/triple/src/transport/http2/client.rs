//! Connections of clients, as a pool holds them.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use dubhe_net::io::{Address, Dial};
use dubhe_net::pool;
use dubhe_net::{ErrorKind, Result};
use futures_util::FutureExt;
use h2::client::{ResponseFuture, SendRequest};
use http::{Request, response};
use tokio::sync::watch;

use super::stream::{Incoming, Outgoing};
use crate::options::TripleOptions;
use crate::transport::Error;
use crate::transport::coalesced::coalesced;
use crate::transport::coop::YieldOnWake;
use crate::transport::stream::{Receiver, Sender};
use crate::wire::data::Data;

/// Opens connections to one address.
pub(crate) struct Connector {
    pub(crate) address: Address,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) options: TripleOptions,
}

/// An HTTP/2 connection. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Connection {
    send: SendRequest<Data>,
    state: Arc<watch::Sender<State>>,
    /// The owner of the task, and the counter of streams: each has a clone.
    owner: Arc<Owner>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// No more streams are taken.
    Draining,
    /// The connection ends now.
    Closed,
}

/// The owner of the task of a connection: all clones of it and its streams, which outlive the
/// channel that began them. When the last one is dropped, the task ends in order, within [`LINGER`].
#[derive(Default)]
struct Owner {
    /// A response has come.
    answered: AtomicBool,
    /// Closed with the owner.
    _alive: watch::Sender<()>,
}

/// The longest time for the last bytes of a connection that nobody uses.
const LINGER: Duration = Duration::from_secs(1);

/// Counts a stream until it is dropped.
pub(crate) struct InFlight(Arc<Owner>);

impl InFlight {
    /// A response has come.
    pub(crate) fn answered(&self) {
        if !self.0.answered.load(Ordering::Relaxed) {
            self.0.answered.store(true, Ordering::Relaxed);
        }
    }
}

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
        Poll::Ready(Ok((head, Incoming(body).into())))
    }
}

impl Connection {
    /// Ready when the peer takes one more stream.
    ///
    /// # Errors
    /// When it takes none any more.
    pub(crate) fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<std::result::Result<(), Error>> {
        self.send.poll_ready(cx).map_err(Error::Http2)
    }

    /// Begins a request whose data follows.
    pub(crate) fn open(&mut self, head: Request<()>) -> std::result::Result<ClientStream, Error> {
        let (response, send) = self.send.send_request(head, false).map_err(Error::Http2)?;
        Ok(ClientStream { send: Sender::Http2(Outgoing(send)), response: Response(response) })
    }

    pub(crate) fn begin(&self) -> InFlight {
        InFlight(self.owner.clone())
    }

    /// The peer takes no more streams.
    pub(crate) fn drain(&self) {
        self.advance(State::Draining);
    }

    fn advance(&self, state: State) {
        self.state.send_if_modified(|now| {
            let change = *now == State::Open || state == State::Closed;
            if change {
                *now = state;
            }
            change
        });
    }
}

impl pool::Connection for Connection {
    fn load(&self) -> usize {
        Arc::strong_count(&self.owner)
    }

    fn is_ready(&self) -> bool {
        *self.state.borrow() == State::Open
    }

    fn has_answered(&self) -> bool {
        self.owner.answered.load(Ordering::Relaxed)
    }

    async fn draining(&self) {
        // An error would mean that the sender is gone, which `self` holds.
        let _ = self.state.subscribe().wait_for(|state| *state != State::Open).await;
    }

    fn close(&self, now: bool) {
        self.advance(if now { State::Closed } else { State::Draining });
    }
}

impl pool::Connect for Connector {
    type Conn = Connection;

    async fn connect(&self) -> Result<Connection> {
        let (io, peer) = self.dial.dial(&self.address).await?;
        let remote = peer.remote;
        let (io, flusher) = coalesced(io);
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
        let mut coop = YieldOnWake::default();
        let connection = poll_fn(move |cx| {
            coop.poll(cx, |cx| {
                let polled = connection.poll_unpin(cx);
                flusher.flush(cx);
                polled
            })
        });
        let state = Arc::new(watch::Sender::new(State::Open));
        let (ended, mut states) = (Arc::downgrade(&state), state.subscribe());
        let (alive, mut owned) = watch::channel(());
        let owner = Arc::new(Owner { _alive: alive, ..Owner::default() });
        tokio::spawn(async move {
            let forced = async {
                if states.wait_for(|state| *state == State::Closed).await.is_err() {
                    pending::<()>().await;
                }
            };
            let unowned = async {
                while owned.changed().await.is_ok() {}
                // HTTP/2 says goodbye, to a peer that may take nothing any more.
                tokio::time::sleep(LINGER).await;
            };
            tokio::select! {
                outcome = connection => match outcome {
                    Ok(()) => tracing::debug!(%remote, "triple connection ended"),
                    Err(error) => tracing::debug!(%remote, %error, "triple connection failed"),
                },
                () = unowned => tracing::debug!(%remote, "triple connection let go"),
                () = forced => tracing::debug!(%remote, "triple connection closed"),
            }
            if let Some(state) = ended.upgrade() {
                state.send_replace(State::Closed);
            }
        });
        Ok(Connection { send, state, owner })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use dubhe_net::io::Listen;
    use dubhe_net::io::memory::Network;
    use dubhe_net::pool::Connect;
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// The peer takes no byte, so that no goodbye reaches it.
    #[tokio::test(start_paused = true)]
    async fn the_task_ends_with_the_last_connection_or_stream() {
        let network = Network::with_pipe(16);
        let mut listen = network.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listen.local_addr().to_string().parse().unwrap();
        let options = TripleOptions::default();
        let connector = Connector { address, dial: Arc::new(network), options };
        let connection = connector.connect().await.unwrap();
        let (mut peer, _) = poll_fn(|cx| listen.poll_accept(cx)).await.unwrap();
        let stream = connection.begin();
        drop(connection);
        tokio::time::sleep(60 * LINGER).await;
        peer.write_all(&[0]).await.expect("a stream holds it");
        drop(stream);
        tokio::time::sleep(2 * LINGER).await;
        peer.write_all(&[0]).await.expect_err("nobody holds it");
    }
}
