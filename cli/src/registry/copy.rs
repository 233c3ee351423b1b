//! `dubhe registry copy`.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use dubhe::ServiceKey;
use dubhe::registry::{Health, Registration, Registry, RegistryParts};
use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;

use super::{failed, keys, within};
use crate::failure::Failure;

/// Copies all documents, and with `follow` keeps the providers of all services registered.
pub(super) async fn run(
    from: &RegistryParts,
    to: &RegistryParts,
    dry_run: bool,
    follow: bool,
    limit: Duration,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if let (Some(from), Some(to)) = (&from.documents, &to.documents) {
        let all = within(limit, "which documents there are", from.list()).await?;
        let (mut written, mut equal) = (0_usize, 0_usize);
        for key in &all {
            let name = keys::print(key);
            let read = |store| within(limit, "what is there", store);
            let Some(document) = read(from.get(key)).await? else { continue };
            if read(to.get(key)).await?.is_some_and(|other| other.text == document.text) {
                equal += 1;
                continue;
            }
            if !dry_run {
                let question = format!("the writing of {name}");
                within(limit, &question, to.put(key, document.text.clone())).await?;
            }
            written += 1;
            writeln!(out, "{} {name}", if dry_run { "would write" } else { "wrote" })?;
        }
        writeln!(out, "{written} written, {equal} equal already")?;
    } else if !follow {
        let what =
            "error: one of the registries has no documents to copy; --follow copies providers";
        return Err(Failure::Failed(what.into()));
    }
    if follow {
        let (Some(from), Some(to)) = (&from.services, &to.services) else {
            let what =
                "error: one of the registries has no services at the interface level to follow";
            return Err(Failure::Failed(what.into()));
        };
        out.flush()?;
        mirror(&**from, &**to, limit, out).await?;
    }
    Ok(())
}

/// Keeps the providers of all services that are there now registered in the other registry.
async fn mirror(
    from: &dyn Registry,
    to: &dyn Registry,
    limit: Duration,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let services = within(limit, "which services there are", from.services()).await?;
    let mut all = SelectAll::new();
    for service in &services {
        let snapshots = from.subscribe(service).await.map_err(failed)?;
        all.push(snapshots.map(move |snapshot| (service, snapshot)).boxed());
    }
    writeln!(out, "following {} services; ends with ctrl-c", services.len())?;
    out.flush()?;
    let mut registered: HashMap<&ServiceKey, Vec<Registration>> = HashMap::new();
    loop {
        let next = tokio::select! {
            next = all.next() => next,
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some((service, snapshot)) = next else { break };
        // What was known before an outage stays.
        if snapshot.health == Health::Stale {
            continue;
        }
        let before = registered.remove(service).unwrap_or_default();
        for one in snapshot.providers.iter().filter(|one| !before.contains(one)) {
            to.register(one.clone()).await.map_err(failed)?;
        }
        for one in before.iter().filter(|one| !snapshot.providers.contains(one)) {
            to.unregister(one).await.map_err(failed)?;
        }
        writeln!(out, "{service}: {} providers", snapshot.providers.len())?;
        out.flush()?;
        registered.insert(service, snapshot.providers);
    }
    for one in registered.values().flatten() {
        to.unregister(one).await.map_err(failed)?;
    }
    Ok(())
}
