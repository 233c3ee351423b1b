//! HTTP/1.1 connections, of servers.

mod incoming;
mod responding;
mod watch;
mod watched;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use dubhe_net::drain::Shutdown;
use dubhe_net::io::{Io, SockAddr};
use http::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::polled::{self, Answering, PendingResponse};
use super::stream::{Receiver, Responder, ServerStream};
use super::version::Each;
use crate::options::{MAX_HEADERS, TripleOptions};
pub(super) use incoming::Incoming;
pub(super) use responding::Responding;
use watch::{ConnectionTimer, During, Progress};
use watched::Watched;

/// The end of a body or a connection that broke off.
pub(crate) type Error = hyper::Error;

/// Serves one connection to its end: `answer` is run for each request, in the task of the
/// connection. Dropped, it takes its requests with it.
pub(crate) async fn serve<F>(
    io: Io,
    remote: SockAddr,
    options: &TripleOptions,
    mut shutdown: Shutdown,
    answer: impl Fn(ServerStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let progress = Progress::new(options, &remote);
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let (head, body) = request.into_parts();
        let response = Arc::new(PendingResponse::default());
        let body = Each::Http1(Box::new(Incoming::new(body, progress.clone())));
        let body = Receiver::from(body).with_rate(options.min_rate);
        let respond = Responder::from(Each::Http1(Responding {
            response: polled::Responding(response.clone()),
            progress: progress.clone(),
        }));
        let answering = Answering::new(response, answer(ServerStream { head, body, respond }));
        During::new(progress.begin(), answering)
    });
    let limit = usize::try_from(options.max_header_list).unwrap_or(usize::MAX);
    let io = Watched::new(io, progress.clone());
    let mut builder = http1::Builder::new();
    if options.max_headers != MAX_HEADERS {
        builder.max_headers(options.max_headers);
    }
    let connection = builder
        // The watch limits it, which knows of idle time too.
        .header_read_timeout(None)
        // hyper wants room for its own beginnings.
        .max_buf_size(limit.max(8192))
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let mut watch = ConnectionTimer::new(progress.clone());
    let mut draining = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break ended,
            _ = shutdown.draining(), if !draining => {
                draining = true;
                progress.drain(options);
                connection.as_mut().graceful_shutdown();
            }
            why = poll_fn(|cx| watch.poll(cx)) => {
                return tracing::debug!(%remote, why, "http/1.1 connection is closed");
            }
        }
    };
    match ended {
        Ok(()) => tracing::debug!(%remote, "http/1.1 connection ended"),
        Err(error) => tracing::debug!(%remote, %error, "http/1.1 connection failed"),
    }
}
