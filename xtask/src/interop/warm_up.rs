//! Warm-up: of two providers of one service, the one that has just started gets little, whoever wrote either side.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::registry::{Registries, Registry};
use super::sides;
use super::suite::{ECHOES, JAVA, JAVA_2_7, LIMIT, Side, Suite, suite};
use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address, lines};
use crate::registries::Kind;
use crate::tally::Tally;

/// The name by which these alone run.
pub(super) const NAME: &str = "warm-up";
/// The age in seconds that the older provider, which is ours, tells of: a day, and a provider is warm after
/// 10 minutes.
const AGE: &str = "86400";
/// Calls until shares are compared: the chance of half of them to be below the bound is less than one in 10^6.
const CALLS: usize = 150;
/// The bound between little and half, in percent: a new provider that is warmed up reaches it after 4 minutes.
const BOUND: usize = 30;

/// A direction, and the share of the calls that the provider which has just started gets.
const DIRECTIONS: [(Suite, Share); 7] = [
    (suite("rust->java-3.3.6/dubbo/zookeeper", JAVA, ECHOES), Share::Little),
    (suite("rust->java-3.3.6/dubbo/zookeeper/application", JAVA, ECHOES), Share::Little),
    // Its start is in seconds.
    (suite("rust->go/dubbo/zookeeper", Peer::Go, 11), Share::Little),
    (suite("java-3.3.6->rust/dubbo/zookeeper/application", JAVA, ECHOES), Share::Little),
    (suite("java-2.7.23->rust/dubbo/zookeeper", JAVA_2_7, ECHOES), Share::Little),
    // Dubbo Java 3 takes the start out of the URLs that ZooKeeper has, whoever wrote them
    // (`CacheableFailbackRegistry.stripOffVariableKeys`), and so warms up nobody there.
    (suite("java-3.3.6->rust/dubbo/zookeeper", JAVA, ECHOES), Share::Half),
    // A consumer of dubbo-go 3.3.2 warms up nobody: it looks for `remote.timestamp`, which no provider publishes,
    // and its own merging of URLs sets to nothing (`common/url.go`, `cluster/loadbalance/util.go`).
    (suite("go->rust/dubbo/zookeeper", Peer::Go, 11), Share::Half),
];

#[derive(Debug, Clone, Copy)]
enum Share {
    Little,
    Half,
}

impl Share {
    /// Checks the calls of the provider that has just started.
    fn check(self, new: usize, all: usize) -> Result<()> {
        let holds = match self {
            Self::Little => new * 100 <= all * BOUND,
            Self::Half => new * 100 > all * BOUND,
        };
        if holds {
            return Ok(());
        }
        Err(format!("the new provider got {new} of {all} calls, which is not {self:?}").into())
    }
}

/// Runs all directions.
pub(super) fn run(peers: &Peers, ours: &Path, registries: &mut Registries, tally: &mut Tally) {
    for (suite, share) in &DIRECTIONS {
        let name = format!("{NAME} {}", suite.name);
        if let Some(how) = suite.missing() {
            tally.skip(&name, how);
            continue;
        }
        match direction(suite, *share, peers, ours, registries) {
            Ok(()) => tally.pass(&name),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
    }
}

fn direction(
    suite: &Suite,
    share: Share,
    peers: &Peers,
    ours: &Path,
    registries: &mut Registries,
) -> Result<()> {
    check(&mut peers.command(suite.peer, &["prepare"]))?;
    let name = format!("{NAME}-{}", suite.name);
    let registry = registries.start(Kind::ZooKeeper, suite.level(), peers, &name)?;
    let start = |side, age: &[&str], what: &str| {
        start(suite, side, age, peers, ours, &registry, &format!("{name}-{what}"))
    };
    let called = suite.called();
    let new = start(called, &[], "new")?;
    // Those of dubbo-go are registered after they listen.
    registry.wait_for(ours, suite.wire(), suite.services())?;
    let old = start(Side::Ours, &["--age", AGE], "old")?;

    let mut made = 0;
    while made < CALLS {
        let mut consumer = sides::consumer(suite, peers, ours, old.address, Some(&registry));
        if suite.caller() == Side::Ours {
            consumer.args(["--providers", "2"]);
        }
        let (mut passed, mut failed) = (0, None);
        lines(&mut consumer, LIMIT, |line| {
            passed += usize::from(line.starts_with("PASS "));
            failed = failed.take().or_else(|| line.strip_prefix("FAIL ").map(str::to_owned));
        })?;
        match failed {
            None if passed > 0 => made += passed,
            failed => return Err(failed.unwrap_or_else(|| "no call was made".into()).into()),
        }
    }
    let old = old.calls()?;
    // A provider of others does not count; each case is a call.
    let new = if called == Side::Ours { new.calls()? } else { made.saturating_sub(old) };
    share.check(new, new + old)
}

/// A provider that ends with this.
struct Provider {
    address: std::net::SocketAddr,
    server: ServerProcess,
    log: std::path::PathBuf,
}

fn start(
    suite: &Suite,
    side: Side,
    age: &[&str],
    peers: &Peers,
    ours: &Path,
    registry: &Registry,
    name: &str,
) -> Result<Provider> {
    let (address, log) = (free_address()?, peers.log(name));
    let mut command: Command = sides::provider(suite, side, peers, ours, address, Some(registry));
    let mut server = ServerProcess::serve(command.args(age), address, &log)?;
    // The registry knows these by then.
    match (side, suite.peer) {
        (Side::Ours, _) => server.said("READY", &log)?,
        (Side::Peer, Peer::Java(_)) => server.said("PROVIDER READY", &log)?,
        (Side::Peer, _) => {}
    }
    Ok(Provider { address, server, log })
}

impl Provider {
    /// Ends a provider of ours, and returns how many calls it served.
    fn calls(mut self) -> Result<usize> {
        self.server.terminate(&self.log)?;
        let said = fs::read_to_string(&self.log)?;
        let calls = said.lines().find_map(|line| line.strip_prefix("CALLS ")?.parse().ok());
        calls.ok_or_else(|| format!("the provider told no number of calls: {said}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn shares_are_told_apart() {
        assert!(Share::Little.check(1, 100).is_ok() && Share::Little.check(50, 100).is_err());
        assert!(Share::Half.check(50, 100).is_ok() && Share::Half.check(1, 100).is_err());
    }
}
