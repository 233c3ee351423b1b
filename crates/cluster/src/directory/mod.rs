//! Directories that follow registries.
//!
//! ```text
//! registry → subscription → source ┐
//!                                  ├→ join → the set of a RegistryDirectory, for all clients of a service
//! registry → subscription → source ┘
//! ```
//!
//! A source holds providers that its registry lost too suddenly, which it knows by its lists of late, and begins
//! with the list of the cache while the registry is away. The task that follows is in `follow`. Endpoints from elsewhere go through an [`AdoptingDirectory`].

mod adopting;
mod cache;
mod changes;
mod connects;
mod directories;
mod follow;
mod join;
mod keys;
mod observed;
mod recent;
mod registry;
mod set;
mod source;
mod subscription;

pub use adopting::AdoptingDirectory;
pub(crate) use changes::without_endpoints;
pub use directories::Directories;
pub use registry::RegistryDirectory;
