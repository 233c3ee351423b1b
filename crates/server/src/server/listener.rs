//! The listeners of a server.

use std::net::SocketAddr;

use dubhe_core::sock_addr::unix_path;
use dubhe_core::{Code, Status};
use dubhe_net::ErrorKind;
use dubhe_net::io::tcp::TcpListen;
use dubhe_net::io::unix::UnixListen;
use dubhe_net::io::{Address, Listen};

use super::ServerOptions;

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
    pub(super) async fn open(self, options: &ServerOptions) -> Result<Box<dyn Listen>, Status> {
        let addr = match self {
            Self::Open(listen) => return Ok(listen),
            Self::Address(addr) => addr,
        };
        let path = match addr.parse::<Address>() {
            Ok(address) => address.unix_path().cloned(),
            Err(error) if unix_path(&addr).is_some() => return Err(refused(error)),
            // The resolver knows more forms, or says what is wrong.
            Err(_) => None,
        };
        if let Some(path) = path {
            // It may wait for another process.
            let unix = options.unix.clone();
            let bind = tokio::task::spawn_blocking(move || UnixListen::bind(path, &unix));
            let ended = |error| Status::internal("the start ended early").with_source(error);
            return Ok(Box::new(bind.await.map_err(ended)?.map_err(refused)?));
        }
        let addr = resolve(&addr).await?;
        let listen = TcpListen::bind(addr, options.tcp.clone()).map_err(|error| {
            let hint = "choose another port, or stop the process that uses it";
            Status::new(Code::Unavailable, format!("{error}; {hint}")).with_source(error)
        })?;
        Ok(Box::new(listen))
    }
}

/// The status of a Unix socket that cannot be listened on.
fn refused(error: dubhe_net::Error) -> Status {
    let code = match error.kind() {
        ErrorKind::Config => Code::InvalidArgument,
        _ => Code::Unavailable,
    };
    Status::new(code, error.to_string()).with_source(error)
}

async fn resolve(addr: &str) -> Result<SocketAddr, Status> {
    let wrong = |why: String| {
        let text = format!("cannot listen on {addr:?}: {why}; write HOST:PORT or unix:PATH");
        Status::new(Code::InvalidArgument, text)
    };
    if addr.contains("://") {
        return Err(wrong("it is a URL, and a server has all protocols on one port".into()));
    }
    let mut found = tokio::net::lookup_host(addr).await.map_err(|e| wrong(e.to_string()))?;
    found.next().ok_or_else(|| wrong("the host has no address".into()))
}
