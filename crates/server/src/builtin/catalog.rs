//! The state of a server that its health and reflection services report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::reflection::Index;
use crate::services::Services;

/// The state of a server. It is replaced whenever a service is added or removed.
#[derive(Clone, Default)]
pub(crate) struct Catalog {
    /// `false` once the server stops.
    pub(crate) serving: bool,
    /// The names whose health can be asked for: `""` for the server, and each service both by its
    /// interface and by its key with group and version, as dubbo-go asks
    /// (`TripleInvoker.startHealthWatch`).
    pub(super) names: Arc<BTreeSet<String>>,
    /// Names, of `names`, whose services are all being removed.
    pub(super) leaving: Arc<BTreeSet<String>>,
    pub(super) described: Arc<Described>,
}

/// The services that have descriptors.
#[derive(Default)]
pub(super) struct Described {
    /// The descriptor sets by interface.
    pub(super) sets: BTreeMap<String, &'static [u8]>,
    /// The index, built on first use, since few servers are asked for descriptors.
    index: OnceLock<Index>,
}

impl Catalog {
    /// The state of a server with these services.
    pub(crate) fn of(services: &Services) -> Self {
        let names_of = |leaving: bool| {
            let own = services.exported().filter(move |exported| {
                !exported.built_in && services.is_leaving(exported) == leaving
            });
            own.flat_map(|e| [e.key.interface().to_string(), e.key.to_string()])
        };
        let mut names: BTreeSet<_> = names_of(false).chain([String::new()]).collect();
        let leaving: BTreeSet<_> = names_of(true).filter(|name| !names.contains(name)).collect();
        names.extend(leaving.iter().cloned());
        let described = services.exported().filter_map(|exported| {
            Some((exported.key.interface().to_string(), exported.descriptors?))
        });
        let described = Described { sets: described.collect(), index: OnceLock::new() };
        Self {
            serving: true,
            names: Arc::new(names),
            leaving: Arc::new(leaving),
            described: Arc::new(described),
        }
    }
}

impl Described {
    pub(super) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(self.sets.values().copied()))
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Catalog({} names, serving: {})", self.names.len(), self.serving)
    }
}
