//! The providers of several registries as one list.

use std::collections::HashSet;
use std::hash::Hash;

use dubhe_core::registry::{Health, Registration, Snapshot};

/// The providers of several registries.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    /// The providers, each once, in the order of the registries.
    pub(super) providers: Vec<&'a Registration>,
    /// The currency of the list: current as soon as one registry is.
    pub(super) health: Health,
}

/// Joins the latest snapshots of registries. A provider that several know counts once, with the
/// parameters that the first of them has; one that serves several services, for each of them.
pub(super) fn join(snapshots: &[Snapshot]) -> Joined<'_> {
    let fresh = snapshots.iter().any(|snapshot| snapshot.health == Health::Fresh);
    let count = snapshots.iter().map(|snapshot| snapshot.providers.len()).sum();
    let all = snapshots.iter().flat_map(|snapshot| &snapshot.providers);
    let providers = distinct(all, count, |p| (&p.offer, &p.instance.host, &p.service));
    Joined { providers, health: if fresh { Health::Fresh } else { Health::Stale } }
}

/// The first of those of `all`, at most `count`, that have the same key. Takes O(1) for each.
fn distinct<T: Copy, K: Eq + Hash>(
    all: impl Iterator<Item = T>,
    count: usize,
    key: impl Fn(T) -> K,
) -> Vec<T> {
    let mut known = HashSet::with_capacity(count);
    all.filter(|each| known.insert(key(*each))).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::hash::Hasher;
    use std::sync::Arc;

    use dubhe_core::{Instance, Offer, ServiceKey};

    use super::*;

    fn snapshot(application: &str, health: Health, numbers: std::ops::Range<u16>) -> Snapshot {
        let provider = |number: u16| Registration {
            service: ServiceKey::interface_only("a.B"),
            instance: Arc::new(Instance {
                host: format!("h{}", number / 100).into(),
                application: application.into(),
                ..Instance::default()
            }),
            offer: Offer { protocol: "dubbo".into(), port: number % 100 },
            params: Arc::default(),
        };
        Snapshot { providers: numbers.map(provider).collect(), health, ..Snapshot::default() }
    }

    #[test]
    fn a_provider_that_several_know_counts_once_as_the_first_knows_it() {
        let sets = [
            snapshot("one", Health::Stale, 0..7_000),
            snapshot("other", Health::Fresh, 3_000..10_000),
        ];
        let joined = join(&sets);
        assert_eq!((joined.providers.len(), joined.health), (10_000, Health::Fresh));
        let of =
            |name: &str| joined.providers.iter().filter(|p| p.instance.application == name).count();
        assert_eq!((of("one"), of("other")), (7_000, 3_000));
    }

    /// A key that counts in `0` how often keys are hashed and compared.
    struct Counted<'a>(&'a Cell<(usize, usize)>, usize);

    impl Hash for Counted<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            let (hashed, compared) = self.0.get();
            self.0.set((hashed + 1, compared));
            self.1.hash(state);
        }
    }

    impl PartialEq for Counted<'_> {
        fn eq(&self, other: &Self) -> bool {
            let (hashed, compared) = self.0.get();
            self.0.set((hashed, compared + 1));
            self.1 == other.1
        }
    }

    impl Eq for Counted<'_> {}

    #[test]
    fn each_provider_takes_one_look_into_a_table() {
        for each in [1_000, 10_000] {
            let count = Cell::new((0, 0));
            let all = (0..2 * each).map(|n| n % each);
            let distinct = distinct(all, 2 * each, |n| Counted(&count, n));
            assert_eq!(distinct.len(), each);
            let (hashed, compared) = count.get();
            assert_eq!(hashed, 2 * each);
            // One for each known key, and those whose hashes agree in a few bits.
            assert!((each..each + each / 2).contains(&compared), "{compared}");
        }
    }

    #[test]
    fn it_is_current_when_one_registry_is() {
        use Health::{Fresh, Stale};
        for (one, other, both) in
            [(Stale, Stale, Stale), (Stale, Fresh, Fresh), (Fresh, Stale, Fresh)]
        {
            let sets = [snapshot("", one, 0..1), snapshot("", other, 0..1)];
            assert_eq!(join(&sets).health, both);
        }
        assert_eq!(join(&[]).health, Stale);
    }
}
