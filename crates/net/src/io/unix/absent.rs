//! The same types on a system without Unix sockets.

use std::{
    convert::Infallible,
    io,
    path::Path,
    sync::Arc,
    task::{Context, Poll},
};

use dubhe_core::SockAddr;

use super::{UnixOptions, check};
use crate::{
    Error, ErrorKind, Result,
    io::{Address, BoxFuture, ConnectionInfo, Dial, Io, Listen},
};

fn absent<T>(what: String) -> Result<T> {
    let message = format!("{what}: this system has no Unix sockets; use host:port");
    Err(Error::new(ErrorKind::Config, message))
}

/// A listening Unix socket, of which this system has none.
#[derive(Debug)]
pub struct UnixListen(Infallible);

impl UnixListen {
    /// Fails on this system.
    ///
    /// # Errors
    /// Always.
    pub fn bind(path: impl Into<Arc<Path>>, _: &UnixOptions) -> Result<Self> {
        let path = path.into();
        check(&path)?;
        absent(format!("cannot listen on unix:{}", path.display()))
    }
}

impl Listen for UnixListen {
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(Io, ConnectionInfo)>> {
        match self.0 {}
    }

    fn local_addr(&self) -> SockAddr {
        match self.0 {}
    }
}

/// Fails to open Unix sockets, of which this system has none.
#[derive(Debug, Clone, Default)]
pub struct UnixDial(());

impl UnixDial {
    /// A dialer that fails.
    pub fn new(_: UnixOptions) -> Self {
        Self(())
    }
}

impl Dial for UnixDial {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
        Box::pin(async move { absent(format!("cannot connect to {to}")) })
    }
}
