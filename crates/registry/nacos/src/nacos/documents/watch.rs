//! Documents as they change.

use std::sync::Arc;

use dubhe_core::documents::{Document, DocumentState};
use dubhe_core::endpoint::Health;
use dubhe_core::time::{Instant, after};
use dubhe_registry::keeping::Audits;
use tokio::sync::watch;

use super::{Documents, Place, Shared};
use crate::client::{LinkState, Session, TakePush};
use crate::error::Error;
use crate::leases::{Lease, Leases, unused};
use crate::wire::{ConfigListen, ListenContext, Push};

/// The state of a document that is followed.
#[derive(Clone, Default)]
pub(crate) struct Followed {
    document: Option<Document>,
    /// The connection over which it was read, 0 for none.
    generation: u64,
    /// The notices that it has changed.
    notices: u64,
}

/// All documents that are followed, to which the notices go.
#[derive(Default)]
pub(crate) struct Watched(Arc<Leases<Place, Followed>>);

impl TakePush for Watched {
    fn missed(&self) {
        self.0.update_all(|state| {
            state.notices += 1;
            true
        });
    }

    fn take(&self, _: u64, push: Push) {
        if let Push::ConfigChanged { data_id, group } = push {
            self.0.update(&Place { data_id, group }, |state| {
                state.notices += 1;
                true
            });
        }
    }
}

/// A document and how it changes.
pub(super) struct Following {
    lease: Lease<Place, Followed>,
    states: watch::Receiver<LinkState>,
    last: Option<DocumentState>,
}

impl Documents {
    pub(super) fn follow(&self, place: &Place) -> Following {
        let (lease, interest) = self.shared.watched.0.lease(place);
        if let Some(interest) = interest {
            let task = self.shared.clone().keep_following(place.clone(), interest);
            let mut tasks = self.tasks.lock();
            // Those that have ended are forgotten.
            while tasks.try_join_next().is_some() {}
            tasks.spawn_on(task, &self.runtime);
        }
        Following { lease, states: self.link().states(), last: None }
    }
}

impl Following {
    /// The next state that differs from the last; `None` once the link is closed. A server that cannot
    /// be reached is a state, too.
    pub(super) async fn next(&mut self) -> Option<DocumentState> {
        loop {
            let (generation, failed) = match &*self.states.borrow_and_update() {
                LinkState::Closed => return None,
                LinkState::Connecting { error } => (None, error.is_some()),
                LinkState::Connected(session) => (Some(session.generation), false),
            };
            let followed = self.lease.state.borrow_and_update().clone();
            let known = followed.generation > 0;
            let fresh = known && generation == Some(followed.generation);
            let health = if fresh { Health::Fresh } else { Health::Stale };
            let state = DocumentState { document: followed.document, health };
            if (known || failed) && self.last.as_ref() != Some(&state) {
                self.last = Some(state.clone());
                return Some(state);
            }
            tokio::select! {
                // An error says that the link is gone; the next look at its state says so too.
                _ = self.states.changed() => {}
                _ = self.lease.state.changed() => {}
            }
        }
    }
}

impl Shared {
    /// Follows a document, over each connection anew, until it has no consumers.
    pub(super) async fn keep_following(
        self: Arc<Self>,
        place: Place,
        mut interest: watch::Receiver<usize>,
    ) {
        let (mut failures, mut over, mut audits) = (0, None, Audits::default());
        loop {
            let wanted = *interest.borrow_and_update() > 0;
            if !wanted && self.watched.0.forget(&place) {
                return;
            }
            let session = tokio::select! {
                session = self.link.connected() => session,
                _ = interest.changed() => continue,
            };
            let Ok(session) = session else { return };
            match self.compare(&place, &session).await {
                Ok(notices) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::info!(document = &*place.data_id, "read after all");
                    }
                    if over.replace(session.generation) != Some(session.generation) {
                        audits.restart();
                    }
                    let text = |state: &Followed| state.document.as_ref().map(|one| one.text.len());
                    let bytes = self.watched.0.look(&place, text).flatten().unwrap_or_default();
                    let audit = audits.next(self.link.clock.now(), bytes, self.link.random());
                    self.wait(&place, &session, notices, audit, &mut interest).await;
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    failures += 1;
                    let pause = self.link.pause(failures);
                    // The state of the link tells of a connection that is lost.
                    if !error.is_of_connection() {
                        let document = &*place.data_id;
                        tracing::warn!(document, %error, ?pause, "cannot follow; trying again");
                    }
                    tokio::select! {
                        () = self.link.pause_or_change(pause, session.generation) => {}
                        () = unused(&mut interest) => {}
                    }
                }
            }
        }
    }

    /// Reads a document and listens to it; comes back when the server knows that we know it, with the
    /// number of notices until then.
    async fn compare(&self, place: &Place, session: &Session) -> Result<u64, Error> {
        let mut changes = 0;
        loop {
            let notices = self.watched.0.look(place, |state| state.notices).unwrap_or_default();
            let document = self.query(session, place).await?;
            let md5 =
                document.as_ref().map(|document| document.version.clone()).unwrap_or_default();
            self.watched.0.update(place, |state| {
                (state.document, state.generation) = (document, session.generation);
                true
            });
            if !self.listen(place, session, &md5, true).await? {
                return Ok(notices);
            }
            // It changed in between; or the cache of the server lags.
            changes += 1;
            let clock = &self.link.clock;
            clock.sleep_until(after(clock.now(), self.link.pause(changes))).await;
        }
    }

    /// Tells the server what we know; `true` if it knows another document.
    async fn listen(
        &self,
        place: &Place,
        session: &Session,
        md5: &str,
        listen: bool,
    ) -> Result<bool, Error> {
        let Place { data_id, group } = place;
        let tenant = self.tenant(session);
        let context = ListenContext { data_id, group, tenant, md5 };
        let request = ConfigListen { listen, config_listen_contexts: vec![context] };
        let changed = self.link.request_over(session, &request).await?;
        Ok(listen && changed.any())
    }

    /// Waits until a document is to be compared again, at `audit` though nobody tells of a change.
    async fn wait(
        &self,
        place: &Place,
        session: &Session,
        notices: u64,
        audit: Instant,
        interest: &mut watch::Receiver<usize>,
    ) {
        let Some(mut state) = self.watched.0.watch(place) else { return };
        let due = self.link.clock.sleep_until(audit);
        let noticed = async move {
            // An error says that it is forgotten.
            drop(state.wait_for(|state| state.notices != notices).await);
        };
        tokio::select! {
            () = unused(interest) => {}
            () = self.link.changed(session.generation) => return,
            () = noticed => return,
            () = due => return,
        }
        if let Err(error) = self.listen(place, session, "", false).await {
            tracing::debug!(%error, "cannot end listening; it ends with the connection");
        }
    }
}
