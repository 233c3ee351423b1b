//! The instances of an application, out of what is known of the clusters.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Offer, Params};
use dubhe_core::registry::{Excluded, Health, MAX_EXCLUDED};
use dubhe_core::url::timestamp;
use dubhe_registry::application::{InstanceSnapshot, ServiceInstance};
use serde_json::json;

use crate::maps::metadata_name;
use crate::objects::{AddressType, Endpoint, Port, Slice};
use crate::state::ClusterState;

/// The names of ports by which one is chosen, the preferred first, and Dubbo's name of the protocol
/// that they promise.
const PORT_NAMES: [(&str, Option<&str>); 8] = [
    ("dubbo", Some("dubbo")),
    ("tri", Some("tri")),
    ("triple", Some("tri")),
    ("grpc", Some("tri")),
    ("h2c", Some("tri")),
    ("http2", Some("tri")),
    ("http", None),
    ("web", None),
];

/// The options that concern instances.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub(crate) port: Option<String>,
    pub(crate) multicluster: bool,
}

/// A cluster, its name, and the region of its pods that do not say theirs.
pub(crate) struct View<'a> {
    pub(crate) name: Option<&'a ByteString>,
    pub(crate) region: Option<&'a ByteString>,
    pub(crate) state: &'a ClusterState,
}

/// Lists the instances of an application in all clusters; of an address that several name, the first
/// cluster's.
pub(crate) fn snapshot(
    application: &ByteString,
    clusters: &[View<'_>],
    choice: &Choice,
) -> InstanceSnapshot {
    let mut collect = Collect { application, choice, found: BTreeMap::new(), excluded: Vec::new() };
    for view in clusters {
        collect.cluster(view);
    }
    let fresh = clusters.iter().all(|view| view.state.health() == Health::Fresh);
    InstanceSnapshot {
        instances: collect.found.into_values().map(|found| found.instance).collect(),
        health: if fresh { Health::Fresh } else { Health::Stale },
        excluded: collect.excluded,
    }
}

/// A port of a pod of a cluster.
type PodPort<'a> = (Option<&'a str>, &'a str, u16);

struct Found {
    instance: ServiceInstance,
    /// `true` if it came from another cluster by import: what is near is preferred.
    imported: bool,
}

struct Collect<'a> {
    application: &'a ByteString,
    choice: &'a Choice,
    /// Instances by address, which is the order of the snapshot.
    found: BTreeMap<(ByteString, u16), Found>,
    excluded: Vec<Excluded>,
}

impl Collect<'_> {
    fn exclude(&mut self, instance: impl Into<ByteString>, why: impl Into<ByteString>) {
        if self.excluded.len() < MAX_EXCLUDED {
            self.excluded.push(Excluded::new(instance, why));
        }
    }

    fn cluster(&mut self, view: &View<'_>) {
        let mut slices = Vec::new();
        for (name, slice) in &view.state.slices.objects {
            match slice {
                Ok(slice) if slice.service.as_ref() == Some(self.application) => {
                    if self.choice.multicluster || !slice.imported {
                        slices.push((name, slice));
                    }
                }
                Ok(_) => {}
                // Slices are named after their Service, so this is a good guess.
                Err(why) if name.starts_with(&**self.application) => {
                    let why = format!("the EndpointSlice cannot be read: {why}");
                    self.exclude(name.as_str(), why);
                }
                Err(_) => {}
            }
        }
        // A pod of two families has an address in a slice of each: it is one instance.
        slices.sort_by_key(|(name, slice)| (slice.imported, slice.address_type, *name));
        let mut pods = HashSet::new();
        for (name, slice) in &slices {
            self.slice(view, name, slice, &mut pods);
        }
        // mcs-api does not promise slices: then the address of the set stands for all.
        if self.choice.multicluster && !slices.iter().any(|(_, slice)| slice.imported) {
            self.import(view);
        }
    }

    fn slice<'s>(
        &mut self,
        view: &View<'_>,
        name: &str,
        slice: &'s Slice,
        pods: &mut HashSet<PodPort<'s>>,
    ) {
        if slice.address_type == AddressType::Fqdn {
            return self.exclude(name, "an EndpointSlice of host names (FQDN) is not supported");
        }
        let port = match self.port(&slice.ports) {
            Ok(port) => port,
            Err(why) if slice.endpoints.is_empty() => {
                tracing::debug!(slice = name, %why, "an empty EndpointSlice without a port");
                return;
            }
            Err(why) => return self.exclude(name, why),
        };
        for endpoint in &slice.endpoints {
            let Some(host) = endpoint.addresses.first().filter(|host| !host.is_empty()) else {
                self.exclude(name, "an endpoint has no address");
                continue;
            };
            if let Some(pod) = endpoint.pod()
                && !pods.insert((slice.source_cluster.as_deref(), pod, port))
                && slice.address_type == AddressType::IPv6
            {
                continue;
            }
            let params = match self.params(view, slice, endpoint) {
                Ok(params) => params,
                Err(why) => {
                    self.exclude(format!("{host}:{port}"), why);
                    continue;
                }
            };
            self.add(view, slice, endpoint, host.clone(), port, params);
        }
    }

    /// The parameters that a pod says of itself; those of the ports of its Service when it says none.
    fn params(
        &self,
        view: &View<'_>,
        slice: &Slice,
        endpoint: &Endpoint,
    ) -> Result<Params, String> {
        // Pods of other clusters are not followed, and may have the name of one of ours.
        let name = endpoint.pod().filter(|_| !slice.imported);
        let pod = name.and_then(|name| view.state.pods.get(name));
        let annotation = pod.and_then(|pod| pod.params.as_ref());
        if let Some(params) = annotation {
            let params = params.as_ref();
            return params
                .cloned()
                .map_err(|why| format!("the annotation io.dubbo/metadata: {why}"));
        }
        let map = metadata_name(self.application);
        let params = name.and_then(|name| view.state.metadata.get(&map)?.params(name, pod));
        match params {
            Some(Ok(params)) => Ok(params.clone()),
            Some(Err(why)) => Err(format!("its metadata in the ConfigMap {map}: {why}")),
            None => Ok(derived(&slice.ports)),
        }
    }

    fn add(
        &mut self,
        view: &View<'_>,
        slice: &Slice,
        endpoint: &Endpoint,
        host: ByteString,
        port: u16,
        params: Params,
    ) {
        let pod = endpoint.pod().filter(|_| !slice.imported);
        let pod = pod.and_then(|name| view.state.pods.get(name));
        let zone = endpoint.zone().or_else(|| pod?.zone.as_ref());
        // What is imported may be anywhere.
        let default = view.region.filter(|_| !slice.imported);
        let region = pod.and_then(|pod| pod.region.as_ref()).or(default);
        // A template does not say when a process began, and a container may begin later than its pod.
        let said = params.get("timestamp").and_then(|text| timestamp(text));
        let started = said.or_else(|| pod?.created);
        let conditions = endpoint.conditions;
        let instance = Instance {
            host: host.clone(),
            application: self.application.clone(),
            zone: zone.cloned(),
            region: region.cloned(),
            cluster: slice.source_cluster.as_ref().or(view.name).cloned(),
            node: endpoint.node.clone(),
            ready: conditions.ready(),
            serving: conditions.serving(),
            // The deletion of a pod is known before its slice says so.
            terminating: conditions.terminating() || pod.is_some_and(|pod| pod.terminating),
            started,
            params: params.into(),
            ..Instance::default()
        };
        let instance = ServiceInstance { instance: Arc::new(instance), port };
        let found = Found { instance, imported: slice.imported };
        // While endpoints move from one slice to another they are in both.
        let better =
            |now: &Found| !found.imported && (now.imported || found.instance.instance.ready);
        match self.found.get(&(host.clone(), port)) {
            Some(now) if !better(now) => {}
            _ => {
                self.found.insert((host, port), found);
            }
        }
    }

    /// The addresses of an imported Service as a whole.
    fn import(&mut self, view: &View<'_>) {
        let import = match view.state.imports.objects.get(&**self.application) {
            Some(Ok(import)) => import,
            Some(Err(why)) => {
                let why = format!("the ServiceImport cannot be read: {why}");
                return self.exclude(self.application.clone(), why);
            }
            None => return,
        };
        let port = match self.port(&import.ports) {
            Ok(port) => port,
            Err(why) => return self.exclude(self.application.clone(), why),
        };
        for host in import.ips.iter().filter(|host| !host.is_empty()) {
            let instance = Instance {
                host: host.clone(),
                application: self.application.clone(),
                params: derived(&import.ports).into(),
                ..Instance::default()
            };
            let instance = ServiceInstance { instance: Arc::new(instance), port };
            let found = Found { instance, imported: true };
            self.found.entry((host.clone(), port)).or_insert(found);
        }
    }

    /// The number of the port to use.
    fn port(&self, ports: &[Port]) -> Result<u16, String> {
        let usable: Vec<(&str, u16)> = ports
            .iter()
            .filter(|port| port.is_tcp())
            .filter_map(|of| Some((of.name.as_deref().unwrap_or_default(), of.number?)))
            .filter(|(_, port)| *port != 0)
            .collect();
        let names = || usable.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        if let Some(named) = &self.choice.port {
            let port = usable.iter().find(|(name, _)| name == named);
            return port.map(|(_, port)| *port).ok_or_else(|| {
                format!(
                    "the Service has no TCP port named {named:?} (parameter port); it has: {}",
                    names()
                )
            });
        }
        let by_name = PORT_NAMES.iter().find_map(|(known, _)| {
            usable.iter().find(|(name, _)| stem(name) == *known).map(|(_, port)| *port)
        });
        match (by_name, &*usable) {
            (Some(port), _) => Ok(port),
            (None, [(_, port)]) => Ok(*port),
            (None, []) => Err("the Service has no TCP port".into()),
            (None, _) => Err(format!(
                "the Service has several ports, of which none is named after a protocol ({}); \
                 name one dubbo, tri or grpc, or choose by the parameter port",
                names()
            )),
        }
    }
}

/// The name of a port without the suffix that makes it unique, such as `grpc-admin`.
fn stem(name: &str) -> &str {
    name.split('-').next().unwrap_or_default()
}

/// The protocols that the names of ports tell of, in Dubbo's words.
fn derived(ports: &[Port]) -> Params {
    let protocol = |port: &Port| {
        let known = |name: &str| PORT_NAMES.iter().find(|(known, _)| *known == name);
        let application = port.app_protocol.as_deref().unwrap_or_default();
        // Such as `kubernetes.io/h2c` and `grpc`.
        let application = application.rsplit('/').next().unwrap_or_default();
        let name = stem(port.name.as_deref().unwrap_or_default());
        known(application).or_else(|| known(name)).and_then(|(_, protocol)| *protocol)
    };
    let offers = ports.iter().filter(|port| port.is_tcp()).filter_map(|port| {
        Some(Offer {
            protocol: protocol(port)?.into(),
            port: port.number.filter(|port| *port != 0)?,
        })
    });
    let json: Vec<_> =
        offers.map(|of| json!({"port": of.port, "protocol": &*of.protocol})).collect();
    if json.is_empty() {
        return Params::new();
    }
    let text = serde_json::Value::Array(json).to_string();
    [("dubbo.endpoints".into(), text.into())].into()
}
