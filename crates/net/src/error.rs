//! The one error of this crate: opaque, cheap to clone, answers questions.

use std::{error::Error as StdError, fmt, io, sync::Arc, time::Duration};

/// The result of the functions of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system or the transport refused or broke.
    Io,
    /// The time that was given is over.
    Timeout,
    /// The peer sent what the protocol does not allow.
    Protocol,
    /// A certificate, key or TLS handshake was not accepted.
    Tls,
    /// A configured bound was reached.
    Limit,
    /// The connection, pool or listener is closed.
    Closed,
    /// A setting cannot work.
    Config,
}

/// An error that says what was tried, on what, and why it failed. Clones share one allocation.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Address; pub use dubhe_net::ErrorKind; } }
/// use dubhe::net::{Address, ErrorKind};
///
/// let error = "no-port".parse::<Address>().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// println!("{error}"); // says what was tried, on what, and what to do
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` is lower case, without a full stop, and names what to do if
    /// anything can be done.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), source: None }))
    }

    /// An error as of [`Error::new`] that keeps its cause.
    pub fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), source: Some(source.into()) }))
    }

    /// The peer broke the protocol.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, message)
    }

    /// `what` was tried and the transport failed with `source`.
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::TimedOut => ErrorKind::Timeout,
            _ => ErrorKind::Io,
        };
        Self::with_source(kind, what, source)
    }

    /// `what` did not end within `limit`.
    pub fn timeout(what: impl fmt::Display, limit: Duration) -> Self {
        Self::new(ErrorKind::Timeout, format!("{what} took longer than {limit:?}"))
    }

    /// The kind, for decisions.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns true if time ran out.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Returns true if the peer's machine answered that nobody listens at the address.
    pub fn is_refused(&self) -> bool {
        let mut source = self.source();
        while let Some(cause) = source {
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                return io.kind() == io::ErrorKind::ConnectionRefused;
            }
            source = cause.source();
        }
        false
    }

    /// Returns true if the connection, pool or listener was closed.
    pub fn is_closed(&self) -> bool {
        self.0.kind == ErrorKind::Closed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Self::io("connection failed", source)
    }
}
