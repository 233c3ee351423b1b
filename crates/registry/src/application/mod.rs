//! Application-level discovery (Dubbo 3): registries that hold instances of applications, and how
//! services are found among them.
//!
//! ```text
//! interface ── mapping ──▶ applications ── ServiceDiscovery ──▶ instances ── revision ──▶ MetadataInfo
//!              (DocumentStore)                                    (DocumentStore or MetadataClient)
//! ```

mod discovery;
mod instance;
pub mod metadata_info;
mod spring_cloud;

pub use discovery::{
    InstanceSnapshot, InstanceSnapshots, MetadataClient, MetadataTarget, ServiceDiscovery,
};
pub use instance::{EndpointPort, MetadataStorage, ServiceInstance};
pub use spring_cloud::SpringCloud;
