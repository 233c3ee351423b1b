//! Servers under h2load, in alternating rounds; in each, a client that looks at replies calls too.

use std::net::SocketAddr;

use super::project::Project;
use super::{Cpu, cells, judge};
use crate::Result;
use crate::bench::h2load::{self, Body, Counts, Length};
use crate::bench::load::{self, Report};
use crate::bench::{Bench, check_goal, median};
use crate::proc;
use crate::process::{ServerProcess, free_address};
use crate::table;
use crate::tally::Tally;

const PROJECTS: [Project; 7] = [
    Project::Dubhe,
    Project::Tonic,
    Project::ConnectRust,
    Project::GrpcGo,
    Project::DubboGo,
    Project::DubboJava,
    Project::Nghttpd,
];

/// Calls of the client that looks at replies, in each round.
const LOOKED_AT: &str = "1024";

struct Contender {
    process: ServerProcess,
    address: SocketAddr,
    cpu: Cpu,
    counts: Vec<Counts>,
    /// The reports of the client that looks at replies.
    looked: Vec<Report>,
}

pub(in crate::bench) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let body = Body::write(bench.peers.file("http2"))?;
    let mut contenders = Vec::new();
    for project in PROJECTS {
        let address = free_address()?;
        let mut command = project.server(bench, address, &body.folder.to_string_lossy());
        let log = bench.peers.log(&format!("triple-{}", project.name()));
        let process = ServerProcess::serve(&mut command, address, &log)?;
        let (counts, looked) = (Vec::new(), Vec::new());
        contenders.push(Contender { process, address, cpu: Cpu::of(project), counts, looked });
    }

    // As many calls a round as fill its time; whole ones, so that none is left unanswered.
    let mut calls = Vec::new();
    for contender in &contenders {
        let warmup = bench.plan.server_warmup(contender.cpu.project.compiles());
        let rps = contender.load(&body, Length::Seconds(warmup))?.rps;
        let whole = format!("{:.0}", rps * bench.plan.seconds as f64).parse::<u64>()?;
        calls.push(Length::Calls(whole.max(128)));
    }
    for round in 1..=bench.plan.rounds {
        for (contender, calls) in contenders.iter_mut().zip(&calls) {
            contender.round(bench, &body, *calls, round)?;
        }
    }
    report(&contenders, tally)
}

impl Contender {
    fn load(&self, body: &Body, length: Length) -> Result<Counts> {
        h2load::run(body, &self.address.to_string(), length)
    }

    fn round(&mut self, bench: &Bench, body: &Body, calls: Length, round: usize) -> Result<()> {
        let before = proc::cpu_us(self.process.id())?;
        let counts = self.load(body, calls)?;
        let cpu = proc::cpu_us(self.process.id())? - before;
        let cpu = cpu / counts.started.max(1) as f64;
        eprintln!(
            "round {round}: {} {cpu:.2} µs/call, {:.0} calls/s",
            self.cpu.project.name(),
            counts.rps
        );
        self.cpu.rounds.push(cpu);
        self.counts.push(counts);
        if self.cpu.project.echoes() {
            let mut client = load::client(bench, "triple", &self.address.to_string(), 0);
            self.looked.push(load::run(client.args(["--calls", LOOKED_AT]), 0)?);
        }
        Ok(())
    }

    /// Judges if every call was answered, and rightly where that can be seen.
    fn judge_replies(&self, tally: &mut Tally) {
        let name = format!("triple-servers/{}", self.cpu.project.name());
        let sum = |count: fn(&Counts) -> u64| self.counts.iter().map(count).sum::<u64>();
        let started = sum(|counts| counts.started);
        let (succeeded, good) = (sum(|counts| counts.succeeded), sum(|counts| counts.good));
        let what = format!("{succeeded} of {started} calls answered, {good} with status 2xx");
        let whole = started > 0 && succeeded == started && good == started;
        check_goal(tally, &format!("{name}/answers"), &what, whole);
        if self.cpu.project.echoes() {
            Report::summary(&self.looked).judge_replies(&name, tally);
        }
    }
}

fn report(contenders: &[Contender], tally: &mut Tally) -> Result<()> {
    let all = contenders.iter().map(|contender| &contender.cpu);
    let ours = judge(all, "triple-servers/dubhe/cpu", "call", tally);
    let mut rows = Vec::new();
    for contender in contenders {
        let mut row = cells(&contender.cpu, ours);
        let rps = median(contender.counts.iter().map(|counts| counts.rps).collect());
        row.push(format!("{rps:.0}"));
        row.push(format!("{:.1}", proc::rss_mib(contender.process.id())?));
        rows.push(row);
        contender.judge_replies(tally);
    }
    let header = ["", "CPU µs/call", "ratio", "calls/s", "RSS MiB"];
    table::print(&format!("Triple servers under h2load: {}", load::setting()), &header, &rows);
    Ok(())
}
