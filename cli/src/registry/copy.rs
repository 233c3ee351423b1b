//! `dubhe registry copy`.

use std::collections::HashMap;
use std::io::Write;

use dubhe::registry::{Health, Registration};
use dubhe::{Code, ServiceKey};
use dubhe_core::printable::Printable;
use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;

use super::{Asked, failed, keys};
use crate::failure::{Failure, remark};

/// Copies all documents, and with `follow` keeps the providers of all services registered.
pub(super) async fn run(
    from: Asked<'_>,
    to: Asked<'_>,
    dry_run: bool,
    follow: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if let (Ok(source), Ok(target)) = (from.documents(), to.documents()) {
        let all = from.answer("which documents there are", source.list()).await?;
        let (mut written, mut equal, mut passed_over) = (0_usize, 0_usize, 0_usize);
        for key in &all {
            let name = keys::print(key);
            let question = format!("what is at {name}");
            let Some(document) = from.answer(&question, source.get(key)).await? else { continue };
            let there = async {
                match target.get(key).await {
                    // A place for documents of another kind.
                    Err(status) if status.code() == Code::Unimplemented => Ok(Err(status)),
                    read => read.map(Ok),
                }
            };
            match to.answer(&question, there).await? {
                Ok(Some(other)) if other.text == document.text => {
                    equal += 1;
                    continue;
                }
                Ok(_) => {}
                Err(status) => {
                    remark(&format!("warning: {name} is not copied: {}", status.message()));
                    passed_over += 1;
                    continue;
                }
            }
            if !dry_run {
                let question = format!("the writing of {name}");
                to.answer(&question, target.put(key, document.text.clone())).await?;
            }
            written += 1;
            let done = if dry_run { "would write" } else { "wrote" };
            writeln!(out, "{done} {}", Printable(name))?;
        }
        let done = if dry_run { "to write" } else { "written" };
        write!(out, "{written} {done}, {equal} equal already")?;
        let more =
            if passed_over > 0 { format!(", {passed_over} passed over") } else { String::new() };
        writeln!(out, "{more}")?;
    } else if !follow {
        let what =
            "error: one of the registries has no documents to copy; --follow copies providers";
        return Err(Failure::Failed(what.into()));
    }
    if follow {
        out.flush()?;
        mirror(from, to, out).await?;
    }
    Ok(())
}

/// Keeps the providers of all services that are there now registered in the other registry.
async fn mirror(from: Asked<'_>, to: Asked<'_>, out: &mut impl Write) -> Result<(), Failure> {
    let lacks = |asked: &Asked<'_>| asked.lacks("services at the interface level to follow");
    let Some(source) = &from.parts.services else { return Err(lacks(&from)) };
    let Some(target) = &to.parts.services else { return Err(lacks(&to)) };
    let services = from.answer("which services there are", source.services()).await?;
    let mut all = SelectAll::new();
    for service in &services {
        let snapshots = source.subscribe(service).await.map_err(failed)?;
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
            target.register(one.clone()).await.map_err(failed)?;
        }
        for one in before.iter().filter(|one| !snapshot.providers.contains(one)) {
            target.unregister(one).await.map_err(failed)?;
        }
        writeln!(out, "{}: {} providers", Printable(service), snapshot.providers.len())?;
        out.flush()?;
        registered.insert(service, snapshot.providers);
    }
    for one in registered.values().flatten() {
        target.unregister(one).await.map_err(failed)?;
    }
    Ok(())
}
