//! A registry that is stopped and started, and a proxy before it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::super::Chaos;
use crate::Result;
use crate::process::{ServerProcess, free_address};
use crate::registries::{Kind, Level, wait_until_it_serves};

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
        let (name, port) = (format!("{case}-{kind}"), kind.free_port()?);
        let mut system = Self { kind, chaos, name, port, process: None };
        system.up()?;
        Ok(system)
    }

    /// Starts it again, and returns once it serves.
    pub(super) fn up(&mut self) -> Result<()> {
        let (peer, name) = (self.kind.peer(), &self.name);
        let args = self.kind.serve(self.port)?;
        let mut command = self.chaos.peers.command_in_own_folder(peer, name, &args);
        // Sessions may be as short as a case asks for.
        command.env("ZK_TICK", "500").env("ZK_HEAP", "96m").env("NACOS_HEAP", "300m");
        let log = self.chaos.peers.log(name);
        self.process = Some(ServerProcess::serve(&mut command, self.listens(), &log)?);
        wait_until_it_serves(self.kind, ([127, 0, 0, 1], self.port).into())
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
        let port = self.kind.free_port()?;
        let listen = SocketAddr::from(([127, 0, 0, 1], port + self.kind.offset()));
        Proxy::start(self.chaos, &self.name, port, listen, self.listens())
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
    /// The port of the URL.
    pub(super) port: u16,
    _process: ServerProcess,
}

impl Proxy {
    /// A proxy that listens for the processes of a case and connects to the registry.
    pub(super) fn start(
        chaos: &Chaos,
        name: &str,
        port: u16,
        listen: SocketAddr,
        to: SocketAddr,
    ) -> Result<Self> {
        let control = free_address()?;
        let mut command = Command::new(&chaos.ours);
        command.arg("proxy");
        for (name, value) in [("--listen", listen), ("--to", to), ("--control", control)] {
            command.args([name, &value.to_string()]);
        }
        let log = chaos.peers.log(&format!("proxy-{name}"));
        let process = ServerProcess::serve(&mut command, control, &log)?;
        Ok(Self { control, port, _process: process })
    }

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
