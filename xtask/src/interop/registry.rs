//! The registry of one suite.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address};

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

/// A registry that knows of no other run.
pub(super) struct Registry {
    url: String,
    level: Level,
    _server: ServerProcess,
}

impl Registry {
    pub(super) fn start(kind: Kind, level: Level, peers: &Peers, suite: &str) -> Result<Self> {
        check(&mut peers.command(kind.peer(), &["prepare"]))?;
        let address = free_address()?;
        let port = address.port().to_string();
        let mut server = peers.command_in_own_folder(kind.peer(), suite, &["serve", &port]);
        let log = peers.log(&format!("{}-{suite}", kind.scheme()));
        let server = ServerProcess::serve(&mut server, address, &log)?;
        Ok(Self { url: format!("{}://{address}", kind.scheme()), level, _server: server })
    }

    /// The URL, as the peers take it.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// The URL for a provider or a consumer of ours, of the level of the suite.
    pub(super) fn our_url(&self) -> String {
        let Self { url, level, .. } = self;
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
