//! The providers of a service as they change.

use std::collections::HashMap;
use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::endpoint::SharedParams;
use dubhe_core::registry::{Health, Registration, Snapshot};
use dubhe_core::time::{Duration, after};
use dubhe_core::url::redacted;
use dubhe_registry::matching::{matches, newest};
use dubhe_registry::names;
use tokio::sync::watch;

use crate::client::{ClientState, Error, Watch};
use crate::ensemble::Errors;
use crate::node::{AuditTimer, KeptNode, NodeKeeper};

/// The time for which changes are collected before they are read: providers that start or stop
/// together give one set, not many.
const COLLECT_TIME: Duration = Duration::from_millis(100);

/// A subscription to the providers of one service.
pub(super) struct Subscription {
    keeper: NodeKeeper,
    states: watch::Receiver<ClientState>,
    service: ServiceKey,
    /// `{root}/{interface}`.
    path: String,
    /// The children of `providers` by name; a URL is parsed when its provider comes, not again.
    parsed_names: HashMap<String, Option<Registration>>,
    /// The parameters that these have in common.
    params: SharedParams,
    /// The providers that were read last.
    providers: Vec<Registration>,
    /// The watch, which is armed while `parsed_names` is what ZooKeeper has.
    watch: Option<Watch>,
    /// The time at which the children are read again.
    audit: AuditTimer,
    /// `true` if missing nodes may be made.
    creates_nodes: bool,
    /// `true` once the other categories are known to exist.
    categories_exist: bool,
    failures: u32,
    /// The errors of all subscriptions, for those who ask.
    errors: Arc<Errors<ServiceKey>>,
    last: Option<Snapshot>,
    /// The node of this consumer under `consumers`.
    consumer: Option<KeptNode>,
}

impl Subscription {
    /// Follows the providers of `service` at `path`; without `creates_nodes`, leaves no trace.
    pub(super) fn new(
        keeper: NodeKeeper,
        service: ServiceKey,
        path: String,
        creates_nodes: bool,
        errors: Arc<Errors<ServiceKey>>,
    ) -> Self {
        Self {
            states: keeper.client.states(),
            audit: AuditTimer::new(&keeper),
            keeper,
            service,
            path,
            parsed_names: HashMap::new(),
            params: SharedParams::default(),
            providers: Vec::new(),
            watch: None,
            creates_nodes,
            categories_exist: false,
            failures: 0,
            errors,
            last: None,
            consumer: None,
        }
    }

    /// The next set that differs from the last; `None` once the client is closed. `announce` is
    /// called with our own address when it is known, until it keeps a node.
    pub(super) async fn next(
        &mut self,
        announce: impl Fn(&ServiceKey, std::net::IpAddr) -> Option<KeptNode>,
    ) -> Option<Snapshot> {
        loop {
            let state = self.states.borrow_and_update().clone();
            let online = match state {
                ClientState::Closed => return None,
                ClientState::Connecting { .. } => false,
                ClientState::Connected { local, .. } => {
                    if self.consumer.is_none() {
                        self.consumer = announce(&self.service, local);
                    }
                    true
                }
            };
            if online && self.watch.is_none() {
                self.read_or_pause().await;
            }
            let snapshot = self.snapshot(online);
            // Before the first answer there is nothing to tell.
            let answered = self.watch.is_some() || self.last.is_some();
            if answered && self.last.as_ref() != Some(&snapshot) {
                self.last = Some(snapshot.clone());
                return Some(snapshot);
            }
            if online && self.watch.is_none() {
                continue;
            }
            self.change().await;
        }
    }

    fn snapshot(&self, online: bool) -> Snapshot {
        let fresh = online && self.watch.is_some();
        Snapshot {
            providers: self.providers.clone(),
            health: if fresh { Health::Fresh } else { Health::Stale },
            ..Snapshot::default()
        }
    }

    /// Waits until something may have changed.
    async fn change(&mut self) {
        let clock = &self.keeper.clock;
        let fired = async {
            match &mut self.watch {
                Some(watch) => watch.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error says that the client is gone; the next look at its state says so too.
            _ = self.states.changed() => {
                let bytes = self.audited_bytes();
                self.audit.restart(&self.keeper, bytes);
                return;
            }
            () = fired => {}
            () = clock.sleep_until(self.audit.at) => {
                let bytes = self.audited_bytes();
                self.audit.advance(&self.keeper, bytes);
                self.watch = None;
                return;
            }
        }
        self.watch = None;
        clock.sleep_until(clock.now() + COLLECT_TIME).await;
    }

    /// The bytes that an audit reads, about.
    fn audited_bytes(&self) -> usize {
        self.parsed_names.keys().map(String::len).sum()
    }

    async fn read_or_pause(&mut self) {
        match self.read().await {
            Ok(()) => {
                if std::mem::take(&mut self.failures) > 0 {
                    tracing::info!(path = self.path, "the providers can be read again");
                }
                self.errors.clear(&self.service);
            }
            // The state will tell.
            Err(Error::Disconnected | Error::Closed) => {
                let _ = self.states.changed().await;
            }
            Err(error) => {
                self.failures += 1;
                self.errors.set(&self.service, error);
                let (path, pause) = (&self.path, self.keeper.pause(self.failures));
                tracing::warn!(path, %error, ?pause, "cannot read the providers; trying again");
                let clock = &self.keeper.clock;
                clock.sleep_until(after(clock.now(), pause)).await;
            }
        }
    }

    /// Reads all providers and watches them.
    async fn read(&mut self) -> Result<(), Error> {
        let client = &self.keeper.client;
        let providers = format!("{}/providers", self.path);
        if self.creates_nodes && !self.categories_exist {
            // Java makes the nodes of all three categories when it subscribes.
            for category in ["providers", "configurators", "routers"] {
                let path = format!("{}/{category}", self.path);
                if client.stat(&path).await?.is_none() {
                    client.create_path(&path).await?;
                }
            }
            self.categories_exist = true;
        }
        let (names, watch) = match client.children(&providers).await {
            Err(Error::NoNode) if !self.creates_nodes => {
                let (stat, watch) = client.stat_watched(&providers).await?;
                match stat {
                    None => (Vec::new(), watch),
                    Some(_) => client.children(&providers).await?,
                }
            }
            Err(Error::NoNode) => {
                client.create_path(&providers).await?;
                client.children(&providers).await?
            }
            read => read?,
        };
        self.watch = Some(watch);
        self.take(names);
        Ok(())
    }

    fn take(&mut self, names: Vec<String>) {
        let (mut skipped, mut first) = (0_usize, String::new());
        let mut parse = |name: &str| {
            let parsed = names::parse(name);
            if parsed.is_none() && !name.starts_with("empty") {
                if skipped == 0 {
                    first = redacted(name);
                }
                skipped += 1;
            }
            let mut provider = parsed.filter(|provider| matches(&self.service, provider))?;
            self.params.share([&mut provider.params]);
            Some(provider)
        };
        self.parsed_names = names
            .into_iter()
            .map(|name| {
                let provider = self.parsed_names.remove(&name).unwrap_or_else(|| parse(&name));
                (name, provider)
            })
            .collect();
        if skipped > 0 {
            let path = &self.path;
            tracing::warn!(first, skipped, path, "skipped nodes that are no provider URLs");
        }
        self.providers = newest(self.parsed_names.values().flatten());
        self.params.prune();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.errors.clear(&self.service);
    }
}
