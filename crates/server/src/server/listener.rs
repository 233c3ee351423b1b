//! The addresses of a server.

use std::net::SocketAddr;

use dubhe_core::{Code, Status};
use dubhe_net::io::Listen;
use dubhe_net::io::tcp::{TcpListen, TcpOptions};

/// A source of connections, as the builder is given it.
pub(super) enum Listener {
    /// An address that is listened on when the server starts.
    Address(String),
    /// A listener that is open already.
    Open(Box<dyn Listen>),
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address is none, is in use or is not permitted; the text names it.
    pub(super) async fn open(self, tcp: &TcpOptions) -> Result<Box<dyn Listen>, Status> {
        let addr = match self {
            Self::Open(listen) => return Ok(listen),
            Self::Address(addr) => resolve(&addr).await?,
        };
        let listen = TcpListen::bind(addr, tcp.clone()).map_err(|error| {
            let hint = "choose another port, or stop what holds it";
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
