//! The cases.

use super::super::Chaos;
use super::fleet::Fleet;
use super::system::System;
use super::{nobody, paths, skew, stops, writes};
use crate::Result;
use crate::registries::Level;

/// Takes the name of the part, what was measured, and whether the bounds were kept.
pub(super) type Tell<'a> = dyn FnMut(&str, String, bool) + 'a;

pub(super) struct Case {
    pub(super) name: &'static str,
    /// `true` if the everyday run has it on every registry, and not on ZooKeeper alone.
    pub(super) everywhere: bool,
    pub(super) run: fn(&Chaos, &mut System<'_>, &mut Tell<'_>) -> Result<()>,
}

type Run = fn(&Chaos, &mut System<'_>, &mut Tell<'_>) -> Result<()>;

const fn everywhere(name: &'static str, run: Run) -> Case {
    Case { name, everywhere: true, run }
}

const fn one(name: &'static str, run: Run) -> Case {
    Case { name, everywhere: false, run }
}

pub(super) const CASES: &[Case] = &[
    everywhere("away", stops::away),
    everywhere("flapping", stops::flapping),
    everywhere("expiries", paths::expiries),
    everywhere("restart", stops::restart),
    one("restart-all", stops::restart_all),
    one("faults", paths::faults),
    one("rolling", stops::rolling),
    one("replace", stops::replace),
    one("migration", writes::migration),
    everywhere("junk", writes::junk),
    one("cold-start", stops::cold_start),
    one("zero", nobody::zero),
    one("killed", nobody::killed),
    one("cut-off", nobody::cut_off),
    one("skew", skew::skew),
];

/// Milliseconds until all have found one another again, at most.
pub(super) const CONVERGES_MS: u128 = 10_000;

/// Two providers and a consumer of each level.
pub(super) fn fleets<'a>(
    chaos: &'a Chaos,
    system: &System<'_>,
    group: &str,
) -> Result<Vec<Fleet<'a>>> {
    let fleet = |&level| {
        let url = system.url(level, group, "");
        Fleet::start(chaos, level, group, &url, 2, &[&url])
    };
    Level::EACH.iter().map(fleet).collect()
}

/// Tells of each level how new ones are found after a fault.
pub(super) fn newcomers(fleets: &mut [Fleet<'_>], fault: &str, tell: &mut Tell<'_>) -> Result<()> {
    for fleet in fleets {
        let url = fleet.url.clone();
        let (provider, consumer) = fleet.newcomers(&url)?;
        let figures = format!(
            "{fault}; after it a new provider is called in {provider} ms, a new consumer calls all in \
             {consumer} ms, at most {CONVERGES_MS}"
        );
        let in_time = provider.max(consumer) <= CONVERGES_MS;
        let (what, kept) = fleet.verdict(&figures, in_time, 1);
        tell(fleet.level.name(), what, kept);
    }
    Ok(())
}
