//! Triple: `bench.Echo` with protobuf, ours and that of others.

mod clients;
mod project;
mod servers;
mod streams;

pub(super) use clients::run as clients;
pub(super) use servers::run as servers;
pub(super) use streams::run as streams;

use super::{check_goal, median};
use crate::tally::Tally;
use project::Project;

/// The beginning of the names of these suites.
pub(super) const PREFIX: &str = "triple-";

/// Processor time of ours as a share of tonic's, at most.
const SHARE_OF_TONIC: f64 = 1.0;

/// Microseconds of processor time per call or message of one contender, a round each.
#[derive(Debug)]
struct Cpu {
    project: Project,
    rounds: Vec<f64>,
}

impl Cpu {
    fn of(project: Project) -> Self {
        Self { project, rounds: Vec::new() }
    }

    fn median(&self) -> f64 {
        median(self.rounds.clone())
    }
}

/// The first cells of a row: the name, the processor time, and how many times ours that is.
fn cells(cpu: &Cpu, ours: f64) -> Vec<String> {
    let own = cpu.median();
    vec![cpu.project.name().to_owned(), format!("{own:.2}"), format!("{:.2}", own / ours)]
}

/// Returns the figure of this project, and judges if it is within its share of tonic's; `what` is
/// per call or per message.
fn judge<'a>(
    all: impl Iterator<Item = &'a Cpu> + Clone,
    name: &str,
    what: &str,
    tally: &mut Tally,
) -> f64 {
    let of = |project| all.clone().find(|cpu| cpu.project == project).map_or(f64::NAN, Cpu::median);
    let (ours, tonic) = (of(Project::Dubhe), of(Project::Tonic));
    let what = format!("{ours:.2} µs/{what}, at most tonic's {tonic:.2}");
    check_goal(tally, name, &what, ours <= tonic * SHARE_OF_TONIC);
    ours
}
