//! The way to a registry that breaks.

use std::thread;
use std::time::Duration;

use super::super::Chaos;
use super::cases::{CONVERGES_MS, Tell};
use super::fleet::Fleet;
use super::system::{Proxy, System};
use crate::Result;
use crate::registries::{Kind, Level};

/// A session or lease that ends within a case.
pub(super) const SESSION: &str = "&session=3000";
/// Time in which it has ended, the least that a registry grants included.
const EXPIRED: Duration = Duration::from_secs(5);

/// Two providers and a consumer of each level behind a proxy, and a consumer that sees the registry
/// itself.
fn behind<'a>(
    chaos: &'a Chaos,
    system: &System<'_>,
    proxy: &Proxy,
    group: &str,
) -> Result<Vec<Fleet<'a>>> {
    let fleet = |&level: &Level| {
        let url = system.url_through(proxy, level, group, SESSION);
        let direct = system.url(level, group, SESSION);
        Fleet::start(chaos, level, group, &url, 2, &[&url, &direct])
    };
    Level::EACH.iter().map(fleet).collect()
}

/// The longest times until newcomers are found and find all, of a level.
type Worst = (u128, u128);

/// Waits until newcomers are found and find all, then ends them.
fn converge(fleets: &mut [Fleet<'_>], worst: &mut [Worst]) -> Result<()> {
    for (fleet, worst) in fleets.iter_mut().zip(worst) {
        let url = fleet.url.clone();
        let (provider, consumer) = fleet.newcomers(&url)?;
        *worst = (worst.0.max(provider), worst.1.max(consumer));
        // An orderly stop, which leaves nothing in the registry.
        if let Some(mut newcomer) = fleet.providers.pop() {
            newcomer.target.signal("TERM")?;
            newcomer.target.ended(Duration::from_secs(20))?;
        }
    }
    Ok(())
}

fn tell_all(fleets: &mut [Fleet<'_>], worst: &[Worst], fault: &str, tell: &mut Tell<'_>) {
    for (fleet, (provider, consumer)) in fleets.iter_mut().zip(worst) {
        let figures = format!(
            "{fault}; after each a new provider is called in {provider} ms, a new consumer calls all in \
             {consumer} ms, at most {CONVERGES_MS}"
        );
        let (what, kept) = fleet.verdict(&figures, *provider.max(consumer) <= CONVERGES_MS, 0);
        tell(fleet.level.name(), what, kept);
    }
}

/// Sessions that expire and leases that end behind a black hole; connections that are cut where
/// registrations are the connection's, in Nacos.
pub(super) fn expiries(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    let rounds = chaos.rounds(3, 100);
    let proxy = system.proxy()?;
    let mut fleets = behind(chaos, system, &proxy, "expiries")?;
    let mut worst = vec![(0, 0); fleets.len()];
    for _ in 0..rounds {
        if system.kind == Kind::Nacos {
            proxy.order("cut")?;
        } else {
            proxy.order("hold")?;
            thread::sleep(EXPIRED);
            proxy.order("release")?;
        }
        converge(&mut fleets, &mut worst)?;
    }
    let fault = match system.kind {
        Kind::ZooKeeper => "sessions expire",
        Kind::Nacos => "connections are cut",
        Kind::Etcd => "leases end",
    };
    tell_all(&mut fleets, &worst, &format!("{fault} {rounds} times"), tell);
    Ok(())
}

/// Connections that are slow, cut at a byte, half-open, or change bytes, by a seed each.
pub(super) fn faults(chaos: &Chaos, system: &mut System<'_>, tell: &mut Tell<'_>) -> Result<()> {
    const LASTS: Duration = Duration::from_secs(2);
    let seeds = chaos.rounds(FAULTS.len(), 60);
    let proxy = system.proxy()?;
    let mut fleets = behind(chaos, system, &proxy, "faults")?;
    let mut worst = vec![(0, 0); fleets.len()];
    for seed in 0..seeds {
        let fault = fault(seed);
        proxy.order(&fault)?;
        proxy.order("cut")?;
        thread::sleep(LASTS);
        proxy.order("pass")?;
        converge(&mut fleets, &mut worst).map_err(|error| format!("{fault}: {error}"))?;
        eprintln!("registry/faults/{}: {fault}: at worst {worst:?} ms so far", system.kind);
    }
    tell_all(&mut fleets, &worst, &format!("{seeds} faults on the way to the registry"), tell);
    Ok(())
}

/// A fault in each direction, at bytes of handshakes, requests and lists.
const FAULTS: &[&str] =
    &["delay 700", "close 0", "stall 0", "corrupt 255", "half-close 0", "reset 0"];

/// The faults of a seed.
fn fault(seed: usize) -> String {
    const BYTES: usize = 3000;
    let kind = FAULTS.get(seed % FAULTS.len()).copied().unwrap_or("close 0");
    // Any spread does: the multiplier of Knuth.
    let at = |seed: usize| seed.wrapping_mul(2_654_435_761) / 7 % BYTES;
    format!("server {} {kind} client {} {kind}", at(2 * seed + 1), at(2 * seed + 2))
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn seeds_differ() {
        assert_ne!(fault(0), fault(6));
        assert!(fault(1).starts_with("server ") && fault(1).contains("close 0 client "));
    }
}
