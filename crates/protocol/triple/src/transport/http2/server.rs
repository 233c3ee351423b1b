//! Connections of servers: a task that drives one, and a task a request.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use dubhe_net::drain::Shutdown;
use dubhe_net::io::{Io, SockAddr};
use h2::Reason;
use tokio::task::JoinSet;

use super::frames::FrameBoundaries;
use super::liveness::{CloseStep, Liveness, Traffic};
use super::stream::{Incoming, Responding};
use crate::options::TripleOptions;
use crate::transport::coalesced::coalesced;
use crate::transport::coop::YieldOnWake;
use crate::transport::stream::{Receiver, Responder, ServerStream};
use crate::transport::version::Each;
use crate::wire::held::Backlog;

/// Serves one connection to its end: `answer` is run for each request, in a task of its own.
/// Dropped, it takes its requests with it.
pub(crate) async fn serve<F>(
    io: Io,
    remote: SockAddr,
    options: &TripleOptions,
    mut shutdown: Shutdown,
    answer: impl Fn(ServerStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let (io, flusher) = coalesced(io, Some(FrameBoundaries::of_client()));
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(options.max_streams)
        .max_pending_accept_reset_streams(
            usize::try_from(options.max_pending_resets).unwrap_or(usize::MAX),
        )
        .max_header_list_size(options.max_header_list)
        .initial_window_size(options.stream_window)
        .initial_connection_window_size(options.connection_window)
        .handshake(io);
    let limit = options.handshake_timeout;
    let made = tokio::time::timeout(unless_zero(limit), flusher.after(handshake));
    let mut connection = tokio::select! {
        made = made => match made {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return tracing::debug!(%remote, %error, "no http/2 connection was made"),
            Err(_) => {
                return tracing::debug!(%remote, ?limit, "the http/2 handshake took too long");
            }
        },
        () = quiet(shutdown.clone(), options.drain_quiet) => {
            return tracing::debug!(%remote, "http/2 connection ended before its handshake");
        }
    };
    let mut requests = JoinSet::new();
    let receiving = Arc::new(());
    let backlog = Arc::new(Backlog::default());
    let mut liveness = Liveness::new(options, connection.ping_pong());
    let mut draining = false;
    let mut drain = pin!(async move { shutdown.draining().await });
    let mut coop = YieldOnWake::default();
    loop {
        let traffic = |requests: usize| {
            let (received, written, parts) = flusher.moved();
            let receiving = Arc::strong_count(&receiving) - 1;
            Traffic { received, written, parts, requests, receiving }
        };
        // One poll of everything, not one of each: a connection is polled several times a call.
        let event = poll_fn(|cx| {
            coop.poll(cx, |cx| {
                if let Poll::Ready(accepted) = connection.poll_accept(cx) {
                    return Poll::Ready(Event::Accepted(accepted));
                }
                flusher.flush(cx);
                // Ended tasks are let go. Panics of handlers are caught inside them.
                while let Poll::Ready(Some(ended)) = requests.poll_join_next(cx) {
                    if let Err(error) = ended {
                        tracing::error!(%remote, %error, "the task of a request panicked");
                    }
                }
                if !draining && drain.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Event::Drain);
                }
                let unfinished = flusher.is_unfinished();
                liveness.poll(cx, unfinished, || traffic(requests.len())).map(Event::Close)
            })
        });
        match event.await {
            Event::Accepted(Some(Ok((request, respond)))) => {
                liveness.carry();
                let (head, body) = request.into_parts();
                let body = Receiver::from(Each::Http2(Incoming(body)));
                let body = body.with_rate(options.min_rate).counted(receiving.clone());
                let respond = Responder::from(Each::Http2(Responding {
                    send: respond,
                    backlog: Some(backlog.clone()),
                }));
                let respond = respond.with_stall(options.write_stall);
                requests.spawn(answer(ServerStream { head, body, respond }));
            }
            Event::Accepted(Some(Err(error))) => {
                tracing::debug!(%remote, %error, "http/2 connection failed");
                return;
            }
            Event::Accepted(None) => break,
            Event::Drain => {
                draining = true;
                connection.graceful_shutdown();
                liveness.drain(traffic(requests.len()));
            }
            Event::Close(CloseStep::Drain(idle)) => {
                tracing::debug!(%remote, ?idle, "http/2 connection without a call is closed");
                draining = true;
                connection.graceful_shutdown();
                liveness.drain(traffic(requests.len()));
            }
            Event::Close(CloseStep::End(why)) => {
                tracing::debug!(%remote, why, "http/2 connection is ended");
                connection.abrupt_shutdown(Reason::NO_ERROR);
                // The last words leave if there is room for them.
                poll_fn(|cx| {
                    let _ = connection.poll_closed(cx);
                    flusher.flush(cx);
                    Poll::Ready(())
                })
                .await;
                return;
            }
        }
    }
    tracing::debug!(%remote, "http/2 connection ended");
}

/// An event on a connection.
enum Event<A> {
    /// A request, an error or, with `None`, the end of the connection.
    Accepted(A),
    /// The beginning of a drain.
    Drain,
    /// A reason to close.
    Close(CloseStep),
}

/// The same time, where zero is for ever.
fn unless_zero(time: Duration) -> Duration {
    if time.is_zero() { Duration::MAX } else { time }
}

/// Resolves when a drain has gone on for `time`.
async fn quiet(mut shutdown: Shutdown, time: Duration) {
    shutdown.draining().await;
    tokio::time::sleep(time).await;
}
