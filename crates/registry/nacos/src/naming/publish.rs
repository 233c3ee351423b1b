//! The instances that we publish of a service.
//!
//! A server keeps one publication of a service for each connection: several instances are one batch
//! (Nacos `EphemeralClientOperationServiceImpl`), and what is registered alone replaces it.

use std::sync::Arc;

use dubhe_core::Status;
use dubhe_registry::keeping::{Audits, Keeper};
use futures_util::future::select_all;
use tokio::sync::mpsc;

use super::{Service, Shared};
use crate::client::{Link, Session};
use crate::error::Error;
use crate::wire::{BatchInstance, Instance, InstanceChange, ServiceQuery};

/// The instances of a service that are kept published.
struct Publication {
    /// The keepers of new ones.
    new: mpsc::UnboundedReceiver<Keeper<Instance>>,
    wanted: Vec<Keeper<Instance>>,
    /// The keepers of those that are to be taken back.
    released: Vec<Keeper<Instance>>,
    /// The connection over which something is published.
    over: Option<u64>,
    /// The connection over which something may be published: a request whose answer did not come may have
    /// been obeyed.
    sent: Option<u64>,
    failures: u32,
    /// The looks in a row at which the server did not list all of them.
    missing: u32,
}

/// The step that comes next.
enum Next {
    Place,
    Forget,
    End,
}

impl Shared {
    /// Keeps the instances of a service published, over each connection anew, until there are none.
    pub(super) async fn keep_published(
        self: Arc<Self>,
        service: Service,
        new: mpsc::UnboundedReceiver<Keeper<Instance>>,
    ) {
        let mut all = Publication {
            new,
            wanted: Vec::new(),
            released: Vec::new(),
            over: None,
            sent: None,
            failures: 0,
            missing: 0,
        };
        loop {
            match self.keep_once(&service, &mut all).await {
                Next::Place => {}
                Next::Forget if self.forget(&service, &mut all) => return,
                Next::Forget => {}
                Next::End => return,
            }
        }
    }

    /// Publishes what is wanted, and waits until that may be other.
    async fn keep_once(&self, service: &Service, all: &mut Publication) -> Next {
        let wanted = all.wanted(&self.link);
        if wanted.is_empty() && all.sent.is_none() {
            all.tell_released(&Ok(()));
            return Next::Forget;
        }
        let session = tokio::select! {
            session = self.link.connected() => session,
            () = all.changed() => return Next::Place,
        };
        let Ok(session) = session else { return Next::End };
        let published = all.over == Some(session.generation);
        let instances: Vec<_> = wanted.iter().map(|(_, instance)| instance.clone()).collect();
        match self.place(service, &session, &instances, published).await {
            Ok(()) => {
                if std::mem::take(&mut all.failures) > 0 {
                    tracing::info!(service = &*service.name, "published after all");
                }
                all.over = (!wanted.is_empty()).then_some(session.generation);
                all.sent = all.over;
                for (keeper, (number, _)) in all.wanted.iter().zip(&wanted) {
                    keeper.placed(*number);
                }
                all.tell_released(&Ok(()));
                if all.over.is_some() {
                    self.until_other(service, &session, &instances, all).await;
                }
                Next::Place
            }
            Err(Error::Closed) => Next::End,
            Err(error) => {
                all.sent = match error {
                    Error::Refused { .. } => all.over,
                    _ => Some(session.generation),
                };
                all.failures = all.failures.saturating_add(1);
                let pause = self.link.pause(all.failures);
                // The state of the link tells of a connection that is lost.
                if !error.is_of_connection() {
                    let service = &*service.name;
                    tracing::warn!(service, %error, ?pause, "cannot publish; trying again");
                    let status = error.plain_status();
                    for (keeper, (number, _)) in all.wanted.iter().zip(&wanted) {
                        keeper.refused(*number, status.clone());
                    }
                    all.tell_released(&Err(status));
                }
                tokio::select! {
                    () = self.link.pause_or_change(pause, session.generation) => {}
                    () = all.changed() => {}
                }
                Next::Place
            }
        }
    }

    /// Waits until other instances are wanted, the connection is another, or the server does not list
    /// them all.
    async fn until_other(
        &self,
        service: &Service,
        session: &Session,
        instances: &[Instance],
        all: &mut Publication,
    ) {
        let mut audits = Audits::default();
        loop {
            let audit = audits.next(self.link.clock.now(), 0, self.link.random());
            tokio::select! {
                () = all.changed() => return,
                () = self.link.changed(session.generation) => return,
                () = self.link.clock.sleep_until(audit) => {}
            }
            let query = ServiceQuery { service: self.named(service), healthy_only: false };
            let asking = self.link.request_over(session, &query);
            let listed = tokio::select! {
                () = all.changed() => return,
                listed = asking => listed,
            };
            match listed {
                Ok(listed) if instances.iter().all(|one| listed.0.lists(&one.ip, one.port)) => {
                    all.missing = 0;
                }
                // To publish it again and again helps nobody, such as one that an operator disabled.
                Ok(_) => {
                    all.missing = all.missing.saturating_add(1);
                    if all.missing.is_power_of_two() {
                        let (service, times) = (&*service.name, all.missing);
                        tracing::warn!(
                            service,
                            times,
                            "nacos does not list an instance of ours; publishing it again"
                        );
                        return;
                    }
                }
                // The state of the link tells of a connection that is lost; who may not read may write.
                Err(error) => {
                    tracing::debug!(%error, "cannot see whether what is published is listed");
                }
            }
        }
    }

    /// Tells the server of the instances; of none, that there is none any more.
    async fn place(
        &self,
        service: &Service,
        session: &Session,
        wanted: &[Instance],
        published: bool,
    ) -> Result<(), Error> {
        let named = self.named(service);
        match wanted {
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
    fn forget(&self, service: &Service, all: &mut Publication) -> bool {
        // Under the lock, under which new ones come.
        let mut publications = self.publications.lock();
        let unused = all.new.is_empty();
        if unused {
            publications.remove(service);
        }
        unused
    }
}

impl Publication {
    /// The instances that are wanted now, in the order of their keepers.
    fn wanted(&mut self, link: &Link) -> Vec<(u64, Instance)> {
        while let Ok(new) = self.new.try_recv() {
            self.wanted.push(new);
        }
        self.released.extend(self.wanted.extract_if(.., |keeper| keeper.is_released()));
        if self.wanted.is_empty() && self.sent != link.generation() {
            // What there was went with its connection.
            (self.over, self.sent) = (None, None);
        }
        self.wanted.iter_mut().map(Keeper::wanted).collect()
    }

    fn tell_released(&mut self, outcome: &Result<(), Status>) {
        for keeper in &self.released {
            keeper.removed(outcome.clone());
        }
        if outcome.is_ok() {
            self.released.clear();
        }
    }

    /// Waits until others are wanted.
    async fn changed(&mut self) {
        // One more can come as long as the service is known.
        let new = async {
            match self.new.recv().await {
                Some(new) => new,
                None => std::future::pending().await,
            }
        };
        let other = async {
            if self.wanted.is_empty() {
                std::future::pending::<()>().await;
            }
            select_all(self.wanted.iter_mut().map(|keeper| Box::pin(keeper.changed()))).await;
        };
        let new = tokio::select! {
            new = new => Some(new),
            () = other => None,
        };
        self.wanted.extend(new);
    }
}
