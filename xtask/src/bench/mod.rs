//! Measures us beside others, all in the same run: beside dubbo-go and Dubbo Java over the dubbo
//! protocol, and beside those, gRPC's implementations in Rust and Go, and an HTTP/2 server in C
//! over Triple.
//!
//! `calls` counts what one call costs, beside nobody, and `registry` what following a registry costs.
//!
//! Processor time per call is what counts: it is steadier than wall time on a
//! machine that is shared. Servers run on one core and the load on another.

mod calls;
mod clients;
mod first_calls;
mod h2load;
mod hessian;
mod instrument;
mod load;
mod plan;
mod registry;
mod servers;
mod triple;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::check;
use crate::repo::{has_program, root, target};
use crate::tally::Tally;
use plan::{Plan, SUITES, parse};

/// The package with our echo server, echo client and Hessian2 timings.
const PACKAGE: &str = "dubhe-bench";
/// The one with the servers and clients of other projects in Rust, a workspace of its own.
const CONTENDERS: &str = "dubhe-contenders";
/// Cores of the servers and of the load.
const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// The suites that need no peer of Dubbo and no cores of their own.
const WITHOUT_PEERS: [&str; 2] = ["calls", "registry"];

/// The name of this project in the tables.
const OURS: &str = "dubhe";
/// Processor time per call of our server and client, as a share of dubbo-go's,
/// at most.
const SHARE_OF_GO: f64 = 1.0 / 20.0;

/// The parts that every suite needs.
#[derive(Debug)]
struct Bench {
    plan: Plan,
    peers: Peers,
    /// The program of this project.
    ours: PathBuf,
    /// The program of other projects in Rust.
    contenders: PathBuf,
}

impl Bench {
    /// The program of this project, held to a core.
    fn ours(&self, core: &str, args: &[&str]) -> Command {
        pinned(core, &self.ours, args)
    }

    /// The program of other projects in Rust, held to a core.
    fn contender(&self, core: &str, args: &[&str]) -> Command {
        pinned(core, &self.contenders, args)
    }
}

fn pinned(core: &str, program: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program).args(args);
    command
}

/// Runs every suite, or the one that is named.
pub(crate) fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let (name, plan) = parse(args)?;
    let suites: Vec<&str> =
        SUITES.iter().copied().filter(|suite| name.is_none_or(|name| name == *suite)).collect();
    let peers = peers(&suites);
    if let Some(how) =
        peers.iter().find_map(|peer| peer.missing()).or_else(|| missing(&suites, has_program))
    {
        tally.skip("bench", how);
        return Ok(());
    }

    let bench = Bench {
        plan,
        peers: Peers::new("bench")?,
        ours: target().join("release").join(PACKAGE),
        contenders: target().join("contenders/release").join(CONTENDERS),
    };
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--package", PACKAGE]).current_dir(root());
    if suites.contains(&"registry") {
        build.args(["--features", "registries"]);
    }
    check(&mut build)?;
    if suites.iter().any(|suite| suite.starts_with(triple::PREFIX)) {
        check(
            Command::new("cargo")
                .args(["build", "--release", "--target-dir"])
                .arg(target().join("contenders"))
                .current_dir(root().join("benches/contenders")),
        )?;
    }
    for &peer in peers {
        check(&mut bench.peers.command(peer, &["prepare"]))?;
    }
    for suite in suites {
        let ended = match suite {
            "calls" => calls::run(&bench, tally),
            "servers" => servers::run(&bench, tally),
            "clients" => clients::run(&bench, tally),
            "registry" => registry::run(&bench, tally),
            "triple-servers" => triple::servers(&bench, tally),
            "triple-clients" => triple::clients(&bench, tally),
            "triple-streams" => triple::streams(&bench, tally),
            _ => hessian::run(&bench, tally),
        };
        if let Err(error) = ended {
            tally.fail(&format!("bench/{suite}"), &error.to_string());
        }
    }
    Ok(())
}

fn without_peers(suites: &[&str]) -> bool {
    suites.iter().all(|suite| WITHOUT_PEERS.contains(suite))
}

/// The peers that the suites need.
fn peers(suites: &[&str]) -> &'static [Peer] {
    if without_peers(suites) { &[] } else { &[Peer::Java("3"), Peer::GoBench] }
}

/// The packages to install first, if `has` does not know a program that the suites need.
fn missing(suites: &[&str], has: impl Fn(&str) -> bool) -> Option<&'static str> {
    if without_peers(suites) {
        return None;
    }
    let http2 = suites.contains(&"triple-servers");
    if !has("taskset") {
        Some("needs taskset: apt-get install util-linux")
    } else if http2 && !(has("h2load") && has("nghttpd")) {
        Some("needs h2load and nghttpd: apt-get install nghttp2-client nghttp2-server")
    } else {
        None
    }
}

/// The middle value; of two, the higher.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A limit that the run must keep.
fn check_goal(tally: &mut Tally, name: &str, what: &str, kept: bool) {
    let name = format!("bench/{name}");
    if kept { tally.pass(&format!("{name}: {what}")) } else { tally.fail(&name, what) }
}

#[cfg(test)]
mod tests {
    use super::{SUITES, median, missing, peers};

    #[test]
    fn what_is_missing_depends_on_the_suite() {
        let without = |name: &'static str| move |program: &str| program != name;
        assert!(missing(&["servers"], without("h2load")).is_none());
        assert!(missing(&["servers", "triple-servers"], without("h2load")).is_some());
        assert!(missing(&["triple-servers"], without("nghttpd")).is_some());
        assert!(missing(&["servers"], without("taskset")).is_some());
        assert!(missing(SUITES, |_| true).is_none());
        assert!(missing(&["calls"], |_| false).is_none());
        assert!(peers(&["calls", "registry"]).is_empty() && !peers(SUITES).is_empty());
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]).total_cmp(&5.0), std::cmp::Ordering::Equal);
        assert!(median(Vec::new()).is_nan());
    }
}
