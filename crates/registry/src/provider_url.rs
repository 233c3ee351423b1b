//! A registration as the provider URL that Dubbo's registries hold, and back.

use std::sync::Arc;

use dubhe_core::endpoint::{Instance, Offer, Params, ServiceParams};
use dubhe_core::registry::Registration;
use dubhe_core::url::Url;

/// The URL `protocol://host:port/interface?…` of a registration.
pub fn to_url(registration: &Registration) -> Url {
    let Registration { service, instance, offer, params } = registration;
    let mut all = params.params.clone();
    all.extend(instance.params.iter().map(|(k, v)| (k.clone(), v.clone())));
    let own = [
        ("interface", service.interface()),
        ("group", service.group()),
        ("version", service.version()),
        ("application", &instance.application),
    ];
    all.extend(own.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.into(), v.clone())));
    Url {
        protocol: offer.protocol.clone(),
        host: instance.host.clone(),
        port: offer.port,
        path: service.interface().clone(),
        params: all,
        ..Url::default()
    }
}

/// The registration that a provider URL describes.
///
/// A provider of dubbo-go to which no weight was given says `weight=0` (dubbo-go `server/action.go`),
/// which to every other would be "no calls": there it is left out.
pub fn from_url(url: &Url) -> Registration {
    let application = url.param("application").unwrap_or_default().into();
    let instance = Instance { host: url.host.clone(), application, params: Params::new() };
    let mut params = url.params.clone();
    let go = url.param("release").is_some_and(|release| release.starts_with("dubbo-golang"));
    if go && url.param("weight") == Some("0") {
        params.remove("weight");
    }
    Registration {
        service: url.service(),
        instance: Arc::new(instance),
        offer: Offer { protocol: url.protocol.clone(), port: url.port },
        params: Arc::new(ServiceParams { params }),
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::{Endpoint, ServiceKey};

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
    fn no_weight_of_dubbo_go_is_the_default_and_others_mean_what_they_say() {
        let weight = |release: &str, weight: &str| {
            let text = format!("tri://h:1/a.B?release={release}&side=provider&weight={weight}");
            let registration = from_url(&Url::parse(&text, "").unwrap());
            Endpoint::new(registration.instance, registration.offer, registration.params)
                .weight(std::time::Instant::now())
        };
        assert_eq!(weight("dubbo-golang-3.3.2", "0"), 100);
        assert_eq!(weight("dubbo-golang-3.3.2", "7"), 7);
        assert_eq!(weight("3.3.6", "0"), 0);
    }
}
