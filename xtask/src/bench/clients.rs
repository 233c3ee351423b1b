//! Clients against one fast server, in alternating rounds.

use std::process::Command;

use super::load::{self, CONCURRENCY, CONNS, Report, SIZE};
use super::{Bench, LOAD_CORE, SERVER_CORE, reach, table};
use crate::Result;
use crate::peers::Peer;
use crate::process::{Running, free_address};
use crate::tally::Tally;

/// Processor time of our client, as a share of dubbo-go's, at most.
const SHARE_OF_GO: f64 = 1.0 / 20.0;

const NAMES: [&str; 3] = ["dubhe", "dubbo-go", "dubbo-java"];

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let socket = free_address()?;
    let address = socket.to_string();
    let mut server = bench.ours(SERVER_CORE, &["server", "--addr", &address]);
    let _server = Running::serve(&mut server, socket, &bench.peers.log("clients-server"))?;

    let mut rounds: [Vec<Report>; 3] = Default::default();
    for round in 1..=bench.plan.rounds {
        for (name, reports) in NAMES.iter().zip(&mut rounds) {
            let (mut client, warmup) = client(bench, name, &address);
            let report = load::run(&mut client, bench.plan.seconds + warmup)?;
            eprintln!("round {round}: {name} {:.2} µs/call, {:.0} calls/s", report.cpu, report.rps);
            reports.push(report);
        }
    }
    judge(&rounds.map(|reports| Report::summary(&reports)), tally);
    Ok(())
}

/// The command, and the seconds it takes to warm up.
fn client(bench: &Bench, name: &str, address: &str) -> (Command, u64) {
    let seconds = bench.plan.seconds.to_string();
    match name {
        "dubhe" => {
            let args = [
                "client",
                "--kind",
                "dubbo",
                "--addr",
                address,
                "--conns",
                CONNS,
                "--concurrency",
                CONCURRENCY,
                "--seconds",
                &seconds,
                "--size",
                SIZE,
            ];
            (bench.ours(LOAD_CORE, &args), 0)
        }
        "dubbo-go" => {
            let args = [
                "client",
                "-kind",
                "dubbo",
                "-addr",
                address,
                "-conns",
                CONNS,
                "-concurrency",
                CONCURRENCY,
                "-seconds",
                &seconds,
                "-size",
                SIZE,
            ];
            (bench.peers.pinned(Peer::GoBench, LOAD_CORE, &args), 1)
        }
        _ => {
            let warmup = bench.plan.warmup.div_ceil(3);
            let args = [
                "bench-client",
                "-addr",
                address,
                "-conns",
                CONNS,
                "-concurrency",
                CONCURRENCY,
                "-seconds",
                &seconds,
                "-size",
                SIZE,
                "-warmup",
                &warmup.to_string(),
            ];
            (bench.peers.pinned(Peer::Java("3"), LOAD_CORE, &args), warmup)
        }
    }
}

fn judge(reports: &[Report; 3], tally: &mut Tally) {
    let [ours, go, _] = reports;
    let mut rows = Vec::new();
    for (name, report) in NAMES.iter().zip(reports) {
        rows.push(vec![
            (*name).to_owned(),
            format!("{:.2}", report.cpu),
            format!("{:.1}", report.cpu / ours.cpu),
            format!("{:.0}", report.rps),
            format!("{:.0}", report.p50),
            format!("{:.0}", report.p99),
            format!("{:.0}", report.p999),
            format!("{:.0}", report.errors),
        ]);
        let replies =
            format!("{} of {} replies wrong", report.errors, report.calls + report.errors);
        reach(tally, &format!("clients/{name}/replies"), &replies, report.errors < 0.5);
    }
    table::print(
        &format!(
            "clients against dubhe: echo of {SIZE} bytes, {CONNS} connections, {CONCURRENCY} calls in flight"
        ),
        &["", "CPU µs/call", "ratio", "calls/s", "p50 µs", "p99 µs", "p99.9 µs", "errors"],
        &rows,
    );
    let what = format!("{:.2} µs/call, at most 1/20 of dubbo-go's {:.2}", ours.cpu, go.cpu);
    reach(tally, "clients/dubhe/cpu", &what, ours.cpu <= go.cpu * SHARE_OF_GO);
}
