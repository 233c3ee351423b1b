//! The detection of a peer that hangs up while nothing is read from it.

use std::{
    task::Context,
    time::{Duration, Instant},
};

use crate::io::{BoxFuture, Io};

/// The time without reading after which the transport is watched; a watch costs a descriptor and a
/// few system calls, too much for a pause of microseconds.
const PATIENCE: Duration = Duration::from_millis(5);

/// The watch over a connection from which nothing is read.
#[derive(Default)]
pub(super) enum HangUp {
    /// The connection is read, so that its end is seen there.
    #[default]
    Reading,
    /// The pause of reading since a little while, or for good where nothing can be watched.
    Paused { since: Instant, watchable: bool },
    /// The transport is watched.
    Watched(BoxFuture<'static, ()>),
    /// The peer has hung up.
    Seen,
}

impl HangUp {
    /// The peer has hung up: the end of the stream was read.
    pub(super) fn see(&mut self) {
        *self = Self::Seen;
    }

    /// Returns true once the peer has hung up.
    pub(super) fn is_seen(&self) -> bool {
        matches!(self, Self::Seen)
    }

    /// Returns true while there is nothing to look at.
    pub(super) fn is_reading(&self) -> bool {
        matches!(self, Self::Reading)
    }

    /// Looks at a connection from which nothing is read when `paused`. True when the peer was found
    /// to have hung up just now.
    pub(super) fn look(
        &mut self,
        paused: bool,
        now: Instant,
        io: &Io,
        cx: &mut Context<'_>,
    ) -> bool {
        match (&*self, paused) {
            (Self::Seen, _) => return false,
            (_, false) => *self = Self::Reading,
            (Self::Reading, true) => *self = Self::Paused { since: now, watchable: true },
            (Self::Paused { since, watchable: true }, true) if *since + PATIENCE <= now => {
                *self = match io.hang_up() {
                    Ok(Some(watch)) => Self::Watched(watch),
                    Ok(None) => Self::Paused { since: *since, watchable: false },
                    Err(error) => {
                        // As when descriptors are short; the end is seen when reading goes on.
                        tracing::debug!(%error, "cannot watch a connection for its end");
                        Self::Paused { since: *since, watchable: false }
                    }
                };
            }
            _ => {}
        }
        if let Self::Watched(watch) = self
            && watch.as_mut().poll(cx).is_ready()
        {
            *self = Self::Seen;
            return true;
        }
        false
    }

    /// The moment at which to look again.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Paused { since, watchable: true } => Some(*since + PATIENCE),
            _ => None,
        }
    }
}
