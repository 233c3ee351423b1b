//! The registry of one suite.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use crate::Result;
use crate::peers::Peers;
use crate::process::{ServerProcess, check};
use crate::registries::{Kind, Level, wait_until_it_serves};

/// A registry that knows of no other run, at the level of a suite.
pub(super) struct Registry {
    server: Rc<Server>,
    level: Level,
}

struct Server {
    kind: Kind,
    address: SocketAddr,
    _process: ServerProcess,
}

/// The registries of a run: Nacos takes so long to start that all its suites share one.
#[derive(Default)]
pub(super) struct Registries(Option<Rc<Server>>);

impl Registries {
    /// The registry for a suite.
    pub(super) fn start(
        &mut self,
        kind: Kind,
        level: Level,
        peers: &Peers,
        suite: &str,
    ) -> Result<Registry> {
        let server = match &self.0 {
            Some(server) if kind == Kind::Nacos => server.clone(),
            _ => Rc::new(Server::start(kind, peers, suite)?),
        };
        if kind == Kind::Nacos {
            self.0 = Some(server.clone());
        }
        Ok(Registry { server, level })
    }
}

impl Server {
    fn start(kind: Kind, peers: &Peers, suite: &str) -> Result<Self> {
        check(&mut peers.command(kind.peer(), &["prepare"]))?;
        let port = kind.free_port()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut server = peers.command_in_own_folder(kind.peer(), suite, &kind.serve(port)?);
        let log = peers.log(&format!("{kind}-{suite}"));
        let process = ServerProcess::serve(&mut server, address, &log)?;
        wait_until_it_serves(kind, address)?;
        Ok(Self { kind, address, _process: process })
    }
}

impl Registry {
    /// Starts another one of the kind, of the same level.
    pub(super) fn another(&self, peers: &Peers, suite: &str) -> Result<Self> {
        Ok(Self { server: Rc::new(Server::start(self.kind(), peers, suite)?), level: self.level })
    }

    /// The URL, as the peers take it.
    pub(super) fn url(&self) -> String {
        // dubbo-go knows no other name of etcd.
        let scheme = match self.server.kind {
            Kind::Etcd => "etcdv3".to_owned(),
            kind => kind.to_string(),
        };
        format!("{scheme}://{}", self.server.address)
    }

    /// The URL as people write it, of both levels.
    pub(super) fn plain_url(&self) -> String {
        format!("{}://{}", self.server.kind, self.server.address)
    }

    pub(super) fn kind(&self) -> Kind {
        self.server.kind
    }

    /// The address alone.
    pub(super) fn address(&self) -> String {
        self.server.address.to_string()
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// The URL for a provider or a consumer of ours, of the level of the suite.
    pub(super) fn our_url(&self) -> String {
        format!("{}?{}", self.url(), self.level.parameters())
    }

    /// Waits, by a consumer of `ours`, until each of `services` has a provider: registries listen a
    /// while before they serve, and providers before they are registered.
    pub(super) fn wait_for(&self, ours: &Path, wire: &str, services: &[&str]) -> Result<()> {
        let url = self.our_url();
        let mut wait = Command::new(ours);
        wait.args(["wait", "--registry", &url, "--protocol", wire]).args(services);
        check(&mut wait)
    }
}
