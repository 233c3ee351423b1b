//! The life of a session: connect, serve, connect again.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use dubhe_core::time::{Duration, Instant, after};
use dubhe_net::io::Address;
use tokio::sync::{mpsc, watch};

use super::connection::{Connection, LossReason};
use super::exchange::Command;
use super::session::Session;
use super::watches::Watches;
use super::{ClientState, Pauses, ZooKeeperClientOptions};
use crate::wire::Acl;

/// The longest time to connect to one server, handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that ends sooner than this counts as one more failure: a server that lets clients
/// in and throws them out must not be asked ever again without a longer pause.
const MIN_STABLE_TIME: Duration = Duration::from_secs(10);

/// The refusals, for each server, after which none is told of the last transaction that was seen: one that lags
/// has caught up by then.
const MAX_REFUSALS: usize = 3;

/// The one task behind all handles of a client; it ends with the last of them.
pub(super) struct Driver {
    options: ZooKeeperClientOptions,
    commands: mpsc::Receiver<Command>,
    state: watch::Sender<ClientState>,
    session_state: SessionState,
    /// The session timeout that was granted last; before that, the one that is asked for.
    granted: watch::Sender<Duration>,
    pauses: Pauses,
    /// The log tells of the next connection: it is the first, or a loss was told.
    to_tell: bool,
}

/// The state of a session, which outlives its connections.
#[derive(Debug, Default)]
pub(super) struct SessionState {
    pub(super) session: Session,
    pub(super) last_zxid: i64,
    pub(super) watches: Watches,
}

impl SessionState {
    /// Gives the session up, and fires its watches.
    pub(super) fn forget(&mut self) {
        *self = Self { last_zxid: self.last_zxid, ..Self::default() };
    }
}

/// The outcome of [`Driver::run_connection`].
enum ConnectionEnd {
    /// The client was closed.
    Closed,
    /// The session is over; a new one may begin at once.
    Expired,
    /// The connection could not be made, or was lost after it had been.
    Lost(LossReason),
}

impl Driver {
    pub(super) fn new(
        options: ZooKeeperClientOptions,
        commands: mpsc::Receiver<Command>,
        state: watch::Sender<ClientState>,
        granted: watch::Sender<Duration>,
        pauses: Pauses,
    ) -> Self {
        let session = options.resume.clone().unwrap_or_default();
        Self {
            options,
            commands,
            state,
            session_state: SessionState { session, ..SessionState::default() },
            granted,
            pauses,
            to_tell: true,
        }
    }

    pub(super) async fn run(mut self) {
        let servers = self.options.servers.clone();
        let count = u64::try_from(servers.len()).unwrap_or(u64::MAX);
        let first = usize::try_from(self.options.random.below(count)).unwrap_or(0);
        let (mut failures, mut refusals) = (0_u32, 0_usize);
        for server in servers.iter().cycle().skip(first) {
            // The bound of the pause grows when all servers have been tried.
            let rounds = failures.div_ceil(u32::try_from(count).unwrap_or(u32::MAX).max(1));
            if failures > 0 && !self.pause(rounds).await {
                break;
            }
            let began = self.options.clock.now();
            // A server that has lost its data, as after a start with an empty disk, refuses whoever has seen
            // later transactions (ZooKeeper `ZooKeeperServer.processConnectRequest`, `CLIENT_ZXID_AHEAD`). The
            // watches of a session that goes on all the same fire, and what they are for is read anew.
            if refusals >= MAX_REFUSALS * servers.len() {
                self.session_state.last_zxid = 0;
            }
            let mut ended = self.run_connection(server).await;
            if let ConnectionEnd::Expired = ended {
                tracing::warn!(session = ?self.session_state.session, "the zookeeper session expired");
                self.to_tell = true;
                self.session_state.forget();
                ended = self.run_connection(server).await;
            }
            let why = match ended {
                ConnectionEnd::Closed => break,
                ConnectionEnd::Expired => LossReason::new("the server refuses a new session"),
                ConnectionEnd::Lost(why) => why,
            };
            let now = self.options.clock.now();
            if matches!(&*self.state.borrow(), ClientState::Connected { .. }) {
                refusals = 0;
            } else if why.is_refusal {
                refusals = refusals.saturating_add(1);
            }
            let lasted = now.saturating_duration_since(began) > MIN_STABLE_TIME;
            failures = if lasted { 1 } else { failures.saturating_add(1) };
            let why = format!("{server}: {why}");
            // The first of a row and then ever fewer, lest an outage floods the log.
            if failures.is_power_of_two() {
                tracing::warn!(%why, failures, "no connection to zookeeper; trying again");
                self.to_tell = true;
            }
            self.state.send_replace(ClientState::Connecting { error: Some(Arc::from(why)) });
        }
    }

    /// Waits before the next attempt. False when the client was closed meanwhile.
    async fn pause(&mut self, failures: u32) -> bool {
        let ZooKeeperClientOptions { clock, random, .. } = &self.options;
        let backoff = self.pauses.backoff();
        let pause = backoff.pause(failures, &**random);
        tracing::debug!(?pause, most = ?backoff.max, "pausing before zookeeper is dialed again");
        let sleep = clock.sleep_until(after(clock.now(), pause));
        tokio::select! {
            () = sleep => true,
            () = refuse(&mut self.commands) => false,
        }
    }

    /// A connection, from dialing to its end.
    async fn run_connection(&mut self, server: &Address) -> ConnectionEnd {
        let limit = self.options.clock.now() + CONNECT_TIMEOUT;
        let connected = tokio::select! {
            connected = connect(&self.options, &self.session_state, server, limit) => connected,
            () = refuse(&mut self.commands) => return ConnectionEnd::Closed,
        };
        let (mut connection, local) = match connected {
            Ok(Some(connected)) => connected,
            Ok(None) => return ConnectionEnd::Expired,
            Err(why) => return ConnectionEnd::Lost(why),
        };
        self.session_state.session = connection.session();
        if std::mem::take(&mut self.to_tell) {
            tracing::info!(%server, session = ?self.session_state.session, "connected to zookeeper");
        }
        self.granted.send_replace(connection.session_timeout());
        self.state.send_replace(ClientState::Connected { session: connection.session(), local });
        let lost = connection
            .serve(&mut self.commands, &mut self.session_state, &self.options.clock)
            .await;
        lost.map_or(ConnectionEnd::Closed, ConnectionEnd::Lost)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.state.send_replace(ClientState::Closed);
    }
}

/// Opens a connection within `limit`; `None` when the server says that the session is over.
async fn connect(
    options: &ZooKeeperClientOptions,
    session_state: &SessionState,
    server: &Address,
    limit: Instant,
) -> Result<Option<(Connection, IpAddr)>, LossReason> {
    let opening = async {
        let (io, peer) =
            options.dial.dial(server).await.map_err(|error| LossReason::dial(&error))?;
        let acl = if options.credentials.is_some() { Acl::Creator } else { Acl::Open };
        let (session, max_frame) = (options.session_timeout, options.max_frame);
        let connection = Connection::open(io, acl, session, max_frame, session_state).await?;
        Ok(connection.map(|mut connection| {
            if let Some(credentials) = &options.credentials {
                connection.authenticate(credentials);
            }
            // Through a Unix socket, as through a proxy on the loopback.
            (connection, peer.local.ip().unwrap_or(Ipv4Addr::LOCALHOST.into()))
        }))
    };
    tokio::select! {
        opened = opening => opened,
        () = options.clock.sleep_until(limit) => {
            Err(LossReason::new(format_args!("no handshake within {CONNECT_TIMEOUT:?}")))
        }
    }
}

/// Drops requests while there is no connection; comes back when the client is closed.
async fn refuse(commands: &mut mpsc::Receiver<Command>) {
    while let Some(Command::Request(_) | Command::Renew) = commands.recv().await {}
}
