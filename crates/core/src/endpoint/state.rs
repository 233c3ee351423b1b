//! What is remembered of an endpoint while sets come and go.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use bytestring::ByteString;

use super::instance::{Endpoint, Instance, Offer, ServiceParams};
use crate::connect::Channel;
use crate::status::Status;

/// What is remembered of one endpoint.
#[derive(Default)]
pub struct EndpointState {
    /// Calls on their way to it.
    pub in_flight: AtomicU32,
    channel: OnceLock<Arc<dyn Channel>>,
}

impl EndpointState {
    /// The way to the endpoint; `make` opens it for the first call.
    ///
    /// # Errors
    /// Those of `make`; the next call tries again.
    pub fn channel_or(
        &self,
        make: impl FnOnce() -> Result<Arc<dyn Channel>, Status>,
    ) -> Result<&Arc<dyn Channel>, Status> {
        match self.channel.get() {
            Some(channel) => Ok(channel),
            None => {
                let made = make()?;
                Ok(self.channel.get_or_init(|| made))
            }
        }
    }

    /// The way to the endpoint, when it was opened.
    pub fn channel(&self) -> Option<&Arc<dyn Channel>> {
        self.channel.get()
    }
}

impl fmt::Debug for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointState").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

type Identity = (ByteString, ByteString, u16);

/// The states of all endpoints of a directory, by identity; a state goes when its last endpoint
/// does.
#[derive(Debug, Default)]
pub struct States(Mutex<HashMap<Identity, Weak<EndpointState>>>);

impl States {
    /// The endpoint with the state that its identity already has, or a new one.
    pub fn adopt(
        &self,
        instance: Arc<Instance>,
        offer: Offer,
        service: Arc<ServiceParams>,
    ) -> Endpoint {
        let identity = (offer.protocol.clone(), instance.host.clone(), offer.port);
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = states.get(&identity).and_then(Weak::upgrade);
        let state = known.unwrap_or_else(|| {
            states.retain(|_, state| state.strong_count() > 0);
            let state = Arc::default();
            states.insert(identity, Arc::downgrade(&state));
            state
        });
        drop(states);
        Endpoint::with_state(instance, offer, service, state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_as_long_as_one_endpoint_has_it() {
        let states = States::default();
        let make = || {
            states.adopt(
                Arc::default(),
                Offer { protocol: "dubbo".into(), port: 1 },
                Arc::default(),
            )
        };
        let first = make();
        let second = make();
        assert!(Arc::ptr_eq(first.state(), second.state()));
        let old = Arc::downgrade(first.state());
        drop((first, second));
        assert!(old.upgrade().is_none());
        make();
        assert_eq!(states.0.lock().unwrap().len(), 1);
    }
}
