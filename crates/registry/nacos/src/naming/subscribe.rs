//! The services that we subscribe to.

use std::sync::Arc;

use dubhe_registry::keeping::Audits;
use tokio::sync::watch;

use super::{Service, Shared};
use crate::client::TakePush;
use crate::error::Error;
use crate::leases::{Lease, Leases, unused};
use crate::wire::{Push, ServiceInfo, Subscribe};

/// The milliseconds by which what was overtaken is older at most; a request takes 3 s.
const OVERTAKEN_MS: i64 = 10_000;

/// The bytes that an instance takes in a list, about.
const HOST_BYTES: usize = 512;

/// The state of a service that is subscribed to.
#[derive(Clone, Default)]
pub(crate) struct ServiceState {
    /// The instances as the server told them last; none before it has.
    pub(crate) info: Option<Arc<ServiceInfo>>,
    /// The connection over which it was told, 0 for none.
    pub(crate) generation: u64,
    /// The error of the last attempt to subscribe, until one succeeds.
    pub(crate) error: Option<Error>,
}

/// All subscriptions, to which the pushes go.
#[derive(Default)]
pub(crate) struct Subscriptions {
    pub(super) leases: Arc<Leases<Service, ServiceState>>,
    /// The number of pushes that could not be read.
    missed: watch::Sender<u64>,
}

/// A subscription.
pub(crate) type ServiceLease = Lease<Service, ServiceState>;

impl Subscriptions {
    /// Takes what the server tells of a service. Older news does not replace newer of the same
    /// connection: a push may overtake the answer to the subscription. What is older by far is the news of
    /// a server whose clock was set back.
    fn tell(&self, service: &Service, generation: u64, info: ServiceInfo) {
        self.leases.update(service, |state| {
            let known = state.info.as_ref().filter(|_| state.generation == generation);
            let is_old = |known: &ServiceInfo| {
                (1..OVERTAKEN_MS).contains(&known.time.saturating_sub(info.time))
            };
            if state.generation > generation || known.is_some_and(|known| is_old(known)) {
                return false;
            }
            // As an audit tells, as a rule.
            if state.error.is_none() && known.is_some_and(|known| known.is_same_list(&info)) {
                return false;
            }
            *state = ServiceState { info: Some(Arc::new(info)), generation, error: None };
            true
        });
    }

    /// The error of following a service.
    pub(crate) fn error(&self, service: &Service) -> Option<Error> {
        self.leases.look(service, |state| state.error.clone()).flatten()
    }
}

impl TakePush for Subscriptions {
    fn take(&self, generation: u64, push: Push) {
        if let Push::Service(info) = push {
            let service = Service { group: info.group.clone(), name: info.name.clone() };
            self.tell(&service, generation, info);
        }
    }

    fn missed(&self) {
        self.missed.send_modify(|count| *count += 1);
    }
}

impl Shared {
    /// Keeps a service subscribed, over each connection anew, until it has no consumers.
    pub(super) async fn keep_subscribed(
        self: Arc<Self>,
        service: Service,
        mut interest: watch::Receiver<usize>,
    ) {
        let (mut failures, mut over) = (0, None);
        let (mut audits, mut missed) = (Audits::default(), self.subscriptions.missed.subscribe());
        loop {
            let wanted = *interest.borrow_and_update() > 0;
            if !wanted && self.subscriptions.leases.forget(&service) {
                return;
            }
            let session = tokio::select! {
                session = self.link.connected() => session,
                _ = interest.changed() => continue,
            };
            let Ok(session) = session else { return };
            let request =
                |wanted| Subscribe { service: self.named(&service), wanted, clusters: "" };
            match self.link.request_over(&session, &request(true)).await {
                Ok(subscribed) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::info!(service = &*service.name, "subscribed after all");
                    }
                    let bytes = subscribed.0.hosts.len() * HOST_BYTES;
                    self.subscriptions.tell(&service, session.generation, subscribed.0);
                    if over.replace(session.generation) != Some(session.generation) {
                        audits.restart();
                    }
                    let mut audit = audits.next(self.link.clock.now(), bytes, self.link.random());
                    loop {
                        tokio::select! {
                            // It is subscribed again, which tells the whole list.
                            () = self.link.clock.sleep_until(audit) => break,
                            Ok(()) = missed.changed() => {
                                audits.restart();
                                audit = audit.min(audits.next(self.link.clock.now(), bytes, self.link.random()));
                            }
                            () = unused(&mut interest) => {
                                // Until it is answered, no other subscription of ours may begin.
                                if let Err(error) = self.link.request_over(&session, &request(false)).await {
                                    tracing::debug!(%error, "cannot unsubscribe; it ends with the connection");
                                }
                                break;
                            }
                            () = self.link.changed(session.generation) => break,
                        }
                    }
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    failures += 1;
                    let pause = self.link.pause(failures);
                    // The state of the link tells of a connection that is lost.
                    if !error.is_of_connection() {
                        let name = &*service.name;
                        tracing::warn!(service = name, %error, ?pause, "cannot subscribe; trying again");
                        self.subscriptions.leases.update(&service, |state| {
                            state.error = Some(error);
                            true
                        });
                    }
                    tokio::select! {
                        () = self.link.pause_or_change(pause, session.generation) => {}
                        () = unused(&mut interest) => {}
                    }
                }
            }
        }
    }
}
