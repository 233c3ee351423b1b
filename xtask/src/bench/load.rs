//! A run of an echo client, as it reports it.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{Bench, LOAD_CORE, check_goal, median};
use crate::Result;
use crate::peers::Peer;
use crate::process::lines;
use crate::tally::Tally;

/// Connections, calls in flight over all of them, and bytes of a call.
pub(super) const CONNS: &str = "8";
pub(super) const CONCURRENCY: &str = "128";
pub(super) const SIZE: &str = "100";

/// The line of JSON that a client prints. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Report {
    /// Calls that were answered rightly in the measured time. Our client measures
    /// from its first call to its last, so these are all that a server answered.
    pub(super) calls: f64,
    pub(super) errors: f64,
    pub(super) rps: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    /// Processor time of the client in the measured time, per call.
    pub(super) cpu: f64,
}

impl Report {
    fn parse(line: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(line)
            .map_err(|error| format!("cannot read the report {line:?}: {error}"))?;
        let number = |key: &str| {
            json.get(key)
                .and_then(Value::as_f64)
                .ok_or_else(|| format!("the report {line:?} has no number {key:?}"))
        };
        Ok(Self {
            calls: number("calls")?,
            errors: number("errors")?,
            rps: number("rps")?,
            p50: number("p50_us")?,
            p99: number("p99_us")?,
            p999: number("p999_us")?,
            cpu: number("cpu_us_per_call")?,
        })
    }

    /// Cells of a table: the rate and the latencies.
    pub(super) fn cells(&self) -> Vec<String> {
        [self.rps, self.p50, self.p99, self.p999]
            .iter()
            .map(|figure| format!("{figure:.0}"))
            .collect()
    }

    /// Judges the replies, as a line of the result.
    pub(super) fn judge_replies(&self, name: &str, tally: &mut Tally) {
        let what =
            format!("{} of {} replies wrong or missing", self.errors, self.calls + self.errors);
        check_goal(tally, &format!("{name}/replies"), &what, self.calls > 0.0 && self.errors < 0.5);
    }

    /// The median of each figure over the rounds; the sum of calls and errors.
    pub(super) fn summary(rounds: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            calls: rounds.iter().map(|round| round.calls).sum(),
            errors: rounds.iter().map(|round| round.errors).sum(),
            rps: middle(|round| round.rps),
            p50: middle(|round| round.p50),
            p99: middle(|round| round.p99),
            p999: middle(|round| round.p999),
            cpu: middle(|round| round.cpu),
        }
    }
}

/// The last line that a measuring program prints.
pub(super) fn last_line(command: &mut Command, limit: Duration) -> Result<String> {
    let mut last = String::new();
    let status = lines(command, limit, |line| line.clone_into(&mut last))?;
    if status.success() {
        Ok(last)
    } else {
        Err(format!("{command:?} ended with {status}: {last}").into())
    }
}

/// The flags that all echo clients know, each after as many dashes as they take.
pub(super) fn flags(dashes: &str, address: &str, seconds: u64) -> Vec<String> {
    let seconds = seconds.to_string();
    [
        ("addr", address),
        ("conns", CONNS),
        ("concurrency", CONCURRENCY),
        ("seconds", &seconds),
        ("size", SIZE),
    ]
    .iter()
    .flat_map(|(name, value)| [format!("{dashes}{name}"), (*value).to_owned()])
    .collect()
}

/// The echo client of this project: a load for servers, and a contender itself.
pub(super) fn client(bench: &Bench, kind: &str, address: &str, seconds: u64) -> Command {
    let mut command = bench.ours(LOAD_CORE, &["client", "--kind", kind]);
    command.args(flags("--", address, seconds));
    command
}

/// dubbo-go's or grpc-go's.
pub(super) fn go_client(bench: &Bench, kind: &str, address: &str, seconds: u64) -> Command {
    let mut command = bench.peers.pinned(Peer::GoBench, LOAD_CORE, &["client", "-kind", kind]);
    command.args(flags("-", address, seconds));
    command
}

/// Dubbo Java's.
pub(super) fn java_client(bench: &Bench, kind: &str, address: &str, seconds: u64) -> Command {
    let warmup = bench.plan.client_warmup().to_string();
    let args = ["bench-client", "-kind", kind, "-warmup", &warmup];
    let mut command = bench.peers.pinned(Peer::Java("3"), LOAD_CORE, &args);
    command.args(flags("-", address, seconds));
    command
}

/// The header of [`Report::cells`].
pub(super) const HEADER: [&str; 4] = ["calls/s", "p50 µs", "p99 µs", "p99.9 µs"];

/// The settings that all share, for the title of a table.
pub(super) fn setting() -> String {
    format!("echo of {SIZE} bytes, {CONNS} connections, {CONCURRENCY} calls in flight")
}

/// Runs an echo client for about `seconds`.
pub(super) fn run(command: &mut Command, seconds: u64) -> Result<Report> {
    Report::parse(&last_line(command, Duration::from_secs(seconds + 120))?)
}

#[cfg(test)]
mod tests {
    use super::{Report, flags};

    const LINE: &str = r#"{"kind":"dubbo","calls":10,"errors":1,"rps":5,"p50_us":1.5,"p99_us":2,"p999_us":3,"cpu_us_per_call":0.5}"#;

    #[test]
    fn a_report_is_read() {
        let report =
            Report { calls: 10.0, errors: 1.0, rps: 5.0, p50: 1.5, p99: 2.0, p999: 3.0, cpu: 0.5 };
        assert_eq!(Report::parse(LINE).unwrap(), report);
        let error = Report::parse(&LINE.replace("rps", "rsp")).unwrap_err();
        assert!(error.to_string().contains("rps"), "{error}");
    }

    #[test]
    fn flags_have_the_dashes_of_their_reader() {
        let flags = flags("-", "h:1", 5);
        assert_eq!(flags[..2], ["-addr", "h:1"]);
        assert_eq!(flags[6..8], ["-seconds", "5"]);
    }

    #[test]
    fn rounds_are_summed_up() {
        let one = Report::parse(LINE).unwrap();
        let three = [one, Report { rps: 50.0, ..one }, Report { rps: 6.0, ..one }];
        assert_eq!(Report::summary(&three), Report { calls: 30.0, errors: 3.0, rps: 6.0, ..one });
    }
}
