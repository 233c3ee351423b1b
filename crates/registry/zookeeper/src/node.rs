//! Nodes of ours, kept in place.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, SharedClock, after};
use tokio::sync::{oneshot, watch};

use crate::client::{Client, ClientState, Error, Session, Stat, Watch, parent};

/// The longest time after which a node is looked at again, watch or not: somebody else may have
/// removed it in a way that no watch told of.
const AUDIT_PERIOD: Duration = Duration::from_secs(30);

/// Keeps nodes in place.
#[derive(Clone)]
pub(crate) struct NodeKeeper {
    pub(crate) client: Client,
    pub(crate) clock: SharedClock,
    pub(crate) random: Arc<dyn RandomSource>,
}

/// The times in a row that a node that somebody takes away is put back without a pause: two processes of
/// one address must not drive each other.
const PROMPT_RETURNS: u32 = 1;

/// A node that is to exist.
pub(crate) struct Node {
    pub(crate) path: String,
    pub(crate) data: Bytes,
    /// `true` if it goes with our session.
    pub(crate) ephemeral: bool,
    /// `true` if its data say something: other data in their place are replaced.
    pub(crate) checks_data: bool,
}

/// The state of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeState {
    /// The node is not there yet, is not ours or has other data; with the error of the last attempt.
    Missing(Option<Error>),
    /// The node is there and owned by our session.
    Placed,
    /// The node was removed.
    Removed,
    /// The node was not removed, because of this error.
    RemoveFailed(Error),
}

/// A node that is kept in place for as long as this lives; dropping it takes the node back.
#[derive(Debug)]
pub(crate) struct KeptNode {
    state: watch::Sender<NodeState>,
    data: watch::Sender<Bytes>,
    _stop: oneshot::Sender<()>,
}

impl KeptNode {
    /// A kept node, and the task that does it.
    pub(crate) fn new(
        keeper: NodeKeeper,
        node: Node,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (stop, stopped) = oneshot::channel();
        let state = watch::Sender::new(NodeState::Missing(None));
        let (data, mut wanted) = watch::channel(node.data.clone());
        let kept = Self { state: state.clone(), data, _stop: stop };
        let task = async move {
            tokio::select! {
                biased;
                _ = stopped => {}
                // The client is closed, and the node gone with the session.
                () = keeper.hold(&node, &mut wanted, &state) => return,
            }
            state.send_replace(keeper.remove(&node).await);
        };
        (kept, task)
    }

    /// The state of the node; outlives this.
    pub(crate) fn state(&self) -> watch::Receiver<NodeState> {
        self.state.subscribe()
    }

    /// Replaces the data of the node in place; until that is done, the node is
    /// [missing](NodeState::Missing).
    pub(crate) fn replace(&self, data: Bytes) {
        // Under the lock of the state, lest the old data be said to be in place after this.
        self.state.send_modify(|state| {
            self.data.send_replace(data);
            *state = NodeState::Missing(None);
        });
    }
}

impl NodeKeeper {
    /// The pause before something that ZooKeeper refused so often is tried again.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        self.client.backoff().pause(failures, &*self.random)
    }

    /// Puts the node in place again whenever it is not; ends when the client is closed.
    async fn hold(
        &self,
        node: &Node,
        wanted: &mut watch::Receiver<Bytes>,
        state: &watch::Sender<NodeState>,
    ) {
        let (mut failures, mut contested) = (0, 0_u32);
        while let Ok(session) = self.client.connected().await {
            let data = wanted.borrow_and_update().clone();
            match self.place(node, &data, &session).await {
                Ok(watch) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::info!(node = node.path, "a node is created after all");
                    }
                    state.send_if_modified(|state| {
                        let placed = !wanted.has_changed().unwrap_or(false);
                        if placed {
                            *state = NodeState::Placed;
                        }
                        placed
                    });
                    let half = u64::try_from(AUDIT_PERIOD.as_millis() / 2).unwrap_or(u64::MAX);
                    // Spread, so that not all nodes of a fleet are looked at together.
                    let audit = AUDIT_PERIOD / 2 + Duration::from_millis(self.random.below(half));
                    tokio::select! {
                        () = watch => {}
                        // An error says that nobody wants it any more; then the task is stopped.
                        Ok(()) = wanted.changed() => continue,
                        () = self.clock.sleep_until(after(self.clock.now(), audit)) => {
                            contested = 0;
                            continue;
                        }
                    }
                    self.pause_if_contested(node, &session, &mut contested).await;
                }
                Err(Error::Disconnected) => {}
                Err(Error::Closed) => return,
                Err(error) => {
                    failures += 1;
                    let pause = self.pause(failures);
                    let node = &node.path;
                    tracing::warn!(node, %error, ?pause, "cannot create a node; trying again");
                    state.send_replace(NodeState::Missing(Some(error)));
                    self.clock.sleep_until(after(self.clock.now(), pause)).await;
                }
            }
        }
    }

    /// Pauses before a node is put in place again that somebody took away, unless it is the first
    /// time for long, or the session was lost.
    async fn pause_if_contested(&self, node: &Node, session: &Session, contested: &mut u32) {
        let same = match self.client.state() {
            ClientState::Connected { session: now, .. } => now.id() == session.id(),
            _ => false,
        };
        if !same {
            return;
        }
        *contested = contested.saturating_add(1);
        if *contested > PROMPT_RETURNS {
            let pause = self.pause(*contested - PROMPT_RETURNS);
            if contested.is_power_of_two() {
                let (node, times) = (&node.path, *contested);
                tracing::warn!(
                    node,
                    times,
                    ?pause,
                    "somebody else takes a node of ours away; putting it back"
                );
            }
            self.clock.sleep_until(after(self.clock.now(), pause)).await;
        }
    }

    /// Makes sure that the node is there, of this session and with these data, and watches it.
    ///
    /// A node of the same name that an older session of ours left behind would vanish with that
    /// session, whatever we do to it, so it is replaced.
    async fn place(&self, node: &Node, data: &Bytes, session: &Session) -> Result<Watch, Error> {
        const ATTEMPTS: usize = 5;
        let owner = if node.ephemeral { session.id() } else { 0 };
        for _ in 0..ATTEMPTS {
            let changed = match self.look(node).await? {
                (Some((stat, there)), watch) if stat.ephemeral_owner == owner => {
                    if there.is_none_or(|there| there == *data) {
                        return Ok(watch);
                    }
                    let set = self.client.set_version(&node.path, data, stat.version);
                    set.await.map(drop)
                }
                (Some(_), _) => self.client.delete(&node.path).await,
                (None, _) => self.create(node, data).await,
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
    async fn look(&self, node: &Node) -> Result<(Option<(Stat, Option<Bytes>)>, Watch), Error> {
        if node.checks_data {
            match self.client.get_watched(&node.path).await {
                Ok((data, stat, watch)) => return Ok((Some((stat, Some(data))), watch)),
                Err(Error::NoNode) => {}
                Err(error) => return Err(error),
            }
        }
        let (stat, watch) = self.client.stat_watched(&node.path).await?;
        Ok((stat.map(|stat| (stat, None)), watch))
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

    /// Takes the node back, however often the connection is lost meanwhile.
    async fn remove(&self, node: &Node) -> NodeState {
        loop {
            match self.client.delete(&node.path).await {
                Ok(()) | Err(Error::NoNode) => return NodeState::Removed,
                Err(Error::Disconnected) if self.client.connected().await.is_ok() => {}
                Err(error) => return NodeState::RemoveFailed(error),
            }
        }
    }
}
