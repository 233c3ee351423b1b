//! The announcements of this process.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use dubhe_core::Status;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::kept::{Keeper, Kept, KeptState, has_ended, replacing};
use super::waiting::{Connection, Waiting};

/// A thing to announce.
#[derive(Clone, Debug)]
pub struct Announcement<K, W, V> {
    /// The key: what is announced under the same one takes its place.
    pub key: K,
    /// The content; an equal one is not announced again.
    pub what: W,
    /// The place where it stands. At the same address the value is replaced; at another, what was there before
    /// goes once this is in place, lest there be none.
    pub address: String,
    /// The value that stands there.
    pub value: V,
}

/// Announcements of a registry by their keys. What was accepted stays until it is withdrawn, or
/// another of its key is accepted.
pub struct Announcements<K, W, V>(Mutex<All<K, W, V>>);

struct All<K, W, V> {
    /// The states of the last thing at each address, until it has ended.
    last: HashMap<String, watch::Receiver<KeptState>>,
    entries: HashMap<K, Entry<W, V>>,
    /// The number of the last value of any of them.
    number: u64,
}

struct Entry<W, V> {
    address: String,
    kept: Kept<V>,
    now: Numbered<W, V>,
    /// The last that was accepted at this address.
    accepted: Option<Numbered<W, V>>,
    /// The entry that stood elsewhere before, until this is in place.
    before: Before<W, V>,
}

type Before<W, V> = Arc<Mutex<Option<Box<Entry<W, V>>>>>;

#[derive(Clone)]
struct Numbered<W, V> {
    number: u64,
    what: W,
    value: V,
}

/// An announcement that waits to be in place.
struct Begun<K> {
    key: K,
    number: u64,
    state: watch::Receiver<KeptState>,
}

impl<K, W, V> Default for Announcements<K, W, V> {
    fn default() -> Self {
        Self(Mutex::new(All { last: HashMap::new(), entries: HashMap::new(), number: 0 }))
    }
}

impl<K, W, V> Announcements<K, W, V>
where
    K: Clone + Eq + Hash,
    W: Clone + PartialEq + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Announces things together and waits until all are in place; `start` begins to keep one that
    /// stands nowhere yet. When one fails, all are as they were before.
    ///
    /// # Errors
    /// Those of the registry, and the lack of an answer in time; without `check`, neither is.
    pub async fn announce<S: Connection>(
        &self,
        all: impl IntoIterator<Item = Announcement<K, W, V>>,
        waiting: &mut Waiting<'_, S>,
        start: impl Fn(&K, String, Keeper<V>),
    ) -> Result<(), Status> {
        let begun: Vec<_> = all.into_iter().map(|one| self.begin(one, &start)).collect();
        let mut done = Ok(());
        for one in &begun {
            done = done.and(waiting.placed(one.state.clone(), one.number).await);
            if done.is_err() {
                break;
            }
        }
        for one in &begun {
            match done {
                Ok(()) => self.accept(one),
                Err(_) => self.go_back(one),
            }
        }
        done
    }

    /// Takes an announcement back; nothing happens where there is none.
    ///
    /// # Errors
    /// Those of the registry.
    pub async fn withdraw<S: Connection>(
        &self,
        key: &K,
        waiting: &mut Waiting<'_, S>,
    ) -> Result<(), Status> {
        match self.forget(key) {
            Some(state) => waiting.removed(state).await,
            None => Ok(()),
        }
    }

    /// Begins to take an announcement back.
    fn forget(&self, key: &K) -> Option<watch::Receiver<KeptState>> {
        let entry = self.0.lock().entries.remove(key)?;
        let before = entry.before.lock().take();
        drop(before);
        Some(entry.kept.state())
    }

    fn begin(
        &self,
        one: Announcement<K, W, V>,
        start: &impl Fn(&K, String, Keeper<V>),
    ) -> Begun<K> {
        let Announcement { key, what, address, value } = one;
        let mut all = self.0.lock();
        all.number += 1;
        let now = Numbered { number: all.number, what, value };
        let before = match all.entries.remove(&key) {
            Some(same) if same.now.what == now.what => {
                let begun = same.begun(&key);
                all.entries.insert(key, same);
                return begun;
            }
            Some(mut same) if same.address == address => {
                same.kept.replace(now.number, now.value.clone());
                same.now = now;
                let begun = same.begun(&key);
                all.entries.insert(key, same);
                return begun;
            }
            Some(other) if other.is_accepted() => Some(Box::new(other)),
            // What was never there is not waited for.
            Some(other) => match other.before.lock().take() {
                Some(mut before) if before.address == address => {
                    before.kept.replace(now.number, now.value.clone());
                    before.now = now;
                    let begun = before.begun(&key);
                    all.entries.insert(key, *before);
                    return begun;
                }
                before => before,
            },
            None => None,
        };
        let before = Arc::new(Mutex::new(before));
        let (kept, mut keeper) = replacing(now.number, now.value.clone(), before.clone());
        all.last.retain(|_, state| !has_ended(state));
        if let Some(earlier) = all.last.insert(address.clone(), kept.state()) {
            keeper.wait_for(earlier);
        }
        start(&key, address.clone(), keeper);
        let entry = Entry { address, kept, now, accepted: None, before };
        let begun = entry.begun(&key);
        all.entries.insert(key, entry);
        begun
    }

    /// Remembers an announcement as one to go back to, unless there is a later one.
    fn accept(&self, one: &Begun<K>) {
        if let Some(entry) = self.0.lock().entries.get_mut(&one.key)
            && entry.now.number == one.number
        {
            entry.accepted = Some(entry.now.clone());
        }
    }

    /// Goes back to what was accepted before an announcement, unless there is a later one.
    fn go_back(&self, one: &Begun<K>) {
        let mut all = self.0.lock();
        all.number += 1;
        let number = all.number;
        let Some(mut entry) = all.entries.remove(&one.key) else { return };
        if entry.now.number != one.number {
            all.entries.insert(one.key.clone(), entry);
            return;
        }
        match entry.accepted.clone() {
            Some(accepted) => {
                // One that failed after it was accepted is kept as it is.
                if accepted.number != entry.now.number {
                    entry.kept.replace(number, accepted.value.clone());
                    entry.now = Numbered { number, ..accepted };
                    entry.accepted = Some(entry.now.clone());
                }
                all.entries.insert(one.key.clone(), entry);
            }
            None => {
                if let Some(before) = entry.before.lock().take() {
                    all.entries.insert(one.key.clone(), *before);
                }
            }
        }
    }
}

impl<W, V> Entry<W, V> {
    fn begun<K: Clone>(&self, key: &K) -> Begun<K> {
        Begun { key: key.clone(), number: self.now.number, state: self.kept.state() }
    }

    fn is_accepted(&self) -> bool {
        self.accepted.is_some() || self.kept.is_placed(self.now.number)
    }
}

impl<K, W, V> fmt::Debug for Announcements<K, W, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Announcements({})", self.0.lock().entries.len())
    }
}
