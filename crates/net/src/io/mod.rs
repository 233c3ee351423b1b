//! Byte streams: the type of them ([`Io`]), the facts of a connection ([`ConnectionInfo`]), and the
//! two traits through which they come, [`Listen`] and [`Dial`], with TCP ([`tcp`]), Unix sockets
//! ([`unix`]) and an in-memory network ([`memory`]) behind them.

mod address;
mod dial;
mod hang_up;
pub mod memory;
mod peer;
mod source;
mod stream;
mod subnet;
pub mod tcp;
pub mod unix;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pub use address::Address;
pub use dial::{ClientTransport, SocketDial};
pub use dubhe_core::SockAddr;
pub use hang_up::HangUp;
pub use peer::{ConnectionInfo, TlsPeer};
pub use source::source_address;
pub use stream::{Io, Transport};
pub use subnet::Subnet;

/// A boxed future, for calls that happen once a connection.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A source of accepted streams.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{ConnectionInfo, Io, Listen}; pub use dubhe_net::io::tcp::TcpListen; } pub use dubhe_core::SockAddr; }
/// use std::task::{Context, Poll};
/// use dubhe::net::{ConnectionInfo, Io, Listen, TcpListen};
/// use dubhe::SockAddr;
///
/// /// Counts the connections that it accepts.
/// struct Counted(TcpListen, u64);
///
/// impl Listen for Counted {
///     fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<(Io, ConnectionInfo)>> {
///         let accepted = self.0.poll_accept(cx);
///         self.1 += u64::from(matches!(accepted, Poll::Ready(Ok(_))));
///         accepted
///     }
///
///     fn local_addr(&self) -> SockAddr {
///         self.0.local_addr()
///     }
/// }
/// ```
pub trait Listen: Send + 'static {
    /// Polls for the next stream. An error concerns one attempt: the caller goes on polling, after
    /// a pause if the error says that resources are short.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<(Io, ConnectionInfo)>>;

    /// The address listened on; with the real port when port 0 was asked for.
    fn local_addr(&self) -> SockAddr;
}

impl Listen for Box<dyn Listen> {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<(Io, ConnectionInfo)>> {
        (**self).poll_accept(cx)
    }

    fn local_addr(&self) -> SockAddr {
        (**self).local_addr()
    }
}

/// A way to open streams to other endpoints.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{Address, BoxFuture, ConnectionInfo, Dial, Io}; pub use dubhe_net::Error; pub use dubhe_net::io::tcp::TcpDial; } }
/// use dubhe::net::{Address, BoxFuture, ConnectionInfo, Dial, Error, Io, TcpDial};
///
/// /// Sends all connections to a proxy beside the application.
/// struct Sidecar(TcpDial, Address);
///
/// impl Dial for Sidecar {
///     fn dial<'a>(&'a self, _: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo), Error>> {
///         self.0.dial(&self.1)
///     }
/// }
///
/// let sidecar = Sidecar(TcpDial::default(), Address::new("127.0.0.1", 15001));
/// # fn is_dial(_: impl Dial) {}
/// # is_dial(sidecar);
/// ```
pub trait Dial: Send + Sync + 'static {
    /// Opens a stream to `to`, within the dialer's own connect timeout.
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, crate::Result<(Io, ConnectionInfo)>>;

    /// Returns `true` if its streams are encrypted: HTTP/2 names its scheme by that. Default `false`;
    /// a dialer around another one answers for it.
    fn is_encrypted(&self) -> bool {
        false
    }
}
