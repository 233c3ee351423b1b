//! The match of a consumer with the providers of an interface.

use dubhe_core::ServiceKey;
use dubhe_core::registry::Registration;

/// Returns true if a consumer of `wanted` takes this provider (Dubbo Java `UrlUtils.isMatch`): its
/// service is one of those wanted, and it is enabled.
pub(super) fn matches(wanted: &ServiceKey, provider: &Registration) -> bool {
    let param = |name: &str, default| provider.params.get(name).unwrap_or(default) == default;
    wanted.takes(&provider.service) && param("enabled", "true") && param("category", "providers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::names;

    fn taken(wanted: ServiceKey, query: &str) -> bool {
        let name = crate::percent::encode(&format!("dubbo://h:1/a.B?interface=a.B{query}"));
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
}
