//! The channels of an application, shared by all its clients.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use bytestring::ByteString;
use dubhe_core::connect::{Channel, Connect};
use dubhe_core::{Code, Endpoint, Status};
use parking_lot::Mutex;

type Identity = (ByteString, ByteString, u16);

/// One channel an address, as Dubbo shares its connections; a channel closes when no client has
/// an endpoint of that address any more.
pub struct Channels {
    connectors: Vec<Arc<dyn Connect>>,
    open: Mutex<HashMap<Identity, Weak<dyn Channel>>>,
}

impl Channels {
    /// Channels of the protocols that `connectors` speak, most preferred first.
    pub fn new(connectors: Vec<Arc<dyn Connect>>) -> Self {
        Self { connectors, open: Mutex::default() }
    }

    /// How much `protocol` is preferred, 0 most; `None` when its endpoints cannot be reached.
    pub fn rank(&self, protocol: &str) -> Option<usize> {
        self.connectors.iter().position(|c| c.protocol() == protocol)
    }

    /// The channel to `endpoint`.
    ///
    /// # Errors
    /// When nothing here speaks its protocol, or the protocol refuses its parameters.
    pub fn open(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let offer = endpoint.offer();
        let identity = (offer.protocol.clone(), endpoint.instance().host.clone(), offer.port);
        let mut open = self.open.lock();
        if let Some(channel) = open.get(&identity).and_then(Weak::upgrade) {
            return Ok(channel);
        }
        let connector = self.connectors.iter().find(|c| c.protocol() == &*offer.protocol);
        let connector = connector.ok_or_else(|| {
            let known: Vec<_> = self.connectors.iter().map(|c| c.protocol()).collect();
            Status::new(
                Code::Unimplemented,
                format!(
                    "cannot reach {endpoint}: no protocol {:?} here, only {}",
                    &*offer.protocol,
                    known.join(", ")
                ),
            )
        })?;
        let channel = connector.connect(endpoint)?;
        open.retain(|_, c| c.strong_count() > 0);
        open.insert(identity, Arc::downgrade(&channel));
        Ok(channel)
    }

    /// Closes all channels, at once with `now`, else after the calls on their way.
    pub fn close(&self, now: bool) {
        let open: Vec<_> = self.open.lock().values().filter_map(Weak::upgrade).collect();
        for channel in open {
            channel.close(now);
        }
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Channels({} open)", self.open.lock().len())
    }
}
