//! The services that the endpoints of one directory are offered under.

use std::collections::HashSet;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::{Endpoint, ServiceKey};

/// The services of the endpoints of a set, each once. Those of the set before are the same ones, since
/// connections remember them by their address in memory.
#[derive(Default)]
pub(super) struct Keys(HashSet<Arc<ServiceKey>>);

impl Keys {
    /// The services of the set before.
    pub(super) fn of(before: &Endpoints) -> Self {
        Self(before.iter().filter_map(|endpoint| endpoint.service_key().cloned()).collect())
    }

    /// The endpoint, offered under `key`.
    pub(super) fn give(&mut self, endpoint: Endpoint, key: ServiceKey) -> Endpoint {
        let key = match self.0.get(&key) {
            Some(known) => known.clone(),
            None => {
                let key = Arc::new(key);
                self.0.insert(key.clone());
                key
            }
        };
        endpoint.with_service_key(key)
    }

    /// The endpoint of a client of `wanted`, offered under the group and the version that its
    /// parameters have; they go before those of the client (Dubbo Java
    /// `DefaultProviderURLMergeProcessor`). One that says nothing has, for a client of several, none.
    pub(super) fn give_own(&mut self, endpoint: Endpoint, wanted: &ServiceKey) -> Endpoint {
        if endpoint.service_key().is_some() {
            return endpoint;
        }
        let several = wanted.is_pattern();
        let own = |name: &str, of_client: &ByteString| {
            let own = endpoint.service().get(name).map(ByteString::from);
            own.unwrap_or_else(|| if several { ByteString::new() } else { of_client.clone() })
        };
        let (group, version) = (own("group", wanted.group()), own("version", wanted.version()));
        let key = ServiceKey::new(wanted.interface().clone(), group, version);
        if key == *wanted { endpoint } else { self.give(endpoint, key) }
    }
}
