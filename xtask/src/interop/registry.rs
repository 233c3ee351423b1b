//! A ZooKeeper of one suite, which knows of no other run.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address};

/// The longest time for ZooKeeper to serve, and for a provider to register.
const LIMIT: Duration = Duration::from_mins(1);

pub(super) struct Registry {
    address: SocketAddr,
    url: String,
    _server: ServerProcess,
}

impl Registry {
    pub(super) fn start(peers: &Peers, suite: &str) -> Result<Self> {
        check(&mut peers.command(Peer::ZooKeeper, &["prepare"]))?;
        let address = free_address()?;
        let mut server = peers.command_in_own_folder(
            Peer::ZooKeeper,
            suite,
            &["serve", &address.port().to_string()],
        );
        let log = peers.log(&format!("zookeeper-{suite}"));
        let server = ServerProcess::serve(&mut server, address, &log)?;
        let registry = Self { address, url: format!("zookeeper://{address}"), _server: server };
        // It listens a while before it serves.
        registry.wait("answer", |registry| {
            registry.ask("srvr").is_ok_and(|answer| answer.contains("Mode: standalone"))
        })?;
        Ok(registry)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until each of `services` has a provider.
    pub(super) fn wait_for(&self, services: &[&str]) -> Result<()> {
        services.iter().try_for_each(|service| {
            let node = format!("/{service}/providers/");
            self.wait(&format!("provider of {service}"), |registry| {
                registry.ask("dump").is_ok_and(|nodes| nodes.contains(&node))
            })
        })
    }

    fn wait(&self, what: &str, come: impl Fn(&Self) -> bool) -> Result<()> {
        let end = Instant::now() + LIMIT;
        while !come(self) {
            if Instant::now() > end {
                return Err(format!("no {what} from the registry within {LIMIT:?}").into());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The answer to one of ZooKeeper's four-letter words.
    fn ask(&self, word: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(word.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
