//! The content of a registry, as rows.

use dubhe::documents::DocumentKey;
use dubhe::registry::Health;
use dubhe::registry::application::InstanceSnapshot;
use dubhe::{ServiceKey, Status};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::rows::{ApplicationRow, DocumentRow, InstanceRow, ProviderRow, ServiceRow};
use super::{Asked, keys, levels};
use crate::failure::Failure;

/// The questions that are asked at once.
pub(super) const AT_ONCE: usize = 32;

/// Rows, and how many more there would have been.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub(super) rows: Vec<T>,
    pub(super) left_out: usize,
}

/// The first `most` of `all`, and the number of the others.
pub(super) fn first_of<T>(mut all: Vec<T>, most: usize) -> (Vec<T>, usize) {
    let left_out = all.len().saturating_sub(most);
    all.truncate(most);
    (all, left_out)
}

/// The applications of a registry, at most `most`.
pub(super) async fn applications(
    of: Asked<'_>,
    most: usize,
) -> Result<Listed<ApplicationRow>, Failure> {
    let (found, left_out) = instances_of(of, None, most).await?;
    let row = |(name, snapshot)| ApplicationRow::new(name, &snapshot);
    Ok(Listed { rows: found.into_iter().map(row).collect(), left_out })
}

/// The instances of `application`, or of all.
pub(super) async fn instances(
    of: Asked<'_>,
    application: Option<&str>,
) -> Result<Vec<InstanceRow>, Failure> {
    let (found, _) = instances_of(of, application, usize::MAX).await?;
    Ok(found.iter().flat_map(|(name, snapshot)| InstanceRow::all(name, snapshot)).collect())
}

async fn instances_of(
    of: Asked<'_>,
    application: Option<&str>,
    most: usize,
) -> Result<(Vec<(String, InstanceSnapshot)>, usize), Failure> {
    let discovery = of.instances()?;
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

/// The services of a registry at both levels, at most `most`.
pub(super) async fn services(of: Asked<'_>, most: usize) -> Result<Listed<ServiceRow>, Failure> {
    let (found, left_out) = levels::all(of, most).await?;
    Ok(Listed { rows: found.iter().map(ServiceRow::new).collect(), left_out })
}

/// The providers of `service`, or of all, at both levels.
pub(super) async fn providers(
    of: Asked<'_>,
    service: Option<&str>,
) -> Result<Vec<ProviderRow>, Failure> {
    let found = match service {
        Some(service) => vec![levels::one(of, ServiceKey::parse(service)).await?],
        None => levels::all(of, usize::MAX).await?.0,
    };
    Ok(found.iter().flat_map(ProviderRow::by_level).collect())
}

/// The rules of a store, or with `rules` false its other documents, at most `most`.
pub(super) async fn documents(
    of: Asked<'_>,
    rules: bool,
    most: usize,
) -> Result<Listed<DocumentRow>, Failure> {
    let store = of.documents()?;
    let all = of.answer("which documents there are", store.list()).await?;
    let wanted = all.into_iter().filter(|key| matches!(key, DocumentKey::Config { .. }) == rules);
    let mut wanted: Vec<_> = wanted.map(|key| (keys::print(&key), key)).collect();
    wanted.sort_unstable();
    let (wanted, left_out) = first_of(wanted, most);
    let all = stream::iter(wanted).map(|(name, key)| async move {
        let document = of.answer(&format!("what is at {name}"), store.get(&key)).await?;
        let text = document.map(|document| document.text).unwrap_or_default();
        Ok::<_, Failure>(DocumentRow::new(&key, name, &text))
    });
    Ok(Listed { rows: all.buffered(AT_ONCE).try_collect().await?, left_out })
}

/// The first answer that is current.
pub(super) async fn first<T>(
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
