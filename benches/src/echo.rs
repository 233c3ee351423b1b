//! The service that is called.

use bytes::Bytes;
use dubhe::prelude::*;

/// Gives back what it is sent.
#[dubhe::interface("org.example.bench.Echo")]
pub(crate) trait Echo {
    /// The same bytes.
    async fn echo(&self, data: Bytes) -> Result<Bytes, Status>;
}

struct Same;

impl Echo for Same {
    async fn echo(&self, data: Bytes) -> Result<Bytes, Status> {
        Ok(data)
    }
}

/// Serves until a signal ends the process.
pub(crate) async fn serve(addr: &str) -> Result<(), Status> {
    Server::builder().service(EchoServer::new(Same)).serve(addr).await
}
