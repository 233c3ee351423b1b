//! The registry of one suite.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address};

/// The longest time for a registry to serve.
const LIMIT: Duration = Duration::from_mins(2);

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
    kind: Kind,
    address: SocketAddr,
    level: Level,
    _server: ServerProcess,
}

impl Registry {
    pub(super) fn start(kind: Kind, level: Level, peers: &Peers, suite: &str) -> Result<Self> {
        check(&mut peers.command(kind.peer(), &["prepare"]))?;
        let address = free_address()?;
        let mut args = vec!["serve".to_owned(), address.port().to_string()];
        if kind == Kind::Etcd {
            // The port for other members.
            args.push(free_address()?.port().to_string());
        }
        let mut server = peers.command_in_own_folder(kind.peer(), suite, &args);
        let log = peers.log(&format!("{}-{suite}", kind.scheme()));
        let server = ServerProcess::serve(&mut server, address, &log)?;
        if kind == Kind::Nacos {
            wait_for_nacos(address)?;
        }
        Ok(Self { kind, address, level, _server: server })
    }

    /// The URL, as the peers take it.
    pub(super) fn url(&self) -> String {
        format!("{}://{}", self.kind.scheme(), self.address)
    }

    /// The address alone.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
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

/// Waits until Nacos serves, long after it listens: a peer that comes too early gives up.
fn wait_for_nacos(address: SocketAddr) -> Result<()> {
    let end = Instant::now() + LIMIT;
    let request =
        format!("GET /nacos/v3/admin/core/state/readiness HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    while !answer().is_ok_and(|answer| answer.contains(" 200 ")) {
        if Instant::now() > end {
            return Err(format!("nacos does not serve within {LIMIT:?}").into());
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
