//! The cost of following a registry, and the time until a provider that registers is called.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::load::last_line;
use super::{Bench, check_goal, table};
use crate::Result;
use crate::peers::Peer;
use crate::process::{ServerProcess, check, free_address};
use crate::registries::{Kind, Level, wait_until_it_serves};
use crate::repo::target;
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
/// The time from a registration to the first call, at most.
const FIRST_MS: f64 = 1000.0;
/// The poll of a folder, which comes on top.
const POLL_MS: f64 = 1000.0;
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
    let header = ["", "% of a core", "bytes an endpoint", "ms until 100 services are ready"];
    table::print(&title, &header, &rows);
    first_calls(bench, tally)
}

fn program() -> PathBuf {
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

/// The time from a registration to the first call, on every registry.
fn first_calls(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let mut rows = Vec::new();
    let mut measure = |name: String, url: String, bound: f64, tally: &mut Tally| -> Result<()> {
        let mut command = Command::new(program());
        command.args(["first", "--url", &url]);
        let all = figures(&mut command)?;
        let (median, longest) = (number(&all, "median_ms")?, number(&all, "longest_ms")?);
        let what = format!("median {median:.0} ms, longest {longest:.0} ms, at most {bound}");
        check_goal(tally, &format!("registry/first-call/{name}"), &what, longest <= bound);
        rows.push(vec![name, format!("{median:.0}"), format!("{longest:.0}")]);
        Ok(())
    };
    let folder = bench.peers.file("registry-folder");
    std::fs::create_dir_all(&folder)?;
    let url = format!("file://{}", folder.display());
    measure("file".to_owned(), url, POLL_MS + FIRST_MS, tally)?;
    for kind in Kind::ALL {
        let peer = kind.peer();
        if let Some(how) = peer.missing() {
            tally.skip(&format!("bench/registry/first-call/{kind}"), how);
            continue;
        }
        check(&mut bench.peers.command(peer, &["prepare"]))?;
        let port = kind.free_port()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let name = kind.to_string();
        let mut command = bench.peers.command_in_own_folder(peer, &name, &kind.serve(port)?);
        let _process = ServerProcess::serve(&mut command, address, &bench.peers.log(&name))?;
        wait_until_it_serves(kind, address)?;
        for level in Level::EACH {
            let url = format!("{kind}://{address}?{}", level.parameters());
            measure(format!("{kind}/{}", level.name()), url, FIRST_MS, tally)?;
        }
    }
    let header = ["", "median", "longest"];
    table::print("registry: from a registration to the first call, ms", &header, &rows);
    Ok(())
}

fn figures(command: &mut Command) -> Result<Value> {
    let line = last_line(command, LIMIT)?;
    Ok(serde_json::from_str(&line).map_err(|error| format!("cannot read {line:?}: {error}"))?)
}

fn number(figures: &Value, key: &str) -> Result<f64> {
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
