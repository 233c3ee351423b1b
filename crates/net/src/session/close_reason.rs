//! The reason for the end of a connection.

use std::{borrow::Cow, fmt, time::Duration};

use crate::{Error, ErrorKind};

/// The reason for the end of a connection. Cheap to clone: everybody who waited gets one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CloseReason {
    /// This side closed, for the reason given; what was queued before is written first.
    Local(Cow<'static, str>),
    /// This side closed at once; what was queued is lost.
    Aborted(Cow<'static, str>),
    /// The peer ended its side between two frames.
    Ended,
    /// The peer ended its side within a frame.
    Cut {
        /// The bytes of that frame that had arrived.
        unread: usize,
    },
    /// The transport broke, or the session refused what the peer did.
    Failed(Error),
    /// The peer took no byte for too long.
    Stalled {
        /// The bytes that waited.
        pending: usize,
        /// The time in which none was taken.
        after: Duration,
    },
    /// The task that drove the connection was dropped: its owner ended.
    Dropped,
}

impl CloseReason {
    /// Returns true if the peer or the network ended the connection, false if this side did.
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Local(_) | Self::Aborted(_) | Self::Dropped => false,
            Self::Failed(error) => error.kind() != ErrorKind::Closed,
            Self::Ended | Self::Cut { .. } | Self::Stalled { .. } => true,
        }
    }

    /// Returns true if queued bytes can and should still be written.
    pub(super) fn flushes(&self) -> bool {
        match self {
            Self::Local(_) | Self::Ended | Self::Cut { .. } => true,
            Self::Failed(error) => error.kind() != ErrorKind::Io,
            _ => false,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(reason) => write!(f, "closed by this side: {reason}"),
            Self::Aborted(reason) => write!(f, "aborted by this side: {reason}"),
            Self::Ended => f.write_str("closed by the peer"),
            Self::Cut { unread } => {
                write!(f, "closed by the peer within a frame, after {unread} bytes of it")
            }
            Self::Failed(error) => error.fmt(f),
            Self::Stalled { pending, after } => {
                write!(f, "the peer took none of {pending} waiting bytes for {after:?}")
            }
            Self::Dropped => f.write_str("closed because its owner on this side ended"),
        }
    }
}

impl From<CloseReason> for Error {
    fn from(why: CloseReason) -> Self {
        match why {
            CloseReason::Failed(error) => error,
            other => Self::new(ErrorKind::Closed, format!("connection {other}")),
        }
    }
}
