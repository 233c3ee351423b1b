//! Servers: exported services, and the ports that they are called on.
//!
//! ```text
//! accept → detect → protocol → find (Services) → filters → handler
//! ```
//!
//! A [`Service`] is a set of methods; `#[dubhe::interface]` makes one of a trait. [`Services`]
//! holds what is exported and finds the target of each call for the protocols. [`Server`] listens,
//! announces the services in registries, and shuts down in order. It has built-in services: health
//! and reflection, as gRPC defines them, and Dubbo's `MetadataService` where a registry is of
//! application level.

mod announce;
#[cfg_attr(not(feature = "protobuf"), path = "builtin/absent.rs")]
mod builtin;
mod call_limit;
mod callback;
mod definition;
mod echo;
mod exported;
mod generic;
mod isolation;
mod metadata_service;
mod server;
mod service;
mod services;
pub mod stub;
mod table;
mod work;

pub use server::{RunningServer, Server, ServerBuilder, ServerOptions};
pub use service::{Export, IntoExport, MethodExport, Service};
pub use services::{Services, ServicesBuilder};
