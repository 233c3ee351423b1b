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
/// The bytes of an endpoint of the application level, at most.
const BYTES: f64 = 2048.0;
/// The services of a consumer that starts, of 20 instances each, and the time until all are ready, at most.
const STARTS: (&str, &str) = ("100", "2000");
const READY_MS: f64 = 2000.0;
/// The time from a registration to the first call, at most.
const FIRST_MS: f64 = 1000.0;
/// The poll of a folder, which comes on top.
const POLL_MS: f64 = 1000.0;
/// A run takes no longer.
const LIMIT: Duration = Duration::from_mins(5);

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let server = free_address()?;
    // It answers at every address of the loopback.
    let any = SocketAddr::from(([0, 0, 0, 0], server.port()));
    let mut command = Command::new(&bench.ours);
    command.args(["server", "--addr", &any.to_string()]);
    let _server = ServerProcess::serve(&mut command, server, &bench.peers.log("registry-server"))?;
    let port = server.port().to_string();
    fleet(bench, &port, tally)?;
    first_calls(bench, tally)
}

fn program() -> PathBuf {
    target().join("release").join(PROGRAM)
}

fn fleet(bench: &Bench, port: &str, tally: &mut Tally) -> Result<()> {
    let mut rows = Vec::new();
    let seconds = (bench.plan.seconds * 4).to_string();
    for level in ["application", "interface"] {
        let run = |more: &[&str]| {
            let mut command = Command::new(program());
            command.args(["follow", "--level", level, "--port", port]).args(more);
            figures(&mut command)
        };
        let sizes = ["--services", SERVICES, "--instances", INSTANCES, "--changes", CHANGES];
        let all = run(&[&sizes[..], &["--seconds", &seconds]].concat())?;
        let (bytes, core) = (number(&all, "bytes")?, number(&all, "core_percent")?);
        let start = run(&["--services", STARTS.0, "--instances", STARTS.1])?;
        let ready = number(&start, "ready_ms")?;
        rows.push(vec![
            level.to_owned(),
            format!("{core:.2}"),
            format!("{bytes:.0}"),
            format!("{ready:.0}"),
        ]);
        let name = |what: &str| format!("registry/{what}/{level}");
        let what = format!("{core:.2} % of a core, at most {CORE_PERCENT}");
        check_goal(tally, &name("changes"), &what, core <= CORE_PERCENT);
        let what = format!("{} services are ready in {ready:.0} ms, at most {READY_MS}", STARTS.0);
        check_goal(tally, &name("start"), &what, ready <= READY_MS);
        if level == "application" {
            let what = format!("{bytes:.0} bytes an endpoint, at most {BYTES}");
            check_goal(tally, &name("memory"), &what, bytes <= BYTES);
        }
    }
    let title = format!(
        "registry: {INSTANCES} instances of {SERVICES} services, {CHANGES} replaced in a minute"
    );
    let header = ["", "% of a core", "bytes an endpoint", "ms until 100 services are ready"];
    table::print(&title, &header, &rows);
    Ok(())
}

fn first_calls(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let mut rows = Vec::new();
    let folder = bench.peers.file("registry-folder");
    std::fs::create_dir_all(&folder)?;
    let mut kinds = vec![("file", None), ("zookeeper", Some(Peer::ZooKeeper))];
    kinds.extend([("etcd", Some(Peer::Etcd)), ("nacos", Some(Peer::Nacos))]);
    for (kind, peer) in kinds {
        let mut process = None;
        let address = match peer {
            None => format!("{kind}://{}", folder.display()),
            Some(peer) => {
                if let Some(how) = peer.missing() {
                    tally.skip(&format!("bench/registry/first-call/{kind}"), how);
                    continue;
                }
                check(&mut bench.peers.command(peer, &["prepare"]))?;
                let at = free_address()?;
                let mut args = vec!["serve".to_owned(), at.port().to_string()];
                if peer == Peer::Etcd {
                    args.push(free_address()?.port().to_string());
                }
                let mut command = bench.peers.command_in_own_folder(peer, kind, &args);
                process = Some(ServerProcess::serve(&mut command, at, &bench.peers.log(kind))?);
                format!("{kind}://{at}")
            }
        };
        let levels: &[(&str, &str)] = match peer {
            None => &[("interface", "")],
            Some(_) => &[
                ("application", "?register-mode=instance&migration.step=FORCE_APPLICATION"),
                ("interface", "?register-mode=interface&migration.step=FORCE_INTERFACE"),
            ],
        };
        for (level, more) in levels {
            let mut command = Command::new(program());
            command.args(["first", "--url", &format!("{address}{more}")]);
            let all = figures(&mut command)?;
            let (median, longest) = (number(&all, "median_ms")?, number(&all, "longest_ms")?);
            rows.push(vec![
                format!("{kind}, {level}"),
                format!("{median:.0}"),
                format!("{longest:.0}"),
            ]);
            let bound = if peer.is_none() { POLL_MS + FIRST_MS } else { FIRST_MS };
            let what = format!("{median:.0} ms, longest {longest:.0} ms; at most {bound}");
            check_goal(
                tally,
                &format!("registry/first-call/{kind}/{level}"),
                &what,
                median <= bound,
            );
        }
        drop(process);
    }
    table::print(
        "registry: from registration to the first call, ms",
        &["", "median", "longest"],
        &rows,
    );
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
