//! Providers whose clocks are wrong.

use std::thread;
use std::time::Duration;

use super::super::Chaos;
use super::super::client::now_ms;
use super::cases::{CONVERGES_MS, Tell};
use super::fleet::Fleet;
use super::system::System;
use crate::Result;
use crate::process::free_address;
use crate::registries::Level;

/// The clocks: right, an hour ahead and behind, the same in seconds.
const CLOCKS: &[&[&str]] = &[
    &[],
    &["--clock-ahead", "3600"],
    &["--clock-ahead", "-3600"],
    &["--seconds"],
    &["--seconds", "--clock-ahead", "3600"],
];
/// Milliseconds of warming up.
const WARMUP_MS: u64 = 10_000;
/// The time for which shares are counted.
const COUNTED: Duration = Duration::from_secs(10);

/// Providers that say that they were started an hour ago or in an hour: each is called, and once they have warmed
/// up as often as others.
pub(super) fn skew(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let mut fleets = Vec::new();
    for level in Level::EACH {
        let url = system.url(level, "skew", "");
        let mut fleet = Fleet::start(chaos, level, "skew", &url, 0, &[])?;
        for clock in CLOCKS {
            let warmup = WARMUP_MS.to_string();
            fleet.provide_with(free_address()?, &[&["--warmup", &*warmup], *clock].concat())?;
        }
        fleet.consume(&url, &[])?;
        fleets.push(fleet);
    }
    let mut firsts = Vec::new();
    for fleet in &mut fleets {
        let begun = fleet.consumers.first().ok_or("no consumer")?.begun;
        firsts.push(fleet.all_seen(begun)?.saturating_sub(begun));
        fleet.count_descriptors()?;
    }
    // From the time at which a consumer first saw them, where it is told nonsense.
    thread::sleep(Duration::from_millis(WARMUP_MS + 1000));
    let from = now_ms();
    thread::sleep(COUNTED);
    for (fleet, first) in fleets.iter_mut().zip(firsts) {
        let shares = fleet.shares(from);
        let (least, most) = (shares.iter().min(), shares.iter().max());
        let even = least.zip(most).is_some_and(|(least, most)| *least > 0 && 2 * least >= *most);
        let figures = format!(
            "providers with clocks an hour ahead and behind, and in seconds, are all called in {first} ms, at \
             most {CONVERGES_MS}, and seen {shares:?} times after warming up, none less than half as often as \
             another"
        );
        let (what, kept) = fleet.verdict(&figures, first <= CONVERGES_MS && even, 0);
        tell(fleet.level.name(), what, kept);
    }
    Ok(())
}
