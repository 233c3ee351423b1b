//! The decisions of Dubbo Java in files such as `tests/vectors/rules/tag.json`, made again by the crates of this
//! project: a line for each case, and the counts.
//!
//! A case whose decision differs passes as known when `docs/user/rules.md` lists its id; a listed one that does not
//! differ fails.
#![allow(clippy::print_stdout, reason = "the report is the output of this program")]
#![allow(clippy::print_stdout, reason = "a program that reports")]

mod case;
mod configuring;
mod known;
mod routing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use case::Case;
use known::Known;

/// Decides the cases of files as Dubbo Java did
#[derive(Debug, Parser)]
struct Arguments {
    /// The cases
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The page that lists the differences
    #[arg(long)]
    known: PathBuf,
    /// The beginning of the ids of the cases to run; by default all
    #[arg(long, default_value = "")]
    only: String,
}

/// The cases of one kind.
#[derive(Default)]
struct Counts {
    passed: usize,
    known: usize,
    failed: usize,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAIL rules: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn std::error::Error>> {
    let mut cases: Vec<Case> = Vec::new();
    for file in &arguments.files {
        cases.extend(serde_json::from_slice::<Vec<Case>>(&std::fs::read(file)?)?);
    }
    let known = Known::parse(&std::fs::read_to_string(&arguments.known)?);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.id.starts_with(&arguments.only)) {
        let (id, counts) = (&case.id, counts.entry(&case.kind).or_default());
        match (runtime.block_on(decide(case)), known.reason(id)) {
            (Ok(()), None) => {
                counts.passed += 1;
                println!("PASS {id}");
            }
            (Ok(()), Some(_)) => {
                counts.failed += 1;
                println!("FAIL {id}: it is listed as a difference, and is none");
            }
            (Err(_), Some(reason)) => {
                counts.known += 1;
                println!("KNOWN {id}: {reason}");
            }
            (Err(difference), None) => {
                counts.failed += 1;
                println!("FAIL {id}: {difference}");
            }
        }
    }
    for (kind, Counts { passed, known, failed }) in &counts {
        println!("{kind}: {passed} equal, {known} listed, {failed} failed");
    }
    Ok(counts.values().all(|counts| counts.failed == 0) && !counts.is_empty())
}

/// Decides a case, and says how the decision differs.
async fn decide(case: &Case) -> Result<(), String> {
    if routing::KINDS.contains(&&*case.kind) {
        return routing::decide(case).await;
    }
    if configuring::KINDS.contains(&&*case.kind) {
        return configuring::decide(case).await;
    }
    Err(format!("no kind of cases is called {}", case.kind))
}
