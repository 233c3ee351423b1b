//! The choice of the registrations of an interface that a consumer takes.

use dubhe_core::ServiceKey;
use dubhe_core::registry::Registration;

/// Returns `true` if a consumer of `wanted` takes this provider (Dubbo Java `UrlUtils.isMatch`): its
/// service is one of those wanted, and it is enabled.
pub fn matches(wanted: &ServiceKey, provider: &Registration) -> bool {
    let param = |name: &str, default| provider.params.get(name).unwrap_or(default) == default;
    wanted.takes(&provider.service) && param("enabled", "true") && param("category", "providers")
}

/// Returns the registrations, one for each provider, sorted: a restarted one may be there twice until
/// the registry forgets its past life, and then the younger counts.
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
    use dubhe_core::url::Url;

    use super::*;
    use crate::provider_url::from_url;

    fn one(url: &str) -> Registration {
        from_url(&Url::parse(&format!("dubbo://{url}"), "").unwrap())
    }

    #[test]
    fn disabled_and_other_things_are_passed_over() {
        let taken = |wanted: ServiceKey, query: &str| {
            matches(&wanted, &one(&format!("h:1/a.B?interface=a.B{query}")))
        };
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
        let all = [
            one("h:2/a.B?timestamp=1"),
            one("h:1/a.B?timestamp=5&weight=1"),
            one("h:1/a.B?timestamp=30&weight=2"),
            one("h:1/a.B?timestamp=4&weight=3"),
        ];
        assert_eq!(newest(all.iter()), [all[2].clone(), all[0].clone()]);
    }
}
