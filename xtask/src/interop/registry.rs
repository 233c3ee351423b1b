//! The registry of one suite.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address};
use crate::serving::wait_until_it_serves;

/// The system that a registry runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ZooKeeper,
    Nacos,
    Etcd,
}

/// Dubbo's two models of registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Interface,
    Application,
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "zookeeper" => Some(Self::ZooKeeper),
            "nacos" => Some(Self::Nacos),
            "etcd" => Some(Self::Etcd),
            _ => None,
        }
    }

    pub(super) fn peer(self) -> Peer {
        match self {
            Self::ZooKeeper => Peer::ZooKeeper,
            Self::Nacos => Peer::Nacos,
            Self::Etcd => Peer::Etcd,
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Self::ZooKeeper => "zookeeper",
            Self::Nacos => "nacos",
            Self::Etcd => "etcdv3",
        }
    }
}

impl Level {
    /// Dubbo Java's `register-mode`, and ours.
    pub(super) fn register_mode(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Application => "instance",
        }
    }

    /// The step of migration at which a consumer of Dubbo Java, and ours, looks at this level alone.
    pub(super) fn migration(self) -> &'static str {
        match self {
            Self::Interface => "FORCE_INTERFACE",
            Self::Application => "FORCE_APPLICATION",
        }
    }

    /// dubbo-go's word.
    pub(super) fn go(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Application => "service",
        }
    }
}

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
        let address = address_for(kind)?;
        let mut args = vec!["serve".to_owned(), address.port().to_string()];
        if kind == Kind::Etcd {
            // The port for other members.
            args.push(free_address()?.port().to_string());
        }
        let mut server = peers.command_in_own_folder(kind.peer(), suite, &args);
        let log = peers.log(&format!("{}-{suite}", kind.scheme()));
        let process = ServerProcess::serve(&mut server, address, &log)?;
        wait_until_it_serves(kind.peer(), address)?;
        Ok(Self { kind, address, _process: process })
    }
}

/// A free address, of which Nacos needs further ports at fixed distances.
fn address_for(kind: Kind) -> Result<SocketAddr> {
    const NACOS: [i32; 3] = [-1000, 1000, 1001];
    const ATTEMPTS: usize = 100;
    for _ in 0..ATTEMPTS {
        let address = free_address()?;
        let beside = NACOS.map(|distance| i32::from(address.port()) + distance);
        let is_free = |port: &i32| {
            u16::try_from(*port).is_ok_and(|port| TcpListener::bind((address.ip(), port)).is_ok())
        };
        if kind != Kind::Nacos || beside.iter().all(is_free) {
            return Ok(address);
        }
    }
    Err("no free ports for nacos".into())
}

impl Registry {
    /// The URL, as the peers take it.
    pub(super) fn url(&self) -> String {
        format!("{}://{}", self.server.kind.scheme(), self.server.address)
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
        let (url, level) = (self.url(), self.level);
        format!(
            "{url}?register-mode={}&migration.step={}",
            level.register_mode(),
            level.migration()
        )
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
