//! Triple on a listening port.

mod call;
mod connection;
mod reply;
mod route;

use std::fmt;
use std::sync::Arc;

use dubhe_core::serve::Dispatch;
use dubhe_net::detect::{Probe, Protocol};
use dubhe_net::drain::Shutdown;
use dubhe_net::io::{BoxFuture, Io, Peer};

use crate::settings::Settings;

/// What a client's HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves HTTP/2 connections: give it to a [`dubhe_net::detect::Acceptor`].
///
/// A method without Java descriptor exchanges its messages as they are (protobuf); one with a
/// descriptor is called in Triple's wrapper mode. When the server drains, each connection sends
/// GOAWAY, lets the streams that have begun end, and closes.
#[derive(Clone)]
pub struct TripleProtocol {
    dispatch: Arc<dyn Dispatch>,
    settings: Settings,
}

impl TripleProtocol {
    /// Serves what `dispatch` finds.
    pub fn new(dispatch: Arc<dyn Dispatch>, settings: Settings) -> Self {
        Self { dispatch, settings }
    }
}

impl Protocol for TripleProtocol {
    fn name(&self) -> &'static str {
        "tri"
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        let seen = prefix.len().min(PREFACE.len());
        match (prefix.get(..seen) == PREFACE.get(..seen), seen == PREFACE.len()) {
            (true, true) => Probe::Yes,
            (true, false) => Probe::More,
            (false, _) => Probe::No,
        }
    }

    fn serve(&self, io: Io, peer: Peer, shutdown: Shutdown) -> BoxFuture<'static, ()> {
        Box::pin(connection::serve(self.clone(), io, peer, shutdown))
    }
}

impl fmt::Debug for TripleProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripleProtocol").field("settings", &self.settings).finish_non_exhaustive()
    }
}
