//! The instances of an application as they change.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::printable::Printable;
use dubhe_core::registry::{Excluded, Health, MAX_EXCLUDED};
use dubhe_core::time::{Duration, after};
use dubhe_registry::application::{InstanceSnapshot, ServiceInstance};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use tokio::sync::watch;

use crate::client::{ClientState, Error, Watch};
use crate::ensemble::{Errors, READS_AT_ONCE};
use crate::instance_json::{RegisteredInstance, from_json};
use crate::node::{AuditTimer, NodeKeeper};

/// The time for which changes are collected before they are read: instances that start or stop
/// together give one list, not many.
const COLLECT_TIME: Duration = Duration::from_millis(100);

/// A subscription to the instances of one application.
pub(super) struct Subscription {
    keeper: NodeKeeper,
    states: watch::Receiver<ClientState>,
    application: ByteString,
    path: String,
    /// The children by name, or why one is not used.
    known: HashMap<String, Result<RegisteredInstance, String>>,
    /// The children that are to be read again.
    dirty: HashSet<String>,
    /// The children whose data we may not read, which have no watch: tried again when one comes or goes.
    refused: HashSet<String>,
    /// The watch of the children, which is armed while `known` has the names that ZooKeeper has.
    children: Option<Watch>,
    /// The watches of the children's data, with their names.
    data: FuturesUnordered<BoxFuture<'static, String>>,
    /// The time at which all is read again.
    audit: AuditTimer,
    failures: u32,
    errors: Arc<Errors<ByteString>>,
    last: Option<InstanceSnapshot>,
}

impl Subscription {
    pub(super) fn new(
        keeper: NodeKeeper,
        application: ByteString,
        path: String,
        errors: Arc<Errors<ByteString>>,
    ) -> Self {
        Self {
            states: keeper.client.states(),
            audit: AuditTimer::new(&keeper),
            keeper,
            application,
            path,
            known: HashMap::new(),
            dirty: HashSet::new(),
            refused: HashSet::new(),
            children: None,
            data: FuturesUnordered::new(),
            failures: 0,
            errors,
            last: None,
        }
    }

    /// The next list that differs from the last; `None` once the client is closed.
    pub(super) async fn next(&mut self) -> Option<InstanceSnapshot> {
        loop {
            let online = match *self.states.borrow_and_update() {
                ClientState::Closed => return None,
                ClientState::Connecting { .. } => false,
                ClientState::Connected { .. } => true,
            };
            if online && !self.is_current() {
                self.read_or_pause().await;
            }
            // Before the first answer there is nothing to tell.
            if self.is_current() || self.last.is_some() {
                let snapshot = self.snapshot(online);
                if self.last.as_ref() != Some(&snapshot) {
                    self.last = Some(snapshot.clone());
                    return Some(snapshot);
                }
            }
            if online && !self.is_current() {
                continue;
            }
            self.change().await;
        }
    }

    fn is_current(&self) -> bool {
        self.children.is_some() && self.dirty.is_empty()
    }

    fn snapshot(&self, online: bool) -> InstanceSnapshot {
        let mut excluded: Vec<Excluded> = Vec::new();
        let mut all: Vec<&RegisteredInstance> = Vec::with_capacity(self.known.len());
        for (name, read) in &self.known {
            match read {
                Ok(instance) => all.push(instance),
                Err(why) => {
                    excluded.push(Excluded::new(&**name, &**why));
                }
            }
        }
        excluded.sort_unstable_by(|a, b| a.instance.cmp(&b.instance));
        excluded.truncate(MAX_EXCLUDED);
        let fresh = online && self.is_current();
        InstanceSnapshot {
            instances: youngest(all),
            health: if fresh { Health::Fresh } else { Health::Stale },
            excluded,
        }
    }

    /// Waits until something may have changed, and a moment for what changes with it.
    async fn change(&mut self) {
        let clock = self.keeper.clock.clone();
        tokio::select! {
            // An error says that the client is gone; the next look at its state says so too.
            _ = self.states.changed() => {
                let bytes = self.audited_bytes();
                self.audit.restart(&self.keeper, bytes);
                return;
            }
            () = clock.sleep_until(self.audit.at) => {
                let bytes = self.audited_bytes();
                self.audit.advance(&self.keeper, bytes);
                self.children = None;
                self.dirty.extend(self.known.keys().cloned());
                self.data.clear();
                return;
            }
            () = fired(&mut self.children) => {}
            Some(name) = self.data.next(), if !self.data.is_empty() => {
                self.mark(name);
            }
        }
        let mut collected = clock.sleep_until(clock.now() + COLLECT_TIME);
        loop {
            tokio::select! {
                () = fired(&mut self.children) => {}
                Some(name) = self.data.next(), if !self.data.is_empty() => {
                    self.mark(name);
                }
                () = &mut collected => return,
            }
        }
    }

    /// The bytes that an audit reads, about.
    fn audited_bytes(&self) -> usize {
        const INSTANCE: usize = 1024;
        self.known.len() * INSTANCE
    }

    /// Notes that the data of a node changed, unless the node is gone and known to be.
    fn mark(&mut self, name: String) {
        if self.known.contains_key(&name) {
            self.dirty.insert(name);
        }
    }

    async fn read_or_pause(&mut self) {
        match self.read().await {
            Ok(()) => {
                if std::mem::take(&mut self.failures) > 0 {
                    tracing::info!(path = self.path, "the instances can be read again");
                }
                self.errors.clear(&self.application);
            }
            // The state will tell.
            Err(Error::Disconnected | Error::Closed) => {
                let _ = self.states.changed().await;
            }
            Err(error) => {
                self.failures += 1;
                self.errors.set(&self.application, error);
                let (path, pause) = (&self.path, self.keeper.pause(self.failures));
                tracing::warn!(path, %error, ?pause, "cannot read the instances; trying again");
                let clock = &self.keeper.clock;
                clock.sleep_until(after(clock.now(), pause)).await;
            }
        }
    }

    /// Reads what changed, and watches all of it.
    async fn read(&mut self) -> Result<(), Error> {
        if self.children.is_none() {
            let names = self.read_names().await?;
            self.known.retain(|name, _| names.contains(name));
            self.dirty.retain(|name| names.contains(name));
            let (known, refused) = (&self.known, &mut self.refused);
            let new = names
                .into_iter()
                .filter(|name| refused.contains(name) || !known.contains_key(name));
            self.dirty.extend(new);
            refused.clear();
        }
        let client = &self.keeper.client;
        let names: Vec<String> = self.dirty.iter().cloned().collect();
        let path = &self.path;
        let mut reads = stream::iter(names)
            .map(|name| async move {
                let read = client.get_watched(&format!("{path}/{name}")).await;
                (name, read)
            })
            .buffer_unordered(READS_AT_ONCE);
        let (mut lost, mut unusable) = (None, Unusable::default());
        while let Some((name, read)) = reads.next().await {
            match read {
                Ok((data, _, watch)) => {
                    let read = from_json(&self.application, &data);
                    if let Err(why) = &read {
                        unusable.add(&name, why);
                    }
                    self.dirty.remove(&name);
                    self.known.insert(name.clone(), read);
                    self.data.push(Box::pin(async move {
                        watch.await;
                        name
                    }));
                }
                // The watch of the children tells of it, too.
                Err(Error::NoNode) => {
                    self.dirty.remove(&name);
                    self.known.remove(&name);
                }
                Err(error @ (Error::NoAuth | Error::Other(_))) => {
                    self.dirty.remove(&name);
                    let why = format!("its data cannot be read: {error}");
                    unusable.add(&name, &why);
                    self.refused.insert(name.clone());
                    self.known.insert(name, Err(why));
                }
                // What was not read stays marked.
                Err(error) => lost = Some(error),
            }
        }
        unusable.log(path);
        lost.map_or(Ok(()), Err)
    }

    /// The names of the children, of which there are none while there is no such node.
    async fn read_names(&mut self) -> Result<HashSet<String>, Error> {
        let client = &self.keeper.client;
        loop {
            match client.children(&self.path).await {
                Ok((names, watch)) => {
                    self.children = Some(watch);
                    return Ok(names.into_iter().collect());
                }
                Err(Error::NoNode) => {
                    let (stat, watch) = client.stat_watched(&self.path).await?;
                    if stat.is_none() {
                        self.children = Some(watch);
                        return Ok(HashSet::new());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.errors.clear(&self.application);
    }
}

/// Waits until a watch fires, and forgets it; without one, for ever.
async fn fired(watch: &mut Option<Watch>) {
    match watch {
        Some(armed) => armed.await,
        None => std::future::pending().await,
    }
    *watch = None;
}

/// The instances of one reading that are not used, for one line of the log.
#[derive(Default)]
struct Unusable {
    count: usize,
    first: String,
}

impl Unusable {
    fn add(&mut self, name: &str, why: &str) {
        if self.count == 0 {
            let name = name.get(..name.floor_char_boundary(LOGGED_BYTES)).unwrap_or_default();
            self.first = format!("{}: {why}", Printable(name));
        }
        self.count += 1;
    }

    fn log(&self, path: &str) {
        if let Self { count: count @ 1.., first } = self {
            tracing::warn!(path, first, count, "instances that are not used");
        }
    }
}

/// The bytes of the name of a node in the log.
const LOGGED_BYTES: usize = 256;

/// The instances, sorted, each address once: where several nodes name one, as those of Spring Cloud do
/// after a restart, until the older session ends, the younger registration counts.
fn youngest(mut all: Vec<&RegisteredInstance>) -> Vec<ServiceInstance> {
    let address = |of: &RegisteredInstance| (of.instance.instance.host.clone(), of.instance.port);
    all.sort_by_cached_key(|of| (address(of), std::cmp::Reverse(of.registered)));
    all.dedup_by_key(|of| address(of));
    all.into_iter().map(|of| of.instance.clone()).collect()
}
