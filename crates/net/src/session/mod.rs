//! A framed connection: a [`Session`] says what the bytes mean, a [`Driver`] moves them, a
//! [`Handle`] lets other tasks send.
//!
//! The driver is one future, and one task, a connection. A turn of it takes what other tasks
//! queued, reads what arrived (at most [`SessionOptions::read_budget`]), lets the session decode it
//! and run its handlers in place, and writes everything that resulted with one vectored write. No
//! call costs a task, a channel or a box.
//!
//! Everything is bounded: above [`SessionOptions::write_high_water`] other tasks are refused and the
//! session stops between two frames; a session that says no to [`Session::wants_input`] stops the
//! decoding, and the reading a little later ([`SessionOptions::read_ahead`]); the input buffer grows
//! with the bytes that arrived, never with a length that was only declared. A peer that hangs up is
//! noticed whatever stopped the reading.

mod close_reason;
mod driver;
mod handle;
mod input;
mod outbox;

use std::{
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::BytesMut;

pub use close_reason::CloseReason;
pub use driver::Driver;
pub use handle::{Handle, SendError};
pub use outbox::{Mark, Outbox};

use crate::Result;

/// The meaning of the bytes on one connection. All functions run in the connection's task and must
/// not block; an error closes the connection with it, after what `out` holds was written.
pub trait Session: Send + 'static {
    /// Bytes arrived by `now`, or [`wants_input`](Self::wants_input) turned true with bytes left.
    /// Take whole frames from the front of `input` (`split_to(n).freeze()` copies nothing) and leave
    /// the rest; answers may go to `out` at once. Stop between two frames when [`Outbox::is_full`],
    /// or one read of small requests with large answers fills the memory.
    ///
    /// # Errors
    /// When the peer broke the protocol and the connection cannot go on.
    fn on_data(&mut self, now: Instant, input: &mut BytesMut, out: &mut Outbox) -> Result<()>;

    /// Polls what the session runs in place, for example the futures of calls in flight. Called
    /// each turn, and again when an outbox that was full has room. `Ready(Ok(()))` says that the
    /// session is over: `out` is written, then the connection closes.
    ///
    /// # Errors
    /// When the connection cannot go on.
    fn poll(&mut self, cx: &mut Context<'_>, out: &mut Outbox) -> Poll<Result<()>> {
        let _ = (cx, out);
        Poll::Pending
    }

    /// The time for heartbeats and deadlines: called once at the start, then at the moment it
    /// returned or that [`Outbox::tick_at`] asked for, whichever is earlier. Returns when it wants
    /// to be called next.
    ///
    /// # Errors
    /// When the connection cannot go on, for example with a peer that is silent for too long.
    fn on_tick(
        &mut self,
        now: Instant,
        activity: Activity,
        out: &mut Outbox,
    ) -> Result<Option<Instant>> {
        let _ = (now, activity, out);
        Ok(None)
    }

    /// Returns true if more input can be dealt with; false stops the reading, and so the peer.
    /// Asked each turn and after each `on_data`: something that wakes [`poll`](Self::poll) must
    /// happen for it to turn true again, or `out` must drain. Default: while `out` has room.
    fn wants_input(&self, out: &Outbox) -> bool {
        !out.is_full()
    }

    /// Returns true if nobody but the task that queued something last is likely to queue more soon:
    /// one call is under way. The driver then writes at once; else it lets the tasks run first that
    /// are ready to send, so that they share a write. Default: false.
    fn is_alone(&self) -> bool {
        false
    }

    /// The peer ended its side, or broke the connection, while the session wanted no input. End what
    /// nobody waits for any more, so that the rest of the input can be dealt with. Called again
    /// whenever the session wants no input after that.
    fn on_hang_up(&mut self) {}

    /// The peer ended its side; `unread` bytes of a frame that will not be completed are left.
    /// Nothing more is read. Default: close.
    fn on_eof(&mut self, unread: usize) -> Eof {
        let _ = unread;
        Eof::Close
    }

    /// The connection is over. Called exactly once, on every way out, including a dropped driver.
    fn on_close(&mut self, why: &CloseReason) {
        let _ = why;
    }
}

/// The reaction to a peer that ended its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eof {
    /// Poll the session once more, write what is in the queue and close.
    Close,
    /// Go on until [`Session::poll`] is ready: calls in flight may still be answered.
    Finish,
}

/// The times of the last events on a connection.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Activity {
    /// The start of the driver.
    pub opened: Instant,
    /// The last arrival of bytes; `opened` if none arrived.
    pub last_read: Instant,
    /// The last time the transport took bytes; `opened` if it took none.
    pub last_write: Instant,
}

/// The bounds of one connection.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::session::SessionOptions; } }
/// use std::time::Duration;
/// use dubhe::net::SessionOptions;
///
/// let mut session = SessionOptions::default(); // `options.session` of a server
/// session.write_high_water = 256 * 1024;
/// session.write_stall = Duration::from_secs(10);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionOptions {
    /// Bytes that may wait for the peer. Above it [`Handle::send`] refuses and no input that makes
    /// an answer is decoded; one message of any size may pass it, so the most that waits is this plus
    /// one message. Default 1 MiB.
    pub write_high_water: usize,
    /// Bytes that are read while the session wants none and `write_high_water` is not reached, to
    /// learn of the end of the stream; the last read may pass it. On Linux a peer that has sent more
    /// and hangs up is noticed as well, as far as the kernel has room for what it sent. Default 1 MiB.
    pub read_ahead: usize,
    /// The longest time in which the peer takes no byte while some wait; then the connection
    /// closes. Default 30 s.
    pub write_stall: Duration,
    /// Bytes read in one turn before other connections get theirs. Default 256 KiB.
    pub read_budget: usize,
    /// The time after an orderly close in which the rest of the peer's bytes is read and thrown
    /// away; an earlier close could make the peer's kernel discard our last words. Default 1 s.
    pub linger: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            write_high_water: 1024 * 1024,
            read_ahead: 1024 * 1024,
            write_stall: Duration::from_secs(30),
            read_budget: 256 * 1024,
            linger: Duration::from_secs(1),
        }
    }
}
