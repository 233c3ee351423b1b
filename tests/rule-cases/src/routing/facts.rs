//! Consumers and providers of cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::registry::DiscoveryLevel;
use dubhe_core::{Endpoint, ServiceKey};
use dubhe_rules::Consumer;
use serde::Deserialize;

pub(crate) type Params = BTreeMap<String, String>;

/// A URL as Dubbo Java reads it.
#[derive(Debug, Deserialize)]
pub(crate) struct JavaUrl {
    protocol: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) params: Params,
}

impl JavaUrl {
    /// The consumer with this URL, whose parameter `router` is this one unless it is empty.
    pub(super) fn consumer(&self, router: &str) -> Consumer {
        let param = |name: &str| self.params.get(name).cloned();
        let service = ServiceKey::new(
            param("interface").unwrap_or_else(|| self.path.clone()),
            param("group").unwrap_or_default(),
            param("version").unwrap_or_default(),
        );
        let application = param("application").unwrap_or_default();
        let consumer = Consumer::new(service, application, self.host.clone());
        let all = self.params.iter().fold(consumer, |consumer, (name, value)| {
            consumer.with_param(name.clone(), value.clone())
        });
        if router.is_empty() { all } else { all.with_param("router", router) }
    }
}

/// A provider.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Provider {
    Instance { instance: ServiceInstance, service: ServiceInfo },
    Url(JavaUrl),
}

/// An instance of an application.
#[derive(Debug, Deserialize)]
pub(super) struct ServiceInstance {
    application: String,
    host: String,
    port: u16,
    metadata: Params,
}

/// The service of an instance.
#[derive(Debug, Deserialize)]
pub(super) struct ServiceInfo {
    protocol: String,
    params: Params,
}

impl Provider {
    pub(super) fn endpoint(&self) -> Endpoint {
        let (instance, protocol, port, params) = match self {
            Self::Instance { instance: one, service } => {
                let instance = Instance {
                    host: bare(&one.host),
                    application: one.application.clone().into(),
                    level: DiscoveryLevel::Application,
                    params: texts(&one.metadata).into(),
                    ..Instance::default()
                };
                (instance, &service.protocol, one.port, &service.params)
            }
            Self::Url(url) => {
                // Its parameters are those of the URL that routers get.
                let application = url.params.get("remote.application").cloned();
                let instance = Instance {
                    host: bare(&url.host),
                    application: application.unwrap_or_default().into(),
                    ..Instance::default()
                };
                (instance, &url.protocol, url.port, &url.params)
            }
        };
        let offer = Offer { protocol: protocol.as_str().into(), port };
        Endpoint::new(Arc::new(instance), offer, Arc::new(ServiceParams::new(&texts(params))))
    }
}

/// A host without the brackets of an IPv6 address.
fn bare(host: &str) -> ByteString {
    host.trim_start_matches('[').trim_end_matches(']').into()
}

pub(crate) fn texts(params: &Params) -> BTreeMap<ByteString, ByteString> {
    params.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect()
}
