//! Nodes of ours, kept in place.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, Instant, SharedClock};
use dubhe_registry::keeping::{
    Audits, Connection, ConnectionState, Keeper, Kept, Lost, Placing, Unplaced, keep,
};

use crate::client::{Client, ClientState, Error, Session, Stat, Watch, parent};

/// Keeps nodes in place.
#[derive(Clone)]
pub(crate) struct NodeKeeper {
    pub(crate) client: Client,
    pub(crate) clock: SharedClock,
    pub(crate) random: Arc<dyn RandomSource>,
}

/// A node that is to exist.
pub(crate) struct Node {
    pub(crate) path: String,
    /// `true` if it goes with our session.
    pub(crate) ephemeral: bool,
    /// `true` if its data say something: other data in their place are replaced.
    pub(crate) checks_data: bool,
}

/// A node that is kept in place with its data for as long as this lives; dropping it takes the node back.
pub(crate) type KeptNode = Kept<Bytes>;

/// A node in its place.
struct PlacedNode {
    keeper: NodeKeeper,
    node: Node,
    /// The session that it was placed in, and the watch on it.
    placed: Option<(Session, Watch)>,
}

/// The data of a node that is there.
enum There {
    /// Data that do not matter, or came up after a look that found none.
    Unread,
    Data(Bytes),
    /// Data that we may not read.
    Refused,
}

impl Connection for ClientState {
    fn connection(&self) -> ConnectionState {
        match self {
            Self::Connected { .. } => ConnectionState::Connected,
            Self::Connecting { error } => {
                ConnectionState::Connecting(error.as_ref().map(ToString::to_string))
            }
            Self::Closed => ConnectionState::Closed,
        }
    }
}

impl Placing<Bytes> for PlacedNode {
    fn name(&self) -> impl fmt::Display {
        &self.node.path
    }

    fn backoff(&self) -> FullJitter {
        self.keeper.client.backoff()
    }

    async fn place(&mut self, data: &Bytes) -> Result<(), Unplaced> {
        let unplaced = |error| match error {
            Error::Closed => Unplaced::Closed,
            Error::Disconnected => Unplaced::Disconnected,
            error => Unplaced::Refused(failed(error)),
        };
        self.placed = None;
        let session = self.keeper.client.connected().await.map_err(unplaced)?;
        let watch = self.keeper.place(&self.node, data, &session).await.map_err(unplaced)?;
        self.placed = Some((session, watch));
        Ok(())
    }

    async fn lost(&mut self) -> Lost {
        let Some((session, watch)) = &mut self.placed else { return Lost::Ended };
        watch.await;
        match self.keeper.client.state() {
            ClientState::Connected { session: now, .. } if now.id() == session.id() => Lost::Taken,
            _ => Lost::Ended,
        }
    }

    /// Takes the node back, however often the connection is lost meanwhile.
    async fn remove(&mut self) -> Result<(), Status> {
        let client = &self.keeper.client;
        loop {
            match client.delete(&self.node.path).await {
                Ok(()) | Err(Error::NoNode) => return Ok(()),
                Err(Error::Disconnected) if client.connected().await.is_ok() => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

fn failed(error: Error) -> Status {
    Status::unavailable(error.to_string())
}

/// The time of the next audit of what is followed.
pub(crate) struct AuditTimer {
    audits: Audits,
    pub(crate) at: Instant,
}

impl AuditTimer {
    pub(crate) fn new(keeper: &NodeKeeper) -> Self {
        let mut timer = Self { audits: Audits::default(), at: keeper.clock.now() };
        timer.advance(keeper, 0);
        timer
    }

    /// Sets the time of the next audit, which reads so many bytes.
    pub(crate) fn advance(&mut self, keeper: &NodeKeeper, bytes: usize) {
        self.at = self.audits.next(keeper.clock.now(), bytes, &*keeper.random);
    }

    /// Begins anew with short pauses, as after a change of the connection.
    pub(crate) fn restart(&mut self, keeper: &NodeKeeper, bytes: usize) {
        self.audits.restart();
        self.advance(keeper, bytes);
    }
}

impl NodeKeeper {
    /// The pause before something that ZooKeeper refused so often is tried again.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        self.client.backoff().pause(failures, &*self.random)
    }

    /// Keeps a node of these data in place: the handle, and the task that does it.
    pub(crate) fn keep(
        &self,
        node: Node,
        data: Bytes,
    ) -> (KeptNode, impl Future<Output = ()> + Send + use<>) {
        let (kept, keeper) = keep(data);
        (kept, self.run(node, keeper))
    }

    /// The task that keeps a node in place.
    pub(crate) fn run(
        &self,
        node: Node,
        keeper: Keeper<Bytes>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (clock, random) = (self.clock.clone(), self.random.clone());
        keeper.run(PlacedNode { keeper: self.clone(), node, placed: None }, clock, random)
    }

    /// Makes sure that the node is there, of this session and with these data, and watches it.
    ///
    /// A node of the same name that an older session of ours left behind would vanish with that
    /// session, whatever we do to it, so it is replaced.
    async fn place(&self, node: &Node, data: &Bytes, session: &Session) -> Result<Watch, Error> {
        const ATTEMPTS: usize = 5;
        let owner = if node.ephemeral { session.id() } else { 0 };
        // What the server names as the owner of the node that we made last.
        let (mut made, mut made_by) = (false, None);
        for _ in 0..ATTEMPTS {
            let changed = match self.look(node).await? {
                (Some((stat, there)), watch) if stat.ephemeral_owner == owner => match there {
                    There::Unread => return Ok(watch),
                    There::Data(there) if there == *data => return Ok(watch),
                    There::Data(_) => {
                        let set = self.client.set_version(&node.path, data, stat.version);
                        set.await.map(drop)
                    }
                    // Nobody else can read it either.
                    There::Refused if node.ephemeral => self.client.delete(&node.path).await,
                    There::Refused => return Err(Error::NoAuth),
                },
                (Some((stat, _)), _) => {
                    let by = made.then_some(stat.ephemeral_owner);
                    if by.is_some() && by == made_by {
                        self.client.renew().await;
                        return Err(Error::Disconnected);
                    }
                    (made, made_by) = (false, by);
                    self.client.delete(&node.path).await
                }
                (None, _) => {
                    let created = self.create(node, data).await;
                    made = created.is_ok();
                    created
                }
            };
            match changed {
                // Another look shows what there is now.
                Ok(()) | Err(Error::NoNode | Error::NodeExists | Error::BadVersion) => {}
                Err(error) => return Err(error),
            }
        }
        // Somebody else makes or removes it all the time.
        Err(Error::NodeExists)
    }

    /// The facts of the node that is there, with its data where they matter, and a watch.
    async fn look(&self, node: &Node) -> Result<(Option<(Stat, There)>, Watch), Error> {
        let mut there = There::Unread;
        if node.checks_data {
            match self.client.get_watched(&node.path).await {
                Ok((data, stat, watch)) => return Ok((Some((stat, There::Data(data))), watch)),
                Err(Error::NoNode) => {}
                Err(Error::NoAuth) => there = There::Refused,
                Err(error) => return Err(error),
            }
        }
        let (stat, watch) = self.client.stat_watched(&node.path).await?;
        Ok((stat.map(|stat| (stat, there)), watch))
    }

    async fn create(&self, node: &Node, data: &[u8]) -> Result<(), Error> {
        if !node.ephemeral {
            return self.client.create_with_parents(&node.path, data).await;
        }
        let create = || self.client.create(&node.path, data, true);
        match (create().await, parent(&node.path)) {
            (Err(Error::NoNode), Some(parent)) => {
                self.client.create_path(parent).await?;
                create().await
            }
            (done, _) => done,
        }
    }
}
