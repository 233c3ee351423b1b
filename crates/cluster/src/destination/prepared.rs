//! Routers and balancer prepared for one set and one state of the rules.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use dubhe_core::CallView;
use dubhe_core::balance::{Balance, Selection};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::{Bitmap, PreparedRouter, Trace};
use dubhe_core::time::Instant;
use parking_lot::RwLock;

use super::parts::Seen;
use super::subset::Subset;

/// The number of subsets that are kept for one set. Rules leave few; above it an arbitrary one goes for
/// each that comes.
const MAX_SUBSETS: usize = 256;

pub(super) struct Prepared {
    seen: Seen,
    routers: Vec<Box<dyn PreparedRouter>>,
    all: Subset,
    /// The subsets that routers have left so far.
    subsets: RwLock<HashMap<Bitmap, Arc<Subset>>>,
}

/// The whole set, or a part of it.
pub(super) enum Narrowed<'a> {
    All(&'a Subset),
    Part(Arc<Subset>),
}

impl Deref for Narrowed<'_> {
    type Target = Subset;

    fn deref(&self) -> &Subset {
        match self {
            Self::All(subset) => subset,
            Self::Part(subset) => subset,
        }
    }
}

impl Prepared {
    /// Prepares the balancer for what was seen, for which `routers` are prepared.
    pub(super) fn new(
        seen: Seen,
        routers: Vec<Box<dyn PreparedRouter>>,
        balance: &dyn Balance,
        now: Instant,
    ) -> Self {
        let all = Subset::new(Selection::new(&seen.set, None, now), balance);
        Self { seen, routers, all, subsets: RwLock::default() }
    }

    /// The set and the rules that it is prepared for.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    pub(super) fn set(&self) -> &Arc<Endpoints> {
        &self.seen.set
    }

    /// Asks the routers what they leave of the set; `None` for all.
    pub(super) fn narrow(
        &self,
        call: &CallView<'_>,
        now: Instant,
        mut trace: Option<&mut Trace>,
    ) -> Option<Bitmap> {
        if self.routers.is_empty() {
            return None;
        }
        let mut left = Bitmap::full(self.set().len());
        for router in &self.routers {
            router.narrow(call, &mut left, now, trace.as_deref_mut());
        }
        (left.count() < self.set().len()).then_some(left)
    }

    /// Asks the routers what they leave of the set, and prepares it once.
    pub(super) fn subset(
        &self,
        call: &CallView<'_>,
        balance: &dyn Balance,
        now: Instant,
    ) -> Narrowed<'_> {
        let Some(left) = self.narrow(call, now, None) else { return Narrowed::All(&self.all) };
        if let Some(known) = self.subsets.read().get(&left) {
            return Narrowed::Part(known.clone());
        }
        let made = Subset::new(Selection::new(self.set(), Some(&left), now), balance);
        let mut subsets = self.subsets.write();
        if subsets.len() >= MAX_SUBSETS
            && let Some(one) = subsets.keys().next().cloned()
        {
            subsets.remove(&one);
        }
        Narrowed::Part(subsets.entry(left).or_insert(Arc::new(made)).clone())
    }
}
