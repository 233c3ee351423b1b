//! The tests of crates: those of all, and those that need real servers.

use std::time::Duration;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address, lines};
use crate::repo::cargo;
use crate::tally::Tally;

/// The time in which everything is built on a small machine.
const LIMIT: Duration = Duration::from_hours(1);

/// The registry against real servers and applications of Dubbo Java, which the tests start themselves.
pub(crate) fn zookeeper(tally: &mut Tally) -> Result<()> {
    const JAVA: Peer = Peer::Java("3");
    if let Some(how) = Peer::ZooKeeper.missing().or(JAVA.missing()) {
        tally.skip("zookeeper", how);
        return Ok(());
    }
    let peers = Peers::new("zookeeper")?;
    check(&mut peers.command(Peer::ZooKeeper, &["prepare"]))?;
    check(&mut peers.command(JAVA, &["prepare"]))?;
    tests(tally, &["test", "--package", "dubhe-zookeeper", "--test", "zookeeper"])?;

    // The example of the same, as its page says to run it.
    let at = free_address()?;
    let mut server = peers.command(Peer::ZooKeeper, &["serve", &at.port().to_string()]);
    let _server = ServerProcess::serve(&mut server, at, &peers.log("example"))?;
    let registry = format!("zookeeper://{at}");
    let args = ["run", "--package", "dubhe-examples", "--bin", "registry", "--", &registry];
    check(&mut cargo(&args))?;
    tally.pass("zookeeper/example");
    Ok(())
}

/// The registry against real servers and beside dubbo-go, which the tests start themselves.
pub(crate) fn etcd(tally: &mut Tally) -> Result<()> {
    if let Some(how) = Peer::Etcd.missing() {
        tally.skip("etcd", how);
        return Ok(());
    }
    let peers = Peers::new("etcd")?;
    check(&mut peers.command(Peer::Etcd, &["prepare"]))?;
    check(&mut peers.command(Peer::Go, &["prepare"]))?;
    tests(tally, &["test", "--package", "dubhe-etcd", "--test", "etcd"])
}

/// The same for Nacos, with a provider and a consumer of Dubbo Java beside it.
pub(crate) fn nacos(tally: &mut Tally) -> Result<()> {
    if let Some(how) = Peer::Nacos.missing() {
        tally.skip("nacos", how);
        return Ok(());
    }
    let peers = Peers::new("nacos")?;
    for generation in ["2", "3"] {
        let mut prepare = peers.command(Peer::Nacos, &["prepare"]);
        check(prepare.env("NACOS_GENERATION", generation))?;
    }
    check(&mut peers.command(Peer::Java("3"), &["prepare"]))?;
    tests(tally, &["test", "--package", "dubhe-nacos", "--test", "nacos"])
}

/// Nacos 2 alone of these.
pub(crate) fn nacos_2(tally: &mut Tally) -> Result<()> {
    if let Some(how) = Peer::Nacos.missing() {
        tally.skip("nacos 2", how);
        return Ok(());
    }
    let peers = Peers::new("nacos-2")?;
    let mut prepare = peers.command(Peer::Nacos, &["prepare"]);
    check(prepare.env("NACOS_GENERATION", "2"))?;
    check(&mut peers.command(Peer::Java("3"), &["prepare"]))?;
    let test = ["--", "--exact", "a_server_of_nacos_2"];
    tests(tally, &[&["test", "--package", "dubhe-nacos", "--test", "nacos"], &test[..]].concat())
}

/// Kubernetes as an API server's recorded answers have it, and the annotation of pods as Dubbo Java wrote it.
pub(crate) fn recorded(tally: &mut Tally) -> Result<()> {
    tests(tally, &["test", "--package", "dubhe-kubernetes", "--lib", "--test", "it"])
}

/// The registry against a real API server, which each test starts itself, and beside Dubbo Java, which has one for
/// Kubernetes up to 3.2. Building that server takes a quarter of an hour, so this is a suite of the night.
pub(crate) fn kubernetes(tally: &mut Tally) -> Result<()> {
    const JAVA: Peer = Peer::Java("3.2.8");
    if let Some(how) = Peer::Kubernetes.missing().or(JAVA.missing()) {
        tally.skip("kubernetes", how);
        return Ok(());
    }
    let peers = Peers::new("kubernetes")?;
    check(&mut peers.command(Peer::Kubernetes, &["prepare"]))?;
    check(&mut peers.command(JAVA, &["prepare"]))?;
    // A server takes 300 MiB and a core to start.
    let one = ["--", "--test-threads", "1"];
    let args = ["test", "--package", "dubhe-kubernetes", "--test", "kubernetes"];
    tests(tally, &[&args[..], &one].concat())
}

/// Runs `cargo test` with these arguments and counts its tests.
pub(crate) fn tests(tally: &mut Tally, args: &[&str]) -> Result<()> {
    let mut seen = Tally::default();
    let status = lines(&mut cargo(args), LIMIT, |line| {
        println!("{line}");
        seen.add(result(line).unwrap_or_default());
        seen.failures.extend(failure(line));
    })?;
    let passed = seen.failed == 0;
    tally.add(seen);
    if !status.success() && passed {
        return Err(format!("cargo test ended with {status} without a failed test").into());
    }
    Ok(())
}

/// The counts of a line such as
/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; ...`.
fn result(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let count = |kind: &str| {
        counts.split("; ").find_map(|part| part.strip_suffix(kind)?.trim().parse().ok())
    };
    let (passed, failed, skipped) = (count("passed")?, count("failed")?, count("ignored")?);
    Some(Tally { passed, failed, skipped, ..Tally::default() })
}

/// The failure that a line such as `test tests::name ... FAILED` tells of.
fn failure(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(format!("FAIL {name}"))
}

#[cfg(test)]
mod tests {
    use super::{Tally, failure, result};

    #[test]
    fn results_are_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.10s";
        let read = Tally { passed: 12, failed: 3, skipped: 1, ..Tally::default() };
        assert_eq!(result(line), Some(read));
        assert_eq!(result("test tests::results_are_read ... ok"), None);
    }

    #[test]
    fn failures_are_named() {
        let line = "test tests::results_are_read ... FAILED";
        assert_eq!(failure(line).as_deref(), Some("FAIL tests::results_are_read"));
        assert_eq!(failure("test tests::results_are_read ... ok"), None);
    }
}
