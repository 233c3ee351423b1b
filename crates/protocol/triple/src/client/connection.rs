//! One connection, as a pool holds it.

use std::future::{pending, poll_fn};
use std::sync::Arc;

use dubhe_net::io::{Address, Dial};
use dubhe_net::pool::{Connect, Connection};
use dubhe_net::{Error, ErrorKind, Result};
use futures_util::FutureExt;
use h2::client::SendRequest;
use tokio::sync::watch;

use crate::batched::batched;
use crate::frame::Data;
use crate::pace::Pace;
use crate::settings::Settings;

/// Opens connections to one address.
pub(super) struct Connector {
    pub(super) address: Address,
    pub(super) dial: Arc<dyn Dial>,
    pub(super) settings: Settings,
}

/// An HTTP/2 connection. Clones are the same one.
#[derive(Clone)]
pub(super) struct Conn {
    pub(super) send: SendRequest<Data>,
    life: Arc<watch::Sender<Life>>,
    /// One clone beside this one for each stream.
    streams: Arc<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Open,
    /// It takes no more streams.
    Retired,
    /// It ends now.
    Ended,
}

/// Counts a stream until it is dropped.
pub(super) struct InFlight(#[allow(dead_code, reason = "held for its count")] Arc<()>);

impl Conn {
    pub(super) fn begin(&self) -> InFlight {
        InFlight(self.streams.clone())
    }

    /// The peer takes no more streams.
    pub(super) fn retire(&self) {
        self.become_at_least(Life::Retired);
    }

    fn become_at_least(&self, life: Life) {
        self.life.send_if_modified(|now| {
            let change = *now == Life::Open || life == Life::Ended;
            if change {
                *now = life;
            }
            change
        });
    }
}

impl Connection for Conn {
    fn load(&self) -> usize {
        Arc::strong_count(&self.streams)
    }

    fn is_ready(&self) -> bool {
        *self.life.borrow() == Life::Open
    }

    async fn retired(&self) {
        // An error would mean that the sender is gone, which `self` holds.
        let _ = self.life.subscribe().wait_for(|life| *life != Life::Open).await;
    }

    fn close(&self, now: bool) {
        self.become_at_least(if now { Life::Ended } else { Life::Retired });
    }
}

impl Connect for Connector {
    type Conn = Conn;

    async fn connect(&self) -> Result<Conn> {
        let (io, peer) = self.dial.dial(&self.address).await?;
        let remote = peer.remote;
        let (io, writes) = batched(io);
        let handshake = h2::client::Builder::new()
            .enable_push(false)
            .max_header_list_size(self.settings.max_header_list)
            .initial_window_size(self.settings.stream_window)
            .initial_connection_window_size(self.settings.connection_window)
            .handshake(io);
        let handshake = writes.after(handshake);
        let failed = |error: h2::Error| {
            let what = format!("no http/2 connection was made with {remote}");
            Error::with_source(ErrorKind::Protocol, what, error)
        };
        let (send, mut connection) = handshake.await.map_err(failed)?;
        let mut pace = Pace::default();
        let connection = poll_fn(move |cx| {
            pace.poll(cx, |cx| {
                let polled = connection.poll_unpin(cx);
                writes.write(cx);
                polled
            })
        });
        let life = Arc::new(watch::Sender::new(Life::Open));
        let (ended, mut told) = (Arc::downgrade(&life), life.subscribe());
        // The task ends with the connection, which HTTP/2 ends when nobody holds it and no stream
        // is left; streams on their way outlive the channel, so it does not own the task.
        tokio::spawn(async move {
            let forced = async {
                if told.wait_for(|life| *life == Life::Ended).await.is_err() {
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
            if let Some(life) = ended.upgrade() {
                life.send_replace(Life::Ended);
            }
        });
        Ok(Conn { send, life, streams: Arc::default() })
    }
}
