//! Names of services at interface level.

use dubhe_core::ServiceKey;

use crate::names::{from_nacos, to_nacos};

/// The category of providers.
pub(super) const PROVIDERS: &str = "providers";
/// The category of consumers.
pub(super) const CONSUMERS: &str = "consumers";

/// `{category}:{interface}:{version}:{group}`, with empty parts (Dubbo Java `NacosServiceName`).
pub(super) fn name(category: &str, service: &ServiceKey) -> String {
    let (interface, version, group) = (service.interface(), service.version(), service.group());
    to_nacos(&format!("{category}:{interface}:{version}:{group}"))
}

/// The same without empty parts, as before Dubbo 2.7.6 (Dubbo Java `getCompatibleServiceName`).
pub(super) fn legacy_name(category: &str, service: &ServiceKey) -> String {
    let parts = [category, service.interface(), service.version(), service.group()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    to_nacos(&parts.join(":"))
}

/// The service of providers that has this name; `None` for another category or form.
pub(super) fn parse(name: &str) -> Option<ServiceKey> {
    let name = from_nacos(name);
    let mut parts = name.split(':');
    let (category, interface, version, group) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let whole = category == PROVIDERS && !interface.is_empty() && parts.next().is_none();
    whole.then(|| ServiceKey::new(interface, group, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_java() {
        let full = ServiceKey::new("demo.Greet", "g1", "1.2.3");
        assert_eq!(name(PROVIDERS, &full), "providers:demo.Greet:1.2.3:g1");
        assert_eq!(legacy_name(PROVIDERS, &full), "providers:demo.Greet:1.2.3:g1");
        let bare = ServiceKey::interface_only("demo.Outer$Inner");
        assert_eq!(name(PROVIDERS, &bare), "providers:demo.Outer___Inner::");
        assert_eq!(legacy_name(PROVIDERS, &bare), "providers:demo.Outer___Inner");
        for service in [full, bare] {
            assert_eq!(parse(&name(PROVIDERS, &service)), Some(service));
        }
        for other in
            ["shop", "consumers:a.B::", "providers:a.B", "providers:::", "providers:a:b:c:d"]
        {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
