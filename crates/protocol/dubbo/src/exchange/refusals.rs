//! The log of calls that are refused at a limit.

use std::error::Error as _;

use dubhe_core::log::OncePerSecond;
use dubhe_core::printable::Printable;
use dubhe_core::sock_addr::SockAddr;
use dubhe_core::{Code, Peer, Status};
use dubhe_hessian2::{Error, ErrorKind};
use dubhe_net::time;

/// Logs calls that were refused, in either direction, once a second at most.
#[derive(Debug, Default)]
pub(super) struct RefusalLog(OncePerSecond);

impl RefusalLog {
    /// Counts a call that `peer` made, or that it was to answer. `why` names the option.
    #[cold]
    pub(super) fn report(&self, peer: &SockAddr, why: &str) {
        let Some(calls) = self.0.count(time::now()) else { return };
        tracing::debug!(%peer, calls, why = %Printable(why), "calls were refused");
    }

    /// Counts a call whose handler failed, if that was because its arguments are above a limit.
    pub(super) fn failed(&self, peer: &Peer, status: &Status) {
        if let Some(peer) = &peer.remote
            && is_limit(status)
        {
            self.report(peer, status.message());
        }
    }
}

/// Returns `true` if decoding has failed at a limit.
fn is_limit(status: &Status) -> bool {
    let error = status.source().and_then(|source| source.downcast_ref::<Error>());
    status.code() == Code::InvalidArgument
        && error.is_some_and(|error| error.kind() == ErrorKind::Limit)
}
