//! The cost of one call out and of one call in: instructions, and allocations.
//!
//! Both are counted, not timed, so they hold on any machine: allocations up to those of a timer or two in a run,
//! instructions within about a hundredth.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::instrument::Instrument;
use super::load::last_line;
use super::{Bench, check_goal};
use crate::Result;
use crate::repo::target;
use crate::table;
use crate::tally::Tally;

/// The program that makes the calls.
const PROGRAM: &str = "calls";
/// Calls of which allocations are counted.
const CALLS: u64 = 1000;
/// Calls of the shorter and the longer run under the instrument; start and end cancel out.
const SHORT: u64 = 2000;
const LONG: u64 = 3 * SHORT;
/// A run takes no longer.
const LIMIT: Duration = Duration::from_mins(5);

/// The allocations of a run beside its calls: a timer that rings, a task that moves.
const SLACK: u64 = 10;

/// A side, a protocol, an addition, and the allocations of [`CALLS`] calls, at most.
const CASES: [(&str, &str, &str, u64); 16] = [
    ("out", "dubbo", "none", 2042),
    ("out", "dubbo", "hook", 3042),
    ("out", "dubbo", "filter", 4042),
    ("out", "dubbo", "retries", 2042),
    ("out", "triple", "none", 21000),
    ("out", "triple", "hook", 22000),
    ("out", "triple", "filter", 23000),
    ("out", "triple", "retries", 21000),
    ("in", "dubbo", "none", 3000),
    ("in", "dubbo", "hook", 4000),
    ("in", "dubbo", "filter", 4000),
    ("in", "dubbo", "gate", 3000),
    ("in", "triple", "none", 22008),
    ("in", "triple", "hook", 23008),
    ("in", "triple", "filter", 23008),
    ("in", "triple", "gate", 22008),
];

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let instrument = Instrument::of_this_machine();
    let mut rows = Vec::new();
    for (side, protocol, with, limit) in CASES {
        let name = format!("{side} {protocol} {with}");
        let args = [side, "--protocol", protocol, "--with", with];
        let cost = Cost::of(&args)?;
        let instructions = match instrument {
            Some(instrument) => {
                instructions(instrument, &args, bench.plan.rounds.min(3))?.to_string()
            }
            None => "-".to_owned(),
        };
        rows.push(vec![
            name.clone(),
            instructions,
            per_call(cost.allocations),
            per_call(cost.bytes),
        ]);
        let what = format!("{} allocations in {CALLS} calls, at most {limit}", cost.allocations);
        check_goal(
            tally,
            &format!("calls/{}", name.replace(' ', "/")),
            &what,
            cost.allocations <= limit + SLACK,
        );
    }
    let header = ["", "instructions", "allocations", "bytes"];
    let counted = instrument.map_or_else(String::new, |by| format!(", instructions by {by}"));
    let title = "calls: echo of 100 bytes, one after the other; figures of one call";
    table::print(&format!("{title}{counted}"), &header, &rows);
    if instrument.is_none() {
        let remedy = "needs perf with hardware counters, or valgrind: apt-get install valgrind";
        tally.skip("bench/calls/instructions", remedy);
    }
    Ok(())
}

fn program() -> PathBuf {
    target().join("release").join(PROGRAM)
}

fn per_call(count: u64) -> String {
    format!("{:.2}", count as f64 / CALLS as f64)
}

/// The counts of the program for [`CALLS`] calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    allocations: u64,
    bytes: u64,
}

impl Cost {
    fn of(args: &[&str]) -> Result<Self> {
        let mut command = Command::new(program());
        command.args(args).args(["--calls", &CALLS.to_string()]);
        Self::parse(&last_line(&mut command, LIMIT)?)
    }

    fn parse(line: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(line)
            .map_err(|error| format!("cannot read the cost {line:?}: {error}"))?;
        let number = |key: &str| {
            json.get(key)
                .and_then(Value::as_u64)
                .ok_or_else(|| format!("the cost {line:?} has no number {key:?}"))
        };
        Ok(Self { allocations: number("allocations")?, bytes: number("bytes")? })
    }
}

/// Instructions of one call. A server that other work holds up moves its handlers to tasks of
/// their own for a while, which costs more; so the lowest of several runs counts.
fn instructions(instrument: Instrument, args: &[&str], rounds: usize) -> Result<u64> {
    let (mut short, mut long) = (u64::MAX, u64::MAX);
    for _ in 0..rounds {
        short = short.min(executed(instrument, args, SHORT)?);
        long = long.min(executed(instrument, args, LONG)?);
    }
    Ok(long.saturating_sub(short) / (LONG - SHORT))
}

/// Instructions of a whole run, without its child process.
fn executed(instrument: Instrument, args: &[&str], calls: u64) -> Result<u64> {
    let mut command = instrument.command();
    command.arg(program()).args(args).args(["--calls", &calls.to_string()]);
    instrument.count(&mut command)
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn a_cost_is_read() {
        let line = r#"{"calls":1000,"allocations":2042,"bytes":284872}"#;
        assert_eq!(Cost::parse(line).unwrap(), Cost { allocations: 2042, bytes: 284_872 });
        let error = Cost::parse(&line.replace("bytes", "octets")).unwrap_err();
        assert!(error.to_string().contains("bytes"), "{error}");
    }
}
