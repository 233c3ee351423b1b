//! The two ends of a connection.

/// The end that opened the connection. Only events differ: the client sends heartbeats, the server
/// says when it takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// This end opened it.
    Client,
    /// The other end opened it.
    Server,
}
