//! The rows of lists.

use std::collections::BTreeSet;

use dubhe::ServiceKey;
use dubhe::config::RuleKind;
use dubhe::documents::DocumentKey;
use dubhe::registry::application::{InstanceSnapshot, ServiceInstance};
use dubhe::registry::{Excluded, Instance, Registration, Snapshot};
use serde::Serialize;

use super::levels::{APPLICATION, BOTH, INTERFACE, Service};

/// An application.
#[derive(Debug, Serialize)]
pub(super) struct ApplicationRow {
    application: String,
    instances: usize,
    /// The number of those that take calls.
    available: usize,
    protocols: Vec<String>,
    revisions: Vec<String>,
}

/// A service, at whichever levels.
#[derive(Debug, Serialize)]
pub(super) struct ServiceRow {
    service: String,
    level: &'static str,
    /// The number of its providers, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    providers: Option<usize>,
    protocols: Vec<String>,
    applications: Vec<String>,
}

/// An instance of an application.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct InstanceRow {
    application: String,
    address: String,
    protocols: Vec<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    /// The reason why it is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A provider of a service.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct ProviderRow {
    service: String,
    /// The levels at which it is, where both were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    address: String,
    application: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A document.
#[derive(Debug, Serialize)]
pub(super) struct DocumentRow {
    kind: &'static str,
    key: String,
    bytes: usize,
    /// The first line that says something.
    begins: String,
}

impl ApplicationRow {
    /// The row of an application with these instances.
    pub(super) fn new(application: String, snapshot: &InstanceSnapshot) -> Self {
        let instances = &snapshot.instances;
        let available = instances.iter().filter(|one| one.instance.is_available()).count();
        Self {
            application,
            available,
            protocols: sorted(instances.iter().flat_map(protocol_names)),
            revisions: sorted(instances.iter().filter_map(|one| one.revision().map(str::to_owned))),
            instances: instances.len(),
        }
    }

    pub(super) const HEADS: [&str; 5] =
        ["APPLICATION", "INSTANCES", "AVAILABLE", "PROTOCOLS", "REVISIONS"];

    pub(super) fn cells(&self) -> Vec<String> {
        let Self { application, instances, available, protocols, revisions } = self;
        let revisions = revisions.iter().map(|revision| short(revision));
        vec![
            application.clone(),
            instances.to_string(),
            available.to_string(),
            protocols.join(","),
            revisions.collect::<Vec<_>>().join(","),
        ]
    }
}

impl ServiceRow {
    /// The row of a service.
    pub(super) fn new(service: &Service) -> Self {
        let providers = || service.providers();
        Self {
            service: service.key.to_string(),
            level: service.level(),
            providers: service.count(),
            protocols: sorted(providers().map(|one| one.offer.protocol.to_string())),
            applications: sorted(providers().map(|one| one.instance.application.to_string())),
        }
    }

    pub(super) const HEADS: [&str; 5] =
        ["SERVICE", "LEVEL", "PROVIDERS", "PROTOCOLS", "APPLICATIONS"];

    pub(super) fn cells(&self) -> Vec<String> {
        let Self { service, level, providers, protocols, applications } = self;
        let [protocols, applications] = [protocols, applications].map(|names| names.join(","));
        let providers = providers.map_or_else(|| "?".to_owned(), |count| count.to_string());
        vec![service.clone(), (*level).to_owned(), providers, protocols, applications]
    }
}

impl InstanceRow {
    /// The rows of the instances of an application, those that are not used behind the others.
    pub(super) fn all(application: &str, snapshot: &InstanceSnapshot) -> Vec<Self> {
        let used = snapshot.instances.iter().map(|one| Self {
            application: application.to_owned(),
            address: one.address(),
            protocols: protocols(one).collect(),
            state: state(&one.instance),
            started: started(&one.instance),
            zone: one.instance.zone.as_ref().map(ToString::to_string),
            revision: one.revision().map(str::to_owned),
            why: None,
        });
        let excluded = snapshot.excluded.iter().map(|Excluded { instance, why, .. }| Self {
            application: application.to_owned(),
            address: instance.to_string(),
            protocols: Vec::new(),
            state: NOT_USED,
            started: None,
            zone: None,
            revision: None,
            why: Some(why.to_string()),
        });
        used.chain(excluded).collect()
    }

    /// Returns its name among those of its application, and all else that there is to say.
    pub(super) fn told(&self) -> (String, String) {
        let Self { application: _, address, protocols, state, started, zone, revision, why } = self;
        let revision = revision.as_deref().map(|text| format!("revision {}", short(text)));
        let rest = [zone, &revision, &since(started.as_deref()), &Some(said(state)), why];
        (address.clone(), joined(protocols.iter().chain(rest.into_iter().flatten())))
    }

    pub(super) const HEADS: [&str; 8] =
        ["APPLICATION", "ADDRESS", "PROTOCOLS", "STATE", "STARTED", "ZONE", "REVISION", "WHY"];

    pub(super) fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.application.clone(),
            self.address.clone(),
            self.protocols.join(","),
            self.state.to_owned(),
            text(&self.started),
            text(&self.zone),
            self.revision.as_deref().map(short).unwrap_or_default(),
            text(&self.why),
        ]
    }
}

impl ProviderRow {
    /// The rows of the providers of a service, those that are not used behind the others.
    pub(super) fn all(service: &ServiceKey, snapshot: &Snapshot) -> Vec<Self> {
        let used = snapshot.providers.iter().map(|one| Self {
            service: one.service.to_string(),
            level: None,
            protocol: Some(one.offer.protocol.to_string()),
            address: address(one),
            application: one.instance.application.to_string(),
            state: state(&one.instance),
            weight: one.params.get("weight").map(str::to_owned),
            started: started(&one.instance),
            why: None,
        });
        let excluded = snapshot.excluded.iter().map(|Excluded { instance, why, .. }| Self {
            service: service.to_string(),
            level: None,
            protocol: None,
            address: instance.to_string(),
            application: String::new(),
            state: NOT_USED,
            weight: None,
            started: None,
            why: Some(why.to_string()),
        });
        used.chain(excluded).collect()
    }

    /// The rows of the providers of a service, each with its level; one that is at both is one row.
    pub(super) fn by_level(service: &Service) -> Vec<Self> {
        let rows = |level: &Option<Snapshot>| {
            level.as_ref().map(|of| Self::all(&service.key, of)).unwrap_or_default()
        };
        let mut application = rows(&service.application);
        let mut all = Vec::new();
        for row in rows(&service.interface) {
            match application.iter().position(|other| row.is_same(other)) {
                None => all.push(Self { level: Some(INTERFACE), ..row }),
                Some(at) => {
                    // What consumers take by default.
                    let other = application.remove(at);
                    all.push(Self {
                        level: Some(BOTH),
                        weight: other.weight.or(row.weight),
                        started: other.started.or(row.started),
                        ..other
                    });
                }
            }
        }
        all.extend(application.into_iter().map(|row| Self { level: Some(APPLICATION), ..row }));
        all
    }

    /// Returns `true` if both levels say the same of a provider, as far as they say it.
    fn is_same(&self, other: &Self) -> bool {
        let (one, two) = (&self.weight, &other.weight);
        self.address == other.address
            && self.protocol == other.protocol
            && self.service == other.service
            && (self.state, &self.why) == (other.state, &other.why)
            && (one.is_none() || two.is_none() || one == two)
    }

    /// Returns its name among those of its service, and all else that there is to say.
    pub(super) fn told(&self) -> (String, String) {
        let Self {
            service: _,
            level: _,
            protocol,
            address,
            application,
            state,
            weight,
            started,
            why,
        } = self;
        let name = match protocol {
            Some(protocol) => format!("{protocol}://{address}"),
            None => address.clone(),
        };
        let weight = weight.as_ref().map(|weight| format!("weight {weight}"));
        let rest = [&weight, &since(started.as_deref()), &Some(said(state)), why];
        (name, joined(std::iter::once(application).chain(rest.into_iter().flatten())))
    }

    pub(super) const HEADS: [&str; 9] = [
        "SERVICE",
        "LEVEL",
        "PROTOCOL",
        "ADDRESS",
        "APPLICATION",
        "STATE",
        "WEIGHT",
        "STARTED",
        "WHY",
    ];

    pub(super) fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.service.clone(),
            self.level.unwrap_or_default().to_owned(),
            text(&self.protocol),
            self.address.clone(),
            self.application.clone(),
            self.state.to_owned(),
            text(&self.weight),
            text(&self.started),
            text(&self.why),
        ]
    }
}

impl DocumentRow {
    /// The row of a document.
    pub(super) fn new(key: &DocumentKey, name: String, text: &str) -> Self {
        Self { kind: kind(key), key: name, bytes: text.len(), begins: begins(text) }
    }

    pub(super) const HEADS: [&str; 4] = ["KIND", "KEY", "BYTES", "BEGINS"];

    pub(super) fn cells(&self) -> Vec<String> {
        let Self { kind, key, bytes, begins } = self;
        vec![(*kind).to_owned(), key.clone(), bytes.to_string(), begins.clone()]
    }
}

/// The state of what a registry knows and does not give.
const NOT_USED: &str = "not used";

/// The state, unless it is as it should be.
fn said(state: &str) -> String {
    if state == "ready" { String::new() } else { state.to_owned() }
}

fn since(started: Option<&str>) -> Option<String> {
    started.map(|at| format!("since {at}"))
}

/// The parts that are not empty, separated by commas.
fn joined<'a>(parts: impl Iterator<Item = &'a String>) -> String {
    let parts: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// A digest as it is told apart by people.
fn short(revision: &str) -> String {
    revision.chars().take(12).collect()
}

/// The beginning of the first line that says something.
fn begins(text: &str) -> String {
    const MOST: usize = 40;
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !matches!(*line, "" | "---") && !line.starts_with('#'));
    let mut characters = line.unwrap_or_default().chars();
    let mut begins: String = characters.by_ref().take(MOST).collect();
    if characters.next().is_some() {
        begins.push('…');
    }
    begins
}

fn kind(key: &DocumentKey) -> &'static str {
    match key {
        DocumentKey::Config { .. } => RuleKind::of(key).map_or("other", |(kind, _)| kind.as_str()),
        DocumentKey::Mapping { .. } => "mapping",
        DocumentKey::Metadata { .. } => "metadata",
        DocumentKey::Definition { .. } => "definition",
        DocumentKey::Urls { category, .. } => category.as_str(),
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    names.filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn protocols(instance: &ServiceInstance) -> impl Iterator<Item = String> + use<> {
    let endpoints = instance.endpoints();
    let only = endpoints.is_empty().then(|| "http".to_owned());
    endpoints.into_iter().map(|of| format!("{}:{}", of.protocol, of.port)).chain(only)
}

/// The same without the ports.
fn protocol_names(instance: &ServiceInstance) -> impl Iterator<Item = String> + use<> {
    protocols(instance).map(|of| of.split(':').next().unwrap_or_default().to_owned())
}

fn state(instance: &Instance) -> &'static str {
    match (instance.terminating, instance.ready) {
        (true, _) => "terminating",
        (false, true) => "ready",
        (false, false) => "not ready",
    }
}

fn started(instance: &Instance) -> Option<String> {
    instance.started.map(|at| humantime::format_rfc3339_seconds(at).to_string())
}

pub(super) fn address(one: &Registration) -> String {
    let (host, port) = (&one.instance.host, one.offer.port);
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
