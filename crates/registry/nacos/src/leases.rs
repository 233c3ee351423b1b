//! Things of the server that are followed, each once, however many consumers it has.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

/// Followed things, with their states.
pub(crate) struct Leases<K, S>(Mutex<HashMap<K, Entry<S>>>);

struct Entry<S> {
    state: watch::Sender<S>,
    /// The consumers.
    count: watch::Sender<usize>,
}

/// The interest of a consumer, which ends with this.
pub(crate) struct Lease<K: Eq + Hash, S> {
    key: K,
    all: Arc<Leases<K, S>>,
    pub(crate) state: watch::Receiver<S>,
}

impl<K: Eq + Hash, S> Lease<K, S> {
    /// The key of the followed thing.
    pub(crate) fn key(&self) -> &K {
        &self.key
    }
}

impl<K: Eq + Hash, S> Drop for Lease<K, S> {
    fn drop(&mut self) {
        if let Some(entry) = self.all.0.lock().get(&self.key) {
            entry.count.send_modify(|count| *count = count.saturating_sub(1));
        }
    }
}

impl<K, S> Default for Leases<K, S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, S: Default> Leases<K, S> {
    /// Another consumer; with the number of all, if nobody follows it yet.
    pub(crate) fn lease(
        self: &Arc<Self>,
        key: &K,
    ) -> (Lease<K, S>, Option<watch::Receiver<usize>>) {
        let mut all = self.0.lock();
        let mut interest = None;
        let entry = all.entry(key.clone()).or_insert_with(|| {
            let (count, state) = (watch::Sender::new(0), watch::Sender::default());
            interest = Some(count.subscribe());
            Entry { state, count }
        });
        entry.count.send_modify(|count| *count += 1);
        let state = entry.state.subscribe();
        (Lease { key: key.clone(), all: self.clone(), state }, interest)
    }

    /// Changes the state, if it is followed; `change` returns `false` when it leaves it as it was.
    pub(crate) fn update(&self, key: &K, change: impl FnOnce(&mut S) -> bool) {
        if let Some(entry) = self.0.lock().get(key) {
            entry.state.send_if_modified(change);
        }
    }

    /// Changes the states of all, as [`Self::update`].
    pub(crate) fn update_all(&self, change: impl Fn(&mut S) -> bool) {
        for entry in self.0.lock().values() {
            entry.state.send_if_modified(&change);
        }
    }

    /// Looks at the state, if it is followed.
    pub(crate) fn look<T>(&self, key: &K, look: impl FnOnce(&S) -> T) -> Option<T> {
        self.0.lock().get(key).map(|entry| look(&entry.state.borrow()))
    }

    /// The state as it changes, if it is followed; whoever has it is no consumer.
    pub(crate) fn watch(&self, key: &K) -> Option<watch::Receiver<S>> {
        self.0.lock().get(key).map(|entry| entry.state.subscribe())
    }

    /// Forgets what has no consumers. Returns `false` if it has some.
    pub(crate) fn forget(&self, key: &K) -> bool {
        let mut all = self.0.lock();
        let unused = all.get(key).is_some_and(|entry| *entry.count.borrow() == 0);
        if unused {
            all.remove(key);
        }
        unused
    }
}

/// Waits until there are no consumers.
pub(crate) async fn unused(interest: &mut watch::Receiver<usize>) {
    // An error says that it is forgotten already.
    drop(interest.wait_for(|count| *count == 0).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_followed_while_there_is_a_consumer() {
        let all: Arc<Leases<u8, u32>> = Arc::default();
        let (first, interest) = all.lease(&1);
        let interest = interest.unwrap();
        let (second, none) = all.lease(&1);
        assert!(none.is_none());
        all.update(&1, |state| {
            *state = 7;
            true
        });
        assert_eq!((*first.state.borrow(), *second.state.borrow(), *interest.borrow()), (7, 7, 2));
        drop(first);
        assert!(!all.forget(&1));
        drop(second);
        assert!(all.forget(&1));
        assert_eq!(all.look(&1, |state| *state), None);
    }
}
