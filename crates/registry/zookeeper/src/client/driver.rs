//! The life of a session: connect, serve, connect again.

use std::net::IpAddr;
use std::sync::Arc;

use dubhe_core::time::{Duration, Instant};
use dubhe_net::io::Address;
use tokio::sync::{mpsc, watch};

use super::connection::{Connection, Lost};
use super::exchange::Command;
use super::session::Session;
use super::watches::Watches;
use super::{Options, State};
use crate::wire::Acl;

/// How long connecting to one server may take, handshake included.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection that ends sooner than this counts as one more failure: a server that lets clients
/// in and throws them out must not be asked ever again without a longer pause.
const LASTING: Duration = Duration::from_secs(10);

/// The one task behind all handles of a client; it ends with the last of them.
pub(super) struct Driver {
    options: Options,
    commands: mpsc::Receiver<Command>,
    state: watch::Sender<State>,
    life: Life,
}

/// What outlives a connection.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) session: Session,
    pub(super) last_zxid: i64,
    pub(super) watches: Watches,
}

/// Why [`Driver::once`] came back.
enum Ended {
    /// The client was closed.
    Closed,
    /// The session is over; a new one may begin at once.
    Expired,
    /// The connection could not be made, or was lost after it had been.
    Lost(Lost),
}

impl Driver {
    pub(super) fn new(
        options: Options,
        commands: mpsc::Receiver<Command>,
        state: watch::Sender<State>,
    ) -> Self {
        let session = options.resume.clone().unwrap_or_default();
        Self { options, commands, state, life: Life { session, ..Life::default() } }
    }

    pub(super) async fn run(mut self) {
        let servers = self.options.servers.clone();
        let count = u64::try_from(servers.len()).unwrap_or(u64::MAX);
        let first = usize::try_from(self.options.random.below(count)).unwrap_or(0);
        let mut failures: u32 = 0;
        for server in servers.iter().cycle().skip(first) {
            // The bound of the pause grows when all servers have been tried.
            let rounds = failures.div_ceil(u32::try_from(count).unwrap_or(u32::MAX).max(1));
            if failures > 0 && !self.pause(rounds).await {
                break;
            }
            let began = self.options.clock.now();
            let mut ended = self.once(server).await;
            if let Ended::Expired = ended {
                tracing::warn!(session = ?self.life.session, "the zookeeper session expired");
                self.life = Life { last_zxid: self.life.last_zxid, ..Life::default() };
                ended = self.once(server).await;
            }
            let why = match ended {
                Ended::Closed => break,
                Ended::Expired => Lost::new("the server refuses a new session"),
                Ended::Lost(why) => why,
            };
            let lasted = self.options.clock.now().saturating_duration_since(began) > LASTING;
            failures = if lasted { 1 } else { failures.saturating_add(1) };
            let why = format!("{server}: {why}");
            // The first of a row and then ever fewer, lest an outage floods the log.
            if failures.is_power_of_two() {
                tracing::warn!(%why, failures, "no connection to zookeeper; trying again");
            }
            self.state.send_replace(State::Connecting { error: Some(Arc::from(why)) });
        }
    }

    /// Waits before the next attempt. False when the client was closed meanwhile.
    async fn pause(&mut self, failures: u32) -> bool {
        let Options { clock, random, backoff, .. } = &self.options;
        let until = clock.now() + backoff.pause(failures, &**random);
        let sleep = clock.sleep_until(until);
        tokio::select! {
            () = sleep => true,
            () = refuse(&mut self.commands) => false,
        }
    }

    /// One connection, from dialing to its end.
    async fn once(&mut self, server: &Address) -> Ended {
        let limit = self.options.clock.now() + CONNECT;
        let connected = tokio::select! {
            connected = connect(&self.options, &self.life, server, limit) => connected,
            () = refuse(&mut self.commands) => return Ended::Closed,
        };
        let (mut connection, local) = match connected {
            Ok(Some(connected)) => connected,
            Ok(None) => return Ended::Expired,
            Err(why) => return Ended::Lost(why),
        };
        self.life.session = connection.session();
        self.state.send_replace(State::Connected { session: connection.session(), local });
        let lost = connection.serve(&mut self.commands, &mut self.life, &self.options.clock).await;
        lost.map_or(Ended::Closed, Ended::Lost)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.state.send_replace(State::Closed);
    }
}

/// Opens a connection within `limit`; `None` when the server says that the session is over.
async fn connect(
    options: &Options,
    life: &Life,
    server: &Address,
    limit: Instant,
) -> Result<Option<(Connection, IpAddr)>, Lost> {
    let opening = async {
        let (io, peer) = options.dial.dial(server).await.map_err(|error| Lost::dial(&error))?;
        let acl = if options.credentials.is_some() { Acl::Creator } else { Acl::Open };
        let connection = Connection::open(io, acl, options.session_timeout, life).await?;
        Ok(connection.map(|mut connection| {
            if let Some(credentials) = &options.credentials {
                connection.authenticate(credentials);
            }
            (connection, peer.local.ip())
        }))
    };
    tokio::select! {
        opened = opening => opened,
        () = options.clock.sleep_until(limit) => {
            Err(Lost::new(format_args!("no handshake within {CONNECT:?}")))
        }
    }
}

/// Drops requests while there is no connection; comes back when the client is closed.
async fn refuse(commands: &mut mpsc::Receiver<Command>) {
    while let Some(Command::Request(_)) = commands.recv().await {}
}
