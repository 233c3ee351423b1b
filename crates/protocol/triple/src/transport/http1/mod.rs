//! HTTP/1.1 connections, of servers.

mod exchange;
mod incoming;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use dubhe_net::drain::Shutdown;
use dubhe_net::io::{Io, SockAddr};
use http::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::stream::{Receiver, Responder, ServerStream};
use crate::options::TripleOptions;
use exchange::Answering;
pub(super) use exchange::Exchange;
pub(super) use incoming::Incoming;

/// The end of a body or a connection that broke off.
pub(crate) type Error = hyper::Error;

/// The longest a client may take for the head of a request, and may be silent between two.
const HEAD: Duration = Duration::from_mins(1);

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
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let (head, body) = request.into_parts();
        let exchange = Arc::new(Exchange::default());
        let body = Receiver::Http1(Box::new(Incoming::new(body)));
        let respond = Responder::Http1(exchange.clone());
        Answering::new(exchange, answer(ServerStream { head, body, respond }))
    });
    let limit = usize::try_from(options.max_header_list).unwrap_or(usize::MAX);
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
