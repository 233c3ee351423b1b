//! Clients against one fast server, in alternating rounds.

use std::process::Command;

use super::load::{self, Report};
use super::{Bench, OURS, SERVER_CORE, SHARE_OF_GO, check_goal};
use crate::Result;
use crate::process::{ServerProcess, free_address};
use crate::table;
use crate::tally::Tally;

const NAMES: [&str; 3] = [OURS, "dubbo-go", "dubbo-java"];

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let socket = free_address()?;
    let address = socket.to_string();
    let mut server = bench.ours(SERVER_CORE, &["server", "--addr", &address]);
    let _server = ServerProcess::serve(&mut server, socket, &bench.peers.log("clients-server"))?;

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
    let seconds = bench.plan.seconds;
    match name {
        OURS => (load::client(bench, "dubbo", address, seconds), 0),
        "dubbo-go" => (load::go_client(bench, "dubbo", address, seconds), 1),
        _ => (load::java_client(bench, "dubbo", address, seconds), bench.plan.client_warmup()),
    }
}

fn judge(reports: &[Report; 3], tally: &mut Tally) {
    let [ours, go, _] = reports;
    let mut rows = Vec::new();
    for (name, report) in NAMES.iter().zip(reports) {
        let mut row = vec![
            (*name).to_owned(),
            format!("{:.2}", report.cpu),
            format!("{:.1}", report.cpu / ours.cpu),
        ];
        row.extend(report.cells());
        rows.push(row);
        report.judge_replies(&format!("clients/{name}"), tally);
    }
    let header = [&["", "CPU µs/call", "ratio"][..], &load::HEADER].concat();
    table::print(&format!("clients against our server: {}", load::setting()), &header, &rows);
    let what = format!("{:.2} µs/call, at most 1/20 of dubbo-go's {:.2}", ours.cpu, go.cpu);
    check_goal(tally, "clients/dubhe/cpu", &what, ours.cpu <= go.cpu * SHARE_OF_GO);
}
