//! Counters of the instructions that a program executes.

use std::fmt;
use std::process::{Command, Stdio};

use crate::Result;
use crate::repo::has_program;

/// A program that runs another one and counts its instructions in user mode. The counts of one
/// are not those of the other: compare figures of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instrument {
    /// The counters of the processor.
    Perf,
    /// A simulated processor, some fifty times slower.
    Callgrind,
}

impl Instrument {
    /// The one that works here: perf where it really counts, which virtual machines and
    /// containers often do not let it, else callgrind.
    pub(super) fn of_this_machine() -> Option<Self> {
        let counts = || Self::Perf.count(Self::Perf.command().arg("true")).is_ok();
        if has_program("perf") && counts() {
            Some(Self::Perf)
        } else {
            has_program("valgrind").then_some(Self::Callgrind)
        }
    }

    /// The command to which a program and its arguments are added. Children of that program do
    /// not count.
    pub(super) fn command(self) -> Command {
        let (program, args): (_, &[&str]) = match self {
            Self::Perf => {
                ("perf", &["stat", "-x", ",", "--no-inherit", "-e", "instructions:u", "--"])
            }
            Self::Callgrind => (
                "valgrind",
                &["--tool=callgrind", "--trace-children=no", "--callgrind-out-file=/dev/null"],
            ),
        };
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        command
    }

    /// Runs such a command to its end.
    ///
    /// # Errors
    /// When it fails, or nothing was counted.
    pub(super) fn count(self, command: &mut Command) -> Result<u64> {
        let ended = command.output().map_err(|error| format!("cannot start {self}: {error}"))?;
        let text = String::from_utf8_lossy(&ended.stderr);
        if !ended.status.success() {
            return Err(format!("{command:?} ended with {}: {text}", ended.status).into());
        }
        let read = match self {
            Self::Perf => perf(&text),
            Self::Callgrind => callgrind(&text),
        };
        read.ok_or_else(|| format!("{self} did not count: {text}").into())
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Perf => "perf",
            Self::Callgrind => "callgrind",
        })
    }
}

/// The count of `perf stat -x ,`: a line `count,unit,event,..` for each kind of core.
fn perf(text: &str) -> Option<u64> {
    let counts = text.lines().filter_map(|line| {
        let mut fields = line.split(',');
        let (count, event) = (fields.next()?, fields.nth(1)?);
        event.contains("instructions").then(|| count.parse::<u64>().ok())?
    });
    counts.reduce(u64::saturating_add).filter(|count| *count > 0)
}

fn callgrind(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.split_once("Collected : "))?;
    line.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{callgrind, perf};

    #[test]
    fn the_count_of_perf_is_read() {
        assert_eq!(perf("a warning\n184412,,instructions:u,1000,100.00,,\n"), Some(184_412));
        let two = "7,,cpu_core/instructions:u/,9,1,,\n5,,cpu_atom/instructions:u/,9,1,,\n";
        assert_eq!(perf(two), Some(12));
        for none in ["<not supported>,,instructions:u,0,100.00,,", "0,,instructions:u,0,1,,", "x"] {
            assert_eq!(perf(none), None, "{none}");
        }
    }

    #[test]
    fn the_count_of_callgrind_is_read() {
        let text = "==7== \n==7== Events    : Ir\n==7== Collected : 16634099\n==7== \n";
        assert_eq!(callgrind(text), Some(16_634_099));
        assert_eq!(callgrind("valgrind: no such tool"), None);
    }
}
