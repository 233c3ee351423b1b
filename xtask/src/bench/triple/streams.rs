//! Messages on streams: servers under tonic's client, then clients against tonic's server, each in
//! alternating rounds.

use super::clients::measure;
use super::project::{Project, Work};
use super::{Cpu, cells, judge};
use crate::Result;
use crate::bench::Bench;
use crate::bench::load::{self, CONCURRENCY, CONNS, Report, SIZE};
use crate::proc;
use crate::process::{ServerProcess, free_address};
use crate::table;
use crate::tally::Tally;

const PROJECTS: [Project; 4] =
    [Project::Dubhe, Project::Tonic, Project::ConnectRust, Project::GrpcGo];

/// The projects whose replies must all be right. Connections of connect-rust's server break now and
/// then, under any client; the table says how many replies were wrong or missing.
const JUDGED: [Project; 2] = [Project::Dubhe, Project::Tonic];

const HEADER: [&str; 5] = ["", "CPU µs/message", "ratio", "messages/s", "errors"];

pub(in crate::bench) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    servers(bench, tally)?;
    let at = free_address()?;
    let mut server = Project::Tonic.server(bench, at, "");
    let _server = ServerProcess::serve(&mut server, at, &bench.peers.log("triple-streams-server"))?;
    let measured = measure(bench, &PROJECTS, Work::Streams, &at.to_string())?;
    report("clients, tonic's server", &measured, tally);
    Ok(())
}

fn servers(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let mut servers = Vec::new();
    for project in PROJECTS {
        let at = free_address()?;
        let log = bench.peers.log(&format!("triple-streams-{}", project.name()));
        let process = ServerProcess::serve(&mut project.server(bench, at, ""), at, &log)?;
        servers.push((Cpu::of(project), process, at.to_string(), Vec::new()));
    }
    for round in 0..=bench.plan.rounds {
        for (cpu, process, address, reports) in &mut servers {
            let before = proc::cpu_us(process.id())?;
            let client = Project::Tonic.client(bench, Work::Streams, address);
            let (mut client, warmup) = client.ok_or("tonic has a client")?;
            let report = load::run(&mut client, bench.plan.seconds + warmup)?;
            let spent = (proc::cpu_us(process.id())? - before) / report.calls.max(1.0);
            let (name, rps) = (cpu.project.name(), report.rps);
            eprintln!("round {round}: {name} {spent:.2} µs, {rps:.0} a second");
            // The first warms up.
            if round > 0 {
                cpu.rounds.push(spent);
                reports.push(report);
            }
        }
    }
    let measured: Vec<(Cpu, Report)> =
        servers.into_iter().map(|(cpu, _, _, reports)| (cpu, Report::summary(&reports))).collect();
    report("servers, tonic's client", &measured, tally);
    Ok(())
}

fn report(what: &str, measured: &[(Cpu, Report)], tally: &mut Tally) {
    let (side, _) = what.split_once(',').unwrap_or((what, ""));
    let all = measured.iter().map(|(cpu, _)| cpu);
    let ours = judge(all, &format!("triple-streams/{side}/dubhe/cpu"), "message", tally);
    let mut rows = Vec::new();
    for (cpu, report) in measured {
        let rest = vec![format!("{:.0}", report.rps), format!("{:.0}", report.errors)];
        rows.push([cells(cpu, ours), rest].concat());
        if JUDGED.contains(&cpu.project) {
            report.judge_replies(&format!("triple-streams/{side}/{}", cpu.project.name()), tally);
        }
    }
    let setting = format!(
        "messages of {SIZE} bytes, {CONNS} connections, {CONCURRENCY} streams with 16 ahead on each"
    );
    table::print(&format!("Triple streams, {what}: {setting}"), &HEADER, &rows);
}
