//! The errors of streams.

use std::fmt;

use dubhe_core::status::Retry;
use dubhe_core::{Code, Status};

use super::body::BoxError;

/// The end of a stream that broke off.
#[derive(Debug)]
pub(crate) enum Error {
    Http2(h2::Error),
    Http1(hyper::Error),
}

impl Error {
    /// The error as those know it who use `h2` or `hyper` themselves.
    pub(crate) fn into_inner(self) -> BoxError {
        match self {
            Self::Http2(error) => error.into(),
            Self::Http1(error) => error.into(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Http2(error) => of_http2(error),
            Error::Http1(error) => {
                Self::new(Code::Cancelled, format!("the body of the request broke off: {error}"))
            }
        }
    }
}

/// The error of a stream that HTTP/2 ended (gRPC over HTTP/2, "Errors").
fn of_http2(error: h2::Error) -> Status {
    let (code, retry) = match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => (Code::Unavailable, Retry::Unstarted),
        // A peer that goes away in order names the last stream that it looked at.
        Some(h2::Reason::NO_ERROR) if error.is_go_away() && error.is_remote() => {
            (Code::Unavailable, Retry::Unstarted)
        }
        Some(h2::Reason::CANCEL) => (Code::Cancelled, Retry::Never),
        Some(h2::Reason::ENHANCE_YOUR_CALM) => (Code::ResourceExhausted, Retry::Unknown),
        Some(h2::Reason::INADEQUATE_SECURITY) => (Code::PermissionDenied, Retry::Never),
        Some(_) if !error.is_go_away() => (Code::Internal, Retry::Unknown),
        _ => (Code::Unavailable, Retry::Unknown),
    };
    Status::new(code, format!("the stream ended: {error}")).with_retry(retry).with_source(error)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http2(error) => error.fmt(f),
            Self::Http1(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets() {
        let of = |reason: h2::Reason| of_http2(reason.into());
        assert_eq!(of(h2::Reason::REFUSED_STREAM).retry(), Retry::Unstarted);
        assert_eq!(of(h2::Reason::CANCEL).code(), Code::Cancelled);
    }
}
