//! A running server, and its shutdown.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::time::after;
use dubhe_core::{ServiceKey, Status};
use dubhe_net::drain::{Scope, Trigger};
use dubhe_net::io::SockAddr;
use dubhe_net::time;
#[cfg(feature = "triple")]
use dubhe_triple::{TripleProtocol, http::Routes};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::constraints::Constraints;
use super::rules::FollowedRules;
use super::signals::Signals;
use super::watchdog::Watchdog;
use crate::announce::Announcer;
use crate::builtin::Catalog;
use crate::exported::Exported;
use crate::service::IntoExport;
use crate::services::Services;
use crate::table::ServiceTable;

/// A running server. Dropping it ends everything at once, and withdraws its registrations in the
/// background when that happens within a tokio runtime; [`RunningServer::stop`] loses no call.
///
/// ```no_run
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Users")]
/// # trait Users { async fn get_user(&self, id: i64) -> Result<Option<String>, Status>; }
/// # struct Store;
/// # impl Users for Store {
/// #     async fn get_user(&self, _: i64) -> Result<Option<String>, Status> { Ok(None) }
/// # }
///
/// # async fn run() -> Result<(), Status> {
/// let server = Server::builder().service(UsersServer::new(Store)).start("127.0.0.1:0").await?;
/// println!("listens on {}", server.addr());
/// let cut = server.stop().await; // calls that have begun end first
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RunningServer {
    pub(super) addrs: Vec<SockAddr>,
    pub(super) services: Arc<ServiceTable>,
    pub(super) announcer: Announcer,
    #[cfg(feature = "triple")]
    pub(super) triple: TripleProtocol,
    /// The state that the built-in services report.
    pub(super) state: watch::Sender<Catalog>,
    pub(super) constraints: Constraints,
    /// The rules of the services; `None` without a config centre.
    pub(super) rules: Option<FollowedRules>,
    /// The locks of services that are announced or withdrawn: a registry that does not answer holds
    /// up one service.
    pub(super) changing: ServiceLocks,
    pub(super) trigger: Trigger,
    pub(super) tasks: Scope,
    /// Ends with the server.
    pub(super) _watchdog: Option<Watchdog>,
    pub(super) wait: Duration,
    /// The time for which what was withdrawn is still served.
    pub(super) notice: Duration,
}

/// The end of a server that was signalled; `left` is the number of connections that were closed with
/// calls in flight.
pub(super) enum Stopped {
    Drained {
        left: usize,
    },
    /// A drain that another signal ended, of this number.
    Signalled {
        left: usize,
        number: i32,
    },
}

/// A lock for each service that somebody changes, and one for the table of all.
#[derive(Debug, Default)]
pub(super) struct ServiceLocks {
    services: parking_lot::Mutex<HashMap<ServiceKey, Arc<Mutex<()>>>>,
    table: parking_lot::Mutex<()>,
}

impl ServiceLocks {
    async fn lock(&self, key: &ServiceKey) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.services.lock();
            // Those that nobody holds or waits for are let go.
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            locks.entry(key.clone()).or_default().clone()
        };
        lock.lock_owned().await
    }
}

impl RunningServer {
    /// Announces all services. Only once connections are accepted, so that no caller is sent to a closed
    /// port.
    pub(super) async fn announce_all(&self) -> Result<(), Status> {
        self.announcer.announce_all(&self.services.current()).await
    }

    /// Returns the TCP address of the server; of several, the first. `0.0.0.0:0` for a server
    /// with Unix sockets only, which [`RunningServer::addrs`] returns.
    pub fn addr(&self) -> SocketAddr {
        let first = self.addrs.iter().find_map(SockAddr::as_socket_addr);
        first.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Returns the addresses of the server, that of
    /// [`ServerBuilder::start`](crate::ServerBuilder::start) first.
    pub fn addrs(&self) -> &[SockAddr] {
        &self.addrs
    }

    /// Returns the services as a `tower` service of HTTP requests, for a server of another framework
    /// such as a router of axum: `router.fallback_service(server.routes())`. They are called there as
    /// on an address of this server, over HTTP/2 and HTTP/1.1; what is mounted answers too. Works
    /// beside addresses of its own, and without any
    /// ([`ServerBuilder::start_unbound`](crate::ServerBuilder::start_unbound)).
    ///
    /// Calls are refused with `UNAVAILABLE` once this server is stopped or dropped, so keep it for as
    /// long as the other server runs. [`RunningServer::stop`] waits for the handlers of such calls; the
    /// other server, which writes their replies, is to be stopped first.
    #[cfg(feature = "triple")]
    pub fn routes(&self) -> Routes {
        self.triple.routes(self.trigger.shutdown())
    }

    /// Returns the current services.
    pub fn services(&self) -> Arc<Services> {
        self.services.current()
    }

    /// Adds a service and announces it in the registries. Calls, health and reflection see it at
    /// once. Dropping the future leaves the service added, and announced in part or not at all;
    /// [`RunningServer::remove`] takes it away.
    ///
    /// # Errors
    /// When there is a service of its key, or one that is being removed, something is mounted at its
    /// path, a parameter is wrong or sets a larger `payload` than that of the port, a registry
    /// refuses, or another call removes it before it is announced. The service is not added then.
    pub async fn add(&self, service: impl IntoExport) -> Result<(), Status> {
        let export = service.into_export();
        let exported = self.change(|services| {
            let exported = services.add(export)?;
            self.constraints.check(&exported.key, &exported.params)?;
            Ok(exported)
        })?;
        exported.log_export();
        let alone = self.changing.lock(&exported.key).await;
        let announced = if self.stays(&exported) {
            self.announcer.announce(&exported, Some(alone)).await
        } else {
            let text = format!(
                "service {} is being removed by a call of `remove` before it was announced",
                exported.key
            );
            Err(Status::aborted(text))
        };
        if announced.is_err() {
            self.change(|services| {
                services.take_back(&exported);
                Ok(())
            })?;
            exported.log_removal();
        }
        announced
    }

    /// Withdraws a service from the registries, serves it for as long as their news may take to reach
    /// callers, and removes it then; health says `NOT_SERVING` of it from the beginning. That time is
    /// the quiet period of a drain, the longer one of `dubbo.drain_quiet` and `triple.drain_quiet`, 1 s
    /// by default; none for a service that no registry knows. Calls in flight end normally. Later
    /// calls are refused, so that callers send them to other providers: with [`Code::Unavailable`] over
    /// Triple and HTTP, and over the dubbo protocol, which has nothing closer, with the status of an
    /// overloaded server (100), which is [`Code::ResourceExhausted`] to a caller of Dubhe.
    ///
    /// Dropping the future leaves the service served, but `NOT_SERVING`, and its withdrawal goes on in
    /// the background. Nothing of its key can be added until another call of this method has removed
    /// it, which waits for that withdrawal and tries again what a registry refused.
    ///
    /// # Errors
    /// When there is no service of this key, or it is a built-in one. When a registry did not withdraw
    /// it, of which the error tells; it is removed all the same, and [`RunningServer::stop`] tries again.
    ///
    /// [`Code::Unavailable`]: dubhe_core::Code::Unavailable
    /// [`Code::ResourceExhausted`]: dubhe_core::Code::ResourceExhausted
    pub async fn remove(&self, key: &ServiceKey) -> Result<(), Status> {
        let alone = self.changing.lock(key).await;
        let removed = self.change(|services| services.leave(key))?;
        let withdrawn = self.announcer.withdraw(key, Some(alone)).await;
        // Others may come and go meanwhile.
        if self.announcer.announces(&removed) {
            time::sleep_until(after(time::now(), self.notice)).await;
        }
        let _alone = self.changing.lock(key).await;
        // Another call may have removed it, and added one of its name.
        let gone = if self.serves(&removed) {
            self.change(|services| services.remove(key)).inspect(|()| removed.log_removal())
        } else {
            Ok(())
        };
        gone.and(withdrawn)
    }

    /// Returns `true` while this very export is served.
    fn serves(&self, exported: &Arc<Exported>) -> bool {
        let current = self.services.current();
        current.get(&exported.key).is_some_and(|current| Arc::ptr_eq(current, exported))
    }

    /// Returns `true` while this very export is served and nobody removes it.
    fn stays(&self, exported: &Arc<Exported>) -> bool {
        self.serves(exported) && !self.services.current().is_leaving(exported)
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Services) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let _one_at_a_time = self.changing.table.lock();
        let changed = self.services.change(change)?;
        // Connections let go of the services that they were called on and that are gone.
        self.trigger.wake();
        let services = self.services.current();
        self.state.send_replace(Catalog::of(&services));
        if let Some(rules) = &self.rules {
            rules.follow(&services);
        }
        Ok(changed)
    }

    /// Returns the number of connections, and of calls that are run through
    /// [`RunningServer::routes`].
    pub fn connections(&self) -> usize {
        self.trigger.live()
    }

    /// Serves until SIGTERM, SIGINT or Ctrl-C, then [stops](RunningServer::stop); a second one ends
    /// everything at once. Returns the number of connections that were closed with calls in flight.
    pub async fn until_signalled(self) -> usize {
        let mut signals = Signals::new();
        signals.next().await;
        match self.stop_unless_signalled(&mut signals).await {
            Stopped::Drained { left } | Stopped::Signalled { left, .. } => left,
        }
    }

    /// Shuts down gracefully, or ends everything at the next signal.
    pub(super) async fn stop_unless_signalled(self, signals: &mut Signals) -> Stopped {
        let left = tokio::select! {
            left = self.drain() => left,
            number = signals.next() => {
                tracing::warn!("signalled once more; ending without waiting for calls");
                return Stopped::Signalled { left: self.trigger.live(), number };
            }
        };
        self.tasks.join().await;
        Stopped::Drained { left }
    }

    /// Shuts down gracefully: reports `NOT_SERVING` as its health, withdraws the services from the
    /// registries, for at most [`ServerOptions::withdraw_timeout`] and with what earlier removals
    /// left there, serves for as long as their news may take to reach callers, which is the quiet period
    /// of [`RunningServer::remove`], or until nobody is connected, tells all peers to send no more
    /// calls, waits for the calls in flight, at most [`ServerOptions::shutdown_wait`], and closes.
    /// The files of Unix sockets are removed then. Returns the number of connections that were
    /// closed with calls in flight.
    ///
    /// [`ServerOptions::withdraw_timeout`]: crate::ServerOptions::withdraw_timeout
    /// [`ServerOptions::shutdown_wait`]: crate::ServerOptions::shutdown_wait
    pub async fn stop(self) -> usize {
        let left = self.drain().await;
        // Nothing is listened on when this returns, even if no connection had to be waited for.
        self.tasks.join().await;
        left
    }

    async fn drain(&self) -> usize {
        let (began, wait, connections) = (time::now(), self.wait, self.connections());
        tracing::info!(connections, ?wait, "shutting down; calls in flight end first");
        self.state.send_modify(|state| state.serving = false);
        if self.announcer.withdraw_all().await {
            // Callers that know of nobody else yet, since registries are not as fast as connections.
            tokio::select! {
                () = self.trigger.emptied() => {}
                () = time::sleep_until(after(time::now(), self.notice)) => {}
            }
        }
        let left = self.trigger.drain(after(time::now(), wait)).await;
        let took = time::now().saturating_duration_since(began);
        if left > 0 {
            tracing::warn!(
                connections = left,
                ?wait,
                ?took,
                "closed connections with calls in flight, which did not end within shutdown_wait"
            );
        } else {
            tracing::info!(?took, "shut down; no call was cut off");
        }
        left
    }
}
