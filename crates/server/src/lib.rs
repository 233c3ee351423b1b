//! The serving side.
//!
//! ```text
//! accept → detect → protocol → find (Services) → filters → handler
//! ```
//!
//! A [`Service`] is a set of methods; `#[dubhe::interface]` makes one of a trait. [`Services`]
//! holds what is exported and answers the protocols' question who is to be called. [`Server`]
//! listens, announces the services in registries, and stops in order. It has services of its own:
//! gRPC's health and reflection.

mod announce;
mod builtin;
mod echo;
mod exported;
mod generic;
mod isolation;
mod server;
mod service;
mod services;
pub mod stub;
mod table;

pub use server::{RunningServer, Server, ServerBuilder, ServerOptions};
pub use service::{Export, Service};
pub use services::{Services, ServicesBuilder};
