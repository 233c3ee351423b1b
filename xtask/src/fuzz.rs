//! Fuzzes the decoders.

use std::fs;
use std::process::Command;

use crate::Result;
use crate::process::check;
use crate::repo::{has_program, root};
use crate::tally::Tally;

/// Seconds for each target when nothing else is said.
const DEFAULT_SECONDS: u64 = 30;

/// Real inputs that lie in the repository, from which a target begins: class files of javac and their sources, definitions of
/// Dubbo, a document of springdoc.
const SEEDS: [(&str, &str); 4] = [
    ("class_file", "crates/codegen/tests/data/classes"),
    ("java_sources", "crates/codegen/tests/data/java"),
    ("openapi_document", "crates/codegen/tests/data/openapi"),
    ("service_definition", "crates/codegen/tests/data/definition"),
];

/// Runs `cargo fuzz` on one target or all.
pub(crate) fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let (name, seconds) = parse(args)?;
    let targets = targets()?;
    let chosen: Vec<&String> =
        targets.iter().filter(|target| name.is_none_or(|name| name == *target)).collect();
    if chosen.is_empty() {
        return Err(format!("no target has that name; there are {}", targets.join(", ")).into());
    }
    for target in chosen {
        let name = format!("fuzz/{target}");
        if !has_program("cargo-fuzz") {
            tally.skip(&name, "cargo install cargo-fuzz && rustup toolchain install nightly");
            continue;
        }
        let mut command = Command::new("cargo");
        command.args(["+nightly", "fuzz", "run", target]).current_dir(root());
        if let Some((_, seeds)) = SEEDS.iter().find(|(of, _)| of == target) {
            // What is found goes to the first folder.
            let found = root().join("fuzz/corpus").join(target);
            fs::create_dir_all(&found)?;
            command.arg(found).arg(root().join(seeds));
        }
        command.arg("--").arg(format!("-max_total_time={seconds}"));
        match check(&mut command) {
            Ok(()) => tally.pass(&format!("{name} ({seconds} s)")),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
    }
    Ok(())
}

/// `[TARGET] [--seconds N]`
fn parse(args: &[String]) -> Result<(Option<&str>, u64)> {
    let (mut name, mut seconds) = (None, DEFAULT_SECONDS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seconds" => {
                let value = args.next().ok_or("--seconds needs a number")?;
                seconds =
                    value.parse().map_err(|_| format!("--seconds {value}: not a whole number"))?;
            }
            target if name.is_none() && !target.starts_with('-') => name = Some(target),
            other => {
                return Err(format!(
                    "unknown argument {other:?}; usage: fuzz [TARGET] [--seconds N]"
                )
                .into());
            }
        }
    }
    Ok((name, seconds))
}

fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut targets = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(stem) = path.file_stem()
        {
            targets.push(stem.to_string_lossy().into_owned());
        }
    }
    targets.sort_unstable();
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::{SEEDS, parse, root, targets};

    #[test]
    fn seeds_are_there_and_of_targets() {
        let targets = targets().unwrap();
        for (target, seeds) in SEEDS {
            assert!(targets.iter().any(|of| of == target), "{target}");
            assert!(root().join(seeds).read_dir().unwrap().next().is_some(), "{seeds}");
        }
    }

    #[test]
    fn arguments_come_in_any_order() {
        let args = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parse(&args("")).unwrap(), (None, 30));
        assert_eq!(parse(&args("--seconds 5 frames")).unwrap(), (Some("frames"), 5));
        for wrong in ["a b", "--seconds", "--seconds x", "--jobs 2"] {
            assert!(parse(&args(wrong)).is_err(), "{wrong}");
        }
    }
}
