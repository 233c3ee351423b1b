//! Hessian2: a list of 1,000 objects of ten fields, here, in Java and in Go.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::load::last_line;
use super::{Bench, LOAD_CORE, check_goal, median};
use crate::Result;
use crate::peers::Peer;
use crate::table;
use crate::tally::Tally;

/// The factors by which we must be faster than hessian-lite. Owned text is what shares the message:
/// a copy of each string costs more in the allocator alone than the rest, and is shown beside.
const ENCODE_OVER_JAVA: f64 = 5.0;
const DECODE_OVER_JAVA: f64 = 2.5;
const BORROW_OVER_JAVA: f64 = 5.0;
/// The factor for dubbo-go-hessian2, in everything.
const OVER_GO: f64 = 15.0;

/// Nanoseconds per object.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Timing {
    encode: f64,
    /// Decoding into types that own their text, each string a copy of its own.
    decode: f64,
    /// Decoding into types that own their text by sharing the message; only we can.
    shared: Option<f64>,
    /// Decoding into types that borrow from the buffer; only we can.
    borrowed: Option<f64>,
}

impl Timing {
    fn parse(line: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(line)
            .map_err(|error| format!("cannot read the timing {line:?}: {error}"))?;
        let number = |key: &str| json.get(key).and_then(Value::as_f64);
        let needed = |key: &str| {
            number(key).ok_or_else(|| format!("the timing {line:?} has no number {key:?}"))
        };
        Ok(Self {
            encode: needed("encode_ns")?,
            decode: needed("decode_ns")?,
            shared: number("decode_shared_ns"),
            borrowed: number("decode_borrowed_ns"),
        })
    }

    fn summary(rounds: &[Self]) -> Self {
        let optional = |figure: fn(&Self) -> Option<f64>| {
            let figures: Vec<f64> = rounds.iter().filter_map(figure).collect();
            (!figures.is_empty()).then(|| median(figures))
        };
        Self {
            encode: median(rounds.iter().map(|round| round.encode).collect()),
            decode: median(rounds.iter().map(|round| round.decode).collect()),
            shared: optional(|round| round.shared),
            borrowed: optional(|round| round.borrowed),
        }
    }
}

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let mut rounds: [Vec<Timing>; 3] = Default::default();
    // A JVM warms up for 20 s in each; three are enough for a median.
    for _ in 0..bench.plan.rounds.min(3) {
        let programs: [Command; 3] = [
            bench.ours(LOAD_CORE, &["hessian"]),
            bench.peers.pinned(Peer::Java("3"), LOAD_CORE, &["bench-hessian"]),
            bench.peers.pinned(Peer::GoBench, LOAD_CORE, &["hessian"]),
        ];
        for (mut program, timings) in programs.into_iter().zip(&mut rounds) {
            timings.push(Timing::parse(&last_line(&mut program, Duration::from_mins(5))?)?);
        }
    }
    judge(&rounds.map(|timings| Timing::summary(&timings)), tally);
    Ok(())
}

fn judge([ours, java, go]: &[Timing; 3], tally: &mut Tally) {
    let optional = |figure: Option<f64>| figure.map_or("-".to_owned(), |ns| format!("{ns:.0}"));
    let names = ["dubhe", "hessian-lite", "dubbo-go-hessian2"];
    let rows: Vec<Vec<String>> = names
        .iter()
        .zip([ours, java, go])
        .map(|(name, timing)| {
            vec![
                (*name).to_owned(),
                format!("{:.0}", timing.encode),
                format!("{:.1}", timing.encode / ours.encode),
                format!("{:.0}", timing.decode),
                format!("{:.1}", timing.decode / ours.decode),
                optional(timing.shared),
                optional(timing.borrowed),
            ]
        })
        .collect();
    table::print(
        "hessian2: a list of 1,000 objects of 10 fields, ns per object",
        &["", "encode", "ratio", "decode", "ratio", "shared", "borrowed"],
        &rows,
    );
    let shared = ours.shared.unwrap_or(f64::INFINITY);
    let borrowed = ours.borrowed.unwrap_or(f64::INFINITY);
    for (name, ours, theirs, times) in [
        ("encode/hessian-lite", ours.encode, java.encode, ENCODE_OVER_JAVA),
        ("owned/hessian-lite", shared, java.decode, DECODE_OVER_JAVA),
        ("borrowed/hessian-lite", borrowed, java.decode, BORROW_OVER_JAVA),
        ("encode/go", ours.encode, go.encode, OVER_GO),
        ("owned/go", shared, go.decode, OVER_GO),
        ("borrowed/go", borrowed, go.decode, OVER_GO),
    ] {
        let what = format!("{:.1} times as fast, at least {times}", theirs / ours);
        check_goal(tally, &format!("hessian/{name}"), &what, theirs >= ours * times);
    }
}

#[cfg(test)]
mod tests {
    use super::{Timing, judge};
    use crate::tally::Tally;

    #[test]
    fn a_timing_is_read() {
        let line = r#"{"encode_ns":130.5,"decode_ns":260,"decode_shared_ns":150,"decode_borrowed_ns":100,"bytes":1}"#;
        let timing =
            Timing { encode: 130.5, decode: 260.0, shared: Some(150.0), borrowed: Some(100.0) };
        assert_eq!(Timing::parse(line).unwrap(), timing);
        assert!(Timing::parse(r#"{"encode_ns":1}"#).is_err());
    }

    #[test]
    fn each_reach_is_judged() {
        let other = |ns| Timing { encode: ns, decode: ns, shared: None, borrowed: None };
        let (java, go) = (other(500.0), other(3100.0));
        let good =
            Timing { encode: 100.0, decode: 300.0, shared: Some(200.0), borrowed: Some(100.0) };
        let mut tally = Tally::default();
        judge(&[good, java, go], &mut tally);
        assert_eq!((tally.passed, tally.failed), (6, 0));
        let bad = Timing { encode: 101.0, shared: Some(201.0), borrowed: None, ..good };
        judge(&[bad, java, go], &mut tally);
        // Too slow against Java in all three, and nothing borrowed against Go.
        assert_eq!((tally.passed, tally.failed), (8, 4));
    }
}
