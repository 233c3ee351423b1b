//! The services by which consumers of Dubbo 3 learn what an instance exports: `MetadataService`, a
//! Java interface over the dubbo protocol and Triple, and `MetadataServiceV2`, a protobuf service over
//! Triple. A server has them when one of its registries is of application level. They are not
//! registered: the registry says where they are.
//!
//! Sources: Dubbo Java `ConfigurableMetadataServiceExporter`, `MetadataServiceDelegation`,
//! `MetadataServiceDelegationV2`; dubbo-go `metadata/metadata_service.go`, `metadata/client.go`.

mod v1;
#[cfg(feature = "protobuf")]
mod v2;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock, Weak};

use bytestring::ByteString;
use dubhe_core::metadata_info::{ExportedMetadata, MetadataInfo};
use dubhe_core::{Instance, ServiceKey};

use crate::definition;
use crate::service::Export;
use crate::services::ServicesBuilder;
use crate::table::ServiceTable;

/// Code that `dubhe-build` generated from `proto/`; a test keeps it current.
#[cfg(feature = "protobuf")]
#[allow(
    dead_code,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    reason = "generated code"
)]
pub(crate) mod generated {
    pub(crate) use dubhe_core as core;
    pub(crate) use dubhe_protobuf as protobuf;

    pub(crate) use crate as server;

    include!("generated/org.apache.dubbo.metadata.rs");
}

/// The reason why no document of OpenAPI is made.
const NO_OPEN_API: &str = "no document of OpenAPI is made here; getServiceDefinition of \
                           MetadataService has the methods and types of a service";

/// The source of the answers of the services. Clones are the same.
#[derive(Clone)]
pub(crate) struct Metadata(Arc<Inner>);

struct Inner {
    sources: Vec<Arc<dyn ExportedMetadata>>,
    /// The name of the application, as the server has it.
    application: ByteString,
    running: OnceLock<Running>,
}

/// The facts that are known once the server listens.
struct Running {
    services: Weak<ServiceTable>,
    /// The instance that is announced.
    instance: Arc<Instance>,
}

impl Metadata {
    /// The metadata of a server of `application` that announces its services to `sources`.
    pub(crate) fn new(sources: Vec<Arc<dyn ExportedMetadata>>, application: ByteString) -> Self {
        Self(Arc::new(Inner { sources, application, running: OnceLock::new() }))
    }

    /// Adds the services, under the name of the application as their group: that of the server, and
    /// that of each registry which has one of its own. Without an application-level registry, none.
    pub(crate) fn export(&self, services: &mut ServicesBuilder) {
        let Inner { sources, application, .. } = &*self.0;
        if sources.is_empty() {
            return;
        }
        let own = sources.iter().map(|source| source.application());
        let groups: BTreeSet<_> = own.chain([application.clone()]).collect();
        for group in groups.into_iter().filter(|group| !group.is_empty()) {
            let mut add = |service: Export| services.built_in(service.group(group.clone()));
            add(Export::new(v1::MetadataService(self.clone())));
            #[cfg(feature = "protobuf")]
            add(Export::new(v2::service(self.clone())).version(v2::VERSION));
        }
    }

    /// Tells what is known once the server listens.
    pub(crate) fn runs(&self, services: &Arc<ServiceTable>, instance: Arc<Instance>) {
        // A server begins once.
        let _ = self.0.running.set(Running { services: Arc::downgrade(services), instance });
    }

    /// The metadata of a revision; the present one for `""`.
    fn of(&self, revision: &str) -> Option<Arc<MetadataInfo>> {
        self.0.sources.iter().find_map(|source| source.metadata(revision))
    }

    /// The present metadata of each registry.
    fn present(&self) -> impl Iterator<Item = Arc<MetadataInfo>> {
        self.0.sources.iter().filter_map(|source| source.metadata(""))
    }

    /// The host that is announced, or `""`.
    fn host(&self) -> ByteString {
        self.0.running.get().map(|running| running.instance.host.clone()).unwrap_or_default()
    }

    /// The definition of a service as JSON; `""` when there is none of this key, as in Dubbo Java.
    fn definition(&self, service: &ServiceKey) -> String {
        let found = self.0.running.get().and_then(|Running { services, instance }| {
            let services = services.upgrade()?.current();
            let exported = services.get(service)?;
            Some(definition::of(&*exported.service, &exported.key, &exported.params, instance))
        });
        found.unwrap_or_default()
    }
}
