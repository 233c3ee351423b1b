//! Faults of registries and of the way to them, as consumers see them: the calls that fail, the time
//! until everybody finds everybody again, and the descriptors that stay behind.
//!
//! A line is of a case, a registry and one of Dubbo's two models. The registries run beside one
//! another, since most of the time is waited for.

mod cases;
mod cluster;
mod files;
mod fleet;
mod names;
mod nobody;
mod paths;
mod skew;
mod stops;
mod system;
mod writes;

use std::sync::mpsc;
use std::thread;

use super::{Chaos, judge};
use crate::Result;
use crate::peers::Peer;
use crate::process::check;
use crate::registries::Kind;
use crate::tally::Tally;
use cases::{CASES, Case, Tell};
use system::System;

/// The result of a case in one model.
struct Verdict {
    name: String,
    what: String,
    kept: bool,
}

/// A case of a registry that is no server to start.
type Light = fn(&Chaos, &mut Tell<'_>) -> Result<()>;

/// The registries that are no servers to start, with their cases.
const LIGHT: &[(&str, &[(&str, Light)])] = &[("file", files::CASES), ("dns", names::CASES)];

/// Runs every case on every registry, or the one that the plan names, as `faults` or `faults/etcd`.
pub(super) fn run(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    let part = chaos.plan.part.as_deref();
    let (only, on_kind) = match part.and_then(|part| part.split_once('/')) {
        Some((case, kind)) => (Some(case), Some(kind)),
        None => (part, None),
    };
    let is = |kind: &str| on_kind.is_none_or(|name| name == kind);
    let runs = |case: &str| only.is_none_or(|only| only == case);
    let names = CASES.iter().map(|case| case.name);
    if !names.clone().chain(LIGHT.iter().flat_map(|of| of.1).map(|case| case.0)).any(runs) {
        let names: Vec<&str> = names.collect();
        return Err(format!("registry has the cases {}", names.join(", ")).into());
    }
    let light: Vec<_> =
        LIGHT.iter().filter(|of| is(of.0) && of.1.iter().any(|c| runs(c.0))).collect();
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        if !is(&kind.to_string()) || !CASES.iter().any(|case| runs(case.name)) {
            continue;
        }
        match kind.peer().missing() {
            Some(how) => tally.skip(&format!("chaos/registry/{kind}"), how),
            None => kinds.push(kind),
        }
    }
    if let (Some(name), true) =
        (on_kind, kinds.is_empty() && light.is_empty() && tally.skipped == 0)
    {
        return Err(format!("no registry is called {name:?}, or it has no such case").into());
    }
    for kind in &kinds {
        check(&mut chaos.peers.command(kind.peer(), &["prepare"]))?;
    }
    let (sender, verdicts) = mpsc::channel();
    thread::scope(|scope| {
        for kind in kinds {
            let sender = sender.clone();
            scope.spawn(move || on(chaos, kind, only, &sender));
        }
        for (kind, cases) in light {
            let sender = sender.clone();
            scope.spawn(move || {
                for (case, run) in cases.iter().filter(|case| runs(case.0)) {
                    one(case, kind, &sender, |tell| run(chaos, tell));
                }
            });
        }
        drop(sender);
        for Verdict { name, what, kept } in verdicts {
            judge(tally, &name, &what, kept);
        }
    });
    Ok(())
}

/// Runs the cases of Kubernetes, one after another, or the one that the plan names.
pub(super) fn kubernetes(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    let part = chaos.plan.part.as_deref();
    let chosen: Vec<_> =
        cluster::CASES.iter().filter(|case| part.is_none_or(|part| part == case.0)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = cluster::CASES.iter().map(|case| case.0).collect();
        return Err(format!("kubernetes has the cases {}", names.join(", ")).into());
    }
    check(&mut chaos.peers.command(Peer::Kubernetes, &["prepare"]))?;
    let (sender, verdicts) = mpsc::channel();
    for (case, run) in chosen {
        one(case, "kubernetes", &sender, |tell| run(chaos, tell));
        for Verdict { name, what, kept } in verdicts.try_iter() {
            judge(tally, &name, &what, kept);
        }
    }
    Ok(())
}

/// A case of a registry, whose lines go to `verdicts`.
fn one(
    case: &str,
    kind: &str,
    verdicts: &mpsc::Sender<Verdict>,
    run: impl FnOnce(&mut Tell<'_>) -> Result<()>,
) {
    let name = format!("registry/{case}/{kind}");
    // The receiver outlives all senders.
    let mut tell = |part: &str, what: String, kept: bool| {
        let name = format!("{name}/{part}");
        let _ = verdicts.send(Verdict { name, what, kept });
    };
    if let Err(error) = run(&mut tell) {
        tell("run", error.to_string(), false);
    }
}

/// The cases of one registry, one after another.
fn on(chaos: &Chaos, kind: Kind, only: Option<&str>, verdicts: &mpsc::Sender<Verdict>) {
    let chosen = |case: &&Case| match only {
        Some(only) => case.name == only,
        None => chaos.plan.full || kind == Kind::ZooKeeper || case.everywhere,
    };
    for case in CASES.iter().filter(chosen) {
        one(case.name, &kind.to_string(), verdicts, |tell| {
            let mut system = System::start(chaos, kind, case.name)?;
            (case.run)(chaos, &mut system, tell)
        });
    }
}
