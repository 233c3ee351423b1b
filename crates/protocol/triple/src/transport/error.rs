//! The errors of streams.

use std::fmt;

use dubhe_core::{Code, Status};

use super::body::BoxError;
use super::{http1, http2};

/// The end of a stream that broke off.
#[derive(Debug)]
pub(crate) enum Error {
    Http2(http2::Error),
    Http1(http1::Error),
    /// The error of a body that another server gave.
    Hosted(BoxError),
    /// The peer sent too little for too long.
    TooSlow(dubhe_net::Error),
}

impl Error {
    /// The error of the library below.
    pub(crate) fn into_inner(self) -> BoxError {
        match self {
            Self::Http2(error) => error.into(),
            Self::Http1(error) => error.into(),
            Self::Hosted(error) => error,
            Self::TooSlow(error) => error.into(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Http2(error) => http2::status(error),
            Error::TooSlow(error) => {
                Self::new(Code::DeadlineExceeded, error.to_string()).with_source(error)
            }
            Error::Http1(error) => broken_off(&error),
            Error::Hosted(error) => broken_off(&error),
        }
    }
}

fn broken_off(error: &dyn fmt::Display) -> Status {
    Status::new(Code::Cancelled, format!("the body of the request broke off: {error}"))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http2(error) => error.fmt(f),
            Self::Http1(error) => error.fmt(f),
            Self::Hosted(error) => error.fmt(f),
            Self::TooSlow(error) => error.fmt(f),
        }
    }
}
