//! The lines of the log about a set that has taken the place of another.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use bytestring::ByteString;
use dubhe_core::endpoint::{Endpoints, Usage};
use dubhe_core::printable::Printable;
use dubhe_core::registry::Health;
use dubhe_core::{Endpoint, ServiceKey};
use parking_lot::Mutex;
use tracing::field::{DisplayValue, display};

use crate::listed::list;

/// The reasons why directories of one service, by their protocols, have no endpoints: what one has told
/// the others do not repeat.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashMap<Vec<ByteString>, String>>);

impl Told {
    /// Notes the reason of a directory, and returns `true` for one that no other directory has told.
    fn is_new(&self, protocols: &[ByteString], why: &str) -> bool {
        let mut reasons = self.0.lock();
        let repeats = reasons.iter().any(|(of, told)| of != protocols && told == why);
        reasons.insert(protocols.to_vec(), why.to_owned());
        !repeats
    }

    /// Drops the reason of a directory that has endpoints, or has ended.
    pub(super) fn forget(&self, protocols: &[ByteString]) {
        self.0.lock().remove(protocols);
    }
}

/// Tells which providers of `service` came and went, and that none is left, unless another directory
/// has `told` so.
pub(super) fn log(
    service: &ServiceKey,
    protocols: &[ByteString],
    told: &Told,
    before: &Endpoints,
    now: &Endpoints,
) {
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
    if !now.is_empty() {
        told.forget(protocols);
    } else if first || !before.is_empty() {
        let why = without_endpoints(now);
        if told.is_new(protocols, &why) {
            tracing::warn!(%service, %why, "no provider of a service is left; calls fail until one is there");
        }
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
    if let Some(excluded) = excluded(set) {
        return format!("no provider that is registered can be used: {excluded}");
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

/// The instances that are known and not used, with their reasons; `None` without any.
fn excluded(set: &Endpoints) -> Option<String> {
    let state = set.explain()?;
    let excluded = state.instances.iter().filter_map(|one| match &one.usage {
        Usage::Excluded { why } => {
            Some(format!("{}, since {}", Printable(&one.instance), Printable(why)))
        }
        _ => None,
    });
    let excluded: Vec<_> = excluded.collect();
    (!excluded.is_empty()).then(|| list(&excluded).to_string())
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

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn a_reason_is_told_once_while_a_directory_has_it() {
        let [one, other] = ["dubbo", "tri"].map(|protocol| vec![protocol.into()]);
        let told = Told::default();
        assert!(told.is_new(&one, "none is registered"));
        assert!(!told.is_new(&other, "none is registered"));
        assert!(told.is_new(&other, "the registered offer dubbo"));
        // A second time, when some came and went.
        assert!(told.is_new(&one, "none is registered"));
        told.forget(&one);
        assert!(told.is_new(&other, "none is registered"));
    }
}
