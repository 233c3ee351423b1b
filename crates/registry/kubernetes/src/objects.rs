//! The parts of Kubernetes' objects that this crate reads.
//!
//! An object is read alone, so that one that cannot be read harms no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::Params;
use dubhe_core::time::SystemTime;
use k8s_openapi::jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::access::Access;

/// The annotation in which Dubbo Java publishes the metadata of a pod
/// (`KubernetesServiceDiscovery`): a JSON object of texts.
pub(crate) const JAVA_METADATA: &str = "io.dubbo/metadata";
/// The label of an EndpointSlice that names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// The label of an imported EndpointSlice that names its Service (mcs-api).
const IMPORTED_SERVICE_NAME: &str = "multicluster.kubernetes.io/service-name";
/// The label of an imported EndpointSlice that names its cluster (mcs-api).
const SOURCE_CLUSTER: &str = "multicluster.kubernetes.io/source-cluster";
/// The labels that say which template a pod was made from: of a Deployment, and of a StatefulSet or
/// DaemonSet.
const TEMPLATE_LABELS: [&str; 2] = ["pod-template-hash", "controller-revision-hash"];
const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";

/// An object that is followed.
pub(crate) trait Object: Sized + PartialEq + Send + 'static {
    /// Listing all of them.
    const LIST: Access;
    /// Watching all of them.
    const WATCH: Access;
    /// `true` if labels and annotations are enough, which is far less to send.
    const METADATA_ONLY: bool;

    /// Reads an object.
    fn read(meta: Meta, object: Value) -> Result<Self, String>;
}

/// The metadata of an object.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Meta {
    pub(crate) name: String,
    #[serde(default, rename = "resourceVersion")]
    pub(crate) resource_version: String,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(default, rename = "creationTimestamp")]
    creation_timestamp: Option<String>,
    #[serde(default, rename = "deletionTimestamp")]
    deletion_timestamp: Option<String>,
}

impl Meta {
    /// Takes the metadata out of an object.
    pub(crate) fn of(object: &mut Value) -> Result<Self, String> {
        let meta = object.get_mut("metadata").map(Value::take).unwrap_or_default();
        serde_json::from_value(meta).map_err(|error| format!("its metadata: {error}"))
    }

    fn label(&self, name: &str) -> Option<ByteString> {
        self.labels.get(name).filter(|text| !text.is_empty()).map(|text| text.as_str().into())
    }

    /// The time of creation; `None` for what is no time of RFC 3339.
    fn created(&self) -> Option<SystemTime> {
        let time: Timestamp = self.creation_timestamp.as_deref()?.parse().ok()?;
        Some(time.into())
    }
}

/// Go writes an empty list or map as null.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A Service, of which the name is enough.
#[derive(Debug, PartialEq)]
pub(crate) struct Service;

impl Object for Service {
    const LIST: Access = Access::ListServices;
    const WATCH: Access = Access::WatchServices;
    const METADATA_ONLY: bool = true;

    fn read(_: Meta, _: Value) -> Result<Self, String> {
        Ok(Self)
    }
}

/// A pod.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Pod {
    /// The parameters in [`JAVA_METADATA`]; an error when that is no JSON object.
    pub(crate) params: Option<Result<Params, String>>,
    /// The hash of the template that it was made from.
    pub(crate) template: Option<ByteString>,
    pub(crate) zone: Option<ByteString>,
    pub(crate) region: Option<ByteString>,
    /// The creation, before which no process in it began.
    pub(crate) created: Option<SystemTime>,
    /// `true` if its deletion has begun.
    pub(crate) terminating: bool,
}

impl Object for Pod {
    const LIST: Access = Access::ListPods;
    const WATCH: Access = Access::WatchPods;
    const METADATA_ONLY: bool = true;

    fn read(meta: Meta, _: Value) -> Result<Self, String> {
        Ok(Self {
            params: meta.annotations.get(JAVA_METADATA).map(|text| params(text)),
            template: TEMPLATE_LABELS.iter().find_map(|name| meta.label(name)),
            zone: meta.label(ZONE),
            region: meta.label(REGION),
            created: meta.created(),
            terminating: meta.deletion_timestamp.is_some(),
        })
    }
}

/// Reads a JSON object of texts; numbers and booleans are taken as their text.
pub(crate) fn params(text: &str) -> Result<Params, String> {
    let json: BTreeMap<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("no JSON object of texts: {error}"))?;
    let params = json.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name.into(), text.into())),
        Value::Number(_) | Value::Bool(_) => Some((name.into(), value.to_string().into())),
        _ => None,
    });
    Ok(params.collect())
}

/// The family of the addresses of an EndpointSlice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum AddressType {
    IPv4,
    IPv6,
    #[serde(rename = "FQDN")]
    Fqdn,
}

/// An EndpointSlice: some of the addresses behind a Service.
#[derive(Debug, PartialEq)]
pub(crate) struct Slice {
    /// The Service that it is of.
    pub(crate) service: Option<ByteString>,
    /// `true` if it came from another cluster of the set.
    pub(crate) imported: bool,
    pub(crate) source_cluster: Option<ByteString>,
    pub(crate) address_type: AddressType,
    pub(crate) ports: Vec<Port>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A port of a slice or of an imported Service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Port {
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The number; `None` when it differs between the endpoints, which is of no use.
    #[serde(default, rename = "port")]
    pub(crate) number: Option<u16>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default, rename = "appProtocol")]
    pub(crate) app_protocol: Option<String>,
}

impl Port {
    /// Returns `true` if it is one of TCP, as is one that does not say it.
    pub(crate) fn is_tcp(&self) -> bool {
        self.protocol.as_deref().is_none_or(|protocol| protocol == "TCP")
    }
}

/// An endpoint of a slice.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Endpoint {
    /// The addresses, of which clients take the first (EndpointSlice v1).
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) addresses: Vec<ByteString>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) conditions: Conditions,
    #[serde(default, rename = "nodeName")]
    pub(crate) node: Option<ByteString>,
    #[serde(default)]
    zone: Option<ByteString>,
    #[serde(default, deserialize_with = "nullable")]
    hints: Hints,
    #[serde(default, rename = "targetRef")]
    target: Option<Target>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Hints {
    #[serde(default, rename = "forZones", deserialize_with = "nullable")]
    zones: Vec<Named>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Named {
    name: ByteString,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Target {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
}

/// The conditions of an endpoint as the API server has them: what is not known is null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Conditions {
    #[serde(default)]
    ready: Option<bool>,
    #[serde(default)]
    serving: Option<bool>,
    #[serde(default)]
    terminating: Option<bool>,
}

impl Conditions {
    /// Unknown is ready.
    pub(crate) fn ready(self) -> bool {
        self.ready.unwrap_or(true)
    }

    /// Unknown is as ready.
    pub(crate) fn serving(self) -> bool {
        self.serving.unwrap_or_else(|| self.ready())
    }

    /// Unknown is not terminating.
    pub(crate) fn terminating(self) -> bool {
        self.terminating.unwrap_or(false)
    }
}

impl Endpoint {
    /// The pod that it is, if it is one.
    pub(crate) fn pod(&self) -> Option<&str> {
        let target = self.target.as_ref().filter(|target| target.kind == "Pod")?;
        Some(&target.name)
    }

    /// The zone, else the first of those that are to prefer it.
    pub(crate) fn zone(&self) -> Option<&ByteString> {
        self.zone.as_ref().or_else(|| Some(&self.hints.zones.first()?.name))
    }
}

#[derive(Deserialize)]
struct SliceBody {
    #[serde(rename = "addressType")]
    address_type: AddressType,
    #[serde(default, deserialize_with = "nullable")]
    ports: Vec<Port>,
    #[serde(default, deserialize_with = "nullable")]
    endpoints: Vec<Endpoint>,
}

impl Object for Slice {
    const LIST: Access = Access::ListSlices;
    const WATCH: Access = Access::WatchSlices;
    const METADATA_ONLY: bool = false;

    fn read(meta: Meta, object: Value) -> Result<Self, String> {
        let body: SliceBody = serde_json::from_value(object).map_err(|error| error.to_string())?;
        let imported = meta.label(IMPORTED_SERVICE_NAME);
        Ok(Self {
            imported: imported.is_some(),
            service: imported.or_else(|| meta.label(SERVICE_NAME)),
            source_cluster: meta.label(SOURCE_CLUSTER),
            address_type: body.address_type,
            ports: body.ports,
            endpoints: body.endpoints,
        })
    }
}

/// A Service that other clusters of the set export.
#[derive(Debug, PartialEq)]
pub(crate) struct ServiceImport {
    /// The addresses of the whole set; none for one without, such as a headless Service.
    pub(crate) ips: Vec<ByteString>,
    pub(crate) ports: Vec<Port>,
}

#[derive(Default, Deserialize)]
struct ImportSpec {
    #[serde(default, deserialize_with = "nullable")]
    ips: Vec<ByteString>,
    #[serde(default, deserialize_with = "nullable")]
    ports: Vec<Port>,
}

impl Object for ServiceImport {
    const LIST: Access = Access::ListImports;
    const WATCH: Access = Access::WatchImports;
    const METADATA_ONLY: bool = false;

    fn read(_: Meta, mut object: Value) -> Result<Self, String> {
        let spec = object.get_mut("spec").map(Value::take).unwrap_or_default();
        let spec: Option<ImportSpec> =
            serde_json::from_value(spec).map_err(|error| error.to_string())?;
        let ImportSpec { ips, ports } = spec.unwrap_or_default();
        Ok(Self { ips, ports })
    }
}

/// A ConfigMap as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ConfigMap {
    pub(crate) data: BTreeMap<String, ByteString>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) resource_version: String,
}

impl Object for ConfigMap {
    const LIST: Access = Access::ListMaps;
    const WATCH: Access = Access::WatchMaps;
    const METADATA_ONLY: bool = false;

    fn read(meta: Meta, mut object: Value) -> Result<Self, String> {
        let data = object.get_mut("data").map(Value::take).unwrap_or_default();
        let data: Option<BTreeMap<String, ByteString>> =
            serde_json::from_value(data).map_err(|error| format!("its data: {error}"))?;
        Ok(Self {
            data: data.unwrap_or_default(),
            annotations: meta.annotations,
            resource_version: meta.resource_version,
        })
    }
}

/// The prefix of the keys for pods of a template, in the ConfigMap of an application.
pub(crate) const OF_TEMPLATE: &str = "template.";
/// The prefix of the keys for single pods.
pub(crate) const OF_POD: &str = "pod.";
/// The prefix of the keys for revisions.
pub(crate) const OF_REVISION: &str = "revision.";

/// The ConfigMap of an application: what its pods say of themselves.
#[derive(Debug, PartialEq)]
pub(crate) struct ApplicationMetadata {
    /// The parameters by `template.{hash}` and `pod.{name}`; an error when they are no JSON object.
    entries: BTreeMap<String, Arc<Result<Params, String>>>,
}

impl ApplicationMetadata {
    /// The parameters of a pod: its own, else those of its template.
    pub(crate) fn params(&self, name: &str, pod: Option<&Pod>) -> Option<&Result<Params, String>> {
        let own = self.entries.get(&format!("{OF_POD}{name}"));
        let template = || {
            let hash = pod?.template.as_ref()?;
            self.entries.get(&format!("{OF_TEMPLATE}{hash}"))
        };
        own.or_else(template).map(|entry| &**entry)
    }
}

impl Object for ApplicationMetadata {
    const LIST: Access = Access::ListMaps;
    const WATCH: Access = Access::WatchMaps;
    const METADATA_ONLY: bool = false;

    fn read(meta: Meta, object: Value) -> Result<Self, String> {
        let map = ConfigMap::read(meta, object)?;
        let ours = |key: &String| key.starts_with(OF_TEMPLATE) || key.starts_with(OF_POD);
        let entries = map.data.into_iter().filter(|(key, _)| ours(key));
        Ok(Self { entries: entries.map(|(key, text)| (key, Arc::new(params(&text)))).collect() })
    }
}
