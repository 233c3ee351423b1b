//! The announcements of this process, at either level.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::Registration;
use dubhe_core::{ServiceKey, Status};
use dubhe_registry::application::ServiceInstance;
use dubhe_registry::keeping::{Announcement, Announcements, Waiting};

use super::kept::{KeptKey, Kind, keep_key, run};
use super::{Etcd, Inner};
use crate::client::ClientState;

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

/// All announcements.
pub(super) type All = Announcements<Identity, What, Bytes>;

impl Etcd {
    /// Keeps a key that is nobody's announcement.
    pub(super) fn keep_own(&self, key: String) -> KeptKey {
        let kind = Kind { dynamic: true, twice: false };
        let (kept, task) = keep_key(self.client().clone(), key.into(), Bytes::new(), kind);
        self.spawn(task);
        kept
    }

    /// Announces something and waits until it is there.
    pub(super) async fn announce(
        &self,
        what: What,
        address: String,
        value: Bytes,
        kind: Kind,
    ) -> Result<(), Status> {
        let announcement = Announcement { key: what.identity(), what, address, value };
        let context = format!("cannot register {}", announcement.key);
        let start = |_: &Identity, key: String, keeper| {
            self.spawn(run(self.client().clone(), key.into(), kind, keeper));
        };
        let done =
            self.inner().announced.announce([announcement], &mut self.waiting(), start).await;
        done.map_err(|status| status.context(context))
    }

    /// Takes an announcement back.
    pub(super) async fn withdraw(&self, identity: Identity) -> Result<(), Status> {
        let done = self.inner().announced.withdraw(&identity, &mut self.waiting()).await;
        done.map_err(|status| status.context(format_args!("cannot unregister {identity}")))
    }

    /// The terms by which registering, and its end, wait.
    fn waiting(&self) -> Waiting<'_, ClientState> {
        let Inner { options, clock, name, .. } = self.inner();
        Waiting {
            name,
            clock,
            timeout: options.timeout,
            check: options.check,
            states: self.client().states(),
            left_behind: Some("the key goes when etcd is reached again, or with the lease"),
        }
    }
}
