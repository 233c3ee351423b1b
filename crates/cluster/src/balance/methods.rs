//! Values that balancers keep of each method of an endpoint.

use std::any::Any;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use bytestring::ByteString;
use dubhe_core::Endpoint;
use dubhe_core::endpoint::Endpoints;
use parking_lot::Mutex;

/// The methods of an endpoint that are told apart; generic calls may name any. Those beyond are one.
const MAX_METHODS: usize = 64;
/// The name of what is kept of an endpoint as a whole, and of the methods beyond.
pub(super) const ALL: &str = "";

/// A value for each method, kept with the state of an endpoint.
struct PerMethod<T>(Mutex<Vec<(ByteString, Arc<T>)>>);

impl<T: Default> PerMethod<T> {
    fn of(&self, method: &str) -> Arc<T> {
        let mut kept = self.0.lock();
        let known = |name: &str| {
            let known = kept.iter().find(|(known, _)| **known == *name);
            known.map(|(_, value)| value.clone())
        };
        let name = if kept.len() < MAX_METHODS { method } else { ALL };
        if let Some(known) = known(method).or_else(|| known(name)) {
            return known;
        }
        let made = Arc::new(T::default());
        kept.push((name.into(), made.clone()));
        made
    }
}

/// The value that is kept of `method` at `endpoint`.
pub(super) fn kept<T: Any + Default + Send + Sync>(endpoint: &Endpoint, method: &str) -> Arc<T> {
    let all = endpoint.state().get_or_init(|| PerMethod::<T>(Mutex::default()));
    all.of(method)
}

/// The values of all endpoints of a set, by their places.
type Row<T> = Arc<[Arc<T>]>;

/// The values of each method that was picked for, of all endpoints of a set: a pick takes no lock.
pub(super) struct Table<T> {
    set: Arc<Endpoints>,
    rows: ArcSwap<Vec<(ByteString, Row<T>)>>,
}

impl<T: Any + Default + Send + Sync> Table<T> {
    /// The values of `method`.
    pub(super) fn of(&self, method: &str) -> Row<T> {
        let rows = self.rows.load();
        let find = |name: &str| rows.iter().find(|(known, _)| **known == *name);
        let name = if rows.len() < MAX_METHODS { method } else { ALL };
        if let Some((_, row)) = find(method).or_else(|| find(name)) {
            return row.clone();
        }
        let made: Row<T> = self.set.iter().map(|endpoint| kept(endpoint, name)).collect();
        self.rows.rcu(|rows| {
            let mut rows = Vec::clone(rows);
            if !rows.iter().any(|(known, _)| **known == *name) {
                rows.push((name.into(), made.clone()));
            }
            rows
        });
        made
    }
}

/// The table of the latest set, which all that a balancer prepared for it share.
pub(super) struct Tables<T>(Mutex<Weak<Table<T>>>);

impl<T> Default for Tables<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Tables<T> {
    /// The table of `set`.
    pub(super) fn of(&self, set: &Arc<Endpoints>) -> Arc<Table<T>> {
        let mut latest = self.0.lock();
        if let Some(known) = latest.upgrade()
            && Arc::ptr_eq(&known.set, set)
        {
            return known;
        }
        let made = Arc::new(Table { set: set.clone(), rows: ArcSwap::default() });
        *latest = Arc::downgrade(&made);
        made
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn methods_have_values_of_their_own_until_there_are_too_many() {
        let endpoint = Endpoint::of("dubbo", "h", 1);
        let tables = Tables::<AtomicU32>::default();
        let table = tables.of(&Arc::new(Endpoints::new([endpoint.clone()])));
        let names: Vec<String> = (0..MAX_METHODS + 20).map(|n| format!("m{n}")).collect();
        for name in &names {
            kept::<AtomicU32>(&endpoint, name).fetch_add(1, Ordering::Relaxed);
        }
        let count = |name: &str| table.of(name)[0].load(Ordering::Relaxed);
        assert_eq!((count("m0"), count("m63")), (1, 1));
        assert_eq!((count("m64"), count("m83")), (20, 20));
    }
}
