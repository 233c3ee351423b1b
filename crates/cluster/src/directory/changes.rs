//! The lines of the log about a set that has taken the place of another.

use std::collections::HashSet;
use std::hash::Hash;

use dubhe_core::endpoint::Endpoints;
use dubhe_core::registry::Health;
use dubhe_core::{Endpoint, ServiceKey};
use tracing::field::{DisplayValue, display};

use crate::listed::list;

/// Tells which providers of `service` came and went, and that none is left.
pub(super) fn log(service: &ServiceKey, before: &Endpoints, now: &Endpoints) {
    let (added, removed) = (beyond(now, before), beyond(before, now));
    if !added.is_empty() || !removed.is_empty() {
        tracing::info!(
            %service,
            providers = now.len(),
            added = named(&added),
            removed = named(&removed),
            "the providers of a service changed"
        );
    }
    let first = before.number() == 0;
    if now.is_empty() && (first || !before.is_empty()) {
        let why = without_endpoints(now);
        tracing::warn!(%service, %why, "no provider of a service is left; calls fail until one is there");
    }
}

/// The reason why a directory has no endpoints in this set.
pub(crate) fn without_endpoints(set: &Endpoints) -> String {
    let failure = if set.health() == Health::Stale { set.failure() } else { None };
    if let Some(failure) = failure {
        return format!("the registry cannot be asked: {failure}");
    }
    if let Some(why) = set.unusable() {
        return why.to_owned();
    }
    let why = match (set.health(), set.number()) {
        (Health::Fresh, _) => {
            "no provider is registered; start one, or check interface, group and version"
        }
        (Health::Stale, 0) => "the registry has not answered yet; check its address",
        (Health::Stale, _) => {
            "no provider is known, and the registry is out of reach; check its address"
        }
    };
    why.to_owned()
}

/// The endpoints of `all` that `others` lacks.
fn beyond<'a>(all: &'a Endpoints, others: &Endpoints) -> Vec<&'a Endpoint> {
    fn identity(endpoint: &Endpoint) -> impl Eq + Hash {
        (endpoint.identity(), endpoint.service_key())
    }
    let known: HashSet<_> = others.iter().map(identity).collect();
    all.iter().filter(|endpoint| !known.contains(&identity(endpoint))).collect()
}

/// No field at all when there is none.
fn named(all: &[&Endpoint]) -> Option<DisplayValue<String>> {
    (!all.is_empty()).then(|| display(list(all).to_string()))
}
