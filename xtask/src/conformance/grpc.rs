//! The gRPC half of Connect's conformance suite, against a server and a client of ours.

use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{check, lines};
use crate::repo::{root, target};
use crate::tally::Tally;

/// The package of the programs under test.
const PACKAGE: &str = "dubhe-connect";

/// The time for one run, which takes a few seconds.
const LIMIT: Duration = Duration::from_mins(10);

/// A run: the configuration in `tests/connect`, the side that is tested, and the number of its cases in
/// this version of the runner, so that none goes missing.
const RUNS: &[(&str, &str, usize)] = &[
    ("grpc", "server", 872),
    ("grpc", "client", 1_048),
    ("client-certificates", "server", 570),
    ("client-certificates", "client", 646),
];

/// Runs all cases. None is known to fail.
pub(super) fn run(tally: &mut Tally) -> Result<()> {
    if let Some(how) = Peer::GoConnect.missing() {
        tally.skip("grpc", how);
        return Ok(());
    }
    check(Command::new("cargo").args(["build", "--package", PACKAGE]).current_dir(root()))?;
    let ours = target().join("debug").join(PACKAGE).to_string_lossy().into_owned();
    let peers = Peers::new("conformance")?;
    for (config, side, cases) in RUNS {
        let name = format!("grpc/{config}/{side}");
        let file = root().join(format!("tests/connect/{config}.yaml"));
        let file = file.to_string_lossy();
        let args = ["test", "--mode", side, "--conf", &file, "--", &ours, side];
        let mut seen = None;
        let status = lines(&mut peers.command(Peer::GoConnect, &args), LIMIT, |line| {
            println!("{line}");
            seen = counts(line).or(seen.take());
        })?;
        let seen = seen.unwrap_or_default();
        tally.add(seen.clone());
        if seen.passed + seen.failed != *cases {
            let why = format!("{} cases ran, {cases} were to", seen.passed + seen.failed);
            tally.fail(&name, &why);
        } else if !status.success() && seen.failed == 0 {
            tally.fail(&name, &format!("the runner ended with {status}"));
        } else {
            println!("{name}: {} passed, {} failed", seen.passed, seen.failed);
        }
    }
    Ok(())
}

/// The counts of the runner's last line, `12 passed, 3 failed`.
fn counts(line: &str) -> Option<Tally> {
    let (passed, failed) = line.split_once(" passed, ")?;
    let failed = failed.strip_suffix(" failed")?;
    Some(Tally { passed: passed.parse().ok()?, failed: failed.parse().ok()?, ..Tally::default() })
}

#[cfg(test)]
mod tests {
    use super::{Tally, counts};

    #[test]
    fn counts_are_read() {
        assert_eq!(
            counts("570 passed, 2 failed"),
            Some(Tally { passed: 570, failed: 2, ..Tally::default() })
        );
        assert_eq!(counts("Total cases: 570"), None);
    }
}
