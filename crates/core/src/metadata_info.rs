//! The services of an application, as Dubbo 3's application-level discovery publishes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;

use crate::endpoint::Params;
use crate::service::ServiceKey;

/// The services of an application under one revision (Dubbo Java `MetadataInfo`). Instances name
/// the revision; whoever knows it needs no more than their addresses.
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod registry { pub use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo}; } }
/// use dubhe::ServiceKey;
/// use dubhe::registry::{MetadataInfo, ServiceInfo};
///
/// let service = ServiceInfo {
///     service: ServiceKey::new("org.example.Greeter", "north", "1.0.0"),
///     protocol: "dubbo".into(),
///     port: 20880,
///     ..ServiceInfo::default()
/// };
/// assert_eq!(service.match_key(), "north/org.example.Greeter:1.0.0:dubbo");
/// let mut info = MetadataInfo { application: "shop".into(), ..MetadataInfo::default() };
/// info.services.insert(service.match_key().into(), service);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataInfo {
    /// The application.
    pub application: ByteString,
    /// The digest of the services: opaque to consumers, equal for equal services.
    pub revision: ByteString,
    /// The services by [`ServiceInfo::match_key`].
    pub services: BTreeMap<ByteString, ServiceInfo>,
}

/// A service and a protocol that offers it (Dubbo Java `MetadataInfo.ServiceInfo`).
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::metadata_info::ServiceInfo; } }
/// use dubhe::registry::ServiceInfo;
///
/// let service = ServiceInfo { protocol: "tri".into(), port: 50051, ..ServiceInfo::default() };
/// assert!(service.params.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The service.
    pub service: ServiceKey,
    /// The protocol by Dubbo's name.
    pub protocol: ByteString,
    /// The TCP port; 0 when the peer does not say (dubbo-go), then that of the instance.
    pub port: u16,
    /// The path, which is the interface for most.
    pub path: ByteString,
    /// The parameters of the service.
    pub params: Params,
}

impl ServiceInfo {
    /// Returns the key of the service among those of an application:
    /// `{group/}{interface}{:version}:{protocol}` (Dubbo Java `ServiceInfo.getMatchKey`).
    pub fn match_key(&self) -> String {
        let mut key = String::new();
        if !self.service.group().is_empty() {
            key.push_str(self.service.group());
            key.push('/');
        }
        key.push_str(self.service.interface());
        for part in [self.service.version(), &self.protocol] {
            if !part.is_empty() {
                key.push(':');
                key.push_str(part);
            }
        }
        key
    }
}

/// The metadata that a process exports, as the `MetadataService` of its server answers.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::metadata_info::{ExportedMetadata, MetadataInfo}; } }
/// use std::sync::Arc;
/// use bytestring::ByteString;
/// use dubhe::registry::{ExportedMetadata, MetadataInfo};
///
/// /// Services that never change.
/// struct Fixed(Arc<MetadataInfo>);
///
/// impl ExportedMetadata for Fixed {
///     fn application(&self) -> ByteString {
///         self.0.application.clone()
///     }
///
///     fn metadata(&self, revision: &str) -> Option<Arc<MetadataInfo>> {
///         (revision.is_empty() || *self.0.revision == *revision).then(|| self.0.clone())
///     }
/// }
///
/// let exported = Fixed(Arc::new(MetadataInfo { revision: "7".into(), ..MetadataInfo::default() }));
/// assert!(exported.metadata("7").is_some());
/// assert!(exported.metadata("6").is_none());
/// ```
pub trait ExportedMetadata: Send + Sync + 'static {
    /// Returns the application, which is the group of its `MetadataService`.
    fn application(&self) -> ByteString;

    /// Returns the metadata of `revision`, the present one or one of those before it; the present one
    /// for an empty text.
    fn metadata(&self, revision: &str) -> Option<Arc<MetadataInfo>>;
}
