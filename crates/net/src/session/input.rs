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
/// The most memory that a buffer keeps in which little is left, in bytes.
const MAX_IDLE_CAPACITY: usize = 64 * 1024;
/// The least room that is worth a system call, in bytes.
const MIN_READ_ROOM: usize = 2 * 1024;

#[derive(Debug)]
pub(super) struct Input {
    pub(super) bytes: BytesMut,
    step: usize,
    /// More was in the buffer at some time than it keeps when idle.
    large: bool,
}

impl Input {
    /// A buffer that starts with bytes already received.
    pub(super) fn new(received: impl Into<BytesMut>) -> Self {
        Self { bytes: received.into(), step: *READ_STEP.start(), large: false }
    }

    /// Reads once; ready with the number of bytes, 0 at the end of the stream.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, io: &mut Io) -> Poll<Result<usize>> {
        if self.bytes.capacity() - self.bytes.len() < MIN_READ_ROOM {
            self.bytes.reserve(self.step);
        }
        let room = self.bytes.capacity() - self.bytes.len();
        // The future keeps nothing between polls, so making it anew each time loses nothing.
        let n = ready!(pin!(io.read_buf(&mut self.bytes)).poll(cx))?;
        self.large |= self.bytes.len() > MAX_IDLE_CAPACITY;
        if n == room {
            self.step = (self.step * 2).min(*READ_STEP.end());
        } else if n < self.step / 4 {
            self.step = (self.step / 2).max(*READ_STEP.start());
        }
        Poll::Ready(Ok(n))
    }

    /// Gives back memory that only a large message needed. Called when nothing more has arrived.
    ///
    /// The capacity does not tell: a buffer from which a large frame was cut has little of it, and
    /// keeps the whole allocation.
    #[inline]
    pub(super) fn release_memory(&mut self) {
        if self.large || self.bytes.capacity() > MAX_IDLE_CAPACITY {
            self.shrink();
        }
    }

    #[cold]
    fn shrink(&mut self) {
        if self.bytes.len() < MIN_READ_ROOM {
            self.bytes = BytesMut::from(&*self.bytes);
            self.step = *READ_STEP.start();
            self.large = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::io::memory::Network;

    #[tokio::test]
    async fn the_memory_of_a_large_frame_goes_with_it_though_the_next_one_has_begun() {
        const FRAME: usize = 1024 * 1024;
        let ((mut peer, _), (mut io, _)) = Network::default().pair();
        let sending = async {
            peer.write_all(&vec![7; FRAME + 3]).await.unwrap();
            peer.flush().await.unwrap();
        };
        let mut input = Input::new(BytesMut::new());
        let receiving = async {
            while input.bytes.len() < FRAME + 3 {
                std::future::poll_fn(|cx| input.poll_read(cx, &mut io)).await.unwrap();
            }
        };
        tokio::join!(sending, receiving);
        input.release_memory();
        assert_eq!(input.bytes.len(), FRAME + 3);
        let frame = input.bytes.split_to(FRAME).freeze();
        input.release_memory();
        assert_eq!((&input.bytes[..], input.large), (&[7, 7, 7][..], false));
        // Alone in its memory now, so that this goes with it.
        assert!(frame.is_unique());
    }
}
