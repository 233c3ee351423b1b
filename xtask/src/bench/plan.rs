//! The suites to run, and for how long.

use crate::Result;

pub(super) const SUITES: &[&str] = &[
    "calls",
    "servers",
    "clients",
    "hessian",
    "registry",
    "triple-servers",
    "triple-clients",
    "triple-streams",
];
const USAGE: &str = "usage: bench [calls|servers|clients|hessian|registry|triple-servers|triple-clients|\
                     triple-streams] [--rounds N] [--seconds N] [--warmup N]";

/// The length of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Alternating rounds; the median of them is reported.
    pub(super) rounds: usize,
    /// Seconds of load a round.
    pub(super) seconds: u64,
    /// Seconds of load before the first round, for a JVM; others take a tenth.
    warmup: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { rounds: 5, seconds: 5, warmup: 60 }
    }
}

impl Plan {
    /// Seconds of load before a server is measured.
    pub(super) fn server_warmup(&self, compiles: bool) -> u64 {
        self.warmup.div_ceil(if compiles { 1 } else { 10 })
    }

    /// The same for a client in a JVM, in each round.
    pub(super) fn client_warmup(&self) -> u64 {
        self.warmup.div_ceil(3)
    }
}

/// The suite that is named, if any, and how long to measure.
pub(super) fn parse(args: &[String]) -> Result<(Option<&str>, Plan)> {
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

#[cfg(test)]
mod tests {
    use super::{Plan, parse};

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
}
