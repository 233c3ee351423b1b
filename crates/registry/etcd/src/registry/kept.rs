//! Keys of ours, kept in place.

use std::fmt;

use bytes::Bytes;
use dubhe_core::backoff::FullJitter;
use dubhe_core::time::Duration;
use dubhe_core::{Code, Status};
use dubhe_registry::keeping::{
    Connection, ConnectionState, Keeper, Kept, Lost, Placing, Unplaced, keep,
};

use crate::client::{Client, ClientState, Condition, Entry, Follow, KeyRange, Write, shown};

/// A key that is kept in place for as long as this lives; dropping it takes the key back.
pub(super) type KeptKey = Kept<Bytes>;

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// `true` if it goes with our lease.
    pub(super) dynamic: bool,
    /// `true` if it is put twice where there is none: a consumer of dubbo-go hears of an instance only
    /// when one that is there is put again (dubbo-go 3.3.2 `registry/etcdv3/service_discovery.go`).
    pub(super) twice: bool,
}

/// A key in its place.
struct PlacedKey {
    client: Client,
    key: Bytes,
    kind: Kind,
    /// The lease and the value that it was last put with.
    placed: Option<(i64, Bytes)>,
    /// The changes of the key since.
    changes: Option<Follow>,
}

impl Connection for ClientState {
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

/// Keeps a key of this value: the handle, and the task that does it.
pub(super) fn keep_key(
    client: Client,
    key: Bytes,
    value: Bytes,
    kind: Kind,
) -> (KeptKey, impl Future<Output = ()> + Send + 'static) {
    let (kept, keeper) = keep(value);
    (kept, run(client, key, kind, keeper))
}

/// The task that keeps a key in place, and ends when the key has been taken back.
pub(super) fn run(
    client: Client,
    key: Bytes,
    kind: Kind,
    keeper: Keeper<Bytes>,
) -> impl Future<Output = ()> + Send + 'static {
    let options = client.core().options();
    let (clock, random) = (options.clock.clone(), options.random.clone());
    keeper.run(PlacedKey { client, key, kind, placed: None, changes: None }, clock, random)
}

impl PlacedKey {
    /// Makes sure that the key is there with this lease and value. Putting it takes it over from an older
    /// lease of ours, with which it would vanish.
    async fn put(&mut self, lease: i64, value: Bytes) -> Result<(), Status> {
        let there = self.client.get(self.key.clone()).await?;
        if there.as_ref().is_some_and(|entry| entry.lease == lease && entry.value == value) {
            return Ok(());
        }
        self.changes = None;
        if there.is_none() && self.kind.twice {
            self.client.put(self.key.clone(), value.clone(), lease).await?;
        }
        self.client.put(self.key.clone(), value, lease).await
    }

    /// Waits until the key is not as it was put.
    async fn taken(&mut self) {
        let Some((lease, value)) = &self.placed else { return };
        let ours = |entry: &Entry| entry.lease == *lease && entry.value == *value;
        let follow = || self.client.follow(KeyRange::key(self.key.clone()));
        let changes = self.changes.get_or_insert_with(follow);
        while let Some(view) = changes.next().await {
            if view.is_fresh && !view.entries.get(&self.key).is_some_and(ours) {
                return;
            }
        }
        // The client is closed, which the next attempt finds.
    }
}

impl Placing<Bytes> for PlacedKey {
    fn name(&self) -> impl fmt::Display {
        shown(&self.key)
    }

    fn backoff(&self) -> FullJitter {
        self.client.backoff()
    }

    async fn place(&mut self, value: &Bytes) -> Result<(), Unplaced> {
        self.client.connected().await.map_err(|_| Unplaced::Closed)?;
        let lease = if self.kind.dynamic { self.client.lease().await } else { Ok(0) };
        let lease = lease.map_err(|_| Unplaced::Closed)?;
        self.put(lease, value.clone()).await.map_err(|status| {
            if status.code() == Code::NotFound {
                self.client.core().doubt_lease();
            }
            match status.code() {
                Code::Unavailable => Unplaced::Unanswered,
                _ => Unplaced::Refused(status),
            }
        })?;
        self.placed = Some((lease, value.clone()));
        Ok(())
    }

    async fn lost(&mut self) -> Lost {
        let mut leases = self.client.leases();
        let (dynamic, lease) = (self.kind.dynamic, self.placed.as_ref().map(|(lease, _)| *lease));
        let ended = leases.wait_for(|held| dynamic && *held != lease);
        tokio::select! {
            biased;
            _ = ended => Lost::Ended,
            () = self.taken() => Lost::Taken,
        }
    }

    /// Takes the key back if it is ours, however often the connection is lost meanwhile.
    async fn remove(&mut self) -> Result<(), Status> {
        self.changes = None;
        // A later life of this process may have the key by now; then it is not ours.
        let lease = if self.kind.dynamic { *self.client.leases().borrow() } else { Some(0) };
        let Some(lease) = lease else { return Ok(()) };
        loop {
            let key = self.key.clone();
            match self.client.core().write_if(key, Condition::Lease(lease), Write::Delete).await {
                Ok(_) => return Ok(()),
                Err(status) if status.code() == Code::Unavailable => {
                    self.client.connected().await.map_err(|_| status)?;
                    self.client.core().sleep(Duration::from_millis(100)).await;
                }
                Err(status) => return Err(status),
            }
        }
    }
}
