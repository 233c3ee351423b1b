//! The registries that suites start.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::peers::Peer;
use crate::process::free_address;

/// The port of gRPC is this much above that of Nacos' URL.
const NACOS_GRPC: u16 = 1000;

/// The system that a registry runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ZooKeeper,
    Nacos,
    Etcd,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::ZooKeeper, Self::Nacos, Self::Etcd];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::ZooKeeper => "zookeeper",
            Self::Nacos => "nacos",
            Self::Etcd => "etcd",
        }
    }

    pub(crate) fn peer(self) -> Peer {
        match self {
            Self::ZooKeeper => Peer::ZooKeeper,
            Self::Nacos => Peer::Nacos,
            Self::Etcd => Peer::Etcd,
        }
    }

    /// The distance of the port that clients connect to from that of the URL.
    pub(crate) fn offset(self) -> u16 {
        if self == Self::Nacos { NACOS_GRPC } else { 0 }
    }

    /// The arguments with which its recipe serves at `port`.
    pub(crate) fn serve(self, port: u16) -> Result<Vec<String>> {
        let mut args = vec!["serve".to_owned(), port.to_string()];
        if self == Self::Etcd {
            // The port for other members.
            args.push(free_address()?.port().to_string());
        }
        Ok(args)
    }

    /// A free port below those that the system gives to connections, so that it stays free while its
    /// registry is stopped. Nacos needs three more around it.
    pub(crate) fn free_port(self) -> Result<u16> {
        const FIRST: u16 = 10_000;
        const RANGE: u16 = 18_000;
        let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
        let around = |port: u16| match self {
            Self::Nacos => vec![port, port - 1000, port + NACOS_GRPC, port + NACOS_GRPC + 1],
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
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Dubbo's two models of registration, alone or together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Application,
    Interface,
    /// Providers at both levels, and consumers that prefer the first: what all have by default.
    Both,
}

impl Level {
    /// Each model alone.
    pub(crate) const EACH: [Self; 2] = [Self::Application, Self::Interface];

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Application, Self::Interface, Self::Both].into_iter().find(|at| at.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Interface => "interface",
            Self::Both => "both",
        }
    }

    /// Dubbo Java's `register-mode`, and ours.
    pub(crate) fn register_mode(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Application => "instance",
            Self::Both => "all",
        }
    }

    /// The step of migration of a consumer of Dubbo Java, and ours.
    pub(crate) fn migration(self) -> &'static str {
        match self {
            Self::Interface => "FORCE_INTERFACE",
            Self::Application => "FORCE_APPLICATION",
            Self::Both => "APPLICATION_FIRST",
        }
    }

    /// The parameters of a registry URL for providers and consumers of ours.
    pub(crate) fn parameters(self) -> String {
        format!("register-mode={}&migration.step={}", self.register_mode(), self.migration())
    }

    /// dubbo-go's word.
    pub(crate) fn go(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Application => "service",
            Self::Both => "all",
        }
    }
}

/// The longest time for a registry to serve.
const LIMIT: Duration = Duration::from_mins(2);

/// Waits until a registry serves at the port of its URL, which is long after it listens: a peer that comes
/// too early gives up.
pub(crate) fn wait_until_it_serves(kind: Kind, address: SocketAddr) -> Result<()> {
    let get = |path: &str| format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let (question, expected) = match kind {
        Kind::ZooKeeper => ("srvr".to_owned(), "Mode: standalone"),
        // It says that it is ready before its database is, without which Java gives up the mapping.
        Kind::Nacos => (nacos_document(address), " 200 "),
        Kind::Etcd => (get("/health"), " 200 "),
    };
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(question.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let end = Instant::now() + LIMIT;
    while !ask().is_ok_and(|answer| answer.contains(expected)) {
        if Instant::now() > end {
            return Err(format!("the registry does not serve within {LIMIT:?}").into());
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// A request that writes a document to Nacos.
fn nacos_document(address: SocketAddr) -> String {
    let form = "namespaceId=public&groupName=dubhe&dataId=ready&content=ready";
    format!(
        "POST /nacos/v3/admin/cs/config HTTP/1.0\r\nHost: {address}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}
