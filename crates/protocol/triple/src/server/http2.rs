//! HTTP/2 connections: a task that drives one, and a task a request.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dubhe_core::context;
use dubhe_core::serve::Overload;
use dubhe_net::drain::Shutdown;
use dubhe_net::io::{Io, Peer};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use tokio::task::JoinSet;

use super::route::Route;
use super::{Shared, context_peer, grpc, plain};
use crate::batched::batched;
use crate::content;
use crate::frame::Data;
use crate::http::{Body, ResponseBody};
use crate::outbound;
use crate::pace::Pace;

/// How long a client may take for its preface and settings.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves one connection to its end. Dropped, it takes its calls with it.
pub(super) async fn serve(shared: Arc<Shared>, io: Io, peer: Peer, mut shutdown: Shutdown) {
    let remote = peer.remote;
    let settings = &shared.settings;
    let (io, writes) = batched(io);
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(settings.max_header_list)
        .initial_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .handshake(io);
    let mut connection = match tokio::time::timeout(HANDSHAKE, writes.after(handshake)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return tracing::debug!(%remote, %error, "no http/2 connection was made"),
        Err(_) => return tracing::debug!(%remote, "the http/2 handshake took too long"),
    };
    let peer = context_peer(peer, "tri");
    let mut calls = JoinSet::new();
    let mut draining = false;
    let mut pace = Pace::default();
    loop {
        let accept = poll_fn(|cx| {
            pace.poll(cx, |cx| {
                let polled = connection.poll_accept(cx);
                if polled.is_pending() {
                    writes.write(cx);
                }
                polled
            })
        });
        tokio::select! {
            accepted = accept => match accepted {
                Some(Ok((request, respond))) => {
                    calls.spawn(answer(shared.clone(), peer.clone(), request, respond));
                }
                Some(Err(error)) => {
                    tracing::debug!(%remote, %error, "http/2 connection failed");
                    return;
                }
                None => break,
            },
            // What has ended is let go. Panics of handlers are caught inside their calls.
            Some(ended) = calls.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%remote, %error, "the task of a call panicked");
                }
            }
            _ = shutdown.draining(), if !draining => {
                draining = true;
                connection.graceful_shutdown();
            }
        }
    }
    tracing::debug!(%remote, "http/2 connection ended");
}

/// Answers one request. Dropped, it drops the handler and resets the stream.
async fn answer(
    shared: Arc<Shared>,
    peer: Arc<context::Peer>,
    request: Request<RecvStream>,
    respond: SendResponse<Data>,
) {
    let format = content::of(request.headers()).and_then(content::format);
    match format {
        Some(format) if !is_mounted(&shared, &request) => {
            grpc::serve(&shared, peer, request, format, respond).await;
        }
        // Boxed, since the task of every call has room for its future.
        _ => Box::pin(answer_plain(shared, peer, request, respond)).await,
    }
}

/// Whether something that is mounted answers the request, gRPC or not.
fn is_mounted(shared: &Shared, request: &Request<RecvStream>) -> bool {
    let exported = || {
        let route = Route::of(request.uri(), request.headers());
        route.and_then(|route| route.find(&*shared.dispatch, Overload::Any)).is_ok()
    };
    shared.mounts.find(request.uri().path()).is_some()
        || (shared.mounts.root().is_some() && !exported())
}

async fn answer_plain(
    shared: Arc<Shared>,
    peer: Arc<context::Peer>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Data>,
) {
    let response = tokio::select! {
        biased;
        response = plain::answer(&shared, peer, request.map(Body::http2)) => response,
        // The caller gave up; dropping the handler is all there is to do.
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    send(respond, response).await;
}

/// Sends a response with its body, as fast as the caller takes it.
async fn send(mut respond: SendResponse<Data>, response: Response<ResponseBody>) {
    let (parts, mut body) = response.into_parts();
    let ended = http_body::Body::is_end_stream(&body);
    // A stream that has ended needs no answer, here and below.
    let Ok(mut send) = respond.send_response(Response::from_parts(parts, ()), ended) else {
        return;
    };
    if ended {
        return;
    }
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            _ = poll_fn(|cx| send.poll_reset(cx)) => return,
        };
        match frame.map(|frame| frame.map(http_body::Frame::into_data)) {
            Some(Ok(Ok(data))) => {
                if !outbound::send(&mut send, Data::framed(data)).await {
                    return;
                }
            }
            Some(Ok(Err(trailers))) => {
                let trailers = trailers.into_trailers().unwrap_or_else(|_| HeaderMap::new());
                let _ = send.send_trailers(trailers);
                return;
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "the body of a response broke off");
                return send.send_reset(Reason::INTERNAL_ERROR);
            }
            None => {
                let _ = send.send_data(Data::framed(Bytes::new()), true);
                return;
            }
        }
    }
}
