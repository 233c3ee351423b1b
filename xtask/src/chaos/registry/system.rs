//! A registry that is stopped and started, and a proxy before it.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::super::Chaos;
use crate::Result;
use crate::peers::Peer;
use crate::process::{ServerProcess, free_address};
use crate::serving::wait_until_it_serves;

/// The port of gRPC is this much above that of Nacos' URL.
const NACOS_GRPC: u16 = 1000;

/// The registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ZooKeeper,
    Nacos,
    Etcd,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::ZooKeeper, Self::Nacos, Self::Etcd];

    pub(super) fn peer(self) -> Peer {
        match self {
            Self::ZooKeeper => Peer::ZooKeeper,
            Self::Nacos => Peer::Nacos,
            Self::Etcd => Peer::Etcd,
        }
    }

    /// The distance of the port that is connected to from that of the URL.
    fn offset(self) -> u16 {
        if self == Self::Nacos { NACOS_GRPC } else { 0 }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZooKeeper => "zookeeper",
            Self::Nacos => "nacos",
            Self::Etcd => "etcd",
        })
    }
}

/// Dubbo's two models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Application,
    Interface,
}

impl Level {
    pub(super) const ALL: [Self; 2] = [Self::Application, Self::Interface];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Interface => "interface",
        }
    }

    fn parameters(self) -> &'static str {
        match self {
            Self::Application => "register-mode=instance&migration.step=FORCE_APPLICATION",
            Self::Interface => "register-mode=interface&migration.step=FORCE_INTERFACE",
        }
    }
}

/// A registry of one case. It keeps its data while it is stopped.
pub(super) struct System<'a> {
    pub(super) kind: Kind,
    chaos: &'a Chaos,
    name: String,
    /// The port of the URL.
    port: u16,
    process: Option<ServerProcess>,
}

impl<'a> System<'a> {
    pub(super) fn start(chaos: &'a Chaos, kind: Kind, case: &str) -> Result<Self> {
        let (name, port) = (format!("{case}-{kind}"), free_port(kind)?);
        let mut system = Self { kind, chaos, name, port, process: None };
        system.up()?;
        Ok(system)
    }

    /// Starts it again, and returns once it serves.
    pub(super) fn up(&mut self) -> Result<()> {
        let port = self.port.to_string();
        let mut args = vec![String::from("serve"), port];
        if self.kind == Kind::Etcd {
            args.push(free_address()?.port().to_string());
        }
        let (peer, name) = (self.kind.peer(), &self.name);
        let mut command = self.chaos.peers.command_in_own_folder(peer, name, &args);
        // Sessions may be as short as a case asks for.
        command.env("ZK_TICK", "500").env("ZK_HEAP", "96m").env("NACOS_HEAP", "300m");
        let log = self.chaos.peers.log(name);
        self.process = Some(ServerProcess::serve(&mut command, self.listens(), &log)?);
        wait_until_it_serves(peer, ([127, 0, 0, 1], self.port).into())
    }

    /// Kills it.
    pub(super) fn down(&mut self) {
        self.process = None;
    }

    fn listens(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port + self.kind.offset()).into()
    }

    /// The URL for processes of a level, with a part of the registry of its own for each `group`.
    pub(super) fn url(&self, level: Level, group: &str, more: &str) -> String {
        self.url_at(self.port, level, group, more)
    }

    fn url_at(&self, port: u16, level: Level, group: &str, more: &str) -> String {
        let (kind, level) = (self.kind, level.parameters());
        format!("{kind}://127.0.0.1:{port}?group={group}&{level}{more}")
    }

    /// A proxy before it.
    pub(super) fn proxy(&self) -> Result<Proxy> {
        let (port, control) = (free_port(self.kind)?, free_address()?);
        let listen = SocketAddr::from(([127, 0, 0, 1], port + self.kind.offset()));
        let mut command = Command::new(&self.chaos.ours);
        for (name, value) in
            [("--listen", listen), ("--to", self.listens()), ("--control", control)]
        {
            if name == "--listen" {
                command.arg("proxy");
            }
            command.args([name, &value.to_string()]);
        }
        let log = self.chaos.peers.log(&format!("proxy-{}", self.name));
        let process = ServerProcess::serve(&mut command, control, &log)?;
        Ok(Proxy { control, port, _process: process })
    }

    /// The same URL through a proxy.
    pub(super) fn url_through(
        &self,
        proxy: &Proxy,
        level: Level,
        group: &str,
        more: &str,
    ) -> String {
        self.url_at(proxy.port, level, group, more)
    }
}

/// The proxy, a process.
pub(super) struct Proxy {
    control: SocketAddr,
    port: u16,
    _process: ServerProcess,
}

impl Proxy {
    /// Gives an order, and returns once it is carried out.
    pub(super) fn order(&self, order: &str) -> Result<()> {
        let mut stream = TcpStream::connect(self.control)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        writeln!(stream, "{order}")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        if answer.trim() == "done" {
            Ok(())
        } else {
            Err(format!("the proxy refused {order}").into())
        }
    }
}

/// A free port below those that the system gives to connections, so that it stays free while its registry
/// is stopped. Nacos needs three more around it.
fn free_port(kind: Kind) -> Result<u16> {
    const FIRST: u16 = 10_000;
    const RANGE: u16 = 18_000;
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let around = |port: u16| match kind {
        Kind::Nacos => vec![port, port - 1000, port + NACOS_GRPC, port + NACOS_GRPC + 1],
        _ => vec![port],
    };
    // The system's own choice is the source of chance.
    for _ in 0..100 {
        let port = FIRST + free_address()?.port() % RANGE;
        if around(port).into_iter().all(free) {
            return Ok(port);
        }
    }
    Err("no port is free from 10000 to 28000".into())
}
