//! The facts of a provider as each kind of rule sees them.
//!
//! At the interface level a provider is its own URL: Dubbo Java's `ServiceAddressURL`, which ZooKeeper and Nacos
//! give, keeps the parameters of the consumer apart from its own. At the level of applications
//! (`InstanceAddressURL`) parameters of the service go before those of the instance, and what tags match has the
//! parameters of the consumer before both.

use std::borrow::Cow;

use dubhe_core::Endpoint;
use dubhe_core::registry::DiscoveryLevel;

use crate::consumer::Consumer;

/// The parameter with the tag of a provider, and the attachment or the parameter of a consumer with that of a
/// call (`CommonConstants.TAG_KEY`).
pub(crate) const TAG: &str = "dubbo.tag";

/// The parameters that a consumer has no say in (`DefaultProviderFirstParams`).
pub(crate) const PROVIDER_FIRST: [&str; 5] = ["release", "dubbo", "methods", "timestamp", TAG];

/// The name of an application that is none (Dubbo Java `MeshRuleConstants.INVALID_APP_NAME`).
pub(crate) const UNKNOWN: &str = "unknown";

fn is_of_application(endpoint: &Endpoint) -> bool {
    endpoint.instance().level == DiscoveryLevel::Application
}

/// The value that the right side of a condition sees (`URL.toOriginalMap`): parts of the URL go before
/// parameters.
pub(crate) fn seen<'a>(
    endpoint: &'a Endpoint,
    key: &str,
    consumer: &'a Consumer,
) -> Option<Cow<'a, str>> {
    let port = endpoint.offer().port;
    match key {
        "protocol" => Some(Cow::Borrowed(&*endpoint.offer().protocol)),
        "host" => Some(host(endpoint)),
        "port" => (port > 0).then(|| port.to_string().into()),
        "path" => Some(endpoint.param(key).unwrap_or(consumer.service().interface()).into()),
        "address" if port > 0 => Some(format!("{}:{port}", host(endpoint)).into()),
        "address" => Some(host(endpoint)),
        _ => endpoint.param(key).map(Cow::Borrowed),
    }
}

/// The host; an IPv6 address of a URL is in brackets.
fn host(endpoint: &Endpoint) -> Cow<'_, str> {
    let host = &*endpoint.instance().host;
    let bare = host.contains(':') && endpoint.unix_path().is_none() && !is_of_application(endpoint);
    if bare { format!("[{host}]").into() } else { host.into() }
}

/// The value that `match` of a tag sees (`getOriginalParameter`).
pub(crate) fn matched<'a>(
    endpoint: &'a Endpoint,
    key: &str,
    consumer: &'a Consumer,
) -> Option<&'a str> {
    let text = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    match (key, is_of_application(endpoint)) {
        ("side", _) => Some("consumer"),
        ("category", false) => Some("providers"),
        (_, false) => endpoint.param(key),
        ("version", true) => text(consumer.service().version()),
        ("group", true) => text(consumer.service().group()),
        ("interface", true) => text(consumer.service().interface()),
        ("remote.application", true) => text(&endpoint.instance().application),
        (_, true) if PROVIDER_FIRST.contains(&key) => label(endpoint, key),
        (_, true) => consumer.text(key).or_else(|| label(endpoint, key)),
    }
}

/// The value that a label of a mesh rule sees (`getOriginalServiceParameter`).
pub(crate) fn label<'a>(endpoint: &'a Endpoint, key: &str) -> Option<&'a str> {
    if !is_of_application(endpoint) {
        return endpoint.param(key);
    }
    let of_service = endpoint.service().get(key).filter(|value| !value.is_empty());
    of_service.or_else(|| endpoint.instance().params.get(key))
}

/// The tag that it registers with.
pub(crate) fn tag(endpoint: &Endpoint) -> Option<&str> {
    label(endpoint, TAG).filter(|tag| !tag.is_empty())
}

/// The name of its application, if it has one.
pub(crate) fn application(endpoint: &Endpoint) -> Option<&str> {
    Some(&*endpoint.instance().application).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe_core::ServiceKey;
    use dubhe_core::endpoint::{Instance, Offer, ServiceParams};

    use super::*;

    fn endpoint(level: DiscoveryLevel) -> Endpoint {
        let of = |all: &[(&'static str, &'static str)]| {
            all.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect::<Vec<_>>()
        };
        let instance = Instance {
            host: "2001:db8::1".into(),
            application: "pay".into(),
            level,
            params: of(&[("region", "hangzhou"), ("env", "gray")]).into_iter().collect(),
            ..Instance::default()
        };
        let service = of(&[("env", ""), ("application", "pay"), ("version", "1"), (TAG, "gray")]);
        let service = ServiceParams::new(&service.into_iter().collect());
        let offer = Offer { protocol: "tri".into(), port: 50051 };
        Endpoint::new(Arc::new(instance), offer, Arc::new(service))
    }

    #[test]
    fn the_level_decides_on_what_is_seen() {
        let consumer = Consumer::new(ServiceKey::new("a.B", "", "2"), "shop", "10.0.0.1")
            .with_param("region", "beijing")
            .with_param(TAG, "blue");
        let seen = |endpoint, key| seen(endpoint, key, &consumer).map(Cow::into_owned);
        let of_url = &endpoint(DiscoveryLevel::Interface);
        let of_instance = &endpoint(DiscoveryLevel::Application);
        assert_eq!(seen(of_url, "host").as_deref(), Some("[2001:db8::1]"));
        assert_eq!(seen(of_url, "address").as_deref(), Some("[2001:db8::1]:50051"));
        assert_eq!(seen(of_instance, "address").as_deref(), Some("2001:db8::1:50051"));
        for both in [of_url, of_instance] {
            assert_eq!(seen(both, "region").as_deref(), Some("hangzhou"));
            assert_eq!(seen(both, "env").as_deref(), Some(""));
            assert_eq!((tag(both), application(both)), (Some("gray"), Some("pay")));
        }
        let matched = |endpoint, key| matched(endpoint, key, &consumer);
        let keys = ["region", "application", "version", "side", TAG, "remote.application"];
        assert_eq!(
            keys.map(|key| matched(of_url, key)),
            [Some("hangzhou"), Some("pay"), Some("1"), Some("consumer"), Some("gray"), None]
        );
        assert_eq!(
            keys.map(|key| matched(of_instance, key)),
            [Some("beijing"), Some("shop"), Some("2"), Some("consumer"), Some("gray"), Some("pay")]
        );
        assert_eq!((label(of_url, "env"), label(of_instance, "env")), (Some(""), Some("gray")));
    }
}
