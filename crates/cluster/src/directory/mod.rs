//! Directories that follow registries.
//!
//! ```text
//! registry → subscription ┐
//!                         ├→ join → the set of a RegistryDirectory, for all clients of a service
//! registry → subscription ┘
//! ```

mod directories;
mod failures;
mod join;
mod registry;
mod set;
mod subscription;

pub use directories::Directories;
pub use registry::RegistryDirectory;
