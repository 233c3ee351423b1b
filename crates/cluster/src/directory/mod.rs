//! Directories that follow registries.
//!
//! ```text
//! registry → subscription ┐
//!                         ├→ join → the set of a RegistryDirectory, for all clients of a service
//! registry → subscription ┘
//! ```
//!
//! Endpoints from elsewhere go through an [`AdoptingDirectory`].

mod adopting;
mod changes;
mod directories;
mod failures;
mod join;
mod keys;
mod registry;
mod set;
mod subscription;

pub use adopting::AdoptingDirectory;
pub(crate) use changes::without_endpoints;
pub use directories::Directories;
pub use registry::RegistryDirectory;
