//! A narrow client of etcd, version 3: what registries need, over this project's own gRPC.
//!
//! ```text
//! Client (handles) ─ calls ──────────────► Link (one connection, its token)
//!    └ one task: driver  connects to one server after another
//!                lease   is granted when first wanted, and kept alive
//!                watcher one stream of watches, for all that is followed
//! ```
//!
//! - Nothing waits while there is no connection: an operation fails with `UNAVAILABLE`, and its caller,
//!   who knows whether it may be repeated, waits for [`Client::connected`].
//! - A [`Follow`] is the present content of a range of keys. It survives new connections and compaction;
//!   however fast keys change and however slow its reader is, it holds one content.
//!
//! Needs etcd 3.4 or newer. Source of the protocol: etcd `api/etcdserverpb/rpc.proto`.

mod calls;
mod driver;
mod follow;
#[doc(hidden)]
pub mod fuzzing;
mod lease;
mod link;
mod range;
mod watcher;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, SharedClock};
use dubhe_core::{Code, Status};
use dubhe_net::io::{Address, Dial};
use tokio::sync::{mpsc, watch};

pub(crate) use calls::Condition;
pub use calls::Write;
pub use follow::{Follow, View};
use lease::Lease;
use link::{Link, REQUEST_TIMEOUT};
pub use range::{Entries, Entry, KeyRange};
use watcher::{Command, Watcher};

/// The options of a client.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::SocketDial; } pub mod random { pub use dubhe_core::random::SplitMix; } pub mod time { pub use dubhe_net::time::TokioClock; } pub mod etcd { pub use dubhe_etcd::client::{Client, EtcdClientOptions}; } }
/// use std::sync::Arc;
/// use std::time::Duration;
/// use dubhe::etcd::{Client, EtcdClientOptions};
/// use dubhe::net::SocketDial;
/// use dubhe::random::SplitMix;
/// use dubhe::time::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::open(EtcdClientOptions {
///     servers: vec!["127.0.0.1:2379".parse()?],
///     credentials: None,
///     session_timeout: Duration::from_secs(60),
///     max_frame: 1 << 20,
///     max_pause: Duration::from_secs(10),
///     clock: Arc::new(TokioClock),
///     random: Arc::new(SplitMix::from_os()),
///     dial: Arc::new(SocketDial::default()),
/// });
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct EtcdClientOptions {
    /// The servers of one cluster; they are tried in turn, from a random one on.
    pub servers: Vec<Address>,
    /// User and password, where etcd asks for them.
    pub credentials: Option<Credentials>,
    /// The time to live of the lease, rounded up to seconds.
    pub session_timeout: Duration,
    /// The bytes of the largest message that is read, and of the keys and values of one [`Follow`].
    pub max_frame: usize,
    /// The longest pause between attempts to connect. None is longer than a quarter of the session, and
    /// than 10 s.
    pub max_pause: Duration,
    /// The clock of all timeouts and pauses.
    pub clock: SharedClock,
    /// The source of jitter.
    pub random: Arc<dyn RandomSource>,
    /// The dialer that opens connections; over TLS it must offer `h2` by ALPN.
    pub dial: Arc<dyn Dial>,
}

impl fmt::Debug for EtcdClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdClientOptions")
            .field("servers", &self.servers)
            .field("credentials", &self.credentials)
            .field("session_timeout", &self.session_timeout)
            .finish_non_exhaustive()
    }
}

/// A user and its password, which never prints.
///
/// ```
/// # mod dubhe { pub mod etcd { pub use dubhe_etcd::client::Credentials; } }
/// use dubhe::etcd::Credentials;
///
/// let credentials = Credentials { user: "shop".into(), password: "s3cret".into() };
/// assert!(!format!("{credentials:?}").contains("s3cret"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({:?})", self.user)
    }
}

/// The state of a client.
#[derive(Clone, Debug)]
pub enum ClientState {
    /// The client has no connection and tries to make one.
    Connecting {
        /// The error of the last attempt, when there was one.
        error: Option<Status>,
    },
    /// The client has a connection, and the server answers.
    Connected(Connected),
    /// The client was closed, for good.
    Closed,
}

/// A connection of a client.
#[derive(Clone)]
pub struct Connected(Arc<Link>);

impl Connected {
    /// The address of this end; `None` of a Unix socket.
    pub fn local(&self) -> Option<IpAddr> {
        self.0.local
    }

    /// The server.
    pub fn server(&self) -> &Address {
        &self.0.server
    }
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connected({})", self.0.server)
    }
}

/// A handle of a client. Cheap to clone; its lease ends with [`Client::close`] or the last handle.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod etcd { pub use dubhe_etcd::client::{Client, KeyRange}; } }
/// use dubhe::Status;
/// use dubhe::etcd::{Client, KeyRange};
///
/// /// Announces a key that ends with the lease, and returns once its siblings are others.
/// async fn join(client: &Client) -> Result<(), Status> {
///     client.put("/workers/one", "10.0.0.7:4000", client.lease().await?).await?;
///     let mut workers = client.follow(KeyRange::prefix("/workers/"));
///     while let Some(view) = workers.next().await {
///         if view.entries.len() > 1 {
///             break;
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
    handle: Arc<Handle>,
}

/// The part that ends with the last handle.
struct Handle {
    stop: watch::Sender<bool>,
    commands: mpsc::UnboundedSender<Command>,
    /// The number of the next follow.
    next_follow: AtomicU64,
}

/// The part of a client that its task shares with its handles.
pub(crate) struct Core {
    options: EtcdClientOptions,
    state: watch::Sender<ClientState>,
    /// The number of the last connection whose server gave no good answer.
    suspect: watch::Sender<u64>,
    lease: Lease,
}

impl Client {
    /// Opens a client and returns at once; it connects in the background. Must be called within a tokio
    /// runtime.
    pub fn open(options: EtcdClientOptions) -> Self {
        let (commands, receiver) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let core = Arc::new(Core {
            options,
            state: watch::Sender::new(ClientState::Connecting { error: None }),
            suspect: watch::Sender::new(0),
            lease: Lease::default(),
        });
        tokio::spawn(run(core.clone(), receiver, stopped));
        Self { core, handle: Arc::new(Handle { stop, commands, next_follow: AtomicU64::new(1) }) }
    }

    /// The present state.
    pub fn state(&self) -> ClientState {
        self.core.state.borrow().clone()
    }

    /// Notices of every change of [`Client::state`].
    pub fn states(&self) -> watch::Receiver<ClientState> {
        self.core.state.subscribe()
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// When the client is closed.
    pub async fn connected(&self) -> Result<Connected, Status> {
        self.core.connected().await.map(Connected)
    }

    /// The lease, granted when first asked for and kept alive from then on; waits for one.
    ///
    /// # Errors
    /// When the client is closed.
    pub async fn lease(&self) -> Result<i64, Status> {
        self.core.held_lease().await
    }

    /// Notices of every change of the lease; `None` while there is none.
    pub fn leases(&self) -> watch::Receiver<Option<i64>> {
        self.core.lease.held()
    }

    /// Follows the content of a range of keys.
    pub fn follow(&self, range: KeyRange) -> Follow {
        let id = self.handle.next_follow.fetch_add(1, Ordering::Relaxed);
        let (follow, command) = Follow::new(id, range, self.handle.commands.clone());
        // A closed client takes none, and the state says so.
        let _ = self.handle.commands.send(command);
        follow
    }

    /// The pauses after failures.
    pub fn backoff(&self) -> FullJitter {
        self.core.backoff()
    }

    /// Revokes the lease, and with it all keys that have it, and ends the connection.
    pub async fn close(&self) {
        self.handle.stop.send_replace(true);
        let mut states = self.core.state.subscribe();
        // The task always tells; a runtime that is gone has taken it along.
        let _ = states.wait_for(|state| matches!(state, ClientState::Closed)).await;
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.core.options).finish()
    }
}

/// The one task behind all handles of a client.
async fn run(
    core: Arc<Core>,
    commands: mpsc::UnboundedReceiver<Command>,
    mut stopped: watch::Receiver<bool>,
) {
    let work = async {
        tokio::join!(
            driver::drive(&core),
            lease::keep(&core),
            Watcher::new(core.clone(), commands).run()
        )
    };
    tokio::select! {
        // The last handle is gone, or one closes.
        _ = stopped.wait_for(|stop| *stop) => {}
        _ = work => {}
    }
    lease::revoke(&core).await;
    if let ClientState::Connected(Connected(link)) = core.state.send_replace(ClientState::Closed) {
        link.close();
    }
}

impl Core {
    pub(crate) fn options(&self) -> &EtcdClientOptions {
        &self.options
    }

    fn backoff(&self) -> FullJitter {
        FullJitter::within_session(self.options.session_timeout).capped(self.options.max_pause)
    }

    /// Sleeps before something that failed so often in a row is tried again.
    async fn pause(&self, failures: u32) {
        let pause = self.backoff().pause(failures, &*self.options.random);
        self.sleep(pause).await;
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        let clock = &self.options.clock;
        clock.sleep_until(dubhe_core::time::after(clock.now(), duration)).await;
    }

    /// The connection of this moment.
    fn link(&self) -> Result<Arc<Link>, Status> {
        match &*self.state.borrow() {
            ClientState::Connected(Connected(link)) => Ok(link.clone()),
            ClientState::Connecting { error: Some(error) } => Err(error.clone()),
            ClientState::Connecting { error: None } => {
                Err(Status::unavailable("not connected yet"))
            }
            ClientState::Closed => Err(closed()),
        }
    }

    /// The connection of this moment; while no try has ended yet, that of the first one, or its error.
    async fn first_link(&self) -> Result<Arc<Link>, Status> {
        let mut states = self.state.subscribe();
        let tried = states.wait_for(|now| !matches!(now, ClientState::Connecting { error: None }));
        tokio::select! {
            // The state is what counts.
            _ = tried => {}
            () = self.sleep(REQUEST_TIMEOUT) => {}
        }
        self.link()
    }

    async fn connected(&self) -> Result<Arc<Link>, Status> {
        let mut states = self.state.subscribe();
        loop {
            match &*states.borrow_and_update() {
                ClientState::Connected(Connected(link)) => return Ok(link.clone()),
                ClientState::Closed => return Err(closed()),
                ClientState::Connecting { .. } => {}
            }
            if states.changed().await.is_err() {
                return Err(closed());
            }
        }
    }

    /// Resolves once `link` is the connection no more.
    async fn lost(&self, link: &Link) {
        let mut states = self.state.subscribe();
        let other = |state: &ClientState| match state {
            ClientState::Connected(Connected(now)) => now.number != link.number,
            ClientState::Connecting { .. } | ClientState::Closed => true,
        };
        let _ = states.wait_for(other).await;
    }

    /// Says that the server of `link` answered in such a way that another may do better.
    fn doubt(&self, link: &Link, status: &Status) {
        if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) {
            self.suspect.send_replace(link.number);
        }
    }
}

fn closed() -> Status {
    Status::unavailable("the etcd client is closed")
}

/// A text of etcd's, such as a key, for people.
pub(crate) fn shown(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
