//! The suites: who calls whom and how, and how many cases that must be.

use std::path::Path;
use std::time::Duration;

use super::judge::{Judge, KnownFailures};
use super::registry::Registry;
use super::sides;
use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address, lines};
use crate::tally::Tally;

/// All cases of a suite; Dubbo Java needs about 15 s on two cores.
const LIMIT: Duration = Duration::from_mins(10);

/// A direction between us and a peer.
#[derive(Debug)]
pub(super) struct Suite {
    /// The caller and the called, the protocol as URLs name it and, where the consumer is not told
    /// of the provider, the registry that knows it: `rust->go/tri/zookeeper`.
    pub(super) name: &'static str,
    pub(super) peer: Peer,
    /// Cases that must pass. For a Java peer that is what its own consumer
    /// reaches against its own provider, and the codes of errors.
    at_least: usize,
}

const fn suite(name: &'static str, peer: Peer, at_least: usize) -> Suite {
    Suite { name, peer, at_least }
}

const JAVA: Peer = Peer::Java("3");
const JAVA_3_2: Peer = Peer::Java("3.2");
const JAVA_2_7: Peer = Peer::Java("2.7");

/// Consumers leave out unknown services where they would have to wait for a registry.
pub(super) const SUITES: &[Suite] = &[
    suite("java-3.3.6->rust/dubbo", JAVA, 805),
    suite("rust->java-3.3.6/dubbo", JAVA, 781),
    suite("java-3.2.16->rust/dubbo", JAVA_3_2, 797),
    suite("rust->java-3.2.16/dubbo", JAVA_3_2, 774),
    suite("java-2.7.23->rust/dubbo", JAVA_2_7, 797),
    suite("rust->java-2.7.23/dubbo", JAVA_2_7, 774),
    suite("go->rust/dubbo", Peer::Go, 11),
    suite("rust->go/dubbo", Peer::Go, 11),
    suite("java-3.3.6->rust/tri", JAVA, 838),
    suite("rust->java-3.3.6/tri", JAVA, 814),
    suite("java-3.2.16->rust/tri", JAVA_3_2, 829),
    suite("rust->java-3.2.16/tri", JAVA_3_2, 807),
    suite("go->rust/tri", Peer::Go, 17),
    suite("rust->go/tri", Peer::Go, 17),
    suite("grpc-go->rust/grpc", Peer::GoGrpc, 17),
    suite("rust->grpc-go/grpc", Peer::GoGrpc, 19),
    suite("java-grpc->rust/grpc", Peer::JavaGrpc, 16),
    suite("rust->java-grpc/grpc", Peer::JavaGrpc, 19),
    suite("java-3.3.6->rust/dubbo/zookeeper", JAVA, 804),
    suite("rust->java-3.3.6/dubbo/zookeeper", JAVA, 779),
    suite("go->rust/dubbo/zookeeper", Peer::Go, 11),
    suite("rust->go/dubbo/zookeeper", Peer::Go, 11),
    suite("java-3.3.6->rust/tri/zookeeper", JAVA, 837),
    suite("rust->java-3.3.6/tri/zookeeper", JAVA, 812),
    suite("go->rust/tri/zookeeper", Peer::Go, 17),
    suite("rust->go/tri/zookeeper", Peer::Go, 17),
];

impl Suite {
    /// The packages to install first, if something is missing.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let registry = if self.has_registry() { Peer::ZooKeeper.missing() } else { None };
        self.peer.missing().or(registry)
    }

    /// Returns true if we call, false if the peer does.
    pub(super) fn rust_calls(&self) -> bool {
        self.name.starts_with("rust->")
    }

    /// The protocol.
    pub(super) fn wire(&self) -> &'static str {
        self.name.split('/').nth(1).unwrap_or_default()
    }

    /// Returns true if a ZooKeeper stands between both.
    fn has_registry(&self) -> bool {
        self.name.ends_with("/zookeeper")
    }

    /// Starts the provider, runs the consumer, judges its lines.
    pub(super) fn run(
        &self,
        peers: &Peers,
        ours: &Path,
        known: &KnownFailures,
        tally: &mut Tally,
    ) -> Result<()> {
        check(&mut peers.command(self.peer, &["prepare"]))?;
        let registry =
            self.has_registry().then(|| Registry::start(peers, self.name)).transpose()?;
        let registry = registry.as_ref();
        let address = free_address()?;
        let log = peers.log(self.name);
        let mut provider = sides::provider(self, peers, ours, address, registry);
        let mut provider = ServerProcess::serve(&mut provider, address, &log)?;
        if let Some(line) = self.ready() {
            provider.said(line, &log)?;
        }
        if let Some(registry) = registry {
            registry.wait_for(self.services())?;
        }

        let failed = tally.failed;
        let mut consumer = sides::consumer(self, peers, ours, address, registry);
        let mut judge = Judge::new(self.name, known);
        let status = lines(&mut consumer, LIMIT, |line| judge.line(line, tally))?;
        judge.finish(self.at_least, &status.to_string(), tally);
        if tally.failed > failed {
            eprintln!("{}: the provider {}", self.name, provider.account(&log));
        }
        Ok(())
    }

    /// The line that a provider writes once it exports everything, which may be after it listens.
    fn ready(&self) -> Option<&'static str> {
        match self.peer {
            Peer::Java(_) if self.rust_calls() => Some("PROVIDER READY"),
            _ => None,
        }
    }

    /// The services that its cases call.
    fn services(&self) -> &'static [&'static str] {
        match (self.peer, self.wire()) {
            (Peer::Java(_), "tri") => &[
                "peer.api.GreetService",
                "peer.api.Codes",
                "peer.proto.Greeter",
                "peer.proto.StreamService",
            ],
            (Peer::Java(_), _) => &["peer.api.GreetService", "peer.api.Codes"],
            (Peer::Go, "tri") => {
                &["org.example.interop.Greeter", "org.example.interop.PojoService"]
            }
            (Peer::Go, _) => &["org.example.interop.PojoService"],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SUITES;

    #[test]
    fn names_say_what_they_should() {
        for suite in SUITES {
            let parts: Vec<&str> = suite.name.split('/').collect();
            let [direction, wire, registry @ ..] = &parts[..] else { panic!("{}", suite.name) };
            assert!(direction.starts_with("rust->") != direction.ends_with("->rust"));
            assert!(["dubbo", "tri", "grpc"].contains(wire), "{}", suite.name);
            assert!(matches!(registry, [] | ["zookeeper"]), "{}", suite.name);
        }
    }
}
