//! A server, from its configuration to its shutdown.

mod advertised;
mod builder;
mod constraints;
mod listener;
mod protocols;
mod rules;
mod running_server;
mod signals;
mod watchdog;

pub use builder::{ServerBuilder, ServerOptions};
pub use running_server::RunningServer;
use running_server::ServiceLocks;

/// A server; [`Server::builder`] makes one.
///
/// ```no_run
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Users")]
/// # trait Users { async fn get_user(&self, id: i64) -> Result<Option<String>, Status>; }
/// # struct Store;
/// # impl Users for Store {
/// #     async fn get_user(&self, _: i64) -> Result<Option<String>, Status> { Ok(None) }
/// # }
///
/// # async fn run() -> Result<(), Status> {
/// Server::builder().service(UsersServer::new(Store)).serve("0.0.0.0:20880").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server(());

impl Server {
    /// Returns a builder of a server that speaks every protocol of this crate on one port.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }
}
