//! A server: its services, its addresses, its end.

mod builder;
mod constraints;
mod listener;
mod running_server;

pub use builder::{ServerBuilder, ServerOptions};
pub use running_server::RunningServer;

/// A server; [`Server::builder`] makes one.
#[derive(Debug)]
pub struct Server(());

impl Server {
    /// Begins a server that speaks every protocol of this crate on one port.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }
}
