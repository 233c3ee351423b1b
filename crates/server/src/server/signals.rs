//! The signals that ask a process to end.

#[cfg(unix)]
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// The time that a process has to end by itself after a second signal.
const GRACE: Duration = Duration::from_millis(500);
/// The exit status of a process that was signalled is this and the number of the signal.
const SIGNALLED: i32 = 128;
/// SIGINT, as which Ctrl-C counts.
#[cfg(not(unix))]
const INTERRUPT: i32 = 2;

/// SIGTERM, SIGINT and Ctrl-C from now on.
pub(super) struct Signals {
    #[cfg(unix)]
    all: Vec<(Signal, i32)>,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn new() -> Self {
        let listen = |kind: SignalKind| match signal(kind) {
            Ok(signal) => Some((signal, kind.as_raw_value())),
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

    /// Resolves at the next signal, with its number.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> i32 {
        std::future::poll_fn(|cx| {
            let mut come = None;
            for (signal, number) in &mut self.all {
                if let Poll::Ready(Some(())) = signal.poll_recv(cx) {
                    come = Some(*number);
                }
            }
            come.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Resolves at the next Ctrl-C.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
        INTERRUPT
    }
}

/// Ends the process soon after a second signal, also if a handler blocks a thread of its runtime, whose
/// end waits for that, or all of them, so that nobody would see the signal. Dropped, it does nothing
/// more.
pub(super) struct ForcedExit {
    second: oneshot::Sender<i32>,
}

impl ForcedExit {
    /// Counts signals from now on, in a thread of its own.
    pub(super) fn start() -> Self {
        let (second, told) = oneshot::channel();
        let started = thread::Builder::new().name("dubhe-signals".into()).spawn(|| {
            let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
            let number = runtime.block_on(async {
                let mut signals = Signals::new();
                let second = async {
                    signals.next().await;
                    signals.next().await
                };
                tokio::select! {
                    biased;
                    number = second => Some(number),
                    told = told => told.ok(),
                }
            });
            if let Some(number) = number {
                thread::sleep(GRACE);
                std::process::exit(SIGNALLED + number);
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "a second signal will not end threads that are blocked");
        }
        Self { second }
    }

    /// The second signal was this one.
    pub(super) fn signalled_again(self, number: i32) {
        // The thread may have seen it first.
        let _ = self.second.send(number);
    }
}
