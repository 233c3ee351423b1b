//! A ZooKeeper that is away for a minute.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use super::client;
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

pub(super) fn away(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    check(&mut chaos.peers.command(Peer::ZooKeeper, &["prepare"]))?;
    let rounds = chaos.rounds(1, 1);
    let (mut good, mut worst, mut lost) = (0, 0, 0);
    for round in 1..=rounds {
        let (gone, failed) = one_round(chaos, round)?;
        eprintln!(
            "registry-away: round {round}: gone {gone} ms after its return, {failed} calls lost"
        );
        worst = worst.max(gone);
        lost += failed;
        good += usize::from(gone <= BOUND_MS);
    }
    let what = format!(
        "providers gone at most {BOUND_MS} ms after a ZooKeeper that was away {} s is back, in \
         {good} of {rounds} rounds; longest {worst} ms, {lost} calls lost in all",
        AWAY.as_secs()
    );
    judge(tally, "registry-away/zookeeper", &what, good == rounds);
    Ok(())
}

/// How long after the return the last call failed, in milliseconds, and the failures in all.
fn one_round(chaos: &Chaos, round: usize) -> Result<(u128, u64)> {
    let at = free_address()?;
    let folder = format!("zookeeper-{round}");
    let mut zookeeper = Some(start(chaos, &folder, at)?);
    let url = format!("zookeeper://{at}");
    let _providers =
        [Target::ours(chaos, &["--registry", &url])?, Target::ours(chaos, &["--registry", &url])?];
    let args = ["--registry".to_owned(), url];
    let mut back = 0;
    let time = Duration::from_secs(2) + AWAY + AFTER;
    let load = client::load(chaos, &args, RATE, time, || {
        thread::sleep(Duration::from_secs(2));
        zookeeper = None;
        thread::sleep(AWAY);
        zookeeper = Some(start(chaos, &folder, at)?);
        back = client::now_ms();
        Ok(())
    })?;
    let last = load.since(back).rfind(|event| event.failed);
    Ok((last.map_or(0, |event| event.at - back), load.failed))
}

fn start(chaos: &Chaos, folder: &str, at: SocketAddr) -> Result<ServerProcess> {
    let port = at.port().to_string();
    let mut command = chaos.peers.command_in_own_folder(Peer::ZooKeeper, folder, &["serve", &port]);
    ServerProcess::serve(&mut command, at, &chaos.peers.log(folder))
}
