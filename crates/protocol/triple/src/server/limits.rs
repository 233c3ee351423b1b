//! The log lines of limits of messages.

use std::error::Error as _;
use std::fmt::Display;

use dubhe_core::log::OncePerSecond;
use dubhe_core::memory::OverBudget;
use dubhe_core::printable::{Printable, Shown};
use dubhe_core::sock_addr::SockAddr;
use dubhe_core::{Code, Status};
use dubhe_hessian2::ErrorKind;
use dubhe_net::time;

use crate::wire::frame::FrameError;

/// The log lines of the limits that the messages of one connection meet, once a second at most.
#[derive(Debug, Default)]
pub(super) struct LimitLog(OncePerSecond);

impl LimitLog {
    /// Logs the error of a message, or of a reply, if a limit is the reason.
    #[cold]
    pub(super) fn failed(
        &self,
        status: &Status,
        peer: Option<&SockAddr>,
        service: &dyn Display,
        method: &str,
    ) {
        if let Some(option) = option(status) {
            self.line(option, status, peer, service, method);
        }
    }

    /// Logs the error of a handler, if it has refused its arguments because of a limit. A handler may
    /// fail with an error of another server, whose limits are none of this one.
    #[cold]
    pub(super) fn handler_failed(
        &self,
        status: &Status,
        peer: Option<&SockAddr>,
        service: &dyn Display,
        method: &str,
    ) {
        if status.code() != Code::InvalidArgument {
            return;
        }
        // The arguments of an interface, and messages in protobuf.
        if is_hessian_limit(status) {
            self.line(DECODED, status, peer, service, method);
        } else if status.source().and_then(|s| s.downcast_ref::<OverBudget>()).is_some() {
            self.line("triple.decoded", status, peer, service, method);
        }
    }

    fn line(
        &self,
        option: &str,
        status: &Status,
        peer: Option<&SockAddr>,
        service: &dyn Display,
        method: &str,
    ) {
        let Some(failures) = self.0.count(time::now()) else { return };
        let peer = peer.map(tracing::field::display);
        let error = Shown(status.message());
        tracing::warn!(
            peer, %service, method = %Printable(method), option, %error, failures,
            "a message is beyond a limit, and its call fails"
        );
    }
}

/// The options of limits that Hessian has one kind of error for.
const DECODED: &str = "triple.decoded or triple.hessian";

/// The option whose limit is the reason of an error.
fn option(status: &Status) -> Option<&'static str> {
    let source = status.source()?;
    match source.downcast_ref() {
        Some(FrameError::TooLarge { .. }) => return Some("triple.max_message"),
        Some(FrameError::TooLargeToSend { .. }) => {
            return Some("triple.max_sent_message or triple.max_message");
        }
        _ => {}
    }
    match source.downcast_ref() {
        Some(dubhe_json::Error::Memory(_)) => return Some("triple.decoded"),
        Some(dubhe_json::Error::Depth(_)) => return Some("triple.json_depth"),
        _ => {}
    }
    if is_hessian_limit(status) {
        return Some(DECODED);
    }
    // The only error of the network that a message has: it came too slowly.
    let slow = status.code() == Code::DeadlineExceeded && source.is::<dubhe_net::Error>();
    slow.then_some("triple.min_rate")
}

fn is_hessian_limit(status: &Status) -> bool {
    let source = status.source().and_then(|source| source.downcast_ref());
    source.is_some_and(|error: &dubhe_hessian2::Error| error.kind() == ErrorKind::Limit)
}
