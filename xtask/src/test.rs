//! The suites that a change must pass.

use std::time::Duration;

use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address, lines};
use crate::repo::cargo;
use crate::tally::Tally;
use crate::{Result, chaos, codegen, conformance, features, interop, tidy, walk};

/// The time in which everything is built on a small machine.
const LIMIT: Duration = Duration::from_hours(1);

const SUITES: &[&str] = &[
    "tidy",
    "fmt",
    "clippy",
    "features",
    "fuzz-check",
    "doc",
    "unit",
    "walk",
    "codegen",
    "zookeeper",
    "etcd",
    "nacos",
    "interop",
    "conformance",
    "chaos",
];

/// Runs every suite, or the one that is named. `unit` is what `cargo test`
/// runs: unit, integration and documentation tests.
pub(crate) fn run(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    if let Some(name) = name.filter(|name| !SUITES.contains(name)) {
        return Err(format!("no suite is called {name:?}; there are {}", SUITES.join(", ")).into());
    }
    let mut totals = Vec::new();
    for suite in SUITES.iter().filter(|suite| name.is_none_or(|name| name == **suite)) {
        let mut counts = Tally::default();
        let ended = match *suite {
            "tidy" => tidy::run(None, &mut counts),
            "fmt" => step(&mut counts, "fmt", &["fmt", "--all", "--check"]),
            "clippy" => clippy(&mut counts),
            "features" => features::run(&mut counts),
            // A workspace of its own.
            "fuzz-check" => step(
                &mut counts,
                "fuzz-check",
                &["check", "--manifest-path", "fuzz/Cargo.toml", "--no-default-features"],
            ),
            "doc" => doc(&mut counts),
            "unit" => tests(&mut counts, &["test", "--workspace", "--no-fail-fast"]),
            "walk" => walk::run(None, &mut counts),
            "codegen" => codegen::run(&mut counts),
            "zookeeper" => zookeeper(&mut counts),
            "etcd" => etcd(&mut counts),
            "nacos" => nacos(&mut counts),
            "interop" => interop::run(None, &mut counts),
            "conformance" => conformance::run(None, &mut counts),
            _ => chaos::run(&[], &mut counts),
        };
        // A suite that broke off must not hide the others.
        if let Err(error) = ended {
            counts.fail(suite, &error.to_string());
        }
        let total = format!("{suite}: {}", counts.totals());
        eprintln!("{total}");
        totals.push(total);
        tally.add(counts);
    }
    println!("\n{}", totals.join("\n"));
    Ok(())
}

fn step(tally: &mut Tally, name: &str, args: &[&str]) -> Result<()> {
    check(&mut cargo(args))?;
    tally.pass(name);
    Ok(())
}

/// The lints of all code; of the tests that `cargo test` leaves out by themselves, as `--all-targets` does not
/// reach them.
fn clippy(tally: &mut Tally) -> Result<()> {
    let others =
        ["--test", "zookeeper", "--test", "etcd", "--test", "nacos", "--test", "kubernetes"];
    for targets in [&["--all-targets"][..], &others] {
        let lint = [&["clippy", "--workspace"], targets, &["--", "--deny", "warnings"]].concat();
        check(&mut cargo(&lint))?;
    }
    tally.pass("clippy");
    Ok(())
}

/// The documentation of every crate, without a warning such as a dead link.
fn doc(tally: &mut Tally) -> Result<()> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--keep-going"]);
    check(command.env("RUSTDOCFLAGS", "--deny warnings"))?;
    tally.pass("doc");
    Ok(())
}

/// The registry against real servers and applications of Dubbo Java, which the tests start themselves.
fn zookeeper(tally: &mut Tally) -> Result<()> {
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
    step(tally, "zookeeper/example", &args)
}

/// The registry against real servers and beside dubbo-go, which the tests start themselves.
fn etcd(tally: &mut Tally) -> Result<()> {
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
fn nacos(tally: &mut Tally) -> Result<()> {
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
    tests(tally, &[&args[..], &one].concat())?;
    walk::run(Some(walk::CLUSTER), tally)
}

/// Runs `cargo test` with these arguments and counts its tests.
fn tests(tally: &mut Tally, args: &[&str]) -> Result<()> {
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
