//! A TCP proxy on the loopback that breaks connections at an exact byte.
//!
//! ```no_run
//! # async fn f(provider: std::net::SocketAddr) -> std::io::Result<()> {
//! use dubhe_testkit::proxy::{WireFault, Faults, Proxy};
//!
//! let proxy = Proxy::start(provider, Faults::none().to_client(16, WireFault::Close)).await?;
//! // Whoever connects to proxy.addr() gets the first 16 bytes of an answer, then the end.
//! # Ok(()) }
//! ```

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, sink},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// A fault at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// Ends both directions in order (FIN); what still arrives is thrown away.
    Close,
    /// Ends this direction in order, the other goes on; what still arrives is thrown away.
    HalfClose,
    /// Resets both sides (RST), which may lose what they had not read.
    Reset,
    /// The end for ever of reading and passing on in this direction.
    Stall,
    /// Pauses this direction.
    Delay(Duration),
    /// The next byte is passed on with these bits flipped.
    Corrupt(u8),
}

/// The faults of a connection, each after a number of bytes of a direction.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    to_server: Vec<(u64, WireFault)>,
    to_client: Vec<(u64, WireFault)>,
}

impl Faults {
    /// A connection that works.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same, and `fault` once `at` bytes have gone to the server.
    #[must_use]
    pub fn to_server(mut self, at: u64, fault: WireFault) -> Self {
        insert(&mut self.to_server, at, fault);
        self
    }

    /// The same, and `fault` once `at` bytes have gone to the client.
    #[must_use]
    pub fn to_client(mut self, at: u64, fault: WireFault) -> Self {
        insert(&mut self.to_client, at, fault);
        self
    }
}

/// Keeps the order of the bytes and, at one byte, of the calls.
fn insert(faults: &mut Vec<(u64, WireFault)>, at: u64, fault: WireFault) {
    let place = faults.partition_point(|(earlier, _)| *earlier <= at);
    faults.insert(place, (at, fault));
}

/// A proxy that runs until it is dropped; its connections end with it.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    faults: Mutex<Faults>,
    accepted: AtomicUsize,
    to_server: AtomicU64,
    to_client: AtomicU64,
    /// `true` while nothing is passed on.
    held: watch::Sender<bool>,
    /// The number of times that all connections were cut.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// A proxy to `server`, on a free port of the loopback.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(server: SocketAddr, faults: Faults) -> io::Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), server, faults).await
    }

    /// A proxy to `server` at an address.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start_at(at: SocketAddr, server: SocketAddr, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            faults: Mutex::new(faults),
            accepted: AtomicUsize::new(0),
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
            held: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
        });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { addr, shared, task })
    }

    /// The address that clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes what happens on connections accepted from now on.
    pub fn set(&self, faults: Faults) {
        *self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Passes nothing on, on any connection, until [`Proxy::release`]: the black hole of a network that
    /// is down.
    pub fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// Passes on again, what was held too.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// Ends every connection of now; new ones are accepted.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The number of connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// The number of bytes that all connections together have passed on to the server so far.
    pub fn to_server(&self) -> u64 {
        self.shared.to_server.load(Ordering::SeqCst)
    }

    /// The number of bytes that all connections together have passed on to the client so far.
    pub fn to_client(&self) -> u64 {
        self.shared.to_client.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let faults = shared.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        let (shared, mut cut) = (shared.clone(), shared.cuts.subscribe());
        connections.spawn(async move {
            // Either side may leave at any time; its peer sees the end.
            tokio::select! {
                _ = serve(client, faults, &shared) => {}
                _ = cut.changed() => {}
            }
        });
    }
}

/// The early end of a direction, and with it of the connection.
enum EarlyEnd {
    Close,
    Reset,
    Broken,
}

async fn serve(mut client: TcpStream, faults: Faults, shared: &Shared) -> io::Result<()> {
    let mut server = TcpStream::connect(shared.server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ended = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let up = pump(
            &mut from_client,
            &mut to_server,
            faults.to_server,
            &shared.to_server,
            &shared.held,
        );
        let down = pump(
            &mut from_server,
            &mut to_client,
            faults.to_client,
            &shared.to_client,
            &shared.held,
        );
        tokio::try_join!(up, down)
    };
    match ended {
        Ok(_) | Err(EarlyEnd::Broken) => {}
        Err(EarlyEnd::Reset) => {
            client.set_zero_linger()?;
            server.set_zero_linger()?;
        }
        Err(EarlyEnd::Close) => {
            let _ = tokio::join!(client.shutdown(), server.shutdown());
            // Closing a socket with unread bytes would reset it.
            let _ = tokio::join!(discard(&mut client), discard(&mut server));
        }
    }
    Ok(())
}

async fn discard(from: &mut (impl AsyncRead + Unpin)) {
    let _ = copy(from, &mut sink()).await;
}

/// Passes one direction on, with its faults.
async fn pump(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    faults: Vec<(u64, WireFault)>,
    passed: &AtomicU64,
    held: &watch::Sender<bool>,
) -> Result<(), EarlyEnd> {
    let mut flow = Flow { position: 0, flip: 0, passed, held: held.subscribe() };
    for (at, fault) in faults {
        if !flow.forward(from, to, at).await? {
            return Ok(());
        }
        match fault {
            WireFault::Close => return Err(EarlyEnd::Close),
            WireFault::Reset => return Err(EarlyEnd::Reset),
            WireFault::HalfClose => {
                to.shutdown().await.map_err(|_| EarlyEnd::Broken)?;
                discard(from).await;
                return Ok(());
            }
            WireFault::Stall => std::future::pending().await,
            WireFault::Delay(pause) => tokio::time::sleep(pause).await,
            WireFault::Corrupt(bits) => flow.flip = bits,
        }
    }
    flow.forward(from, to, u64::MAX).await.map(drop)
}

/// The state of one direction.
struct Flow<'a> {
    /// The number of bytes that have gone this way.
    position: u64,
    /// The bits to flip of the next byte.
    flip: u8,
    passed: &'a AtomicU64,
    held: watch::Receiver<bool>,
}

impl Flow<'_> {
    /// Passes bytes on until `until` of them have gone this way; false when the sender ended before.
    async fn forward(
        &mut self,
        from: &mut ReadHalf<'_>,
        to: &mut WriteHalf<'_>,
        until: u64,
    ) -> Result<bool, EarlyEnd> {
        let mut buffer = vec![0; 16 * 1024];
        while self.position < until {
            let room =
                usize::try_from(until - self.position).unwrap_or(usize::MAX).min(buffer.len());
            let window = buffer.get_mut(..room).unwrap_or_default();
            let read = from.read(window).await;
            // An end is held back as bytes are.
            self.held.wait_for(|held| !held).await.map_err(|_| EarlyEnd::Broken)?;
            let n = read.map_err(|_| EarlyEnd::Broken)?;
            let bytes = window.get_mut(..n).unwrap_or_default();
            let Some(first) = bytes.first_mut() else {
                to.shutdown().await.map_err(|_| EarlyEnd::Broken)?;
                return Ok(false);
            };
            *first ^= std::mem::take(&mut self.flip);
            to.write_all(bytes).await.map_err(|_| EarlyEnd::Broken)?;
            let n = u64::try_from(n).unwrap_or(u64::MAX);
            self.position += n;
            self.passed.fetch_add(n, Ordering::SeqCst);
        }
        Ok(true)
    }
}
