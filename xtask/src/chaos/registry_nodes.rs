//! A ZooKeeper that is stopped for a minute.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use super::client;
use super::dubbo::CHAOS;
use super::target::Target;
use super::{Chaos, judge};
use crate::Result;
use crate::peers::Peer;
use crate::process::{ServerProcess, check, free_address};
use crate::tally::Tally;

const AWAY: Duration = Duration::from_mins(1);
/// Time after its return in which providers may be gone.
const BOUND_MS: u128 = 5000;
/// Time after its return that is looked at: more than two sessions.
const AFTER: Duration = Duration::from_secs(100);
const RATE: u32 = 20;
const PROVIDERS: usize = 2;

pub(super) fn away(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    check(&mut chaos.peers.command(Peer::ZooKeeper, &["prepare"]))?;
    let rounds = chaos.rounds(1, 1);
    let (mut good, mut worst, mut lost) = (0, 0, 0);
    for round in 1..=rounds {
        let (gone, failed) = one_round(chaos, round)?;
        eprintln!(
            "registry-nodes: round {round}: gone {gone} ms after its return, {failed} calls lost"
        );
        worst = worst.max(gone);
        lost += failed;
        good += usize::from(gone <= BOUND_MS);
    }
    let what = format!(
        "providers gone, in the registry or to a client, at most {BOUND_MS} ms after a ZooKeeper that was away {} s is back, in \
         {good} of {rounds} rounds; longest {worst} ms, {lost} calls lost in all",
        AWAY.as_secs()
    );
    judge(tally, "registry-nodes/zookeeper", &what, good == rounds && lost == 0);
    Ok(())
}

/// The milliseconds after the return at which a provider was last missing, in the registry or to
/// the client, and the failures in all.
fn one_round(chaos: &Chaos, round: usize) -> Result<(u128, u64)> {
    let at = free_address()?;
    let folder = format!("zookeeper-{round}");
    let mut zookeeper = Some(start(chaos, &folder, at)?);
    let url = format!("zookeeper://{at}");
    let _providers =
        [Target::ours(chaos, &["--registry", &url])?, Target::ours(chaos, &["--registry", &url])?];
    let args = ["--registry".to_owned(), url];
    let (mut back, mut missing, mut known) = (0, 0, 0);
    let time = Duration::from_secs(2) + AWAY + AFTER;
    let load = client::load(chaos, &args, RATE, time, || {
        thread::sleep(Duration::from_secs(2));
        known = nodes(at)?;
        if known < PROVIDERS {
            return Err(format!("the registry has {known} nodes of {PROVIDERS} providers").into());
        }
        zookeeper = None;
        thread::sleep(AWAY);
        zookeeper = Some(start(chaos, &folder, at)?);
        back = client::now_ms();
        while client::now_ms() < back + AFTER.as_millis() {
            // It listens a while before it serves, and answers nothing then.
            if nodes(at).unwrap_or_default() < known {
                missing = client::now_ms() - back;
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    })?;
    let last = load.since(back).rfind(|event| event.failed);
    Ok((last.map_or(0, |event| event.at - back).max(missing), load.failed))
}

/// The number of nodes of providers in the registry, by ZooKeeper's word `dump`.
fn nodes(at: SocketAddr) -> Result<usize> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"dump")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let node = format!("/{CHAOS}/providers/");
    let nodes: BTreeSet<&str> =
        answer.lines().map(str::trim).filter(|line| line.contains(&node)).collect();
    Ok(nodes.len())
}

fn start(chaos: &Chaos, folder: &str, at: SocketAddr) -> Result<ServerProcess> {
    let port = at.port().to_string();
    let mut command = chaos.peers.command_in_own_folder(Peer::ZooKeeper, folder, &["serve", &port]);
    ServerProcess::serve(&mut command, at, &chaos.peers.log(folder))
}
