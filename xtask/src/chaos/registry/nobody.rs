//! Services without a provider.

use std::thread;
use std::time::{Duration, Instant};

use super::super::Chaos;
use super::super::client::{Event, now_ms};
use super::cases::{CONVERGES_MS, Tell, fleets};
use super::fleet::{Fleet, PATIENCE};
use super::paths::SESSION;
use super::stops::STOPS;
use super::system::System;
use crate::Result;
use crate::process::free_address;
use crate::registries::Level;

/// The words of a call for which there is no provider.
const SAYS: &str = "no provider";
/// Milliseconds for which providers are called that a registry lost.
const HOLD_MS: u128 = 30_000;

/// The first call at `from` or later that says that there is no provider.
fn told(fleet: &Fleet<'_>, from: u128) -> Option<Event> {
    let end = Instant::now() + PATIENCE;
    loop {
        match fleet.consumers.iter().find_map(|consumer| consumer.says(SAYS, from)) {
            Some(event) => return Some(event),
            None if Instant::now() > end => return None,
            None => thread::sleep(Duration::from_millis(25)),
        }
    }
}

/// The words on a call that says so, and the milliseconds until then.
fn account(said: Option<&Event>, fleet: &Fleet<'_>, from: u128) -> (String, u128) {
    match said {
        Some(event) => {
            let after = event.at.saturating_sub(from);
            (format!("an error says {SAYS:?} after {after} ms"), after)
        }
        None => {
            let failures = fleet.failures();
            let first = failures.first().map_or("nothing", |event| &event.error);
            (format!("no error says {SAYS:?}, but: {first}"), u128::MAX)
        }
    }
}

/// All providers stop in order, and another one starts.
pub(super) fn zero(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    for mut fleet in fleets(chaos, system, "zero")? {
        let failures = fleet.failures();
        let mut leaving = std::mem::take(&mut fleet.providers);
        let begun = now_ms();
        for provider in &mut leaving {
            provider.target.signal("TERM")?;
            provider.target.ended(STOPS)?;
        }
        let gone = now_ms();
        let said = told(&fleet, begun);
        let (says, after) = account(said.as_ref(), &fleet, gone);
        let started = fleet.provide(free_address()?)?.begun;
        let back = fleet.all_seen(started)?.saturating_sub(started);
        let left = fleet.left_over(0).ok_or("no process lives through it")?;
        let what = format!(
            "{} calls failed before; {says}, at most {HOLD_MS}; a new provider is called in {back} ms, at \
             most {CONVERGES_MS}; {left} descriptors left over",
            failures.len()
        );
        let kept = after <= HOLD_MS && failures.is_empty() && back <= CONVERGES_MS && left == 0;
        tell(fleet.level.name(), what, kept);
    }
    Ok(())
}

/// All providers are killed, and the registry forgets them when their sessions end: calls fail at once and say
/// why, and are answered again by a provider that starts at an address of before.
pub(super) fn killed(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    for level in Level::EACH {
        let url = system.url(level, "killed", SESSION);
        let mut fleet = Fleet::start(chaos, level, "killed", &url, 2, &[&url])?;
        let failures = fleet.failures();
        let killed = std::mem::take(&mut fleet.providers);
        let address = killed.first().ok_or("no provider")?.target.address;
        let begun = now_ms();
        drop(killed);
        let said = told(&fleet, begun);
        let (says, after) = account(said.as_ref(), &fleet, begun);
        // Those before may wait for the next attempt to connect, which is what a restart needs.
        let since = said.as_ref().map_or(begun, |event| event.at);
        let late = fleet.failures().iter().filter(|e| e.at >= since && is_late(e)).count();
        let started = fleet.provide(address)?.begun;
        let back = fleet.all_seen(started)?.saturating_sub(started);
        let left = fleet.left_over(0).ok_or("no process lives through it")?;
        // Nobody listens any more: none is held once the registry has noticed.
        let what = format!(
            "{} calls failed before; {says}, at most {CONVERGES_MS}; {late} calls waited for their deadline after it; a \
             provider is called again in {back} ms, at most {CONVERGES_MS}; {left} descriptors left over",
            failures.len()
        );
        let in_time = after <= CONVERGES_MS && back <= CONVERGES_MS;
        let kept = in_time && failures.is_empty() && late == 0 && left == 0;
        tell(level.name(), what, kept);
    }
    Ok(())
}

/// Returns `true` if a call waited for its deadline.
fn is_late(event: &Event) -> bool {
    let text = event.error.to_ascii_lowercase();
    text.contains("deadline") || text.contains("timed out") || text.contains("in time")
}

/// All providers are cut off from the registry, which forgets them, and go on: they are called for 30 s, and
/// again once they are registered again.
pub(super) fn cut_off(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let proxy = system.proxy()?;
    let fleet = |&level: &Level| {
        let through = system.url_through(&proxy, level, "cut-off", SESSION);
        let direct = system.url(level, "cut-off", SESSION);
        Fleet::start(chaos, level, "cut-off", &through, 2, &[&direct])
    };
    let fleets: Result<Vec<_>> = Level::EACH.iter().map(fleet).collect();
    let mut fleets = fleets?;
    let begun = now_ms();
    proxy.order("hold")?;
    proxy.order("cut")?;
    let said: Vec<_> = fleets.iter().map(|fleet| told(fleet, begun)).collect();
    let firsts: Vec<_> =
        fleets.iter().map(|fleet| fleet.failures().first().map(|event| event.at)).collect();
    let released = now_ms();
    proxy.order("release")?;
    for ((fleet, said), first) in fleets.iter_mut().zip(said).zip(firsts) {
        let (says, after) = account(said.as_ref(), fleet, begun);
        let first = first.map_or(0, |at| at.saturating_sub(begun));
        let back = fleet.all_seen(released)?.saturating_sub(released);
        let left = fleet.left_over(0).ok_or("no process lives through it")?;
        let most = HOLD_MS + CONVERGES_MS;
        let what = format!(
            "the first call fails {first} ms after all were cut off, at least {HOLD_MS}; {says}, at most \
             {most}; they are called again in {back} ms, at most {CONVERGES_MS}; {left} descriptors left over"
        );
        let held = first >= HOLD_MS && after <= most;
        let kept = held && back <= CONVERGES_MS && left == 0;
        tell(fleet.level.name(), what, kept);
    }
    Ok(())
}
