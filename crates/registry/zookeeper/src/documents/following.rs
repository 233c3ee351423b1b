//! A document as it changes.

use std::sync::Arc;

use dubhe_core::Status;
use dubhe_core::documents::{Document, DocumentState};
use dubhe_core::endpoint::Health;
use dubhe_core::time::after;
use tokio::sync::watch;

use super::{document, urls};
use crate::client::{ClientState, Error, Watch};
use crate::ensemble::Ensemble;
use crate::node::AuditTimer;

/// A document that is followed.
pub(super) struct Following {
    ensemble: Arc<Ensemble>,
    states: watch::Receiver<ClientState>,
    /// The node of the document; a key that has none is told once, in the log.
    path: Result<String, Status>,
    /// `true` if the names of its children are the document, and not its data.
    of_names: bool,
    document: Option<Document>,
    /// The watch of the node, which is armed while `document` is what ZooKeeper has.
    watch: Option<Watch>,
    /// The time at which the node is read again.
    audit: AuditTimer,
    failures: u32,
    last: Option<DocumentState>,
}

impl Following {
    pub(super) fn new(
        ensemble: Arc<Ensemble>,
        path: Result<String, Status>,
        of_names: bool,
    ) -> Self {
        Self {
            states: ensemble.client().states(),
            audit: AuditTimer::new(&ensemble.keeper),
            ensemble,
            path,
            of_names,
            document: None,
            watch: None,
            failures: 0,
            last: None,
        }
    }

    /// The next state that differs from the last; `None` once the client is closed.
    pub(super) async fn next(&mut self) -> Option<DocumentState> {
        let path = match &self.path {
            Ok(path) => path.clone(),
            Err(error) => {
                if self.last.is_some() {
                    return std::future::pending().await;
                }
                tracing::warn!(%error, "a document is not followed");
                self.last = Some(DocumentState::default());
                return self.last.clone();
            }
        };
        loop {
            // The first attempt to connect says whether the store can be reached.
            let (online, known) = match &*self.states.borrow_and_update() {
                ClientState::Closed => return None,
                ClientState::Connecting { error } => (false, error.is_some()),
                ClientState::Connected { .. } => (true, false),
            };
            let mut failed = false;
            if online && self.watch.is_none() {
                failed = self.read(&path).await;
            }
            let fresh = online && self.watch.is_some();
            let health = if fresh { Health::Fresh } else { Health::Stale };
            let state = DocumentState { document: self.document.clone(), health };
            let told = fresh || known || failed || self.last.is_some();
            if told && self.last.as_ref() != Some(&state) {
                self.last = Some(state.clone());
                return Some(state);
            }
            if failed {
                self.pause().await;
            } else if !online || self.watch.is_some() {
                self.change().await;
            }
        }
    }

    /// Waits until something may have changed.
    async fn change(&mut self) {
        let fired = async {
            match &mut self.watch {
                Some(watch) => watch.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error says that the client is gone; the next look at its state says so too.
            _ = self.states.changed() => {
                let bytes = self.audited_bytes();
                self.audit.restart(&self.ensemble.keeper, bytes);
            }
            () = fired => self.watch = None,
            () = self.ensemble.keeper.clock.sleep_until(self.audit.at) => {
                let bytes = self.audited_bytes();
                self.audit.advance(&self.ensemble.keeper, bytes);
                self.watch = None;
            }
        }
    }

    /// The bytes that an audit reads, about.
    fn audited_bytes(&self) -> usize {
        self.document.as_ref().map_or(0, |document| document.text.len())
    }

    /// Reads what is in the node, and watches it.
    async fn read_node(
        &self,
        path: &str,
    ) -> Result<(Result<Document, &'static str>, Watch), Error> {
        let client = self.ensemble.client();
        if self.of_names {
            let (names, watch) = client.children(path).await?;
            return Ok((Ok(urls(names)), watch));
        }
        let (data, stat, watch) = client.get_watched(path).await?;
        Ok((document(data, stat), watch))
    }

    /// Reads the document and watches it; returns `true` if that was refused.
    async fn read(&mut self, path: &str) -> bool {
        let read = match self.read_node(path).await {
            Err(Error::NoNode) => match self.ensemble.client().stat_watched(path).await {
                Ok((None, watch)) => Ok((None, watch)),
                // It was made meanwhile: the next look has it.
                Ok((Some(_), _)) => return false,
                Err(error) => Err(error),
            },
            read => read.map(|(document, watch)| (Some(document), watch)),
        };
        match read {
            Ok((document, watch)) => {
                self.watch = Some(watch);
                if std::mem::take(&mut self.failures) > 0 {
                    tracing::info!(path, "a document can be read again");
                }
                match document.transpose() {
                    // Without URLs the node stays.
                    Ok(document) => {
                        self.document =
                            document.filter(|one| !self.of_names || !one.text.is_empty());
                    }
                    // The last one stays, as a rule that cannot be read does.
                    Err(why) => tracing::warn!(path, why, "a document cannot be read"),
                }
                false
            }
            Err(Error::Disconnected | Error::Closed) => {
                let _ = self.states.changed().await;
                false
            }
            Err(error) => {
                self.failures += 1;
                // The first of a row and then ever fewer.
                if self.failures.is_power_of_two() {
                    let failures = self.failures;
                    tracing::warn!(path, %error, failures, "cannot read a document; trying again");
                }
                true
            }
        }
    }

    async fn pause(&self) {
        let keeper = &self.ensemble.keeper;
        let until = after(keeper.clock.now(), keeper.pause(self.failures));
        keeper.clock.sleep_until(until).await;
    }
}
