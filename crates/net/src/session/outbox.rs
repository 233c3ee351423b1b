//! The bytes that wait to be written: a rope of those encoded in place and of larger ones that are
//! passed on as they are.

use std::{
    collections::VecDeque,
    fmt,
    io::{IoSlice, Result},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

/// The size below which copying is cheaper than one more slice in a vectored write, in bytes.
const MIN_SHARED_BYTES: usize = 1024;
/// The most memory that an empty buffer keeps for the next batch, in bytes.
const MAX_IDLE_CAPACITY: usize = 64 * 1024;
/// The most slices of one write; Linux allows 1,024, and few batches have more than this.
const MAX_WRITE_SLICES: usize = 32;

/// Bytes on their way out, in order. Encode small things into [`tail_mut`](Self::tail_mut); give
/// large bodies to [`push`](Self::push), which does not copy them.
#[derive(Debug, Default)]
pub struct Outbox {
    chunks: VecDeque<Chunk>,
    chunk_bytes: usize,
    tail: BytesMut,
    tick: Option<Instant>,
    /// The mark above which it is full; none for one that no driver owns.
    high_water: Option<usize>,
}

enum Chunk {
    /// Bytes that were encoded here; they may still be overwritten at a mark.
    Own(BytesMut),
    /// Bytes that were encoded elsewhere; they are never changed here.
    Shared(Bytes),
    /// A function that runs when the bytes before it are written.
    Receipt(Box<dyn FnOnce() + Send>),
}

impl Chunk {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(bytes) => bytes,
            Self::Receipt(_) => &[],
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.as_slice().len())
    }
}

/// A place in an [`Outbox`], to measure from, to write a length to afterwards, or to go back to.
/// Valid until the session function or the `send` closure it was taken in returns.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    chunk: usize,
    at: usize,
}

impl Outbox {
    /// An empty one that is full from `high_water` bytes on.
    pub(super) fn with_high_water(high_water: usize) -> Self {
        Self { high_water: Some(high_water), ..Self::default() }
    }

    /// The growing end: append to it. What is in it already may belong to earlier frames.
    pub fn tail_mut(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends `bytes` without copying them, unless they are fewer than 1 KiB.
    pub fn push(&mut self, bytes: Bytes) {
        if bytes.len() < MIN_SHARED_BYTES {
            self.tail.extend_from_slice(&bytes);
            return;
        }
        self.seal();
        self.chunk_bytes += bytes.len();
        self.chunks.push_back(Chunk::Shared(bytes));
    }

    /// Runs `then` when all that was appended before is written to the transport. Dropped unrun with
    /// the connection that ends before.
    pub fn on_written(&mut self, then: impl FnOnce() + Send + 'static) {
        self.seal();
        self.chunks.push_back(Chunk::Receipt(Box::new(then)));
    }

    /// The number of bytes that wait.
    pub fn len(&self) -> usize {
        self.chunk_bytes + self.tail.len()
    }

    /// Returns true if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns true at or above [`SessionOptions::write_high_water`](super::SessionOptions): nothing
    /// more should be begun that makes an answer. False for an outbox that no driver owns.
    pub fn is_full(&self) -> bool {
        self.high_water.is_some_and(|mark| self.len() >= mark)
    }

    /// A copy of everything that waits: for tests, which have no transport to read it from.
    pub fn to_bytes(&self) -> Bytes {
        let mut all = BytesMut::with_capacity(self.len());
        self.chunks.iter().for_each(|chunk| all.extend_from_slice(chunk.as_slice()));
        all.extend_from_slice(&self.tail);
        all.freeze()
    }

    /// Asks for a call of [`Session::on_tick`](super::Session::on_tick) at `at`, or earlier if
    /// somebody else asked for that.
    pub fn tick_at(&mut self, at: Instant) {
        self.tick = earlier(self.tick, Some(at));
    }

    /// The current end.
    pub fn mark(&self) -> Mark {
        Mark { chunk: self.chunks.len(), at: self.tail.len() }
    }

    /// The number of bytes appended since `mark`.
    pub fn since(&self, mark: Mark) -> usize {
        let sealed: usize = self.chunks.iter().skip(mark.chunk).map(|c| c.as_slice().len()).sum();
        (sealed + self.tail.len()).saturating_sub(mark.at)
    }

    /// Writes `bytes` over what was encoded right after `mark` (not pushed): a length that is
    /// known only at the end. Returns false, and changes nothing, if fewer bytes were encoded
    /// there.
    #[must_use]
    pub fn overwrite(&mut self, mark: Mark, bytes: &[u8]) -> bool {
        let own = match self.chunks.get_mut(mark.chunk) {
            None => &mut self.tail,
            Some(Chunk::Own(chunk)) => chunk,
            Some(Chunk::Shared(_) | Chunk::Receipt(_)) => return false,
        };
        match own.get_mut(mark.at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                true
            }
            None => false,
        }
    }

    /// Forgets everything after `mark`: a frame that could not be encoded to its end.
    pub fn rollback(&mut self, mark: Mark) {
        let Some(first) = self.chunks.get_mut(mark.chunk) else {
            self.tail.truncate(mark.at);
            return;
        };
        if let Chunk::Own(chunk) = first {
            // The tail of that time was sealed since; it takes its place again.
            chunk.truncate(mark.at);
            self.tail = std::mem::take(chunk);
        } else {
            self.tail.clear();
        }
        self.chunks.truncate(mark.chunk);
        self.chunk_bytes = self.chunks.iter().map(|c| c.as_slice().len()).sum();
    }

    /// Moves everything from `other` to the end of this one.
    pub(super) fn append(&mut self, other: &mut Self) {
        self.tick = earlier(self.tick, other.tick.take());
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            std::mem::swap(&mut self.chunks, &mut other.chunks);
            std::mem::swap(&mut self.chunk_bytes, &mut other.chunk_bytes);
            std::mem::swap(&mut self.tail, &mut other.tail);
            return;
        }
        if other.chunks.is_empty() && other.tail.len() < MIN_SHARED_BYTES {
            self.tail.extend_from_slice(&other.tail);
            other.tail.clear();
            return;
        }
        self.seal();
        other.seal();
        self.chunk_bytes += std::mem::take(&mut other.chunk_bytes);
        self.chunks.append(&mut other.chunks);
    }

    pub(super) fn tick(&self) -> Option<Instant> {
        self.tick
    }

    pub(super) fn take_tick(&mut self) -> Option<Instant> {
        self.tick.take()
    }

    /// Writes once; ready with the number of bytes taken. Must not be called when empty.
    pub(super) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut W,
    ) -> Poll<Result<usize>> {
        let io = Pin::new(io);
        let written = if self.chunks.is_empty() {
            ready!(io.poll_write(cx, &self.tail))?
        } else {
            let mut slices = [IoSlice::new(&[]); MAX_WRITE_SLICES];
            let waiting = self.chunks.iter().map(Chunk::as_slice).chain([&*self.tail]);
            let mut count = 0;
            for (slice, bytes) in slices.iter_mut().zip(waiting) {
                *slice = IoSlice::new(bytes);
                count += 1;
            }
            ready!(io.poll_write_vectored(cx, slices.get(..count).unwrap_or_default()))?
        };
        self.consume(written);
        Poll::Ready(Ok(written))
    }

    /// Gives back memory that only a large message needed. Called when everything was written.
    pub(super) fn release_memory(&mut self) {
        if self.tail.is_empty() && self.tail.capacity() > MAX_IDLE_CAPACITY {
            self.tail = BytesMut::new();
        }
        if self.chunks.is_empty() && self.chunks.capacity() > 2 * MAX_WRITE_SLICES {
            self.chunks = VecDeque::new();
        }
    }

    fn consume(&mut self, mut n: usize) {
        while let Some(first) = self.chunks.front_mut() {
            let len = first.as_slice().len();
            if n < len {
                match first {
                    Chunk::Own(bytes) => bytes.advance(n),
                    Chunk::Shared(bytes) => bytes.advance(n),
                    Chunk::Receipt(_) => {}
                }
                self.chunk_bytes -= n;
                return;
            }
            n -= len;
            self.chunk_bytes -= len;
            if let Some(Chunk::Receipt(then)) = self.chunks.pop_front() {
                then();
            }
        }
        if n >= self.tail.len() {
            // Keeps the allocation whole, which advancing to the end would not.
            self.tail.clear();
        } else {
            self.tail.advance(n);
        }
    }

    /// Ends the tail, so that a shared chunk can follow it.
    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.chunk_bytes += self.tail.len();
            self.chunks.push_back(Chunk::Own(self.tail.split()));
        }
    }
}

/// The earlier of two moments that may not exist.
pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
