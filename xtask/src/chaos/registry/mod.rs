//! Faults of registries and of the way to them, as consumers see them: the calls that fail, the time
//! until everybody finds everybody again, and the descriptors that stay behind.
//!
//! A line is of a case, a registry and one of Dubbo's two models. The registries run beside one
//! another, since most of the time is waited for.

mod cases;
mod fleet;
mod paths;
mod stops;
mod system;
mod writes;

use std::sync::mpsc;
use std::thread;

use super::{Chaos, judge};
use crate::Result;
use crate::process::check;
use crate::registries::Kind;
use crate::tally::Tally;
use cases::{CASES, Case};
use system::System;

/// The result of a case in one model.
struct Verdict {
    name: String,
    what: String,
    kept: bool,
}

/// Runs every case on every registry, or the one that the plan names, as `faults` or `faults/etcd`.
pub(super) fn run(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    let part = chaos.plan.part.as_deref();
    let (only, on_kind) = match part.and_then(|part| part.split_once('/')) {
        Some((case, kind)) => (Some(case), Some(kind)),
        None => (part, None),
    };
    if only.is_some_and(|only| CASES.iter().all(|case| case.name != only)) {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        return Err(format!("registry has the cases {}", names.join(", ")).into());
    }
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        if on_kind.is_some_and(|name| name != kind.to_string()) {
            continue;
        }
        match kind.peer().missing() {
            Some(how) => tally.skip(&format!("chaos/registry/{kind}"), how),
            None => kinds.push(kind),
        }
    }
    if let (Some(name), true) = (on_kind, kinds.is_empty() && tally.skipped == 0) {
        return Err(format!("no registry is called {name:?}").into());
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
        drop(sender);
        for Verdict { name, what, kept } in verdicts {
            judge(tally, &name, &what, kept);
        }
    });
    Ok(())
}

/// The cases of one registry, one after another.
fn on(chaos: &Chaos, kind: Kind, only: Option<&str>, verdicts: &mpsc::Sender<Verdict>) {
    let chosen = |case: &&Case| match only {
        Some(only) => case.name == only,
        None => chaos.plan.full || kind == Kind::ZooKeeper || case.everywhere,
    };
    for case in CASES.iter().filter(chosen) {
        let name = format!("registry/{}/{kind}", case.name);
        // The receiver outlives all senders.
        let mut tell = |part: &str, what: String, kept: bool| {
            let name = format!("{name}/{part}");
            let _ = verdicts.send(Verdict { name, what, kept });
        };
        let ended = System::start(chaos, kind, case.name)
            .and_then(|mut system| (case.run)(chaos, &mut system, &mut tell));
        if let Err(error) = ended {
            tell("run", error.to_string(), false);
        }
    }
}
