//! The content of a registry, as rows.

use std::collections::BTreeSet;

use dubhe::config::RuleKind;
use dubhe::documents::DocumentKey;
use dubhe::registry::application::{InstanceSnapshot, ServiceInstance};
use dubhe::registry::{Excluded, Health, Instance, Registration, Snapshot};
use dubhe::{ServiceKey, Status};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::Asked;
use crate::failure::Failure;

/// The questions that are asked at once.
const AT_ONCE: usize = 32;

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

/// A service at the interface level.
#[derive(Debug, Serialize)]
pub(super) struct ServiceRow {
    service: String,
    providers: usize,
    protocols: Vec<String>,
    applications: Vec<String>,
}

/// An instance of an application.
#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
pub(super) struct ProviderRow {
    service: String,
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
    pub(super) const HEADS: [&str; 4] = ["SERVICE", "PROVIDERS", "PROTOCOLS", "APPLICATIONS"];

    pub(super) fn cells(&self) -> Vec<String> {
        let Self { service, providers, protocols, applications } = self;
        let [protocols, applications] = [protocols, applications].map(|names| names.join(","));
        vec![service.clone(), providers.to_string(), protocols, applications]
    }
}

impl InstanceRow {
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
    pub(super) const HEADS: [&str; 8] =
        ["SERVICE", "PROTOCOL", "ADDRESS", "APPLICATION", "STATE", "WEIGHT", "STARTED", "WHY"];

    pub(super) fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.service.clone(),
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
    pub(super) const HEADS: [&str; 4] = ["KIND", "KEY", "BYTES", "BEGINS"];

    pub(super) fn cells(&self) -> Vec<String> {
        let Self { kind, key, bytes, begins } = self;
        vec![(*kind).to_owned(), key.clone(), bytes.to_string(), begins.clone()]
    }
}

/// A digest as it is told apart by people.
fn short(revision: &str) -> String {
    revision.chars().take(12).collect()
}

/// Rows, and how many more there would have been.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub(super) rows: Vec<T>,
    pub(super) left_out: usize,
}

/// The first `most` of `all`, and the number of the others.
fn first_of<T>(mut all: Vec<T>, most: usize) -> (Vec<T>, usize) {
    let left_out = all.len().saturating_sub(most);
    all.truncate(most);
    (all, left_out)
}

/// The applications of a registry, at most `most`.
pub(super) async fn applications(
    of: Asked<'_>,
    most: usize,
) -> Result<Listed<ApplicationRow>, Failure> {
    let row = |(application, InstanceSnapshot { instances, .. }): (String, InstanceSnapshot)| {
        let available = instances.iter().filter(|one| one.instance.is_available()).count();
        ApplicationRow {
            application,
            available,
            protocols: sorted(instances.iter().flat_map(protocol_names)),
            revisions: sorted(instances.iter().filter_map(|one| one.revision().map(str::to_owned))),
            instances: instances.len(),
        }
    };
    let (found, left_out) = instances_of(of, None, most).await?;
    Ok(Listed { rows: found.into_iter().map(row).collect(), left_out })
}

/// The instances of `application`, or of all.
pub(super) async fn instances(
    of: Asked<'_>,
    application: Option<&str>,
) -> Result<Vec<InstanceRow>, Failure> {
    let mut rows = Vec::new();
    let (found, _) = instances_of(of, application, usize::MAX).await?;
    for (application, snapshot) in found {
        let row = |one: &ServiceInstance| InstanceRow {
            application: application.clone(),
            address: one.address(),
            protocols: protocols(one).collect(),
            state: state(&one.instance),
            started: started(&one.instance),
            zone: one.instance.zone.as_ref().map(ToString::to_string),
            revision: one.revision().map(str::to_owned),
            why: None,
        };
        rows.extend(snapshot.instances.iter().map(row));
        rows.extend(snapshot.excluded.into_iter().map(|Excluded { instance, why }| InstanceRow {
            application: application.clone(),
            address: instance.to_string(),
            protocols: Vec::new(),
            state: "not used",
            started: None,
            zone: None,
            revision: None,
            why: Some(why.to_string()),
        }));
    }
    Ok(rows)
}

async fn instances_of(
    of: Asked<'_>,
    application: Option<&str>,
    most: usize,
) -> Result<(Vec<(String, InstanceSnapshot)>, usize), Failure> {
    let Some(discovery) = of.parts.instances.as_deref() else {
        return Err(of.lacks("applications"));
    };
    let names = match application {
        Some(name) => vec![name.into()],
        None => of.answer("which applications there are", discovery.applications()).await?,
    };
    let (names, left_out) = first_of(names, most);
    let all = stream::iter(names).map(|name| async move {
        let first = async { first(discovery.subscribe(&name).await?, |one| one.health).await };
        let question = format!("which instances {name} has");
        Ok::<_, Failure>((name.to_string(), of.answer(&question, first).await?))
    });
    Ok((all.buffered(AT_ONCE).try_collect().await?, left_out))
}

/// The services of a registry, at most `most`.
pub(super) async fn services(of: Asked<'_>, most: usize) -> Result<Listed<ServiceRow>, Failure> {
    let row = |(service, Snapshot { providers, .. }): (ServiceKey, Snapshot)| ServiceRow {
        service: service.to_string(),
        protocols: sorted(providers.iter().map(|one| one.offer.protocol.to_string())),
        applications: sorted(providers.iter().map(|one| one.instance.application.to_string())),
        providers: providers.len(),
    };
    let (found, left_out) = providers_of(of, None, most).await?;
    Ok(Listed { rows: found.into_iter().map(row).collect(), left_out })
}

/// The providers of `service`, or of all.
pub(super) async fn providers(
    of: Asked<'_>,
    service: Option<&str>,
) -> Result<Vec<ProviderRow>, Failure> {
    let mut rows = Vec::new();
    let (found, _) = providers_of(of, service, usize::MAX).await?;
    for (service, snapshot) in found {
        let row = |one: &Registration| ProviderRow {
            service: one.service.to_string(),
            protocol: Some(one.offer.protocol.to_string()),
            address: address(one),
            application: one.instance.application.to_string(),
            state: state(&one.instance),
            weight: one.params.get("weight").map(str::to_owned),
            started: started(&one.instance),
            why: None,
        };
        rows.extend(snapshot.providers.iter().map(row));
        rows.extend(snapshot.excluded.into_iter().map(|Excluded { instance, why }| ProviderRow {
            service: service.to_string(),
            protocol: None,
            address: instance.to_string(),
            application: String::new(),
            state: "not used",
            weight: None,
            started: None,
            why: Some(why.to_string()),
        }));
    }
    Ok(rows)
}

/// The providers of `service`, whichever the level, or those of all at the interface level.
async fn providers_of(
    of: Asked<'_>,
    service: Option<&str>,
    most: usize,
) -> Result<(Vec<(ServiceKey, Snapshot)>, usize), Failure> {
    let (registry, keys) = match (service, of.parts.services.as_deref()) {
        (Some(service), _) => (&*of.parts.registry, vec![ServiceKey::parse(service)]),
        (None, Some(services)) => {
            (services, of.answer("which services there are", services.services()).await?)
        }
        (None, None) => return Err(of.lacks("services at the interface level")),
    };
    let (keys, left_out) = first_of(keys, most);
    let all = stream::iter(keys).map(|key| async move {
        let first = async { first(registry.subscribe(&key).await?, |one| one.health).await };
        let snapshot = of.answer(&format!("which providers {key} has"), first).await?;
        Ok::<_, Failure>((key, snapshot))
    });
    Ok((all.buffered(AT_ONCE).try_collect().await?, left_out))
}

/// The rules of a store, or with `rules` false its other documents, at most `most`.
pub(super) async fn documents(
    of: Asked<'_>,
    rules: bool,
    most: usize,
) -> Result<Listed<DocumentRow>, Failure> {
    let store = of.documents()?;
    let mut keys = of.answer("which documents there are", store.list()).await?;
    keys.retain(|key| matches!(key, DocumentKey::Config { .. }) == rules);
    let (keys, left_out) = first_of(keys, most);
    let all = stream::iter(keys).map(|key| async move {
        let name = super::keys::print(&key);
        let document = of.answer(&format!("what is at {name}"), store.get(&key)).await?;
        let text = document.map(|document| document.text).unwrap_or_default();
        Ok::<_, Failure>(DocumentRow {
            kind: kind(&key),
            key: name,
            bytes: text.len(),
            begins: begins(&text),
        })
    });
    Ok(Listed { rows: all.buffered(AT_ONCE).try_collect().await?, left_out })
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

/// The first answer that is current.
async fn first<T>(
    mut snapshots: impl Stream<Item = T> + Unpin,
    health: impl Fn(&T) -> Health,
) -> Result<T, Status> {
    loop {
        match snapshots.next().await {
            Some(snapshot) if health(&snapshot) == Health::Stale => {}
            Some(snapshot) => return Ok(snapshot),
            None => return Err(Status::unavailable("the registry was closed")),
        }
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
