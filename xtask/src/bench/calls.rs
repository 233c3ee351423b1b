//! The cost of one call out and of one call in: instructions, and allocations.
//!
//! Both are counted, not timed, so they hold on any machine: allocations to the last one,
//! instructions within about a hundredth.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::load::last_line;
use super::{Bench, check_goal, table};
use crate::Result;
use crate::repo::{has_program, target};
use crate::tally::Tally;

/// The program that makes the calls.
const PROGRAM: &str = "calls";
/// The program that counts instructions.
const INSTRUMENT: &str = "valgrind";
/// Calls of which allocations are counted.
const CALLS: u64 = 1000;
/// Calls of the shorter and the longer run under the instrument; start and end cancel out.
const SHORT: u64 = 2000;
const LONG: u64 = 3 * SHORT;
/// A run takes no longer.
const LIMIT: Duration = Duration::from_mins(5);

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
    let instrument = has_program(INSTRUMENT);
    let mut rows = Vec::new();
    for (side, protocol, with, limit) in CASES {
        let name = format!("{side} {protocol} {with}");
        let args = [side, "--protocol", protocol, "--with", with];
        let cost = Cost::of(&args)?;
        let instructions =
            if instrument { Some(instructions(&args, bench.plan.rounds.min(3))?) } else { None };
        rows.push(vec![
            name.clone(),
            instructions.map_or_else(|| "-".to_owned(), |count| count.to_string()),
            per_call(cost.allocations),
            per_call(cost.bytes),
        ]);
        let what = format!("{} allocations in {CALLS} calls, at most {limit}", cost.allocations);
        check_goal(
            tally,
            &format!("calls/{}", name.replace(' ', "/")),
            &what,
            cost.allocations <= limit,
        );
    }
    let header = ["", "instructions", "allocations", "bytes"];
    table::print(
        "calls: echo of 100 bytes, one after the other; figures of one call",
        &header,
        &rows,
    );
    if !instrument {
        tally.skip("bench/calls/instructions", "needs valgrind: apt-get install valgrind");
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
fn instructions(args: &[&str], rounds: usize) -> Result<u64> {
    let (mut short, mut long) = (u64::MAX, u64::MAX);
    for _ in 0..rounds {
        short = short.min(executed(args, SHORT)?);
        long = long.min(executed(args, LONG)?);
    }
    Ok(long.saturating_sub(short) / (LONG - SHORT))
}

/// Instructions of a whole run, without its child process.
fn executed(args: &[&str], calls: u64) -> Result<u64> {
    let mut command = Command::new(INSTRUMENT);
    command
        .args(["--tool=callgrind", "--trace-children=no", "--callgrind-out-file=/dev/null"])
        .arg(program())
        .args(args)
        .args(["--calls", &calls.to_string()])
        .stdin(Stdio::null());
    let ended = command.output().map_err(|error| format!("cannot start {INSTRUMENT}: {error}"))?;
    let text = String::from_utf8_lossy(&ended.stderr);
    if !ended.status.success() {
        return Err(format!("{command:?} ended with {}: {text}", ended.status).into());
    }
    collected(&text).ok_or_else(|| format!("cannot read what callgrind says: {text}").into())
}

fn collected(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.split_once("Collected : "))?;
    line.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Cost, collected};

    #[test]
    fn a_cost_is_read() {
        let line = r#"{"calls":1000,"allocations":2042,"bytes":284872}"#;
        assert_eq!(Cost::parse(line).unwrap(), Cost { allocations: 2042, bytes: 284_872 });
        let error = Cost::parse(&line.replace("bytes", "octets")).unwrap_err();
        assert!(error.to_string().contains("bytes"), "{error}");
    }

    #[test]
    fn the_count_of_callgrind_is_read() {
        let text = "==7== \n==7== Events    : Ir\n==7== Collected : 16634099\n==7== \n";
        assert_eq!(collected(text), Some(16_634_099));
        assert_eq!(collected("valgrind: no such tool"), None);
    }
}
