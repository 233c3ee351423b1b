//! A server that runs, and how it stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dubhe_net::drain::{Scope, Trigger};
use dubhe_net::time;
use tokio::sync::watch;

use crate::announce::Announced;
use crate::services::Services;

/// A server that runs. Dropping it ends everything at once; [`Running::stop`] loses no call.
#[derive(Debug)]
pub struct Running {
    pub(super) addr: SocketAddr,
    pub(super) services: Arc<Services>,
    pub(super) announced: Announced,
    /// What the built-in services say and end by.
    pub(super) serving: watch::Sender<bool>,
    pub(super) trigger: Trigger,
    pub(super) tasks: Scope,
    pub(super) wait: Duration,
}

impl Running {
    /// The address listened on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What is served.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.trigger.live()
    }

    /// Serves until SIGTERM, SIGINT or Ctrl-C, then [stops](Running::stop).
    pub async fn until_signalled(self) -> usize {
        signalled().await;
        self.stop().await
    }

    /// Stops in order: takes the announcements back, says `NOT_SERVING` to those who ask for its
    /// health, tells all peers to send no more calls, waits for those that have begun, at most for
    /// the configured time, and closes. Returns how many connections had to be cut.
    pub async fn stop(self) -> usize {
        self.announced.withdraw().await;
        self.serving.send_replace(false);
        let left = self.trigger.drain(time::now() + self.wait).await;
        self.tasks.abort();
        left
    }
}

/// Resolves when the process is asked to end.
async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen for SIGTERM; only Ctrl-C will stop the server");
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
