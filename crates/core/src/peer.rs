//! The other end of a connection.

use std::fmt;

use bytestring::ByteString;
use http::Extensions;

use crate::sock_addr::SockAddr;

/// The other end of a connection. A call on the serving side knows the peer that sent it.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Context, Peer}; }
/// use dubhe::{Context, Peer};
///
/// /// Admits callers that showed a certificate.
/// fn is_known(context: &Context) -> bool {
///     context.peer().is_some_and(|peer| peer.certificate.is_some())
/// }
///
/// let peer = Peer { certificate: Some(vec![0x30].into()), ..Peer::default() };
/// let context = Context::for_test("org.example.Cart", "pay").with_peer(peer);
/// assert!(is_known(&context));
/// ```
#[derive(Clone, Default)]
pub struct Peer {
    /// The address of the peer; `None` for a transport without addresses.
    pub remote: Option<SockAddr>,
    /// The address of this end.
    pub local: Option<SockAddr>,
    /// The protocol that the peer speaks. On the serving side: `dubbo`, `tri` for Triple and gRPC, and
    /// `rest` for plain HTTP of either version, told apart call by call; gates know it too. A protocol
    /// of your own has its own name, and [`Peer::default`] an empty one.
    pub protocol: ByteString,
    /// The end entity of the verified TLS certificate chain of the peer, in DER.
    pub certificate: Option<bytes::Bytes>,
    /// Typed facts of the connection that protocols and filters add, such as the
    /// [`BackChannel`](crate::invoke::BackChannel).
    pub extensions: Extensions,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("remote", &self.remote)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}
