//! The built-in routers. One of your own is a [`Router`](dubhe_core::router::Router).

mod zone;

pub use zone::ZoneAffinity;
