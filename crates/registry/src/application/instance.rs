//! An instance of an application, and what Dubbo writes into its metadata.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Offer};
use serde_json::{Value, json};

use super::discovery::MetadataTarget;

/// The protocols and ports of an instance: a JSON list of `{"port":20880,"protocol":"dubbo"}`.
const ENDPOINTS: &str = "dubbo.endpoints";
/// The revision of its metadata; `0` while nothing is exported.
const REVISION: &str = "dubbo.metadata.revision";
/// The place of its metadata: `local` or `remote`.
const STORAGE_TYPE: &str = "dubbo.metadata.storage-type";
/// The protocol and port of its `MetadataService`, a JSON object.
const URL_PARAMS: &str = "dubbo.metadata-service.url-params";
/// The version of its `MetadataService`.
const METADATA_VERSION: &str = "meta-v";
/// The port of `MetadataService` where nothing else says it.
const METADATA_PORT: &str = "metadata-service-port";
/// The revision of an instance that exports nothing.
const NO_REVISION: &str = "0";

/// An instance of an application as registries of application level hold it: the process at one
/// port, and Dubbo's metadata of it in [`Instance::params`].
///
/// Sources: Dubbo Java `ServiceInstanceMetadataUtils`, `StandardMetadataServiceURLBuilder`,
/// `SpringCloudMetadataServiceURLBuilder`.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::endpoint::{Instance, Offer}; pub use dubhe_registry::application; } }
/// use std::sync::Arc;
/// use dubhe::registry::{Instance, Offer};
/// use dubhe::registry::application::{MetadataStorage, ServiceInstance};
///
/// let mut instance = Instance { host: "::1".into(), application: "shop".into(), ..Instance::default() };
/// let endpoints = [Offer { protocol: "tri".into(), port: 50051 }];
/// ServiceInstance::describe(&mut instance, &endpoints, "4330cb61", MetadataStorage::Local);
/// let instance = ServiceInstance { instance: Arc::new(instance), port: 50051 };
/// assert_eq!(instance.address(), "[::1]:50051");
/// assert_eq!(instance.revision(), Some("4330cb61"));
/// assert!(instance.metadata_service().v2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInstance {
    /// The instance; its application and host are set.
    pub instance: Arc<Instance>,
    /// The port by which the registry knows it, that of its most preferred protocol.
    pub port: u16,
}

/// A protocol of an instance and its port.
pub type EndpointPort = Offer;

/// The place of the metadata of an instance.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::application; } }
/// use dubhe::registry::application::{ApplicationOptions, MetadataStorage};
///
/// // Parameter `metadata-type` of a registry.
/// assert_eq!(ApplicationOptions::default().metadata_storage, MetadataStorage::Local);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataStorage {
    /// The instance answers itself, through its `MetadataService`.
    Local,
    /// The metadata centre has it.
    Remote,
}

impl ServiceInstance {
    /// The address `host:port`, with brackets around an IPv6 address: its identity within the
    /// application.
    pub fn address(&self) -> String {
        let Self { instance, port } = self;
        let host = &instance.host;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.instance.params.get(name)
    }

    /// Returns `true` if a parameter of an instance has become a typed fact of it, or says how its
    /// services are found, which is of no use once they are.
    pub(super) fn is_reserved(name: &str) -> bool {
        name.starts_with("dubbo.")
            || matches!(name, METADATA_VERSION | METADATA_PORT | "timestamp" | "zone")
    }

    /// The revision of its metadata; `None` for an instance that exports nothing, or is not of
    /// Dubbo.
    pub fn revision(&self) -> Option<&str> {
        self.param(REVISION).filter(|revision| !revision.is_empty() && *revision != NO_REVISION)
    }

    /// The protocols that it offers, by `dubbo.endpoints`. Entries that cannot be read are left out.
    pub fn endpoints(&self) -> Vec<EndpointPort> {
        let text = self.param(ENDPOINTS).unwrap_or_default();
        let Ok(Value::Array(all)) = serde_json::from_str(text) else { return Vec::new() };
        let endpoint = |entry: &Value| {
            let protocol = entry.get("protocol")?.as_str()?;
            let port = port(entry.get("port")?)?;
            Some(Offer { protocol: protocol.into(), port })
        };
        all.iter().filter_map(endpoint).collect()
    }

    /// The place of its metadata. Default local, as Java has it.
    pub fn storage(&self) -> MetadataStorage {
        match self.param(STORAGE_TYPE) {
            Some("remote") => MetadataStorage::Remote,
            _ => MetadataStorage::Local,
        }
    }

    /// The `MetadataService` of the instance: by its `url-params`, else at `metadata-service-port`
    /// or its own port over the dubbo protocol (Dubbo Java `StandardMetadataServiceURLBuilder`).
    pub fn metadata_service(&self) -> MetadataTarget {
        let params: Option<Value> =
            self.param(URL_PARAMS).and_then(|text| serde_json::from_str(text).ok());
        let named = |name: &str| params.as_ref()?.get(name);
        let protocol = named("protocol").and_then(Value::as_str).unwrap_or("dubbo");
        let port = named("port")
            .and_then(port)
            .or_else(|| self.param(METADATA_PORT)?.parse().ok())
            .unwrap_or(self.port);
        MetadataTarget {
            application: self.instance.application.clone(),
            host: self.instance.host.clone(),
            v2: protocol == "tri" && self.param(METADATA_VERSION) == Some("2.0.0"),
            offer: Offer { protocol: protocol.into(), port },
        }
    }

    /// Writes what Java writes about an instance of `endpoints` into its metadata: the endpoints, the
    /// revision, the place of the metadata and, when the instance has it itself, its `MetadataService`.
    pub fn describe(
        instance: &mut Instance,
        endpoints: &[EndpointPort],
        revision: &str,
        storage: MetadataStorage,
    ) {
        let json = endpoints.iter().map(|of| json!({"port": of.port, "protocol": &*of.protocol}));
        let json = Value::Array(json.collect()).to_string();
        let mut all = instance.params.to_params();
        let mut set = |name: &'static str, value: ByteString| {
            all.insert(ByteString::from_static(name), value);
        };
        set(ENDPOINTS, json.into());
        set(REVISION, revision.into());
        let triple = endpoints.iter().find(|of| &*of.protocol == "tri");
        let version = if triple.is_some() { "2.0.0" } else { "1.0.0" };
        set(METADATA_VERSION, version.into());
        match (storage, triple.or(endpoints.first())) {
            (MetadataStorage::Local, Some(of)) => {
                let params = json!({
                    "version": version,
                    "dubbo": "2.0.2",
                    "release": concat!("dubhe-", env!("CARGO_PKG_VERSION")),
                    "side": "provider",
                    "port": of.port.to_string(),
                    "protocol": &*of.protocol,
                    "prefer.serialization": "hessian2",
                });
                set(URL_PARAMS, params.to_string().into());
                set(STORAGE_TYPE, "local".into());
            }
            (storage, _) => {
                let name = match storage {
                    MetadataStorage::Local => "local",
                    MetadataStorage::Remote => "remote",
                };
                set(STORAGE_TYPE, name.into());
            }
        }
        instance.params = all.into();
    }
}

/// A port as a number or, as Java writes it in `url-params`, a text.
fn port(value: &Value) -> Option<u16> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|port| u16::try_from(port).ok()),
    }
    .filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(params: &[(&str, &str)]) -> ServiceInstance {
        let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let instance = Instance {
            host: "127.0.0.1".into(),
            application: "demo-provider".into(),
            params: params.collect(),
            ..Instance::default()
        };
        ServiceInstance { instance: Arc::new(instance), port: 20880 }
    }

    fn offer(protocol: &'static str, port: u16) -> Offer {
        Offer { protocol: protocol.into(), port }
    }

    #[test]
    fn an_instance_of_dubbo_java_is_read() {
        let java = instance(&[
            (ENDPOINTS, r#"[{"port":20880,"protocol":"dubbo"},{"port":50051,"protocol":"tri"}]"#),
            (
                URL_PARAMS,
                r#"{"prefer.serialization":"hessian2,fastjson2","version":"2.0.0","dubbo":"2.0.2","release":"3.3.6","side":"provider","port":"50051","protocol":"tri"}"#,
            ),
            (REVISION, "4330cb61b5e97e20c680f7d10847c3cf"),
            (STORAGE_TYPE, "local"),
            (METADATA_VERSION, "2.0.0"),
        ]);
        assert_eq!(java.endpoints(), [offer("dubbo", 20880), offer("tri", 50051)]);
        assert_eq!(java.revision(), Some("4330cb61b5e97e20c680f7d10847c3cf"));
        assert_eq!(java.storage(), MetadataStorage::Local);
        let expected = MetadataTarget {
            application: "demo-provider".into(),
            host: "127.0.0.1".into(),
            offer: offer("tri", 50051),
            v2: true,
        };
        assert_eq!(java.metadata_service(), expected);
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for text in ["", "{}", "[1,{}]", r#"[{"port":0,"protocol":"dubbo"}]"#, "[", "null"] {
            assert_eq!(instance(&[(ENDPOINTS, text)]).endpoints(), [], "{text}");
        }
        for params in [&[][..], &[(URL_PARAMS, "[")], &[(URL_PARAMS, r#"{"port":"x"}"#)]] {
            assert_eq!(instance(params).metadata_service().offer, offer("dubbo", 20880));
        }
        let other = instance(&[(METADATA_PORT, "20881")]);
        assert_eq!(other.metadata_service().offer, offer("dubbo", 20881));
        assert_eq!(instance(&[(REVISION, "0")]).revision(), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let endpoints = [offer("dubbo", 20880), offer("tri", 20880)];
        let mut described = (*instance(&[]).instance).clone();
        ServiceInstance::describe(&mut described, &endpoints, "abc", MetadataStorage::Local);
        let read = ServiceInstance { instance: Arc::new(described.clone()), port: 20880 };
        assert_eq!((read.endpoints(), read.revision()), (endpoints.to_vec(), Some("abc")));
        assert!(read.metadata_service().v2);
        ServiceInstance::describe(&mut described, &endpoints[..1], "0", MetadataStorage::Remote);
        let read = ServiceInstance { instance: Arc::new(described), port: 20880 };
        assert_eq!((read.storage(), read.revision()), (MetadataStorage::Remote, None));
    }
}
