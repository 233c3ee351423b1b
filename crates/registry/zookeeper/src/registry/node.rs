//! Nodes of ours, kept in place.

use std::sync::Arc;

use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, SharedClock, after};
use tokio::sync::{oneshot, watch};

use crate::client::{Client, Error, Session, Watch};

/// The longest time after which a node is looked at again, watch or not: somebody else may have
/// removed it in a way that no watch told of.
const AUDIT_PERIOD: Duration = Duration::from_secs(30);

/// Keeps nodes in place.
#[derive(Clone)]
pub(super) struct NodeKeeper {
    pub(super) client: Client,
    pub(super) clock: SharedClock,
    pub(super) random: Arc<dyn RandomSource>,
}

/// A node that is to exist.
pub(super) struct Node {
    pub(super) path: String,
    pub(super) data: Vec<u8>,
    /// `true` if it goes with our session.
    pub(super) ephemeral: bool,
}

/// The state of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeState {
    /// The node is not there yet, or is not ours; with the error of the last attempt.
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
pub(super) struct KeptNode {
    state: watch::Receiver<NodeState>,
    _stop: oneshot::Sender<()>,
}

impl KeptNode {
    /// A kept node, and the task that does it.
    pub(super) fn new(
        keeper: NodeKeeper,
        node: Node,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (stop, stopped) = oneshot::channel();
        let (sender, state) = watch::channel(NodeState::Missing(None));
        let task = async move {
            tokio::select! {
                biased;
                _ = stopped => {}
                // The client is closed, and the node gone with the session.
                () = keeper.hold(&node, &sender) => return,
            }
            sender.send_replace(keeper.remove(&node).await);
        };
        (Self { state, _stop: stop }, task)
    }

    /// The state of the node; outlives this.
    pub(super) fn state(&self) -> watch::Receiver<NodeState> {
        self.state.clone()
    }
}

impl NodeKeeper {
    /// The pause before something that ZooKeeper refused so often is tried again.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        self.client.backoff().pause(failures, &*self.random)
    }

    /// Puts the node in place again whenever it is not; ends when the client is closed.
    async fn hold(&self, node: &Node, state: &watch::Sender<NodeState>) {
        let mut failures = 0;
        while let Ok(session) = self.client.connected().await {
            match self.place(node, &session).await {
                Ok(watch) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::info!(node = node.path, "a node is created after all");
                    }
                    state.send_replace(NodeState::Placed);
                    let half = u64::try_from(AUDIT_PERIOD.as_millis() / 2).unwrap_or(u64::MAX);
                    // Spread, so that not all nodes of a fleet are looked at together.
                    let audit = AUDIT_PERIOD / 2 + Duration::from_millis(self.random.below(half));
                    tokio::select! {
                        () = watch => {}
                        () = self.clock.sleep_until(after(self.clock.now(), audit)) => {}
                    }
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

    /// Makes sure that the node is there and of this session, and watches it.
    ///
    /// A node of the same name that an older session of ours left behind would vanish with that
    /// session, whatever we do to it, so it is replaced.
    async fn place(&self, node: &Node, session: &Session) -> Result<Watch, Error> {
        const ATTEMPTS: usize = 5;
        let owner = if node.ephemeral { session.id() } else { 0 };
        for _ in 0..ATTEMPTS {
            match self.client.stat_watched(&node.path).await? {
                (Some(stat), watch) if stat.ephemeral_owner == owner => return Ok(watch),
                (Some(_), _) => match self.client.delete(&node.path).await {
                    Ok(()) | Err(Error::NoNode) => {}
                    Err(error) => return Err(error),
                },
                (None, _) => match self.create(node).await {
                    Ok(()) | Err(Error::NodeExists) => {}
                    Err(error) => return Err(error),
                },
            }
        }
        // Somebody else makes or removes it all the time.
        Err(Error::NodeExists)
    }

    async fn create(&self, node: &Node) -> Result<(), Error> {
        let create = || self.client.create(&node.path, &node.data, node.ephemeral);
        match (create().await, parent(&node.path)) {
            (Err(Error::NoNode), Some(parent)) => {
                create_path(&self.client, parent).await?;
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

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent).filter(|parent| !parent.is_empty())
}

/// Makes a persistent node and those above it, unless they exist. Nodes above one that exists are
/// not touched: we may have no rights there.
pub(super) async fn create_path(client: &Client, path: &str) -> Result<(), Error> {
    let mut missing = vec![path];
    while let Some(path) = missing.last() {
        match client.create(path, b"", false).await {
            Ok(()) | Err(Error::NodeExists) => {
                missing.pop();
            }
            Err(Error::NoNode) => missing.push(parent(path).ok_or(Error::NoNode)?),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
