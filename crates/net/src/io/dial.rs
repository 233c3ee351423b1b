//! Dialing whatever an address names.

use super::tcp::{TcpDial, TcpOptions};
use super::unix::{UnixDial, UnixOptions};
use super::{Address, BoxFuture, ConnectionInfo, Dial, Io};
use crate::Result;

/// Opens connections over TCP, and those to Unix sockets for addresses that name one.
#[derive(Debug, Clone, Default)]
pub struct SocketDial {
    tcp: TcpDial,
    unix: UnixDial,
}

impl SocketDial {
    /// A dialer with the given options; the connect timeout holds for Unix sockets too.
    pub fn new(tcp: TcpOptions) -> Self {
        let unix = UnixOptions { connect_timeout: tcp.connect_timeout, ..UnixOptions::default() };
        Self { tcp: TcpDial::new(tcp), unix: UnixDial::new(unix) }
    }
}

impl Dial for SocketDial {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
        match to.unix_path() {
            Some(_) => self.unix.dial(to),
            None => self.tcp.dial(to),
        }
    }
}
