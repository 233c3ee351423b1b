//! Opening a connection: the check of the server, the stream, and the setup.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::Endpoint;
use dubhe_core::connect::{Channel, Connect};
use dubhe_core::invoke::Outcome;
use dubhe_core::reply::{Frame, ReplyBody};
use dubhe_core::time::{Duration, after};
use dubhe_net::io::Address;
use dubhe_triple::TripleConnect;
use futures_util::{Stream, StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::LinkOptions;
use super::session::{NotingDial, Session, message, read, stream as stream_call};
use crate::error::Error;
use crate::wire::{self, ConnectionSetup, Headers, HealthCheck, Payload, Push, ServerCheck};

/// The longest time from the first byte until the server knows the connection.
const SETUP_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between two questions whether the server knows it.
const SETUP_POLL: Duration = Duration::from_millis(20);
/// Answers that wait for the server to take them. One that takes none while it goes on asking is
/// not served any more.
const MAX_ANSWERS: usize = 1024;

/// The version that servers show.
const CLIENT_VERSION: &str = concat!("Dubhe:v", env!("CARGO_PKG_VERSION"));

/// The messages of the server; an error is the last.
type Pushes = Pin<Box<dyn Stream<Item = Result<dubhe_core::Payload, String>> + Send>>;

/// A connection.
pub(super) struct Connection {
    pub(super) session: Arc<Session>,
    answers: mpsc::Sender<Bytes>,
    pushes: Pushes,
}

/// The reason why there is no connection, for people.
pub(super) struct Unopened {
    why: String,
    /// `true` when the server is there and not ready yet.
    pub(super) is_starting: bool,
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<String> for Unopened {
    fn from(why: String) -> Self {
        Self { why, is_starting: false }
    }
}

impl Connection {
    /// Opens a connection and waits until the server knows it.
    pub(super) async fn open(
        options: Arc<LinkOptions>,
        server: Address,
        generation: u64,
    ) -> Result<Self, Unopened> {
        let limit = after(options.clock.now(), SETUP_TIMEOUT);
        let clock = options.clock.clone();
        tokio::select! {
            opened = Self::set_up(&options, &server, generation) => opened,
            () = clock.sleep_until(limit) => {
                Err(format!("the connection is not set up within {SETUP_TIMEOUT:?}").into())
            }
        }
    }

    async fn set_up(
        options: &Arc<LinkOptions>,
        server: &Address,
        generation: u64,
    ) -> Result<Self, Unopened> {
        let local = Arc::new(Mutex::new(None));
        let dial = NotingDial { dial: options.dial.clone(), local: local.clone() };
        // An option that has a port without gRPC's is refused.
        let port = server.port().saturating_add(options.port_offset);
        let endpoint = Endpoint::of("grpc", server.host().to_owned(), port);
        let channel = TripleConnect::new(options.triple.clone())
            .grpc()
            .dial(Arc::new(dial))
            .random(options.random.clone())
            // The driver tells of what is lost.
            .quiet()
            .connect(&endpoint)
            .map_err(|status| status.message().to_owned())?;
        let mut session = Session {
            generation,
            server: server.clone(),
            channel,
            local: std::net::Ipv4Addr::UNSPECIFIED.into(),
            is_v3: false,
            clock: options.clock.clone(),
        };
        let mut guard = CloseOnDrop(Some(session.channel.clone()));
        let checked = session.request(&ServerCheck {}, Headers::new()).await;
        let checked = checked.map_err(|error| Unopened {
            is_starting: matches!(error, Error::Starting(_)),
            why: match error {
                // Whoever asks for the state says so.
                Error::Disconnected(why) => why.to_string(),
                error => error.to_string(),
            },
        })?;
        session.local = NotingDial::noted(&local);

        let (answers, waiting) = mpsc::channel(MAX_ANSWERS);
        answers.try_send(options.setup(&session)?).map_err(|error| error.to_string())?;
        let messages = stream::unfold(waiting, |mut waiting| async {
            let bytes: Bytes = waiting.recv().await?;
            Some((Ok(message(bytes)), waiting))
        });
        let invoking = session.channel.invoke(stream_call(Box::pin(messages)));
        let mut pushes: Pushes = Box::pin(stream::once(invoking).map(frames).flatten());

        if checked.support_ability_negotiation {
            session.is_v3 = wait_for_ack(&mut pushes).await?;
        } else {
            wait_until_known(&session, &mut pushes).await?;
        }
        guard.0 = None;
        Ok(Self { session: Arc::new(session), answers, pushes })
    }

    /// The next request of the server; an error ends the connection.
    pub(super) async fn next(&mut self) -> Result<Payload, String> {
        loop {
            let payload = next(&mut self.pushes).await?;
            match payload {
                Ok(payload) => return Ok(payload),
                Err(error) => tracing::warn!(%error, "passed over a message of nacos"),
            }
        }
    }

    /// Answers a request of the server; an error ends the connection.
    pub(super) fn answer(&self, payload: &Payload) -> Result<(), String> {
        let Some(answer) = wire::answer(payload, &self.session.local.to_string()) else {
            return Ok(());
        };
        // To wait would be to let the pushes wait, and with them the server's memory.
        self.answers
            .try_send(answer)
            .map_err(|_| format!("the server takes no answers: {MAX_ANSWERS} wait"))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.session.close();
    }
}

/// Closes a channel whose connection is not set up.
struct CloseOnDrop(Option<Arc<dyn Channel>>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        if let Some(channel) = &self.0 {
            channel.close(true);
        }
    }
}

impl LinkOptions {
    /// The first message of the stream.
    fn setup(&self, session: &Session) -> Result<Bytes, String> {
        let setup = ConnectionSetup {
            client_version: CLIENT_VERSION,
            tenant: &self.namespace,
            labels: BTreeMap::from([
                ("source", "sdk"),
                ("module", self.module),
                (
                    "AppName",
                    if self.application.is_empty() { "unknown" } else { &self.application },
                ),
            ]),
            ability_table: BTreeMap::new(),
        };
        wire::encode(ConnectionSetup::KIND, Headers::new(), &session.local.to_string(), &setup)
            .map_err(|error| error.to_string())
    }
}

/// The messages of the reply to a stream. Its head may come with the first of them.
fn frames(outcome: Outcome) -> Pushes {
    let stream = match outcome.map(|reply| reply.body) {
        Ok(ReplyBody::Stream(stream)) => stream,
        Ok(ReplyBody::One(..)) => {
            return failed("the server answers the stream with one message".into());
        }
        Err(status) => return failed(status.message().to_owned()),
    };
    Box::pin(stream.map(|frame| match frame {
        Frame::Message(payload) => Ok(payload),
        Frame::Trailers(trailers) => Err(trailers.status.map_or_else(
            || "the server ended the stream".to_owned(),
            |status| status.message().to_owned(),
        )),
    }))
}

fn failed(why: String) -> Pushes {
    Box::pin(stream::iter([Err(why)]))
}

/// The next message; what is no payload does not end the stream.
async fn next(pushes: &mut Pushes) -> Result<Result<Payload, wire::Malformed>, String> {
    let payload = pushes.next().await.unwrap_or_else(|| Err("the stream was cut off".into()))?;
    Ok(read(&payload))
}

/// Waits for the abilities of the server; `true` if they are those of Nacos 3.
async fn wait_for_ack(pushes: &mut Pushes) -> Result<bool, String> {
    loop {
        let payload = next(pushes).await?.map_err(|error| error.to_string())?;
        if let Push::SetupAck { is_v3 } = Push::read(&payload).map_err(|error| error.to_string())? {
            return Ok(is_v3);
        }
    }
}

/// Waits until a server that does not negotiate knows the connection: it says nothing by itself.
async fn wait_until_known(session: &Session, pushes: &mut Pushes) -> Result<(), String> {
    let asking = async {
        loop {
            match session.request(&HealthCheck {}, Headers::new()).await {
                Ok(_) => return Ok(()),
                Err(Error::Disconnected(_) | Error::Starting(_) | Error::Refused { .. }) => {}
                Err(error) => return Err(error.to_string()),
            }
            session.clock.sleep_until(after(session.clock.now(), SETUP_POLL)).await;
        }
    };
    let mut asking = std::pin::pin!(asking);
    loop {
        tokio::select! {
            // The stream goes first: it is what makes the connection known.
            biased;
            // Nothing is pushed to a connection that has asked for nothing, but for its end.
            pushed = next(pushes) => drop(pushed?),
            known = &mut asking => return known,
        }
    }
}
