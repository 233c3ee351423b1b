//! The count of bytes that wait to be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe_net::memory::{Charge, FREE};

/// The bytes of short replies that a connection over HTTP/2 has and has not written. A few may wait
/// without being counted in the memory of the connection, which would cost each call more.
#[derive(Debug, Default)]
pub(crate) struct Backlog(AtomicUsize);

impl Backlog {
    /// Counts `bytes` until they are written; `None` if too many wait already.
    #[inline]
    pub(crate) fn hold(self: Arc<Self>, bytes: usize) -> Option<Held> {
        // Two at once may both be refused, which does no harm.
        if self.0.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > FREE {
            self.0.fetch_sub(bytes, Ordering::Relaxed);
            return None;
        }
        Some(Held::Backlog(InBacklog { backlog: self, bytes }))
    }
}

/// A part of a [`Backlog`].
#[derive(Debug)]
pub(crate) struct InBacklog {
    backlog: Arc<Backlog>,
    bytes: usize,
}

impl Drop for InBacklog {
    fn drop(&mut self) {
        self.backlog.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The count of bytes, for as long as they are held.
#[derive(Debug)]
pub(crate) enum Held {
    Uncounted,
    #[allow(dead_code, reason = "held for its count")]
    Backlog(InBacklog),
    /// The bytes count in the memory of the connection.
    Charge(Charge),
}

impl Held {
    /// Splits off the count of the first `bytes`. A backlog counts to the last of them.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        match self {
            Self::Charge(charge) => Self::Charge(charge.split(bytes)),
            Self::Uncounted | Self::Backlog(_) => Self::Uncounted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bytes_wait_in_a_backlog_until_they_are_dropped() {
        let backlog = Arc::new(Backlog::default());
        let hold = |bytes| backlog.clone().hold(bytes);
        let most = hold(FREE).unwrap();
        assert!(hold(1).is_none());
        drop(most);
        assert!(hold(FREE + 1).is_none());
        let (one, rest) = (hold(1), hold(FREE - 1));
        assert!(one.is_some() && rest.is_some() && hold(1).is_none());
    }
}
