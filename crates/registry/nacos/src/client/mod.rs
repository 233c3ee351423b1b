//! A narrow Nacos client: one connection for each module of the server, however many services.
//!
//! ```text
//! Link (handles) → requests → Session (the present connection) → Triple
//!        Driver: connect, set up, drain the pushes, check the health, back off, go to another server
//! ```
//!
//! - Nothing waits while there is no connection: a request fails with [`Error::Disconnected`], and its
//!   caller, who knows whether it may be repeated, waits for [`Link::changed`].
//! - What the server knows of a connection goes with it. Whoever registered, subscribed or listened
//!   does so again when the generation of the connection is another.
//! - A push is taken and answered at once, whether its consumers are slow or not.

mod connection;
mod driver;
mod session;

use std::net::IpAddr;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, SharedClock, after};
use dubhe_net::drain::Scope;
use dubhe_net::io::Dial;
use dubhe_registry::keeping::{Connection, ConnectionState};
use dubhe_triple::TripleOptions;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::auth::Auth;
use crate::error::Error;
use crate::servers::Servers;
use crate::wire::{Push, Request, code};
use driver::Driver;
pub(crate) use session::Session;

/// The options of a link.
pub(crate) struct LinkOptions {
    /// `naming` or `config`: the server keeps them apart.
    pub(crate) module: &'static str,
    pub(crate) application: ByteString,
    pub(crate) namespace: String,
    pub(crate) servers: Servers,
    pub(crate) port_offset: u16,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) triple: TripleOptions,
    pub(crate) max_pause: Duration,
    /// Notices of every connection, of whichever module: when the servers are back, nobody pauses.
    pub(crate) reached: watch::Sender<()>,
    pub(crate) clock: SharedClock,
    pub(crate) random: Arc<dyn RandomSource>,
}

/// Takes what the server pushes; must not wait.
pub(crate) trait TakePush: Send + Sync + 'static {
    /// Takes a push that came over this connection.
    fn take(&self, generation: u64, push: Push);

    /// Notes that a push could not be read, whatever it told of.
    fn missed(&self);
}

/// The state of a link.
#[derive(Clone)]
pub(crate) enum LinkState {
    /// A connection is being made.
    Connecting {
        /// The error of the last attempt, when there was one.
        error: Option<Arc<str>>,
    },
    /// The server knows the connection.
    Connected(Arc<Session>),
    /// The link was closed, for good.
    Closed,
}

impl Connection for LinkState {
    fn connection(&self) -> ConnectionState {
        match self {
            Self::Connected(_) => ConnectionState::Connected,
            Self::Connecting { error } => {
                ConnectionState::Connecting(error.as_ref().map(ToString::to_string))
            }
            Self::Closed => ConnectionState::Closed,
        }
    }
}

/// The words of handles to the driver.
enum Command {
    Close,
    /// A request over the connection of this generation got no answer.
    Suspect(u64),
    /// The server does not know the connection of this generation.
    Unknown(u64),
}

/// The requests that are on their way at a time; more wait with their callers. What is registered and
/// subscribed is told again in one go when a connection is new.
const MAX_REQUESTS: usize = 32;

/// A handle of the connections to one module. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Link {
    state: watch::Receiver<LinkState>,
    commands: mpsc::Sender<Command>,
    auth: Arc<Auth>,
    permits: Arc<Semaphore>,
    pub(crate) clock: SharedClock,
    random: Arc<dyn RandomSource>,
    backoff: FullJitter,
}

impl Link {
    /// Opens a link, which connects in the background by a task in `tasks`. Must be called within a runtime.
    pub(crate) fn open(
        options: LinkOptions,
        auth: Arc<Auth>,
        pushes: Arc<dyn TakePush>,
        tasks: &Scope,
    ) -> Self {
        let (commands, receiver) = mpsc::channel(16);
        let (sender, state) = watch::channel(LinkState::Connecting { error: None });
        let link = Self {
            state,
            commands,
            auth,
            permits: Arc::new(Semaphore::new(MAX_REQUESTS)),
            clock: options.clock.clone(),
            random: options.random.clone(),
            backoff: FullJitter::default().capped(options.max_pause),
        };
        tasks.spawn(Driver::new(options, receiver, sender, pushes).run());
        link
    }

    /// The present state.
    pub(crate) fn state(&self) -> LinkState {
        self.state.borrow().clone()
    }

    /// Notices of every change of the state.
    pub(crate) fn states(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// The pauses before something that Nacos refused is tried again.
    pub(crate) fn backoff(&self) -> FullJitter {
        self.backoff
    }

    /// The pause after this many failures in a row.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        self.backoff.pause(failures, &*self.random)
    }

    /// The source of jitter.
    pub(crate) fn random(&self) -> &dyn RandomSource {
        &*self.random
    }

    /// The error for which there is no connection.
    pub(crate) fn failure(&self) -> Option<Error> {
        match &*self.state.borrow() {
            LinkState::Connecting { error } => Some(Error::Disconnected(error.clone()?)),
            LinkState::Closed => Some(Error::Closed),
            LinkState::Connected(_) => None,
        }
    }

    /// The address of this end of the connection.
    pub(crate) fn local(&self) -> Option<IpAddr> {
        match &*self.state.borrow() {
            LinkState::Connected(session) => Some(session.local),
            _ => None,
        }
    }

    /// The generation of the present connection.
    pub(crate) fn generation(&self) -> Option<u64> {
        match &*self.state.borrow() {
            LinkState::Connected(session) => Some(session.generation),
            _ => None,
        }
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(crate) async fn connected(&self) -> Result<Arc<Session>, Error> {
        let mut states = self.states();
        let settled = |state: &LinkState| !matches!(state, LinkState::Connecting { .. });
        match states.wait_for(settled).await.as_deref() {
            Ok(LinkState::Connected(session)) => Ok(session.clone()),
            _ => Err(Error::Closed),
        }
    }

    /// Waits until the connection of this generation is not the present one any more.
    pub(crate) async fn changed(&self, generation: u64) {
        let mut states = self.states();
        let other = |state: &LinkState| match state {
            LinkState::Connected(session) => session.generation != generation,
            _ => true,
        };
        // An error says that the driver is gone, and the connection with it.
        let _ = states.wait_for(other).await;
    }

    /// Waits for this long, or until the connection of this generation is not the present one any more.
    pub(crate) async fn pause_or_change(&self, pause: Duration, generation: u64) {
        tokio::select! {
            () = self.clock.sleep_until(after(self.clock.now(), pause)) => {}
            () = self.changed(generation) => {}
        }
    }

    /// Sends a request over the present connection.
    ///
    /// # Errors
    /// [`Error::Disconnected`] when there is none; see [`Error`] for the others.
    pub(crate) async fn request<R: Request>(&self, body: &R) -> Result<R::Response, Error> {
        let session = match self.state() {
            LinkState::Connected(session) => session,
            LinkState::Connecting { error } => {
                return Err(Error::Disconnected(error.unwrap_or_else(|| "connecting".into())));
            }
            LinkState::Closed => return Err(Error::Closed),
        };
        self.request_over(&session, body).await
    }

    /// Sends a request over this connection.
    pub(crate) async fn request_over<R: Request>(
        &self,
        session: &Session,
        body: &R,
    ) -> Result<R::Response, Error> {
        // It is never closed.
        let _permit = self.permits.acquire().await;
        let headers = self.auth.headers(body.resource()).await?;
        let mut outcome = session.request(body, headers.clone()).await;
        if let Err(Error::Refused { code: code::FORBIDDEN, .. }) = &outcome
            && self.auth.refused(&headers).await
        {
            let headers = self.auth.headers(body.resource()).await?;
            outcome = session.request(body, headers).await;
        }
        let told = match &outcome {
            Err(Error::Disconnected(_) | Error::Starting(_)) => {
                Command::Unknown(session.generation)
            }
            Err(Error::Late) => Command::Suspect(session.generation),
            _ => return outcome,
        };
        // A driver that has this much to do looks at the connection anyway.
        let _ = self.commands.try_send(told);
        outcome
    }

    /// Ends the connection, and with it what the server knows of this client.
    pub(crate) async fn close(&self) {
        // An error says that the driver has ended already.
        if self.commands.send(Command::Close).await.is_ok() {
            let _ = self.states().wait_for(|state| matches!(state, LinkState::Closed)).await;
        }
    }
}
