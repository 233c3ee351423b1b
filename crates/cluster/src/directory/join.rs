//! The providers of several registries as one list.

use std::collections::HashSet;

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
/// parameters that the first of them has.
pub(super) fn join(snapshots: &[Snapshot]) -> Joined<'_> {
    let fresh = snapshots.iter().any(|snapshot| snapshot.health == Health::Fresh);
    let mut known = HashSet::with_capacity(snapshots.iter().map(|s| s.providers.len()).sum());
    let all = snapshots.iter().flat_map(|snapshot| &snapshot.providers);
    let providers = all.filter(|p| known.insert((&p.offer, &p.instance.host))).collect();
    Joined { providers, health: if fresh { Health::Fresh } else { Health::Stale } }
}

#[cfg(test)]
mod tests {
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
        Snapshot { providers: numbers.map(provider).collect(), health }
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
