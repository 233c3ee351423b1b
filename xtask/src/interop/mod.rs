//! Runs the Java and Go peers against us, in both directions: one line a case.

mod command;
mod judge;
mod listed;
mod registry;
mod sides;
mod suite;

use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::known::KnownFailures;
use crate::peers::Peers;
use crate::process::check;
use crate::registries::Kind;
use crate::repo::{root, target};
use crate::tally::Tally;
use registry::Registries;
use suite::{SUITES, Suite};

/// The package of this project's side: a provider of the peers' services and a consumer of their
/// cases.
const PACKAGE: &str = "dubhe-interop";

/// The name of all suites in which a registry stands between both sides.
const REGISTRY: &str = "registry";

/// Runs every suite, those whose names begin so, those of one registry, or of all: [`REGISTRY`].
pub(crate) fn run(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    let is_chosen = |suite: &Suite| match name {
        None => true,
        Some(REGISTRY) => suite.registry().is_some() || suite.listing().is_some(),
        Some(name) if Kind::named(name).is_some() => suite.registry() == Kind::named(name),
        Some(name) => suite.name.starts_with(name),
    };
    let chosen: Vec<_> = SUITES.iter().filter(|suite| is_chosen(suite)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        return Err(format!(
            "no suite has a name that begins so; there are {REGISTRY} and {}",
            names.join(", ")
        )
        .into());
    }

    let mut ready = Vec::new();
    for suite in chosen {
        match suite.missing() {
            Some(how) => tally.skip(suite.name, how),
            None => ready.push(suite),
        }
    }
    if ready.is_empty() {
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
        if let Err(error) = suite.run(&peers, &ours, &known, &mut registries, tally) {
            tally.fail(suite.name, &error.to_string());
        }
    }
    Ok(())
}

/// Returns `true` for the name of a suite and a case.
fn is_of_suite(name: &str) -> bool {
    let suite = name.split_once(' ').map(|(suite, _)| suite);
    suite.is_some_and(|suite| SUITES.iter().any(|known| known.name == suite))
}

/// Builds our side, as the tests do, and says where it is: optimized, it takes longer to build than its
/// suites take.
fn build() -> Result<PathBuf> {
    let args = ["build", "--package", PACKAGE, "--features", "dns"];
    check(Command::new("cargo").args(args).current_dir(root()))?;
    Ok(target().join("debug").join(PACKAGE))
}
