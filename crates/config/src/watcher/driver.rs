//! The task that follows the documents of a watcher.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStates};
use dubhe_core::printable::Shown;
use dubhe_core::registry::Health;
use dubhe_core::time::{Instant, after};
use futures_util::stream::{self, AbortHandle, SelectAll, Stream, StreamExt, abortable};

use super::document::{Change, Tracked};
use super::{GATHER, Shared};
use crate::snapshot::ConfigSnapshot;

/// The state of a document in a store; `None` when its watch ends.
struct Said {
    key: DocumentKey,
    /// The number of the watches, as a key may be followed again.
    number: u64,
    store: usize,
    state: Option<DocumentState>,
}

pub(super) struct Driver {
    shared: Arc<Shared>,
    documents: BTreeMap<DocumentKey, Watched>,
    streams: SelectAll<Pin<Box<dyn Stream<Item = Said> + Send>>>,
    /// Documents of which something was said since the last generation.
    said: BTreeSet<DocumentKey>,
    /// The end of the time in which changes are gathered.
    due: Option<Instant>,
    /// The number of the next watches.
    number: u64,
}

/// A document with its watches, which end with it.
struct Watched {
    number: u64,
    tracked: Tracked,
    watches: Vec<AbortHandle>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        for watch in &self.watches {
            watch.abort();
        }
    }
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (documents, said) = (BTreeMap::new(), BTreeSet::new());
        Self { shared, documents, streams: SelectAll::new(), said, due: None, number: 0 }
    }

    pub(super) async fn run(mut self) {
        loop {
            let due = self.due.map(|due| self.shared.clock.sleep_until(due));
            tokio::select! {
                biased;
                () = async { match due { Some(due) => due.await, None => std::future::pending().await } } => {
                    self.due = None;
                    self.publish().await;
                }
                () = self.shared.changed.notified() => self.follow(),
                Some(said) = self.streams.next(), if !self.streams.is_empty() => self.take(said),
            }
        }
    }

    /// Begins to watch keys that are new, and ends those that nobody follows.
    fn follow(&mut self) {
        let wanted: BTreeSet<DocumentKey> = self.shared.followers.lock().keys().cloned().collect();
        let before = self.documents.len();
        self.documents.retain(|key, _| wanted.contains(key));
        let mut gone = before != self.documents.len();
        for key in wanted {
            if self.documents.contains_key(&key) {
                continue;
            }
            let number = self.number;
            self.number += 1;
            let mut watches = Vec::new();
            for (store, from) in self.shared.stores.iter().enumerate() {
                let states = if from.holds(&key) { from.watch(&key) } else { absent() };
                let (states, handle) = abortable(states);
                watches.push(handle);
                let key = key.clone();
                let states = states.map(Some).chain(stream::iter([None]));
                let said = states.map(move |state| Said { key: key.clone(), number, store, state });
                self.streams.push(Box::pin(said));
            }
            // Without a store nobody answers.
            gone |= watches.is_empty();
            let tracked = Tracked::new(self.shared.stores.len());
            self.documents.insert(key.clone(), Watched { number, tracked, watches });
        }
        if gone {
            self.gather();
        }
    }

    fn take(&mut self, Said { key, number, store, state }: Said) {
        let watched = self.documents.get_mut(&key).filter(|watched| watched.number == number);
        // Otherwise it is followed no longer, or anew.
        let Some(watched) = watched else { return };
        match state {
            Some(state) => watched.tracked.take(store, state),
            None => watched.tracked.lost(store),
        }
        if watched.tracked.is_complete() {
            self.said.insert(key);
            self.gather();
        }
    }

    fn gather(&mut self) {
        if self.due.is_none() {
            self.due = Some(after(self.shared.clock.now(), GATHER));
        }
    }

    /// Reads the texts that came, and publishes what is known if that changes anything.
    async fn publish(&mut self) {
        for key in std::mem::take(&mut self.said) {
            let Some(watched) = self.documents.get_mut(&key) else { continue };
            let change = watched.tracked.update(&key, &self.shared.stores);
            tell(&key, &watched.tracked, &change);
            // A large text takes a while.
            tokio::task::yield_now().await;
        }
        let documents: BTreeMap<_, _> = self
            .documents
            .iter()
            .filter(|(_, watched)| watched.tracked.is_complete())
            .map(|(key, watched)| (key.clone(), watched.tracked.followed().clone()))
            .collect();
        let present = self.shared.snapshot.load();
        let same = present.documents.len() == documents.len()
            && present
                .documents
                .iter()
                .zip(&documents)
                .all(|((key, old), (other, new))| key == other && Arc::ptr_eq(old, new));
        if same {
            return;
        }
        let generation = present.generation + 1;
        let snapshot = Arc::new(ConfigSnapshot { generation, documents });
        self.shared.snapshot.store(snapshot.clone());
        self.shared.published.send_replace(snapshot);
    }
}

/// The states of a document for which a store has no place.
fn absent() -> DocumentStates {
    let absent = DocumentState { document: None, health: Health::Fresh };
    Box::pin(stream::iter([absent]).chain(stream::pending()))
}

fn tell(key: &DocumentKey, tracked: &Tracked, change: &Change) {
    let followed = tracked.followed();
    match (change, &followed.effect, &followed.refused) {
        (Change::InEffect, Some(effect), _) => {
            let (store, summary) = (&*effect.store, &effect.summary);
            tracing::info!(%key, store, %summary, "read a rule");
            for warning in &summary.warnings {
                tracing::warn!(%key, store, %warning, "a rule has something odd");
            }
        }
        (Change::Removed, ..) => tracing::info!(%key, "a rule is removed"),
        (Change::Refused, _, Some(refused)) => {
            let (store, error) = (&*refused.store, &refused.error);
            let line = Shown(refused.line.as_deref().unwrap_or_default());
            tracing::warn!(%key, store, %error, %line, "refused a rule; the last good one stays in effect");
        }
        _ => {}
    }
}
