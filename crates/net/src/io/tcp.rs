//! TCP: sockets with the options a long-lived RPC connection wants.

use std::{
    io,
    net::SocketAddr,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};

use super::{Address, BoxFuture, ConnectionInfo, Dial, Io, Listen, SockAddr};
use crate::{Error, ErrorKind, Result};

/// The options of each TCP socket.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::tcp::TcpOptions; } }
/// use std::time::Duration;
/// use dubhe::net::TcpOptions;
///
/// let mut tcp = TcpOptions::default(); // `options.tcp` of a server, or for `DubboConnect::tcp`
/// tcp.keepalive = Some(Duration::from_secs(30));
/// tcp.reuse_port = true; // two processes share the port during an update
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TcpOptions {
    /// Send small segments at once (`TCP_NODELAY`). Default true: replies are batched above.
    pub nodelay: bool,
    /// The kernel probes an idle connection after this time, then each third of it, and gives up
    /// after three probes. Default 30 s; `None` turns probing off.
    pub keepalive: Option<Duration>,
    /// The longest time that sent bytes stay unacknowledged before the kernel breaks the connection
    /// (`TCP_USER_TIMEOUT`, Linux only), and that a peer may take none, its window being closed.
    /// Default 40 s, so that [`SessionOptions::write_stall`](crate::session::SessionOptions) says first
    /// what the peer did not do; `None` leaves the kernel's minutes.
    pub user_timeout: Option<Duration>,
    /// The longest time to open a connection, over all addresses of the host. Default 3 s, as
    /// Dubbo's `connect.timeout`.
    pub connect_timeout: Duration,
    /// Listen again at once on a port whose old connections linger (`SO_REUSEADDR`). Default true.
    pub reuse_address: bool,
    /// Share the port with other listeners (`SO_REUSEPORT`, unix only). Default false.
    pub reuse_port: bool,
    /// The number of connections that the kernel holds before they are accepted. Default 1,024.
    pub backlog: u32,
}

impl Default for TcpOptions {
    fn default() -> Self {
        Self {
            nodelay: true,
            keepalive: Some(Duration::from_secs(30)),
            user_timeout: Some(Duration::from_secs(40)),
            connect_timeout: Duration::from_secs(3),
            reuse_address: true,
            reuse_port: false,
            backlog: 1024,
        }
    }
}

impl TcpOptions {
    fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(stream);
        socket.set_tcp_nodelay(self.nodelay)?;
        if let Some(idle) = self.keepalive {
            // The kernel counts whole seconds, at least one.
            let idle = idle.max(Duration::from_secs(1));
            let probe = (idle / 3).max(Duration::from_secs(1));
            let keepalive =
                TcpKeepalive::new().with_time(idle).with_interval(probe).with_retries(3);
            socket.set_tcp_keepalive(&keepalive)?;
        }
        #[cfg(target_os = "linux")]
        if self.user_timeout.is_some() {
            socket.set_tcp_user_timeout(self.user_timeout)?;
        }
        Ok(())
    }
}

fn open(
    stream: TcpStream,
    remote: SocketAddr,
    options: &TcpOptions,
) -> io::Result<(Io, ConnectionInfo)> {
    options.apply(&stream)?;
    let peer = ConnectionInfo::clear(remote, stream.local_addr()?);
    Ok((stream.into(), peer))
}

/// A listening TCP socket.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Listen; pub use dubhe_net::io::tcp::{TcpListen, TcpOptions}; } }
/// use dubhe::net::{Listen, TcpListen, TcpOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // For `ServerBuilder::listen_on` and `start_on`.
/// let listen = TcpListen::bind("127.0.0.1:0".parse()?, TcpOptions::default())?;
/// println!("will listen on {}", listen.local_addr());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TcpListen {
    listener: TcpListener,
    local: SocketAddr,
    options: TcpOptions,
}

impl TcpListen {
    /// Listens on `addr`; port 0 takes a free one. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the address is in use, not this machine's, or not permitted.
    pub fn bind(addr: SocketAddr, options: TcpOptions) -> Result<Self> {
        let bind = || {
            let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_reuse_address(options.reuse_address)?;
            #[cfg(unix)]
            socket.set_reuse_port(options.reuse_port)?;
            socket.set_nonblocking(true)?;
            socket.bind(&addr.into())?;
            socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
            let listener = TcpListener::from_std(socket.into())?;
            let local = listener.local_addr()?;
            Ok((listener, local))
        };
        let (listener, local) =
            bind().map_err(|source| Error::io(format!("cannot listen on {addr}"), source))?;
        Ok(Self { listener, local, options })
    }
}

impl Listen for TcpListen {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Io, ConnectionInfo)>> {
        let (stream, remote) = ready!(self.listener.poll_accept(cx))?;
        // A peer that is gone again makes its socket refuse options: that is the peer's trouble.
        let gone = |error| io::Error::new(io::ErrorKind::ConnectionAborted, error);
        Poll::Ready(open(stream, remote, &self.options).map_err(gone))
    }

    fn local_addr(&self) -> SockAddr {
        self.local.into()
    }
}

/// Opens TCP connections; a host name is looked up each time and its addresses are tried in order.
/// [`SocketDial`](super::SocketDial) opens Unix sockets too.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{Address, Dial, Listen}; pub use dubhe_net::io::tcp::{TcpDial, TcpListen, TcpOptions}; } }
/// use dubhe::net::{Address, Dial, Listen, TcpDial, TcpListen, TcpOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let listen = TcpListen::bind("127.0.0.1:0".parse()?, TcpOptions::default())?;
/// let address = Address::try_from(listen.local_addr())?;
/// let (_io, info) = TcpDial::default().dial(&address).await?;
/// assert_eq!(info.remote, listen.local_addr());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct TcpDial {
    options: TcpOptions,
}

impl TcpDial {
    /// A dialer with the given options.
    pub fn new(options: TcpOptions) -> Self {
        Self { options }
    }

    async fn try_each(&self, to: &Address) -> io::Result<(Io, ConnectionInfo)> {
        let mut last = None;
        for addr in lookup_host((to.host(), to.port())).await? {
            let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            match socket.connect(addr).await.and_then(|stream| open(stream, addr, &self.options)) {
                Ok(opened) => return Ok(opened),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "the host name has no address")
        }))
    }
}

impl Dial for TcpDial {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
        Box::pin(async move {
            if to.unix_path().is_some() {
                let message = format!("cannot connect to {to} over TCP");
                return Err(Error::new(ErrorKind::Config, message));
            }
            let limit = self.options.connect_timeout;
            match tokio::time::timeout(limit, self.try_each(to)).await {
                Ok(Ok(opened)) => Ok(opened),
                Ok(Err(source)) => Err(Error::io(format!("cannot connect to {to}"), source)),
                Err(_) => Err(Error::timeout(format_args!("connecting to {to}"), limit)),
            }
        })
    }
}
