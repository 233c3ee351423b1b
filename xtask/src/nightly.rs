//! The suites in their full length.

use std::time::Instant;

use crate::tally::Tally;
use crate::{Result, bench, chaos, crates, fuzz, test, walk};

/// Seconds for each fuzz target.
const FUZZ_SECONDS: &str = "600";
/// Rounds of a registry that is stopped and started.
const REGISTRY_ROUNDS: &str = "20";

/// A suite and its arguments.
type Suite = (&'static str, fn(&[String], &mut Tally) -> Result<()>, &'static [&'static str]);

/// `test` has the interop and conformance suites and the short form of chaos in it.
const SUITES: &[Suite] = &[
    ("test", |_, tally| test::run(None, tally), &[]),
    ("kubernetes", kubernetes, &[chaos::KUBERNETES]),
    ("chaos", chaos::run, &["--full"]),
    ("registry", chaos::run, &[chaos::REGISTRY_NODES, "--rounds", REGISTRY_ROUNDS]),
    ("fuzz", fuzz::run, &["--seconds", FUZZ_SECONDS]),
    ("bench", bench::run, &[]),
];

/// The crate, the lines that show it, and the faults of a real API server.
fn kubernetes(faults: &[String], tally: &mut Tally) -> Result<()> {
    // One that broke off must not hide the others.
    if let Err(error) = crates::kubernetes(tally) {
        tally.fail("kubernetes/tests", &error.to_string());
    }
    if let Err(error) = walk::run(Some(walk::CLUSTER), tally) {
        tally.fail("kubernetes/lines", &error.to_string());
    }
    chaos::run(faults, tally)
}

/// Runs every suite, or the one that is named, and prints the counts of each.
pub(crate) fn run(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    let chosen: Vec<&Suite> =
        SUITES.iter().filter(|suite| name.is_none_or(|name| suite.0 == name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.0).collect();
        return Err(format!("no suite has that name; there are {}", names.join(", ")).into());
    }
    let mut figures = Vec::new();
    for (name, run, args) in chosen {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (mut counts, begun) = (Tally::default(), Instant::now());
        // A suite that broke off must not hide the others.
        if let Err(error) = run(&args, &mut counts) {
            counts.fail(name, &error.to_string());
        }
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        figures.push(format!("{name}: {} in {minutes:.1} min", counts.totals()));
        tally.add(counts);
    }
    println!("\n{}", figures.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{SUITES, Tally, run};
    use crate::repo::root;

    #[test]
    fn the_workflow_has_a_job_for_each_suite() {
        let workflow = fs::read_to_string(root().join(".github/workflows/nightly.yml")).unwrap();
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.0).collect();
        assert!(workflow.contains(&format!("suite: [{}]", names.join(", "))), "{workflow}");
        assert!(workflow.contains(".ci/run nightly ${{ matrix.suite }}"), "{workflow}");
    }

    #[test]
    fn an_unknown_suite_is_an_error() {
        let mut tally = Tally::default();
        let error = run(Some("nothing"), &mut tally).unwrap_err();
        assert!(error.to_string().contains("chaos"), "{error}");
    }
}
