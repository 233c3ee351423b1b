//! Routers and balancer prepared for one set and one state of the rules.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use dubhe_core::CallView;
use dubhe_core::balance::{Balance, Selection};
use dubhe_core::endpoint::{Changes, Endpoints};
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::time::Instant;
use parking_lot::RwLock;

use super::subset::Subset;

/// The number of subsets that are kept for one set. Rules leave few; above it they are made anew.
const MAX_SUBSETS: usize = 256;

pub(super) struct Prepared {
    set: Arc<Endpoints>,
    routers: Vec<(u64, Box<dyn PreparedRouter>)>,
    all: Subset,
    /// The subsets that routers have left so far.
    subsets: RwLock<HashMap<Bitmap, Arc<Subset>>>,
}

/// All of the set, or a part of it.
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
    pub(super) fn new(
        set: Arc<Endpoints>,
        routers: &[Arc<dyn Router>],
        balance: &dyn Balance,
        changes: &Arc<Changes>,
        now: Instant,
    ) -> Self {
        set.iter().for_each(|endpoint| endpoint.state().follow(changes));
        // The generation comes first: rules that change meanwhile are prepared once more.
        let routers = routers.iter().map(|r| (r.generation(), r.prepare(&set))).collect();
        let all = Subset::new(Selection::new(&set, None, now), balance);
        Self { set, routers, all, subsets: RwLock::default() }
    }

    pub(super) fn set(&self) -> &Arc<Endpoints> {
        &self.set
    }

    /// The generations of the routers' rules.
    pub(super) fn generations(&self) -> impl Iterator<Item = u64> {
        self.routers.iter().map(|(generation, _)| *generation)
    }

    /// Asks the routers what they leave of the set; `None` for all.
    pub(super) fn narrow(
        &self,
        call: &CallView<'_>,
        mut trace: Option<&mut Trace>,
    ) -> Option<Bitmap> {
        if self.routers.is_empty() {
            return None;
        }
        let mut left = Bitmap::full(self.set.len());
        for (_, router) in &self.routers {
            router.narrow(call, &mut left, trace.as_deref_mut());
        }
        (left.count() < self.set.len()).then_some(left)
    }

    /// Asks the routers what they leave of the set, and prepares it once.
    pub(super) fn subset(
        &self,
        call: &CallView<'_>,
        balance: &dyn Balance,
        now: Instant,
    ) -> Narrowed<'_> {
        let Some(left) = self.narrow(call, None) else { return Narrowed::All(&self.all) };
        if let Some(known) = self.subsets.read().get(&left) {
            return Narrowed::Part(known.clone());
        }
        let made = Subset::new(Selection::new(&self.set, Some(&left), now), balance);
        let mut subsets = self.subsets.write();
        if subsets.len() >= MAX_SUBSETS {
            subsets.clear();
        }
        Narrowed::Part(subsets.entry(left).or_insert(Arc::new(made)).clone())
    }
}
