//! A registration as the provider URL that Dubbo's registries hold, and back.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::endpoint::{Offer, Params, ServiceParams};
use dubhe_core::registry::Registration;
use dubhe_core::url::Url;

/// The URL `protocol://host:port/interface?…` of a registration.
pub fn to_url(registration: &Registration) -> Url {
    let Registration { service, instance, offer, params } = registration;
    let mut all = params.to_params();
    all.extend(instance.params.iter().map(|(k, v)| (k.into(), v.into())));
    let own = [
        ("interface", service.interface()),
        ("group", service.group()),
        ("version", service.version()),
        ("application", &instance.application),
    ];
    all.extend(own.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.into(), v.clone())));
    // Facts that came by such a URL are among the parameters, as they were written.
    if let Some(zone) = &instance.zone {
        all.entry("zone".into()).or_insert_with(|| zone.clone());
    }
    if let Some(at) = instance.started.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
        all.entry("timestamp".into()).or_insert_with(|| at.as_millis().to_string().into());
    }
    Url {
        protocol: offer.protocol.clone(),
        host: instance.host.clone(),
        port: offer.port,
        path: service.interface().clone(),
        params: all,
        ..Url::default()
    }
}

/// The Dubbo protocol version that every registered URL names.
pub const DUBBO_VERSION: &str = "2.0.2";
/// The version of the framework; Java shows it.
pub const RELEASE: &str = concat!("dubhe-", env!("CARGO_PKG_VERSION"));

/// The URL of a registration with all parameters that Dubbo Java 3.3 publishes, such as `side` and
/// `release`. A parameter of the service wins. `started` is the start of the provider in milliseconds
/// since the epoch, where the registration tells none.
pub fn to_published_url(registration: &Registration, dynamic: bool, started: u128) -> Url {
    let mut url = to_url(registration);
    let started = started.to_string();
    let defaults = [
        ("deprecated", "false"),
        ("dubbo", DUBBO_VERSION),
        ("dynamic", if dynamic { "true" } else { "false" }),
        ("generic", "false"),
        // Lest a consumer take another by default, as Dubbo Java may.
        ("prefer.serialization", "hessian2"),
        ("release", RELEASE),
        ("revision", registration.service.version()),
        ("side", "provider"),
        ("timestamp", &started),
    ];
    fill(&mut url.params, &defaults);
    url
}

/// The URL `consumer://host/interface?…` of a consumer of `service`, as Dubbo Java registers it.
pub fn consumer(service: &ServiceKey, host: IpAddr, application: &str, now_ms: u128) -> Url {
    let (pid, timestamp) = (std::process::id().to_string(), now_ms.to_string());
    let mut params = Params::new();
    let all = [
        ("application", application),
        ("category", "consumers"),
        ("check", "false"),
        ("dubbo", DUBBO_VERSION),
        ("group", service.group()),
        ("interface", service.interface()),
        ("pid", &pid),
        ("release", RELEASE),
        ("revision", service.version()),
        ("side", "consumer"),
        ("timestamp", &timestamp),
        ("version", service.version()),
    ];
    fill(&mut params, &all);
    Url {
        protocol: "consumer".into(),
        host: host.to_string().into(),
        path: service.interface().clone(),
        params,
        ..Url::default()
    }
}

/// Adds what is not empty and not there.
fn fill(params: &mut Params, defaults: &[(&str, &str)]) {
    for (name, value) in defaults.iter().filter(|(_, value)| !value.is_empty()) {
        params.entry((*name).into()).or_insert_with(|| (*value).into());
    }
}

/// The parameters of a provider without the weight that nobody gave: a provider of dubbo-go to which
/// none was given says `weight=0` (dubbo-go `server/action.go`), which to every other would be "no
/// calls".
pub fn without_unset_weight(mut params: Params) -> Params {
    let param = |name: &str| params.get(name).map(|value| &**value);
    let go = param("release").is_some_and(|release| release.starts_with("dubbo-golang"));
    if go && param("weight") == Some("0") {
        params.remove("weight");
    }
    params
}

/// The registration that a provider URL describes, [without a weight that nobody
/// gave](without_unset_weight).
pub fn from_url(url: &Url) -> Registration {
    let params = without_unset_weight(url.params.clone());
    Registration {
        service: url.service(),
        instance: Arc::new(url.instance()),
        offer: Offer { protocol: known_protocol(&url.protocol), port: url.port },
        params: Arc::new(ServiceParams::new(&params)),
    }
}

/// The text of a protocol without memory of its own, for those that most have.
pub(crate) fn known_protocol(protocol: &ByteString) -> ByteString {
    let known = ["dubbo", "tri", "grpc", "rest"].into_iter().find(|known| *known == &**protocol);
    known.map_or_else(|| protocol.clone(), ByteString::from_static)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use dubhe_core::{Endpoint, Instance, ServiceKey};

    use super::*;

    #[test]
    fn a_provider_url_survives_a_round_trip() {
        let text = "dubbo://10.0.0.1:20880/a.B?application=shop&custom=x&group=g&interface=a.B\
                    &version=1.0.0&weight=200";
        let url = Url::parse(text, "").unwrap();
        let registration = from_url(&url);
        assert_eq!(registration.service, ServiceKey::new("a.B", "g", "1.0.0"));
        assert_eq!(registration.params.get("custom"), Some("x"));
        assert_eq!(to_url(&registration), url);
    }

    #[test]
    fn facts_are_read_and_written() {
        let of = |query: &str| {
            let url = Url::parse(&format!("dubbo://h:1/a.B?{query}"), "").unwrap();
            from_url(&url).instance
        };
        let millis = |n| Some(UNIX_EPOCH + Duration::from_millis(n));
        assert_eq!(of("timestamp=1700000000123").started, millis(1_700_000_000_123));
        assert_eq!(of("timestamp=1700000000").started, millis(1_700_000_000_000), "dubbo-go");
        for unknown in ["", "timestamp=", "timestamp=0", "timestamp=soon", "timestamp=-1"] {
            assert_eq!(of(unknown).started, None, "{unknown}");
        }
        assert_eq!(of("zone=a").zone.as_deref(), Some("a"));
        assert_eq!(of("zone=").zone, None);
        assert!(of("").is_available());

        let registration = Registration {
            service: ServiceKey::interface_only("a.B"),
            instance: Arc::new(Instance {
                host: "h".into(),
                zone: Some("b".into()),
                started: millis(1_700_000_000_123),
                ..Instance::default()
            }),
            offer: Offer { protocol: "tri".into(), port: 1 },
            params: Arc::default(),
        };
        assert_eq!(from_url(&to_url(&registration)).instance, registration.instance);
    }

    #[test]
    fn no_weight_of_dubbo_go_is_the_default_and_others_mean_what_they_say() {
        let weight = |release: &str, weight: &str| {
            let text = format!("tri://h:1/a.B?release={release}&side=provider&weight={weight}");
            let registration = from_url(&Url::parse(&text, "").unwrap());
            Endpoint::new(registration.instance, registration.offer, registration.params)
                .weight(Instant::now())
        };
        assert_eq!(weight("dubbo-golang-3.3.2", "0"), 100);
        assert_eq!(weight("dubbo-golang-3.3.2", "7"), 7);
        assert_eq!(weight("3.3.6", "0"), 0);
    }
}
