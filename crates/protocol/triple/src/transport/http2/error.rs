//! The errors of HTTP/2 streams.

use dubhe_core::status::Retry;
use dubhe_core::{Code, Status};
use h2::Reason;

/// The end of a stream or a connection that broke off.
pub(crate) type Error = h2::Error;

/// Advice about a peer that may not speak HTTP/2.
pub(super) const ADVICE: &str =
    "; check that the port serves triple or grpc, and whether it requires TLS";

/// The error of a stream that HTTP/2 ended (gRPC over HTTP/2, "Errors").
pub(crate) fn status(error: Error) -> Status {
    let (code, retry) = match error.reason() {
        Some(Reason::REFUSED_STREAM) => (Code::Unavailable, Retry::Unstarted),
        // A peer that goes away in order names the last stream that it looked at.
        Some(Reason::NO_ERROR) if error.is_go_away() && error.is_remote() => {
            (Code::Unavailable, Retry::Unstarted)
        }
        Some(Reason::CANCEL) => (Code::Cancelled, Retry::Never),
        Some(Reason::ENHANCE_YOUR_CALM) => (Code::ResourceExhausted, Retry::Unknown),
        Some(Reason::INADEQUATE_SECURITY) => (Code::PermissionDenied, Retry::Never),
        Some(_) if !error.is_go_away() => (Code::Internal, Retry::Unknown),
        _ => (Code::Unavailable, Retry::Unknown),
    };
    let is_no_http2 = error.is_go_away() && error.is_library();
    let advice = if is_no_http2 { ADVICE } else { "" };
    let text = format!("the stream ended: {error}{advice}");
    Status::new(code, text).with_retry(retry).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets() {
        let of = |reason: Reason| status(reason.into());
        assert_eq!(of(Reason::REFUSED_STREAM).retry(), Retry::Unstarted);
        assert_eq!(of(Reason::CANCEL).code(), Code::Cancelled);
    }
}
