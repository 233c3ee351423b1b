//! The session that a registry, its discovery and its documents share.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::pin::pin;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use dubhe_core::time::after;
use dubhe_core::{Code, Status};
use dubhe_registry::keeping::{Keeper, Waiting};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::client::{Client, ClientState, Error};
use crate::node::{KeptNode, Node, NodeKeeper};
use crate::options::ZooKeeperOptions;

/// The number of requests that are on their way together, of those that read many nodes.
pub(crate) const READS_AT_ONCE: usize = 64;

/// The last errors of subscriptions, until they are answered.
#[derive(Debug)]
pub(crate) struct Errors<K>(Mutex<HashMap<K, Error>>);

impl<K> Default for Errors<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Errors<K> {
    pub(crate) fn set(&self, of: &K, error: Error) {
        self.0.lock().insert(of.clone(), error);
    }

    pub(crate) fn clear<Q: Eq + Hash + ?Sized>(&self, of: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.lock().remove(of);
    }

    fn get<Q: Eq + Hash + ?Sized>(&self, of: &Q) -> Option<Error>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.lock().get(of).copied()
    }
}

/// A session with an ensemble, and the nodes that are kept in place in it.
pub(crate) struct Ensemble {
    pub(crate) keeper: NodeKeeper,
    /// The name in the log.
    pub(crate) name: String,
    pub(crate) options: ZooKeeperOptions,
    /// The runtime of its tasks, which may be another than that of a caller.
    runtime: Handle,
    /// Keeps nodes in place; ends with the ensemble.
    tasks: Mutex<JoinSet<()>>,
}

impl Ensemble {
    /// An ensemble whose tasks run in the present tokio runtime.
    pub(crate) fn new(keeper: NodeKeeper, name: String, options: ZooKeeperOptions) -> Arc<Self> {
        Arc::new(Self {
            keeper,
            name,
            options,
            runtime: Handle::current(),
            tasks: Mutex::new(JoinSet::new()),
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.keeper.client
    }

    /// The time of day in milliseconds, which tells people and warm-up when a provider began.
    pub(crate) fn now_ms(&self) -> u128 {
        let wall = self.keeper.clock.wall();
        wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    /// Keeps a node of these data in place until what is returned is dropped.
    pub(crate) fn keep(&self, node: Node, data: Bytes) -> KeptNode {
        let (kept, task) = self.keeper.keep(node, data);
        self.spawn(task);
        kept
    }

    /// Keeps an announced node in place.
    pub(crate) fn run(&self, node: Node, keeper: Keeper<Bytes>) {
        self.spawn(self.keeper.run(node, keeper));
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock();
        // Those that have ended are forgotten.
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.runtime);
    }

    /// The terms by which registering, and its end, wait.
    pub(crate) fn waiting(&self) -> Waiting<'_, ClientState> {
        Waiting {
            name: &self.name,
            clock: &self.keeper.clock,
            timeout: self.options.timeout,
            check: self.options.check,
            states: self.client().states(),
            left_behind: Some("the node goes when zookeeper is reached again, or with the session"),
        }
    }

    /// Does something that is harmless to repeat, over as many connections as it takes, within the
    /// `timeout` of the registry.
    pub(crate) async fn repeated<T, F>(&self, operation: impl Fn() -> F) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let repeated = async {
            loop {
                self.client().connected().await?;
                match operation().await {
                    Err(Error::Disconnected) => {}
                    done => return done,
                }
            }
        };
        self.in_time(repeated).await
    }

    /// Does something once, after waiting for a connection, within the `timeout` of the registry.
    pub(crate) async fn once<T>(
        &self,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Status> {
        let once = async {
            self.client().connected().await?;
            operation.await
        };
        self.in_time(once).await
    }

    async fn in_time<T>(
        &self,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Status> {
        let (clock, timeout) = (&self.keeper.clock, self.options.timeout);
        tokio::select! {
            done = pin!(operation) => done.map_err(|error| self.failed(&error)),
            () = clock.sleep_until(after(clock.now(), timeout)) => {
                let why = match self.client().state() {
                    ClientState::Connecting { error: Some(error) } => error,
                    _ => "no answer yet".into(),
                };
                Err(self.failed(&format_args!("not done within {timeout:?} ({why})")))
            }
        }
    }

    /// The error of the client, or the last one of a subscription.
    pub(crate) fn failure<K, Q>(&self, errors: &Errors<K>, of: &Q) -> Option<Status>
    where
        K: Eq + Hash + Clone + std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        match self.client().state() {
            ClientState::Connecting { error } => Some(self.failed(&error?)),
            ClientState::Closed => Some(self.failed(&Error::Closed)),
            ClientState::Connected { .. } => errors.get(of).map(|error| self.failed(&error)),
        }
    }

    /// An error unless the client is closed for good.
    pub(crate) fn open(&self) -> Result<(), Status> {
        match self.client().state() {
            ClientState::Closed => Err(self.failed(&Error::Closed)),
            _ => Ok(()),
        }
    }

    pub(crate) fn failed(&self, why: &dyn fmt::Display) -> Status {
        Status::new(Code::Unavailable, format!("{}: {why}", self.name))
    }
}
