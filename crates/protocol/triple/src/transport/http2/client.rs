//! Connections of clients, as a pool holds them.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

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
    /// The counter of streams, each of which has a clone. True once a response has come.
    streams: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// No more streams are taken.
    Draining,
    /// The connection ends now.
    Closed,
}

/// Counts a stream until it is dropped.
pub(crate) struct InFlight(Arc<AtomicBool>);

impl InFlight {
    /// A response has come.
    pub(crate) fn answered(&self) {
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Relaxed);
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
        InFlight(self.streams.clone())
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
        Arc::strong_count(&self.streams)
    }

    fn is_ready(&self) -> bool {
        *self.state.borrow() == State::Open
    }

    fn has_answered(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
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
        // The task ends with the connection, which HTTP/2 ends when nobody holds it and no stream
        // is left; streams on their way outlive the channel, so it does not own the task.
        tokio::spawn(async move {
            let forced = async {
                if states.wait_for(|state| *state == State::Closed).await.is_err() {
                    pending::<()>().await;
                }
            };
            tokio::select! {
                outcome = connection => match outcome {
                    Ok(()) => tracing::debug!(%remote, "triple connection ended"),
                    Err(error) => tracing::debug!(%remote, %error, "triple connection failed"),
                },
                () = forced => tracing::debug!(%remote, "triple connection closed"),
            }
            if let Some(state) = ended.upgrade() {
                state.send_replace(State::Closed);
            }
        });
        Ok(Connection { send, state, streams: Arc::default() })
    }
}
