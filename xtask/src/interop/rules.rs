//! The governance decisions of Dubbo Java, made again by this project's crates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::process::{check, lines};
use crate::repo::{root, target};
use crate::tally::Tally;

/// The name by which these alone run.
pub(super) const NAME: &str = "rules";
/// The package of the program.
const PACKAGE: &str = "dubhe-rule-cases";
/// The folder of the decisions that come with the repository.
const CASES: &str = "tests/vectors/rules";
/// The page that lists the differences.
const PAGE: &str = "docs/user/rules.md";
/// The longest time for one of them.
const LIMIT: Duration = Duration::from_mins(5);

/// Decides the cases of `file`, by default those of the repository.
pub(super) fn run(file: Option<&Path>, tally: &mut Tally) -> Result<()> {
    check(Command::new("cargo").args(["build", "--package", PACKAGE]).current_dir(root()))?;
    let mut command = Command::new(target().join("debug").join(PACKAGE));
    match file {
        Some(file) => command.arg(file),
        None => command.args(cases()?),
    };
    command.arg("--known").arg(root().join(PAGE));
    let name = |id: &str| format!("{NAME} {id}");
    let status = lines(&mut command, LIMIT, |line| {
        if let Some(id) = line.strip_prefix("PASS ") {
            tally.pass(&name(id));
        } else if let Some((id, why)) = verdict(line, "KNOWN ") {
            tally.known(&name(id), why);
        } else if let Some((id, why)) = verdict(line, "FAIL ") {
            tally.fail(&name(id), why);
        } else {
            println!("{line}");
        }
    })?;
    if !status.success() && tally.failed == 0 {
        tally.fail(NAME, &format!("the program ended with {status}"));
    }
    Ok(())
}

/// The files of the repository, in the order of their names.
fn cases() -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(root().join(CASES))?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// The id and the reason of a line that begins with `word`.
fn verdict<'a>(line: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix(word)?.split_once(": ")
}
