//! A narrow ZooKeeper client: one session over one connection at a time, on the runtime that is
//! there, with the operations that registries need.
//!
//! ```text
//! Client (handles) → commands → Driver (session: connect, back off, expire)
//!                                 └ Connection (handshake, frames, pings, pending, watches)
//! ```
//!
//! - Nothing waits while there is no connection: an operation fails with [`Error::Disconnected`]
//!   and its caller, who knows whether it may be repeated, waits for [`Client::connected`].
//! - A [`Watch`] fires once. It survives a new connection within the session, and fires when the
//!   session is lost, so that whoever has one looks again.

mod connection;
mod driver;
mod error;
mod exchange;
mod session;
mod watches;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, SharedClock};
use dubhe_net::io::{Address, Dial};
use tokio::sync::{mpsc, oneshot, watch};

use crate::wire::ANY_VERSION;
pub use crate::wire::Stat;
use driver::Driver;
pub use error::Error;
use exchange::{Command, Operation};
pub use session::Session;
pub use watches::Watch;

/// The options of a client.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::tcp::TcpDial; } pub mod random { pub use dubhe_core::random::SplitMix; } pub mod time { pub use dubhe_net::time::TokioClock; } pub mod zookeeper { pub use dubhe_zookeeper::client::{Client, ZooKeeperClientOptions}; } }
/// use std::sync::Arc;
/// use std::time::Duration;
/// use dubhe::net::TcpDial;
/// use dubhe::random::SplitMix;
/// use dubhe::time::TokioClock;
/// use dubhe::zookeeper::{Client, ZooKeeperClientOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::open(ZooKeeperClientOptions {
///     servers: vec!["127.0.0.1:2181".parse()?],
///     credentials: None,
///     session_timeout: Duration::from_secs(60),
///     max_frame: 1 << 20,
///     resume: None,
///     max_pause: Duration::from_secs(10),
///     clock: Arc::new(TokioClock),
///     random: Arc::new(SplitMix::from_os()),
///     dial: Arc::new(TcpDial::default()),
/// });
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ZooKeeperClientOptions {
    /// The servers of one ensemble; they are tried in turn, from a random one on.
    pub servers: Vec<Address>,
    /// User and password of the scheme `digest`; nodes we make are then ours alone.
    pub credentials: Option<Credentials>,
    /// The session timeout to ask for; the server grants between 2 and 20 of its ticks.
    pub session_timeout: Duration,
    /// The bytes of the largest frame that is read; a larger one ends the connection. Java's clients stop at
    /// 1 MiB (`jute.maxbuffer`), or about 2,000 providers of one service.
    pub max_frame: usize,
    /// A session to go on with, instead of a new one.
    pub resume: Option<Session>,
    /// The longest pause between attempts to connect. None is longer than a quarter of the session that
    /// the server granted, and than 10 s, so that a session survives an outage of the servers.
    pub max_pause: Duration,
    /// The clock of all timeouts and pauses.
    pub clock: SharedClock,
    /// The source of jitter.
    pub random: Arc<dyn RandomSource>,
    /// The dialer that opens connections.
    pub dial: Arc<dyn Dial>,
}

impl fmt::Debug for ZooKeeperClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeperClientOptions")
            .field("servers", &self.servers)
            .field("credentials", &self.credentials)
            .field("session_timeout", &self.session_timeout)
            .finish_non_exhaustive()
    }
}

/// A user and its password, which never prints.
///
/// ```
/// # mod dubhe { pub mod zookeeper { pub use dubhe_zookeeper::client::Credentials; } }
/// use dubhe::zookeeper::Credentials;
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
        error: Option<Arc<str>>,
    },
    /// The client has a connection and a session.
    Connected {
        /// The session.
        session: Session,
        /// The address of this end of the connection.
        local: IpAddr,
    },
    /// The client was closed, for good.
    Closed,
}

/// A handle of a client. Cheap to clone; the session ends with [`Client::close`] or the last
/// handle.
///
/// ```
/// # mod dubhe { pub mod zookeeper { pub use dubhe_zookeeper::client::{Client, Error}; } }
/// use dubhe::zookeeper::{Client, Error};
///
/// /// Announces a node that ends with the session, and returns once its siblings change.
/// async fn join(client: &Client) -> Result<(), Error> {
///     client.create("/workers/one", b"10.0.0.7:4000", true).await?;
///     let (workers, changed) = client.children("/workers").await?;
///     println!("{workers:?}");
///     changed.await;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<ClientState>,
    pauses: Pauses,
}

/// The pauses of a client, which follow its session. Clones share the session.
#[derive(Clone, Debug)]
struct Pauses {
    max: Duration,
    /// The session timeout that was granted last.
    session: watch::Receiver<Duration>,
}

impl Pauses {
    fn backoff(&self) -> FullJitter {
        FullJitter::within_session(*self.session.borrow()).capped(self.max)
    }
}

/// Commands on their way to the connection; more wait with their callers.
const COMMAND_QUEUE: usize = 128;

impl Client {
    /// Opens a client and returns at once; it connects in the background. Must be called within a
    /// tokio runtime.
    pub fn open(options: ZooKeeperClientOptions) -> Self {
        let (commands, receiver) = mpsc::channel(COMMAND_QUEUE);
        let (sender, state) = watch::channel(ClientState::Connecting { error: None });
        let granted = watch::Sender::new(options.session_timeout);
        let pauses = Pauses { max: options.max_pause, session: granted.subscribe() };
        let driver = Driver::new(options, receiver, sender, granted, pauses.clone());
        tokio::spawn(driver.run());
        Self { commands, state, pauses }
    }

    /// The present state.
    pub fn state(&self) -> ClientState {
        self.state.borrow().clone()
    }

    /// Notices of every change of [`Client::state`].
    pub fn states(&self) -> watch::Receiver<ClientState> {
        self.state.clone()
    }

    /// The session timeout that the server granted last; before that, the one that is asked for.
    pub fn session_timeout(&self) -> Duration {
        *self.pauses.session.borrow()
    }

    /// The pauses before something that failed is tried again, within the session.
    pub fn backoff(&self) -> FullJitter {
        self.pauses.backoff()
    }

    /// Waits until it is connected and says in which session.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn connected(&self) -> Result<Session, Error> {
        let mut states = self.states();
        let settled = |state: &ClientState| !matches!(state, ClientState::Connecting { .. });
        match states.wait_for(settled).await.as_deref() {
            Ok(ClientState::Connected { session, .. }) => Ok(session.clone()),
            _ => Err(Error::Closed),
        }
    }

    /// Makes a node; an ephemeral one goes when the session does.
    ///
    /// # Errors
    /// [`Error::NodeExists`]; [`Error::NoNode`] when its parent does not exist. After
    /// [`Error::Disconnected`] it may exist or not.
    pub async fn create(&self, path: &str, data: &[u8], ephemeral: bool) -> Result<(), Error> {
        let data = data.to_vec();
        self.ask(path, |reply| Operation::Create { data, ephemeral, reply }).await
    }

    /// Makes a persistent node with these data, and those above it that do not exist, which have
    /// none. Nodes above one that exists are not touched: we may have no rights there.
    ///
    /// # Errors
    /// [`Error::NodeExists`]; [`Error::NoAuth`] for a node above it, too.
    pub async fn create_with_parents(&self, path: &str, data: &[u8]) -> Result<(), Error> {
        loop {
            match (self.create(path, data, false).await, parent(path)) {
                (Err(Error::NoNode), Some(parent)) => self.create_path(parent).await?,
                (done, _) => return done,
            }
        }
    }

    /// Makes a persistent node without data and those above it, unless they exist.
    pub(crate) async fn create_path(&self, path: &str) -> Result<(), Error> {
        let mut missing = vec![path];
        while let Some(path) = missing.last() {
            match self.create(path, b"", false).await {
                Ok(()) | Err(Error::NodeExists) => {
                    missing.pop();
                }
                Err(Error::NoNode) => missing.push(parent(path).ok_or(Error::NoNode)?),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes a node without children, whatever its version.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::NotEmpty`]. After [`Error::Disconnected`] it may exist or not.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.delete_version(path, ANY_VERSION).await
    }

    /// Removes a node without children if it still has this version.
    ///
    /// # Errors
    /// [`Error::BadVersion`], and those of [`Client::delete`].
    pub async fn delete_version(&self, path: &str, version: i32) -> Result<(), Error> {
        self.ask(path, |reply| Operation::Delete { version, reply }).await
    }

    /// The data and the [`Stat`] of a node.
    ///
    /// # Errors
    /// [`Error::NoNode`].
    pub async fn get(&self, path: &str) -> Result<(Bytes, Stat), Error> {
        self.ask(path, |reply| Operation::Get { fire: None, reply }).await
    }

    /// The data and the [`Stat`] of a node with a watch, which fires when the node is changed or
    /// removed.
    ///
    /// # Errors
    /// [`Error::NoNode`]; then there is no watch either.
    pub async fn get_watched(&self, path: &str) -> Result<(Bytes, Stat, Watch), Error> {
        let (fire, watch) = Watch::new();
        let ask = self.ask(path, |reply| Operation::Get { fire: Some(fire), reply });
        ask.await.map(|(data, stat)| (data, stat, watch))
    }

    /// Replaces the data of a node, whatever its version.
    ///
    /// # Errors
    /// [`Error::NoNode`]. After [`Error::Disconnected`] it may be done or not.
    pub async fn set(&self, path: &str, data: &[u8]) -> Result<Stat, Error> {
        self.set_version(path, data, ANY_VERSION).await
    }

    /// Replaces the data of a node if it still has this version.
    ///
    /// # Errors
    /// [`Error::BadVersion`], and those of [`Client::set`].
    pub async fn set_version(&self, path: &str, data: &[u8], version: i32) -> Result<Stat, Error> {
        let data = data.to_vec();
        self.ask(path, |reply| Operation::Set { data, version, reply }).await
    }

    /// The [`Stat`] of a node, `None` when it does not exist.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn stat(&self, path: &str) -> Result<Option<Stat>, Error> {
        self.ask(path, |reply| Operation::Exists { fire: None, reply }).await
    }

    /// The [`Stat`] of a node with a watch, which fires when the node is made, changed or removed.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn stat_watched(&self, path: &str) -> Result<(Option<Stat>, Watch), Error> {
        let (fire, watch) = Watch::new();
        let ask = self.ask(path, |reply| Operation::Exists { fire: Some(fire), reply });
        ask.await.map(|stat| (stat, watch))
    }

    /// The names of a node's children, in no order.
    ///
    /// # Errors
    /// [`Error::NoNode`].
    pub async fn list(&self, path: &str) -> Result<Vec<String>, Error> {
        self.ask(path, |reply| Operation::Children { fire: None, reply }).await
    }

    /// The names of a node's children. The watch fires when one comes or goes.
    ///
    /// # Errors
    /// [`Error::NoNode`]; then there is no watch either.
    pub async fn children(&self, path: &str) -> Result<(Vec<String>, Watch), Error> {
        let (fire, watch) = Watch::new();
        let ask = self.ask(path, |reply| Operation::Children { fire: Some(fire), reply });
        ask.await.map(|names| (names, watch))
    }

    /// Gives the session up for a new one; what goes with it goes with the session timeout.
    pub(crate) async fn renew(&self) {
        // A client that is closed has no session.
        let _ = self.commands.send(Command::Renew).await;
    }

    /// Ends the session; its ephemeral nodes go at once when the server can be reached, otherwise
    /// with the session timeout.
    pub async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.commands.send(Command::Close(done)).await.is_ok() {
            // An error says that the driver has ended already.
            let _ = ended.await;
        }
    }
}

/// The node above one; `None` for those of the first level.
pub(crate) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent).filter(|parent| !parent.is_empty())
}
