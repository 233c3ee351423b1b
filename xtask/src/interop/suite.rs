//! The suites: who calls whom and how, and how many cases that must be.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::CommandLine;
use super::judge::Judge;
use super::listed::Listing;
use super::registry::{Registries, Registry};
use super::sides;
use crate::Result;
use crate::known::KnownFailures;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address, lines};
use crate::registries::{Kind, Level};
use crate::tally::Tally;

/// All cases of a suite; Dubbo Java needs about 15 s on two cores.
pub(super) const LIMIT: Duration = Duration::from_mins(10);

/// The cases of a direction between us and a peer, or of both beside one another.
#[derive(Debug)]
pub(super) struct Suite {
    /// The caller and the called, the protocol as URLs name it and, where the consumer is not told
    /// of the provider, the registry that knows it, and whether at the level of applications or at
    /// both: `rust->go/tri/zookeeper/application`; `file` and `dns` know providers that do not register.
    /// Without an arrow, what is compared.
    pub(super) name: &'static str,
    pub(super) peer: Peer,
    /// Cases that must pass. For a Java peer that is what its own consumer
    /// reaches against its own provider, and the codes of errors.
    at_least: usize,
}

pub(super) const fn suite(name: &'static str, peer: Peer, at_least: usize) -> Suite {
    Suite { name, peer, at_least }
}

pub(super) const JAVA: Peer = Peer::Java("3");
const JAVA_3_2: Peer = Peer::Java("3.2");
pub(super) const JAVA_2_7: Peer = Peer::Java("2.7");
const JAVA_2_6: Peer = Peer::Java("2.6");
const SPRING_3: Peer = Peer::Spring("3");
const SPRING_4: Peer = Peer::Spring("4");

/// Consumers leave out unknown services where they would have to wait for a registry.
pub(super) const SUITES: &[Suite] = &[
    suite("java-3.3.6->rust/dubbo", JAVA, 830),
    suite("rust->java-3.3.6/dubbo", JAVA, 809),
    suite("java-3.2.16->rust/dubbo", JAVA_3_2, 821),
    suite("rust->java-3.2.16/dubbo", JAVA_3_2, 802),
    suite("java-2.7.23->rust/dubbo", JAVA_2_7, 821),
    suite("rust->java-2.7.23/dubbo", JAVA_2_7, 802),
    suite("go->rust/dubbo", Peer::Go, 11),
    suite("rust->go/dubbo", Peer::Go, 11),
    suite("java-3.3.6->rust/tri", JAVA, 851),
    suite("rust->java-3.3.6/tri", JAVA, 827),
    suite("java-3.2.16->rust/tri", JAVA_3_2, 841),
    suite("rust->java-3.2.16/tri", JAVA_3_2, 820),
    suite("go->rust/tri", Peer::Go, 17),
    suite("rust->go/tri", Peer::Go, 17),
    suite("grpc-go->rust/grpc", Peer::GoGrpc, 17),
    suite("rust->grpc-go/grpc", Peer::GoGrpc, 19),
    suite("java-grpc->rust/grpc", Peer::JavaGrpc, 16),
    suite("rust->java-grpc/grpc", Peer::JavaGrpc, 19),
    suite("java-3.3.6->rust/dubbo/zookeeper", JAVA, 829),
    suite("rust->java-3.3.6/dubbo/zookeeper", JAVA, 804),
    suite("java-2.7.23->rust/dubbo/zookeeper", JAVA_2_7, 820),
    suite("rust->java-2.7.23/dubbo/zookeeper", JAVA_2_7, 797),
    suite("java-2.6.12->rust/dubbo/zookeeper", JAVA_2_6, 789),
    suite("rust->java-2.6.12/dubbo/zookeeper", JAVA_2_6, 793),
    suite("go->rust/dubbo/zookeeper", Peer::Go, 11),
    suite("rust->go/dubbo/zookeeper", Peer::Go, 11),
    suite("java-3.3.6->rust/tri/zookeeper", JAVA, 850),
    suite("rust->java-3.3.6/tri/zookeeper", JAVA, 825),
    suite("go->rust/tri/zookeeper", Peer::Go, 17),
    suite("rust->go/tri/zookeeper", Peer::Go, 17),
    suite("java-3.3.6->rust/dubbo/zookeeper/application", JAVA, ECHOES),
    suite("rust->java-3.3.6/dubbo/zookeeper/application", JAVA, ECHOES),
    suite("go->rust/dubbo/zookeeper/application", Peer::Go, 11),
    suite("rust->go/dubbo/zookeeper/application", Peer::Go, 11),
    suite("java-3.3.6->rust/tri/zookeeper/application", JAVA, ECHOES),
    suite("rust->java-3.3.6/tri/zookeeper/application", JAVA, ECHOES),
    suite("go->rust/tri/zookeeper/application", Peer::Go, 17),
    suite("rust->go/tri/zookeeper/application", Peer::Go, 17),
    suite("java-3.3.6->rust/dubbo/zookeeper/both", JAVA, ECHOES),
    suite("rust->java-3.3.6/tri/zookeeper/both", JAVA, ECHOES),
    suite("go->rust/tri/zookeeper/both", Peer::Go, 17),
    suite("java-3.3.6->rust/dubbo/nacos", JAVA, ECHOES),
    suite("rust->java-3.3.6/dubbo/nacos", JAVA, ECHOES),
    suite("go->rust/dubbo/nacos", Peer::Go, 11),
    suite("rust->go/dubbo/nacos", Peer::Go, 11),
    suite("java-3.3.6->rust/tri/nacos", JAVA, ECHOES),
    suite("rust->java-3.3.6/tri/nacos", JAVA, ECHOES),
    suite("go->rust/tri/nacos", Peer::Go, 17),
    suite("rust->go/tri/nacos", Peer::Go, 17),
    suite("java-3.3.6->rust/dubbo/nacos/application", JAVA, ECHOES),
    suite("rust->java-3.3.6/dubbo/nacos/application", JAVA, ECHOES),
    suite("go->rust/dubbo/nacos/application", Peer::Go, 11),
    suite("rust->go/dubbo/nacos/application", Peer::Go, 11),
    suite("java-3.3.6->rust/tri/nacos/application", JAVA, ECHOES),
    suite("rust->java-3.3.6/tri/nacos/application", JAVA, ECHOES),
    suite("go->rust/tri/nacos/application", Peer::Go, 17),
    suite("rust->go/tri/nacos/application", Peer::Go, 17),
    suite("java-3.3.6->rust/tri/nacos/both", JAVA, ECHOES),
    suite("rust->java-3.3.6/dubbo/nacos/both", JAVA, ECHOES),
    suite("rust->go/tri/nacos/both", Peer::Go, 17),
    suite("go->rust/dubbo/etcd", Peer::Go, 11),
    suite("rust->go/dubbo/etcd", Peer::Go, 11),
    // Without go->rust/tri/etcd: `report::LEFT_OUT` says why.
    suite("rust->go/tri/etcd", Peer::Go, 17),
    suite("go->rust/dubbo/etcd/application", Peer::Go, 11),
    suite("rust->go/dubbo/etcd/application", Peer::Go, 11),
    suite("go->rust/tri/etcd/application", Peer::Go, 17),
    suite("rust->go/tri/etcd/application", Peer::Go, 17),
    suite("spring-3->rust/http/nacos", SPRING_3, 13),
    suite("rust->spring-3/http/nacos", SPRING_3, 8),
    suite("spring-4->rust/http/nacos", SPRING_4, 13),
    suite("rust->spring-4/http/nacos", SPRING_4, 8),
    suite("rust->java-3.3.6/tri/file", JAVA, ECHOES),
    suite("rust->grpc-go/grpc/dns", Peer::GoGrpc, 19),
    suite("json/tri", JAVA, 317),
];

/// The cases that echo a value: enough where how the provider is found is the question.
pub(super) const ECHOES: usize = 150;

/// A side of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ours,
    Peer,
}

impl Suite {
    /// The packages to install first, if something is missing.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let registry = self.registry().and_then(|kind| kind.peer().missing());
        self.peer.missing().or(registry)
    }

    /// The side whose consumer makes the calls.
    pub(super) fn caller(&self) -> Side {
        if self.name.contains("->rust/") { Side::Peer } else { Side::Ours }
    }

    /// The side whose provider is called.
    pub(super) fn called(&self) -> Side {
        match self.caller() {
            Side::Ours => Side::Peer,
            Side::Peer => Side::Ours,
        }
    }

    /// Returns true if the command line is tried while the provider is up: once for each registry and
    /// level, beside Java where it has the registry.
    fn has_command_line(&self, kind: Kind) -> bool {
        let peer = if kind == Kind::Etcd { Peer::Go } else { JAVA };
        self.caller() == Side::Ours && self.wire() == "dubbo" && self.peer == peer
    }

    /// Returns true if every call is made to our provider too, and the answers are compared.
    fn compares(&self) -> bool {
        !self.name.contains("->")
    }

    /// The protocol.
    pub(super) fn wire(&self) -> &'static str {
        self.name.split('/').nth(1).unwrap_or_default()
    }

    /// The registry that stands between both.
    pub(super) fn registry(&self) -> Option<Kind> {
        self.name.split('/').nth(2).and_then(Kind::named)
    }

    /// The way in which the consumer finds a provider that does not register.
    pub(super) fn listing(&self) -> Option<Listing> {
        self.name.split('/').nth(2).and_then(Listing::named)
    }

    /// The level at which the provider is registered and looked for.
    pub(super) fn level(&self) -> Level {
        self.name.split('/').nth(3).and_then(Level::named).unwrap_or(Level::Interface)
    }

    /// The beginning of the names of the cases to run.
    pub(super) fn only(&self) -> Option<&'static str> {
        let java = matches!(self.peer, Peer::Java(_));
        (java && self.at_least == ECHOES).then_some("echo")
    }

    /// Starts the provider, runs the consumer, judges its lines.
    pub(super) fn run(
        &self,
        peers: &Peers,
        ours: &Path,
        known: &KnownFailures,
        registries: &mut Registries,
        tally: &mut Tally,
    ) -> Result<()> {
        check(&mut peers.command(self.peer, &["prepare"]))?;
        let start = |kind| registries.start(kind, self.level(), peers, self.name);
        let registry = self.registry().map(start).transpose()?;
        let registry = registry.as_ref();
        let start = |side| Provider::start(self, side, peers, ours, registry);
        let mut provider = start(self.called())?;
        let mut beside = self.compares().then(|| start(Side::Ours)).transpose()?;
        if let Some(registry) = registry
            && !self.services().is_empty()
        {
            registry.wait_for(ours, self.wire(), self.services())?;
        }

        if let Some(registry) = registry.filter(|registry| self.has_command_line(registry.kind())) {
            CommandLine::build(self.name, self.peer, peers, registry)?.run(tally);
        }

        let failed = tally.failed;
        let list = |listing: Listing| {
            listing.list(peers, ours, (self.wire(), provider.address), self.services())
        };
        let listed = self.listing().map(list).transpose()?;
        let mut consumer = match (&beside, &listed) {
            (Some(own), _) => sides::comparison(ours, provider.address, own.address),
            (None, Some(listed)) => sides::our_consumer(self, ours, &["--registry", &listed.url]),
            (None, None) => sides::consumer(self, peers, ours, provider.address, registry),
        };
        let mut judge = Judge::new(self.name, known);
        let status = lines(&mut consumer, LIMIT, |line| judge.line(line, tally))?;
        judge.finish(self.at_least, &status.to_string(), tally);
        if tally.failed > failed {
            for provider in std::iter::once(&mut provider).chain(&mut beside) {
                eprintln!("{}: the provider {}", self.name, provider.account());
            }
        }
        Ok(())
    }

    /// The services that its cases call.
    pub(super) fn services(&self) -> &'static [&'static str] {
        match (self.peer, self.wire()) {
            (Peer::Java(_), "tri") => &[
                "peer.api.GreetService",
                "peer.api.PlaceService",
                "peer.api.ConventionService",
                "peer.api.Codes",
                "peer.proto.Greeter",
                "peer.proto.StreamService",
            ],
            (Peer::Java(_), _) => &[
                "peer.api.GreetService",
                "peer.api.PlaceService",
                "peer.api.ConventionService",
                "peer.api.CallbackService",
                "peer.api.Codes",
            ],
            (Peer::Go, "tri") => {
                &["org.example.interop.Greeter", "org.example.interop.PojoService"]
            }
            (Peer::Go, _) => &["org.example.interop.PojoService"],
            _ => &[],
        }
    }
}

/// A provider of one suite.
struct Provider {
    address: SocketAddr,
    server: ServerProcess,
    log: PathBuf,
}

impl Provider {
    /// Starts a side, and waits until it exports everything, which may be after it listens.
    fn start(
        suite: &Suite,
        side: Side,
        peers: &Peers,
        ours: &Path,
        registry: Option<&Registry>,
    ) -> Result<Self> {
        let address = free_address()?;
        let log = peers.log(&format!("{}-{side:?}", suite.name));
        let mut command = sides::provider(suite, side, peers, ours, address, registry);
        let mut server = ServerProcess::serve(&mut command, address, &log)?;
        if let (Side::Peer, Peer::Java(_) | Peer::Spring(_)) = (side, suite.peer) {
            server.said("PROVIDER READY", &log)?;
        }
        Ok(Self { address, server, log })
    }

    /// The state of the process, and its last output.
    fn account(&mut self) -> String {
        self.server.account(&self.log)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, SUITES, Side};

    #[test]
    fn names_say_what_they_should() {
        for suite in SUITES {
            let parts: Vec<&str> = suite.name.split('/').collect();
            let [direction, wire, registry @ ..] = &parts[..] else { panic!("{}", suite.name) };
            let (calls, called) = (direction.starts_with("rust->"), direction.ends_with("->rust"));
            assert!(calls != called || suite.compares(), "{}", suite.name);
            assert_eq!(suite.caller() == Side::Peer, called, "{}", suite.name);
            assert!(["dubbo", "tri", "grpc", "http"].contains(wire), "{}", suite.name);
            let known = |name: &str| Kind::named(name).is_some();
            let is_known = match registry {
                [] => true,
                [_] if suite.listing().is_some() => calls,
                [kind] | [kind, "application" | "both"] => known(kind),
                _ => false,
            };
            assert!(is_known, "{}", suite.name);
        }
    }
}
