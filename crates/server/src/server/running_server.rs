//! A running server, and its shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::{ServiceKey, Status};
use dubhe_net::drain::{Scope, Trigger};
use dubhe_net::time;
use tokio::sync::{Mutex, watch};

use super::constraints::Constraints;
use crate::announce::Announced;
use crate::builtin::Catalog;
use crate::service::Export;
use crate::services::Services;
use crate::table::ServiceTable;

/// A running server. Dropping it ends everything at once; [`RunningServer::stop`] loses no call.
#[derive(Debug)]
pub struct RunningServer {
    pub(super) addrs: Vec<SocketAddr>,
    pub(super) services: Arc<ServiceTable>,
    pub(super) announced: Announced,
    /// The state that the built-in services tell.
    pub(super) state: watch::Sender<Catalog>,
    pub(super) constraints: Constraints,
    /// Held while services are changed.
    pub(super) changing: Mutex<()>,
    pub(super) trigger: Trigger,
    pub(super) tasks: Scope,
    pub(super) wait: Duration,
}

impl RunningServer {
    /// The address listened on; of several, the first TCP one.
    pub fn addr(&self) -> SocketAddr {
        self.addrs.first().copied().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// The addresses listened on, that of [`ServerBuilder::start`](crate::ServerBuilder::start)
    /// first.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// The services at present.
    pub fn services(&self) -> Arc<Services> {
        self.services.present()
    }

    /// Serves one more service from now on, and announces it in the registries. Calls, health and
    /// reflection know it at once. Dropping the future leaves it served, and announced in part.
    ///
    /// # Errors
    /// When a service of its key is served, something is mounted at its path, a parameter is
    /// wrong or asks for a larger `payload` than the port takes, or a registry refuses; it is not
    /// served then.
    pub async fn add(&self, service: impl Into<Export>) -> Result<(), Status> {
        let export = service.into();
        let _alone = self.changing.lock().await;
        let exported = self.change(|services| {
            let exported = services.add(export)?;
            self.constraints.admit(&exported.key, &exported.params)?;
            Ok(exported)
        })?;
        if let Err(status) = self.announced.announce(&exported).await {
            self.change(|services| services.remove(&exported.key))?;
            return Err(status);
        }
        Ok(())
    }

    /// Takes a service back from the registries, then serves it no longer: its calls that have
    /// begun end normally, and further ones are refused as those of a service that is not known.
    ///
    /// # Errors
    /// When no service of this key is served, or it is a built-in one.
    pub async fn remove(&self, key: &ServiceKey) -> Result<(), Status> {
        let _alone = self.changing.lock().await;
        // Asked first: registries are not told of a removal that fails.
        Services::clone(&self.services.present()).remove(key)?;
        self.announced.withdraw(key).await;
        self.change(|services| services.remove(key))
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Services) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let changed = self.services.change(change)?;
        self.state.send_replace(Catalog::of(&self.services.present()));
        Ok(changed)
    }

    /// The number of connections.
    pub fn connections(&self) -> usize {
        self.trigger.live()
    }

    /// Serves until SIGTERM, SIGINT or Ctrl-C, then [stops](RunningServer::stop).
    pub async fn until_signalled(self) -> usize {
        signalled().await;
        self.stop().await
    }

    /// Stops in order: takes the announcements back, says `NOT_SERVING` to those who ask for its
    /// health, tells all peers to send no more calls, waits for those that have begun, at most for
    /// the configured time, and closes. Returns how many connections had to be cut.
    pub async fn stop(self) -> usize {
        self.announced.withdraw_all().await;
        self.state.send_modify(|state| state.serving = false);
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
