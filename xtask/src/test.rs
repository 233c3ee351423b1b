//! The suites that a change must pass.

use std::time::Instant;

use crate::crates::{self, tests};
use crate::process::check;
use crate::repo::cargo;
use crate::tally::Tally;
use crate::{Result, chaos, codegen, conformance, features, interop, tidy, walk};

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
        let began = Instant::now();
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
            "zookeeper" => crates::zookeeper(&mut counts),
            "etcd" => crates::etcd(&mut counts),
            "nacos" => crates::nacos(&mut counts),
            "interop" => interop::suites(None, &mut counts),
            "conformance" => conformance::run(None, &mut counts),
            _ => chaos::run(&[], &mut counts),
        };
        // A suite that broke off must not hide the others.
        if let Err(error) = ended {
            counts.fail(suite, &error.to_string());
        }
        let total = format!("{suite}: {}, {} s", counts.totals(), began.elapsed().as_secs());
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
