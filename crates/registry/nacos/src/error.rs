//! The errors of requests.

use std::fmt;
use std::sync::Arc;

use dubhe_core::printable::Shown;
use dubhe_core::{Code, Status};

use crate::wire::{Malformed, code};

/// The reason why a request has no answer, or not the one that it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// The lack of a connection; the request may have been done or not.
    Disconnected(Arc<str>),
    /// The start of the server, which is not over.
    Starting(Arc<str>),
    /// The end of the client.
    Closed,
    /// The lack of an answer in time; the request may have been done or not.
    Late,
    /// The refusal of the server.
    Refused { code: i32, message: Arc<str> },
    /// The failure of the login.
    Login(Arc<str>),
    /// An answer that cannot be read, or a request that cannot be written.
    Malformed(Malformed),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected(why) => write!(f, "not connected: {why}"),
            Self::Starting(why) => write!(f, "the server is not ready: {}", Shown(why)),
            Self::Closed => f.write_str("the client is closed"),
            Self::Late => f.write_str("the server does not answer"),
            Self::Refused { code: code::FORBIDDEN, message } => write!(
                f,
                "the server refuses it (403: {}): check the user or the keys in the URL, and \
                 their rights to the namespace",
                Shown(message)
            ),
            Self::Refused { code, message } => {
                write!(f, "the server refuses it ({code}: {})", Shown(message))
            }
            Self::Login(why) => write!(f, "the login failed: {why}"),
            Self::Malformed(why) => why.fmt(f),
        }
    }
}

impl From<Malformed> for Error {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

impl Error {
    /// Returns `true` if the state of the link tells of it, too.
    pub(crate) fn is_of_connection(&self) -> bool {
        matches!(self, Self::Disconnected(_) | Self::Starting(_))
    }

    /// The error as a registry of this name reports it.
    pub(crate) fn status(&self, name: &str) -> Status {
        self.plain_status().context(name)
    }

    /// The error as it is reported, without the name of the registry.
    pub(crate) fn plain_status(&self) -> Status {
        let code = match self {
            Self::Refused { code: code::FORBIDDEN, .. } => Code::PermissionDenied,
            Self::Login(_) => Code::Unauthenticated,
            Self::Malformed(_) => Code::DataLoss,
            _ => Code::Unavailable,
        };
        Status::new(code, self.to_string())
    }
}
