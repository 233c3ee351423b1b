//! The suites: who calls whom, and how many cases that must be.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::judge::{Judge, Known};
use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{Running, check, free_address, lines};
use crate::tally::Tally;

/// All cases of a suite; Dubbo Java needs about 30 s on two cores.
const LIMIT: Duration = Duration::from_mins(10);

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Peer,
    Rust,
}

/// One direction between us and a peer.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) peer: Peer,
    caller: Caller,
    /// Cases that must pass. For a Java peer that is what its own consumer
    /// reaches against its own provider.
    at_least: usize,
}

const fn suite(name: &'static str, peer: Peer, caller: Caller, at_least: usize) -> Suite {
    Suite { name, peer, caller, at_least }
}

pub(super) const SUITES: &[Suite] = &[
    suite("java-3.3.6->rust", Peer::Java("3"), Caller::Peer, 755),
    suite("rust->java-3.3.6", Peer::Java("3"), Caller::Rust, 755),
    suite("java-3.2.16->rust", Peer::Java("3.2"), Caller::Peer, 747),
    suite("rust->java-3.2.16", Peer::Java("3.2"), Caller::Rust, 747),
    suite("java-2.7.23->rust", Peer::Java("2.7"), Caller::Peer, 747),
    suite("rust->java-2.7.23", Peer::Java("2.7"), Caller::Rust, 747),
    suite("go->rust", Peer::Go, Caller::Peer, 9),
    suite("rust->go", Peer::Go, Caller::Rust, 9),
];

impl Suite {
    /// Starts the provider, runs the consumer, judges its lines.
    pub(super) fn run(
        &self,
        peers: &Peers,
        ours: &Path,
        known: &Known,
        tally: &mut Tally,
    ) -> Result<()> {
        check(&mut peers.command(self.peer, &["prepare"]))?;
        let address = free_address()?;
        let (port, at) = (address.port().to_string(), address.to_string());
        let url = format!("dubbo://{at}");

        let mut provider = match self.caller {
            Caller::Peer => program(ours, &["provider", "--addr", &at]),
            Caller::Rust => peers.command(self.peer, &["serve", "dubbo", &port]),
        };
        let log = peers.log(&self.name.replace("->", "-to-"));
        let _provider = Running::serve(&mut provider, address, &log)?;

        let mut consumer = match (self.caller, self.peer) {
            (Caller::Peer, Peer::Java(_)) => peers
                .command(self.peer, &["consume", &format!("-Durl={url}"), "-Dmode=calls,generic"]),
            (Caller::Peer, _) => {
                peers.command(self.peer, &["test", "-protocol", "dubbo", "-addr", &at])
            }
            (Caller::Rust, Peer::Java(_)) => {
                program(ours, &["consumer", "--url", &url, "--cases", "java"])
            }
            (Caller::Rust, _) => program(ours, &["consumer", "--url", &url, "--cases", "go"]),
        };
        let mut judge = Judge::new(self.name, known);
        let status = lines(&mut consumer, LIMIT, |line| judge.line(line, tally))?;
        judge.finish(self.at_least, &status.to_string(), tally);
        Ok(())
    }
}

fn program(path: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(args);
    command
}
