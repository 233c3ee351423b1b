//! Routers: which of the endpoints may answer this call.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::call::CallView;
use crate::endpoint::Endpoints;
use crate::time::Instant;

/// A set of endpoints by index: bit `i` is endpoint `i` of the snapshot.
///
/// ```
/// # mod dubhe { pub mod router { pub use dubhe_core::router::Bitmap; } }
/// use dubhe::router::Bitmap;
///
/// let mut left = Bitmap::full(4);
/// left.remove(2);
/// let mut zone = Bitmap::empty(4);
/// zone.insert(2);
/// zone.insert(3);
/// left.intersect(&zone);
/// assert_eq!(left.iter().collect::<Vec<_>>(), [3]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// A set of all of `len` endpoints.
    pub fn full(len: usize) -> Self {
        let mut map = Self { words: vec![u64::MAX; len.div_ceil(64)], len };
        map.cut();
        map
    }

    /// Takes out what is past the end.
    fn cut(&mut self) {
        if let (Some(last), tail @ 1..) = (self.words.last_mut(), self.len % 64) {
            *last &= (1 << tail) - 1;
        }
    }

    /// A set of none of `len` endpoints.
    pub fn empty(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// Returns `true` if endpoint `i` is in.
    pub fn contains(&self, i: usize) -> bool {
        self.words.get(i / 64).is_some_and(|w| w & (1 << (i % 64)) != 0)
    }

    /// Puts endpoint `i` in; does nothing past the end.
    pub fn insert(&mut self, i: usize) {
        if i < self.len
            && let Some(w) = self.words.get_mut(i / 64)
        {
            *w |= 1 << (i % 64);
        }
    }

    /// Takes endpoint `i` out.
    pub fn remove(&mut self, i: usize) {
        if let Some(w) = self.words.get_mut(i / 64) {
            *w &= !(1 << (i % 64));
        }
    }

    /// Keeps what is in both.
    pub fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        for (w, o) in self.words.iter_mut().zip(others) {
            *w &= o;
        }
    }

    /// Puts in what is in `other`.
    pub fn union(&mut self, other: &Self) {
        for (w, o) in self.words.iter_mut().zip(&other.words) {
            *w |= o;
        }
        self.cut();
    }

    /// Returns `true` if something is in both.
    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(w, o)| w & o != 0)
    }

    /// Returns `true` if nothing is in.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Takes out what is in `other`.
    pub fn subtract(&mut self, other: &Self) {
        for (w, o) in self.words.iter_mut().zip(&other.words) {
            *w &= !o;
        }
    }

    /// The number of those that are in.
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The index of the `n`-th endpoint that is in, from 0.
    pub fn nth(&self, n: usize) -> Option<usize> {
        let mut left = n;
        for (at, word) in self.words.iter().enumerate() {
            let ones = word.count_ones() as usize;
            if left >= ones {
                left -= ones;
                continue;
            }
            let mut word = *word;
            for _ in 0..left {
                word &= word - 1;
            }
            return Some(at * 64 + word.trailing_zeros() as usize);
        }
        None
    }

    /// The indexes that are in, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                (word != 0).then(|| {
                    let bit = word.trailing_zeros() as usize;
                    word &= word - 1;
                    at * 64 + bit
                })
            })
        })
    }
}

impl fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bitmap({} of {})", self.count(), self.len)
    }
}

/// The reasons why endpoints were left out, for "why this instance?".
///
/// ```
/// # mod dubhe { pub mod router { pub use dubhe_core::router::{Bitmap, Trace}; } }
/// use dubhe::router::{Bitmap, Trace};
///
/// let mut trace = Trace::default();
/// let mut left = Bitmap::full(4);
/// left.remove(2);
/// trace.record("tag", "tag=gray", &left);
/// trace.record("zone", "north", &Bitmap::empty(4));
/// // Which router left nobody?
/// let last = trace.steps().iter().find(|step| step.left.count() == 0);
/// assert_eq!(last.map(|step| &*step.router), Some("zone"));
/// // Which one dropped the third?
/// let dropped = trace.steps().iter().find(|step| !step.left.contains(2));
/// assert_eq!(dropped.map(|step| &*step.rule), Some("tag=gray"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trace {
    steps: Vec<TraceStep>,
}

/// A router's decision.
///
/// ```
/// # mod dubhe { pub mod router { pub use dubhe_core::router::{Bitmap, Trace, TraceStep}; } }
/// use dubhe::router::{Bitmap, Trace, TraceStep};
///
/// let mut trace = Trace::default();
/// trace.record("zone", "north", &Bitmap::full(2));
/// for TraceStep { router, rule, left } in trace.steps() {
///     assert_eq!(format!("{router} ({rule}) left {}", left.count()), "zone (north) left 2");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// The router.
    pub router: String,
    /// The rule that decided, and how.
    pub rule: String,
    /// The endpoints that were left after it.
    pub left: Bitmap,
}

impl Trace {
    /// Records a decision, after which `left` is left.
    pub fn record(&mut self, router: impl Into<String>, rule: impl Into<String>, left: &Bitmap) {
        let (router, rule, left) = (router.into(), rule.into(), left.clone());
        self.steps.push(TraceStep { router, rule, left });
    }

    /// The decisions, in order.
    pub fn steps(&self) -> &[TraceStep] {
        &self.steps
    }
}

/// A router: looks at a set once, when the set or its own rules have changed, then narrows it for
/// each call.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::router::{Bitmap, PreparedRouter, Router, Trace};
/// use dubhe::{CallView, Endpoints};
///
/// /// Keeps calls in one zone.
/// struct Zone(&'static str);
/// struct InZone(Bitmap);
///
/// impl Router for Zone {
///     fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
///         let mut zone = Bitmap::empty(set.len());
///         for (place, endpoint) in set.iter().enumerate() {
///             if endpoint.instance().zone.as_deref() == Some(self.0) {
///                 zone.insert(place);
///             }
///         }
///         Box::new(InZone(zone))
///     }
/// }
///
/// impl PreparedRouter for InZone {
///     fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, _: Instant, _: Option<&mut Trace>) {
///         set.intersect(&self.0);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a router",
    note = "implement `Router::prepare`, which gives a `PreparedRouter`"
)]
pub trait Router: Send + Sync + 'static {
    /// Looks at a set. After a panic, which is logged, calls go on with the set before, and the
    /// router is asked again on the next change, or 3 s later.
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter>;

    /// The name of the router in logs and errors; by default that of its type.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// The number of its present rules; another one means that it must prepare anew. Read with each
    /// pick, so it must be quick. A router whose rules change counts them here, and the new rules
    /// must be in place before the new number is: [`Router::prepare`] is called right after it.
    fn generation(&self) -> u64 {
        0
    }

    /// Resolves once [`Router::generation`] is no longer `seen`, at once if it is another already. By
    /// default never: then another generation is noticed by the next pick, which still goes by the
    /// rules before.
    ///
    /// With the generation in a `tokio::sync::watch` channel, that is `wait_for(|now| *now != seen)`
    /// and not `changed()`, which resolves for a clone of the receiver again and again. A future that
    /// resolves while the generation is still `seen` prepares nothing, and is made again after a pause
    /// of 10 ms, which doubles to 1 s.
    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let _ = seen;
        Box::pin(std::future::pending())
    }
}

/// A router that knows the set.
///
/// ```
/// # mod dubhe { pub use dubhe_core::CallView; pub mod router { pub use dubhe_core::router::{Bitmap, PreparedRouter, Trace}; } }
/// use std::time::Instant;
/// use dubhe::CallView;
/// use dubhe::router::{Bitmap, PreparedRouter, Trace};
///
/// /// Sends the calls of testers to the first endpoint alone, a canary.
/// struct Canary;
///
/// impl PreparedRouter for Canary {
///     fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, _: Instant, trace: Option<&mut Trace>) {
///         if call.head().metadata.get_str("tester").is_none() {
///             return;
///         }
///         for place in 1..64 {
///             set.remove(place);
///         }
///         if let Some(trace) = trace {
///             trace.record("canary", "tester", set);
///         }
///     }
/// }
/// ```
pub trait PreparedRouter: Send + Sync {
    /// Takes out of `set` what must not answer `call`; says why in `trace` when asked to. `now` is the
    /// time of the pick: that of each attempt of a call, not of its arrival.
    fn narrow(
        &self,
        call: &CallView<'_>,
        set: &mut Bitmap,
        now: Instant,
        trace: Option<&mut Trace>,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_has_all_and_no_more() {
        for len in [0, 1, 63, 64, 65, 130] {
            let map = Bitmap::full(len);
            assert_eq!(map.count(), len);
            assert_eq!(map.iter().collect::<Vec<_>>(), (0..len).collect::<Vec<_>>());
            assert!(!map.contains(len));
        }
    }

    #[test]
    fn maps_are_joined_compared_and_cleared() {
        let of = |len, all: &[usize]| {
            let mut map = Bitmap::empty(len);
            for i in all {
                map.insert(*i);
            }
            map
        };
        let mut map = of(70, &[1, 65]);
        assert!(map.meets(&of(70, &[65])) && !map.meets(&of(70, &[2, 66])));
        map.union(&of(70, &[2]));
        assert_eq!(map.iter().collect::<Vec<_>>(), [1, 2, 65]);
        // What the other has past the end stays out.
        map.union(&Bitmap::full(128));
        assert_eq!(map, Bitmap::full(70));
        assert!(!map.is_empty());
        map.clear();
        assert!(map.is_empty());
    }

    #[test]
    fn nth_counts_only_what_is_in() {
        let mut map = Bitmap::empty(200);
        for i in [3, 64, 127, 199, 200] {
            map.insert(i);
        }
        assert_eq!(
            (0..5).map(|n| map.nth(n)).collect::<Vec<_>>(),
            [Some(3), Some(64), Some(127), Some(199), None]
        );
        map.remove(64);
        let mut other = Bitmap::empty(200);
        other.insert(127);
        other.insert(64);
        map.intersect(&other);
        assert_eq!(map.iter().collect::<Vec<_>>(), [127]);
    }
}
