//! Measures us beside dubbo-go and Dubbo Java, all in the same run.
//!
//! Processor time per call is what counts: it is steadier than wall time on a
//! machine that is shared. Servers run on one core and the load on another.

mod clients;
mod hessian;
mod load;
mod proc;
mod servers;
mod table;

use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::check;
use crate::repo::{has_program, root};
use crate::tally::Tally;

/// The package with our echo server, echo client and Hessian2 timings.
const PACKAGE: &str = "dubhe-bench";
/// Cores of the servers and of the load.
const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// We, in the tables.
const OURS: &str = "dubhe";
/// Processor time per call of our server and client, as a share of dubbo-go's,
/// at most.
const SHARE_OF_GO: f64 = 1.0 / 20.0;

const SUITES: &[&str] = &["servers", "clients", "hessian"];
const USAGE: &str =
    "usage: bench [servers|clients|hessian] [--rounds N] [--seconds N] [--warmup N]";

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    /// Alternating rounds; the median of them is reported.
    rounds: usize,
    /// Seconds of load a round.
    seconds: u64,
    /// Seconds of load before the first round, for a JVM; others take a tenth.
    warmup: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { rounds: 5, seconds: 5, warmup: 60 }
    }
}

/// What every suite needs.
#[derive(Debug)]
struct Bench {
    plan: Plan,
    peers: Peers,
    /// Our program.
    ours: PathBuf,
}

impl Bench {
    /// Our program, held to a core.
    fn ours(&self, core: &str, args: &[&str]) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(&self.ours).args(args);
        command
    }
}

/// Runs every suite, or the one that is named.
pub(crate) fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let (name, plan) = parse(args)?;
    let peers = [Peer::Java("3"), Peer::GoBench];
    let missing = peers.iter().find_map(|peer| peer.missing()).or_else(|| {
        (!has_program("taskset")).then_some("needs taskset: apt-get install util-linux")
    });
    if let Some(how) = missing {
        tally.skip("bench", how);
        return Ok(());
    }

    check(
        Command::new("cargo")
            .args(["build", "--release", "--package", PACKAGE])
            .current_dir(root()),
    )?;
    let bench = Bench {
        plan,
        peers: Peers::new("bench")?,
        ours: crate::repo::target().join("release").join(PACKAGE),
    };
    for peer in peers {
        check(&mut bench.peers.command(peer, &["prepare"]))?;
    }
    for suite in SUITES.iter().filter(|suite| name.is_none_or(|name| name == **suite)) {
        let ended = match *suite {
            "servers" => servers::run(&bench, tally),
            "clients" => clients::run(&bench, tally),
            _ => hessian::run(&bench, tally),
        };
        if let Err(error) = ended {
            tally.fail(&format!("bench/{suite}"), &error.to_string());
        }
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<(Option<&str>, Plan)> {
    let (mut name, mut plan) = (None, Plan::default());
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        let mut number = || {
            let value =
                args.next().and_then(|value| value.parse::<u64>().ok()).filter(|&value| value > 0);
            value.ok_or_else(|| format!("{arg} needs a whole number above 0; {USAGE}"))
        };
        match arg {
            "--rounds" => plan.rounds = usize::try_from(number()?)?,
            "--seconds" => plan.seconds = number()?,
            "--warmup" => plan.warmup = number()?,
            suite if SUITES.contains(&suite) && name.is_none() => name = Some(suite),
            other => return Err(format!("unknown argument {other:?}; {USAGE}").into()),
        }
    }
    Ok((name, plan))
}

/// The middle value; of two, the higher.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A limit that the run must keep.
fn reach(tally: &mut Tally, name: &str, what: &str, kept: bool) {
    let name = format!("bench/{name}");
    if kept { tally.pass(&format!("{name}: {what}")) } else { tally.fail(&name, what) }
}

#[cfg(test)]
mod tests {
    use super::{Plan, median, parse};

    #[test]
    fn arguments_are_read() {
        let args = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let plan = Plan { rounds: 2, seconds: 3, warmup: 4 };
        let line = args("--rounds 2 servers --seconds 3 --warmup 4");
        assert_eq!(parse(&line).unwrap(), (Some("servers"), plan));
        assert_eq!(parse(&[]).unwrap(), (None, Plan::default()));
        for wrong in ["nothing", "--rounds", "--rounds 0", "servers clients"] {
            assert!(parse(&args(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]).total_cmp(&5.0), std::cmp::Ordering::Equal);
        assert!(median(Vec::new()).is_nan());
    }
}
