//! The cost of following a registry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::load::last_line;
use super::{Bench, check_goal, first_calls};
use crate::Result;
use crate::peers::Peer;
use crate::process::{ServerProcess, check, free_address};
use crate::registries::Level;
use crate::repo::target;
use crate::table;
use crate::tally::Tally;

/// The program that follows registries.
const PROGRAM: &str = "fleet";
const SERVICES: &str = "500";
const INSTANCES: &str = "10000";
/// Instances that are replaced in a minute: a tenth.
const CHANGES: &str = "1000";
/// The share of a core that this takes, at most.
const CORE_PERCENT: f64 = 5.0;
/// The bytes of an endpoint, at most.
const BYTES: f64 = 2048.0;
/// The services of a consumer that starts, and their instances, 20 of each.
const STARTS: (&str, &str) = ("100", "2000");
/// The time until all of these are ready, at most.
const READY_MS: f64 = 2000.0;
/// A run takes no longer; those of a JVM take the longest.
const LIMIT: Duration = Duration::from_mins(10);

/// The others that follow the same fleet, by what the table calls them, and the command of their script.
const OTHERS: [(&str, Peer, &str); 2] = [
    ("dubbo-go, interface", Peer::GoBench, "fleet"),
    ("Dubbo Java, interface", Peer::Java("3"), "bench-fleet"),
];

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let server = free_address()?;
    // It answers at every address of the loopback.
    let any = SocketAddr::from(([0, 0, 0, 0], server.port()));
    let mut command = Command::new(&bench.ours);
    command.args(["server", "--addr", &any.to_string()]);
    let _server = ServerProcess::serve(&mut command, server, &bench.peers.log("registry-server"))?;
    let port = server.port().to_string();
    let mut rows = Vec::new();
    for level in Level::EACH {
        rows.push(fleet(bench, &port, level, tally)?);
    }
    for (name, peer, command) in OTHERS {
        match peer.missing() {
            Some(how) => tally.skip(&format!("bench/registry/{name}"), how),
            None => rows.push(other(bench, &port, name, peer, command)?),
        }
    }
    let title = format!(
        "registry: {INSTANCES} instances of {SERVICES} services, {CHANGES} replaced in a minute"
    );
    // Of the others, which follow without connections, that is the time until the lists are known.
    let known = format!("ms until {} services are known, ours connected too", STARTS.0);
    let header = ["", "% of a core", "bytes an endpoint", &known];
    table::print(&title, &header, &rows);
    first_calls::run(bench, tally)
}

pub(super) fn program() -> PathBuf {
    target().join("release").join(PROGRAM)
}

fn row(name: String, fleet: &Value, start: &Value) -> Result<Vec<String>> {
    Ok(vec![
        name,
        format!("{:.2}", number(fleet, "core_percent")?),
        format!("{:.0}", number(fleet, "bytes")?),
        format!("{:.0}", number(start, "ready_ms")?),
    ])
}

/// The cost of following the fleet at this level.
fn fleet(bench: &Bench, port: &str, level: Level, tally: &mut Tally) -> Result<Vec<String>> {
    let level = level.name();
    let run = |more: &[&str]| {
        let mut command = Command::new(program());
        command.args(["follow", "--level", level, "--port", port]).args(more);
        figures(&mut command)
    };
    let seconds = (bench.plan.seconds * 4).to_string();
    let sizes = ["--services", SERVICES, "--instances", INSTANCES, "--changes", CHANGES];
    let all = run(&[&sizes[..], &["--seconds", &seconds]].concat())?;
    let start = run(&["--services", STARTS.0, "--instances", STARTS.1])?;
    let [core, bytes] = ["core_percent", "bytes"].map(|key| number(&all, key));
    let (core, bytes, ready) = (core?, bytes?, number(&start, "ready_ms")?);
    let name = |what: &str| format!("registry/{what}/{level}");
    let what = format!("{core:.2} % of a core, at most {CORE_PERCENT}");
    check_goal(tally, &name("changes"), &what, core <= CORE_PERCENT);
    let what = format!("{} services are ready in {ready:.0} ms, at most {READY_MS}", STARTS.0);
    check_goal(tally, &name("start"), &what, ready <= READY_MS);
    let what = format!("{bytes:.0} bytes an endpoint, at most {BYTES}");
    check_goal(tally, &name("memory"), &what, bytes <= BYTES);
    row(format!("dubhe, {level}"), &all, &start)
}

/// The same by another implementation, without connections.
fn other(bench: &Bench, port: &str, name: &str, peer: Peer, command: &str) -> Result<Vec<String>> {
    check(&mut bench.peers.command(peer, &["prepare"]))?;
    let run = |services, instances, seconds: u64, warmup: u64| {
        let (seconds, warmup) = (seconds.to_string(), warmup.to_string());
        let mut args = vec![command, "-services", services, "-instances", instances];
        args.extend(["-port", port, "-changes", CHANGES, "-seconds", &seconds]);
        args.extend(["-warmup", &warmup]);
        figures(&mut bench.peers.command(peer, &args))
    };
    let all = run(SERVICES, INSTANCES, bench.plan.seconds * 4, bench.plan.client_warmup())?;
    let start = run(STARTS.0, STARTS.1, 1, 1)?;
    row(name.to_owned(), &all, &start)
}

pub(super) fn figures(command: &mut Command) -> Result<Value> {
    let line = last_line(command, LIMIT)?;
    Ok(serde_json::from_str(&line).map_err(|error| format!("cannot read {line:?}: {error}"))?)
}

pub(super) fn number(figures: &Value, key: &str) -> Result<f64> {
    let number = figures.get(key).and_then(Value::as_f64);
    number.ok_or_else(|| format!("{figures} has no number {key:?}").into())
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_figure_that_is_not_there_is_an_error() {
        let figures = serde_json::json!({"bytes": 1500});
        assert!((number(&figures, "bytes").unwrap() - 1500.0).abs() < f64::EPSILON);
        assert!(number(&figures, "ready_ms").unwrap_err().to_string().contains("ready_ms"));
    }
}
