//! One connection: a task that drives HTTP/2, and a task a call.

use std::sync::Arc;
use std::time::Duration;

use dubhe_core::context;
use dubhe_net::drain::Shutdown;
use dubhe_net::io::{Io, Peer};
use tokio::task::JoinSet;

use super::{TripleProtocol, call};

/// How long a client may take for its preface and settings.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves one connection to its end. Dropped, it takes its calls with it.
pub(super) async fn serve(protocol: TripleProtocol, io: Io, peer: Peer, mut shutdown: Shutdown) {
    let remote = peer.remote;
    let settings = &protocol.settings;
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(settings.max_header_list)
        .initial_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .handshake(io);
    let mut connection = match tokio::time::timeout(HANDSHAKE, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return tracing::debug!(%remote, %error, "no http/2 connection was made"),
        Err(_) => return tracing::debug!(%remote, "the http/2 handshake took too long"),
    };
    let peer = Arc::new(context::Peer {
        remote: Some(remote),
        local: Some(peer.local),
        protocol: "tri".into(),
        certificate: peer.tls.and_then(|tls| tls.certificates.first().cloned()),
        back: None,
    });
    let protocol = Arc::new(protocol);
    let mut calls = JoinSet::new();
    let mut draining = false;
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    calls.spawn(call::serve(protocol.clone(), peer.clone(), request, respond));
                }
                Some(Err(error)) => {
                    tracing::debug!(%remote, %error, "triple connection failed");
                    return;
                }
                None => break,
            },
            // What has ended is let go; a panic is caught inside the call.
            Some(_) = calls.join_next() => {}
            _ = shutdown.draining(), if !draining => {
                draining = true;
                connection.graceful_shutdown();
            }
        }
    }
    tracing::debug!(%remote, "triple connection ended");
}
