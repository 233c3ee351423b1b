//! Servers under the same load, in alternating rounds.

use super::load::{self, Report};
use super::{Bench, OURS, SERVER_CORE, SHARE_OF_GO, check_goal, median};
use crate::Result;
use crate::peers::Peer;
use crate::proc;
use crate::process::{ServerProcess, free_address};
use crate::table;
use crate::tally::Tally;

/// Resident memory of our server after the run, at most.
const RSS_MIB: f64 = 12.0;

#[derive(Debug)]
struct Contender {
    name: &'static str,
    /// A JVM compiles while it runs, and wants a longer warm-up.
    compiles: bool,
    process: ServerProcess,
    address: String,
    rounds: Vec<Report>,
    /// Microseconds of processor time per call, a round each.
    cpu: Vec<f64>,
}

/// The name, whether it compiles while it runs, and how to start it.
const CONTENDERS: [(&str, bool, Option<Peer>); 3] = [
    (OURS, false, None),
    ("dubbo-go", false, Some(Peer::GoBench)),
    ("dubbo-java", true, Some(Peer::Java("3"))),
];

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let mut contenders = Vec::new();
    for (name, compiles, peer) in CONTENDERS {
        contenders.push(start(bench, name, compiles, peer)?);
    }
    for contender in &mut contenders {
        contender.load(bench, bench.plan.server_warmup(contender.compiles))?;
    }
    for round in 1..=bench.plan.rounds {
        for contender in &mut contenders {
            let before = proc::cpu_us(contender.process.id())?;
            let report = contender.load(bench, bench.plan.seconds)?;
            let cpu = (proc::cpu_us(contender.process.id())? - before) / report.calls.max(1.0);
            eprintln!(
                "round {round}: {} {cpu:.2} µs/call, {:.0} calls/s",
                contender.name, report.rps
            );
            contender.rounds.push(report);
            contender.cpu.push(cpu);
        }
    }
    judge(&contenders, tally)
}

fn start(
    bench: &Bench,
    name: &'static str,
    compiles: bool,
    peer: Option<Peer>,
) -> Result<Contender> {
    let socket = free_address()?;
    let (address, port) = (socket.to_string(), socket.port().to_string());
    let mut command = match peer {
        None => bench.ours(SERVER_CORE, &["server", "--addr", &address]),
        Some(Peer::Java(_)) => {
            bench.peers.pinned(Peer::Java("3"), SERVER_CORE, &["bench-server", "dubbo", &port])
        }
        Some(peer) => bench.peers.pinned(peer, SERVER_CORE, &["serve", "dubbo", &address]),
    };
    let process = ServerProcess::serve(&mut command, socket, &bench.peers.log(name))?;
    Ok(Contender { name, compiles, process, address, rounds: Vec::new(), cpu: Vec::new() })
}

impl Contender {
    fn load(&self, bench: &Bench, seconds: u64) -> Result<Report> {
        load::run(&mut load::client(bench, "dubbo", &self.address, seconds), seconds)
    }
}

fn judge(contenders: &[Contender], tally: &mut Tally) -> Result<()> {
    let cpu: Vec<f64> = contenders.iter().map(|contender| median(contender.cpu.clone())).collect();
    let [ours, go, ..] = cpu.as_slice() else { return Err("no contenders".into()) };

    let mut rows = Vec::new();
    for (contender, cpu) in contenders.iter().zip(&cpu) {
        let report = Report::summary(&contender.rounds);
        let rss = proc::rss_mib(contender.process.id())?;
        let mut row = vec![
            contender.name.to_owned(),
            format!("{cpu:.2}"),
            format!("{:.1}", cpu / ours),
            format!("{rss:.1}"),
        ];
        row.extend(report.cells());
        rows.push(row);
        report.judge_replies(&format!("servers/{}", contender.name), tally);
        if contender.name == OURS {
            let what = format!("{rss:.1} MiB resident after the run, at most {RSS_MIB}");
            check_goal(tally, "servers/dubhe/memory", &what, rss <= RSS_MIB);
        }
    }
    let header = [&["", "CPU µs/call", "ratio", "RSS MiB"][..], &load::HEADER].concat();
    table::print(&format!("servers: {}", load::setting()), &header, &rows);
    let what = format!("{ours:.2} µs/call, at most 1/20 of dubbo-go's {go:.2}");
    check_goal(tally, "servers/dubhe/cpu", &what, *ours <= go * SHARE_OF_GO);
    Ok(())
}
