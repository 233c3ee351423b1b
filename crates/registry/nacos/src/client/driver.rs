//! The life of a link: connections to one server after the other.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::backoff::FullJitter;
use dubhe_core::time::{Duration, Instant, Sleep, after};
use dubhe_net::io::Address;
use tokio::sync::{mpsc, watch};

use super::connection::{Connection, Unopened};
use super::{Command, LinkOptions, LinkState, Session, TakePush};
use crate::error::Error;
use crate::servers::Servers;
use crate::wire::{Headers, HealthCheck, Push};

/// The time without a push after which the server is asked whether it knows the connection. Nacos' own clients
/// wait 5 s and 3 s for each answer, so that a connection that is half-open stays for 11 s and more.
const HEALTH_PERIOD: Duration = Duration::from_secs(3);
/// The longest time for an answer to that; it is asked twice.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest pause before a server is dialed again: what was registered over a connection that is lost
/// is found by nobody.
const MAX_DIAL_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause while a server says that it is starting.
const STARTING_PAUSE: Duration = Duration::from_millis(500);
/// A connection that lasted as long as this was a good one.
const MIN_STABLE_TIME: Duration = Duration::from_secs(10);
/// The time for which the old connection stays after a change of the server: what was registered over
/// it is registered over the new one meanwhile.
const LINGER: Duration = Duration::from_secs(3);

pub(super) struct Driver {
    options: Arc<LinkOptions>,
    servers: Servers,
    commands: mpsc::Receiver<Command>,
    state: watch::Sender<LinkState>,
    pushes: Arc<dyn TakePush>,
    generation: u64,
    /// The server that is next.
    turn: usize,
    /// The connection before the present one.
    retired: Option<(Connection, Instant)>,
}

/// The end of serving a connection.
enum End {
    Closed,
    Lost(String),
    /// Another server took over.
    Switched(Connection),
}

type Opening = Pin<Box<dyn Future<Output = Result<Connection, Unopened>> + Send>>;
type Checking = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

impl Driver {
    pub(super) fn new(
        options: LinkOptions,
        commands: mpsc::Receiver<Command>,
        state: watch::Sender<LinkState>,
        pushes: Arc<dyn TakePush>,
    ) -> Self {
        let turn = usize::try_from(options.random.below(u32::MAX.into())).unwrap_or(0);
        let servers = options.servers.clone();
        let options = Arc::new(options);
        Self { options, servers, commands, state, pushes, generation: 0, turn, retired: None }
    }

    pub(super) async fn run(mut self) {
        let mut failures: u32 = 0;
        loop {
            let Some(server) = self.next_server() else {
                self.state
                    .send_replace(LinkState::Connecting { error: Some(self.servers.failure()) });
                let mut servers = self.servers.clone();
                if self.unless_closed(servers.changed()).await.is_none() {
                    break;
                }
                self.servers = servers;
                continue;
            };
            let opening = self.open(server.clone());
            let mut starting = false;
            let why = match self.unless_closed(opening).await {
                None => break,
                Some(Err(error)) => {
                    failures = failures.saturating_add(1);
                    starting = error.is_starting;
                    format!("{server}: {error}")
                }
                Some(Ok(connection)) => {
                    let began = self.options.clock.now();
                    let why = match self.serve_all(connection).await {
                        End::Closed | End::Switched(_) => break,
                        End::Lost(why) => why,
                    };
                    let lasted = self.options.clock.now().saturating_duration_since(began);
                    failures =
                        if lasted > MIN_STABLE_TIME { 1 } else { failures.saturating_add(1) };
                    why
                }
            };
            // The first of a row and then ever fewer, lest an outage floods the log.
            if failures.is_power_of_two() {
                let module = self.options.module;
                tracing::warn!(why, failures, module, "no connection to nacos; trying again");
            }
            self.state.send_replace(LinkState::Connecting { error: Some(why.into()) });
            let most = if starting { STARTING_PAUSE } else { MAX_DIAL_PAUSE };
            let pause = self.pause(failures, most);
            let (sleep, mut reached) = (self.sleep(pause), self.options.reached.subscribe());
            let pausing = async move {
                tokio::select! {
                    () = sleep => {}
                    // The servers are back for the other module. The sender is never gone.
                    _ = reached.changed() => {}
                }
            };
            if self.unless_closed(pausing).await.is_none() {
                break;
            }
        }
    }

    /// The pause before the next attempt.
    fn pause(&self, failures: u32, most: Duration) -> Duration {
        let initial = Duration::from_millis(200);
        let backoff = FullJitter { initial, factor: 2.0, ..FullJitter::default() };
        let backoff = backoff.capped(most.min(self.options.max_pause));
        backoff.pause(failures, &*self.options.random)
    }

    fn sleep(&self, pause: Duration) -> Sleep {
        self.options.clock.sleep_until(after(self.options.clock.now(), pause))
    }

    /// The server whose turn it is; `None` before an address server has named any.
    fn next_server(&mut self) -> Option<Address> {
        let servers = self.servers.now();
        let server = servers.get(self.turn % servers.len().max(1)).cloned();
        self.turn = self.turn.wrapping_add(1);
        server
    }

    fn open(&mut self, server: Address) -> Opening {
        self.generation += 1;
        Box::pin(Connection::open(self.options.clone(), server, self.generation))
    }

    /// The outcome of `future`, or `None` when the link was closed before.
    async fn unless_closed<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                outcome = &mut future => return Some(outcome),
                command = self.commands.recv() => match command {
                    None | Some(Command::Close) => return None,
                    Some(Command::Suspect(_) | Command::Unknown(_)) => {}
                }
            }
        }
    }

    /// Serves a connection, and those of the servers that take over from it.
    async fn serve_all(&mut self, mut connection: Connection) -> End {
        loop {
            let session = connection.session.clone();
            let (server, module) = (session.server.clone(), self.options.module);
            tracing::info!(%server, module, is_v3 = session.is_v3, "connected to nacos");
            self.state.send_replace(LinkState::Connected(session));
            self.options.reached.send_replace(());
            match self.serve(&mut connection).await {
                End::Switched(other) => {
                    let until = after(self.options.clock.now(), LINGER);
                    self.retired = Some((std::mem::replace(&mut connection, other), until));
                }
                End::Lost(why) => return End::Lost(format!("{server}: {why}")),
                End::Closed => return End::Closed,
            }
        }
    }

    /// Serves a connection until it ends or another takes its place.
    async fn serve(&mut self, connection: &mut Connection) -> End {
        let session = connection.session.clone();
        let mut health = self.sleep(HEALTH_PERIOD);
        let mut checking: Option<(Checking, bool)> = None;
        let mut switching = self.leave_dropped(&session);
        loop {
            let retiring = retire(self.retired.as_mut(), &self.options);
            tokio::select! {
                () = retiring => self.retired = None,
                pushed = connection.next() => {
                    let payload = match pushed {
                        Ok(payload) => payload,
                        Err(why) => return End::Lost(why),
                    };
                    health = self.sleep(HEALTH_PERIOD);
                    let push = Push::read(&payload);
                    // Before anything else, and whatever it is.
                    if let Err(why) = connection.answer(&payload) {
                        return End::Lost(why);
                    }
                    match push {
                        Ok(Push::Reset { server }) if switching.is_none() => {
                            if let Some(server) = self.server_of(server) {
                                tracing::info!(%server, "nacos asks for a change of the server");
                                switching = Some(self.open(server));
                            }
                        }
                        Ok(push) => self.pushes.take(session.generation, push),
                        Err(error) => {
                            tracing::warn!(%error, "passed over a push of nacos");
                            self.pushes.missed();
                        }
                    }
                }
                command = self.commands.recv() => match command {
                    None | Some(Command::Close) => return End::Closed,
                    Some(Command::Unknown(generation)) if generation == session.generation => {
                        // It may have been the answer to one request alone.
                        checking.get_or_insert_with(|| (check(session.clone()), true));
                    }
                    Some(Command::Suspect(generation)) if generation == session.generation => {
                        checking.get_or_insert_with(|| (check(session.clone()), false));
                    }
                    Some(_) => {}
                },
                () = &mut health, if checking.is_none() => {
                    checking = Some((check(session.clone()), false));
                }
                outcome = optional(checking.as_mut().map(|(checking, _)| checking)) => {
                    let again = checking.take().is_some_and(|(_, last)| last);
                    match outcome {
                        Ok(()) => health = self.sleep(HEALTH_PERIOD),
                        // Once more, unless it is known that the server has forgotten us.
                        Err(Error::Late) if !again => checking = Some((check(session.clone()), true)),
                        Err(error) => return End::Lost(error.to_string()),
                    }
                }
                () = self.servers.changed() => {
                    if switching.is_none() {
                        switching = self.leave_dropped(&session);
                    }
                }
                opened = optional(switching.as_mut()) => match opened {
                    Ok(other) => return End::Switched(other),
                    Err(error) => {
                        let server = self.next_server().unwrap_or_else(|| session.server.clone());
                        let pause = self.pause(1, MAX_DIAL_PAUSE);
                        tracing::warn!(why = %error, %server, "cannot change the server of nacos; trying the next");
                        let (sleep, open) = (self.sleep(pause), self.open(server));
                        switching = Some(Box::pin(async move { sleep.await; open.await }));
                    }
                }
            }
        }
    }

    /// The connection to another server, when the address server does not name that of `session` any more.
    fn leave_dropped(&mut self, session: &Session) -> Option<Opening> {
        if self.servers.now().contains(&session.server) {
            return None;
        }
        let server = self.next_server()?;
        tracing::info!(%server, left = %session.server, "changing the server of nacos, which is in the list no more");
        Some(self.open(server))
    }

    /// The server that a server recommends, if it is one of ours, by our port; else the next.
    fn server_of(&mut self, wanted: Option<(bytestring::ByteString, u16)>) -> Option<Address> {
        let ours = wanted.and_then(|(host, port)| {
            let of_host = |server: &&Address| server.host() == &*host;
            let servers = self.servers.now();
            let exact = servers.iter().filter(of_host).find(|server| server.port() == port);
            exact.or_else(|| servers.iter().find(of_host)).cloned()
        });
        ours.or_else(|| self.next_server())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.state.send_replace(LinkState::Closed);
    }
}

/// Asks the server whether it knows the connection.
fn check(session: Arc<Session>) -> Checking {
    Box::pin(async move {
        let asked = session.request_within(HEALTH_TIMEOUT, &HealthCheck {}, Headers::new());
        asked.await.map(drop)
    })
}

/// The outcome of a future that there may be.
async fn optional<F: Future + Unpin>(future: Option<&mut F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

/// Answers what still comes over an old connection, until its time is over or it ends.
async fn retire(retired: Option<&mut (Connection, Instant)>, options: &LinkOptions) {
    let Some((connection, until)) = retired else { return pending().await };
    let drained = async {
        while let Ok(payload) = connection.next().await {
            if connection.answer(&payload).is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = drained => {}
        () = options.clock.sleep_until(*until) => {}
    }
}
