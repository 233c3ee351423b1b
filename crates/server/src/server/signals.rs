//! The signals that ask a process to end.

#[cfg(unix)]
use std::task::Poll;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, SIGINT and Ctrl-C from now on.
pub(super) struct Signals {
    #[cfg(unix)]
    all: Vec<Signal>,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn new() -> Self {
        let listen = |kind| match signal(kind) {
            Ok(signal) => Some(signal),
            Err(error) => {
                tracing::warn!(%error, ?kind, "cannot listen for a signal");
                None
            }
        };
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
        Self { all: kinds.into_iter().filter_map(listen).collect() }
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> Self {
        Self {}
    }

    /// Resolves at the next signal.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|cx| {
            let mut come = false;
            for signal in &mut self.all {
                come |= matches!(signal.poll_recv(cx), Poll::Ready(Some(())));
            }
            if come { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Resolves at the next Ctrl-C.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
