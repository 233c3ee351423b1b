//! Writes of others to a registry while calls are made.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::super::Chaos;
use super::super::client::now_ms;
use super::cases::{CONVERGES_MS, Tell, fleets, newcomers};
use super::fleet::Fleet;
use super::system::System;
use crate::Result;
use crate::process::{ServerProcess, check, free_address};
use crate::registries::Level;

/// The rule of migration changes to and fro, beside a provider that is registered at the interface level
/// alone: it is called exactly while the rule allows that level.
pub(super) fn migration(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let rounds = chaos.rounds(3, 30);
    let both = system.url(Level::Both, "migration", "");
    let old = system.url(Level::Interface, "migration", "");
    let mut fleet = Fleet::start(chaos, Level::Both, "migration", &both, 2, &[&both])?;
    fleet.url = old;
    fleet.provide(free_address()?)?;
    let mut worst = 0;
    for step in ["FORCE_INTERFACE", "FORCE_APPLICATION"].repeat(rounds) {
        let mut command = Command::new(&chaos.ours);
        command.args(["migrate", "--registry", &both, "--app", &fleet.app, "--step", step]);
        let begun = now_ms();
        check(&mut command)?;
        let seen = match step {
            "FORCE_INTERFACE" => fleet.all_seen(begun)?,
            _ => fleet.unseen(2, begun)?,
        };
        worst = worst.max(seen.saturating_sub(begun));
    }
    let figures = format!(
        "the rule of migration changes {} times, and takes effect in {worst} ms, at most {CONVERGES_MS}",
        2 * rounds
    );
    let (what, kept) = fleet.verdict(&figures, worst <= CONVERGES_MS, 1);
    tell(fleet.level.name(), what, kept);
    Ok(())
}

/// Entries without use among good ones: instances without metadata, of unknown revisions, with parameters
/// and documents that cannot be read, and providers that are not there.
pub(super) fn junk(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let mut fleets = fleets(chaos, system, "junk")?;
    let mut writers = Vec::new();
    for fleet in &fleets {
        let port = free_address()?.port().to_string();
        let mut command = Command::new(&chaos.ours);
        command.args(["junk", "--registry", &fleet.url, "--app", &fleet.app, "--port", &port]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut writer = ServerProcess::spawn(&mut command)?;
        let stdout = writer.stdout().ok_or("the writer has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.trim() != "written" {
            return Err(format!("the writer said {line:?}").into());
        }
        writers.push(writer);
    }
    thread::sleep(Duration::from_secs(3));
    newcomers(&mut fleets, "entries without use are written", tell)
}
