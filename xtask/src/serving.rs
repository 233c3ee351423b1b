//! Registries that are about to serve, which is long after they listen: a peer that comes too early gives
//! up.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::peers::Peer;

/// The longest time for a registry to serve.
const LIMIT: Duration = Duration::from_mins(2);

/// Waits until a registry serves at the port of its URL.
pub(crate) fn wait_until_it_serves(registry: Peer, address: SocketAddr) -> Result<()> {
    let get = |path: &str| format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let (question, expected) = match registry {
        Peer::ZooKeeper => ("srvr".to_owned(), "Mode: standalone"),
        Peer::Nacos => (get("/nacos/v3/admin/core/state/readiness"), " 200 "),
        Peer::Etcd => (get("/health"), " 200 "),
        other => return Err(format!("{other:?} is no registry").into()),
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
