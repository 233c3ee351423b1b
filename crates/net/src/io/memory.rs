//! A network inside the process: listeners and dialers that meet over in-memory pipes, without
//! sockets, in an order that only the runtime decides.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Address, BoxFuture, ConnectionInfo, Dial, Io, Listen, SockAddr};
use crate::{Error, ErrorKind, Result};

/// The number of dialed streams that wait for `accept` before dialing waits too.
const BACKLOG: usize = 128;

/// A private network. Clones are the same network.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{Address, Dial, Listen}; pub use dubhe_net::io::memory::Network; } }
/// use dubhe::net::{Address, Dial, Listen, Network};
/// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Server and client of a test, without a socket: for `start_on(..)` and `.dial(..)`.
/// let network = Network::default();
/// let mut listen = network.listen("10.0.0.7:20880".parse()?)?;
/// let (mut caller, _) = network.dial(&Address::new("10.0.0.7", 20880)).await?;
/// let (mut callee, _) = std::future::poll_fn(|cx| listen.poll_accept(cx)).await?;
///
/// caller.write_all(b"ping").await?;
/// let mut bytes = [0; 4];
/// callee.read_exact(&mut bytes).await?;
/// assert_eq!(&bytes, b"ping");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Network {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pipe: usize,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    listeners: HashMap<SocketAddr, mpsc::Sender<(Io, ConnectionInfo)>>,
    next_port: u16,
}

impl Default for Network {
    /// A network whose pipes hold 64 KiB a direction.
    fn default() -> Self {
        Self::with_pipe(64 * 1024)
    }
}

impl Network {
    /// A network whose pipes hold `bytes` a direction before a writer must wait.
    pub fn with_pipe(bytes: usize) -> Self {
        let table = Table { listeners: HashMap::new(), next_port: 1 };
        Self { shared: Arc::new(Shared { pipe: bytes, table: Mutex::new(table) }) }
    }

    /// Two connected streams, without a listener.
    pub fn pair(&self) -> ((Io, ConnectionInfo), (Io, ConnectionInfo)) {
        let (left, right) = (self.free_port(), self.free_port());
        let (a, b) = tokio::io::duplex(self.shared.pipe);
        (
            (a.into(), ConnectionInfo::clear(right, left)),
            (b.into(), ConnectionInfo::clear(left, right)),
        )
    }

    /// Listens on `addr`; port 0 takes a free one. Dropping the listener frees the address.
    ///
    /// # Errors
    /// When the address has a listener.
    pub fn listen(&self, addr: SocketAddr) -> Result<MemoryListen> {
        let local = match addr.port() {
            0 => SocketAddr::new(addr.ip(), self.free_port().port()),
            _ => addr,
        };
        let (sender, accepted) = mpsc::channel(BACKLOG);
        let mut table = self.shared.table.lock();
        if table.listeners.contains_key(&local) {
            let message = format!("cannot listen on {local}: the address has a listener");
            return Err(Error::new(ErrorKind::Io, message));
        }
        table.listeners.insert(local, sender);
        drop(table);
        Ok(MemoryListen { local, accepted, network: self.clone() })
    }

    fn free_port(&self) -> SocketAddr {
        let mut table = self.shared.table.lock();
        let port = table.next_port;
        table.next_port = port.checked_add(1).unwrap_or(1);
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
    }
}

/// A listener on a [`Network`].
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Listen; pub use dubhe_net::io::memory::Network; } }
/// use dubhe::net::{Listen, Network};
///
/// let network = Network::default();
/// let listen = network.listen("10.0.0.7:20880".parse()?)?;
/// assert_eq!(listen.local_addr().to_string(), "10.0.0.7:20880");
/// drop(listen);
/// // The address is free again.
/// network.listen("10.0.0.7:20880".parse()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MemoryListen {
    local: SocketAddr,
    accepted: mpsc::Receiver<(Io, ConnectionInfo)>,
    network: Network,
}

impl Listen for MemoryListen {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Io, ConnectionInfo)>> {
        // The network keeps the sending half for as long as this listener lives.
        self.accepted.poll_recv(cx).map(|next| next.ok_or(io::ErrorKind::NotConnected.into()))
    }

    fn local_addr(&self) -> SockAddr {
        self.local.into()
    }
}

impl Drop for MemoryListen {
    fn drop(&mut self) {
        self.network.shared.table.lock().listeners.remove(&self.local);
    }
}

impl Dial for Network {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
        Box::pin(async move {
            let refused = || {
                let source = io::Error::from(io::ErrorKind::ConnectionRefused);
                Error::io(format!("cannot connect to {to} in memory"), source)
            };
            let addr = to.as_socket_addr().ok_or_else(refused)?;
            let sender = self.shared.table.lock().listeners.get(&addr).cloned();
            let sender = sender.ok_or_else(refused)?;
            let local = self.free_port();
            let (near, far) = tokio::io::duplex(self.shared.pipe);
            let far = (Io::from(far), ConnectionInfo::clear(local, addr));
            sender.send(far).await.map_err(|_| refused())?;
            Ok((near.into(), ConnectionInfo::clear(addr, local)))
        })
    }
}
