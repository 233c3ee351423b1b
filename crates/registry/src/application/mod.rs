//! Application-level discovery (Dubbo 3): registries that hold instances of applications, and how
//! services are found among them.
//!
//! ```text
//! interface ── mapping ──▶ applications ── ServiceDiscovery ──▶ instances ── revision ──▶ MetadataInfo
//!              (DocumentStore)                                    (DocumentStore or MetadataClient)
//! ```

mod consumer;
mod discovery;
mod follow;
mod instance;
mod mapping;
pub mod metadata_info;
mod migration;
mod options;
mod provider;
mod registry;
mod spring_cloud;

pub use dubhe_config::rule::migration::MigrationStep;

pub use discovery::{
    InstanceSnapshot, InstanceSnapshots, MetadataClient, MetadataTarget, ServiceDiscovery,
};
pub use instance::{EndpointPort, MetadataStorage, ServiceInstance};
pub use options::{ApplicationOptions, RegisterMode};
pub use registry::{ApplicationRegistry, ApplicationRegistryBuilder};
pub use spring_cloud::SpringCloud;
