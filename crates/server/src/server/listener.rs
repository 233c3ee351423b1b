//! The listeners of a server.

use std::net::SocketAddr;

use dubhe_core::{Code, Status};
use dubhe_net::io::Listen;
use dubhe_net::io::tcp::{TcpListen, TcpOptions};

/// A source of connections, as given to the builder.
pub(super) enum Listener {
    /// An address to listen on when the server starts.
    Address(String),
    /// A listener that is open already.
    Open(Box<dyn Listen>),
}

impl Listener {
    /// Opens the listener.
    ///
    /// # Errors
    /// When the address is invalid, in use or not permitted; the message names it.
    pub(super) async fn open(self, tcp: &TcpOptions) -> Result<Box<dyn Listen>, Status> {
        let addr = match self {
            Self::Open(listen) => return Ok(listen),
            Self::Address(addr) => resolve(&addr).await?,
        };
        let listen = TcpListen::bind(addr, tcp.clone()).map_err(|error| {
            let hint = "choose another port, or stop the process that uses it";
            Status::new(Code::Unavailable, format!("{error}; {hint}")).with_source(error)
        })?;
        Ok(Box::new(listen))
    }
}

async fn resolve(addr: &str) -> Result<SocketAddr, Status> {
    let wrong = |why: String| {
        let text = format!("cannot listen on {addr:?}: {why}; write HOST:PORT");
        Status::new(Code::InvalidArgument, text)
    };
    let mut found = tokio::net::lookup_host(addr).await.map_err(|e| wrong(e.to_string()))?;
    found.next().ok_or_else(|| wrong("the host has no address".into()))
}
