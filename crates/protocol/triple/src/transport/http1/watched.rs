//! The stream under a connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use dubhe_net::io::{HangUp, Io};
use dubhe_net::time;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::watch::Progress;

/// A stream that tells of what is read, and that fails once the peer has hung up.
///
/// `hyper` sees the end of what it reads, and then drops what answers. It reads nothing while it has
/// bytes that nobody wants yet, as those of the next request; the stream itself looks after the peer
/// then. Whoever polls the connection polls a flush, after the reads.
pub(super) struct Watched {
    io: Io,
    progress: Arc<Progress>,
    /// A read waits for bytes, since the last flush.
    reading: bool,
    hang_up: HangUp,
    /// A write waits until the peer takes bytes; a flush does.
    writing: bool,
    flushing: bool,
}

impl Watched {
    pub(super) fn new(io: Io, progress: Arc<Progress>) -> Self {
        Self {
            io,
            progress,
            reading: false,
            hang_up: HangUp::default(),
            writing: false,
            flushing: false,
        }
    }

    /// Tells of the beginning and the end of the time in which the peer takes nothing.
    fn note(&mut self, writing: bool, flushing: bool) {
        let before = self.writing || self.flushing;
        (self.writing, self.flushing) = (writing, flushing);
        if before != (writing || flushing) {
            self.progress.set_stuck(!before);
        }
    }

    /// Looks after the peer if no read would tell of its end.
    ///
    /// # Errors
    /// When it has hung up.
    fn look(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let paused = !std::mem::take(&mut self.reading);
        if !paused && self.hang_up.is_reading() {
            return Ok(());
        }
        if self.hang_up.look(paused, time::now(), &self.io, cx) {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the peer has hung up"));
        }
        self.progress.look_for_hang_up(self.hang_up.due());
        Ok(())
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        self.reading = polled.is_pending();
        ready!(polled)?;
        let bytes = buf.filled().len() - before;
        if bytes > 0 {
            self.progress.receive(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note(written.is_pending(), false);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.note(written.is_pending(), false);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.look(cx)?;
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        let writing = self.writing;
        self.note(writing, flushed.is_pending());
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
