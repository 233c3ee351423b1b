//! A server, from its configuration to its shutdown.

mod advertised;
mod builder;
mod constraints;
mod listener;
mod protocols;
mod running_server;
mod signals;
mod watchdog;

pub use builder::{ServerBuilder, ServerOptions};
pub use running_server::RunningServer;
use running_server::ServiceLocks;

/// A server; [`Server::builder`] makes one.
#[derive(Debug)]
pub struct Server(());

impl Server {
    /// Returns a builder of a server that speaks every protocol of this crate on one port.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }
}
