//! Runs the Java and Go peers against us, in both directions: one line a case.

mod command;
mod judge;
mod listed;
mod registry;
mod report;
mod rules;
mod sides;
mod suite;
mod warm_up;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::known::KnownFailures;
use crate::peers::Peers;
use crate::process::check;
use crate::registries::Kind;
use crate::repo::{root, target};
use crate::tally::Tally;
use crate::{Result, crates, only_name};
pub(crate) use listed::names;
use registry::Registries;
use report::Report;
use suite::{SUITES, Suite};

/// The package of this project's side: a provider of the peers' services and a consumer of their
/// cases.
const PACKAGE: &str = "dubhe-interop";

/// The name of all suites in which a registry stands between both sides.
const REGISTRY: &str = "registry";

/// Runs what the arguments say: the cases of [`rules`], which may be those of another file, or the suites that
/// [`suites`] chooses.
pub(crate) fn command(args: &[String], tally: &mut Tally) -> Result<()> {
    match args {
        [name] if name == rules::NAME => rules::run(None, tally),
        [name, file] if name == rules::NAME => rules::run(Some(Path::new(file)), tally),
        _ => suites(only_name(args)?, tally),
    }
}

/// Runs every suite, those whose names begin so, those of one registry, or of all: [`REGISTRY`].
pub(crate) fn suites(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    let is_chosen = |suite: &Suite| match name {
        None => true,
        Some(REGISTRY) => suite.registry().is_some() || suite.listing().is_some(),
        Some(name) if Kind::named(name).is_some() => suite.registry() == Kind::named(name),
        Some(name) => suite.name.starts_with(name),
    };
    let chosen: Vec<_> = SUITES.iter().filter(|suite| is_chosen(suite)).collect();
    let warms_up = matches!(name, None | Some(REGISTRY | warm_up::NAME));
    if chosen.is_empty() && !warms_up {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        return Err(format!(
            "no suite has a name that begins so; there are {REGISTRY}, {} and {}",
            warm_up::NAME,
            names.join(", ")
        )
        .into());
    }

    let (mut ready, mut report) = (Vec::new(), Report::default());
    for suite in chosen {
        match suite.missing() {
            Some(how) => {
                tally.skip(suite.name, how);
                report.suite(suite, &Tally { skipped: 1, ..Tally::default() });
            }
            None => ready.push(suite),
        }
    }
    if ready.is_empty() && !warms_up {
        return Ok(());
    }

    let ours = build()?;
    let known = KnownFailures::read(&root().join("tests/peers/known-failing.txt"))?;
    if let Some(stray) = known.names().find(|name| !is_of_suite(name)) {
        return Err(format!("known-failing.txt: {stray:?} is no case of a suite").into());
    }
    let peers = Peers::new("interop")?;
    let mut registries = Registries::default();
    for suite in ready {
        let mut counts = Tally::default();
        if let Err(error) = suite.run(&peers, &ours, &known, &mut registries, &mut counts) {
            counts.fail(suite.name, &error.to_string());
        }
        report.suite(suite, &counts);
        tally.add(counts);
    }
    if warms_up {
        let mut counts = Tally::default();
        warm_up::run(&peers, &ours, &mut registries, &mut counts);
        report.other("zookeeper, warm-up", "go, java-2.7.23, java-3.3.6", &counts);
        tally.add(counts);
    }
    if name.is_none() {
        let mut counts = Tally::default();
        if let Err(error) = rules::run(None, &mut counts) {
            counts.fail(rules::NAME, &error.to_string());
        }
        report.other("rules, recorded", "java-3.3.6", &counts);
        tally.add(counts);
    }
    if name == Some(REGISTRY) {
        // A JVM at a time.
        drop(registries);
        of_crates(&mut report, tally);
    }
    if matches!(name, None | Some(REGISTRY)) {
        report.print();
    }
    Ok(())
}

/// The suites of crates that belong to the registries: `cargo xtask test` has each in a suite of its own.
fn of_crates(report: &mut Report, tally: &mut Tally) {
    type Suite = fn(&mut Tally) -> Result<()>;
    let suites: [(&str, &str, Suite); 2] = [
        ("nacos 2, both levels", "java-3.3.6", crates::nacos_2),
        (
            "kubernetes, recorded",
            "the API server 1.37 and the annotation of java-3.2.8",
            crates::recorded,
        ),
    ];
    for (what, with, run) in suites {
        let mut counts = Tally::default();
        if let Err(error) = run(&mut counts) {
            counts.fail(what, &error.to_string());
        }
        if counts == Tally::default() {
            counts.fail(what, "no test has run");
        }
        report.other(what, with, &counts);
        tally.add(counts);
    }
}

/// Returns `true` for the name of a suite and a case.
fn is_of_suite(name: &str) -> bool {
    let suite = name.split_once(' ').map(|(suite, _)| suite);
    suite.is_some_and(|suite| SUITES.iter().any(|known| known.name == suite))
}

/// Builds our side, as the tests do, and says where it is: optimized, it takes longer to build than its
/// suites take.
pub(crate) fn build() -> Result<PathBuf> {
    let args = ["build", "--package", PACKAGE, "--features", "dns"];
    check(Command::new("cargo").args(args).current_dir(root()))?;
    Ok(target().join("debug").join(PACKAGE))
}
