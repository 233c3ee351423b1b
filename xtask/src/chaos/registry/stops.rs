//! Registries, providers and consumers that stop and start.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::super::Chaos;
use super::super::client::now_ms;
use super::cases::{CONVERGES_MS, Tell, fleets, newcomers};
use super::fleet::{Consumer, Fleet, PATIENCE};
use super::system::System;
use crate::Result;
use crate::process::free_address;
use crate::registries::Level;

/// The longest orderly stop.
pub(super) const STOPS: Duration = Duration::from_secs(20);

/// A registry that is stopped for a while.
pub(super) fn away(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let away = Duration::from_secs(if chaos.plan.full { 600 } else { 20 });
    let mut fleets = fleets(chaos, system, "away")?;
    system.down();
    thread::sleep(away);
    system.up()?;
    newcomers(&mut fleets, &format!("the registry is away {} s", away.as_secs()), tell)
}

/// A registry that is stopped and started again and again.
pub(super) fn flapping(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(500);
    let stops = chaos.rounds(5, 50);
    let mut fleets = fleets(chaos, system, "flapping")?;
    for _ in 0..stops {
        system.down();
        thread::sleep(PAUSE);
        system.up()?;
        thread::sleep(PAUSE);
    }
    newcomers(&mut fleets, &format!("the registry stops {stops} times"), tell)
}

/// A provider that is killed, and starts at the same port before the registry knows.
pub(super) fn restart(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let rounds = chaos.rounds(3, 100);
    for mut fleet in fleets(chaos, system, "restart")? {
        kill_and_start(&mut fleet, rounds, tell)?;
    }
    Ok(())
}

/// Kills a provider and starts it at the same port, again and again.
pub(super) fn kill_and_start(
    fleet: &mut Fleet<'_>,
    rounds: usize,
    tell: &mut Tell<'_>,
) -> Result<()> {
    const BOUND_MS: u128 = 3000;
    let mut worst = 0;
    for _ in 0..rounds {
        let address = fleet.providers.remove(0).target.address;
        let begun = fleet.provide(address)?.begun;
        worst = worst.max(fleet.all_seen(begun)?.saturating_sub(begun));
    }
    let figures = format!(
        "a provider is killed and started {rounds} times, and called again in {worst} ms, at most \
         {BOUND_MS}"
    );
    let (what, kept) = fleet.verdict(&figures, worst <= BOUND_MS, 0);
    tell(fleet.level.name(), what, kept);
    Ok(())
}

/// All providers and consumers that stop and start together: killed in one round, in order in the next.
pub(super) fn restart_all(
    chaos: &Chaos,
    system: &mut System<'_>,
    tell: &mut Tell<'_>,
) -> Result<()> {
    let rounds = chaos.rounds(2, 20);
    for mut fleet in fleets(chaos, system, "restart-all")? {
        let url = fleet.url.clone();
        let mut worst = 0;
        for round in 0..rounds {
            let mut providers = std::mem::take(&mut fleet.providers);
            fleet.end_consumers();
            if round % 2 == 1 {
                for provider in &providers {
                    provider.target.signal("TERM")?;
                }
                for provider in &mut providers {
                    provider.target.ended(STOPS)?;
                }
            }
            let addresses: Vec<_> =
                providers.iter().map(|provider| provider.target.address).collect();
            drop(providers);
            let begun = now_ms();
            fleet.consume(&url, &[])?;
            fleet.consume(&url, &[])?;
            for address in addresses {
                fleet.provide(address)?;
            }
            worst = worst.max(fleet.all_seen(begun)?.saturating_sub(begun));
        }
        let figures = format!(
            "2 providers and 2 consumers start together {rounds} times, and all call all in {worst} ms, at \
             most {CONVERGES_MS}"
        );
        let (what, kept) = fleet.verdict(&figures, worst <= CONVERGES_MS, 0);
        tell(fleet.level.name(), what, kept);
    }
    Ok(())
}

/// The providers of a rolling update.
pub(super) const ROLLED: usize = 3;

/// A rolling update of three providers.
pub(super) fn rolling(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    for level in Level::EACH {
        let url = system.url(level, "rolling", "");
        let mut fleet = Fleet::start(chaos, level, "rolling", &url, ROLLED, &[])?;
        roll(chaos, &mut fleet, &url, tell)?;
    }
    Ok(())
}

/// Replaces the providers one after another, which a consumer calls over `url`.
pub(super) fn roll(
    chaos: &Chaos,
    fleet: &mut Fleet<'_>,
    url: &str,
    tell: &mut Tell<'_>,
) -> Result<()> {
    /// Calls in a second.
    const CALLS: u32 = 100;
    let replaced = chaos.rounds(1, 10) * ROLLED;
    fleet.consumers.push(Consumer::start(chaos, &fleet.app, url, CALLS, &[])?);
    let mut worst = 0;
    fleet.all_seen(now_ms())?;
    fleet.count_descriptors()?;
    for _ in 0..replaced {
        let mut leaving = fleet.providers.remove(0);
        leaving.target.signal("TERM")?;
        leaving.target.ended(STOPS)?;
        let begun = fleet.provide(fleet.free_address()?)?.begun;
        worst = worst.max(fleet.all_seen(begun)?.saturating_sub(begun));
    }
    let figures = format!(
        "{replaced} of {ROLLED} providers are replaced one after another at {CALLS} calls a second, and \
         called in {worst} ms, at most {CONVERGES_MS}"
    );
    let (what, kept) = fleet.verdict(&figures, worst <= CONVERGES_MS, 0);
    tell(fleet.level.name(), what, kept);
    Ok(())
}

/// All providers that leave at once, as soon as as many new ones have come.
pub(super) fn replace(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let rounds = chaos.rounds(2, 20);
    for mut fleet in fleets(chaos, system, "replace")? {
        let mut worst = 0;
        for _ in 0..rounds {
            let mut leaving = std::mem::take(&mut fleet.providers);
            let begun = now_ms();
            for _ in &leaving {
                fleet.provide(free_address()?)?;
            }
            for provider in &leaving {
                provider.target.signal("TERM")?;
            }
            worst = worst.max(fleet.all_seen(begun)?.saturating_sub(begun));
            for provider in &mut leaving {
                provider.target.ended(STOPS)?;
            }
        }
        let figures = format!(
            "all providers are replaced at once {rounds} times, and the new ones called in {worst} ms, at \
             most {CONVERGES_MS}"
        );
        let (what, kept) = fleet.verdict(&figures, worst <= CONVERGES_MS, 0);
        tell(fleet.level.name(), what, kept);
    }
    Ok(())
}

/// A consumer that starts from its cache while the registry is away.
pub(super) fn cold_start(
    chaos: &Chaos,
    system: &mut System<'_>,
    tell: &mut Tell<'_>,
) -> Result<()> {
    const BOUND_MS: u128 = 2000;
    let folder = |level: Level| chaos.peers.file(&format!("cache-{}", level.name()));
    let mut fleets = fleets(chaos, system, "cold-start")?;
    for fleet in &mut fleets {
        let (url, folder) = (fleet.url.clone(), folder(fleet.level));
        fleet.consume(&url, &["--cache", &folder.to_string_lossy()])?;
        // A file has the providers only when both were known at its writing.
        fleet.all_seen(now_ms())?;
        let ports: Vec<String> =
            fleet.providers.iter().map(|p| p.target.address.port().to_string()).collect();
        let end = Instant::now() + PATIENCE;
        while !cached(&folder, &ports) {
            if Instant::now() > end {
                return Err("nothing was written to the cache".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        fleet.consumers.pop();
    }
    system.down();
    for fleet in &mut fleets {
        let (url, folder) = (fleet.url.clone(), folder(fleet.level));
        fleet.consume(&url, &["--cache", &folder.to_string_lossy()])?;
        let cold = fleet.consumers.last().ok_or("no consumer")?;
        let (end, begun) = (Instant::now() + PATIENCE, cold.begun);
        let first = loop {
            match cold.answered() {
                Some(at) => break at.saturating_sub(begun),
                None if Instant::now() > end => {
                    let why = cold.says("", begun).map_or_else(String::new, |event| event.error);
                    return Err(format!("a cold start was never answered; {why}").into());
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let figures = format!(
            "a consumer that starts without the registry calls in {first} ms, at most {BOUND_MS}"
        );
        let (what, kept) = fleet.verdict(&figures, first <= BOUND_MS, 1);
        tell(fleet.level.name(), what, kept);
    }
    Ok(())
}

/// Returns `true` if a file of the folder has all these ports.
fn cached(folder: &std::path::Path, ports: &[String]) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| fs::read(file.path()).ok()).any(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        ports.iter().all(|port| text.contains(port.as_str()))
    })
}
