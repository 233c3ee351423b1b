//! A single concrete stream type, so that the drivers above it are compiled once and call no
//! vtable on the common paths.

use std::{
    fmt,
    io::{IoSlice, Result},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    net::TcpStream,
};

use super::BoxFuture;

/// A transport that this crate does not know: pass it boxed to [`Io::from_transport`].
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::{Io, Transport}; } }
/// use dubhe::net::{Io, Transport};
///
/// /// Carries connections over a transport that Dubhe does not know.
/// fn over(transport: impl Transport) -> Io {
///     Io::from_transport(Box::new(transport))
/// }
///
/// let (ours, _theirs) = tokio::io::duplex(1024);
/// assert!(!over(ours).is_tls());
/// ```
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for T {}

/// A byte stream of any transport, with a prefix that is read again first: the bytes that protocol
/// detection looked at.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Io; } }
/// use dubhe::net::Io;
/// use tokio::io::AsyncReadExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (ours, mut theirs) = tokio::io::duplex(64);
/// tokio::io::AsyncWriteExt::write_all(&mut theirs, b" world").await?;
/// drop(theirs);
///
/// // Bytes that were looked at are read again.
/// let mut io = Io::from(ours).with_prefix("hello");
/// let mut text = String::new();
/// io.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello world");
/// # Ok(())
/// # }
/// ```
pub struct Io {
    prefix: Bytes,
    stream: Stream,
}

enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::TlsStream<Io>>),
    Memory(DuplexStream),
    Boxed(Box<dyn Transport>),
}

/// Calls one method of whichever stream is inside, pinned.
macro_rules! each {
    ($io:expr, $stream:ident => $call:expr) => {
        match &mut $io.stream {
            Stream::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(unix)]
            Stream::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Stream::Memory(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Stream::Boxed(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
        }
    };
}

impl Io {
    fn new(stream: Stream) -> Self {
        Self { prefix: Bytes::new(), stream }
    }

    /// A stream of a transport that this crate does not know.
    pub fn from_transport(stream: Box<dyn Transport>) -> Self {
        Self::new(Stream::Boxed(stream))
    }

    /// The same stream, which gives `prefix` before anything else when read.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<Bytes>) -> Self {
        let prefix = prefix.into();
        self.prefix =
            if self.prefix.is_empty() { prefix } else { [prefix, self.prefix].concat().into() };
        self
    }

    /// Takes what would be read again, so that a driver can start from it without a copy.
    pub(crate) fn take_prefix(&mut self) -> Bytes {
        std::mem::take(&mut self.prefix)
    }

    /// Watches for the end of the peer's side, or of the connection, whatever is unread before it.
    /// The watch holds a descriptor of its own, so the transport closes only once it is dropped too.
    /// `None` where the transport or the system cannot tell.
    ///
    /// # Errors
    /// When there is no descriptor left for it.
    #[cfg(target_os = "linux")]
    pub(crate) fn hang_up(&self) -> Result<Option<BoxFuture<'static, ()>>> {
        use std::os::fd::AsFd as _;

        use tokio::io::Interest;

        // Readiness of "priority" ends with the peer's side and is no matter of unread bytes. That
        // of the transport itself cannot be awaited apart from reading.
        Ok(match &self.stream {
            Stream::Tcp(stream) => {
                let twin = stream.as_fd().try_clone_to_owned()?;
                let twin = TcpStream::from_std(twin.into())?;
                Some(Box::pin(async move { drop(twin.ready(Interest::PRIORITY).await) }))
            }
            Stream::Unix(stream) => {
                let twin = stream.as_fd().try_clone_to_owned()?;
                let twin = UnixStream::from_std(twin.into())?;
                Some(Box::pin(async move { drop(twin.ready(Interest::PRIORITY).await) }))
            }
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => stream.get_ref().0.hang_up()?,
            Stream::Memory(_) | Stream::Boxed(_) => None,
        })
    }

    /// The same where the system cannot tell.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn hang_up(&self) -> Result<Option<BoxFuture<'static, ()>>> {
        Ok(None)
    }

    /// Returns true if bytes are encrypted on their way.
    pub fn is_tls(&self) -> bool {
        match self.stream {
            #[cfg(feature = "tls")]
            Stream::Tls(_) => true,
            _ => false,
        }
    }
}

impl From<TcpStream> for Io {
    fn from(stream: TcpStream) -> Self {
        Self::new(Stream::Tcp(stream))
    }
}

#[cfg(unix)]
impl From<UnixStream> for Io {
    fn from(stream: UnixStream) -> Self {
        Self::new(Stream::Unix(stream))
    }
}

impl From<DuplexStream> for Io {
    fn from(stream: DuplexStream) -> Self {
        Self::new(Stream::Memory(stream))
    }
}

#[cfg(feature = "tls")]
impl From<tokio_rustls::TlsStream<Io>> for Io {
    fn from(stream: tokio_rustls::TlsStream<Io>) -> Self {
        Self::new(Stream::Tls(Box::new(stream)))
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.stream {
            Stream::Tcp(_) => "tcp",
            #[cfg(unix)]
            Stream::Unix(_) => "unix",
            #[cfg(feature = "tls")]
            Stream::Tls(_) => "tls",
            Stream::Memory(_) => "memory",
            Stream::Boxed(_) => "boxed",
        };
        write!(f, "Io({kind})")
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        if !this.prefix.is_empty() {
            let n = this.prefix.len().min(buf.remaining());
            buf.put_slice(this.prefix.get(..n).unwrap_or_default());
            this.prefix.advance(n);
            return Poll::Ready(Ok(()));
        }
        each!(this, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        each!(self.get_mut(), stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        each!(self.get_mut(), stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Tcp(stream) => stream.is_write_vectored(),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => stream.is_write_vectored(),
            Stream::Memory(stream) => stream.is_write_vectored(),
            Stream::Boxed(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        each!(self.get_mut(), stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        each!(self.get_mut(), stream => stream.poll_shutdown(cx))
    }
}
