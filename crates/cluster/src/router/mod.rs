//! The built-in routers. One of your own is a [`Router`](dubhe_core::router::Router).

mod registry;
mod subset;
mod zone;

pub use registry::RegistryChoice;
pub(crate) use registry::insisted_zone;
pub use subset::Subset;
pub use zone::ZoneAffinity;
