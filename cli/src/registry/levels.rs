//! The providers of services at Dubbo's two levels: each service on its own (interface), or instances of
//! applications whose metadata tell of their services (application).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dubhe::documents::DocumentKey;
use dubhe::registry::{Health, Registration, Snapshot, Snapshots};
use dubhe::{ByteString, ServiceKey};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::Asked;
use super::collect::{AT_ONCE, first, first_of};
use super::rows::address;
use crate::failure::{Failure, remark};

/// The time in which instances of further applications and revisions join the first ones.
const GATHER: Duration = Duration::from_millis(500);

/// A service, and what is known of its providers at each level.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) key: ServiceKey,
    /// The interface level, if the service is listed there.
    pub(super) interface: Option<Snapshot>,
    /// The application level, if the service is listed there; stale while it is not known.
    pub(super) application: Option<Snapshot>,
}

impl Service {
    fn new(key: ServiceKey) -> Self {
        Self { key, interface: None, application: None }
    }

    /// Returns the levels at which it has providers; without any, those at which it is listed.
    pub(super) fn level(&self) -> &'static str {
        let has =
            |level: &Option<Snapshot>| level.as_ref().is_some_and(|of| !of.providers.is_empty());
        let (interface, application) = match (has(&self.interface), has(&self.application)) {
            (false, false) => (self.interface.is_some(), self.application.is_some()),
            has => has,
        };
        match (interface, application) {
            (true, false) => INTERFACE,
            (false, true) => APPLICATION,
            _ => BOTH,
        }
    }

    /// Returns the providers of both levels.
    pub(super) fn providers(&self) -> impl Iterator<Item = &Registration> {
        [&self.interface, &self.application].into_iter().flatten().flat_map(|of| &of.providers)
    }

    /// Returns the number of its providers, one that is at both levels counted once; `None` while it is
    /// not known.
    pub(super) fn count(&self) -> Option<usize> {
        let all: BTreeSet<_> =
            self.providers().map(|one| (&*one.offer.protocol, address(one))).collect();
        let stale = self.application.as_ref().is_some_and(|of| of.health == Health::Stale);
        (!all.is_empty() || !stale).then_some(all.len())
    }
}

pub(super) const INTERFACE: &str = "interface";
pub(super) const APPLICATION: &str = "application";
pub(super) const BOTH: &str = "both";

/// The services of a registry at both levels, the first `most`, and the number of the others.
pub(super) async fn all(of: Asked<'_>, most: usize) -> Result<(Vec<Service>, usize), Failure> {
    let listed = match &of.parts.services {
        Some(services) => of.answer("which services there are", services.services()).await?,
        None if of.parts.application_level.is_some() => Vec::new(),
        None => return Err(of.lacks("services")),
    };
    let listed: BTreeSet<_> = listed.into_iter().collect();
    let mapped = mapped(of).await?;
    let known: BTreeSet<_> = listed.iter().map(|one| one.interface().clone()).collect();
    let unknown = mapped.iter().filter(|interface| !known.contains(*interface));
    let keys = listed.iter().cloned().chain(unknown.cloned().map(ServiceKey::interface_only));
    let keys: BTreeSet<_> = keys.collect();
    let (keys, left_out) = first_of(keys.into_iter().collect(), most);
    let interfaces: BTreeSet<_> = keys.iter().map(|one| one.interface().clone()).collect();

    let mut services = BTreeMap::new();
    let listed = stream::iter(keys.into_iter().filter(|key| listed.contains(key)));
    let listed = listed.map(|key| async {
        let interface = at_interface(of, &key).await?;
        Ok::<_, Failure>((key.clone(), Service { interface, ..Service::new(key) }))
    });
    services.extend(listed.buffered(AT_ONCE).try_collect::<Vec<_>>().await?);
    let mapped = mapped.into_iter().filter(|interface| interfaces.contains(interface));
    // A mapping has no groups and versions; the metadata have them.
    let mapped = mapped.map(|interface| ServiceKey::new(interface, "*", "*")).collect();
    for (key, snapshot) in at_application(of, mapped).await? {
        add(&mut services, key.interface(), snapshot);
    }
    Ok((services.into_values().collect(), left_out))
}

/// The providers of one service at both levels.
pub(super) async fn one(of: Asked<'_>, key: ServiceKey) -> Result<Service, Failure> {
    of.registry()?;
    let interface = at_interface(of, &key).await?;
    let any = ServiceKey::new(key.interface().clone(), "*", "*");
    let application = at_application(of, vec![any]).await?.pop().map(|(_, snapshot)| {
        let Snapshot { providers, health, excluded, .. } = snapshot;
        let mut selected = Snapshot { health, ..Snapshot::select(&key, providers) };
        selected.excluded.extend(excluded);
        selected
    });
    Ok(Service { key, interface, application })
}

/// The interfaces that applications provide.
async fn mapped(of: Asked<'_>) -> Result<BTreeSet<ByteString>, Failure> {
    let (Some(_), Some(documents)) = (&of.parts.application_level, &of.parts.documents) else {
        return Ok(BTreeSet::new());
    };
    let all = of.answer("which documents there are", documents.list()).await?;
    let interface = |key| match key {
        DocumentKey::Mapping { interface } => Some(interface),
        _ => None,
    };
    Ok(all.into_iter().filter_map(interface).collect())
}

async fn at_interface(of: Asked<'_>, key: &ServiceKey) -> Result<Option<Snapshot>, Failure> {
    let Some(services) = &of.parts.services else { return Ok(None) };
    let first = async { first(services.subscribe(key).await?, |one| one.health).await };
    of.answer(&format!("which providers {key} has"), first).await.map(Some)
}

/// The providers of `keys` at the application level, where there is one. What is not known in time is
/// stale, with a warning.
async fn at_application(
    of: Asked<'_>,
    keys: Vec<ServiceKey>,
) -> Result<Vec<(ServiceKey, Snapshot)>, Failure> {
    let Some(registry) = &of.parts.application_level else { return Ok(Vec::new()) };
    let unknown = || Snapshot { health: Health::Stale, ..Snapshot::default() };
    let all = stream::iter(keys).map(|key| async move {
        let mut snapshots = registry.subscribe(&key).await.map_err(super::failed)?;
        let first = tokio::time::timeout(of.limit, first(&mut snapshots, |one| one.health)).await;
        let (snapshot, failure) = match first {
            Ok(Ok(snapshot)) => (snapshot, None),
            Ok(Err(status)) => (unknown(), Some(status.message().to_owned())),
            Err(_) => {
                let limit = humantime::format_duration(of.limit);
                let failure = registry.failure(&key);
                let why = failure.map(|status| format!(": {}", status.message()));
                let why = why.unwrap_or_default();
                (unknown(), Some(format!("no answer within {limit}{why}")))
            }
        };
        Ok::<_, Failure>((key, snapshot, failure, snapshots))
    });
    // All are held until the last has come, as they share the instances of an application.
    let all: Vec<(ServiceKey, Snapshot, Option<String>, Snapshots)> =
        all.buffered(AT_ONCE).try_collect().await?;
    let failures = all.iter().filter_map(|(key, _, failure, _)| Some((key, failure.as_ref()?)));
    let failures: Vec<_> = failures.collect();
    if let Some((key, why)) = failures.first() {
        let others = match failures.len() {
            1 => String::new(),
            count => format!(" and of {} others", count - 1),
        };
        let name = key.interface();
        remark(&format!("warning: the application level of {name}{others} is not known: {why}"));
    }
    if !all.is_empty() {
        tokio::time::sleep(GATHER).await;
    }
    let last = |(key, mut last, _, mut snapshots): (_, Snapshot, _, Snapshots)| {
        while let Some(Some(snapshot)) = snapshots.next().now_or_never() {
            if snapshot.health != Health::Stale {
                last = snapshot;
            }
        }
        (key, last)
    };
    Ok(all.into_iter().map(last).collect())
}

/// Adds the providers of an interface at the application level, whatever their groups and versions.
fn add(services: &mut BTreeMap<ServiceKey, Service>, interface: &ByteString, snapshot: Snapshot) {
    let Snapshot { providers, health, excluded, .. } = snapshot;
    for one in providers {
        let key = one.service.clone();
        let service = services.entry(key.clone()).or_insert_with(|| Service::new(key));
        service.application.get_or_insert_default().providers.push(one);
    }
    let mut same: Vec<_> =
        services.values_mut().filter(|service| service.key.interface() == interface).collect();
    if same.is_empty() {
        let key = ServiceKey::interface_only(interface.clone());
        let application = Some(Snapshot { health, excluded, ..Snapshot::default() });
        services.insert(key.clone(), Service { application, ..Service::new(key) });
        return;
    }
    if health == Health::Stale {
        for service in &mut same {
            service.application.get_or_insert_default().health = health;
        }
    }
    if let Some(first) = same.first_mut().filter(|_| !excluded.is_empty()) {
        first.application.get_or_insert_default().excluded = excluded;
    }
}
