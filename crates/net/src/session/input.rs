//! The read buffer: grows with what arrives, shrinks when that was unusual.

use std::{
    future::Future,
    io::Result,
    pin::pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use crate::io::Io;

/// The least and the most that is reserved for one read, in bytes.
const READ_STEP: std::ops::RangeInclusive<usize> = 8 * 1024..=256 * 1024;
/// The least room that is worth a system call, in bytes.
const MIN_READ_ROOM: usize = 2 * 1024;

#[derive(Debug)]
pub(super) struct Input {
    pub(super) bytes: BytesMut,
    step: usize,
}

impl Input {
    /// A buffer that starts with bytes already received.
    pub(super) fn new(received: impl Into<BytesMut>) -> Self {
        Self { bytes: received.into(), step: *READ_STEP.start() }
    }

    /// Reads once; ready with the number of bytes, 0 at the end of the stream.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, io: &mut Io) -> Poll<Result<usize>> {
        if self.bytes.capacity() - self.bytes.len() < MIN_READ_ROOM {
            self.bytes.reserve(self.step);
        }
        let room = self.bytes.capacity() - self.bytes.len();
        // The future keeps nothing between polls, so making it anew each time loses nothing.
        let n = ready!(pin!(io.read_buf(&mut self.bytes)).poll(cx))?;
        if n == room {
            self.step = (self.step * 2).min(*READ_STEP.end());
        } else if n < self.step / 4 {
            self.step = (self.step / 2).max(*READ_STEP.start());
        }
        Poll::Ready(Ok(n))
    }

    /// Gives back memory that only a large message needed. Called when nothing more has arrived.
    #[inline]
    pub(super) fn release_memory(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > 8 * READ_STEP.start() {
            self.bytes = BytesMut::new();
            self.step = *READ_STEP.start();
        }
    }
}
