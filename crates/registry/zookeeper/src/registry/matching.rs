//! The match of a consumer with the providers of an interface.

use dubhe_core::ServiceKey;
use dubhe_core::registry::Registration;

/// The text for every group or version.
const ANY: &str = "*";

/// Returns true if a consumer of `wanted` takes this provider (Dubbo Java `UrlUtils.isMatch`): it
/// must be enabled, its version that of the consumer or the consumer's `*`, its group likewise or
/// one of the consumer's list.
pub(super) fn matches(wanted: &ServiceKey, provider: &Registration) -> bool {
    let own = &provider.service;
    let param = |name: &str, default| provider.params.get(name).unwrap_or(default) == default;
    let version = *wanted.version() == ANY || wanted.version() == own.version();
    let group = *wanted.group() == ANY
        || wanted.group() == own.group()
        || wanted.group().split(',').any(|group| group.trim() == &**own.group());
    version
        && group
        && wanted.interface() == own.interface()
        && param("enabled", "true")
        && param("category", "providers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::names;

    fn taken(wanted: ServiceKey, query: &str) -> bool {
        let name = names::encode(&format!("dubbo://h:1/a.B?interface=a.B{query}"));
        matches(&wanted, &names::parse(&name).unwrap())
    }

    #[test]
    fn groups_and_versions_are_equal_any_or_listed() {
        let key =
            |group: &'static str, version: &'static str| ServiceKey::new("a.B", group, version);
        for (wanted, query, expected) in [
            (key("", ""), "", true),
            (key("", ""), "&version=0.0.0", true),
            (key("", ""), "&group=g", false),
            (key("", ""), "&version=1", false),
            (key("g", "1"), "&group=g&version=1", true),
            (key("*", "*"), "&group=g&version=1", true),
            (key("*", ""), "", true),
            (key("f,g", ""), "&group=g", true),
            (key("f,g", ""), "&group=h", false),
            (key("f,g", ""), "", false),
        ] {
            assert_eq!(taken(wanted.clone(), query), expected, "{wanted} {query}");
        }
    }

    #[test]
    fn disabled_and_other_things_are_passed_over() {
        let key = || ServiceKey::interface_only("a.B");
        assert!(taken(key(), "&enabled=true&category=providers"));
        assert!(!taken(key(), "&enabled=false"));
        assert!(!taken(key(), "&category=configurators"));
        assert!(!taken(ServiceKey::interface_only("a.C"), ""));
    }
}
