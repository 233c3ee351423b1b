//! Endpoints that rules leave, and those of them that can be asked now.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::endpoint::Changes;
use dubhe_core::router::Bitmap;
use dubhe_core::time::Instant;
use dubhe_core::{CallView, Endpoint, Provider};

/// Endpoints that rules leave, with the balancer that knows them.
pub(super) struct Subset {
    all: Selection,
    balancer: Box<dyn Pick>,
    present: ArcSwapOption<Present>,
}

/// The endpoints of a subset that can be asked, for as long as nothing changes.
struct Present {
    selection: Selection,
    /// The number of changes that it has seen.
    seen: u64,
    until: Option<Instant>,
}

impl Subset {
    pub(super) fn new(all: Selection, balance: &dyn Balance) -> Self {
        let balancer = balance.prepare(&all);
        Self { all, balancer, present: ArcSwapOption::empty() }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Endpoint> {
        self.all.iter().cloned()
    }

    /// The balancer's choice among those that can be asked and were not `tried`, as far as there
    /// are such.
    pub(super) fn pick(
        &self,
        call: &CallView<'_>,
        tried: &[Provider],
        changes: &Changes,
        now: Instant,
    ) -> Option<Endpoint> {
        // A balancer is never asked to pick from nobody.
        if self.all.is_empty() {
            return None;
        }
        let present = self.present.load();
        let valid = |present: &&Arc<Present>| {
            present.seen == changes.count() && present.until.is_none_or(|until| now < until)
        };
        let made;
        let present = match present.as_ref().filter(valid) {
            Some(present) => present,
            None => {
                made = Arc::new(self.present_at(changes, now));
                self.present.store(Some(made.clone()));
                &made
            }
        };
        let from = &present.selection;
        if tried.is_empty() {
            return self.balancer.pick(call, from, now).cloned();
        }
        // As in Dubbo Java, all are in the draw, and only who was tried is drawn again: turns go on where they were.
        let first = self.balancer.pick(call, from, now)?;
        if !tried.contains(first) && !shares_zone(first, tried) {
            return Some(first.clone());
        }
        let others = |from: &Selection| without(from, now, |e| tried.contains(e));
        let elsewhere = |from: &Selection| without(from, now, |e| shares_zone(e, tried));
        let rest = others(from).or_else(|| others(&self.all));
        let Some(rest) = rest else { return Some(first.clone()) };
        // What failed there may be the zone.
        let rest = elsewhere(&rest).unwrap_or(rest);
        self.balancer.pick(call, &rest, now).cloned()
    }

    /// The endpoints that can be asked now; else those that still serve, though they are not ready or
    /// terminate; else all.
    fn present_at(&self, changes: &Changes, now: Instant) -> Present {
        let seen = changes.count();
        let all = &self.all;
        let away = |endpoint: &Endpoint| endpoint.state().is_away(now);
        let out = |endpoint: &Endpoint| !endpoint.instance().is_available() || away(endpoint);
        let silent = |endpoint: &Endpoint| !endpoint.instance().serving || away(endpoint);
        let selection = if all.iter().any(out) {
            without(all, now, out).or_else(|| without(all, now, silent))
        } else {
            None
        };
        let selection = selection.unwrap_or_else(|| Selection::new(all.set(), all.members(), now));
        let returns = all.iter().filter_map(|e| e.state().ejected(now));
        let until = selection.changes().into_iter().chain(returns).min();
        Present { selection, seen, until }
    }
}

/// Returns `true` if the endpoint is in the zone of one that was tried.
fn shares_zone(endpoint: &Endpoint, tried: &[Provider]) -> bool {
    let zone = &endpoint.instance().zone;
    zone.is_some() && tried.iter().any(|tried| tried.instance().zone == *zone)
}

/// The members of `from` that are not `out`; `None` when nobody is left.
fn without(from: &Selection, now: Instant, out: impl Fn(&Endpoint) -> bool) -> Option<Selection> {
    let set = from.set();
    let mut left = from.members().cloned().unwrap_or_else(|| Bitmap::full(set.len()));
    for n in 0..from.len() {
        if let (Some(endpoint), Some(place)) = (from.get(n), from.place(n))
            && out(endpoint)
        {
            left.remove(place);
        }
    }
    (left.count() > 0).then(|| Selection::new(set, Some(&left), now))
}
