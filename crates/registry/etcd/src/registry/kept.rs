//! Keys of ours, kept in place.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::time::{Duration, after};
use dubhe_core::{Code, Status};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::client::{Client, Condition, Write};

/// The longest time after which a key is looked at again: somebody else may have removed it or put it
/// with another lease.
const AUDIT_PERIOD: Duration = Duration::from_secs(30);

/// The state of a key.
#[derive(Clone, Debug)]
pub(super) enum KeyState {
    /// The key is not there yet, or is not ours; with the error of the last attempt.
    Missing(Option<Status>),
    /// The key is there, with our lease and the value of this number.
    Placed(u64),
    /// The key was removed.
    Removed,
    /// The key was not removed, because of this error.
    RemoveFailed(Status),
}

/// A key that is kept in place for as long as this lives; dropping it takes the key back.
#[derive(Debug)]
pub(super) struct KeptKey {
    key: Bytes,
    /// The value and its number.
    value: watch::Sender<(u64, Bytes)>,
    state: watch::Receiver<KeyState>,
}

/// The last who keeps each key. Whoever keeps it again begins when that one has taken it back: a removal that
/// waits for a connection would take away the key of the next one.
#[derive(Debug, Default)]
pub(super) struct Keepers(Mutex<HashMap<Bytes, watch::Receiver<KeyState>>>);

impl Keepers {
    /// Notes who keeps a key now; returns who did before.
    fn begin(&self, key: &Bytes, state: &watch::Receiver<KeyState>) -> Before {
        Before(self.0.lock().insert(key.clone(), state.clone()))
    }

    /// Forgets who kept a key, unless somebody else does now.
    fn end(&self, key: &Bytes, state: &watch::Receiver<KeyState>) {
        let mut all = self.0.lock();
        if all.get(key).is_some_and(|last| last.same_channel(state)) {
            all.remove(key);
        }
    }
}

/// Who kept a key before, until that one has ended.
struct Before(Option<watch::Receiver<KeyState>>);

impl Before {
    async fn ended(&mut self) {
        if let Some(state) = &mut self.0 {
            let ended =
                |state: &KeyState| matches!(state, KeyState::Removed | KeyState::RemoveFailed(_));
            // An error says that its task is gone.
            let _ = state.wait_for(ended).await;
        }
        self.0 = None;
    }
}

/// The part of a kept key that its task has.
struct Keeper {
    client: Client,
    key: Bytes,
    kind: Kind,
    state: watch::Sender<KeyState>,
}

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// `true` if it goes with our lease.
    pub(super) dynamic: bool,
    /// `true` if it is put twice where there is none: a consumer of dubbo-go hears of an instance only
    /// when one that is there is put again (dubbo-go 3.3.2 `registry/etcdv3/service_discovery.go`).
    pub(super) twice: bool,
}

impl KeptKey {
    /// Begins to keep a key; the task does, and ends when the key has been taken back.
    pub(super) fn new(
        client: Client,
        key: Bytes,
        value: Bytes,
        kind: Kind,
        keepers: &Arc<Keepers>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (value, mut values) = watch::channel((0, value));
        let (sender, state) = watch::channel(KeyState::Missing(None));
        let (mut before, keepers) = (keepers.begin(&key, &state), keepers.clone());
        let keeper = Keeper { client, key: key.clone(), kind, state: sender };
        let task = async move {
            let mut ended = values.clone();
            let hold = async {
                before.ended().await;
                keeper.hold(&mut values).await;
            };
            tokio::select! {
                // Who has the key has let it go.
                () = async { while ended.changed().await.is_ok() {} } => {}
                // The client is closed, and the key gone with the lease.
                () = hold => return,
            }
            before.ended().await;
            let outcome = keeper.remove().await;
            keeper.state.send_replace(outcome);
            keepers.end(&keeper.key, &keeper.state.subscribe());
        };
        (Self { key, value, state }, task)
    }

    pub(super) fn key(&self) -> &Bytes {
        &self.key
    }

    /// Replaces the value where it is.
    pub(super) fn update(&self, value: Bytes) {
        self.value.send_modify(|(number, now)| {
            *number += 1;
            *now = value;
        });
    }

    /// The number of the present value.
    pub(super) fn number(&self) -> u64 {
        self.value.borrow().0
    }

    /// The state of the key; outlives this.
    pub(super) fn state(&self) -> watch::Receiver<KeyState> {
        self.state.clone()
    }
}

impl Keeper {
    /// Puts the key in place again whenever it is not; ends when the client is closed.
    async fn hold(&self, values: &mut watch::Receiver<(u64, Bytes)>) {
        let core = self.client.core();
        let options = core.options();
        let mut leases = self.client.leases();
        let mut failures: u32 = 0;
        loop {
            if self.client.connected().await.is_err() {
                return;
            }
            let lease = if self.kind.dynamic { self.client.lease().await } else { Ok(0) };
            let Ok(lease) = lease else { return };
            leases.mark_unchanged();
            let (number, value) = values.borrow_and_update().clone();
            match self.place(lease, value).await {
                Ok(()) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::info!(key = self.shown(), "a key is put after all");
                    }
                    self.state.send_replace(KeyState::Placed(number));
                    let half = u64::try_from(AUDIT_PERIOD.as_millis() / 2).unwrap_or(u64::MAX);
                    // Spread, so that not all keys of a fleet are looked at together.
                    let audit =
                        AUDIT_PERIOD / 2 + Duration::from_millis(options.random.below(half));
                    let other = async {
                        let other = |held: &Option<i64>| *held != Some(lease) && self.kind.dynamic;
                        let _ = leases.wait_for(other).await;
                    };
                    tokio::select! {
                        () = other => {}
                        changed = values.changed() => if changed.is_err() {
                            // The task ends this future.
                            std::future::pending::<()>().await;
                        },
                        () = core.sleep(audit) => {}
                    }
                }
                Err(status) => {
                    failures = failures.saturating_add(1);
                    let pause = self.client.backoff().pause(failures, &*options.random);
                    if status.code() == Code::NotFound {
                        core.doubt_lease();
                    }
                    if status.code() != Code::Unavailable {
                        let key = self.shown();
                        tracing::warn!(key, %status, ?pause, "cannot put a key; trying again");
                        self.state.send_replace(KeyState::Missing(Some(status)));
                    }
                    options.clock.sleep_until(after(options.clock.now(), pause)).await;
                }
            }
        }
    }

    /// Makes sure that the key is there with this lease and value. Putting it takes it over from an older
    /// lease of ours, with which it would vanish.
    async fn place(&self, lease: i64, value: Bytes) -> Result<(), Status> {
        match self.client.get(self.key.clone()).await? {
            Some(entry) if entry.lease == lease && entry.value == value => Ok(()),
            None if self.kind.twice => {
                self.client.put(self.key.clone(), value.clone(), lease).await?;
                self.client.put(self.key.clone(), value, lease).await
            }
            _ => self.client.put(self.key.clone(), value, lease).await,
        }
    }

    /// Takes the key back if it is ours, however often the connection is lost meanwhile.
    async fn remove(&self) -> KeyState {
        // A later life of this process may have the key by now; then it is not ours.
        let lease = if self.kind.dynamic { *self.client.leases().borrow() } else { Some(0) };
        let Some(lease) = lease else { return KeyState::Removed };
        loop {
            let key = self.key.clone();
            match self.client.core().write_if(key, Condition::Lease(lease), Write::Delete).await {
                Ok(_) => return KeyState::Removed,
                Err(status) if status.code() == Code::Unavailable => {
                    if self.client.connected().await.is_err() {
                        return KeyState::RemoveFailed(status);
                    }
                    self.client.core().sleep(Duration::from_millis(100)).await;
                }
                Err(status) => return KeyState::RemoveFailed(status),
            }
        }
    }

    fn shown(&self) -> String {
        crate::client::shown(&self.key)
    }
}
