//! The seams of application-level discovery.

use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::endpoint::Offer;
use dubhe_core::metadata_info::MetadataInfo;
use dubhe_core::registry::{Excluded, Health, Registering};
use futures_core::Stream;

use super::instance::ServiceInstance;

/// The whole list of the instances of an application.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::registry::Health; pub use dubhe_registry::application; } }
/// use dubhe::registry::Health;
/// use dubhe::registry::application::InstanceSnapshot;
///
/// // What a registry says that lost its server: the list that it had, which may be old.
/// let before = InstanceSnapshot::default();
/// let stale = InstanceSnapshot { health: Health::Stale, ..before };
/// assert_eq!(stale.instances, []);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceSnapshot {
    /// The instances, each address once.
    pub instances: Vec<ServiceInstance>,
    /// The currency of the list.
    pub health: Health,
    /// Instances that cannot be read or are not to be used, with the reasons: at most
    /// [`MAX_EXCLUDED`](dubhe_core::registry::MAX_EXCLUDED).
    pub excluded: Vec<Excluded>,
}

/// Snapshots as they change, each whole; the present one comes first.
pub type InstanceSnapshots = Pin<Box<dyn Stream<Item = InstanceSnapshot> + Send>>;

/// A registry of the instances of applications.
///
/// What holds for a [`Registry`](dubhe_core::registry::Registry) holds here: an instance stays
/// registered through every outage until it is unregistered or the registry is closed, and a
/// subscription goes on with the last known list, marked stale, while the registry is out of reach.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_core::registry::Registering; pub use dubhe_registry::application; } }
/// use bytestring::ByteString;
/// use dubhe::Status;
/// use dubhe::registry::Registering;
/// use dubhe::registry::application::{
///     InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance,
/// };
/// use futures_util::{StreamExt as _, stream};
///
/// /// Instances of one application, which never change.
/// struct Listed(Vec<ServiceInstance>);
///
/// impl ServiceDiscovery for Listed {
///     fn name(&self) -> &str {
///         "listed"
///     }
///
///     fn register(&self, _: ServiceInstance) -> Registering<'_, ()> {
///         Box::pin(async { Err(Status::unimplemented("the list never changes")) })
///     }
///
///     fn unregister(&self, _: &ServiceInstance) -> Registering<'_, ()> {
///         Box::pin(async { Ok(()) })
///     }
///
///     fn subscribe(&self, _: &str) -> Registering<'_, InstanceSnapshots> {
///         let all = InstanceSnapshot { instances: self.0.clone(), ..InstanceSnapshot::default() };
///         // A stream that ends is a registry that is gone.
///         let forever = stream::iter([all]).chain(stream::pending());
///         Box::pin(async { Ok(Box::pin(forever) as InstanceSnapshots) })
///     }
///
///     fn applications(&self) -> Registering<'_, Vec<ByteString>> {
///         Box::pin(async { Ok(vec!["shop".into()]) })
///     }
///
///     fn is_read_only(&self) -> bool {
///         true
///     }
/// }
/// ```
pub trait ServiceDiscovery: Send + Sync + 'static {
    /// Returns the name of the registry in the log, such as its URL without secrets.
    fn name(&self) -> &str;

    /// Registers an instance of [`Instance::application`](dubhe_core::Instance::application). One of
    /// the same application, host and port is replaced, without a moment in which neither is there.
    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()>;

    /// Takes the instance of this application, host and port back.
    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()>;

    /// Follows the instances of an application, of which there need be none. Dropping the stream ends
    /// the subscription.
    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots>;

    /// Lists the applications that have had an instance, sorted.
    fn applications(&self) -> Registering<'_, Vec<ByteString>>;

    /// Returns `true` if nothing is written: the registry is only for finding. Default `false`.
    fn is_read_only(&self) -> bool {
        false
    }

    /// Returns the last error of following `application` until the registry answers again. None by
    /// default.
    fn failure(&self, application: &str) -> Option<Status> {
        let _ = application;
        None
    }

    /// Returns the pauses before something that failed is tried again: at most 5 s by default.
    fn backoff(&self) -> FullJitter {
        FullJitter::default()
    }
}

impl<T: ServiceDiscovery + ?Sized> ServiceDiscovery for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()> {
        (**self).register(instance)
    }

    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()> {
        (**self).unregister(instance)
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        (**self).subscribe(application)
    }

    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        (**self).applications()
    }

    fn is_read_only(&self) -> bool {
        (**self).is_read_only()
    }

    fn failure(&self, application: &str) -> Option<Status> {
        (**self).failure(application)
    }

    fn backoff(&self) -> FullJitter {
        (**self).backoff()
    }
}

/// The `MetadataService` of an instance: where it is, and which of its two forms it has.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::endpoint::Offer; pub use dubhe_registry::application; } }
/// use dubhe::registry::Offer;
/// use dubhe::registry::application::MetadataTarget;
///
/// let target = MetadataTarget {
///     application: "shop".into(),
///     host: "10.0.0.7".into(),
///     offer: Offer { protocol: "tri".into(), port: 50051 },
///     v2: true,
/// };
/// assert_eq!(target.offer.port, 50051);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataTarget {
    /// The application, which is the group of the service.
    pub application: ByteString,
    /// The host of the instance.
    pub host: ByteString,
    /// The protocol and port of the service.
    pub offer: Offer,
    /// `true` for `MetadataServiceV2`, a protobuf service over Triple; `false` for `MetadataService`,
    /// a Java interface.
    pub v2: bool,
}

/// A client of the `MetadataService` of instances.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_core::metadata_info::MetadataInfo; pub use dubhe_core::registry::Registering; pub use dubhe_registry::application; } }
/// use std::collections::HashMap;
/// use dubhe::Status;
/// use dubhe::registry::{MetadataInfo, Registering};
/// use dubhe::registry::application::{MetadataClient, MetadataTarget};
///
/// /// What a test answers, by revision.
/// struct Known(HashMap<String, MetadataInfo>);
///
/// impl MetadataClient for Known {
///     fn metadata(&self, _: &MetadataTarget, revision: &str) -> Registering<'_, MetadataInfo> {
///         let known = self.0.get(revision).cloned();
///         Box::pin(async move { known.ok_or_else(|| Status::not_found("no such revision")) })
///     }
/// }
/// ```
pub trait MetadataClient: Send + Sync + 'static {
    /// Asks one instance for the metadata of a revision.
    fn metadata(&self, target: &MetadataTarget, revision: &str) -> Registering<'_, MetadataInfo>;
}
