//! Endpoints from elsewhere than a registry.

use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Endpoints, States};
use dubhe_core::time::SharedClock;
use dubhe_core::{Endpoint, ServiceKey};
use parking_lot::Mutex;

use super::keys::Keys;
use crate::channels::Channels;

/// The states of the endpoints of a directory, which outlive its sets.
pub(super) struct Adopted {
    pub(super) states: States,
    channels: Arc<Channels>,
    clock: SharedClock,
}

impl Adopted {
    pub(super) fn new(channels: Arc<Channels>, clock: SharedClock) -> Self {
        Self { states: States::default(), channels, clock }
    }

    /// The endpoints, with the states and so the connections that they had before, and with the start
    /// of their instances.
    pub(super) fn adopt(&self, endpoints: impl Iterator<Item = Endpoint>) -> Vec<Endpoint> {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let adopt = |endpoint: Endpoint| {
            let key = self.channels.key(&endpoint);
            let endpoint = self.states.adopt(endpoint, key);
            // An instance whose clock is ahead has started by the time it is first seen, and does not
            // start anew with each set until its clock is reached.
            let ahead = endpoint.instance().started.is_some_and(|started| started > wall);
            if !(ahead && endpoint.state().started().is_some())
                && let Some(at) = endpoint.instance().age(wall).and_then(|age| now.checked_sub(age))
            {
                endpoint.state().set_started(at);
            }
            endpoint
        };
        endpoints.map(adopt).collect()
    }

    /// Forgets the states that no endpoint has any more.
    pub(super) fn prune(&self) {
        self.states.prune();
    }
}

/// A directory over another one, such as a list of URLs, for a client of one service. Endpoints that stay from one set to the next
/// keep their state and their connections, though the other directory makes them anew; they warm up
/// from the start of their instances. One whose parameters have a group or a version is called with
/// these; see [`Provider::service_key`](dubhe_core::Provider::service_key).
pub struct AdoptingDirectory {
    directory: Arc<dyn Directory>,
    service: ServiceKey,
    adopted: Adopted,
    /// The latest set, as it came and as it is given.
    latest: Mutex<Option<(Arc<Endpoints>, Arc<Endpoints>)>>,
}

impl AdoptingDirectory {
    /// A directory of `service` over `directory`, whose endpoints are called over `channels`.
    pub fn new(
        directory: Arc<dyn Directory>,
        service: ServiceKey,
        channels: Arc<Channels>,
        clock: SharedClock,
    ) -> Self {
        let adopted = Adopted::new(channels, clock);
        Self { directory, service, adopted, latest: Mutex::default() }
    }
}

impl Directory for AdoptingDirectory {
    fn snapshot(&self) -> Arc<Endpoints> {
        let set = self.directory.snapshot();
        let mut latest = self.latest.lock();
        if let Some((came, given)) = &*latest
            && Arc::ptr_eq(came, &set)
        {
            return given.clone();
        }
        let mut keys = match &*latest {
            Some((_, before)) => Keys::of(before),
            None => Keys::default(),
        };
        let own = set.iter().cloned().map(|endpoint| keys.give_own(endpoint, &self.service));
        let endpoints = self.adopted.adopt(own);
        let given = Arc::new(Endpoints::clone(&set).with_endpoints(endpoints));
        *latest = Some((set, given.clone()));
        drop(latest);
        self.adopted.prune();
        given
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.directory.changed(seen)
    }
}
