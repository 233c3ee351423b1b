//! The tasks of the repository.
//!
//! ```text
//! cargo xtask tidy    [CHECK]                    the invariants a machine can test
//! cargo xtask test    [SUITE]                    everything a change must pass
//! cargo xtask interop [SUITES]                   Java and Go peers, both directions
//! cargo xtask conformance [SUITE]                suites of other projects
//! cargo xtask bench   [SUITE]                    beside Dubbo Java, dubbo-go, tonic and others
//! cargo xtask fuzz    [TARGET] [--seconds N]     each target, 30 s unless told
//! cargo xtask chaos   [CASE] [--full]            attacks and faults, each with its bound
//! cargo xtask nightly [SUITE]                    every suite in its full length
//! cargo xtask walk    [PART]                     the first steps of the README, projects of `dubhe new`, printed lines
//! cargo xtask picture                            docs/demo.svg, from the output of the demo
//! cargo xtask generate                           tests/interop/src/java, from the jars of the Java peers
//! ```
//!
//! Bare, a task runs its everyday set; with a name, that part. The last line is
//! the total, `N passed, N failed, N skipped`. The exit status is 0 only when
//! nothing failed and, with `CI=true` in the environment, nothing was skipped.

// The output of this program is what it is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod api_server;
mod bench;
mod chaos;
mod codegen;
mod conformance;
mod crates;
mod features;
mod fuzz;
mod interop;
mod known;
mod nightly;
mod outside;
mod peers;
mod picture;
mod proc;
mod process;
mod readable;
mod registries;
mod repo;
mod source;
mod table;
mod tally;
mod test;
mod tidy;
mod walk;

use std::env;
use std::process::ExitCode;

use tally::Tally;

/// Errors of a task are read by a person and end the task.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "usage: cargo xtask tidy|test|interop|conformance|bench|fuzz|chaos|nightly|walk|picture|generate [NAME] [FLAGS]";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let mut tally = Tally::default();
    if let Err(error) = run(&args, &mut tally) {
        tally.fail("xtask", &error.to_string());
    }
    tally.finish(env::var("CI").is_ok_and(|ci| ci == "true"))
}

fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let (task, rest) = args.split_first().ok_or(USAGE)?;
    match task.as_str() {
        "tidy" => tidy::run(only_name(rest)?, tally),
        "test" => test::run(only_name(rest)?, tally),
        "interop" => interop::command(rest, tally),
        "conformance" => conformance::run(only_name(rest)?, tally),
        "bench" => bench::run(rest, tally),
        "fuzz" => fuzz::run(rest, tally),
        "chaos" => chaos::run(rest, tally),
        "nightly" => nightly::run(only_name(rest)?, tally),
        "walk" => walk::run(only_name(rest)?, tally),
        "picture" => only_name(rest).and_then(|_| picture::run(tally)),
        "generate" => only_name(rest).and_then(|_| codegen::write(tally)),
        other => Err(format!("no task is called {other:?}; {USAGE}").into()),
    }
}

/// The one optional name that a task takes.
fn only_name(args: &[String]) -> Result<Option<&str>> {
    match args {
        [] => Ok(None),
        [name] => Ok(Some(name)),
        [_, extra, ..] => Err(format!("{extra:?} is one argument too many; {USAGE}").into()),
    }
}
