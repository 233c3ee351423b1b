//! Clients against tonic's server, in alternating rounds: a server that no change of ours touches.

use super::project::{Project, Work};
use super::{Cpu, cells, judge};
use crate::Result;
use crate::bench::Bench;
use crate::bench::load::{self, Report};
use crate::process::{ServerProcess, free_address};
use crate::table;
use crate::tally::Tally;

const PROJECTS: [Project; 6] = [
    Project::Dubhe,
    Project::Tonic,
    Project::ConnectRust,
    Project::GrpcGo,
    Project::DubboGo,
    Project::DubboJava,
];

pub(in crate::bench) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let at = free_address()?;
    let mut server = Project::Tonic.server(bench, at, "");
    let _server = ServerProcess::serve(&mut server, at, &bench.peers.log("triple-clients-server"))?;
    let measured = measure(bench, &PROJECTS, Work::Unary, &at.to_string())?;

    let all = measured.iter().map(|(cpu, _)| cpu);
    let ours = judge(all, "triple-clients/dubhe/cpu", "call", tally);
    let mut rows = Vec::new();
    for (cpu, report) in &measured {
        rows.push([cells(cpu, ours), report.cells()].concat());
        report.judge_replies(&format!("triple-clients/{}", cpu.project.name()), tally);
    }
    let header = [&["", "CPU µs/call", "ratio"][..], &load::HEADER].concat();
    table::print(&format!("Triple clients, tonic's server: {}", load::setting()), &header, &rows);
    Ok(())
}

/// Runs clients in alternating rounds; their processor time and the summary of their reports.
pub(super) fn measure(
    bench: &Bench,
    projects: &[Project],
    work: Work,
    address: &str,
) -> Result<Vec<(Cpu, Report)>> {
    let mut rounds: Vec<Vec<Report>> = vec![Vec::new(); projects.len()];
    for round in 1..=bench.plan.rounds {
        for (project, reports) in projects.iter().zip(&mut rounds) {
            let Some((mut client, warmup)) = project.client(bench, work, address) else { continue };
            let report = load::run(&mut client, bench.plan.seconds + warmup)?;
            let (name, cpu, rps) = (project.name(), report.cpu, report.rps);
            eprintln!("round {round}: {name} {cpu:.2} µs, {rps:.0} a second");
            reports.push(report);
        }
    }
    let cpu = |project: &Project, reports: &[Report]| Cpu {
        project: *project,
        rounds: reports.iter().map(|report| report.cpu).collect(),
    };
    let measured = projects.iter().zip(&rounds);
    Ok(measured.map(|(p, reports)| (cpu(p, reports), Report::summary(reports))).collect())
}
