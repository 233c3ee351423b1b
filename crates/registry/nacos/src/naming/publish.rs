//! The instances that we publish of a service.
//!
//! A server keeps one publication of a service for each connection: several instances are one batch
//! (Nacos `EphemeralClientOperationServiceImpl`), and what is registered alone replaces it.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Service, Shared};
use crate::client::Session;
use crate::error::Error;
use crate::wire::{BatchInstance, Instance, InstanceChange};

/// The instances that are to be published.
#[derive(Clone, Default)]
pub(super) struct Desired {
    /// The number of changes.
    pub(super) version: u64,
    pub(super) instances: Arc<[Instance]>,
}

/// The state of a publication in the server.
#[derive(Clone, Default)]
pub(crate) struct Placed {
    /// The version that it knows.
    version: u64,
    /// The version that was refused, and the error.
    refused: Option<(u64, Error)>,
}

pub(super) struct Publication {
    pub(super) desired: watch::Sender<Desired>,
    pub(super) placed: watch::Sender<Placed>,
}

/// A change on its way.
pub(crate) struct Publishing {
    pub(super) version: u64,
    pub(super) placed: watch::Receiver<Placed>,
}

impl Publishing {
    /// The outcome, when there is one.
    pub(crate) fn outcome(&mut self) -> Option<Result<(), Error>> {
        let placed = self.placed.borrow_and_update();
        if placed.version >= self.version {
            return Some(Ok(()));
        }
        let refused = placed.refused.as_ref().filter(|(version, _)| *version >= self.version);
        refused.map(|(_, error)| Err(error.clone()))
    }

    /// Waits until the outcome may be another.
    pub(crate) async fn changed(&mut self) {
        if self.placed.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Shared {
    /// Keeps the instances of a service published, over each connection anew, until there are none.
    pub(super) async fn keep_published(
        self: Arc<Self>,
        service: Service,
        mut desired: watch::Receiver<Desired>,
        placed: watch::Sender<Placed>,
    ) {
        // The generation of the connection over which something is published, and of that over which something
        // may be: a request whose answer did not come may have been obeyed.
        let (mut over, mut sent): (Option<u64>, Option<u64>) = (None, None);
        let mut failures = 0;
        loop {
            let want = desired.borrow_and_update().clone();
            if want.instances.is_empty() && sent != self.link.generation() {
                // What there was went with its connection.
                (over, sent) = (None, None);
            }
            if want.instances.is_empty() && sent.is_none() {
                placed.send_modify(|placed| placed.version = want.version);
                if self.forget(&service, want.version) {
                    return;
                }
                continue;
            }
            let session = tokio::select! {
                session = self.link.connected() => session,
                _ = desired.changed() => continue,
            };
            let Ok(session) = session else { return };
            match self.place(&service, &session, &want, over == Some(session.generation)).await {
                Ok(()) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::info!(service = &*service.name, "published after all");
                    }
                    over = (!want.instances.is_empty()).then_some(session.generation);
                    sent = over;
                    placed.send_replace(Placed { version: want.version, refused: None });
                    if over.is_none() {
                        continue;
                    }
                    tokio::select! {
                        changed = desired.changed() => if changed.is_err() {
                            return;
                        },
                        () = self.link.changed(session.generation) => {}
                    }
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    sent = match error {
                        Error::Refused { .. } => over,
                        _ => Some(session.generation),
                    };
                    failures += 1;
                    let pause = self.link.pause(failures);
                    // The state of the link tells of a connection that is lost.
                    if !matches!(error, Error::Disconnected(_)) {
                        let service = &*service.name;
                        tracing::warn!(service, %error, ?pause, "cannot publish; trying again");
                        placed.send_modify(|placed| placed.refused = Some((want.version, error)));
                    }
                    tokio::select! {
                        () = self.link.pause_or_change(pause, session.generation) => {}
                        _ = desired.changed() => {}
                    }
                }
            }
        }
    }

    /// Tells the server of the instances; of none, that there is none any more.
    async fn place(
        &self,
        service: &Service,
        session: &Session,
        want: &Desired,
        published: bool,
    ) -> Result<(), Error> {
        let named = self.named(service);
        match &*want.instances {
            [] => {
                // It takes back whatever this connection has published of the service.
                let instance = Instance::nameless();
                let change = InstanceChange {
                    service: named,
                    change: "deregisterInstance",
                    instance: &instance,
                };
                self.link.request_over(session, &change).await?;
            }
            [only] if !published => {
                let change =
                    InstanceChange { service: named, change: "registerInstance", instance: only };
                self.link.request_over(session, &change).await?;
            }
            instances => {
                let change = "batchRegisterInstance";
                let batch = BatchInstance { service: named, change, instances };
                self.link.request_over(session, &batch).await?;
            }
        }
        Ok(())
    }

    /// Forgets a service of which nothing is published; not if that has changed.
    fn forget(&self, service: &Service, version: u64) -> bool {
        let mut publications = self.publications.lock();
        let same = publications
            .get(service)
            .is_some_and(|publication| publication.desired.borrow().version == version);
        if same {
            publications.remove(service);
        }
        same
    }
}
