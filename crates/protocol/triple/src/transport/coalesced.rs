//! Write coalescing: one write for all frames of a turn.
//!
//! h2 writes each larger frame on its own. Here its bytes are collected while the connection is
//! polled, and leave when it has nothing more to do (see the decision on batches).

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use dubhe_net::io::Io;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::http2::{FrameBoundaries, RequestBytes};

/// The bytes that are collected before they are written though more may come.
const FULL: usize = 64 * 1024;

/// A stream for h2 that collects what is written to it.
pub(super) struct Coalesced(Arc<Mutex<Inner>>);

/// The other handle of the stream: writes what was collected.
pub(super) struct Flusher(Arc<Mutex<Inner>>);

struct Inner {
    io: Io,
    out: BytesMut,
    received: u64,
    written: u64,
    /// The stream may hold bytes that it has taken, as TLS does.
    unflushed: bool,
    /// The frames of a client, on the side of a server.
    frames: Option<FrameBoundaries>,
    /// A sign of life: bytes were read since this was last taken.
    heard: bool,
    /// The error of the last write, for whoever reads or writes next.
    failed: Option<io::Error>,
}

/// Both handles of a stream. `frames` follows what is read.
pub(super) fn coalesced(io: Io, frames: Option<FrameBoundaries>) -> (Coalesced, Flusher) {
    let inner = Arc::new(Mutex::new(Inner {
        io,
        out: BytesMut::new(),
        received: 0,
        written: 0,
        unflushed: false,
        frames,
        heard: false,
        failed: None,
    }));
    (Coalesced(inner.clone()), Flusher(inner))
}

impl Flusher {
    /// Writes what was collected, as far as the stream takes it.
    pub(super) fn flush(&self, cx: &mut Context<'_>) {
        let mut inner = self.0.lock();
        if let Poll::Ready(Err(error)) = inner.poll_write_out(cx) {
            inner.failed = Some(error);
            // The connection learns of it when it reads.
            cx.waker().wake_by_ref();
        }
    }

    /// The bytes ever received and written, and the parts of requests in what a client sent.
    pub(super) fn moved(&self) -> (u64, u64, RequestBytes) {
        let inner = self.0.lock();
        let parts = inner.frames.as_ref().map(FrameBoundaries::requests).unwrap_or_default();
        (inner.received, inner.written, parts)
    }

    /// Returns `true` while a frame or a header block of a client is not whole.
    pub(super) fn is_unfinished(&self) -> bool {
        self.0.lock().frames.as_ref().is_some_and(FrameBoundaries::is_unfinished)
    }

    /// Returns `true` if something was read since that was last taken.
    pub(super) fn has_heard(&self) -> bool {
        self.0.lock().heard
    }

    /// Returns `true` if something was read since the last call.
    pub(super) fn take_heard(&self) -> bool {
        std::mem::take(&mut self.0.lock().heard)
    }

    /// Runs `work`, which uses the stream, and writes after each of its turns.
    pub(super) async fn after<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            let polled = work.as_mut().poll(cx);
            self.flush(cx);
            polled
        })
        .await
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl Inner {
    fn check(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.out))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.written = self.written.saturating_add(count(written));
            self.out.advance(written);
        }
        if self.out.capacity() > 2 * FULL {
            self.out = BytesMut::new();
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes bytes unless too many wait already. What is a write of its own is not copied.
    fn poll_take(&mut self, cx: &mut Context<'_>, bufs: &[&[u8]]) -> Poll<io::Result<usize>> {
        self.check()?;
        if self.out.len() >= FULL {
            ready!(self.poll_write_out(cx))?;
        }
        if self.out.is_empty()
            && let Some(large) = bufs.iter().find(|buf| !buf.is_empty())
            && large.len() >= FULL
        {
            self.unflushed = true;
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, large))?;
            self.written = self.written.saturating_add(count(written));
            return Poll::Ready(Ok(written));
        }
        let before = self.out.len();
        for buf in bufs {
            self.out.extend_from_slice(buf);
        }
        Poll::Ready(Ok(self.out.len() - before))
    }
}

impl AsyncRead for Coalesced {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.0.lock();
        inner.check()?;
        let before = buf.filled().len();
        ready!(Pin::new(&mut inner.io).poll_read(cx, buf))?;
        let read = buf.filled().len() - before;
        inner.heard |= read > 0;
        inner.received = inner.received.saturating_add(count(read));
        if let (Some(frames), Some(bytes)) = (&mut inner.frames, buf.filled().get(before..)) {
            frames.push(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Coalesced {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().poll_take(cx, &[buf])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match bufs {
            [one, two] => self.0.lock().poll_take(cx, &[one, two]),
            _ => {
                let bufs: Vec<&[u8]> = bufs.iter().map(|buf| &**buf).collect();
                self.0.lock().poll_take(cx, &bufs)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Does nothing: who polls the connection writes afterwards.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.lock().check())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.lock();
        ready!(inner.poll_write_out(cx))?;
        Pin::new(&mut inner.io).poll_shutdown(cx)
    }
}
