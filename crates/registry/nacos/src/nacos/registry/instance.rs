//! Registrations as instances of services, and back.

use dubhe_core::endpoint::Params;
use dubhe_core::registry::{Excluded, Registration};
use dubhe_core::url::Url;
use dubhe_registry::provider_url;

use super::names::{CONSUMERS, PROVIDERS};
use crate::wire::{Host, Instance};

/// Dubbo's weight of a provider that says nothing.
const DEFAULT_WEIGHT: f64 = 100.0;

/// The instance of a provider (Dubbo Java `NacosRegistry.createInstance`).
pub(super) fn provider(registration: &Registration, now_ms: u128) -> Instance {
    instance(provider_url::to_published_url(registration, true, now_ms), PROVIDERS)
}

/// The instance of a URL: its parameters, and the parts of which Nacos knows nothing.
pub(super) fn instance(url: Url, category: &'static str) -> Instance {
    let Url { protocol, host, port, path, mut params, .. } = url;
    params.entry("category".into()).or_insert_with(|| category.into());
    params.insert("protocol".into(), protocol);
    params.insert("path".into(), path);
    Instance::new(host, port, params)
}

/// The instance of a consumer.
pub(super) fn consumer(url: Url) -> Instance {
    instance(url, CONSUMERS)
}

/// The reason for which an instance is not used, if there is one.
pub(crate) fn unusable(host: &Host) -> Option<&'static str> {
    match host {
        Host { enabled: false, .. } => Some("it is disabled in Nacos"),
        Host { healthy: false, .. } => Some("the health check of Nacos fails"),
        _ => None,
    }
}

/// The registration that an instance of a service describes.
pub(super) fn registration(host: &Host, interface: &str) -> Result<Registration, Excluded> {
    let not = |why: &'static str| Err(Excluded::new(address(host), why));
    if let Some(why) = unusable(host) {
        return not(why);
    }
    let param = |name: &str| host.metadata.get(name).filter(|text| !text.is_empty());
    let Some(protocol) = param("protocol") else {
        return not("its metadata names no protocol: no provider of Dubbo registered it");
    };
    if host.port == 0 {
        return not("it has no port");
    }
    let mut params = host.metadata.clone();
    let path = params.remove("path").filter(|path| !path.is_empty());
    let protocol = protocol.clone();
    params.remove("protocol");
    params.entry("interface".into()).or_insert_with(|| interface.into());
    weigh(&mut params, host.weight);
    Ok(provider_url::from_url(&Url {
        protocol,
        host: host.ip.clone(),
        port: host.port,
        path: path.unwrap_or_else(|| interface.into()),
        params,
        ..Url::default()
    }))
}

/// Multiplies the weight of a provider by that which Nacos has for it, 1 unless somebody changed it.
///
/// dubbo-go registers with its own weight as that of Nacos (dubbo-go `createRegisterParam`), which is
/// then no factor; what somebody made of it since is.
pub(crate) fn weigh(params: &mut Params, nacos: f64) {
    let number = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    let own = params.get("weight").and_then(|text| number(text));
    let go = params.get("release").is_some_and(|release| release.starts_with("dubbo-golang"));
    let written = own.filter(|own| go && *own > 0.0).map_or(1.0, |own| own.min(10_000.0));
    let factor = nacos / written;
    if !factor.is_finite() || (factor - 1.0).abs() < 1e-9 {
        return;
    }
    let weight = (own.unwrap_or(DEFAULT_WEIGHT) * factor.max(0.0)).round().min(f64::from(i32::MAX));
    params.insert("weight".into(), weight.to_string().into());
}

/// `host:port`.
pub(crate) fn address(host: &Host) -> String {
    let Host { ip, port, .. } = host;
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe_core::ServiceKey;
    use dubhe_core::endpoint::{Instance as Process, Offer, ServiceParams};

    use super::*;

    fn given() -> Registration {
        let params = [("methods", "greet,say"), ("timestamp", "7")];
        Registration {
            service: ServiceKey::new("demo.Greet", "g1", "1.2.3"),
            instance: Arc::new(Process {
                host: "10.0.0.7".into(),
                application: "shop".into(),
                ..Process::default()
            }),
            offer: Offer { protocol: "dubbo".into(), port: 20880 },
            params: Arc::new(ServiceParams::new(&params.map(|(k, v)| (k.into(), v.into())).into())),
        }
    }

    fn host(instance: Instance) -> Host {
        let Instance { ip, port, weight, healthy, enabled, metadata, .. } = instance;
        Host { ip, port, weight, healthy, enabled, metadata: (*metadata).clone() }
    }

    #[test]
    fn a_registration_survives_a_round_trip() {
        let instance = provider(&given(), 99);
        for (name, value) in [
            ("category", "providers"),
            ("protocol", "dubbo"),
            ("path", "demo.Greet"),
            ("side", "provider"),
            ("timestamp", "7"),
            ("methods", "greet,say"),
            ("application", "shop"),
            ("group", "g1"),
        ] {
            assert_eq!(instance.metadata.get(name).map(|v| &**v), Some(value), "{name}");
        }
        let back = registration(&host(instance), "demo.Greet").unwrap();
        assert_eq!((&back.service, &back.offer), (&given().service, &given().offer));
        assert_eq!(back.instance.application, "shop");
        assert_eq!(back.params.get("methods"), Some("greet,say"));
    }

    #[test]
    fn an_instance_that_is_not_used_has_a_reason() {
        let good = || host(provider(&given(), 99));
        let mut without = good();
        without.metadata.remove("protocol");
        for (host, why) in [
            (Host { enabled: false, ..good() }, "disabled"),
            (Host { healthy: false, ..good() }, "health"),
            (Host { port: 0, ..good() }, "no port"),
            (without, "no protocol"),
        ] {
            let excluded = registration(&host, "demo.Greet").unwrap_err();
            assert!(excluded.instance.starts_with("10.0.0.7:"), "{excluded:?}");
            assert!(excluded.why.contains(why), "{excluded:?}");
        }
    }

    #[test]
    fn weights_are_those_of_nacos_times_those_of_dubbo() {
        for (release, own, nacos, expected) in [
            ("3.3.6", None, 1.0, None),
            ("3.3.6", None, 2.5, Some("250")),
            ("3.3.6", Some("200"), 1.0, Some("200")),
            ("3.3.6", Some("200"), 0.5, Some("100")),
            ("3.3.6", Some("200"), 0.0, Some("0")),
            ("3.3.6", Some("200"), f64::NAN, Some("200")),
            ("3.3.6", None, -3.0, Some("0")),
            ("dubbo-golang-3.3.2", Some("200"), 200.0, Some("200")),
            ("dubbo-golang-3.3.2", Some("200"), 50.0, Some("50")),
            ("dubbo-golang-3.3.2", None, 1.0, None),
        ] {
            let mut params = Params::from([("release".into(), release.into())]);
            params.extend(own.map(|own: &str| ("weight".into(), own.into())));
            weigh(&mut params, nacos);
            let weight = params.get("weight").map(|weight| &**weight);
            assert_eq!(weight, expected, "{release} {own:?} {nacos}");
        }
    }
}
