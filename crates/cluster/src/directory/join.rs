//! The providers of several registries as one list.

use std::collections::HashMap;
use std::hash::Hash;

use dubhe_core::registry::{Health, Registration};

use super::source::{Source, key};

/// The providers of several registries.
pub(super) struct Joined<'a> {
    /// The providers, each once, in the order of the registries; those that are held come last.
    pub(super) providers: Vec<Known<'a>>,
    /// The currency of the list: current as soon as one registry is.
    pub(super) health: Health,
}

/// A provider, and the registries that know it.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) registration: &'a Registration,
    pub(super) registries: Registries,
}

/// Registries by their places. Those from the 64th on count as the last of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Registries(u64);

impl Registries {
    fn at(place: usize) -> Self {
        Self(1 << place.min(63))
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn contain(self, place: usize) -> bool {
        self.0 & Self::at(place).0 != 0
    }
}

/// Joins the lists of registries. A provider that several know counts once, with the
/// parameters that the first of them has; one that serves several services, for each of them.
pub(super) fn join<'a>(sources: impl Iterator<Item = &'a Source> + Clone) -> Joined<'a> {
    let fresh = sources.clone().any(|source| source.health == Health::Fresh);
    let count = sources.clone().map(|source| source.providers.len() + source.held.len()).sum();
    let places = || sources.clone().enumerate();
    let listed = places().flat_map(|(place, source)| {
        source.providers.iter().map(move |registration| (place, registration))
    });
    let held = places().flat_map(|(place, source)| {
        source.held.iter().map(move |held| (place, &held.registration))
    });
    let all = listed.chain(held).map(|(place, registration)| {
        let registries = Registries::at(place);
        Known { registration, registries }
    });
    let also = |one: &mut Known<'_>, other: Known<'_>| {
        one.registries = one.registries.with(other.registries);
    };
    let providers = distinct(all, count, |known| key(known.registration), also);
    Joined { providers, health: if fresh { Health::Fresh } else { Health::Stale } }
}

/// The first of those of `all`, at most `count`, that have the same key; `also` tells it of each other
/// one. Takes O(1) for each.
fn distinct<T: Copy, K: Eq + Hash>(
    all: impl Iterator<Item = T>,
    count: usize,
    key: impl Fn(T) -> K,
    also: impl Fn(&mut T, T),
) -> Vec<T> {
    let mut known = HashMap::with_capacity(count);
    let mut distinct: Vec<T> = Vec::with_capacity(count);
    for each in all {
        let place = *known.entry(key(each)).or_insert(distinct.len());
        match distinct.get_mut(place) {
            Some(first) => also(first, each),
            None => distinct.push(each),
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::hash::Hasher;
    use std::sync::Arc;

    use dubhe_core::{Instance, Offer, ServiceKey};

    use super::*;

    fn source(application: &str, health: Health, numbers: std::ops::Range<u16>) -> Source {
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
        Source { providers: numbers.map(provider).collect(), health, ..Source::default() }
    }

    #[test]
    fn a_provider_that_several_know_counts_once_as_the_first_knows_it() {
        let sets =
            [source("one", Health::Stale, 0..7_000), source("other", Health::Fresh, 3_000..10_000)];
        let joined = join(sets.iter());
        assert_eq!((joined.providers.len(), joined.health), (10_000, Health::Fresh));
        let of = |name: &'static str| {
            joined.providers.iter().filter(move |p| p.registration.instance.application == name)
        };
        assert_eq!((of("one").count(), of("other").count()), (7_000, 3_000));
        let both = |p: &&Known<'_>| p.registries.contain(0) && p.registries.contain(1);
        assert_eq!(of("one").filter(both).count(), 4_000);
        assert_eq!(of("other").filter(both).count(), 0);
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
            let distinct = distinct(all, 2 * each, |n| Counted(&count, n), |_, _| {});
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
            let sets = [source("", one, 0..1), source("", other, 0..1)];
            assert_eq!(join(sets.iter()).health, both);
        }
        assert_eq!(join([].iter()).health, Stale);
    }
}
