//! The announcements of this process, at either level.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::Registration;
use dubhe_core::time::after;
use dubhe_core::{Code, ServiceKey, Status};
use dubhe_registry::application::ServiceInstance;
use tokio::sync::watch;

use super::kept::{KeptKey, KeyState, Kind};
use super::{Etcd, Inner};
use crate::client::ClientState;
use crate::options::EtcdOptions;

/// An announcement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// A service of this process.
    Service(Registration),
    /// This process.
    Instance(ServiceInstance),
}

/// The key of an announcement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    Service(ServiceKey, Offer, ByteString),
    Instance(ByteString, String),
}

impl What {
    pub(super) fn identity(&self) -> Identity {
        match self {
            Self::Service(Registration { service, offer, instance, .. }) => {
                Identity::Service(service.clone(), offer.clone(), instance.host.clone())
            }
            Self::Instance(instance) => {
                Identity::Instance(instance.instance.application.clone(), instance.address())
            }
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service, ..) => service.fmt(f),
            Self::Instance(application, address) => write!(f, "{application} at {address}"),
        }
    }
}

struct Announced {
    what: What,
    kept: KeptKey,
}

/// All announcements.
#[derive(Default)]
pub(super) struct All(HashMap<Identity, Announced>);

impl Etcd {
    fn keep(&self, key: Bytes, value: Bytes, kind: Kind) -> KeptKey {
        let (kept, task) =
            KeptKey::new(self.client().clone(), key, value, kind, &self.inner().keepers);
        self.spawn(task);
        kept
    }

    /// Keeps a key that is nobody's announcement.
    pub(super) fn keep_own(&self, key: String) -> KeptKey {
        self.keep(key.into(), Bytes::new(), Kind { dynamic: true, twice: false })
    }

    /// Announces something and waits until it is there.
    pub(super) async fn announce(
        &self,
        what: What,
        key: String,
        value: Bytes,
        kind: Kind,
    ) -> Result<(), Status> {
        let identity = what.identity();
        let (state, number, replaced) = {
            let mut all = self.inner().announced.lock();
            match all.0.entry(identity.clone()) {
                Entry::Occupied(mut same) if same.get().kept.key() == key.as_bytes() => {
                    let same = same.get_mut();
                    if same.what != what {
                        same.kept.update(value);
                        same.what = what;
                    }
                    (same.kept.state(), same.kept.number(), None)
                }
                Entry::Occupied(same) if same.get().what == what => {
                    (same.get().kept.state(), same.get().kept.number(), None)
                }
                entry => {
                    let kept = self.keep(key.into(), value, kind);
                    let (state, number) = (kept.state(), kept.number());
                    let now = Announced { what, kept };
                    let replaced = match entry {
                        Entry::Occupied(mut old) => Some(old.insert(now)),
                        Entry::Vacant(place) => {
                            place.insert(now);
                            None
                        }
                    };
                    (state, number, replaced)
                }
            }
        };
        let done = self.wait_placed(state.clone(), number).await;
        // The key with the old parameters goes when the new one is there, lest there be none.
        drop(replaced);
        done.map_err(|status| {
            let mut all = self.inner().announced.lock();
            // Not what has taken its place meanwhile.
            if all.0.get(&identity).is_some_and(|now| now.kept.state().same_channel(&state)) {
                all.0.remove(&identity);
            }
            status.context(format_args!("cannot register {identity}"))
        })
    }

    /// Takes an announcement back.
    pub(super) async fn withdraw(&self, identity: Identity) -> Result<(), Status> {
        let announced = self.inner().announced.lock().0.remove(&identity);
        let Some(Announced { kept, .. }) = announced else { return Ok(()) };
        let state = kept.state();
        drop(kept);
        let done = self.wait_removed(state).await;
        done.map_err(|status| status.context(format_args!("cannot unregister {identity}")))
    }

    /// Waits until a key is in place; without `check`, not for a connection, and nothing is an error that
    /// may pass.
    async fn wait_placed(
        &self,
        mut state: watch::Receiver<KeyState>,
        number: u64,
    ) -> Result<(), Status> {
        let Inner { options: EtcdOptions { timeout, check, .. }, clock, .. } = self.inner();
        let mut late = clock.sleep_until(after(clock.now(), *timeout));
        let mut states = self.client().states();
        loop {
            let offline = match &*states.borrow_and_update() {
                ClientState::Connected(_) => None,
                ClientState::Connecting { error } => Some(error.clone()),
                ClientState::Closed => return Err(self.failed(&"the registry is closed")),
            };
            let refused = match &*state.borrow_and_update() {
                KeyState::Placed(placed) if *placed >= number => return Ok(()),
                KeyState::Placed(_) => None,
                KeyState::Missing(refused) => refused.clone(),
                KeyState::Removed | KeyState::RemoveFailed(_) => {
                    return Err(Status::new(Code::Aborted, "unregistered during its registration"));
                }
            };
            match refused {
                _ if !check && (refused.is_some() || offline.is_some()) => {
                    self.log_unplaced();
                    return Ok(());
                }
                Some(status) => return Err(self.failed(&status).with_code(status.code())),
                None => {}
            }
            tokio::select! {
                _ = state.changed() => {}
                _ = states.changed() => {}
                () = &mut late => {
                    if !check {
                        self.log_unplaced();
                        return Ok(());
                    }
                    let why = offline.flatten().map_or("no answer yet".into(), |e| e.to_string());
                    let why = format!("not done within {timeout:?} ({why}); \
                                       check=false lets a provider start without its registry");
                    return Err(self.failed(&why));
                }
            }
        }
    }

    fn log_unplaced(&self) {
        tracing::warn!(
            registry = self.inner().name,
            "a key is not put yet, and check=false: its provider starts; trying goes on"
        );
    }

    /// Waits until a key has been taken back; not for a connection.
    async fn wait_removed(&self, mut state: watch::Receiver<KeyState>) -> Result<(), Status> {
        let mut states = self.client().states();
        loop {
            match &*states.borrow_and_update() {
                ClientState::Connected(_) => {}
                // The key went with the lease.
                ClientState::Closed => return Ok(()),
                ClientState::Connecting { .. } => {
                    let why = "not connected; the key goes when etcd is reached again, or with the \
                               lease";
                    return Err(self.failed(&why));
                }
            }
            match &*state.borrow_and_update() {
                KeyState::Removed => return Ok(()),
                KeyState::RemoveFailed(status) => return Err(self.failed(status)),
                KeyState::Placed(_) | KeyState::Missing(_) => {}
            }
            tokio::select! {
                changed = state.changed() => if changed.is_err() {
                    return Ok(());
                },
                _ = states.changed() => {}
            }
        }
    }
}
