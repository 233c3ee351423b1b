//! The match of a consumer with the providers of an interface, and the one of several lives of a
//! provider that counts.

use dubhe_core::ServiceKey;
use dubhe_core::registry::Registration;

/// Returns true if a consumer of `wanted` takes this provider (Dubbo Java `UrlUtils.isMatch`): its
/// service is one of those wanted, and it is enabled.
pub fn matches(wanted: &ServiceKey, provider: &Registration) -> bool {
    let param = |name: &str, default| provider.params.get(name).unwrap_or(default) == default;
    wanted.takes(&provider.service) && param("enabled", "true") && param("category", "providers")
}

/// The registrations, one for each provider, sorted: a restarted one may be there twice until the
/// session of its past life ends, and then the younger counts.
pub fn newest<'a>(all: impl Iterator<Item = &'a Registration>) -> Vec<Registration> {
    let mut all: Vec<&Registration> = all.collect();
    let identity = |one: &Registration| {
        let Registration { service, instance, offer, .. } = one;
        (instance.host.clone(), offer.port, offer.protocol.clone(), service.clone())
    };
    all.sort_by_cached_key(|one| (identity(one), std::cmp::Reverse(one.instance.started)));
    all.dedup_by_key(|one| identity(one));
    all.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    fn taken(wanted: ServiceKey, query: &str) -> bool {
        let name = names::encode(&format!("dubbo://h:1/a.B?interface=a.B{query}"));
        matches(&wanted, &names::parse(&name).unwrap())
    }

    #[test]
    fn disabled_and_other_things_are_passed_over() {
        let key = || ServiceKey::interface_only("a.B");
        assert!(taken(key(), "&enabled=true&category=providers"));
        assert!(!taken(key(), "&enabled=false"));
        assert!(!taken(key(), "&category=configurators"));
        assert!(!taken(ServiceKey::interface_only("a.C"), ""));
        assert!(!taken(key(), "&group=g&version=1"));
        assert!(taken(ServiceKey::new("a.B", "*", "*"), "&group=g&version=1"));
    }

    #[test]
    fn a_restarted_provider_counts_once_with_what_it_says_now() {
        let one = |query: &str| names::parse(&names::encode(&format!("dubbo://{query}"))).unwrap();
        let all = [
            one("h:2/a.B?timestamp=1"),
            one("h:1/a.B?timestamp=5&weight=1"),
            one("h:1/a.B?timestamp=30&weight=2"),
            one("h:1/a.B?timestamp=4&weight=3"),
        ];
        assert_eq!(newest(all.iter()), [all[2].clone(), all[0].clone()]);
    }
}
