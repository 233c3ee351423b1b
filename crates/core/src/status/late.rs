//! The errors of calls that are late, the same for all protocols.

use super::{Code, Retry, Status};
use crate::time::Duration;

impl Status {
    /// The error of a call that its caller has waited for in vain, for `after`.
    #[cold]
    pub fn no_reply(after: Duration) -> Self {
        let text =
            format!("no reply within {after:.1?}; raise the timeout or look at the provider");
        Self::new(Code::DeadlineExceeded, text).with_retry(Retry::Unknown)
    }

    /// The error of a stream whose end its caller has waited for in vain, for `after`.
    #[cold]
    pub fn cut_short(after: Duration) -> Self {
        let text = format!(
            "the reply did not end within {after:.1?}; raise the timeout or look at the provider"
        );
        Self::new(Code::DeadlineExceeded, text).with_retry(Retry::Unknown)
    }

    /// The error of a call whose handler goes on for longer than its caller waits.
    #[cold]
    pub fn not_ended() -> Self {
        let text = "the handler did not end within the caller's timeout and was cancelled";
        Self::new(Code::DeadlineExceeded, text).with_retry(Retry::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_call_may_have_run() {
        let status = Status::no_reply(Duration::from_micros(51_500));
        let text = "no reply within 51.5ms; raise the timeout or look at the provider";
        assert_eq!((status.code(), status.message()), (Code::DeadlineExceeded, text));
        let stream = Status::cut_short(Duration::from_secs(2));
        let text = "the reply did not end within 2.0s; raise the timeout or look at the provider";
        assert_eq!((stream.code(), stream.message()), (Code::DeadlineExceeded, text));
        assert_eq!([status, stream, Status::not_ended()].map(|s| s.retry()), [Retry::Unknown; 3]);
    }
}
