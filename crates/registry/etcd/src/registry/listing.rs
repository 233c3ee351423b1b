//! The services that keys name.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use dubhe_core::ServiceKey;
use dubhe_registry::names;

/// The folders beside those of interfaces, under a root that they share.
const OTHERS: [&str; 3] = ["config", "mapping", "metadata"];

/// The services of `{prefix}{interface}/providers/{url}`, sorted: each group and version that a provider
/// has, and an interface alone where there is nothing but the placeholder of none.
pub(super) fn services(prefix: &str, keys: &[Bytes]) -> Vec<ServiceKey> {
    let mut interfaces: BTreeMap<String, BTreeSet<ServiceKey>> = BTreeMap::new();
    for key in keys {
        let name = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(prefix));
        let Some((node, rest)) = name.and_then(|name| name.split_once('/')) else { continue };
        let Some(provider) = rest.strip_prefix("providers/") else { continue };
        if OTHERS.contains(&node) {
            continue;
        }
        let interface = names::decode(node);
        let parsed = names::parse(provider).map(|provider| {
            let (group, version) = (provider.service.group(), provider.service.version());
            ServiceKey::new(&*interface, group.clone(), version.clone())
        });
        interfaces.entry(interface).or_default().extend(parsed);
    }
    let all = interfaces.into_iter().flat_map(|(interface, mut services)| {
        if services.is_empty() {
            services.insert(ServiceKey::new(interface, "", ""));
        }
        services
    });
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_is_there_once() {
        let of = |interface: &str, name: &str| format!("/dubbo/{interface}/{name}");
        let url = |text: &str| format!("providers/{}", names::encode(text));
        let keys = [
            of("a.B", &url("tri://h:1/a.B?group=g&version=1")),
            of("a.B", &url("tri://h:2/a.B?group=g&version=1")),
            of("a.B", &url("tri://h:2/a.B")),
            of("a.C", &url("empty://h/a.C")),
            of("a.D", "consumers/x"),
            of("config", &url("tri://h:1/a.E")),
            "/dubbo/a.F".to_owned(),
            "/other/a.G/providers/x".to_owned(),
        ];
        let keys: Vec<_> = keys.into_iter().map(Bytes::from).collect();
        let found: Vec<_> = services("/dubbo/", &keys).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a.B", "g/a.B:1", "a.C"]);
    }
}
