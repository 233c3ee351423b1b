//! The detection of a peer that hangs up while nothing is read from it.

use std::{
    fmt,
    task::Context,
    time::{Duration, Instant},
};

use super::{BoxFuture, Io};

/// The time without reading after which the transport is watched; a watch costs a descriptor and a
/// few system calls, too much for a pause of microseconds.
const PATIENCE: Duration = Duration::from_millis(5);

/// The watch over a connection from which nothing is read, so that its end is not seen there.
///
/// A peer has hung up once it has ended its side, whatever is unread before that, or has reset the
/// connection. Sockets of Linux tell, and TLS over them; of other transports nothing is heard.
#[derive(Default)]
pub struct HangUp(State);

#[derive(Default)]
enum State {
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
    pub fn see(&mut self) {
        self.0 = State::Seen;
    }

    /// Returns true once the peer has hung up.
    pub fn is_seen(&self) -> bool {
        matches!(self.0, State::Seen)
    }

    /// Returns true while there is nothing to look at.
    pub fn is_reading(&self) -> bool {
        matches!(self.0, State::Reading)
    }

    /// Looks at a connection from which nothing is read when `paused`. True when the peer was found
    /// to have hung up just now. The task is woken when it does, once it is watched: after a pause of
    /// 5 ms, when [`HangUp::due`] says to look again.
    pub fn look(&mut self, paused: bool, now: Instant, io: &Io, cx: &mut Context<'_>) -> bool {
        match (&self.0, paused) {
            (State::Seen, _) => return false,
            (_, false) => self.0 = State::Reading,
            (State::Reading, true) => self.0 = State::Paused { since: now, watchable: true },
            (State::Paused { since, watchable: true }, true) if *since + PATIENCE <= now => {
                self.0 = match io.hang_up() {
                    Ok(Some(watch)) => State::Watched(watch),
                    Ok(None) => State::Paused { since: *since, watchable: false },
                    Err(error) => {
                        // As when descriptors are short; the end is seen when reading goes on.
                        tracing::debug!(%error, "cannot watch a connection for its end");
                        State::Paused { since: *since, watchable: false }
                    }
                };
            }
            _ => {}
        }
        if let State::Watched(watch) = &mut self.0
            && watch.as_mut().poll(cx).is_ready()
        {
            self.0 = State::Seen;
            return true;
        }
        false
    }

    /// The moment at which to look again.
    pub fn due(&self) -> Option<Instant> {
        match self.0 {
            State::Paused { since, watchable: true } => Some(since + PATIENCE),
            _ => None,
        }
    }
}

impl fmt::Debug for HangUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Reading => "HangUp(reading)",
            State::Paused { .. } => "HangUp(paused)",
            State::Watched(_) => "HangUp(watched)",
            State::Seen => "HangUp(seen)",
        })
    }
}
