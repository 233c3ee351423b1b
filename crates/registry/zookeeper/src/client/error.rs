//! Errors of operations.

use std::fmt;

/// The error of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The connection is missing, or it ended before the answer.
    Disconnected,
    /// The client is closed.
    Closed,
    /// The node does not exist.
    NoNode,
    /// The node exists.
    NodeExists,
    /// The node has children.
    NotEmpty,
    /// The node has another version.
    BadVersion,
    /// The access control list does not permit it.
    NoAuth,
    /// Another `KeeperException.Code`.
    Other(i32),
}

impl Error {
    /// The error of a reply header's code; `None` for success.
    pub(super) fn of_code(code: i32) -> Option<Self> {
        match code {
            0 => None,
            // Connection loss, session expired, session moved: the connection is ending.
            -4 | -112 | -118 => Some(Self::Disconnected),
            -101 => Some(Self::NoNode),
            -102 => Some(Self::NoAuth),
            -103 => Some(Self::BadVersion),
            -110 => Some(Self::NodeExists),
            -111 => Some(Self::NotEmpty),
            other => Some(Self::Other(other)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected => f.write_str("not connected to zookeeper"),
            Self::Closed => f.write_str("the zookeeper client is closed"),
            Self::NoNode => f.write_str("the node does not exist"),
            Self::NodeExists => f.write_str("the node exists"),
            Self::NotEmpty => f.write_str("the node has children"),
            Self::BadVersion => f.write_str("the node was changed by somebody else"),
            Self::NoAuth => {
                f.write_str("not permitted; check username and password of the registry")
            }
            Self::Other(code) => write!(f, "zookeeper answered with error {code}"),
        }
    }
}

impl std::error::Error for Error {}
