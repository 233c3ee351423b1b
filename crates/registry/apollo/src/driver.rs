//! The task that keeps the namespaces of a store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::registry::Health;
use dubhe_core::time::after;
use dubhe_core::{Code, Status};
use http::StatusCode;
use serde_json::Value;
use tokio::sync::watch;

use crate::namespace::Namespace;
use crate::shared::{Shared, json};
use crate::wire::{NO_NOTIFICATION, Notification, encode};

/// The namespaces that one store follows at most, which bounds the path of the long poll.
const MAX_NAMESPACES: usize = 256;

/// The time from one long poll to the next at least.
const SHORTEST_POLL: Duration = Duration::from_millis(100);

pub(crate) struct Driver {
    shared: Arc<Shared>,
    /// The last notification of each namespace.
    notified: BTreeMap<String, i64>,
    /// Namespaces that are to be read, with the messages of their notifications.
    outdated: BTreeMap<String, Value>,
    failures: u32,
    server: usize,
}

impl Driver {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let (notified, outdated) = (BTreeMap::new(), BTreeMap::new());
        Self { shared, notified, outdated, failures: 0, server: 0 }
    }

    pub(crate) async fn run(mut self) {
        loop {
            self.keep_followed();
            if self.notified.is_empty() {
                self.shared.added.notified().await;
                continue;
            }
            match self.turn().await {
                Ok(()) => self.failures = 0,
                Err(error) => self.pause(&error).await,
            }
        }
    }

    /// Begins with namespaces that are new, and forgets those that nobody follows.
    fn keep_followed(&mut self) {
        let mut namespaces = self.shared.namespaces.lock();
        namespaces.retain(|_, sender| sender.receiver_count() > 0);
        self.notified.retain(|name, _| namespaces.contains_key(name));
        self.outdated.retain(|name, _| namespaces.contains_key(name));
        for name in namespaces.keys() {
            if self.notified.contains_key(name) {
                continue;
            }
            if self.notified.len() < MAX_NAMESPACES {
                self.notified.insert(name.clone(), NO_NOTIFICATION);
                self.outdated.insert(name.clone(), Value::Null);
            } else if let Some(sender) = namespaces.get(name) {
                outdate(sender);
            }
        }
    }

    /// Reads what is outdated, then waits for notifications or for a new namespace.
    async fn turn(&mut self) -> Result<(), Status> {
        while let Some((name, messages)) = self.outdated.first_key_value() {
            let name = name.clone();
            match self.refresh(&name, messages).await {
                Ok(()) => {}
                // It is this namespace that is wrong, not the server.
                Err(error) if error.code() == Code::InvalidArgument => self.refused(&name, &error),
                Err(error) => return Err(error),
            }
            self.outdated.remove(&name);
        }
        let known = self.notified.iter().map(|(name, id)| Notification {
            namespace: name.clone(),
            id: *id,
            messages: Value::Null,
        });
        let known = serde_json::to_string(&known.collect::<Vec<_>>()).unwrap_or_default();
        let options = &self.shared.options;
        let path = format!(
            "/notifications/v2?appId={}&cluster={}&notifications={}",
            encode(&options.app),
            encode(&options.cluster),
            encode(&known)
        );
        let server = self.server;
        let (clock, began) = (&options.clock, options.clock.now());
        let answer = tokio::select! {
            answer = self.shared.ask(server, &path, options.poll_timeout) => answer?,
            () = self.shared.added.notified() => return Ok(()),
        };
        // A server that answers at once, again and again, is not asked as often.
        clock.sleep_until(after(began, SHORTEST_POLL)).await;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        let told: Vec<Notification> = json(&answer)?;
        for notification in told {
            if let Some(id) = self.notified.get_mut(&notification.namespace)
                && *id != notification.id
            {
                *id = notification.id;
                self.outdated.insert(notification.namespace, notification.messages);
            }
        }
        Ok(())
    }

    async fn refresh(&self, name: &str, messages: &Value) -> Result<(), Status> {
        let Some(sender) = self.shared.namespaces.lock().get(name).cloned() else { return Ok(()) };
        let known = sender.borrow().clone();
        let server = self.server;
        let release = known.health.is_some().then_some(&*known.release);
        let now = self.shared.release(server, name, release, messages).await?;
        let now = now.unwrap_or(Namespace { health: Some(Health::Fresh), ..known });
        sender.send_replace(now);
        Ok(())
    }

    fn refused(&self, namespace: &str, error: &Status) {
        let store = &*self.shared.options.name;
        tracing::warn!(store, namespace, %error, "Apollo refuses a namespace; its rules are not followed");
        if let Some(sender) = self.shared.namespaces.lock().get(namespace) {
            outdate(sender);
        }
    }

    /// Says that nothing is certain, goes on to the next server, and waits.
    async fn pause(&mut self, error: &Status) {
        self.failures = self.failures.saturating_add(1);
        self.server = self.server.wrapping_add(1);
        for sender in self.shared.namespaces.lock().values() {
            outdate(sender);
        }
        // What was missed while no server answered is read again.
        for name in self.notified.keys() {
            self.outdated.entry(name.clone()).or_default();
        }
        let options = &self.shared.options;
        let pause = options.backoff.pause(self.failures, &*options.random);
        let store = &*options.name;
        if self.failures.is_power_of_two() {
            tracing::warn!(store, %error, ?pause, failures = self.failures, "cannot follow Apollo; rules that are known stay");
        } else {
            tracing::debug!(store, %error, ?pause, "cannot follow Apollo");
        }
        options.clock.sleep_until(after(options.clock.now(), pause)).await;
    }
}

/// Says that what is known of a namespace may be old.
fn outdate(sender: &watch::Sender<Namespace>) {
    sender.send_if_modified(|namespace| {
        namespace.health.replace(Health::Stale) != Some(Health::Stale)
    });
}
