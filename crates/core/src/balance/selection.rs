//! The endpoints that a balancer may pick from.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

use crate::defaults::CallDefaults;
use crate::endpoint::{Endpoint, Endpoints};
use crate::random::RandomSource;
use crate::router::Bitmap;
use crate::time::Instant;

/// Endpoints of one set with their weights at one moment. Immutable: it is made when something
/// changes and then serves many picks.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod balance { pub use dubhe_core::balance::Selection; } pub mod directory { pub use dubhe_core::endpoint::Endpoints; } }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::Endpoint;
/// use dubhe::balance::Selection;
/// use dubhe::directory::Endpoints;
///
/// let endpoint = |host: &'static str| Endpoint::of("dubbo", host, 20880);
/// let set = Arc::new(Endpoints::new([endpoint("10.0.0.1"), endpoint("10.0.0.2")]));
/// let selection = Selection::new(&set, None, Instant::now());
/// assert_eq!(selection.len(), 2);
/// assert_eq!(selection.get(1), set.get(1));
/// assert_eq!(selection.total_weight(), 0); // all weigh the same
/// ```
#[derive(Clone)]
pub struct Selection {
    set: Arc<Endpoints>,
    /// The members by their places in the set; `None` for all.
    members: Option<Members>,
    sums: Sums,
    /// The weights for methods of which a member has a weight of its own.
    of_methods: Vec<(ByteString, Sums)>,
    changes: Option<Instant>,
}

/// The weights of the members.
#[derive(Clone, Debug, Default)]
struct Sums {
    /// The sums of the weights up to and with each member; empty when all weights are equal.
    sums: Vec<u64>,
    /// The weight of each when all are equal.
    each: u32,
}

impl Sums {
    fn of(weights: impl ExactSizeIterator<Item = u32>) -> Self {
        let (mut sum, mut uniform, mut first) = (0, true, None);
        let mut sums = Vec::with_capacity(weights.len());
        for weight in weights {
            uniform &= *first.get_or_insert(weight) == weight;
            sum += u64::from(weight);
            sums.push(sum);
        }
        // Endpoints that all weigh nothing share alike.
        if uniform {
            Self { sums: Vec::new(), each: first.unwrap_or(0) }
        } else {
            Self { sums, each: 0 }
        }
    }
}

/// The weights that the members of a [`Selection`] have for one method.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Selection, Weights}; } pub use dubhe_core::Endpoint; }
/// use dubhe::balance::Selection;
/// use dubhe::Endpoint;
///
/// /// The member at the middle of all weights, for calls of `pay`.
/// fn middle(from: &Selection) -> Option<&Endpoint> {
///     let weights = from.weights("pay");
///     match weights.total() {
///         0 => from.get(from.len() / 2),
///         total => weights.at(total / 2),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    from: &'a Selection,
    sums: &'a Sums,
}

impl<'a> Weights<'a> {
    /// The sum of the weights, or 0 when all weights are equal: then every member has the same share.
    pub fn total(&self) -> u64 {
        self.sums.sums.last().copied().unwrap_or(0)
    }

    /// The member on which `point` falls, from 0 to below [`total`](Self::total), when each takes as much room as it
    /// weighs. Takes O(log n).
    pub fn at(&self, point: u64) -> Option<&'a Endpoint> {
        self.from.get(self.number_at(point))
    }

    /// The number of that member, from 0.
    pub fn number_at(&self, point: u64) -> usize {
        place_of(&self.sums.sums, &point)
    }

    /// The number of a member that `random` draws by weight, or any when none weighs anything.
    pub fn draw(&self, random: &dyn RandomSource) -> usize {
        match self.total() {
            0 => usize::try_from(random.below(self.from.len() as u64)).unwrap_or(0),
            total => self.number_at(random.below(total)),
        }
    }

    /// The weight of member number `n`, from 0.
    pub fn of(&self, n: usize) -> u32 {
        let Some(sum) = self.sums.sums.get(n) else { return self.sums.each };
        let before = n.checked_sub(1).and_then(|n| self.sums.sums.get(n)).copied();
        u32::try_from(sum - before.unwrap_or(0)).unwrap_or(u32::MAX)
    }
}

#[derive(Clone)]
struct Members {
    map: Bitmap,
    places: Vec<usize>,
}

impl Selection {
    /// All endpoints of `set`, or those in `only`, with their weights at `now`.
    pub fn new(set: &Arc<Endpoints>, only: Option<&Bitmap>, now: Instant) -> Self {
        let only = only.filter(|map| map.count() < set.len());
        let members = only.map(|map| Members { map: map.clone(), places: map.iter().collect() });
        let sums = Sums::default();
        let mut made =
            Self { set: set.clone(), members, sums, of_methods: Vec::new(), changes: None };
        let changes = made.iter().filter_map(|endpoint| endpoint.weight_changes(now)).min();
        let mut methods: Vec<&ByteString> = Vec::new();
        for endpoint in made.iter() {
            let own = endpoint.call_defaults().into_iter().flat_map(CallDefaults::weights);
            methods.extend(own.map(|(method, _)| method));
            methods.sort_unstable();
            methods.dedup();
        }
        let all = |n: usize| made.get(n);
        let places = 0..made.len();
        let sums = Sums::of(places.clone().map(|n| all(n).map_or(0, |e| e.weight(now))));
        let of_methods = methods.into_iter().map(|method| {
            let weight = |n| all(n).map_or(0, |e| e.weight_of(method, now));
            (method.clone(), Sums::of(places.clone().map(weight)))
        });
        let of_methods = of_methods.collect();
        (made.sums, made.of_methods, made.changes) = (sums, of_methods, changes);
        made
    }

    /// The number of endpoints.
    pub fn len(&self) -> usize {
        self.members.as_ref().map_or(self.set.len(), |members| members.places.len())
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Member number `n`, from 0.
    pub fn get(&self, n: usize) -> Option<&Endpoint> {
        self.set.get(self.place(n)?)
    }

    /// The place in the set of member number `n`.
    pub fn place(&self, n: usize) -> Option<usize> {
        match &self.members {
            None => Some(n),
            Some(members) => members.places.get(n).copied(),
        }
    }

    /// The endpoint at this place in the set, when it is a member.
    pub fn at(&self, place: usize) -> Option<&Endpoint> {
        let member = self.members.as_ref().is_none_or(|members| members.map.contains(place));
        self.set.get(place).filter(|_| member)
    }

    /// The members, in the order of the set.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        (0..self.len()).filter_map(|n| self.get(n))
    }

    /// The set that the members belong to.
    pub fn set(&self) -> &Arc<Endpoints> {
        &self.set
    }

    /// The members as a bitmap; `None` for all of the set.
    pub fn members(&self) -> Option<&Bitmap> {
        self.members.as_ref().map(|members| &members.map)
    }

    /// The sum of the weights, or 0 when all weights are equal: then every member has the same
    /// share.
    pub fn total_weight(&self) -> u64 {
        Weights { from: self, sums: &self.sums }.total()
    }

    /// The member on which `point` falls, from 0 to below [`Selection::total_weight`], when each
    /// takes as much room as it weighs. Takes O(log n).
    pub fn at_weight(&self, point: u64) -> Option<&Endpoint> {
        Weights { from: self, sums: &self.sums }.at(point)
    }

    /// The weights for calls of `method`: those of all calls, but where members have a weight of their own for it
    /// (Dubbo's `METHOD.weight`).
    pub fn weights(&self, method: &str) -> Weights<'_> {
        let own = self.of_methods.iter().find(|(name, _)| **name == *method);
        Weights { from: self, sums: own.map_or(&self.sums, |(_, sums)| sums) }
    }

    /// The moment at which a weight is another one; `None` for never.
    pub fn changes(&self) -> Option<Instant> {
        self.changes
    }
}

/// The place of the first of these ascending sums that is above `point`.
fn place_of<T: PartialOrd>(sums: &[T], point: &T) -> usize {
    sums.partition_point(|sum| sum <= point)
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::cmp::Ordering;

    use super::*;

    /// A sum that counts how often it is compared.
    struct Counted<'a>(&'a Cell<usize>, u64);

    impl PartialEq for Counted<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.1 == other.1
        }
    }

    impl PartialOrd for Counted<'_> {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            self.0.set(self.0.get() + 1);
            self.1.partial_cmp(&other.1)
        }
    }

    #[test]
    fn a_pick_by_weight_compares_as_often_as_the_logarithm() {
        let compared = Cell::new(0);
        // Every member weighs 2.
        let sums: Vec<_> = (1..=100_000).map(|n| Counted(&compared, 2 * n)).collect();
        for (point, place) in [(0, 0), (1, 0), (2, 1), (131_073, 65_536), (199_999, 99_999)] {
            compared.set(0);
            assert_eq!(place_of(&sums, &Counted(&compared, point)), place);
            assert!((16..=18).contains(&compared.get()), "{} at {point}", compared.get());
        }
    }
}
