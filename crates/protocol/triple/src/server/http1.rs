//! HTTP/1.1 on a listening port.

use std::fmt;
use std::sync::Arc;

use dubhe_net::detect::{Probe, Protocol};
use dubhe_net::drain::Shutdown;
use dubhe_net::io::{BoxFuture, ConnectionInfo, Io};

use super::{HttpConnection, Shared, begins, exchange};
use crate::transport::serve_http1;

/// The methods that a request may begin with (RFC 9110, 9.1; RFC 5789).
const METHODS: [&[u8]; 8] =
    [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE "];

/// Serves HTTP/1.1 connections; [`super::TripleProtocol::http1`] makes it.
#[derive(Clone)]
pub struct Http1Protocol(pub(super) Arc<Shared>);

impl Protocol for Http1Protocol {
    fn name(&self) -> &'static str {
        "http/1.1"
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        let probes = METHODS.map(|method| begins(prefix, method));
        let is = |probe| probes.contains(&probe);
        if is(Probe::Yes) {
            Probe::Yes
        } else if is(Probe::More) {
            Probe::More
        } else {
            Probe::No
        }
    }

    fn serve(&self, io: Io, peer: ConnectionInfo, shutdown: Shutdown) -> BoxFuture<'static, ()> {
        let shared = self.0.clone();
        Box::pin(async move {
            let remote = peer.remote.clone();
            let connection = HttpConnection::new(shared.clone(), peer);
            let answer = |stream| exchange::answer(connection.clone(), stream);
            serve_http1(io, remote, &shared.options, shutdown, answer).await;
        })
    }
}

impl fmt::Debug for Http1Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http1Protocol")
    }
}
