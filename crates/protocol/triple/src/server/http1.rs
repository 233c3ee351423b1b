//! HTTP/1.1: the plain calls and what is mounted.

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use dubhe_net::detect::{Probe, Protocol};
use dubhe_net::drain::Shutdown;
use dubhe_net::io::{BoxFuture, Io, Peer};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::{Shared, begins, context_peer, plain};
use crate::http::Body;

/// The methods that a request may begin with (RFC 9110, 9.1; RFC 5789).
const METHODS: [&[u8]; 8] =
    [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE "];

/// How long a client may take for the head of a request, and may be silent between two.
const HEAD: Duration = Duration::from_mins(1);

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

    fn serve(&self, io: Io, peer: Peer, shutdown: Shutdown) -> BoxFuture<'static, ()> {
        Box::pin(serve(self.0.clone(), io, peer, shutdown))
    }
}

async fn serve(shared: Arc<Shared>, io: Io, peer: Peer, mut shutdown: Shutdown) {
    let remote = peer.remote;
    let peer = context_peer(peer, "rest");
    let limit = usize::try_from(shared.settings.max_header_list).unwrap_or(usize::MAX);
    let service = service_fn(move |request: Request<Incoming>| {
        let (shared, peer) = (shared.clone(), peer.clone());
        async move { Ok::<_, Infallible>(plain::answer(&shared, peer, request.map(Body::http1)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        // hyper wants room for its own beginnings.
        .max_buf_size(limit.max(8192))
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let mut draining = false;
    let ended = loop {
        tokio::select! {
            ended = &mut connection => break ended,
            _ = shutdown.draining(), if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    match ended {
        Ok(()) => tracing::debug!(%remote, "http/1.1 connection ended"),
        Err(error) => tracing::debug!(%remote, %error, "http/1.1 connection failed"),
    }
}

impl fmt::Debug for Http1Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http1Protocol")
    }
}
