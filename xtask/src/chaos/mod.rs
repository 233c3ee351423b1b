//! Attacks and faults against our server and our clients, as processes of their own and seen from
//! outside: a line each, with its bound, its figure and the verdict.
//!
//! With `--full` tonic stands beside our server where an attack is one of HTTP/2, and what takes
//! long runs too.

mod calls;
mod client;
mod dubbo;
mod floods;
mod half_messages;
mod hessian;
mod http1;
mod http2;
mod memory;
mod providers;
mod registry;
mod registry_nodes;
mod signals;
mod sockets;
mod target;

use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::check;
use crate::repo::{has_program, root, target as build_folder};
use crate::tally::Tally;

/// The package with our server and our clients.
const PACKAGE: &str = "dubhe-chaos";
/// The profile of its build, of the same name as the folder of the programs.
const PROFILE: &str = "chaos";
/// The one with tonic's server, a workspace of its own.
const CONTENDERS: &str = "dubhe-contenders";
const USAGE: &str = "usage: chaos [CASE|registry/PART|kubernetes/PART] [--full] [--rounds N]";

/// An attack or fault, or several of a kind.
struct Case {
    name: &'static str,
    when: When,
    run: Run,
}

/// The runs that a case belongs to, beside that of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// A run in full length: it takes long.
    Full,
    /// A run by its name alone: it needs what takes long to build.
    Named,
}

type Run = fn(&Chaos, &mut Tally) -> Result<()>;

const fn case(name: &'static str, run: Run) -> Case {
    Case { name, when: When::Always, run }
}

const fn long(name: &'static str, run: Run) -> Case {
    Case { name, when: When::Full, run }
}

const fn named(name: &'static str, run: Run) -> Case {
    Case { name, when: When::Named, run }
}

const CASES: &[Case] = &[
    case("references", memory::references),
    case("lists", memory::lists),
    case("json", memory::json),
    case("numbers", memory::numbers),
    case("unread", memory::unread),
    case("hang-up", calls::hang_up),
    case("one-way", calls::one_way),
    case("blocking", calls::blocking),
    case("floods", floods::floods),
    case("cancels", floods::honest_cancels),
    case("unfinished", sockets::unfinished),
    case("half-messages", half_messages::half_messages),
    case("garbage", sockets::garbage),
    case("descriptors", sockets::descriptors),
    case("many", sockets::many),
    case("churn", sockets::churn),
    case("overloaded", providers::overloaded),
    case("slow", providers::slow),
    case("drain", providers::drain),
    case("reload", providers::reload),
    case("second-signal", signals::second_signal),
    case("silent-registry", signals::silent_registry),
    long("hung", providers::hung),
    case(REGISTRY, registry::run),
    long(REGISTRY_NODES, registry_nodes::away),
    named(KUBERNETES, registry::kubernetes),
];

/// The case of faults of registries, which has parts.
const REGISTRY: &str = "registry";

/// The case that counts the nodes of a ZooKeeper.
pub(crate) const REGISTRY_NODES: &str = "registry-nodes";

/// The case of Kubernetes, whose API server takes a quarter of an hour to build.
pub(crate) const KUBERNETES: &str = "kubernetes";

/// The parts that every case needs.
struct Chaos {
    plan: Plan,
    peers: Peers,
    /// The program of this project.
    ours: PathBuf,
    /// The program of other projects, where it was built.
    contenders: Option<PathBuf>,
}

impl Chaos {
    /// The number of rounds that was asked for, or that of the short or the full form.
    fn rounds(&self, short: usize, full: usize) -> usize {
        self.plan.rounds.unwrap_or(if self.plan.full { full } else { short })
    }
}

/// The form of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Plan {
    /// The part of a case that has parts, `registry/PART` and `kubernetes/PART`.
    part: Option<String>,
    full: bool,
    rounds: Option<usize>,
}

/// Runs every case of the form, or the one that is named in whichever form.
pub(crate) fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let (name, plan) = parse(args)?;
    let chosen: Vec<&Case> = CASES
        .iter()
        .filter(|case| match name {
            Some(name) => case.name == name,
            None => case.when == When::Always || plan.full && case.when == When::Full,
        })
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        return Err(format!("no case has that name; there are {}", names.join(", ")).into());
    }
    if let Some(how) = missing(has_program) {
        tally.skip("chaos", how);
        return Ok(());
    }
    let needs_kubernetes = chosen.iter().any(|case| case.name == KUBERNETES);
    let features = if needs_kubernetes { "dns,kubernetes" } else { "dns" };
    check(
        Command::new("cargo")
            .args(["build", "--profile", PROFILE, "--package", PACKAGE, "--features", features])
            .current_dir(root()),
    )?;
    if plan.full {
        check(
            Command::new("cargo")
                .args(["build", "--release", "--target-dir"])
                .arg(build_folder().join("contenders"))
                .current_dir(root().join("benches/contenders")),
        )?;
    }
    let contenders = build_folder().join("contenders/release").join(CONTENDERS);
    let full = plan.full;
    let chaos = Chaos {
        plan,
        peers: Peers::new("chaos")?,
        ours: build_folder().join(PROFILE).join(PACKAGE),
        contenders: full.then_some(contenders),
    };
    for case in chosen {
        let peer = match case.name {
            REGISTRY_NODES => Some(Peer::ZooKeeper),
            KUBERNETES => Some(Peer::Kubernetes),
            _ => None,
        };
        if let Some(how) = peer.and_then(Peer::missing) {
            tally.skip(&format!("chaos/{}", case.name), how);
            continue;
        }
        if let Err(error) = (case.run)(&chaos, tally) {
            tally.fail(&format!("chaos/{}", case.name), &error.to_string());
        }
    }
    Ok(())
}

/// The packages to install first, if `has` does not know a program that the cases need.
fn missing(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    if !cfg!(target_os = "linux") {
        Some("needs Linux, whose /proc says what an attack costs")
    } else if !has("gzip") {
        Some("needs gzip: apt-get install gzip")
    } else {
        None
    }
}

/// `[CASE] [--full] [--rounds N]`
fn parse(args: &[String]) -> Result<(Option<&str>, Plan)> {
    let (mut name, mut plan) = (None, Plan::default());
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "--full" => plan.full = true,
            "--rounds" => {
                let rounds = args.next().and_then(|n| n.parse().ok()).filter(|&n| n > 0);
                plan.rounds = Some(rounds.ok_or("--rounds needs a whole number above 0")?);
            }
            case if name.is_none() && !case.starts_with('-') => {
                let (case, part) = match case.split_once('/') {
                    Some((case, part)) if [REGISTRY, KUBERNETES].contains(&case) => {
                        (case, Some(part.to_owned()))
                    }
                    _ => (case, None),
                };
                (name, plan.part) = (Some(case), part);
            }
            other => return Err(format!("unknown argument {other:?}; {USAGE}").into()),
        }
    }
    Ok((name, plan))
}

/// The line of a case.
fn judge(tally: &mut Tally, name: &str, what: &str, kept: bool) {
    let name = format!("chaos/{name}");
    if kept { tally.pass(&format!("{name}: {what}")) } else { tally.fail(&name, what) }
}

#[cfg(test)]
mod tests {
    use super::{CASES, Plan, missing, parse};

    #[test]
    fn arguments_come_in_any_order() {
        let args = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parse(&[]).unwrap(), (None, Plan::default()));
        let plan = Plan { full: true, rounds: Some(2), part: None };
        assert_eq!(parse(&args("--rounds 2 drain --full")).unwrap(), (Some("drain"), plan));
        let plan = Plan { part: Some("away".to_owned()), ..Plan::default() };
        for case in ["registry", "kubernetes"] {
            let line = format!("{case}/away");
            assert_eq!(parse(&args(&line)).unwrap(), (Some(case), plan.clone()));
        }
        for wrong in ["a b", "--rounds", "--rounds 0", "--short"] {
            assert!(parse(&args(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_of_cases_differ() {
        let mut names: Vec<_> = CASES.iter().map(|case| case.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CASES.len());
    }

    #[test]
    fn without_gzip_a_line_says_what_to_install() {
        assert!(missing(|_| false).is_some());
        assert!(missing(|_| true).is_none());
    }
}
